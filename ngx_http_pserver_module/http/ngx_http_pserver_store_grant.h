/*
 * May this app read this scope?
 */

#ifndef _NGX_HTTP_PSERVER_STORE_GRANT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_GRANT_H_INCLUDED_


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_permission.h"


typedef void (*ngx_http_pserver_grant_handler_pt)(ngx_http_request_t *r,
    ngx_int_t status);

typedef struct {
    ngx_http_pserver_permission_t        permission;
    ngx_http_pserver_grant_handler_pt    handler;
    unsigned                             waiting:1;
} ngx_http_pserver_grant_t;


/*
 * Asks, for ctx->scope (where there is none: for a list of what is covered)
 * and the grant that the request names.  handler gets
 * NGX_OK, with ctx->owner set, or the status of an error, which is set and
 * logged; grant->permission.facts live for the call, and posted requests are
 * run after it.  It is not called if the
 * request is terminated meanwhile.  NULL: no memory.
 */
ngx_http_pserver_grant_t *ngx_http_pserver_grant_check(
    ngx_http_request_t *r, ngx_http_pserver_grant_handler_pt handler);

/*
 * The permission that a signed request names: by the claim "grantId", else
 * by ?grantId, else by X-PS-Grant-Id.  NGX_DECLINED: none, or not a number.
 */
ngx_int_t ngx_http_pserver_grant_id(ngx_http_request_t *r,
    const ngx_http_pserver_claims_t *claims, pserver_word_t *id);


#endif /* _NGX_HTTP_PSERVER_STORE_GRANT_H_INCLUDED_ */
