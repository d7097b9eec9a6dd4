/*
 * What an owner has: all scopes, or all versions of one.  For threads.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_CATALOG_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_CATALOG_H_INCLUDED_


#include "ngx_http_pserver_store.h"

#include "../core/scope.h"


/* room for an item in the answer */

#define NGX_HTTP_PSERVER_CATALOG_ITEM_LEN  (PSERVER_SCOPE_MAX + 256)


typedef struct {
    u_char                           scope[PSERVER_SCOPE_MAX + 1];
    uint64_t                         number;         /* of the latest */
    uint64_t                         collected_at;
    uint64_t                         length;
    uint64_t                         versions;
} ngx_http_pserver_catalog_item_t;


typedef struct {
    /* what is asked for */
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_str_t                    scope;          /* versions of it */
    pserver_str_t                    prefix;         /* else: of scopes */
    pserver_str_t                   *patterns;       /* NULL: all of them */
    size_t                           npatterns;
    uint64_t                         limit;
    uint64_t                         offset;

    ngx_uint_t                       rc;
    ngx_err_t                        err;

    /* scopes in their order, or versions, the latest first; "count" items
       from "first" on were asked for */
    uint64_t                         total;
    uint64_t                         bad;            /* did not open */
    char                             file[NGX_HTTP_PSERVER_OBJECT_FILE];
                                                     /* the first of them,
                                                        or what rc is about */
    ngx_http_pserver_catalog_item_t *items;
    size_t                           first;
    size_t                           count;

    /* private */
    size_t                           nitems;
    size_t                           allocated;
} ngx_http_pserver_catalog_t;


/* data is the catalog, or what begins with one */
void ngx_http_pserver_catalog_read(void *data);

void ngx_http_pserver_catalog_free(ngx_http_pserver_catalog_t *catalog);


#endif /* _NGX_HTTP_PSERVER_STORE_CATALOG_H_INCLUDED_ */
