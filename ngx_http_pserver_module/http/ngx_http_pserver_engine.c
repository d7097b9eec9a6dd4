/*
 * Calls to a Docker Engine.
 */


#include "ngx_http_pserver_engine.h"


#define NGX_HTTP_PSERVER_ENGINE_TIMEOUT  30000
#define NGX_HTTP_PSERVER_ENGINE_ANSWER   (1024 * 1024)
#define NGX_HTTP_PSERVER_ENGINE_LIST     (16 * 1024 * 1024)


static ngx_http_pserver_exchange_t *ngx_http_pserver_engine_exchange(
    ngx_http_pserver_engine_t *engine, ngx_uint_t method,
    ngx_http_pserver_exchange_handler_pt handler, void *data);
static ngx_int_t ngx_http_pserver_engine_name(
    ngx_http_pserver_exchange_t *ex,
    const u_char job[PSERVER_CONTAINER_JOB_LEN]);
static ngx_http_pserver_exchange_t *ngx_http_pserver_engine_discard(
    ngx_http_pserver_exchange_t *ex);


ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_call(ngx_http_pserver_engine_t *engine,
    ngx_uint_t method, const u_char job[PSERVER_CONTAINER_JOB_LEN],
    const char *action, ngx_http_pserver_exchange_handler_pt handler,
    void *data)
{
    u_char                       *p;
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(engine, method, handler, data);
    if (ex == NULL) {
        return NULL;
    }

    ex->uri.len = sizeof("containers/" PSERVER_CONTAINER_PREFIX) - 1
                  + PSERVER_CONTAINER_JOB_LEN + ngx_strlen(action);
    ex->uri.data = ngx_pnalloc(ex->pool, ex->uri.len);

    if (ex->uri.data == NULL) {
        return ngx_http_pserver_engine_discard(ex);
    }

    p = ngx_cpymem(ex->uri.data, "containers/" PSERVER_CONTAINER_PREFIX,
                   sizeof("containers/" PSERVER_CONTAINER_PREFIX) - 1);
    p = ngx_cpymem(p, job, PSERVER_CONTAINER_JOB_LEN);
    ngx_memcpy(p, action, ngx_strlen(action));

    return ex;
}


ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_remove(ngx_http_pserver_engine_t *engine,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_call(engine, NGX_HTTP_DELETE, job, "",
                                      handler, data);

    if (ex) {
        ngx_str_set(&ex->args, "force=1&v=1");
    }

    return ex;
}


ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_create(ngx_http_pserver_engine_t *engine,
    const pserver_container_t *container,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data)
{
    ngx_http_pserver_exchange_t  *ex;
    pserver_container_labels_t    labels;

    ex = ngx_http_pserver_engine_exchange(engine, NGX_HTTP_POST, handler,
                                          data);
    if (ex == NULL) {
        return NULL;
    }

    ngx_str_set(&ex->uri, "containers/create");
    ngx_str_set(&ex->type, "application/json");

    ex->body.data = ngx_pnalloc(ex->pool, PSERVER_CONTAINER_BODY_MAX);

    if (ngx_http_pserver_engine_name(ex, job) != NGX_OK
        || ex->body.data == NULL)
    {
        return ngx_http_pserver_engine_discard(ex);
    }

    labels.instance.data = (u_char *) instance;
    labels.instance.len = NGX_HTTP_PSERVER_INSTANCE_LEN;
    labels.job.data = (u_char *) job;
    labels.job.len = PSERVER_CONTAINER_JOB_LEN;

    if (pserver_container_body(container, &labels, ex->body.data,
                               PSERVER_CONTAINER_BODY_MAX, &ex->body.len)
        != PSERVER_OK)
    {
        return ngx_http_pserver_engine_discard(ex);
    }

    return ex;
}


ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_rename(ngx_http_pserver_engine_t *engine,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    const u_char to[PSERVER_CONTAINER_JOB_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_call(engine, NGX_HTTP_POST, job, "/rename",
                                      handler, data);

    if (ex && ngx_http_pserver_engine_name(ex, to) != NGX_OK) {
        return ngx_http_pserver_engine_discard(ex);
    }

    return ex;
}


/* the argument "name" */

static ngx_int_t
ngx_http_pserver_engine_name(ngx_http_pserver_exchange_t *ex,
    const u_char job[PSERVER_CONTAINER_JOB_LEN])
{
    u_char  *p;

    ex->args.len = sizeof("name=" PSERVER_CONTAINER_PREFIX) - 1
                   + PSERVER_CONTAINER_JOB_LEN;
    ex->args.data = ngx_pnalloc(ex->pool, ex->args.len);

    if (ex->args.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(ex->args.data, "name=" PSERVER_CONTAINER_PREFIX,
                   sizeof("name=" PSERVER_CONTAINER_PREFIX) - 1);
    ngx_memcpy(p, job, PSERVER_CONTAINER_JOB_LEN);

    return NGX_OK;
}


ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_list(ngx_http_pserver_engine_t *engine,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data)
{
    u_char                       *p, *last;
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_engine_exchange(engine, NGX_HTTP_GET, handler,
                                          data);
    if (ex == NULL) {
        return NULL;
    }

    ex->limit = NGX_HTTP_PSERVER_ENGINE_LIST;

    p = ngx_pnalloc(ex->pool, sizeof("containers/" PSERVER_CONTAINER_LIST
                                     PSERVER_CONTAINER_LIST_END)
                              + NGX_HTTP_PSERVER_INSTANCE_LEN);
    if (p == NULL) {
        return ngx_http_pserver_engine_discard(ex);
    }

    last = ngx_sprintf(p, "containers/%s%*s%s", PSERVER_CONTAINER_LIST,
                       (size_t) NGX_HTTP_PSERVER_INSTANCE_LEN, instance,
                       PSERVER_CONTAINER_LIST_END);

    ex->uri.data = p;
    ex->uri.len = ngx_strlchr(p, last, '?') - p;
    ex->args.data = ex->uri.data + ex->uri.len + 1;
    ex->args.len = last - ex->args.data;

    return ex;
}


static ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_exchange(ngx_http_pserver_engine_t *engine,
    ngx_uint_t method, ngx_http_pserver_exchange_handler_pt handler,
    void *data)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_exchange_create(engine->location);
    if (ex == NULL) {
        return NULL;
    }

    ex->method = method;
    ex->limit = NGX_HTTP_PSERVER_ENGINE_ANSWER;
    ex->timeout = NGX_HTTP_PSERVER_ENGINE_TIMEOUT;
    ex->work = 1;
    ex->handler = handler;
    ex->data = data;

    return ex;
}


/* one that was not sent */

static ngx_http_pserver_exchange_t *
ngx_http_pserver_engine_discard(ngx_http_pserver_exchange_t *ex)
{
    ngx_destroy_pool(ex->pool);

    return NULL;
}


void
ngx_http_pserver_engine_failed(ngx_http_pserver_exchange_t *ex,
    const u_char *job, const char *action)
{
    size_t  len;
    u_char  message[256];

    len = pserver_container_message(ex->answer.data, ex->answer.len, message,
                                    sizeof(message));

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pserver: engine: %s of \"%*s\" failed: rc:%i status:%ui "
                  "\"%*s\"", action,
                  (size_t) (job ? PSERVER_CONTAINER_JOB_LEN : 0), job,
                  ex->rc, ex->status, len, message);
}
