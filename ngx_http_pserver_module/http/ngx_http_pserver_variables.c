/*
 * Variables.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_store_grant.h"
#include "../core/encode.h"


static ngx_int_t ngx_http_pserver_variable_address(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_role(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_owner(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_permission(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_text(ngx_http_variable_value_t *v,
    const char *text);
static ngx_int_t ngx_http_pserver_variable_hex(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const pserver_address_t *address);
static ngx_int_t ngx_http_pserver_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_connection(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_http_pserver_vars[] = {

    { ngx_string("pserver_address"), NULL, ngx_http_pserver_variable_address,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_role"), NULL, ngx_http_pserver_variable_role,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_owner"), NULL, ngx_http_pserver_variable_owner,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_permission"), NULL,
      ngx_http_pserver_variable_permission, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_error"), NULL, ngx_http_pserver_variable_error,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    /* of exchange locations: "Upgrade" for a tunnel, else empty */
    { ngx_string("pserver_connection"), NULL,
      ngx_http_pserver_variable_connection, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_pserver_add_variables(ngx_conf_t *cf)
{
    if (ngx_http_pserver_variables(cf, ngx_http_pserver_vars) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pserver_exchange_add_variables(cf);
}


ngx_int_t
ngx_http_pserver_variables(ngx_conf_t *cf, ngx_http_variable_t *v)
{
    ngx_http_variable_t  *var;

    for ( /* void */ ; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * Recovers the signer when it is first asked for, so that limit_req, which
 * runs before the access phase, can use it.
 */

static ngx_int_t
ngx_http_pserver_variable_address(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_pserver_auth_t  *auth;

    auth = ngx_http_pserver_auth_peek(r);

    if (auth == NULL || auth->reason != PSERVER_WEB3SIGNED_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_pserver_variable_hex(r, v, &auth->claims.address);
}


static ngx_int_t
ngx_http_pserver_variable_role(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_pserver_auth_t  *auth;

    auth = ngx_http_pserver_auth_peek(r);

    if (auth == NULL || auth->reason != PSERVER_WEB3SIGNED_OK) {
        return ngx_http_pserver_variable_text(v, "none");
    }

    return ngx_http_pserver_variable_text(v,
               ngx_http_pserver_owner_serves(r, &auth->claims.address)
               ? "owner" : "app");
}


/* the one that the request was found to be about; or the only one; or the
   signer, where it is one */

static ngx_int_t
ngx_http_pserver_variable_owner(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    pserver_address_t         only;
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_auth_t  *auth;

    ctx = ngx_http_pserver_kept_ctx(r);

    if (ctx && !pserver_facts_none(&ctx->owner)) {
        return ngx_http_pserver_variable_hex(r, v, &ctx->owner);
    }

    if (ngx_http_pserver_owner_only(r, &only) == NGX_OK) {
        return ngx_http_pserver_variable_hex(r, v, &only);
    }

    auth = ngx_http_pserver_auth_peek(r);

    if (auth && auth->reason == PSERVER_WEB3SIGNED_OK
        && ngx_http_pserver_owner_serves(r, &auth->claims.address))
    {
        return ngx_http_pserver_variable_hex(r, v, &auth->claims.address);
    }

    v->not_found = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_variable_permission(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                   *p;
    pserver_word_t            id;
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_auth_t  *auth;

    ctx = ngx_http_pserver_kept_ctx(r);

    if (ctx && ctx->has_permission) {
        id = ctx->permission;

    } else {
        auth = ngx_http_pserver_auth_peek(r);

        if (auth == NULL || auth->reason != PSERVER_WEB3SIGNED_OK
            || ngx_http_pserver_grant_id(r, &auth->claims, &id) != NGX_OK)
        {
            v->not_found = 1;
            return NGX_OK;
        }
    }

    p = ngx_pnalloc(r->pool, PSERVER_WORD_DEC_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = pserver_word_decimal(p, &id) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* of the answer; before there is one, of a header that does not verify */

static ngx_int_t
ngx_http_pserver_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_auth_t  *auth;

    ctx = ngx_http_pserver_kept_ctx(r);

    if (ctx == NULL || ctx->error.code.len == 0) {
        ctx = ngx_http_pserver_kept_ctx(r->main);
    }

    if (ctx && ctx->error.code.len) {
        v->data = ctx->error.code.data;
        v->len = ctx->error.code.len;
        v->valid = 1;
        v->no_cacheable = 0;
        v->not_found = 0;

        return NGX_OK;
    }

    auth = ngx_http_pserver_auth_peek(r);

    if (auth == NULL
        || auth->reason == PSERVER_WEB3SIGNED_OK
        || auth->reason == PSERVER_WEB3SIGNED_ASK
        || auth->reason == PSERVER_WEB3SIGNED_MISSING)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_pserver_variable_text(v,
                                 pserver_web3signed_error(auth->reason)->code);
}


/* a constant */

static ngx_int_t
ngx_http_pserver_variable_text(ngx_http_variable_value_t *v, const char *text)
{
    v->data = (u_char *) text;
    v->len = ngx_strlen(text);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_variable_hex(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, const pserver_address_t *address)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, 2 + 2 * sizeof(pserver_address_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = 2 + 2 * sizeof(pserver_address_t);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    *p++ = '0';
    *p++ = 'x';

    pserver_hex_encode(p, address->bytes, sizeof(pserver_address_t));

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_variable_connection(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    if (r->headers_in.upgrade) {
        v->data = (u_char *) "Upgrade";
        v->len = sizeof("Upgrade") - 1;

    } else {
        v->data = (u_char *) "";
        v->len = 0;
    }

    return NGX_OK;
}
