/*
 * What the routes of the store answer when they can't.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_ANSWER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_ANSWER_H_INCLUDED_


#include "ngx_http_pserver_store.h"


/* sets the error for a code of the store, logs faults; the status */
ngx_int_t ngx_http_pserver_store_error(ngx_http_request_t *r, ngx_uint_t rc,
    ngx_err_t err);

/*
 * The same about a file of an owner: what owner->file had, which the log
 * gets as the path from pserver_store on.
 */
ngx_int_t ngx_http_pserver_store_file_error(ngx_http_request_t *r,
    ngx_uint_t rc, ngx_err_t err, const pserver_address_t *owner,
    const char *file);

/* that path, terminated by a zero */

#define NGX_HTTP_PSERVER_STORE_PATH                                           \
    (sizeof("owners//") - 1 + 40 + NGX_HTTP_PSERVER_OBJECT_FILE)

void ngx_http_pserver_store_path(char path[NGX_HTTP_PSERVER_STORE_PATH],
    const pserver_address_t *owner, const char *file);

/* what the log says of an rc for which store_is_bad() */
const char *ngx_http_pserver_store_why(ngx_uint_t rc);

/* 503: no thread, or no log */
ngx_int_t ngx_http_pserver_store_busy(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_STORE_ANSWER_H_INCLUDED_ */
