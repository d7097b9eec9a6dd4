/*
 * Who asks.
 */


#include "ngx_http_pserver_auth.h"

#include <sodium.h>
#include "ngx_http_pserver_auth_cache.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_origin.h"
#include "ngx_http_pserver_zone.h"


/* seconds until it is worth asking the chain again */
#define NGX_HTTP_PSERVER_AUTH_RETRY  2


static ngx_http_pserver_auth_t *ngx_http_pserver_auth_find(
    ngx_http_request_t *r, ngx_http_pserver_loc_conf_t *plcf);
static ngx_uint_t ngx_http_pserver_auth_same(ngx_http_pserver_loc_conf_t *a,
    ngx_http_pserver_loc_conf_t *b);
static ngx_http_pserver_auth_t *ngx_http_pserver_auth_run(
    ngx_http_request_t *r);
static pserver_web3signed_reason_e ngx_http_pserver_auth_check(
    ngx_http_request_t *r, ngx_http_pserver_claims_t *claims);
static void ngx_http_pserver_auth_sent(ngx_http_request_t *r,
    pserver_web3signed_request_t *request);
static void ngx_http_pserver_auth_cleanup(void *data);


ngx_int_t
ngx_http_pserver_auth_verify(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_auth_t  *auth;

    ctx = ngx_http_pserver_get_ctx(r);
    auth = ngx_http_pserver_auth_run(r);

    if (ctx == NULL || auth == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->claims = NULL;

    switch (auth->reason) {

    case PSERVER_WEB3SIGNED_OK:
        ctx->claims = &auth->claims;
        return NGX_OK;

    case PSERVER_WEB3SIGNED_MISSING:
        return NGX_DECLINED;

    case PSERVER_WEB3SIGNED_ASK:
        return (ngx_http_pserver_auth_ask(r, auth) == NGX_AGAIN)
               ? NGX_AGAIN : NGX_HTTP_INTERNAL_SERVER_ERROR;

    case PSERVER_WEB3SIGNED_NOMEM:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default:
        return ngx_http_pserver_auth_error(r, auth->reason);
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


ngx_http_pserver_auth_t *
ngx_http_pserver_auth_peek(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    return plcf->origins ? ngx_http_pserver_auth_run(r)
                         : ngx_http_pserver_auth_find(r, NULL);
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


ngx_int_t
ngx_http_pserver_auth_text(ngx_http_request_t *r, const ngx_str_t *body)
{
    u_char  hash[crypto_hash_sha256_BYTES];

    (void) crypto_hash_sha256(hash, body->data, body->len);

    return ngx_http_pserver_auth_body(r, hash);
}


/* of these rules, or with NULL the last one */

static ngx_http_pserver_auth_t *
ngx_http_pserver_auth_find(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_pserver_auth_t  *auth;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_pserver_auth_cleanup) {
            continue;
        }

        auth = cln->data;

        if (plcf == NULL || ngx_http_pserver_auth_same(auth->plcf, plcf)) {
            return auth;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_pserver_auth_same(ngx_http_pserver_loc_conf_t *a,
    ngx_http_pserver_loc_conf_t *b)
{
    return a->origins == b->origins
           && a->max_lifetime == b->max_lifetime
           && a->accounts == b->accounts
           && (a->accounts == PSERVER_ACCOUNTS_KEY
               || (a->nodes == b->nodes
                   && a->chain_id == b->chain_id));
}


static ngx_http_pserver_auth_t *
ngx_http_pserver_auth_run(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_auth_t      *auth;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    auth = ngx_http_pserver_auth_find(r, plcf);

    if (auth) {
        return auth;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_pserver_auth_t));
    if (cln == NULL) {
        return NULL;
    }

    auth = cln->data;

    ngx_memzero(auth, sizeof(ngx_http_pserver_auth_t));

    auth->plcf = plcf;
    auth->body = NGX_CONF_UNSET;

    cln->handler = ngx_http_pserver_auth_cleanup;

    if (r->main->headers_in.authorization == NULL) {
        auth->reason = PSERVER_WEB3SIGNED_MISSING;
        return auth;
    }

    auth->reason = ngx_http_pserver_auth_check(r, &auth->claims);

    if (auth->reason != PSERVER_WEB3SIGNED_ASK) {
        ngx_http_pserver_auth_count(r, auth->reason);
    }

    return auth;
}


void
ngx_http_pserver_auth_count(ngx_http_request_t *r, ngx_uint_t reason)
{
    ngx_uint_t                         ok;
    ngx_http_pserver_main_conf_t      *pmcf;
    const pserver_web3signed_error_t  *error;

    ok = (reason == PSERVER_WEB3SIGNED_OK);

    if (!ok) {
        error = pserver_web3signed_error(reason);

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "pserver: signature refused: %s",
                      error->reason ? error->reason : error->message);
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    /* $pserver_address needs no zone */

    if (pmcf->zone) {
        ngx_http_pserver_count(auth_ok, ok);
        ngx_http_pserver_count(auth_failed, !ok);
    }
}


static pserver_web3signed_reason_e
ngx_http_pserver_auth_check(ngx_http_request_t *r,
    ngx_http_pserver_claims_t *claims)
{
    ngx_str_t                     *header;
    ngx_uint_t                     repeats;
    pserver_str_t                  value;
    ngx_http_pserver_loc_conf_t   *plcf;
    pserver_web3signed_reason_e    reason;
    ngx_http_pserver_main_conf_t  *pmcf;
    pserver_web3signed_request_t   request;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    header = &r->main->headers_in.authorization->value;

    value.len = header->len;
    value.data = header->data;

    if (ngx_http_pserver_origins(r, &request.aud) != NGX_OK) {
        return PSERVER_WEB3SIGNED_NOMEM;
    }

    ngx_http_pserver_auth_sent(r->main, &request);

    request.now = ngx_time();
    request.max_lifetime = plcf->max_lifetime;
    request.accounts = plcf->accounts;

    /* what is remembered is that a key has signed */

    repeats = pmcf->zone
              && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
              && (plcf->accounts == PSERVER_ACCOUNTS_KEY
                  || plcf->accounts == PSERVER_ACCOUNTS_KEY_CODE);

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

    if (reason != PSERVER_WEB3SIGNED_OK && reason != PSERVER_WEB3SIGNED_ASK) {
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

    return reason;
}


/*
 * Method and path as they were sent: the path before nginx decoded and
 * merged it, the method before an internal redirect made it GET.
 */

static void
ngx_http_pserver_auth_sent(ngx_http_request_t *r,
    pserver_web3signed_request_t *request)
{
    u_char  *p;

    request->method.data = r->request_line.data;
    request->method.len = 0;

    p = ngx_strlchr(r->request_line.data,
                    r->request_line.data + r->request_line.len, ' ');
    if (p) {
        request->method.len = p - r->request_line.data;
    }

    request->uri.data = r->unparsed_uri.data;
    request->uri.len = r->unparsed_uri.len;

    p = ngx_strlchr(r->unparsed_uri.data,
                    r->unparsed_uri.data + r->unparsed_uri.len, '?');
    if (p) {
        request->uri.len = p - r->unparsed_uri.data;
    }
}


static void
ngx_http_pserver_auth_cleanup(void *data)
{
    ngx_http_pserver_auth_t  *auth = data;

    pserver_web3signed_free(&auth->claims.verified);
}


ngx_int_t
ngx_http_pserver_auth_error(ngx_http_request_t *r, ngx_uint_t reason)
{
    ngx_uint_t                         chain;
    ngx_http_pserver_loc_conf_t       *plcf;
    const pserver_web3signed_error_t  *error;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    error = pserver_web3signed_error(reason);

    chain = (reason == PSERVER_WEB3SIGNED_UNAVAILABLE
             || reason == PSERVER_WEB3SIGNED_BUSY);

    if (chain
        && ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_AUTH_RETRY)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (plcf->api == NGX_HTTP_PSERVER_COMPUTE) {
        return ngx_http_pserver_error_compute(r,
                                              chain ? error->status
                                                    : NGX_HTTP_UNAUTHORIZED,
                                              chain ? error->code
                                                    : "AUTHENTICATION_ERROR",
                                              error->reason ? error->reason
                                                            : error->message,
                                              NULL);
    }

    return ngx_http_pserver_error_data(r, error->status, error->code,
                                       error->message, error->reason);
}
