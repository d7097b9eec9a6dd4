/*
 * GET /v1/data/{scope}: opened in threads while it streams out.  One batch
 * is in memory; the next is opened when the client has taken this one, and
 * until then no thread knows of it.
 */


#include "ngx_http_pserver_store_get.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_thread.h"


#define NGX_HTTP_PSERVER_GET_AT_ONCE  200         /* msec */


static void ngx_http_pserver_get_filled(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_get_output(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);
static ngx_int_t ngx_http_pserver_get_part(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get, ngx_chain_t ***last, ngx_str_t *text);
static void ngx_http_pserver_get_next(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);
static void ngx_http_pserver_get_writer(ngx_http_request_t *r);


void
ngx_http_pserver_get_send(ngx_http_request_t *r, ngx_http_pserver_get_t *get)
{
    if (get->filled) {
        ngx_http_pserver_get_filled(r, get);
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_get_fill,
                                            ngx_http_pserver_get_filled, get)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_get_filled(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_get_t  *get = data;

    ngx_int_t  rc;

    if (get->rc != NGX_HTTP_PSERVER_STORE_OK) {

        /* the header is out: all that is left is to say no more */

        (void) ngx_http_pserver_store_file_error(r, get->rc, get->err,
                                                 &get->owner, get->file);

        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    rc = ngx_http_pserver_get_output(r, get);

    if (rc == NGX_ERROR || get->position >= get->end) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_pserver_get_next(r, get);
}


/* a batch, the prefix before the first, the suffix after the last */

static ngx_int_t
ngx_http_pserver_get_output(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get)
{
    ngx_chain_t                  *out, **last;
    ngx_http_pserver_envelope_t  *envelope;

    envelope = &get->envelope;
    last = &out;

    if (get->position == 0
        && ngx_http_pserver_get_part(r, get, &last, &envelope->prefix)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_get_part(r, get, &last, &get->out) != NGX_OK) {
        return NGX_ERROR;
    }

    if (get->position + (off_t) envelope->suffix.len == envelope->length
        && ngx_http_pserver_get_part(r, get, &last, &envelope->suffix)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (last == &out) {

        /* an empty object: a buffer that only says so */

        out = ngx_alloc_chain_link(r->pool);
        get->buf = ngx_calloc_buf(r->pool);

        if (out == NULL || get->buf == NULL) {
            return NGX_ERROR;
        }

        out->buf = get->buf;
        last = &out->next;
    }

    *last = NULL;

    if (get->position >= get->end) {
        get->buf->last_buf = 1;
        get->buf->last_in_chain = 1;

    } else {
        get->buf->flush = 1;
    }

    get->filled = 0;
    get->chunk += get->count;
    get->since = ngx_current_msec;

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_pserver_get_part(ngx_http_request_t *r, ngx_http_pserver_get_t *get,
    ngx_chain_t ***last, ngx_str_t *text)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (text->len == 0) {
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = 1;

    cl->buf = b;
    **last = cl;
    *last = &cl->next;

    get->buf = b;
    get->position += text->len;

    return NGX_OK;
}


/*
 * The batch is used again as soon as all of it was taken.  For who takes it
 * at once the next one is larger: what a batch costs is two changes of
 * threads.
 */

static void
ngx_http_pserver_get_next(ngx_http_request_t *r, ngx_http_pserver_get_t *get)
{
    uint64_t                   count;
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;

    if (get->buf->pos == get->buf->last) {

        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

        count = (ngx_current_msec - get->since
                 < NGX_HTTP_PSERVER_GET_AT_ONCE)
                ? NGX_HTTP_PSERVER_BATCH_LARGE
                : NGX_HTTP_PSERVER_BATCH_CHUNKS;

        get->count = ngx_min(count,
                       ngx_http_pserver_envelope_chunks(&get->envelope,
                                              get->end - get->position));

        ngx_http_pserver_get_send(r, get);
        return;
    }

    r->write_event_handler = ngx_http_pserver_get_writer;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_get_writer(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t  *ctx;

    if (r->connection->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client timed out");

        r->connection->timedout = 1;

        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ngx_http_pserver_get_next(r, ctx->state);
}
