/*
 * Who asks.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_auth_cache.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_zone.h"


static ngx_http_pserver_ctx_t *ngx_http_pserver_auth_run(
    ngx_http_request_t *r);
static pserver_web3signed_reason_e ngx_http_pserver_auth_check(
    ngx_http_request_t *r, ngx_http_pserver_claims_t *claims);
static void ngx_http_pserver_auth_cleanup(void *data);
static ngx_int_t ngx_http_pserver_auth_error(ngx_http_request_t *r,
    pserver_web3signed_reason_e reason);


ngx_int_t
ngx_http_pserver_auth_verify(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_pserver_auth_run(r);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->auth_reason) {

    case PSERVER_WEB3SIGNED_OK:
        return NGX_OK;

    case PSERVER_WEB3SIGNED_MISSING:
        return NGX_DECLINED;

    case PSERVER_WEB3SIGNED_NOMEM:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default:
        return ngx_http_pserver_auth_error(r, ctx->auth_reason);
    }
}


ngx_int_t
ngx_http_pserver_auth_require(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_pserver_auth_verify(r);

    return (rc == NGX_DECLINED)
           ? ngx_http_pserver_auth_error(r, PSERVER_WEB3SIGNED_MISSING) : rc;
}


ngx_http_pserver_claims_t *
ngx_http_pserver_auth_peek(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_pserver_kept_ctx(r);

    if (ctx == NULL || !ctx->authenticated) {

        plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

        if (plcf->origin.len == 0) {
            return NULL;
        }

        ctx = ngx_http_pserver_auth_run(r);
    }

    return ctx ? ctx->claims : NULL;
}


ngx_int_t
ngx_http_pserver_auth_body(ngx_http_request_t *r, const u_char sha256[32])
{
    ngx_http_pserver_ctx_t       *ctx;
    pserver_web3signed_reason_e   reason;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    reason = pserver_web3signed_body(&ctx->claims->verified, sha256);

    return (reason == PSERVER_WEB3SIGNED_OK)
           ? NGX_OK : ngx_http_pserver_auth_error(r, reason);
}


static ngx_http_pserver_ctx_t *
ngx_http_pserver_auth_run(ngx_http_request_t *r)
{
    ngx_uint_t                     ok;
    ngx_pool_cleanup_t            *cln;
    ngx_http_pserver_ctx_t        *ctx;
    ngx_http_pserver_claims_t     *claims;
    ngx_http_pserver_loc_conf_t   *plcf;
    ngx_http_pserver_main_conf_t  *pmcf;

    ctx = ngx_http_pserver_get_ctx(r);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    /* a rewrite may have moved the request to where other rules hold */

    if (ctx == NULL
        || (ctx->authenticated
            && ctx->origin.data == plcf->origin.data
            && ctx->max_lifetime == plcf->max_lifetime))
    {
        return ctx;
    }

    ctx->claims = NULL;
    ctx->origin = plcf->origin;
    ctx->max_lifetime = plcf->max_lifetime;

    if (r->headers_in.authorization == NULL) {
        ctx->auth_reason = PSERVER_WEB3SIGNED_MISSING;
        ctx->authenticated = 1;
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_pserver_claims_t));
    if (cln == NULL) {
        return NULL;
    }

    claims = cln->data;

    ctx->auth_reason = ngx_http_pserver_auth_check(r, claims);
    ctx->authenticated = 1;

    ok = (ctx->auth_reason == PSERVER_WEB3SIGNED_OK);

    if (ok) {
        cln->handler = ngx_http_pserver_auth_cleanup;
        ctx->claims = claims;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    /* $pserver_address needs no zone */

    if (pmcf->zone) {
        ngx_http_pserver_count(auth_ok, ok);
        ngx_http_pserver_count(auth_failed, !ok);
    }

    return ctx;
}


static pserver_web3signed_reason_e
ngx_http_pserver_auth_check(ngx_http_request_t *r,
    ngx_http_pserver_claims_t *claims)
{
    u_char                        *p;
    ngx_str_t                     *header;
    ngx_uint_t                     repeats;
    pserver_str_t                  value;
    ngx_http_pserver_loc_conf_t   *plcf;
    pserver_web3signed_reason_e    reason;
    ngx_http_pserver_main_conf_t  *pmcf;
    pserver_web3signed_request_t   request;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    header = &r->headers_in.authorization->value;

    value.len = header->len;
    value.data = header->data;

    request.aud.len = plcf->origin.len;
    request.aud.data = plcf->origin.data;
    request.method.len = r->method_name.len;
    request.method.data = r->method_name.data;

    /* the path as it was sent, before nginx decoded and merged it */

    request.uri.len = r->unparsed_uri.len;
    request.uri.data = r->unparsed_uri.data;

    p = ngx_strlchr(request.uri.data, request.uri.data + request.uri.len,
                    '?');
    if (p) {
        request.uri.len = p - request.uri.data;
    }

    request.now = ngx_time();
    request.max_lifetime = plcf->max_lifetime;

    repeats = pmcf->zone && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD));

    if (repeats
        && ngx_http_pserver_auth_cache_find(r, value, &claims->verified)
           == NGX_OK)
    {
        ngx_http_pserver_count(auth_remembered, 1);

        reason = pserver_web3signed_match(&claims->verified, &request);

    } else {
        reason = pserver_web3signed_verify(pmcf->secp256k1, value, &request,
                                           &claims->verified);

        if (repeats && reason == PSERVER_WEB3SIGNED_OK) {
            ngx_http_pserver_auth_cache_add(value, &claims->verified);
        }
    }

    if (reason != PSERVER_WEB3SIGNED_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "pserver: signature refused: %s",
                      pserver_web3signed_error(reason)->reason);
        return reason;
    }

    claims->address = claims->verified.address;
    claims->digest = claims->verified.digest;
    claims->grant_id.len = claims->verified.grant_id.len;
    claims->grant_id.data = claims->verified.grant_id.data;
    claims->nonce.len = claims->verified.nonce.len;
    claims->nonce.data = claims->verified.nonce.data;
    claims->iat = claims->verified.iat;
    claims->exp = claims->verified.exp;

    return PSERVER_WEB3SIGNED_OK;
}


static void
ngx_http_pserver_auth_cleanup(void *data)
{
    ngx_http_pserver_claims_t  *claims = data;

    pserver_web3signed_free(&claims->verified);
}


static ngx_int_t
ngx_http_pserver_auth_error(ngx_http_request_t *r,
    pserver_web3signed_reason_e reason)
{
    ngx_http_pserver_loc_conf_t       *plcf;
    const pserver_web3signed_error_t  *error;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    error = pserver_web3signed_error(reason);

    if (plcf->api == NGX_HTTP_PSERVER_COMPUTE) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_UNAUTHORIZED,
                                              "AUTHENTICATION_ERROR",
                                              error->reason ? error->reason
                                                            : error->message,
                                              NULL);
    }

    return ngx_http_pserver_error_data(r, error->status, error->code,
                                       error->message, error->reason);
}
