/*
 * The module: where it enters nginx, and what all its files share.
 */


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_guard.h"
#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_store_known.h"
#include "ngx_http_pserver_store_recent.h"
#include "ngx_http_pserver_sweep.h"
#include "ngx_http_pserver_warm.h"

#include <sodium.h>


static void ngx_http_pserver_ctx_cleanup(void *data);
static ngx_int_t ngx_http_pserver_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_pserver_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_pserver_phase(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler);
static void ngx_http_pserver_secp256k1_cleanup(void *data);
static ngx_int_t ngx_http_pserver_init_process(ngx_cycle_t *cycle);
static void ngx_http_pserver_exit_process(ngx_cycle_t *cycle);


static ngx_http_module_t  ngx_http_pserver_module_ctx = {
    ngx_http_pserver_preconfiguration,     /* preconfiguration */
    ngx_http_pserver_postconfiguration,    /* postconfiguration */

    ngx_http_pserver_create_main_conf,     /* create main configuration */
    ngx_http_pserver_init_main_conf,       /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_pserver_create_loc_conf,      /* create location configuration */
    ngx_http_pserver_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_pserver_module = {
    NGX_MODULE_V1,
    &ngx_http_pserver_module_ctx,          /* module context */
    ngx_http_pserver_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_pserver_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_pserver_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_http_pserver_ctx_t *
ngx_http_pserver_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_pserver_ctx_t  *ctx, *kept;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx == NULL) {
        kept = ngx_http_pserver_kept_ctx(r);

        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ctx->request = r;
        ctx->body_rc = NGX_CONF_UNSET;

        if (kept) {
            ctx->error = kept->error;
            ngx_str_null(&ctx->error.body);
        }

        ngx_http_set_ctx(r, ctx, ngx_http_pserver_module);

        /* the pool's list of cleanups outlives an internal redirect */

        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            return NULL;
        }

        cln->handler = ngx_http_pserver_ctx_cleanup;
        cln->data = ctx;
    }

    return ctx;
}


static void
ngx_http_pserver_ctx_cleanup(void *data)
{
    /* void: marks the context for ngx_http_pserver_kept_ctx() */
}


ngx_http_pserver_ctx_t *
ngx_http_pserver_kept_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_pserver_ctx_cleanup) {
            continue;
        }

        /* the pool is also that of the request's subrequests */

        ctx = cln->data;

        if (ctx->request == r) {
            return ctx;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_pserver_send_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = body->len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_pserver_preconfiguration(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_pserver_main_conf_t  *pmcf;

    if (sodium_init() == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "sodium_init() failed");
        return NGX_ERROR;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    randombytes_buf(&pmcf->number, sizeof(pmcf->number));

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    pmcf->secp256k1 = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (pmcf->secp256k1 == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_pserver_secp256k1_cleanup;
    cln->data = pmcf->secp256k1;

    return ngx_http_pserver_add_variables(cf);
}


static void
ngx_http_pserver_secp256k1_cleanup(void *data)
{
    secp256k1_context_destroy(data);
}


static ngx_int_t
ngx_http_pserver_postconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_pserver_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                               ngx_http_pserver_exchange_guard)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                               ngx_http_pserver_guard_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_phase(cf, NGX_HTTP_ACCESS_PHASE,
                               ngx_http_pserver_auth_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pserver_phase(cf, NGX_HTTP_PRECONTENT_PHASE,
                                  ngx_http_pserver_auth_subrequest);
}


static ngx_int_t
ngx_http_pserver_phase(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_init_process(ngx_cycle_t *cycle)
{
    if (ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module)
        == NULL)
    {
        return NGX_OK;
    }

    if (ngx_http_pserver_keys_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_known_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_recent_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_manifest_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_custody_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_audit_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_chain_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_pserver_queue_init_process(cycle);

    if (ngx_http_pserver_job_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_reap_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_warm_init_process(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pserver_sweep_init_process(cycle);
}


static void
ngx_http_pserver_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module)) {
        ngx_http_pserver_audit_exit_process(cycle);
    }
}
