/*
 * The public log: a location with "pserver audit", which serves what is
 * below <pserver_audit>/public.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_audit_disk.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_thread.h"


typedef struct {
    const char                      *dir;
    const char                      *file;       /* NULL: a tile */
    pserver_tile_t                   tile;

    ngx_fd_t                         fd;
    ngx_err_t                        err;
    size_t                           len;
    time_t                           mtime;
} ngx_http_pserver_audit_public_t;


static ngx_int_t ngx_http_pserver_audit_name(ngx_str_t *name,
    ngx_http_pserver_audit_public_t *ctx);
static void ngx_http_pserver_audit_open_run(void *data);
static void ngx_http_pserver_audit_open_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_audit_send(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx);
static ngx_int_t ngx_http_pserver_audit_cache(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx);
static void ngx_http_pserver_audit_public_cleanup(void *data);


ngx_int_t
ngx_http_pserver_audit_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         name;
    ngx_pool_cleanup_t               *cln;
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

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_pserver_audit_public_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;

    ngx_memzero(ctx, sizeof(ngx_http_pserver_audit_public_t));

    ctx->fd = NGX_INVALID_FILE;

    cln->handler = ngx_http_pserver_audit_public_cleanup;

    ctx->dir = (char *) plcf->audit->path.name.data;

    if (ngx_http_pserver_audit_name(&name, ctx) != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_pserver_thread_run_request(r,
                                            ngx_http_pserver_audit_open_run,
                                            ngx_http_pserver_audit_open_done,
                                            ctx)
        != NGX_OK)
    {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pserver_audit_name(ngx_str_t *name,
    ngx_http_pserver_audit_public_t *ctx)
{
    ngx_uint_t     i;
    pserver_str_t  path;

    static const struct {
        ngx_str_t    name;
        const char  *file;
    } files[] = {
        { ngx_string("checkpoint"), "public/checkpoint" },
        { ngx_string("key"),        "public/key" },
        { ngx_string("anchor"),     "public/anchor" }
    };

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {

        if (name->len == files[i].name.len
            && ngx_strncmp(name->data, files[i].name.data, name->len) == 0)
        {
            ctx->file = files[i].file;
            return NGX_OK;
        }
    }

    path.data = name->data;
    path.len = name->len;

    return (pserver_tile_parse(&ctx->tile, path) == PSERVER_OK)
           ? NGX_OK : NGX_DECLINED;
}


/* in a thread */

static void
ngx_http_pserver_audit_open_run(void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    struct stat  st;

    if (ctx->file) {
        ctx->fd = ngx_http_pserver_audit_disk_open(ctx->dir, ctx->file);

    } else {
        ctx->fd = ngx_http_pserver_audit_tiles_open(ctx->dir, &ctx->tile,
                                                    &ctx->len);
    }

    ctx->err = ngx_errno;

    if (ctx->fd == NGX_INVALID_FILE || ctx->file == NULL) {
        return;
    }

    if (fstat(ctx->fd, &st) == -1) {
        ctx->err = ngx_errno;
        (void) ngx_close_file(ctx->fd);
        ctx->fd = NGX_INVALID_FILE;
        return;
    }

    ctx->len = st.st_size;
    ctx->mtime = st.st_mtime;
}


static void
ngx_http_pserver_audit_open_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    ngx_int_t  rc;

    if (ctx->fd != NGX_INVALID_FILE) {
        rc = ngx_http_pserver_audit_send(r, ctx);

    } else if (ctx->err == NGX_ENOENT) {
        rc = NGX_HTTP_NOT_FOUND;

    } else {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, ctx->err,
                      "the public part of audit log \"%s\" can't be read",
                      ctx->dir);
        rc = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_pserver_audit_send(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = ctx->len;
    r->allow_ranges = 1;

    if (ctx->file) {
        ngx_str_set(&r->headers_out.content_type, "text/plain");
        ngx_str_set(&r->headers_out.charset, "utf-8");
        r->headers_out.last_modified_time = ctx->mtime;

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/octet-stream");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (ngx_http_pserver_audit_cache(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_last = ctx->len;
    b->in_file = ctx->len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    b->file->fd = ctx->fd;
    b->file->log = r->connection->log;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* a tile of some width never changes, but one that is not full is asked for
   only as long as the checkpoint lasts */

static ngx_int_t
ngx_http_pserver_audit_cache(ngx_http_request_t *r,
    ngx_http_pserver_audit_public_t *ctx)
{
    static ngx_str_t  file = ngx_string("no-cache");
    static ngx_str_t  part = ngx_string("public, max-age=60, immutable");
    static ngx_str_t  full =
        ngx_string("public, max-age=31536000, immutable");

    return ngx_http_pserver_header_add(r, "Cache-Control",
                  ctx->file ? &file
                            : (ctx->tile.width < PSERVER_TILE_WIDTH) ? &part
                                                                     : &full);
}


static void
ngx_http_pserver_audit_public_cleanup(void *data)
{
    ngx_http_pserver_audit_public_t *ctx = data;

    if (ctx->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(ctx->fd);
    }
}
