/*
 * The public log: a location with "pserver audit".
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_thread.h"
#include "../core/bytes.h"


typedef struct {
    ngx_http_pserver_audit_t        *audit;
    int                              rc;         /* PSERVER_* */

    pserver_merkle_t                 tree;

    uint64_t                         start;
    uint64_t                         count;
    u_char                          *data;
    size_t                           len;
} ngx_http_pserver_audit_public_t;


static ngx_int_t ngx_http_pserver_audit_size(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx);
static void ngx_http_pserver_audit_size_run(void *data);
static void ngx_http_pserver_audit_size_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_audit_entries(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx);
static void ngx_http_pserver_audit_entries_run(void *data);
static void ngx_http_pserver_audit_entries_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_audit_send(ngx_http_request_t *r,
    ngx_str_t *type, ngx_str_t *body);


static ngx_str_t  ngx_http_pserver_audit_text_type =
    ngx_string("text/plain");
static ngx_str_t  ngx_http_pserver_audit_binary_type =
    ngx_string("application/octet-stream");


ngx_int_t
ngx_http_pserver_audit_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         name;
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_pserver_loc_conf_t      *plcf;
    ngx_http_pserver_audit_public_t  *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (r->uri.len < clcf->name.len
        || ngx_strncmp(r->uri.data, clcf->name.data, clcf->name.len) != 0)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    name.data = r->uri.data + clcf->name.len;
    name.len = r->uri.len - clcf->name.len;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_audit_public_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->audit = plcf->audit;

    if (name.len == 4 && ngx_strncmp(name.data, "size", 4) == 0) {
        return ngx_http_pserver_audit_size(r, ctx);
    }

    if (name.len == 7 && ngx_strncmp(name.data, "entries", 7) == 0) {
        return ngx_http_pserver_audit_entries(r, ctx);
    }

    return NGX_HTTP_NOT_FOUND;
}


static ngx_int_t
ngx_http_pserver_audit_size(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx)
{
    if (ngx_http_pserver_thread_run_request(r,
                                            ngx_http_pserver_audit_size_run,
                                            ngx_http_pserver_audit_size_done,
                                            ctx)
        != NGX_OK)
    {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    r->main->count++;

    return NGX_DONE;
}


/* in a thread */

static void
ngx_http_pserver_audit_size_run(void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    ctx->rc = ngx_http_pserver_audit_file_tree(&ctx->audit->file, &ctx->tree);
}


static void
ngx_http_pserver_audit_size_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    u_char     root[PSERVER_MERKLE_LEN];
    ngx_str_t  src, dst, body;

    if (ctx->rc != PSERVER_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }

    body.data = ngx_pnalloc(r->pool, NGX_INT64_LEN + 2
                            + ngx_base64_encoded_length(sizeof(root)));
    if (body.data == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    pserver_merkle_root(&ctx->tree, root);

    src.data = root;
    src.len = sizeof(root);

    dst.data = ngx_sprintf(body.data, "%uL\n", ctx->tree.size);

    ngx_encode_base64(&dst, &src);

    dst.data[dst.len++] = '\n';

    body.len = dst.data + dst.len - body.data;

    ngx_http_finalize_request(r,
        ngx_http_pserver_audit_send(r, &ngx_http_pserver_audit_text_type,
                                    &body));
}


static ngx_int_t
ngx_http_pserver_audit_entries(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx)
{
    if (ngx_http_pserver_audit_arg(r, "start", UINT64_MAX, &ctx->start)
        != NGX_OK
        || ngx_http_pserver_audit_arg(r, "count", 0, &ctx->count) != NGX_OK
        || ctx->start == UINT64_MAX
        || ctx->count == 0)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    ctx->count = ngx_min(ctx->count, NGX_HTTP_PSERVER_AUDIT_BUNDLE);

    ctx->data = ngx_pnalloc(r->pool, ctx->count * (2 + PSERVER_ENTRY_MAX));
    if (ctx->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_pserver_thread_run_request(r,
                                         ngx_http_pserver_audit_entries_run,
                                         ngx_http_pserver_audit_entries_done,
                                         ctx)
        != NGX_OK)
    {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    r->main->count++;

    return NGX_DONE;
}


/* in a thread */

static void
ngx_http_pserver_audit_entries_run(void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    u_char                          leaf[PSERVER_MERKLE_LEN];
    u_char                          buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX];
    u_char                         *p;
    uint64_t                        offset, i, n;
    pserver_record_t                record;
    ngx_http_pserver_audit_file_t  *file;

    file = &ctx->audit->file;

    ctx->rc = ngx_http_pserver_audit_file_find(file, ctx->start, &offset, &n);

    n = ngx_min(n, ctx->count);
    p = ctx->data;

    for (i = 0; ctx->rc == PSERVER_OK && i < n; i++) {

        ctx->rc = ngx_http_pserver_audit_file_read(file, offset, buf, &record,
                                                   leaf, &offset);

        if (ctx->rc == PSERVER_OK && record.entry.len <= PSERVER_ENTRY_MAX) {
            p = pserver_put_be(p, record.entry.len, 2);
            p = ngx_cpymem(p, record.entry.data, record.entry.len);
        }
    }

    ctx->len = p - ctx->data;
}


static void
ngx_http_pserver_audit_entries_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    ngx_str_t  body;

    if (ctx->rc == PSERVER_DONE) {
        ngx_http_finalize_request(r, NGX_HTTP_NOT_FOUND);
        return;
    }

    if (ctx->rc != PSERVER_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }

    body.data = ctx->data;
    body.len = ctx->len;

    ngx_http_finalize_request(r,
        ngx_http_pserver_audit_send(r, &ngx_http_pserver_audit_binary_type,
                                    &body));
}


static ngx_int_t
ngx_http_pserver_audit_send(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *body)
{
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value = *body;

    r->headers_out.status = NGX_HTTP_OK;

    return ngx_http_send_response(r, NGX_HTTP_OK, type, &cv);
}


ngx_int_t
ngx_http_pserver_audit_arg(ngx_http_request_t *r, const char *name,
    uint64_t missing, uint64_t *value)
{
    size_t     i;
    ngx_str_t  arg;

    *value = missing;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK) {
        return NGX_OK;
    }

    if (arg.len == 0 || arg.len > 18) {
        return NGX_ERROR;
    }

    *value = 0;

    for (i = 0; i < arg.len; i++) {
        if (arg.data[i] < '0' || arg.data[i] > '9') {
            return NGX_ERROR;
        }

        *value = *value * 10 + (arg.data[i] - '0');
    }

    return NGX_OK;
}
