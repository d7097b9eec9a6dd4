/*
 * Variables.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_exchange.h"
#include "../core/encode.h"


static ngx_int_t ngx_http_pserver_variable_address(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_pserver_variable_connection(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_http_pserver_vars[] = {

    { ngx_string("pserver_address"), NULL, ngx_http_pserver_variable_address,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

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
    u_char                     *p;
    ngx_http_pserver_claims_t  *claims;

    claims = ngx_http_pserver_auth_peek(r->main);

    if (claims == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, sizeof("0x") - 1 + 40);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = 42;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    *p++ = '0';
    *p++ = 'x';

    pserver_hex_encode(p, claims->address.bytes, 20);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_pserver_kept_ctx(r->main);

    if (ctx == NULL || ctx->error.code.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ctx->error.code.data;
    v->len = ctx->error.code.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

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
