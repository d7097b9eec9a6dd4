/*
 * May this app read this scope?
 */


#include "ngx_http_pserver_store_grant.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_owner.h"
#include "../core/encode.h"


static void ngx_http_pserver_grant_cleanup(void *data);
static void ngx_http_pserver_grant_decided(
    ngx_http_pserver_permission_t *permission);
static ngx_int_t ngx_http_pserver_grant_refuse(ngx_http_request_t *r,
    ngx_http_pserver_permission_t *permission);


ngx_http_pserver_grant_t *
ngx_http_pserver_grant_check(ngx_http_request_t *r,
    ngx_http_pserver_grant_handler_pt handler)
{
    ngx_http_cleanup_t             *cln;
    ngx_http_pserver_ctx_t         *ctx;
    ngx_http_pserver_grant_t       *grant;
    ngx_http_pserver_permission_t  *permission;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    grant = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_grant_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (grant == NULL || cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_pserver_grant_cleanup;
    cln->data = grant;

    grant->handler = handler;
    grant->waiting = 1;

    permission = &grant->permission;

    permission->kind = PSERVER_DECIDE_READ;
    permission->plcf = ngx_http_get_module_loc_conf(r,
                                                    ngx_http_pserver_module);
    permission->app = ctx->claims->address;
    ngx_http_pserver_owner_named(r, &permission->named);
    permission->scope.len = ctx->scope.len;
    permission->scope.data = ctx->scope.data;
    permission->list = (ctx->scope.len == 0);
    permission->handler = ngx_http_pserver_grant_decided;
    permission->data = r;

    if (ngx_http_pserver_grant_id(r, ctx->claims, &permission->id)
        != NGX_OK)
    {
        permission->no_grant = 1;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_pserver_permission_check(permission);

    return grant;
}


/* what is signed comes first: the rest only names what must be decided */

ngx_int_t
ngx_http_pserver_grant_id(ngx_http_request_t *r,
    const ngx_http_pserver_claims_t *claims, pserver_word_t *id)
{
    ngx_str_t      text;
    pserver_str_t  s;

    text = claims->grant_id;

    if (text.len == 0
        && ngx_http_arg(r, (u_char *) "grantId", 7, &text) != NGX_OK)
    {
        ngx_http_pserver_header_find(r, "x-ps-grant-id", &text);
    }

    s.len = text.len;
    s.data = text.data;

    return (pserver_word_parse(id, s) == PSERVER_OK) ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_pserver_grant_cleanup(void *data)
{
    ngx_http_pserver_grant_t  *grant = data;

    if (grant->waiting) {
        grant->waiting = 0;
        ngx_http_pserver_permission_cancel(&grant->permission);
    }
}


static void
ngx_http_pserver_grant_decided(ngx_http_pserver_permission_t *permission)
{
    ngx_int_t                  status;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_pserver_ctx_t    *ctx;
    ngx_http_pserver_grant_t  *grant;

    r = permission->data;
    c = r->connection;
    grant = (ngx_http_pserver_grant_t *) permission;

    ngx_http_set_log_request(c->log, r);

    grant->waiting = 0;

    if (permission->verdict.reason == PSERVER_ALLOWED) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
        ctx->owner = permission->facts->grantor;

        status = NGX_OK;

    } else {
        status = ngx_http_pserver_grant_refuse(r, permission);
    }

    grant->handler(r, status);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_pserver_grant_refuse(ngx_http_request_t *r,
    ngx_http_pserver_permission_t *permission)
{
    ngx_int_t                        status;
    const pserver_facts_t           *facts;
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_audit_entry_t   entry;

    status = ngx_http_pserver_permission_locked(permission)
             ? ngx_http_pserver_error_locked(r)
             : ngx_http_pserver_permission_refuse(r, permission->kind,
                                                permission->verdict.reason);

    if (permission->verdict.reason == PSERVER_UNAVAILABLE) {
        return status;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    facts = permission->facts;

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_REQUEST_REFUSED;
    entry.reason = ctx->error.code;
    entry.app = &permission->app;
    entry.scope = ctx->scope;
    entry.r = r;

    if (!permission->no_grant) {
        entry.permission = &permission->id;
    }

    if (facts) {
        entry.block = facts->block;

        if (ngx_http_pserver_owner_grants(permission->plcf,
                                          &permission->named, facts))
        {
            entry.owner = &facts->grantor;
        }
    }

    (void) ngx_http_pserver_audit_append(permission->plcf, &entry, NULL);

    return status;
}
