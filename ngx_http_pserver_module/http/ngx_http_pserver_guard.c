/*
 * The guard in front of a Docker Engine.
 */


#include "ngx_http_pserver_guard.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_operation.h"
#include "../core/guard.h"


/* msec that the engine may be silent: who asks knows how long to wait */
#define NGX_HTTP_PSERVER_GUARD_TIMEOUT  (7 * 24 * 3600 * 1000)


static void ngx_http_pserver_guard_call(ngx_http_request_t *r,
    pserver_guard_call_t *call);
static ngx_int_t ngx_http_pserver_guard_read(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx);
static void ngx_http_pserver_guard_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_guard_decide(ngx_http_request_t *r,
    pserver_guard_call_t *call);
static ngx_int_t ngx_http_pserver_guard_refuse(ngx_http_request_t *r,
    pserver_guard_verdict_e verdict);


char *
ngx_http_pserver_guard(ngx_conf_t *cf)
{
    return (ngx_http_pserver_exchange_upgrade(cf) == NGX_OK) ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}


char *
ngx_http_pserver_guard_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *plcf)
{
    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *uconf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (plcf->operations == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pserver guard\" in location \"%V\" requires "
                           "\"pserver_operation\"", &clcf->name);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_pserver_exchange_merge(cf, NGX_HTTP_PSERVER_EXCHANGE_ON,
                                         "pserver guard");
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    /* whoever asks and goes away has given up */

    uconf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);

    uconf->ignore_client_abort = 0;
    uconf->read_timeout = NGX_HTTP_PSERVER_GUARD_TIMEOUT;
    uconf->send_timeout = NGX_HTTP_PSERVER_GUARD_TIMEOUT;

    /* the body that is looked at is in memory */

    clcf->client_body_buffer_size = ngx_max(clcf->client_body_buffer_size,
                                            PSERVER_CONTAINER_BODY_MAX);

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_pserver_guard_handler(ngx_http_request_t *r)
{
    pserver_guard_call_t          call;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->api != NGX_HTTP_PSERVER_GUARD) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_pserver_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a subrequest or a redirect is not what was sent */

    if (r != r->main || r->internal) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ctx->body_rc != NGX_CONF_UNSET) {
        return ctx->body_rc;
    }

    ngx_http_pserver_guard_call(r, &call);

    if (r->headers_in.chunked || r->headers_in.content_length_n > 0) {

        if (!pserver_guard_creates(&call)
            || r->headers_in.content_length_n > PSERVER_CONTAINER_BODY_MAX)
        {
            return ngx_http_pserver_guard_refuse(r, PSERVER_GUARD_BODY);
        }

        return ngx_http_pserver_guard_read(r, ctx);
    }

    return ngx_http_pserver_guard_decide(r, &call);
}


static void
ngx_http_pserver_guard_call(ngx_http_request_t *r,
    pserver_guard_call_t *call)
{
    ngx_memzero(call, sizeof(pserver_guard_call_t));

    call->method.len = r->method_name.len;
    call->method.data = r->method_name.data;
    call->uri.len = r->unparsed_uri.len;
    call->uri.data = r->unparsed_uri.data;

    if (r->headers_in.upgrade) {
        call->upgrade.len = r->headers_in.upgrade->value.len;
        call->upgrade.data = r->headers_in.upgrade->value.data;
    }
}


static ngx_int_t
ngx_http_pserver_guard_read(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (r->headers_in.chunked) {
        return NGX_HTTP_LENGTH_REQUIRED;
    }

    ctx->body_rc = NGX_DONE;

    rc = ngx_http_read_client_request_body(r, ngx_http_pserver_guard_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_pserver_guard_body(ngx_http_request_t *r)
{
    size_t                   n;
    u_char                   body[PSERVER_CONTAINER_BODY_MAX];
    ngx_chain_t             *cl;
    pserver_guard_call_t     call;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ngx_http_pserver_guard_call(r, &call);

    call.body.data = body;

    /* its length was looked at; of what is in a file nothing is seen */

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        n = ngx_min((size_t) (cl->buf->last - cl->buf->pos),
                    sizeof(body) - call.body.len);

        ngx_memcpy(body + call.body.len, cl->buf->pos, n);
        call.body.len += n;
    }

    ctx->body_rc = ngx_http_pserver_guard_decide(r, &call);

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_http_pserver_guard_decide(ngx_http_request_t *r,
    pserver_guard_call_t *call)
{
    ngx_uint_t                      i;
    pserver_guard_verdict_e         verdict;
    const pserver_container_t     **offered;
    ngx_http_pserver_loc_conf_t    *plcf;
    ngx_http_pserver_operation_t  **op;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    op = plcf->operations->elts;

    offered = ngx_palloc(r->pool, plcf->operations->nelts * sizeof(void *));
    if (offered == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < plcf->operations->nelts; i++) {
        offered[i] = &op[i]->container;
    }

    verdict = pserver_guard_check(call, offered, plcf->operations->nelts);

    return (verdict == PSERVER_GUARD_PASS)
           ? NGX_DECLINED : ngx_http_pserver_guard_refuse(r, verdict);
}


static ngx_int_t
ngx_http_pserver_guard_refuse(ngx_http_request_t *r,
    pserver_guard_verdict_e verdict)
{
    static const char  *why[] = {
        NULL,
        "not a call of a job",
        "not an upgrade of that call",
        "not the body of an operation that is offered here"
    };

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "pserver: the guard refused a call: %s", why[verdict]);

    return ngx_http_pserver_error_engine(r, why[verdict]);
}
