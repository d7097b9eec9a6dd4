/*
 * Is who has signed a request an owner by trust?  The chain is asked once for
 * a request, whose phases are run again when it has answered.
 */


#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_chain.h"
#include "../core/abi.h"


struct ngx_http_pserver_trust_s {
    ngx_http_request_t            *request;
    ngx_http_pserver_chain_ask_t   ask;
    ngx_int_t                      rc;           /* NGX_AGAIN: asked, then
                                                    what check() returns, or
                                                    NGX_ERROR: no answer */
};


static ngx_http_pserver_trust_t *ngx_http_pserver_trust_ask(
    ngx_http_request_t *r, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *address);
static void ngx_http_pserver_trust_facts(void *data,
    const pserver_facts_t *facts);
static void ngx_http_pserver_trust_cleanup(void *data);


ngx_int_t
ngx_http_pserver_owner_check(ngx_http_request_t *r)
{
    const pserver_address_t      *address;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    address = &ctx->claims->address;

    if (ngx_http_pserver_owner_serves(r, address)) {
        return NGX_OK;
    }

    if (!ngx_http_pserver_owner_asked(plcf, address)) {
        return NGX_DECLINED;
    }

    if (ctx->trust == NULL) {
        ctx->trust = ngx_http_pserver_trust_ask(r, plcf, address);

        if (ctx->trust == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->trust->rc != NGX_ERROR) {
        return ctx->trust->rc;
    }

    return ngx_http_pserver_auth_error(r, ctx->trust->ask.busy
                                          ? PSERVER_WEB3SIGNED_BUSY
                                          : PSERVER_WEB3SIGNED_UNAVAILABLE);
}


static ngx_http_pserver_trust_t *
ngx_http_pserver_trust_ask(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf, const pserver_address_t *address)
{
    ngx_http_cleanup_t            *cln;
    ngx_http_pserver_trust_t      *trust;
    ngx_http_pserver_chain_ask_t  *ask;

    trust = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_trust_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (trust == NULL || cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_pserver_trust_cleanup;
    cln->data = trust;

    trust->request = r;
    trust->rc = NGX_AGAIN;

    ask = &trust->ask;

    ask->plcf = plcf;
    ask->kind = NGX_HTTP_PSERVER_CHAIN_OWNER;
    pserver_abi_address(&ask->word, address);
    ask->handler = ngx_http_pserver_trust_facts;
    ask->data = trust;

    ngx_http_pserver_chain_ask(ask);

    return trust;
}


static void
ngx_http_pserver_trust_facts(void *data, const pserver_facts_t *facts)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_pserver_trust_t  *trust = data;

    r = trust->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (facts == NULL) {
        trust->rc = NGX_ERROR;

    } else {
        trust->rc = (facts->trust == PSERVER_FACTS_TRUSTED) ? NGX_OK
                                                            : NGX_DECLINED;
    }

    r->write_event_handler = ngx_http_core_run_phases;

    if (ngx_http_post_request(r, NULL) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_pserver_trust_cleanup(void *data)
{
    ngx_http_pserver_trust_t  *trust = data;

    ngx_http_pserver_chain_cancel(&trust->ask);
}
