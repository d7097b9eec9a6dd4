/*
 * A fetch:
 *
 *   ipfs://   CAR ──► (none: the block alone) ──► verified
 *   https://  name ──► address ──► answer
 */


#include "ngx_http_pserver_fetch.h"
#include "../core/ipfs.h"


static void ngx_http_pserver_fetch_ipfs(ngx_http_pserver_fetch_t *fetch);
static void ngx_http_pserver_fetch_block(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_fetch_resolve(ngx_http_pserver_fetch_t *fetch);
static void ngx_http_pserver_fetch_resolved(ngx_resolver_ctx_t *resolve);
static ngx_int_t ngx_http_pserver_fetch_peer(ngx_http_pserver_fetch_t *fetch,
    ngx_resolver_ctx_t *resolve);
static ngx_uint_t ngx_http_pserver_fetch_public(struct sockaddr *sockaddr);
static void ngx_http_pserver_fetch_answer(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_fetch_answered(ngx_http_pserver_fetch_t *fetch,
    ngx_http_pserver_exchange_t *ex);
static ngx_int_t ngx_http_pserver_fetch_send(ngx_http_pserver_fetch_t *fetch,
    ngx_http_pserver_exchange_loc_t *location,
    ngx_http_pserver_exchange_handler_pt handler);
static void ngx_http_pserver_fetch_end(ngx_http_pserver_fetch_t *fetch);
static void ngx_http_pserver_fetch_failed(ngx_http_pserver_fetch_t *fetch,
    const char *why);
static void ngx_http_pserver_fetch_over(ngx_event_t *ev);


ngx_uint_t
ngx_http_pserver_fetch_takes(ngx_http_pserver_loc_conf_t *plcf,
    pserver_str_t url)
{
    pserver_cid_t    cid;
    pserver_str_t    text;
    pserver_https_t  https;

    if (pserver_cid_url(url, &text, &cid) == PSERVER_OK) {
        return plcf->gateway_loc != NULL;
    }

    return plcf->https
           && pserver_https_parse(url, &https) == PSERVER_OK
           && ngx_http_pserver_https_host(plcf->https, &https) != NULL;
}


ngx_http_pserver_fetch_t *
ngx_http_pserver_fetch_create(void)
{
    ngx_pool_t                *pool;
    ngx_http_pserver_fetch_t  *fetch;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    fetch = ngx_pcalloc(pool, sizeof(ngx_http_pserver_fetch_t));
    if (fetch == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    fetch->pool = pool;
    fetch->rc = NGX_ERROR;

    fetch->over.handler = ngx_http_pserver_fetch_over;
    fetch->over.data = fetch;
    fetch->over.log = ngx_cycle->log;

    return fetch;
}


void
ngx_http_pserver_fetch_start(ngx_http_pserver_fetch_t *fetch)
{
    fetch->deadline = ngx_current_msec + fetch->timeout;

    if (!ngx_http_pserver_fetch_takes(fetch->plcf, fetch->url)) {
        ngx_http_pserver_fetch_failed(fetch, "its URL is not fetched here");
        return;
    }

    if (pserver_cid_url(fetch->url, &fetch->text, &fetch->cid)
        == PSERVER_OK)
    {
        ngx_http_pserver_fetch_ipfs(fetch);
        return;
    }

    (void) pserver_https_parse(fetch->url, &fetch->https);

    ngx_http_pserver_fetch_resolve(fetch);
}


void
ngx_http_pserver_fetch_cancel(ngx_http_pserver_fetch_t *fetch)
{
    if (fetch->ex) {
        ngx_http_pserver_exchange_cancel(fetch->ex);
    }

    if (fetch->resolve) {
        ngx_resolve_name_done(fetch->resolve);
    }

    if (fetch->over.posted) {
        ngx_delete_posted_event(&fetch->over);
    }

    ngx_destroy_pool(fetch->pool);
}


/* a file in one block is asked for as that block, by every gateway answered;
   of a node nobody knows whether it is all: its blocks come as a CAR */

static void
ngx_http_pserver_fetch_ipfs(ngx_http_pserver_fetch_t *fetch)
{
    fetch->raw |= (fetch->cid.codec == PSERVER_CID_RAW);

    if (ngx_http_pserver_fetch_send(fetch, fetch->plcf->gateway_loc,
                                    ngx_http_pserver_fetch_block)
        != NGX_OK)
    {
        ngx_http_pserver_fetch_failed(fetch, "there is no memory");
    }
}


static void
ngx_http_pserver_fetch_block(ngx_http_pserver_exchange_t *ex)
{
    int                        rc;
    ngx_http_pserver_fetch_t  *fetch;

    fetch = ex->data;
    fetch->ex = NULL;

    /* a gateway that has no CARs may have the block */

    if (ex->rc == NGX_OK && ex->status != NGX_HTTP_OK && !fetch->raw) {
        fetch->raw = 1;
        ngx_http_pserver_fetch_ipfs(fetch);
        return;
    }

    if (ex->rc != NGX_OK || ex->status != NGX_HTTP_OK) {
        fetch->too_large = ex->too_large;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pserver: \"%*s\" could not be fetched, status %ui",
                      fetch->url.len, fetch->url.data, ex->status);
        ngx_http_pserver_fetch_end(fetch);
        return;
    }

    if (fetch->unverified) {
        ngx_http_pserver_fetch_answered(fetch, ex);
        return;
    }

    fetch->holds = fetch->pool;
    fetch->content.data = ngx_pnalloc(fetch->pool, fetch->limit);

    rc = PSERVER_NOMEM;

    if (fetch->content.data) {
        rc = pserver_ipfs_file(&fetch->cid, ex->answer.data, ex->answer.len,
                               fetch->content.data, fetch->limit,
                               &fetch->content.len);
    }

    if (rc == PSERVER_OK) {
        fetch->rc = NGX_OK;

    } else {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pserver: \"%*s\" is not what its CID names, "
                      "or over %uz bytes", fetch->url.len, fetch->url.data,
                      fetch->limit);
    }

    ngx_http_pserver_fetch_end(fetch);
}


static void
ngx_http_pserver_fetch_resolve(ngx_http_pserver_fetch_t *fetch)
{
    ngx_resolver_ctx_t        *resolve;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = fetch->plcf->https->loc->clcf;

    resolve = ngx_resolve_start(clcf->resolver, NULL);

    if (resolve == NULL || resolve == NGX_NO_RESOLVER) {
        ngx_http_pserver_fetch_failed(fetch, "there is no resolver");
        return;
    }

    resolve->name.len = fetch->https.host.len;
    resolve->name.data = fetch->https.host.data;
    resolve->handler = ngx_http_pserver_fetch_resolved;
    resolve->data = fetch;
    resolve->timeout = ngx_min(clcf->resolver_timeout, fetch->timeout);

    fetch->resolve = resolve;

    /* this may call the handler, which asks on and so calls nobody back */

    if (ngx_resolve_name(resolve) != NGX_OK) {
        fetch->resolve = NULL;
        ngx_http_pserver_fetch_failed(fetch, "its host could not be resolved");
    }
}


static void
ngx_http_pserver_fetch_resolved(ngx_resolver_ctx_t *resolve)
{
    ngx_int_t                  rc;
    ngx_http_pserver_fetch_t  *fetch;

    fetch = resolve->data;
    fetch->resolve = NULL;

    if (resolve->state) {
        ngx_http_pserver_fetch_failed(fetch,
                                      "its host could not be resolved");
        ngx_resolve_name_done(resolve);
        return;
    }

    rc = ngx_http_pserver_fetch_peer(fetch, resolve);

    ngx_resolve_name_done(resolve);

    if (rc == NGX_DECLINED) {
        ngx_http_pserver_fetch_failed(fetch, "its host has no public address");
        return;
    }

    if (rc != NGX_OK
        || ngx_http_pserver_fetch_send(fetch, fetch->plcf->https->loc,
                                       ngx_http_pserver_fetch_answer)
           != NGX_OK)
    {
        ngx_http_pserver_fetch_failed(fetch, "there is no memory");
    }
}


/* the first address that may be asked, and what is asked there */

static ngx_int_t
ngx_http_pserver_fetch_peer(ngx_http_pserver_fetch_t *fetch,
    ngx_resolver_ctx_t *resolve)
{
    u_char                    *p;
    ngx_uint_t                 i;
    ngx_sockaddr_t             sa;
    pserver_https_t           *url;
    ngx_http_pserver_peer_t   *peer;

    url = &fetch->https;
    peer = &fetch->peer;

    for (i = 0; i < resolve->naddrs; i++) {
        if (fetch->plcf->https->private
            || ngx_http_pserver_fetch_public(resolve->addrs[i].sockaddr))
        {
            break;
        }
    }

    if (i == resolve->naddrs) {
        return NGX_DECLINED;
    }

    ngx_memcpy(&sa, resolve->addrs[i].sockaddr, resolve->addrs[i].socklen);
    ngx_inet_set_port(&sa.sockaddr, (in_port_t) url->port);

    p = ngx_pnalloc(fetch->pool, NGX_SOCKADDR_STRLEN + 1 + url->path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    peer->address.data = p;
    peer->address.len = ngx_sock_ntop(&sa.sockaddr,
                                      resolve->addrs[i].socklen, p,
                                      NGX_SOCKADDR_STRLEN, 1);

    peer->name.len = url->host.len;
    peer->name.data = url->host.data;
    peer->host.len = url->authority.len;
    peer->host.data = url->authority.data;

    peer->path.data = p + NGX_SOCKADDR_STRLEN;
    p = peer->path.data;

    if (url->path.len == 0 || url->path.data[0] == '?') {
        *p++ = '/';
    }

    p = ngx_cpymem(p, url->path.data, url->path.len);
    peer->path.len = p - peer->path.data;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pserver_fetch_public(struct sockaddr *sockaddr)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sockaddr;
        return pserver_https_public((u_char *) &sin->sin_addr, 4);

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sockaddr;
        return pserver_https_public((u_char *) &sin6->sin6_addr, 16);
#endif

    default:
        return 0;
    }
}


static void
ngx_http_pserver_fetch_answer(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_fetch_t  *fetch;

    fetch = ex->data;
    fetch->ex = NULL;

    if (ex->rc == NGX_OK && ex->status == NGX_HTTP_OK) {
        ngx_http_pserver_fetch_answered(fetch, ex);
        return;
    }

    fetch->too_large = ex->too_large;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pserver: a file from \"%V\" could not be fetched, "
                  "status %ui", &fetch->peer.host, ex->status);

    ngx_http_pserver_fetch_end(fetch);
}


/* what the exchange brought is the content: this is in its handler */

static void
ngx_http_pserver_fetch_answered(ngx_http_pserver_fetch_t *fetch,
    ngx_http_pserver_exchange_t *ex)
{
    fetch->content = ex->answer;
    fetch->holds = ex->pool;
    fetch->rc = NGX_OK;

    ngx_http_pserver_fetch_end(fetch);
}


ngx_int_t
ngx_http_pserver_fetch_take(ngx_http_pserver_fetch_t *fetch,
    ngx_str_t *content)
{
    ngx_pool_large_t  *large;

    *content = fetch->content;

    /* what is large is malloc'd, and the pool forgets it */

    for (large = fetch->holds->large; large; large = large->next) {

        if (large->alloc == content->data && content->len) {
            large->alloc = NULL;
            return NGX_OK;
        }
    }

    content->data = ngx_alloc(content->len + 1, ngx_cycle->log);
    if (content->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(content->data, fetch->content.data, content->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_fetch_send(ngx_http_pserver_fetch_t *fetch,
    ngx_http_pserver_exchange_loc_t *location,
    ngx_http_pserver_exchange_handler_pt handler)
{
    ngx_msec_int_t                left;
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_exchange_create(location);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    if (location->https) {
        ex->peer = &fetch->peer;
        ex->limit = fetch->limit;

    } else {
        ex->uri.data = fetch->text.data;
        ex->uri.len = fetch->text.len;
        ex->limit = pserver_ipfs_answer_max(fetch->limit);

        if (fetch->raw) {
            ngx_str_set(&ex->args, "format=raw");
        } else {
            ngx_str_set(&ex->args, "format=car");
        }
    }

    left = (ngx_msec_int_t) (fetch->deadline - ngx_current_msec);

    ex->timeout = (left > 0) ? left : 1;
    ex->handler = handler;
    ex->data = fetch;

    fetch->ex = ex;

    ngx_http_pserver_exchange_send(ex);

    return NGX_OK;
}


static void
ngx_http_pserver_fetch_end(ngx_http_pserver_fetch_t *fetch)
{
    fetch->handler(fetch);

    ngx_destroy_pool(fetch->pool);
}


static void
ngx_http_pserver_fetch_failed(ngx_http_pserver_fetch_t *fetch,
    const char *why)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pserver: a file could not be fetched: %s", why);

    ngx_post_event(&fetch->over, &ngx_posted_events);
}


static void
ngx_http_pserver_fetch_over(ngx_event_t *ev)
{
    ngx_http_pserver_fetch_end(ev->data);
}
