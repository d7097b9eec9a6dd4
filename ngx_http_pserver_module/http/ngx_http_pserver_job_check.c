/*
 * The driver of jobs: may this one run, and what does it run on.
 */


#include "ngx_http_pserver_job.h"

#include "../core/encode.h"


static void ngx_http_pserver_job_checked(ngx_http_pserver_permission_t *p);
static ngx_int_t ngx_http_pserver_job_prepare(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_t *p);


void
ngx_http_pserver_job_check(ngx_http_pserver_job_t *job,
    pserver_decision_e kind, uint64_t not_before)
{
    ngx_http_pserver_permission_t  *p;

    p = &job->check;

    ngx_memzero(p, sizeof(ngx_http_pserver_permission_t));

    p->kind = kind;
    p->plcf = job->plcf;
    p->id = job->row.permission;
    p->app = job->row.app;

    /* when it was accepted the owner was; no request says who is now */

    p->named = job->row.owner;

    p->not_before = not_before;
    p->handler = ngx_http_pserver_job_checked;
    p->data = job;

    if (kind == PSERVER_DECIDE_RUN) {
        p->operation = job->row.operation;
        p->n = job->plcf->operations->nelts;
        p->offers = ngx_http_pserver_operation_offers(job->plcf, job->pool);

        if (p->offers == NULL) {
            ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
            return;
        }
    }

    job->checking = 1;

    ngx_http_pserver_permission_check(p);
}


/* before it starts, and again and again, in whatever step it is */

static void
ngx_http_pserver_job_checked(ngx_http_pserver_permission_t *p)
{
    ngx_http_pserver_job_t  *job = p->data;

    job->checking = 0;

    if (p->verdict.reason == PSERVER_UNAVAILABLE
        || p->verdict.reason == PSERVER_GRANT_UNREADABLE)
    {
        /* neither yes nor no: the job's time decides */

        if (job->machine.step == PSERVER_JOB_STEP_CHECK) {
            ngx_add_timer(&job->retry, NGX_HTTP_PSERVER_JOB_RETRY);
        }

        return;
    }

    if (p->verdict.reason != PSERVER_ALLOWED
        || ngx_memcmp(p->facts->grantor.bytes, job->row.owner.bytes, 20) != 0)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_DENIED, 0);
        return;
    }

    if (job->machine.step != PSERVER_JOB_STEP_CHECK) {
        return;
    }

    if (ngx_http_pserver_job_prepare(job, p) != NGX_OK) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_ALLOWED, 0);
}


static ngx_int_t
ngx_http_pserver_job_prepare(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_t *p)
{
    ngx_int_t               rc;
    pserver_str_t           image;
    pserver_json_doc_t     *doc;
    const pserver_json_t   *parameters;

    static const pserver_json_limits_t  limits = { 32, 20000 };

    job->operation = ngx_http_pserver_operation_find(job->plcf,
                                                     &job->row.operation);
    if (job->operation == NULL) {
        return NGX_ERROR;
    }

    /* for the receipt */

    image = job->operation->container.image;
    image.data += sizeof("sha256:") - 1;
    image.len -= sizeof("sha256:") - 1;

    if (pserver_hex_decode(job->row.image.bytes, 32, image) != PSERVER_OK) {
        return NGX_ERROR;
    }

    job->row.block = p->facts->block;

    /* the text was looked at closely when it was accepted */

    if (pserver_json_parse(job->row.request.data, job->row.request.len,
                           &limits, &doc)
        != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    parameters = pserver_json_get(pserver_json_root(doc), "parameters");

    rc = ngx_http_pserver_input_init(&job->input, job->pool, job->plcf,
                                     job->operation, p->facts, parameters);

    pserver_json_free(doc);

    return rc;
}
