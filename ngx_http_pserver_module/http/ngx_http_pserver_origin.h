/*
 * "pserver_origin": the audiences that a signed request may name.
 */

#ifndef _NGX_HTTP_PSERVER_ORIGIN_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ORIGIN_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/origin.h"


char *ngx_http_pserver_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* what a location needs to know of its server{} for them */
char *ngx_http_pserver_origin_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *prev, ngx_http_pserver_loc_conf_t *conf);

/*
 * The origins of this location for this request, in r->pool, in their
 * order.  One with variables is left out unless its host is a name of the
 * server{} and its port, if it has one, is the one that the request came to.
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_origins(ngx_http_request_t *r,
    pserver_origins_t *origins);

/*
 * 1 if it is an origin of this location where there is no request: one
 * without variables, or, if there are some with variables, any whose host
 * is a name of the server{}.
 */
ngx_uint_t ngx_http_pserver_origin_own(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_origin_t *origin);


#endif /* _NGX_HTTP_PSERVER_ORIGIN_H_INCLUDED_ */
