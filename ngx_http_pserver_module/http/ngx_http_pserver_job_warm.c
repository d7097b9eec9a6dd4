/*
 * The driver of jobs: CREATE by way of the warm pool.  A container is taken
 * over by its name becoming the job's, which the engine does or does not; and
 * then it is looked at, since it may have ended while nobody did.
 */


#include "ngx_http_pserver_job.h"


static void ngx_http_pserver_job_renamed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_awoken(ngx_http_pserver_exchange_t *ex);


ngx_int_t
ngx_http_pserver_job_warm(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_warm_t      *warm;
    ngx_http_pserver_exchange_t  *ex;

    warm = ngx_http_pserver_warm_claim(job->engine,
                                       &job->operation->container,
                                       job->instance);
    if (warm == NULL) {
        return NGX_DECLINED;
    }

    ex = ngx_http_pserver_engine_rename(job->engine, warm->hex, job->hex,
                                        ngx_http_pserver_job_renamed, job);
    if (ex == NULL) {
        ngx_http_pserver_warm_release(warm, 0);
        return NGX_DECLINED;
    }

    job->warm = warm;
    job->ex = ex;

    ngx_http_pserver_exchange_send(ex);

    return NGX_OK;
}


static void
ngx_http_pserver_job_renamed(ngx_http_pserver_exchange_t *ex)
{
    ngx_uint_t               renamed, gone;
    ngx_http_pserver_job_t  *job = ex->data;

    renamed = ngx_http_pserver_engine_said(ex, NGX_HTTP_NO_CONTENT);
    gone = renamed || ngx_http_pserver_engine_said(ex, NGX_HTTP_NOT_FOUND);

    ngx_http_pserver_warm_release(job->warm, gone);

    job->warm = NULL;
    job->ex = NULL;

    if (renamed) {
        ngx_http_pserver_job_ask(job, NGX_HTTP_GET, "/json",
                                 ngx_http_pserver_job_awoken);
        return;
    }

    if (ngx_http_pserver_engine_away(ex)) {
        ngx_http_pserver_job_uncreated(job, ex, "rename");
        return;
    }

    ngx_http_pserver_job_cold(job);
}


static void
ngx_http_pserver_job_awoken(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t  state;
    ngx_http_pserver_job_t    *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        && pserver_container_inspected(ex->answer.data, ex->answer.len,
                                       &state)
           == PSERVER_OK
        && state.running)
    {
        job->machine.early = 1;
        ngx_http_pserver_job_event(job, PSERVER_JOB_CREATED, 0);
        return;
    }

    if (ngx_http_pserver_engine_away(ex)) {
        ngx_http_pserver_job_uncreated(job, ex, "inspect");
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, job->log, 0,
                  "pserver: a container of the warm pool has ended");

    ngx_http_pserver_job_clear(job);
}
