/*
 * The connection of an exchange.
 *
 * Its socket is real but connected to nothing: it never enters epoll, but
 * every part of nginx that walks over connections (shutdown, reuse,
 * accounting) finds one that it understands.
 */


#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_exchange_connection.h"


static void ngx_http_pserver_exchange_read(ngx_event_t *rev);
static void ngx_http_pserver_exchange_write(ngx_event_t *wev);
static void ngx_http_pserver_exchange_event(ngx_event_t *ev,
    ngx_uint_t write);
static ssize_t ngx_http_pserver_exchange_recv(ngx_connection_t *c,
    u_char *buf, size_t size);
static ssize_t ngx_http_pserver_exchange_send_bytes(ngx_connection_t *c,
    u_char *buf, size_t size);
static ngx_chain_t *ngx_http_pserver_exchange_send_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static u_char *ngx_http_pserver_exchange_log(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_str_t            ngx_http_pserver_exchange_addr =
    ngx_string("pserver");

static struct sockaddr_un   ngx_http_pserver_exchange_sockaddr;


ngx_connection_t *
ngx_http_pserver_exchange_connection(ngx_http_conf_ctx_t *conf_ctx)
{
    ngx_log_t              *log;
    ngx_socket_t            fd;
    ngx_connection_t       *c;
    ngx_http_log_ctx_t     *ctx;
    ngx_http_connection_t  *hc;

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      ngx_socket_n " failed");
        return NULL;
    }

    c = ngx_get_connection(fd, ngx_cycle->log);

    if (c == NULL) {
        if (ngx_close_socket(fd) == -1) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                          ngx_close_socket_n " failed");
        }

        return NULL;
    }

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    c->pool = ngx_create_pool(1024, ngx_cycle->log);
    if (c->pool == NULL) {
        goto failed;
    }

    log = ngx_palloc(c->pool, sizeof(ngx_log_t));
    ctx = ngx_pcalloc(c->pool, sizeof(ngx_http_log_ctx_t));
    hc = ngx_pcalloc(c->pool, sizeof(ngx_http_connection_t));

    c->buffer = ngx_create_temp_buf(c->pool, 1);

    if (log == NULL || ctx == NULL || hc == NULL || c->buffer == NULL) {
        goto failed;
    }

    *log = *ngx_cycle->log;

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    ctx->connection = c;

    log->connection = c->number;
    log->handler = ngx_http_pserver_exchange_log;
    log->data = ctx;
    log->action = "exchanging";

    c->log = log;
    c->pool->log = log;
    c->read->log = log;
    c->write->log = log;
    c->log_error = NGX_ERROR_INFO;

    c->type = SOCK_STREAM;
    c->start_time = ngx_current_msec;

    ngx_http_pserver_exchange_sockaddr.sun_family = AF_UNIX;

    c->sockaddr = (struct sockaddr *) &ngx_http_pserver_exchange_sockaddr;
    c->socklen = offsetof(struct sockaddr_un, sun_path);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    c->addr_text = ngx_http_pserver_exchange_addr;

    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

    /* "active" on both sides keeps it out of epoll */

    c->read->active = 1;
    c->read->handler = ngx_http_pserver_exchange_read;
    c->write->active = 1;
    c->write->ready = 1;
    c->write->handler = ngx_http_pserver_exchange_write;

    c->recv = ngx_http_pserver_exchange_recv;
    c->send = ngx_http_pserver_exchange_send_bytes;
    c->send_chain = ngx_http_pserver_exchange_send_chain;

    hc->conf_ctx = conf_ctx;
    c->data = hc;

    return c;

failed:

    if (c->pool) {
        ngx_http_close_connection(c);
        return NULL;
    }

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif

    ngx_close_connection(c);

    return NULL;
}


static void
ngx_http_pserver_exchange_read(ngx_event_t *rev)
{
    ngx_http_pserver_exchange_event(rev, 0);
}


static void
ngx_http_pserver_exchange_write(ngx_event_t *wev)
{
    ngx_http_pserver_exchange_event(wev, 1);
}


static void
ngx_http_pserver_exchange_event(ngx_event_t *ev, ngx_uint_t write)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ev->data;
    r = c->data;

    if (c->close || c->error) {

        /* worker_shutdown_timeout */

        r->main->count++;
        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);

    } else if (write) {
        r->write_event_handler(r);

    } else {
        r->read_event_handler(r);
    }

    ngx_http_run_posted_requests(c);
}


static ssize_t
ngx_http_pserver_exchange_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    ssize_t                       n;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_exchange_t  *ex;

    ctx = ngx_http_get_module_ctx((ngx_http_request_t *) c->data,
                                  ngx_http_pserver_module);
    ex = ctx->exchange;

    n = NGX_AGAIN;

    if (ex->tunnel && ex->status == NGX_HTTP_SWITCHING_PROTOCOLS) {
        n = ex->tunnel->source(ex, buf, size);
    }

    if (n == NGX_AGAIN) {
        c->read->ready = 0;
    }

    return n;
}


static ssize_t
ngx_http_pserver_exchange_send_bytes(ngx_connection_t *c, u_char *buf,
    size_t size)
{
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_exchange_t  *ex;

    ctx = ngx_http_get_module_ctx((ngx_http_request_t *) c->data,
                                  ngx_http_pserver_module);
    ex = ctx->exchange;

    if (ex->tunnel == NULL || ex->tunnel->sink(ex, buf, size) != NGX_OK) {
        ex->aborted = 1;
        return NGX_ERROR;
    }

    c->sent += size;

    return size;
}


static ngx_chain_t *
ngx_http_pserver_exchange_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    ngx_log_error(NGX_LOG_ALERT, c->log, 0,
                  "pserver: an exchange's answer passed its filter");

    return NGX_CHAIN_ERROR;
}


static u_char *
ngx_http_pserver_exchange_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    ctx = log->data;
    r = ctx->request;

    p = ngx_snprintf(buf, len, " while exchanging");

    if (r) {
        p = r->log_handler(r, ctx->current_request, p, len - (p - buf));
    }

    return p;
}
