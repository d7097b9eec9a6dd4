/*
 * The driver of jobs: LOAD, where files of the input may be elsewhere.
 */


#include "ngx_http_pserver_job.h"


/* a file that can't be had is asked for so often, with pauses in between */
#define NGX_HTTP_PSERVER_JOB_BRINGS  4


static void ngx_http_pserver_job_brought(void *data);


void
ngx_http_pserver_job_load(ngx_http_pserver_job_t *job)
{
    if (!ngx_http_pserver_input_remote(&job->input)) {
        ngx_http_pserver_job_open(job);
        return;
    }

    job->remote = ngx_http_pserver_remote_bring(job->plcf, &job->input,
                                                ngx_http_pserver_job_brought,
                                                job);
    if (job->remote == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
    }
}


static void
ngx_http_pserver_job_brought(void *data)
{
    ngx_http_pserver_job_t  *job = data;

    job->remote = NULL;

    switch (job->input.rc) {

    case NGX_HTTP_PSERVER_INPUT_OK:
        job->tries = 0;
        ngx_http_pserver_job_open(job);
        return;

    case NGX_HTTP_PSERVER_INPUT_AWAY:
    case NGX_HTTP_PSERVER_INPUT_UNKNOWN:

        if (job->tries + 1 < NGX_HTTP_PSERVER_JOB_BRINGS) {
            job->input.rc = NGX_HTTP_PSERVER_INPUT_OK;
            ngx_http_pserver_job_retry(job);
            return;
        }

        break;
    }

    ngx_http_pserver_job_loaded(job);
}


void
ngx_http_pserver_job_loaded(ngx_http_pserver_job_t *job)
{
    pserver_job_event_e  event;

    switch (job->input.rc) {

    case NGX_HTTP_PSERVER_INPUT_OK:
        event = PSERVER_JOB_LOADED;
        break;

    case NGX_HTTP_PSERVER_INPUT_LOCKED:
        event = PSERVER_JOB_LOCK;
        break;

    case NGX_HTTP_PSERVER_INPUT_ERROR:
        event = PSERVER_JOB_TROUBLE;
        break;

    default:
        event = PSERVER_JOB_BAD_INPUT;
    }

    ngx_http_pserver_job_event(job, event, 0);
}
