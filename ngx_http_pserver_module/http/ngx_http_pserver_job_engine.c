/*
 * The steps of a job that ask the engine.
 *
 * A container is named after its job, and asked for by that name: so it
 * can be removed by whoever adopts the job, and a guard (core/guard) sees
 * whose it is.
 */


#include "ngx_http_pserver_job.h"

#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_ENGINE_TIMEOUT  30000
#define NGX_HTTP_PSERVER_ENGINE_ANSWER   (1024 * 1024)


static ngx_http_pserver_exchange_t *ngx_http_pserver_engine_exchange(
    ngx_http_pserver_job_t *job, ngx_uint_t method, const char *action,
    ngx_http_pserver_exchange_handler_pt handler);
static void ngx_http_pserver_engine_discard(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_engine_failed(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action);
static void ngx_http_pserver_engine_created(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_examined(
    ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_opened(ngx_http_pserver_exchange_t *ex);
static ssize_t ngx_http_pserver_engine_source(
    ngx_http_pserver_exchange_t *ex, u_char *buf, size_t size);
static ngx_int_t ngx_http_pserver_engine_sink(
    ngx_http_pserver_exchange_t *ex, u_char *buf, size_t size);
static void ngx_http_pserver_engine_closed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_started(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_waited(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_inspected(
    ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_engine_removed(ngx_http_pserver_exchange_t *ex);


static ngx_http_pserver_tunnel_t  ngx_http_pserver_engine_tunnel = {
    ngx_http_pserver_engine_opened,
    ngx_http_pserver_engine_source,
    ngx_http_pserver_engine_sink
};


void
ngx_http_pserver_job_create(ngx_http_pserver_job_t *job)
{
    int                           rc;
    u_char                        hex[2 * PSERVER_LEDGER_NAME_LEN];
    size_t                        len;
    ngx_http_pserver_exchange_t  *ex;
    pserver_container_labels_t    labels;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_POST, NULL,
                                          ngx_http_pserver_engine_created);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_NOT_CREATED, 0);
        return;
    }

    ngx_str_set(&ex->uri, "containers/create");
    ngx_str_set(&ex->type, "application/json");

    ex->args.len = sizeof("name=") - 1 + NGX_HTTP_PSERVER_CONTAINER_LEN;
    ex->args.data = ngx_pnalloc(ex->pool, ex->args.len);
    ex->body.data = ngx_pnalloc(ex->pool, PSERVER_CONTAINER_BODY_MAX);

    rc = PSERVER_NOMEM;

    if (ex->args.data && ex->body.data) {

        ngx_memcpy(ngx_cpymem(ex->args.data, "name=", sizeof("name=") - 1),
                   job->name, NGX_HTTP_PSERVER_CONTAINER_LEN);

        (void) pserver_hex_encode(hex, job->place.name,
                                  PSERVER_LEDGER_NAME_LEN);

        labels.instance.data = job->instance;
        labels.instance.len = NGX_HTTP_PSERVER_INSTANCE_LEN;
        labels.job.data = hex;
        labels.job.len = sizeof(hex);

        rc = pserver_container_body(&job->operation->container, &labels,
                                    ex->body.data, PSERVER_CONTAINER_BODY_MAX,
                                    &len);
        ex->body.len = len;
    }

    if (rc != PSERVER_OK) {
        ngx_http_pserver_engine_discard(job);
        ngx_http_pserver_job_event(job, PSERVER_JOB_NOT_CREATED, 0);
        return;
    }

    ngx_http_pserver_exchange_send(ex);
}


/* an image with a volume would write to a disk: looked at before it starts */

static void
ngx_http_pserver_engine_created(ngx_http_pserver_exchange_t *ex)
{
    u_char                   id[PSERVER_CONTAINER_ID_LEN];
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_CREATED
        && pserver_container_created(ex->answer.data, ex->answer.len, id)
           == PSERVER_OK)
    {        ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_GET, "/json",
                                         ngx_http_pserver_engine_examined);
        if (ex == NULL) {
            ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
            return;
        }

        ngx_http_pserver_exchange_send(ex);
        return;
    }

    ngx_http_pserver_engine_failed(job, ex, "create");

    /* a name that is taken means a container of ours */

    if (ex->rc == NGX_OK && ex->status >= 400 && ex->status < 500
        && ex->status != NGX_HTTP_CONFLICT)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_NOT_CREATED, 0);
        return;
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


static void
ngx_http_pserver_engine_examined(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t  state;
    ngx_http_pserver_job_t    *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_OK
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

    } else {
        ngx_http_pserver_engine_failed(job, ex, "inspect");
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_attach(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_POST, "/attach",
                                          ngx_http_pserver_engine_closed);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    job->ex = NULL;
    job->tunnel = ex;

    ngx_str_set(&ex->args, "stream=1&stdin=1&stdout=1&stderr=1");

    ex->tunnel = &ngx_http_pserver_engine_tunnel;
    ex->patient = 1;
    ex->timeout = 0;

    ngx_http_pserver_output_init(&job->output, job->operation->output);

    ngx_http_pserver_exchange_send(ex);
}


/* the three of the tunnel run deep inside nginx: they only take notes */

static void
ngx_http_pserver_engine_opened(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->opened = 1;

    ngx_post_event(&job->wake, &ngx_posted_events);
}


static ssize_t
ngx_http_pserver_engine_source(ngx_http_pserver_exchange_t *ex, u_char *buf,
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
ngx_http_pserver_engine_sink(ngx_http_pserver_exchange_t *ex, u_char *buf,
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
ngx_http_pserver_engine_closed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->tunnel = NULL;

    if (!job->opened) {
        ngx_http_pserver_engine_failed(job, ex, "attach");
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    /* if it is before the answer to "start", that comes first */

    ngx_post_event(&job->wake, &ngx_posted_events);
}


void
ngx_http_pserver_job_launch(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_POST, "/start",
                                          ngx_http_pserver_engine_started);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_engine_started(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_NO_CONTENT) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_STARTED, 0);
        return;
    }

    ngx_http_pserver_engine_failed(job, ex, "start");
    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_wait(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_POST, "/wait",
                                          ngx_http_pserver_engine_waited);
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
ngx_http_pserver_engine_waited(ngx_http_pserver_exchange_t *ex)
{
    uint32_t                 status;
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_OK
        && pserver_container_waited(ex->answer.data, ex->answer.len, &status)
           == PSERVER_OK)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_EXITED, status);
        return;
    }

    ngx_http_pserver_engine_failed(job, ex, "wait");
    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_inspect(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_GET, "/json",
                                          ngx_http_pserver_engine_inspected);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_engine_inspected(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t  state;
    ngx_http_pserver_job_t    *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_OK
        && pserver_container_inspected(ex->answer.data, ex->answer.len,
                                       &state)
           == PSERVER_OK)
    {
        ngx_http_pserver_job_event(job, state.oom ? PSERVER_JOB_WAS_OOM
                                                  : PSERVER_JOB_WAS_NOT_OOM,
                                   0);
        return;
    }

    ngx_http_pserver_engine_failed(job, ex, "inspect");
    ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
}


void
ngx_http_pserver_job_remove(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(job, NGX_HTTP_DELETE, "",
                                          ngx_http_pserver_engine_removed);
    if (ex == NULL) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_str_set(&ex->args, "force=1&v=1");

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_engine_removed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_job_t  *job = ex->data;

    job->ex = NULL;

    if (ex->rc == NGX_OK
        && (ex->status == NGX_HTTP_NO_CONTENT
            || ex->status == NGX_HTTP_NOT_FOUND))
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_REMOVED, 0);
        return;
    }

    ngx_http_pserver_engine_failed(job, ex, "remove");

    if (job->machine.step == PSERVER_JOB_STEP_SWEEP) {
        ngx_http_pserver_job_retry(job);
        return;
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


/* with an action: for the container; else the caller sets the uri */

static ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_exchange(ngx_http_pserver_job_t *job,
    ngx_uint_t method, const char *action,
    ngx_http_pserver_exchange_handler_pt handler)
{
    u_char                       *p;
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_exchange_create(job->plcf->engine_loc);
    if (ex == NULL) {
        return NULL;
    }

    ex->method = method;
    ex->limit = NGX_HTTP_PSERVER_ENGINE_ANSWER;
    ex->timeout = NGX_HTTP_PSERVER_ENGINE_TIMEOUT;
    ex->work = 1;
    ex->handler = handler;
    ex->data = job;

    job->ex = ex;

    if (action) {
        ex->uri.len = sizeof("containers/") - 1
                      + NGX_HTTP_PSERVER_CONTAINER_LEN + ngx_strlen(action);
        ex->uri.data = ngx_pnalloc(ex->pool, ex->uri.len);

        if (ex->uri.data == NULL) {
            ngx_http_pserver_engine_discard(job);
            return NULL;
        }

        p = ngx_cpymem(ex->uri.data, "containers/",
                       sizeof("containers/") - 1);
        p = ngx_cpymem(p, job->name, NGX_HTTP_PSERVER_CONTAINER_LEN);
        ngx_memcpy(p, action, ngx_strlen(action));
    }

    return ex;
}


/* an exchange that was not sent */

static void
ngx_http_pserver_engine_discard(ngx_http_pserver_job_t *job)
{
    ngx_destroy_pool(job->ex->pool);
    job->ex = NULL;
}


static void
ngx_http_pserver_engine_failed(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action)
{
    size_t  len;
    u_char  message[256];

    len = pserver_container_message(ex->answer.data, ex->answer.len, message,
                                    sizeof(message));

    ngx_log_error(NGX_LOG_ERR, job->log, 0,
                  "pserver: engine: %s of \"%*s\" failed: rc:%i status:%ui "
                  "\"%*s\"", action, (size_t) NGX_HTTP_PSERVER_CONTAINER_LEN,
                  job->name, ex->rc, ex->status, len, message);
}
