/*
 * Headers that nginx does not parse or make itself.
 */

#ifndef _NGX_HTTP_PSERVER_HEADER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_HEADER_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* the first one of this name, in lower case, or an empty text; how many there
   are */
ngx_uint_t ngx_http_pserver_header_find(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/* 1 for application/json, with or without parameters, and for none */
ngx_uint_t ngx_http_pserver_header_is_json(ngx_str_t *type);

/* adds one to the answer; both texts must outlive the request */
ngx_int_t ngx_http_pserver_header_add(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


#endif /* _NGX_HTTP_PSERVER_HEADER_H_INCLUDED_ */
