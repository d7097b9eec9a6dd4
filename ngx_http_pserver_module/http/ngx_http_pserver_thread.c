/*
 * Work in the thread pool, and the hold on the worker's life.
 */


#include "ngx_http_pserver_thread.h"


#define NGX_HTTP_PSERVER_HOLD_INTERVAL  10000


typedef struct {
    ngx_http_pserver_thread_run_pt    run;
    ngx_http_pserver_thread_done_pt   done;
    void                             *data;
} ngx_http_pserver_thread_ctx_t;


typedef struct {
    ngx_http_request_t               *request;
    ngx_http_pserver_thread_run_pt    run;
    ngx_http_pserver_request_done_pt  done;
    void                             *data;
} ngx_http_pserver_thread_request_t;


static void ngx_http_pserver_thread_handler(void *data, ngx_log_t *log);
static void ngx_http_pserver_thread_event(ngx_event_t *ev);
static void ngx_http_pserver_thread_request_run(void *data);
static void ngx_http_pserver_thread_request_done(void *data);
static void ngx_http_pserver_hold_handler(ngx_event_t *ev);


/*
 * Of this process, whatever the cycle: a hold taken under one configuration
 * counts under the next one too.
 */

static ngx_uint_t        ngx_http_pserver_holds;
static ngx_event_t       ngx_http_pserver_hold_event;
static ngx_connection_t  ngx_http_pserver_hold_dummy;


ngx_int_t
ngx_http_pserver_thread_run(ngx_http_pserver_thread_run_pt run,
    ngx_http_pserver_thread_done_pt done, void *data)
{
    ngx_thread_task_t              *task;
    ngx_http_pserver_main_conf_t   *pmcf;
    ngx_http_pserver_thread_ctx_t  *ctx;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    /* outlives every pool that the caller could name */

    task = ngx_calloc(sizeof(ngx_thread_task_t)
                      + sizeof(ngx_http_pserver_thread_ctx_t), ngx_cycle->log);
    if (task == NULL) {
        return NGX_ERROR;
    }

    ctx = (ngx_http_pserver_thread_ctx_t *) (task + 1);

    ctx->run = run;
    ctx->done = done;
    ctx->data = data;

    task->ctx = ctx;
    task->handler = ngx_http_pserver_thread_handler;
    task->event.data = task;
    task->event.handler = ngx_http_pserver_thread_event;
    task->event.log = ngx_cycle->log;

    if (ngx_thread_task_post(pmcf->thread_pool, task) != NGX_OK) {
        ngx_free(task);
        return NGX_ERROR;
    }

    ngx_http_pserver_hold();

    return NGX_OK;
}


static void
ngx_http_pserver_thread_handler(void *data, ngx_log_t *log)
{
    ngx_http_pserver_thread_ctx_t  *ctx = data;

    ctx->run(ctx->data);
}


static void
ngx_http_pserver_thread_event(ngx_event_t *ev)
{
    ngx_thread_task_t              *task;
    ngx_http_pserver_thread_ctx_t   ctx;

    task = ev->data;
    ctx = *(ngx_http_pserver_thread_ctx_t *) task->ctx;

    ngx_free(task);

    ctx.done(ctx.data);

    ngx_http_pserver_release();
}


ngx_int_t
ngx_http_pserver_thread_run_request(ngx_http_request_t *r,
    ngx_http_pserver_thread_run_pt run,
    ngx_http_pserver_request_done_pt done, void *data)
{
    ngx_http_pserver_thread_request_t  *tr;

    tr = ngx_palloc(r->pool, sizeof(ngx_http_pserver_thread_request_t));
    if (tr == NULL) {
        return NGX_ERROR;
    }

    tr->request = r;
    tr->run = run;
    tr->done = done;
    tr->data = data;

    if (ngx_http_pserver_thread_run(ngx_http_pserver_thread_request_run,
                                    ngx_http_pserver_thread_request_done, tr)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->main->blocked++;
    r->aio = 1;

    return NGX_OK;
}


static void
ngx_http_pserver_thread_request_run(void *data)
{
    ngx_http_pserver_thread_request_t  *tr = data;

    tr->run(tr->data);
}


static void
ngx_http_pserver_thread_request_done(void *data)
{
    ngx_connection_t                   *c;
    ngx_http_request_t                 *r;
    ngx_http_pserver_thread_request_t  *tr = data;

    r = tr->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;

    if (c->error) {

        /* terminated, and kept only because it was blocked */

        ngx_http_finalize_request(r, NGX_ERROR);

    } else {
        tr->done(r, tr->data);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_pserver_hold(void)
{
    ngx_event_t  *ev;

    if (ngx_http_pserver_holds++) {
        return;
    }

    ev = &ngx_http_pserver_hold_event;

    ngx_http_pserver_hold_dummy.fd = (ngx_socket_t) -1;

    ev->handler = ngx_http_pserver_hold_handler;
    ev->data = &ngx_http_pserver_hold_dummy;
    ev->log = ngx_cycle->log;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_HOLD_INTERVAL);
}


void
ngx_http_pserver_release(void)
{
    if (--ngx_http_pserver_holds == 0) {
        ngx_del_timer(&ngx_http_pserver_hold_event);
    }
}


static void
ngx_http_pserver_hold_handler(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_PSERVER_HOLD_INTERVAL);
}
