/*
 * The gate in front of an application: who comes in, and the body, which the
 * application does not see before it has been hashed.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_data.h"
#include "ngx_http_pserver_thread.h"

#include <sodium.h>


/* up to here a hash takes less time than the way to a thread and back */
#define NGX_HTTP_PSERVER_GATE_INLINE  65536

#define NGX_HTTP_PSERVER_GATE_READ    65536


/* a body to be hashed, in a thread where it is large */

typedef struct {
    ngx_http_pserver_auth_t  *auth;
    ngx_chain_t              *bufs;
    u_char                    hash[crypto_hash_sha256_BYTES];
    ngx_uint_t                failed;            /* a file can't be read */
} ngx_http_pserver_gate_t;


static ngx_int_t ngx_http_pserver_gate(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf);
static ngx_int_t ngx_http_pserver_gate_body(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf, ngx_http_pserver_auth_t *auth);
static ngx_int_t ngx_http_pserver_gate_read(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf);
static void ngx_http_pserver_gate_memory(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_gate_whole(ngx_http_request_t *r);
static void ngx_http_pserver_gate_hash(void *data);
static ngx_int_t ngx_http_pserver_gate_hash_file(
    crypto_hash_sha256_state *state, ngx_buf_t *b);
static void ngx_http_pserver_gate_done(ngx_http_request_t *r, void *data);


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
        return ngx_http_pserver_gate(r, plcf);
    }
}


/*
 * nginx runs no access phase in subrequests: auth_request, SSI and mirror
 * come by here, with the header of their main request.  What is refused is
 * said to the main request as well, since auth_request passes on no more
 * than a status.
 */

ngx_int_t
ngx_http_pserver_auth_subrequest(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_pserver_ctx_t       *ctx, *main;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (r == r->main
        || plcf->api == NGX_HTTP_PSERVER_DATA
        || plcf->api == NGX_HTTP_PSERVER_COMPUTE)
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_pserver_gate(r, plcf);

    if (rc == NGX_OK || rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc == NGX_AGAIN) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    main = ngx_http_pserver_get_ctx(r->main);

    if (ctx && main && main->error.status == 0) {
        main->error = ctx->error;
        ngx_str_null(&main->error.challenge);
    }

    return rc;
}


/* "pserver auth": who comes so far has passed the gate */

ngx_int_t
ngx_http_pserver_auth_ok_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->header_only = 1;
    r->headers_out.status = NGX_HTTP_NO_CONTENT;

    return ngx_http_send_header(r);
}


/* a header that does not verify is refused by an optional gate, too: it is
   not the same as none */

static ngx_int_t
ngx_http_pserver_gate(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_int_t                 rc;
    ngx_http_pserver_auth_t  *auth;

    if (plcf->auth == NGX_HTTP_PSERVER_AUTH_OFF) {
        return NGX_DECLINED;
    }

    rc = (plcf->auth == NGX_HTTP_PSERVER_AUTH_REQUIRED)
         ? ngx_http_pserver_auth_require(r) : ngx_http_pserver_auth_verify(r);

    if (rc != NGX_OK || plcf->auth_body == NGX_HTTP_PSERVER_BODY_OFF) {
        return rc;
    }

    auth = ngx_http_pserver_auth_peek(r);

    if (pserver_web3signed_bodiless(&auth->claims.verified)) {
        return NGX_OK;
    }

    return ngx_http_pserver_gate_body(r, plcf, auth);
}


static ngx_int_t
ngx_http_pserver_gate_body(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf, ngx_http_pserver_auth_t *auth)
{
    ngx_http_headers_in_t    *in;
    ngx_http_pserver_gate_t   gate;

    if (auth->body == NGX_CONF_UNSET) {

        in = &r->main->headers_in;

        if (in->content_length_n > 0 || in->chunked) {

            if (r == r->main) {
                return ngx_http_pserver_gate_read(r, plcf);
            }

            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "pserver: the body of the main request can't be "
                          "compared in a subrequest to \"%V\", "
                          "see \"pserver_auth_body\"", &r->uri);

            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        gate.bufs = NULL;
        ngx_http_pserver_gate_hash(&gate);

        auth->body = ngx_http_pserver_auth_body(r, gate.hash);
    }

    /* once more, where an internal redirect has cleared the error */

    return (auth->body == NGX_HTTP_UNAUTHORIZED)
           ? ngx_http_pserver_auth_error(r, PSERVER_WEB3SIGNED_BODY)
           : auth->body;
}


static ngx_int_t
ngx_http_pserver_gate_read(ngx_http_request_t *r,
    ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_int_t                  rc;
    ngx_http_pserver_auth_t   *auth;
    ngx_http_core_loc_conf_t  *clcf;

    auth = ngx_http_pserver_auth_peek(r);

    /* what an error_page of a body that was not read whole gets here */

    auth->body = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;

    /* what another module has read is where that module has put it */

    if (plcf->auth_body == NGX_HTTP_PSERVER_BODY_FILE
        || r->request_body || r->discard_body)
    {
        rc = ngx_http_read_client_request_body(r,
                                               ngx_http_pserver_gate_whole);

    } else {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        rc = ngx_http_pserver_body_read(r, clcf->client_body_buffer_size,
                                        ngx_http_pserver_gate_memory);
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        auth->body = rc;
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


/* hands the body on as if nginx had read it */

static void
ngx_http_pserver_gate_memory(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (body->len) {
        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        b->temporary = 1;
        b->start = body->data;
        b->pos = body->data;
        b->last = body->data + body->len;
        b->end = b->last;

        cl->buf = b;
        cl->next = NULL;

        r->request_body->bufs = cl;
    }

    r->request_body_no_buffering = 0;

    if (r->headers_in.chunked) {
        r->headers_in.content_length_n = body->len;
    }

    ngx_http_pserver_gate_whole(r);
}


static void
ngx_http_pserver_gate_whole(ngx_http_request_t *r)
{
    off_t                     size;
    ngx_chain_t              *cl;
    ngx_http_pserver_gate_t  *gate;

    /* an internal redirect, a retry or a mirror may want it again */

    r->preserve_body = 1;

    gate = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_gate_t));
    if (gate == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    gate->auth = ngx_http_pserver_auth_peek(r);
    gate->bufs = r->request_body ? r->request_body->bufs : NULL;

    size = 0;

    for (cl = gate->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size <= NGX_HTTP_PSERVER_GATE_INLINE
        && (r->request_body == NULL || r->request_body->temp_file == NULL))
    {
        ngx_http_pserver_gate_hash(gate);
        ngx_http_pserver_gate_done(r, gate);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_gate_hash,
                                            ngx_http_pserver_gate_done, gate)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
    }
}


static void
ngx_http_pserver_gate_hash(void *data)
{
    ngx_http_pserver_gate_t *gate = data;

    ngx_chain_t               *cl;
    crypto_hash_sha256_state   state;

    gate->failed = 0;

    crypto_hash_sha256_init(&state);

    for (cl = gate->bufs; cl; cl = cl->next) {

        if (ngx_buf_in_memory(cl->buf)) {
            crypto_hash_sha256_update(&state, cl->buf->pos,
                                      cl->buf->last - cl->buf->pos);

        } else if (cl->buf->in_file
                   && ngx_http_pserver_gate_hash_file(&state, cl->buf)
                      != NGX_OK)
        {
            gate->failed = 1;
        }
    }

    crypto_hash_sha256_final(&state, gate->hash);
}


static ngx_int_t
ngx_http_pserver_gate_hash_file(crypto_hash_sha256_state *state, ngx_buf_t *b)
{
    off_t    pos;
    u_char  *buf;
    ssize_t  n;

    buf = malloc(NGX_HTTP_PSERVER_GATE_READ);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    for (pos = b->file_pos; pos < b->file_last; pos += n) {

        n = pread(b->file->fd, buf,
                  ngx_min(b->file_last - pos, NGX_HTTP_PSERVER_GATE_READ),
                  pos);

        if (n <= 0) {
            break;
        }

        crypto_hash_sha256_update(state, buf, n);
    }

    free(buf);

    return (pos == b->file_last) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_pserver_gate_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_gate_t *gate = data;

    if (gate->failed) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                      "pserver: the request body can't be read again");
        gate->auth->body = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        gate->auth->body = ngx_http_pserver_auth_body(r, gate->hash);
    }

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}
