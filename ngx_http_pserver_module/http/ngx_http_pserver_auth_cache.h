/*
 * Signatures that were verified: a client that polls with one header pays
 * for one recovery.
 *
 * Of a header only a keyed hash is kept, with what its payload said.  It
 * answers for the signature and nothing else: audience, method, path and
 * time are checked anew for every request.  The memory is taken once, out
 * of the shared zone, so that headers of throwaway keys can push out each
 * other's and nothing else.
 */

#ifndef _NGX_HTTP_PSERVER_AUTH_CACHE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUTH_CACHE_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/web3signed.h"


typedef struct ngx_http_pserver_auth_cache_s  ngx_http_pserver_auth_cache_t;


/* for the zone's init: a part of its memory, or NULL if there is little */
ngx_http_pserver_auth_cache_t *ngx_http_pserver_auth_cache_create(
    ngx_slab_pool_t *shpool, size_t zone);

/*
 * The claims of this very header, in r->pool, if it was added before: all
 * but body_hash, which is not looked at for the methods that are kept.
 * NGX_DECLINED: it was not, or it is forgotten.
 */
ngx_int_t ngx_http_pserver_auth_cache_find(ngx_http_request_t *r,
    pserver_str_t header, pserver_web3signed_t *claims);

/* a header of GET or HEAD that was verified; one with long claims is not
   kept */
void ngx_http_pserver_auth_cache_add(pserver_str_t header,
    const pserver_web3signed_t *claims);


#endif /* _NGX_HTTP_PSERVER_AUTH_CACHE_H_INCLUDED_ */
