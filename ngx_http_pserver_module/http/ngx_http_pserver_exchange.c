/*
 * Exchange: one question to the outside as one detached main request.
 *
 * No phase runs: the request goes straight to the content handler of the
 * marked location, so nothing that stands at server level (deny,
 * auth_basic, return, rewrite, limit_req) can touch it.
 */


#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_exchange_connection.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"


/*
 * Two connection slots an exchange: of all slots a half at most is for
 * exchanges, and a third of that half for work that was accepted, so that
 * no number of questions can starve it.
 */
#define NGX_HTTP_PSERVER_EXCHANGE_SHARE   6
#define NGX_HTTP_PSERVER_EXCHANGE_WORK    4

#define NGX_HTTP_PSERVER_EXCHANGE_BUFFER  4096


static ngx_http_request_t *ngx_http_pserver_exchange_request(
    ngx_http_pserver_exchange_t *ex, ngx_connection_t *c);
static ngx_int_t ngx_http_pserver_exchange_headers(
    ngx_http_pserver_exchange_t *ex, ngx_http_request_t *r);
static ngx_table_elt_t *ngx_http_pserver_exchange_add_header(
    ngx_http_request_t *r, const char *key, const char *lowcase,
    ngx_str_t *value);
static void ngx_http_pserver_exchange_patience(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_exchange_store(
    ngx_http_pserver_exchange_t *ex, u_char *data, size_t len);
static void ngx_http_pserver_exchange_end(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_exchange_cleanup(void *data);
static void ngx_http_pserver_exchange_timer(ngx_event_t *ev);
static void ngx_http_pserver_exchange_over(ngx_event_t *ev);
static void ngx_http_pserver_exchange_empty_handler(ngx_http_request_t *r);


/* of this process: exchanges that hold a connection */
static ngx_uint_t           ngx_http_pserver_exchange_n;


ngx_http_pserver_exchange_t *
ngx_http_pserver_exchange_create(ngx_http_pserver_exchange_loc_t *location)
{
    ngx_pool_t                   *pool;
    ngx_http_pserver_exchange_t  *ex;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    ex = ngx_pcalloc(pool, sizeof(ngx_http_pserver_exchange_t));
    if (ex == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ex->pool = pool;
    ex->location = location;
    ex->method = NGX_HTTP_GET;
    ex->rc = NGX_ERROR;

    ex->over.handler = ngx_http_pserver_exchange_over;
    ex->over.data = ex;
    ex->over.log = ngx_cycle->log;

    return ex;
}


void
ngx_http_pserver_exchange_send(ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                 rc;
    ngx_uint_t                share;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_cleanup_t       *cln;
    ngx_http_pserver_ctx_t   *ctx;

    ngx_http_pserver_hold();
    ngx_http_pserver_count(exchanges, 1);

    share = ex->work ? NGX_HTTP_PSERVER_EXCHANGE_WORK
                     : NGX_HTTP_PSERVER_EXCHANGE_SHARE;

    if (ngx_http_pserver_exchange_n >= ngx_cycle->connection_n / share) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pserver: %ui exchanges are under way, "
                      "worker_connections are not enough",
                      ngx_http_pserver_exchange_n);
        ngx_post_event(&ex->over, &ngx_posted_events);
        return;
    }

    c = ngx_http_pserver_exchange_connection(ex->location->ctx);
    if (c == NULL) {
        ngx_post_event(&ex->over, &ngx_posted_events);
        return;
    }

    r = ngx_http_pserver_exchange_request(ex, c);
    if (r == NULL) {
        ngx_http_close_connection(c);
        ngx_post_event(&ex->over, &ngx_posted_events);
        return;
    }

    ctx = ngx_http_pserver_get_ctx(r);
    cln = ngx_http_cleanup_add(r, 0);

    if (ctx == NULL || cln == NULL
        || ngx_http_pserver_exchange_headers(ex, r) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        ngx_post_event(&ex->over, &ngx_posted_events);
        return;
    }

    ctx->exchange = ex;
    ex->request = r;

    cln->handler = ngx_http_pserver_exchange_cleanup;
    cln->data = ex;

    ngx_http_pserver_exchange_n++;

    if (ex->timeout) {
        ex->timer.handler = ngx_http_pserver_exchange_timer;
        ex->timer.data = c;
        ex->timer.log = c->log;

        ngx_add_timer(&ex->timer, ex->timeout);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "http pserver exchange: %V \"%V\"", &r->method_name,
                   &r->uri);

    rc = r->content_handler(r);

    if (ex->patient && ex->request && r->upstream) {
        ngx_http_pserver_exchange_patience(r);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


void
ngx_http_pserver_exchange_cancel(ngx_http_pserver_exchange_t *ex)
{
    ex->handler = NULL;

    if (ex->request) {
        ngx_http_pserver_exchange_end(ex);
    }
}


void
ngx_http_pserver_exchange_resume(ngx_http_pserver_exchange_t *ex)
{
    ngx_connection_t  *c;

    if (ex->request == NULL) {
        return;
    }

    c = ex->request->connection;

    c->read->ready = 1;

    ngx_post_event(c->read, &ngx_posted_events);
}


static ngx_http_request_t *
ngx_http_pserver_exchange_request(ngx_http_pserver_exchange_t *ex,
    ngx_connection_t *c)
{
    u_char                           *p;
    ngx_buf_t                        *b;
    ngx_http_request_t               *r;
    ngx_http_request_body_t          *rb;
    ngx_http_pserver_exchange_loc_t  *location;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NULL;
    }

    c->data = r;

    r->http_version = NGX_HTTP_VERSION_11;
    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    r->internal = 1;
    r->expect_tested = 1;
    r->valid_location = 1;
    r->write_event_handler = ngx_http_pserver_exchange_empty_handler;

#if (NGX_HTTP_SSL)
    ngx_str_set(&r->schema, "http");
#endif

    r->method = ex->method;

    switch (ex->method) {

    case NGX_HTTP_POST:
        ngx_str_set(&r->method_name, "POST");
        break;

    case NGX_HTTP_DELETE:
        ngx_str_set(&r->method_name, "DELETE");
        break;

    default: /* NGX_HTTP_GET */
        ngx_str_set(&r->method_name, "GET");
    }

    r->http_protocol.len = sizeof("HTTP/1.1") - 1;
    r->http_protocol.data = (u_char *) "HTTP/1.1";

    location = ex->location;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        goto failed;
    }

    r->uri.len = location->name.len + ex->uri.len;
    r->uri.data = ngx_pnalloc(r->pool, r->uri.len + 1 + ex->args.len);
    rb = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    b = ngx_calloc_buf(r->pool);

    if (r->uri.data == NULL || rb == NULL || b == NULL) {
        goto failed;
    }

    p = ngx_cpymem(r->uri.data, location->name.data, location->name.len);

    if (ex->uri.len) {
        p = ngx_cpymem(p, ex->uri.data, ex->uri.len);
    }

    r->unparsed_uri = r->uri;

    if (ex->args.len) {
        *p++ = '?';
        r->args.data = p;
        r->args.len = ex->args.len;
        ngx_memcpy(p, ex->args.data, ex->args.len);
        r->unparsed_uri.len += 1 + ex->args.len;
    }

    r->request_line = r->unparsed_uri;

    ngx_http_set_exten(r);

    r->request_body = rb;

    r->loc_conf = location->clcf->loc_conf;
    ngx_http_update_location_config(r);

    if (ex->body.len) {
        b->pos = ex->body.data;
        b->last = ex->body.data + ex->body.len;
        b->memory = 1;
        b->last_buf = 1;

        rb->bufs = ngx_alloc_chain_link(r->pool);
        if (rb->bufs == NULL) {
            goto failed;
        }

        rb->bufs->buf = b;
        rb->bufs->next = NULL;
    }

    r->headers_in.content_length_n = ex->body.len;

    return r;

failed:

    r->logged = 1;
    ngx_http_free_request(r, 0);

    return NULL;
}


/* what the peer gets to see beside what the location itself sets */

static ngx_int_t
ngx_http_pserver_exchange_headers(ngx_http_pserver_exchange_t *ex,
    ngx_http_request_t *r)
{
    ngx_str_t         tcp = ngx_string("tcp");
    ngx_table_elt_t  *h;

    if (ex->type.len) {
        h = ngx_http_pserver_exchange_add_header(r, "Content-Type",
                                                 "content-type", &ex->type);
        if (h == NULL) {
            return NGX_ERROR;
        }

        r->headers_in.content_type = h;
    }

    if (ex->tunnel) {

        /* sent on by the proxy_set_header that the directive installs */

        h = ngx_http_pserver_exchange_add_header(r, "Upgrade", "upgrade",
                                                 &tcp);
        if (h == NULL) {
            return NGX_ERROR;
        }

        r->headers_in.upgrade = h;
        r->connection->read->ready = 1;
    }

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_pserver_exchange_add_header(ngx_http_request_t *r, const char *key,
    const char *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(key);
    h->key.data = (u_char *) key;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value = *value;

    return h;
}


/*
 * A peer that waits for a container is silent for longer than any
 * proxy_read_timeout that is right for a failover: this request reads with
 * a copy of the configuration, and the exchange's own timer bounds it.
 */

static void
ngx_http_pserver_exchange_patience(ngx_http_request_t *r)
{
    ngx_connection_t          *pc;
    ngx_http_upstream_conf_t  *conf;

    conf = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));
    if (conf == NULL) {
        return;
    }

    *conf = *r->upstream->conf;
    conf->read_timeout = NGX_MAX_INT32_VALUE;

    r->upstream->conf = conf;

    /* over a unix socket the request may have gone out already */

    pc = r->upstream->peer.connection;

    if (pc && pc->read->timer_set) {
        ngx_add_timer(pc->read, conf->read_timeout);
    }
}


ngx_int_t
ngx_http_pserver_exchange_header(ngx_http_request_t *r,
    ngx_http_pserver_exchange_t *ex)
{
    ex->status = r->headers_out.status;

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    if (r->headers_out.content_length_n > (off_t) ex->limit) {
        ex->too_large = 1;
        ex->aborted = 1;
        return NGX_ERROR;
    }

    if (ex->tunnel && ex->status == NGX_HTTP_SWITCHING_PROTOCOLS
        && ex->tunnel->opened)
    {
        ex->tunnel->opened(ex);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_exchange_body(ngx_http_request_t *r,
    ngx_http_pserver_exchange_t *ex, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b) && b->last > b->pos) {

            if (ngx_http_pserver_exchange_store(ex, b->pos, b->last - b->pos)
                != NGX_OK)
            {
                ex->aborted = 1;
                return NGX_ERROR;
            }

            b->pos = b->last;
        }

        if (b->last_buf) {
            ex->complete = 1;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_exchange_store(ngx_http_pserver_exchange_t *ex,
    u_char *data, size_t len)
{
    u_char  *p;
    size_t   size;

    if (len > ex->limit - ex->answer.len) {
        ex->too_large = 1;
        return NGX_ERROR;
    }

    if (len > ex->allocated - ex->answer.len) {
        size = ngx_max(2 * ex->allocated, NGX_HTTP_PSERVER_EXCHANGE_BUFFER);
        size = ngx_max(size, ex->answer.len + len);
        size = ngx_min(size, ex->limit);

        p = ngx_pnalloc(ex->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (ex->answer.len) {
            ngx_memcpy(p, ex->answer.data, ex->answer.len);
            ngx_pfree(ex->pool, ex->answer.data);
        }

        ex->answer.data = p;
        ex->allocated = size;
    }

    ngx_memcpy(ex->answer.data + ex->answer.len, data, len);
    ex->answer.len += len;

    return NGX_OK;
}


/* ends the request from outside its own handlers */

static void
ngx_http_pserver_exchange_end(ngx_http_pserver_exchange_t *ex)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ex->request;
    c = r->connection;

    /* its upstream, which is finalized on the way, gives back a count too */

    r->main->count++;

    ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    ngx_http_run_posted_requests(c);
}


/* runs however the request ends; what follows does so from the event loop */

static void
ngx_http_pserver_exchange_cleanup(void *data)
{
    ngx_http_pserver_exchange_t  *ex = data;

    if (ex->timer.timer_set) {
        ngx_del_timer(&ex->timer);
    }

    /* a tunnel's source may have more: nginx must not linger over it */
    ex->request->connection->read->ready = 0;

    ex->request = NULL;
    ngx_http_pserver_exchange_n--;

    if (ex->timedout) {
        ex->rc = NGX_HTTP_REQUEST_TIME_OUT;

    } else if (ex->complete && !ex->aborted) {
        ex->rc = NGX_OK;

    } else {
        ex->rc = ex->status ? NGX_ABORT : NGX_ERROR;
    }

    ngx_post_event(&ex->over, &ngx_posted_events);
}


static void
ngx_http_pserver_exchange_timer(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_exchange_t  *ex;

    c = ev->data;
    ctx = ngx_http_get_module_ctx((ngx_http_request_t *) c->data,
                                  ngx_http_pserver_module);
    ex = ctx->exchange;

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "pserver: exchange timed out after %M ms", ex->timeout);

    ex->timedout = 1;

    ngx_http_pserver_exchange_end(ex);
}


static void
ngx_http_pserver_exchange_over(ngx_event_t *ev)
{
    ngx_http_pserver_exchange_t  *ex = ev->data;

    if (ex->rc != NGX_OK) {
        ngx_http_pserver_count(exchanges_failed, 1);
    }

    if (ex->handler) {
        ex->handler(ex);
    }

    ngx_destroy_pool(ex->pool);

    ngx_http_pserver_release();
}


static void
ngx_http_pserver_exchange_empty_handler(ngx_http_request_t *r)
{
    /* void */
}
