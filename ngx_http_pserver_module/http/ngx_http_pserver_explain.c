/*
 * POST /api/v1/permissions/{id}/check: the owner asks what would be decided
 * for an app, and why.  Nothing comes of it, and nobody else is told.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_permission.h"
#include "../core/abi.h"
#include "../core/encode.h"
#include "../core/explain.h"

#include <sodium.h>


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_pserver_loc_conf_t     *plcf;
    pserver_explain_t                asked;
    pserver_word_t                   id;
    pserver_address_t                owner;      /* who asks */

    ngx_http_pserver_chain_ask_t     ask;
    pserver_facts_t                  facts;      /* a copy */
    unsigned                         asking:1;
    unsigned                         has_facts:1;
} ngx_http_pserver_explain_t;


static void ngx_http_pserver_explain_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_pserver_explain_start(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_explain_cleanup(void *data);
static void ngx_http_pserver_explain_pool_cleanup(void *data);
static void ngx_http_pserver_explain_ask(ngx_http_pserver_explain_t *explain,
    ngx_http_pserver_chain_kind_e kind,
    ngx_http_pserver_chain_handler_pt handler);
static void ngx_http_pserver_explain_permission(void *data,
    const pserver_facts_t *facts);
static ngx_int_t ngx_http_pserver_explain_owner(
    ngx_http_pserver_explain_t *explain, const pserver_facts_t *facts);
static ngx_int_t ngx_http_pserver_explain_copy(
    ngx_http_pserver_explain_t *explain, const pserver_facts_t *facts);
static void ngx_http_pserver_explain_registered(void *data,
    const pserver_facts_t *facts);
static ngx_int_t ngx_http_pserver_explain_answer(
    ngx_http_pserver_explain_t *explain, ngx_uint_t registered);
static void ngx_http_pserver_explain_end(ngx_http_pserver_explain_t *explain,
    ngx_int_t rc);


ngx_int_t
ngx_http_pserver_permission_explain(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_pserver_auth_require(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pserver_body_read(r, PSERVER_EXPLAIN_BODY_MAX,
                                      ngx_http_pserver_explain_body);
}


static void
ngx_http_pserver_explain_body(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char     sha256[crypto_hash_sha256_BYTES];
    ngx_int_t  rc;

    crypto_hash_sha256(sha256, body->data, body->len);

    rc = ngx_http_pserver_auth_body(r, sha256);

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_explain_start(r, body);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_pserver_explain_start(ngx_http_request_t *r, ngx_str_t *body)
{
    const char                  *field;
    pserver_str_t                id;
    ngx_pool_cleanup_t          *pool_cln;
    ngx_http_cleanup_t          *cln;
    ngx_http_pserver_ctx_t      *ctx;
    ngx_http_pserver_explain_t  *explain;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    explain = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_explain_t));
    cln = ngx_http_cleanup_add(r, 0);
    pool_cln = ngx_pool_cleanup_add(r->pool, 0);

    if (explain == NULL || cln == NULL || pool_cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    explain->request = r;
    explain->plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    explain->owner = ctx->claims->address;

    id.len = ctx->id.len;
    id.data = ctx->id.data;

    if (pserver_word_parse(&explain->id, id) != PSERVER_OK) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_BAD_REQUEST,
                                       "VALIDATION_ERROR_PERMISSION_ID",
                                       "The id is not a number",
                                       "permission_id");
    }

    switch (pserver_explain_parse(body->data, body->len, &explain->asked,
                                  &field))
    {
    case PSERVER_OK:
        break;

    case PSERVER_NOMEM:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default:
        return ngx_http_pserver_error_validation(r, field,
                                       field ? "Input is not valid"
                                             : "Input should be an object",
                                       field ? "value_error" : "dict_type");
    }

    cln->handler = ngx_http_pserver_explain_cleanup;
    cln->data = explain;

    pool_cln->handler = ngx_http_pserver_explain_pool_cleanup;
    pool_cln->data = explain;

    explain->ask.word = explain->id;
    ngx_http_pserver_owner_named(r, &explain->ask.named);

    ngx_http_pserver_explain_ask(explain, NGX_HTTP_PSERVER_CHAIN_PERMISSION,
                                 ngx_http_pserver_explain_permission);

    return NGX_OK;
}


static void
ngx_http_pserver_explain_cleanup(void *data)
{
    ngx_http_pserver_explain_t  *explain = data;

    if (explain->asking) {
        ngx_http_pserver_chain_cancel(&explain->ask);
    }
}


static void
ngx_http_pserver_explain_pool_cleanup(void *data)
{
    ngx_http_pserver_explain_t  *explain = data;

    pserver_explain_free(&explain->asked);

    if (explain->has_facts) {
        pserver_facts_free(&explain->facts);
    }
}


static void
ngx_http_pserver_explain_ask(ngx_http_pserver_explain_t *explain,
    ngx_http_pserver_chain_kind_e kind,
    ngx_http_pserver_chain_handler_pt handler)
{
    explain->ask.plcf = explain->plcf;
    explain->ask.kind = kind;
    explain->ask.handler = handler;
    explain->ask.data = explain;

    explain->asking = 1;

    ngx_http_pserver_chain_ask(&explain->ask);
}


static void
ngx_http_pserver_explain_permission(void *data, const pserver_facts_t *facts)
{
    ngx_http_pserver_explain_t *explain = data;

    ngx_int_t  rc;

    explain->asking = 0;

    rc = ngx_http_pserver_explain_owner(explain, facts);

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_explain_copy(explain, facts);
    }

    if (rc != NGX_OK) {
        ngx_http_pserver_explain_end(explain, rc);
        return;
    }

    /* who is this permission's grantee is registered */

    if (explain->asked.scope.len == 0
        || ngx_memcmp(&explain->facts.grantee, &explain->asked.app,
                      sizeof(pserver_address_t))
           == 0)
    {
        ngx_http_pserver_explain_end(explain,
                                ngx_http_pserver_explain_answer(explain, 1));
        return;
    }

    pserver_abi_address(&explain->ask.word, &explain->asked.app);

    ngx_http_pserver_explain_ask(explain, NGX_HTTP_PSERVER_CHAIN_GRANTEE,
                                 ngx_http_pserver_explain_registered);
}


/* whose permission it is may know all about it; others learn no more than
   the chain tells everybody */

static ngx_int_t
ngx_http_pserver_explain_owner(ngx_http_pserver_explain_t *explain,
    const pserver_facts_t *facts)
{
    ngx_http_request_t  *r = explain->request;

    if (facts == NULL) {
        return ngx_http_pserver_permission_refuse(r, PSERVER_DECIDE_RUN,
                                                  PSERVER_UNAVAILABLE);
    }

    if (pserver_facts_none(&facts->grantor)) {
        return ngx_http_pserver_permission_refuse(r, PSERVER_DECIDE_RUN,
                                                  PSERVER_NO_PERMISSION);
    }

    if (ngx_memcmp(&facts->grantor, &explain->owner,
                   sizeof(pserver_address_t))
        != 0)
    {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_FORBIDDEN,
                                       "AUTHORIZATION_ERROR",
                                       "Only its grantor may ask about it",
                                       NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_explain_copy(ngx_http_pserver_explain_t *explain,
    const pserver_facts_t *facts)
{
    size_t   len;
    u_char  *set;

    len = pserver_facts_len(facts);

    set = ngx_pnalloc(explain->request->pool, len);
    if (set == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) pserver_facts_pack(set, facts);

    if (pserver_facts_unpack(set, len, &explain->facts) != PSERVER_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    explain->has_facts = 1;

    return NGX_OK;
}


static void
ngx_http_pserver_explain_registered(void *data, const pserver_facts_t *facts)
{
    ngx_http_pserver_explain_t *explain = data;

    ngx_int_t   rc;
    ngx_uint_t  registered;

    static const pserver_word_t  zero;

    explain->asking = 0;

    if (facts == NULL) {
        rc = ngx_http_pserver_permission_refuse(explain->request,
                                                PSERVER_DECIDE_RUN,
                                                PSERVER_UNAVAILABLE);

    } else {
        registered = ngx_memcmp(&facts->grantee_id, &zero, sizeof(zero)) != 0;
        rc = ngx_http_pserver_explain_answer(explain, registered);
    }

    ngx_http_pserver_explain_end(explain, rc);
}


static ngx_int_t
ngx_http_pserver_explain_answer(ngx_http_pserver_explain_t *explain,
    ngx_uint_t registered)
{
    ngx_str_t            body;
    ngx_http_request_t  *r;
    pserver_verdict_t    verdict;
    pserver_question_t   question;
    pserver_decision_e   decision;

    r = explain->request;

    decision = explain->asked.scope.len ? PSERVER_DECIDE_READ
                                        : PSERVER_DECIDE_RUN;

    question.app = explain->asked.app;
    question.now = ngx_time();
    question.served = ngx_http_pserver_owner_grants(explain->plcf,
                                                    &explain->ask.named,
                                                    &explain->facts);
    question.registered = registered;
    question.operation = explain->asked.operation;
    question.parameters = explain->asked.parameters;
    question.list = 0;
    question.scope = explain->asked.scope;
    question.offers = ngx_http_pserver_operation_offers(explain->plcf,
                                                        r->pool);
    question.n = explain->plcf->operations->nelts;

    if (question.offers == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    pserver_permission_decide(decision, &explain->facts, &question, &verdict);

    body.len = pserver_explain_write(NULL, decision, &explain->facts,
                                     &verdict);
    body.data = ngx_pnalloc(r->pool, body.len);

    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) pserver_explain_write(body.data, decision, &explain->facts,
                                 &verdict);

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


static void
ngx_http_pserver_explain_end(ngx_http_pserver_explain_t *explain,
    ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = explain->request->connection;

    ngx_http_finalize_request(explain->request, rc);
    ngx_http_run_posted_requests(c);
}
