/*
 * What anyone may know of the server.
 */

#ifndef _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_
#define _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* GET /health */
ngx_int_t ngx_http_pserver_health_handler(ngx_http_request_t *r);

/* GET /api/v1/identity?address=0x.. */
ngx_int_t ngx_http_pserver_identity_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_HEALTH_H_INCLUDED_ */
