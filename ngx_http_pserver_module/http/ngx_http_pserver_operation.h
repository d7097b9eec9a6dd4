/*
 * Operations: what the configuration offers to apps, and the routes by
 * which an app starts one, looks after it, and cancels it.
 */

#ifndef _NGX_HTTP_PSERVER_OPERATION_H_INCLUDED_
#define _NGX_HTTP_PSERVER_OPERATION_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/container.h"
#include "../core/ledger.h"
#include "../core/permission.h"


#define NGX_HTTP_PSERVER_TIME_LEN  20            /* of store_time() */

/* unless the operation has "attempts=" */
#define NGX_HTTP_PSERVER_OPERATION_ATTEMPTS  2


struct ngx_http_pserver_operation_s {
    pserver_container_t              container;
    pserver_offer_t                  offer;      /* the same name and image */
    ngx_msec_t                       timeout;    /* of a run */
    ngx_uint_t                       attempts;
    size_t                           input;      /* bytes that go in */
    size_t                           output;     /* bytes that come out */
    ngx_uint_t                       warm;       /* blank ones, an engine */
};


/* the directive "pserver_operation" */
char *ngx_http_pserver_operation(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* NULL: there is none of this name */
ngx_http_pserver_operation_t *ngx_http_pserver_operation_find(
    ngx_http_pserver_loc_conf_t *plcf, pserver_str_t *name);

/* all offers of a location, in the pool; NULL: no memory */
pserver_offer_t *ngx_http_pserver_operation_offers(
    ngx_http_pserver_loc_conf_t *plcf, ngx_pool_t *pool);

/* writes ,"name":"<time>", or null for 0; returns the end */
u_char *ngx_http_pserver_status_time(u_char *p, const char *name,
    uint64_t msec);

/*
 * POST with "Prefer: wait": finalizes the request when the operation has
 * ended, with its status, or after "wait" seconds, with what "created" has.
 * app is who asks; both and created->data live as long as the request.
 */
void ngx_http_pserver_status_wait(ngx_http_request_t *r,
    const pserver_address_t *app, const u_char id[PSERVER_LEDGER_ID_LEN],
    ngx_uint_t wait, ngx_str_t *created);


#endif /* _NGX_HTTP_PSERVER_OPERATION_H_INCLUDED_ */
