/*
 * The steps of a job that ask the engine.
 */


#include "ngx_http_pserver_job.h"


/* msec between two calls to remove, while the engine is away */
#define NGX_HTTP_PSERVER_JOB_REMOVE  2000


static ngx_http_pserver_exchange_t *ngx_http_pserver_job_call(
    ngx_http_pserver_job_t *job, ngx_uint_t method, const char *action,
    ngx_http_pserver_exchange_handler_pt handler);
static void ngx_http_pserver_job_cleared(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_created(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_examined(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_opened(ngx_http_pserver_exchange_t *ex);
static ssize_t ngx_http_pserver_job_source(ngx_http_pserver_exchange_t *ex,
    u_char *buf, size_t size);
static ngx_int_t ngx_http_pserver_job_sink(ngx_http_pserver_exchange_t *ex,
    u_char *buf, size_t size);
static void ngx_http_pserver_job_closed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_started(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_waited(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_inspected(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_job_troubled(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action);
static void ngx_http_pserver_job_nowhere(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_removed(ngx_http_pserver_exchange_t *ex);


static ngx_http_pserver_tunnel_t  ngx_http_pserver_job_tunnel = {
    ngx_http_pserver_job_opened,
    ngx_http_pserver_job_source,
    ngx_http_pserver_job_sink
};


void
ngx_http_pserver_job_create(ngx_http_pserver_job_t *job)
{
    if (job->operation->warm && ngx_http_pserver_job_warm(job) == NGX_OK) {
        return;
    }

    ngx_http_pserver_job_cold(job);
}


void
ngx_http_pserver_job_cold(ngx_http_pserver_job_t *job)
{
    job->ex = ngx_http_pserver_engine_create(job->engine,
                                             &job->operation->container,
                                             job->hex, job->instance,
                                             ngx_http_pserver_job_created,
                                             job);
    if (job->ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_NOT_CREATED, 0);
        return;
    }

    ngx_http_pserver_exchange_send(job->ex);
}


/* an image with a volume would write to a disk: looked at before it starts */

static void
ngx_http_pserver_job_created(ngx_http_pserver_exchange_t *ex)
{
    u_char                   id[PSERVER_CONTAINER_ID_LEN];
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_CREATED)
        && pserver_container_created(ex->answer.data, ex->answer.len, id)
           == PSERVER_OK)
    {
        ngx_http_pserver_job_ask(job, NGX_HTTP_GET, "/json",
                                 ngx_http_pserver_job_examined);
        return;
    }

    /*
     * A name that is taken means a container of ours, by a call that was cut
     * off when the job had another driver, and done by the engine later.
     */

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_CONFLICT)
        && job->machine.end == PSERVER_JOB_QUEUED && !job->cleared)
    {
        ngx_http_pserver_job_clear(job);
        return;
    }

    ngx_http_pserver_job_uncreated(job, ex, "create");
}


/* the call that was to give it a container has failed */

void
ngx_http_pserver_job_uncreated(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action)
{
    ngx_http_pserver_engine_failed(ex, job->hex, action);
    ngx_http_pserver_queue_engine(job->engine,
                                  ngx_http_pserver_engine_away(ex));

    if (ngx_http_pserver_engine_away(ex)) {

        if (job->away == 0) {
            job->away = ngx_current_msec;
        }

        /* nor for ever from one that is there, but not for this job, to the
           next */

        if (ngx_current_msec - job->away <= job->engine->away
            && !ngx_http_pserver_job_lost(job))
        {
            ngx_http_pserver_job_event(job, PSERVER_JOB_ELSEWHERE, 0);
            return;
        }
    }

    if (ex->rc == NGX_OK && ex->status >= 400 && ex->status < 500
        && ex->status != NGX_HTTP_CONFLICT)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_NOT_CREATED, 0);
        return;
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


ngx_uint_t
ngx_http_pserver_job_lost(ngx_http_pserver_job_t *job)
{
    return ngx_http_pserver_queue_lost(job->plcf->engines->elts,
                                       job->plcf->engines->nelts);
}


void
ngx_http_pserver_job_clear(ngx_http_pserver_job_t *job)
{
    job->cleared = 1;

    job->ex = ngx_http_pserver_engine_remove(job->engine, job->hex,
                                             ngx_http_pserver_job_cleared,
                                             job);
    if (job->ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_exchange_send(job->ex);
}


static void
ngx_http_pserver_job_cleared(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_removed(ex)) {
        ngx_http_pserver_job_cold(job);
        return;
    }

    ngx_http_pserver_job_uncreated(job, ex, "remove");
}


static void
ngx_http_pserver_job_examined(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t  state;
    ngx_http_pserver_job_t    *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        && pserver_container_inspected(ex->answer.data, ex->answer.len,
                                       &state)
           == PSERVER_OK)
    {
        if (!state.volumes) {
            ngx_http_pserver_job_event(job, PSERVER_JOB_CREATED, 0);
            return;
        }

        ngx_log_error(NGX_LOG_ERR, job->log, 0,
                      "pserver: the image of operation \"%*s\" has a volume",
                      job->row.operation.len, job->row.operation.data);

    } else if (ngx_http_pserver_engine_away(ex)) {
        ngx_http_pserver_job_uncreated(job, ex, "inspect");
        return;

    } else {
        ngx_http_pserver_engine_failed(ex, job->hex, "inspect");
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_attach(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_job_call(job, NGX_HTTP_POST, "/attach",
                                   ngx_http_pserver_job_closed);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    job->ex = NULL;
    job->tunnel = ex;
    job->away = 0;

    ngx_str_set(&ex->args, "stream=1&stdin=1&stdout=1&stderr=1");

    ex->tunnel = &ngx_http_pserver_job_tunnel;
    ex->patient = 1;
    ex->timeout = 0;

    ngx_http_pserver_output_init(&job->output, job->operation->output);

    ngx_http_pserver_exchange_send(ex);
}


/* the three of the tunnel run deep inside nginx: they only take notes */

static void
ngx_http_pserver_job_opened(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->opened = 1;

    ngx_post_event(&job->wake, &ngx_posted_events);
}


static ssize_t
ngx_http_pserver_job_source(ngx_http_pserver_exchange_t *ex, u_char *buf,
    size_t size)
{
    size_t                   n;
    ngx_http_pserver_job_t  *job = ex->data;

    n = ngx_min(job->input.payload.len - job->sent, size);

    if (n == 0) {
        return NGX_AGAIN;
    }

    ngx_memcpy(buf, job->input.payload.data + job->sent, n);
    job->sent += n;

    return n;
}


static ngx_int_t
ngx_http_pserver_job_sink(ngx_http_pserver_exchange_t *ex, u_char *buf,
    size_t size)
{
    ngx_http_pserver_job_t  *job = ex->data;

    if (ngx_http_pserver_output_over(&job->output)) {
        return NGX_OK;
    }

    ngx_http_pserver_output_take(&job->output, buf, size);

    if (ngx_http_pserver_output_over(&job->output)) {
        ngx_post_event(&job->wake, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_http_pserver_job_closed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->tunnel = NULL;

    if (!job->opened) {
        ngx_http_pserver_job_troubled(job, ex, "attach");
        return;
    }

    /* if it is before the answer to "start", that comes first */

    ngx_post_event(&job->wake, &ngx_posted_events);
}


void
ngx_http_pserver_job_launch(ngx_http_pserver_job_t *job)
{
    /* one of the warm pool runs */

    if (job->machine.early) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_STARTED, 0);
        return;
    }

    ngx_http_pserver_job_ask(job, NGX_HTTP_POST, "/start",
                             ngx_http_pserver_job_started);
}


static void
ngx_http_pserver_job_started(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_NO_CONTENT)) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_STARTED, 0);
        return;
    }

    ngx_http_pserver_job_troubled(job, ex, "start");
}


void
ngx_http_pserver_job_wait(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_job_call(job, NGX_HTTP_POST, "/wait",
                                   ngx_http_pserver_job_waited);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    /* the job's own timer bounds it */

    ex->patient = 1;
    ex->timeout = 0;

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_job_waited(ngx_http_pserver_exchange_t *ex)
{
    uint32_t                 status;
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        && pserver_container_waited(ex->answer.data, ex->answer.len, &status)
           == PSERVER_OK)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_EXITED, status);
        return;
    }

    ngx_http_pserver_job_troubled(job, ex, "wait");
}


void
ngx_http_pserver_job_inspect(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_ask(job, NGX_HTTP_GET, "/json",
                             ngx_http_pserver_job_inspected);
}


static void
ngx_http_pserver_job_inspected(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t  state;
    ngx_http_pserver_job_t    *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        && pserver_container_inspected(ex->answer.data, ex->answer.len,
                                       &state)
           == PSERVER_OK)
    {
        ngx_http_pserver_job_event(job, state.oom ? PSERVER_JOB_WAS_OOM
                                                  : PSERVER_JOB_WAS_NOT_OOM,
                                   0);
        return;
    }

    ngx_http_pserver_job_troubled(job, ex, "inspect");
}


/* a call about its container has failed */

static void
ngx_http_pserver_job_troubled(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action)
{
    ngx_uint_t  away;

    away = ngx_http_pserver_engine_away(ex);

    ngx_http_pserver_engine_failed(ex, job->hex, action);
    ngx_http_pserver_queue_engine(job->engine, away);

    ngx_http_pserver_job_event(job, away ? PSERVER_JOB_LOST
                                         : PSERVER_JOB_TROUBLE,
                               ngx_http_pserver_job_attempts(job));
}


void
ngx_http_pserver_job_remove(ngx_http_pserver_job_t *job)
{
    /* adopted: it had none yet, or one that is not there any more */

    if (job->engine == NULL) {
        ngx_http_pserver_job_nowhere(job);
        return;
    }

    job->ex = ngx_http_pserver_engine_remove(job->engine, job->hex,
                                             ngx_http_pserver_job_removed,
                                             job);
    if (job->ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_exchange_send(job->ex);
}


static void
ngx_http_pserver_job_nowhere(ngx_http_pserver_job_t *job)
{
    if (job->row.engine == 0) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_REMOVED, 0);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, job->log, 0,
                  "pserver: the engine of \"%*s\" is not in the "
                  "configuration", (size_t) PSERVER_CONTAINER_JOB_LEN,
                  job->hex);

    if (job->machine.step == PSERVER_JOB_STEP_SWEEP) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_REMOVED, 0);
        return;
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


static void
ngx_http_pserver_job_removed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ngx_http_pserver_engine_removed(ex)) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_REMOVED, 0);
        return;
    }

    ngx_http_pserver_engine_failed(ex, job->hex, "remove");

    if (job->machine.step == PSERVER_JOB_STEP_SWEEP) {
        ngx_http_pserver_job_retry(job);
        return;
    }

    /* without that it is not tried again */

    if (ngx_http_pserver_engine_away(ex) && !job->machine.end) {
        ngx_http_pserver_queue_engine(job->engine, 1);

        if (!ngx_http_pserver_queue_lost(job->engine, 1)) {
            ngx_add_timer(&job->retry, NGX_HTTP_PSERVER_JOB_REMOVE);
            return;
        }
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_drop(ngx_http_pserver_job_t *job, ngx_uint_t all)
{
    if (job->ex) {
        ngx_http_pserver_exchange_cancel(job->ex);
        job->ex = NULL;
    }

    if (all && job->tunnel) {
        ngx_http_pserver_exchange_cancel(job->tunnel);
        job->tunnel = NULL;
    }
}


static ngx_http_pserver_exchange_t *
ngx_http_pserver_job_call(ngx_http_pserver_job_t *job, ngx_uint_t method,
    const char *action, ngx_http_pserver_exchange_handler_pt handler)
{
    job->ex = ngx_http_pserver_engine_call(job->engine, method,
                                           job->hex, action, handler, job);
    return job->ex;
}


void
ngx_http_pserver_job_ask(ngx_http_pserver_job_t *job, ngx_uint_t method,
    const char *action, ngx_http_pserver_exchange_handler_pt handler)
{
    if (ngx_http_pserver_job_call(job, method, action, handler) == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_exchange_send(job->ex);
}
