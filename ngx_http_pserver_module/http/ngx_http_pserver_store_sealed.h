/*
 * GET /v1/data/{scope} with "Accept: application/vnd.pserver.sealed": the
 * file as it lies on the disk, for its owner, to keep elsewhere.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_SEALED_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_SEALED_H_INCLUDED_


#include "ngx_http_pserver_store_get.h"


#define NGX_HTTP_PSERVER_SEALED_TYPE  "application/vnd.pserver.sealed"


/* 1: the client names this media type */
ngx_uint_t ngx_http_pserver_sealed_accepted(ngx_http_request_t *r);

/*
 * Of an object that is open: the header, and what the client wants of the
 * file, as nginx sends its own; finalizes the request.
 */
void ngx_http_pserver_sealed_answer(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);


#endif /* _NGX_HTTP_PSERVER_STORE_SEALED_H_INCLUDED_ */
