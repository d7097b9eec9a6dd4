/*
 * Errors of the two APIs.  A handler of any phase returns what these
 * return: the status.  Nothing is sent here: nginx renders the status as it
 * always does (satisfy, error_page, auth_request go on working), and where
 * it would have sent its own page, http/filter puts the JSON in its place.
 * Texts are constants: never user data, keys, signatures or upstream URLs.
 */

#ifndef _NGX_HTTP_PSERVER_ERROR_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ERROR_H_INCLUDED_


#include "ngx_http_pserver_module.h"


#define NGX_HTTP_PSERVER_LOCKED  423    /* RFC 4918, section 11.3 */


/* compute: {"detail":{"kind":"Error","detail","error_code","field"}};
   field may be NULL; {"detail"} alone where ctx->error.bare */
ngx_int_t ngx_http_pserver_error_compute(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *detail,
    const char *field);

/* compute, 422: {"detail":[{"loc":["body",loc],"msg","type"}]}; loc may be
   NULL */
ngx_int_t ngx_http_pserver_error_validation(ngx_http_request_t *r,
    const char *loc, const char *msg, const char *type);

/* the same for an argument of the query: "loc":["query",loc] */
ngx_int_t ngx_http_pserver_error_query(ngx_http_request_t *r,
    const char *loc, const char *msg, const char *type);

/* data, auth and grants: {"error":{"code","errorCode","message",
   "details":{"reason"}}}; reason may be NULL */
ngx_int_t ngx_http_pserver_error_data(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message,
    const char *reason);

/* data, content: {"error":"CODE","message"} */
ngx_int_t ngx_http_pserver_error_content(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *message);

/* 423: what is asked needs the owner's keys, and the owner has locked them;
   in the form of the location's API */
ngx_int_t ngx_http_pserver_error_locked(ngx_http_request_t *r);

/* what stands before an engine answers in its form: 403 {"message"} */
ngx_int_t ngx_http_pserver_error_engine(ngx_http_request_t *r,
    const char *message);

/* header filter: adds WWW-Authenticate to a 401 of this module */
ngx_int_t ngx_http_pserver_error_authenticate(ngx_http_request_t *r);

/* adds Retry-After, in seconds; NGX_ERROR: no memory */
ngx_int_t ngx_http_pserver_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


#endif /* _NGX_HTTP_PSERVER_ERROR_H_INCLUDED_ */
