/*
 * A small request body, whole, in memory.
 */


#include "ngx_http_pserver_body.h"


typedef struct {
    ngx_http_pserver_body_handler_pt   handler;
    ngx_str_t                          body;
    size_t                             size;     /* allocated */
    size_t                             max;
} ngx_http_pserver_body_ctx_t;


static void ngx_http_pserver_body_init(ngx_http_request_t *r);
static void ngx_http_pserver_body_event(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_body_take(ngx_http_request_t *r,
    ngx_http_pserver_body_ctx_t *bctx);
static ngx_int_t ngx_http_pserver_body_append(ngx_http_request_t *r,
    ngx_http_pserver_body_ctx_t *bctx, ngx_buf_t *b);


ngx_int_t
ngx_http_pserver_body_read(ngx_http_request_t *r, size_t max,
    ngx_http_pserver_body_handler_pt handler)
{
    ngx_int_t                     rc;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_body_ctx_t  *bctx;

    if (r->headers_in.content_length_n > (off_t) max) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    ctx = ngx_http_pserver_get_ctx(r);
    bctx = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_body_ctx_t));

    if (ctx == NULL || bctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    bctx->handler = handler;
    bctx->max = max;

    ctx->state = bctx;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_pserver_body_init);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_pserver_body_init(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_pserver_body_event;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_pserver_body_event(r);
}


static void
ngx_http_pserver_body_event(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_body_ctx_t  *bctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    bctx = ctx->state;

    for ( ;; ) {

        rc = ngx_http_pserver_body_take(r, bctx);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    r->read_event_handler = ngx_http_block_reading;

    bctx->handler(r, &bctx->body);
}


/* moves what has come in so far into the one buffer */

static ngx_int_t
ngx_http_pserver_body_take(ngx_http_request_t *r,
    ngx_http_pserver_body_ctx_t *bctx)
{
    ngx_chain_t  *cl;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        if (ngx_http_pserver_body_append(r, bctx, cl->buf) != NGX_OK) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        cl->buf->pos = cl->buf->last;
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_body_append(ngx_http_request_t *r,
    ngx_http_pserver_body_ctx_t *bctx, ngx_buf_t *b)
{
    u_char  *p;
    size_t   len, size;

    if (!ngx_buf_in_memory(b)) {
        return ngx_buf_size(b) ? NGX_ERROR : NGX_OK;
    }

    len = b->last - b->pos;

    if (len > bctx->max - bctx->body.len) {
        return NGX_ERROR;
    }

    if (len > bctx->size - bctx->body.len) {

        size = ngx_max(bctx->body.len + len, 2 * bctx->size);

        if (r->headers_in.content_length_n > 0) {
            size = ngx_max(size, (size_t) r->headers_in.content_length_n);
        }

        size = ngx_min(size, bctx->max);

        p = ngx_pnalloc(r->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (bctx->body.len) {
            ngx_memcpy(p, bctx->body.data, bctx->body.len);
        }

        bctx->body.data = p;
        bctx->size = size;
    }

    ngx_memcpy(bctx->body.data + bctx->body.len, b->pos, len);
    bctx->body.len += len;

    return NGX_OK;
}
