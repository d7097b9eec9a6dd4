/*
 * A small request body, whole, in memory.  It is read unbuffered, so that
 * nginx writes nothing of it to client_body_temp_path.
 */

#ifndef _NGX_HTTP_PSERVER_BODY_H_INCLUDED_
#define _NGX_HTTP_PSERVER_BODY_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* body: all of it, in r->pool; finalizes the request, now or later */
typedef void (*ngx_http_pserver_body_handler_pt)(ngx_http_request_t *r,
    ngx_str_t *body);

/*
 * For content handlers: "return ngx_http_pserver_body_read(..)".  Over max
 * bytes the request ends with 413.  The request is held until the handler
 * finalizes it.
 */
ngx_int_t ngx_http_pserver_body_read(ngx_http_request_t *r, size_t max,
    ngx_http_pserver_body_handler_pt handler);


#endif /* _NGX_HTTP_PSERVER_BODY_H_INCLUDED_ */
