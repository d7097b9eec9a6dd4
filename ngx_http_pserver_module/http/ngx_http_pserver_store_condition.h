/*
 * The store: conditions of a write or a deletion.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_CONDITION_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_CONDITION_H_INCLUDED_


#include "ngx_http_pserver_store.h"


typedef struct {
    pserver_str_t                    match;      /* empty: there is none */
    pserver_str_t                    none_match;
} ngx_http_pserver_condition_t;


/* from the headers; else the status of an error, which is set */
ngx_int_t ngx_http_pserver_condition_init(ngx_http_request_t *r,
    ngx_http_pserver_condition_t *condition);

/*
 * For threads, STORE_CONDITION: it does not hold for the latest version of
 * what the owner calls "scope".  What it says is true for as long as nobody
 * writes: to be asked under the lock of http/once.
 */
ngx_uint_t ngx_http_pserver_condition_holds(
    const ngx_http_pserver_condition_t *condition,
    ngx_http_pserver_owner_t *owner, pserver_str_t scope);


#endif /* _NGX_HTTP_PSERVER_STORE_CONDITION_H_INCLUDED_ */
