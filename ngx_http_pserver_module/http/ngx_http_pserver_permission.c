/*
 * Facts and a question to core/permission, and its verdict back.
 */


#include "ngx_http_pserver_permission.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_owner.h"
#include "../core/abi.h"


/* seconds until it is worth a try again */
#define NGX_HTTP_PSERVER_PERMISSION_RETRY  2


static void ngx_http_pserver_permission_facts(void *data,
    const pserver_facts_t *facts);
static void ngx_http_pserver_permission_decide(
    ngx_http_pserver_permission_t *p, const pserver_facts_t *facts,
    ngx_uint_t registered);
static void ngx_http_pserver_permission_lookup(
    ngx_http_pserver_permission_t *p);
static void ngx_http_pserver_permission_registered(void *data,
    const pserver_facts_t *facts);
static void ngx_http_pserver_permission_end(ngx_http_pserver_permission_t *p,
    const pserver_facts_t *facts);


void
ngx_http_pserver_permission_check(ngx_http_pserver_permission_t *p)
{
    if (p->kind == PSERVER_DECIDE_READ && p->no_grant) {
        ngx_http_pserver_permission_decide(p, NULL, 1);
        ngx_http_pserver_permission_lookup(p);
        return;
    }

    p->ask.plcf = p->plcf;
    p->ask.kind = NGX_HTTP_PSERVER_CHAIN_PERMISSION;
    p->ask.word = p->id;
    p->ask.named = p->named;
    p->ask.not_before = p->not_before;
    p->ask.handler = ngx_http_pserver_permission_facts;
    p->ask.data = p;

    ngx_http_pserver_chain_ask(&p->ask);
}


void
ngx_http_pserver_permission_cancel(ngx_http_pserver_permission_t *p)
{
    ngx_http_pserver_chain_cancel(&p->ask);
}


static void
ngx_http_pserver_permission_facts(void *data, const pserver_facts_t *facts)
{
    ngx_http_pserver_permission_t  *p = data;

    if (p->kind != PSERVER_DECIDE_READ) {
        ngx_http_pserver_permission_decide(p, facts, 1);
        ngx_http_pserver_permission_end(p, facts);
        return;
    }

    if (facts == NULL) {
        p->verdict.reason = PSERVER_UNAVAILABLE;
        ngx_http_pserver_permission_end(p, NULL);
        return;
    }

    ngx_http_pserver_permission_decide(p, facts, 1);

    /* who is this permission's grantee is registered */

    if (ngx_memcmp(&facts->grantee, &p->app, sizeof(pserver_address_t)) == 0)
    {
        ngx_http_pserver_permission_end(p, facts);
        return;
    }

    ngx_http_pserver_permission_lookup(p);
}


static void
ngx_http_pserver_permission_decide(ngx_http_pserver_permission_t *p,
    const pserver_facts_t *facts, ngx_uint_t registered)
{
    pserver_question_t  question;

    question.app = p->app;
    question.now = ngx_time();
    question.served = facts && ngx_http_pserver_owner_grants(p->plcf,
                                                             &p->named, facts);
    question.registered = registered;
    question.operation = p->operation;
    question.parameters = p->parameters;
    question.offers = p->offers;
    question.n = p->n;
    question.list = p->list;
    question.scope = p->scope;

    pserver_permission_decide(p->kind, facts, &question, &p->verdict);
}


/* the verdict stands, unless the app is no grantee at all */

static void
ngx_http_pserver_permission_lookup(ngx_http_pserver_permission_t *p)
{
    p->ask.plcf = p->plcf;
    p->ask.kind = NGX_HTTP_PSERVER_CHAIN_GRANTEE;
    pserver_abi_address(&p->ask.word, &p->app);
    p->ask.not_before = p->not_before;
    p->ask.handler = ngx_http_pserver_permission_registered;
    p->ask.data = p;

    ngx_http_pserver_chain_ask(&p->ask);
}


static void
ngx_http_pserver_permission_registered(void *data,
    const pserver_facts_t *facts)
{
    ngx_http_pserver_permission_t  *p = data;

    static const pserver_word_t  zero;

    if (facts == NULL) {
        p->verdict.reason = PSERVER_UNAVAILABLE;

    } else if (ngx_memcmp(&facts->grantee_id, &zero, sizeof(pserver_word_t))
               == 0)
    {
        ngx_http_pserver_permission_decide(p, NULL, 0);
    }

    ngx_http_pserver_permission_end(p, NULL);
}


static void
ngx_http_pserver_permission_end(ngx_http_pserver_permission_t *p,
    const pserver_facts_t *facts)
{
    p->facts = facts;
    p->handler(p);
}


ngx_uint_t
ngx_http_pserver_permission_locked(const ngx_http_pserver_permission_t *p)
{
    ngx_http_pserver_custody_at_t  at;

    if (p->verdict.reason != PSERVER_GRANT_UNREADABLE || p->facts == NULL) {
        return 0;
    }

    at.root = p->plcf->store.data;
    at.chain_id = p->plcf->chain_id;
    at.owner = p->facts->grantor;

    return ngx_http_pserver_custody_locked(&at);
}


ngx_int_t
ngx_http_pserver_permission_refuse(ngx_http_request_t *r,
    pserver_decision_e kind, pserver_reason_e reason)
{
    const pserver_refusal_t  *refusal;

    if (reason == PSERVER_UNAVAILABLE
        && ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_PERMISSION_RETRY)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (kind == PSERVER_DECIDE_READ) {
        refusal = pserver_permission_refusal_read(reason);

        return ngx_http_pserver_error_data(r, refusal->status, refusal->code,
                                           refusal->text, NULL);
    }

    refusal = pserver_permission_refusal(reason);

    return ngx_http_pserver_error_compute(r, refusal->status, refusal->code,
                                          refusal->text, refusal->field);
}
