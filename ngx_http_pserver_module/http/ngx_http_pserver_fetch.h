/*
 * Fetches what a URL names that somebody else has chosen: ipfs:// through
 * the exchange location of "pserver_gateway", verified against its CID, and
 * https:// from the hosts of "pserver_https".
 *
 * A name is resolved here, by the resolver of the location, and the question
 * goes to an address that was looked at: no name leads to an address that is
 * not public, also not at second sight.  A redirect is no answer.
 */

#ifndef _NGX_HTTP_PSERVER_FETCH_H_INCLUDED_
#define _NGX_HTTP_PSERVER_FETCH_H_INCLUDED_


#include "ngx_http_pserver_exchange.h"

#include "../core/cid.h"
#include "../core/https.h"


typedef struct {
    ngx_str_t                        name;
    in_port_t                        port;
} ngx_http_pserver_https_host_t;


struct ngx_http_pserver_https_s {
    ngx_str_t                        name;       /* of the location */
    ngx_http_pserver_exchange_loc_t *loc;
    ngx_array_t                      hosts;      /* of https_host_t */
    ngx_flag_t                       private;    /* any address will do */
};


typedef struct ngx_http_pserver_fetch_s  ngx_http_pserver_fetch_t;

typedef void (*ngx_http_pserver_fetch_handler_pt)(
    ngx_http_pserver_fetch_t *fetch);


/*
 * A fetch is memory of its own.  It ends in exactly one of two ways: the
 * handler is called, once, from the event loop and never from inside
 * ngx_http_pserver_fetch_start(), and it is gone when that returns; or it
 * was cancelled and is gone.
 */

struct ngx_http_pserver_fetch_s {

    /* set by the caller between create and start */

    ngx_http_pserver_loc_conf_t     *plcf;
    pserver_str_t                    url;        /* outlives the fetch */
    size_t                           limit;      /* of the content */
    ngx_msec_t                       timeout;    /* of all of it */
    ngx_uint_t                       unverified; /* 1: of an ipfs:// URL the
                                                    content is what the
                                                    gateway sent; see
                                                    core/ipfs */
    ngx_http_pserver_fetch_handler_pt  handler;
    void                            *data;

    /* the result; where NGX_ERROR is, the log says why */

    ngx_int_t                        rc;
    ngx_uint_t                       too_large;  /* 1: over the limit */
    ngx_str_t                        content;    /* until the handler
                                                    returns */

    ngx_pool_t                      *pool;

    /* private */

    pserver_cid_t                    cid;
    pserver_str_t                    text;       /* of the CID */
    pserver_https_t                  https;
    ngx_http_pserver_peer_t          peer;
    ngx_pool_t                      *holds;      /* the content */

    ngx_http_pserver_exchange_t     *ex;
    ngx_resolver_ctx_t              *resolve;
    ngx_event_t                      over;
    ngx_msec_t                       deadline;
    unsigned                         raw:1;      /* the block is asked for */
};


/* 1 if this location fetches such a URL; says nothing about what is there */
ngx_uint_t ngx_http_pserver_fetch_takes(ngx_http_pserver_loc_conf_t *plcf,
    pserver_str_t url);

/* NULL: no memory */
ngx_http_pserver_fetch_t *ngx_http_pserver_fetch_create(void);

void ngx_http_pserver_fetch_start(ngx_http_pserver_fetch_t *fetch);
void ngx_http_pserver_fetch_cancel(ngx_http_pserver_fetch_t *fetch);

/*
 * In the handler: the content as memory of the caller, who frees it with
 * ngx_free(); a large one is not copied.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_fetch_take(ngx_http_pserver_fetch_t *fetch,
    ngx_str_t *content);


/* the directive "pserver_https", and its location after the merge */
char *ngx_http_pserver_https(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pserver_https_find(ngx_conf_t *cf,
    ngx_http_pserver_https_t *https);

/* the entry of a host that may be asked, or NULL */
ngx_http_pserver_https_host_t *ngx_http_pserver_https_host(
    ngx_http_pserver_https_t *https, pserver_https_t *url);


#endif /* _NGX_HTTP_PSERVER_FETCH_H_INCLUDED_ */
