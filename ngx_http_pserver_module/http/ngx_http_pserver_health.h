/*
 * What anyone may know of the server: GET /health, GET /api/v1/identity,
 * and for the operator GET of a "pserver status" location.
 */

#ifndef _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_
#define _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_


#include "ngx_http_pserver_module.h"


ngx_int_t ngx_http_pserver_health_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_identity_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_ */
