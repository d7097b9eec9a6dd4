/*
 * The gate: the access phase, and the body of a request to an application,
 * which is held back until it has been hashed.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_data.h"

#include <sodium.h>


static ngx_int_t ngx_http_pserver_auth_gate(ngx_http_request_t *r,
    ngx_uint_t required);
static ngx_int_t ngx_http_pserver_auth_read_body(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx);
static void ngx_http_pserver_auth_body_handler(ngx_http_request_t *r);


ngx_int_t
ngx_http_pserver_auth_handler(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    switch (plcf->api) {

    case NGX_HTTP_PSERVER_DATA:
        return ngx_http_pserver_data_access(r);

    case NGX_HTTP_PSERVER_COMPUTE:

        /* a signature in the body, or one that depends on the route */

        return NGX_DECLINED;

    default:
        break;
    }

    switch (plcf->auth) {

    case NGX_HTTP_PSERVER_AUTH_REQUIRED:
        return ngx_http_pserver_auth_gate(r, 1);

    case NGX_HTTP_PSERVER_AUTH_OPTIONAL:
        return ngx_http_pserver_auth_gate(r, 0);

    default: /* NGX_HTTP_PSERVER_AUTH_OFF */
        return NGX_DECLINED;
    }
}


/* a header that does not verify is refused by an optional gate, too: it is
   not the same as none */

static ngx_int_t
ngx_http_pserver_auth_gate(ngx_http_request_t *r, ngx_uint_t required)
{
    ngx_int_t                rc;
    ngx_http_pserver_ctx_t  *ctx;

    rc = required ? ngx_http_pserver_auth_require(r)
                  : ngx_http_pserver_auth_verify(r);

    if (rc != NGX_OK || r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx->body_rc != NGX_CONF_UNSET) {
        return ctx->body_rc;
    }

    return ngx_http_pserver_auth_read_body(r, ctx);
}


/*
 * The body is hashed before the application sees a byte of it, so it must
 * be in memory whole: within client_body_buffer_size, of announced length.
 */

static ngx_int_t
ngx_http_pserver_auth_read_body(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    if (r->headers_in.chunked) {
        return NGX_HTTP_LENGTH_REQUIRED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->headers_in.content_length_n
        > (off_t) clcf->client_body_buffer_size)
    {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    ctx->body_rc = NGX_DONE;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_pserver_auth_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_pserver_auth_body_handler(ngx_http_request_t *r)
{
    u_char                      hash[crypto_hash_sha256_BYTES];
    ngx_chain_t                *cl;
    ngx_http_pserver_ctx_t     *ctx;
    crypto_hash_sha256_state    state;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    crypto_hash_sha256_init(&state);

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        crypto_hash_sha256_update(&state, cl->buf->pos,
                                  cl->buf->last - cl->buf->pos);
    }

    crypto_hash_sha256_final(&state, hash);

    if (r->request_body->temp_file) {
        ctx->body_rc = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;

    } else {
        ctx->body_rc = ngx_http_pserver_auth_body(r, hash);
    }

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}
