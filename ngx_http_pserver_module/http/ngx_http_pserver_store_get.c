/*
 * GET /v1/data/{scope}: what is asked, who may, and the header of the
 * answer.  Range, ETag and conditions are left to nginx's own filters.
 */


#include "ngx_http_pserver_store_get.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_sealed.h"
#include "ngx_http_pserver_thread.h"
#include "../core/encode.h"


static ngx_int_t ngx_http_pserver_get_create(ngx_http_request_t *r,
    ngx_http_pserver_get_t **out);
static ngx_int_t ngx_http_pserver_get_args(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);
static void ngx_http_pserver_get_permitted(ngx_http_request_t *r,
    ngx_int_t status);
static void ngx_http_pserver_get_start(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);
static void ngx_http_pserver_get_opened(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_get_logged(ngx_http_request_t *r, ngx_int_t rc);
static void ngx_http_pserver_get_begin(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_get_header(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);
static ngx_int_t ngx_http_pserver_get_etag(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);


ngx_int_t
ngx_http_pserver_store_get(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_pserver_ctx_t  *ctx;
    ngx_http_pserver_get_t  *get;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_get_create(r, &get);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    /* an owner, too, may read with the grant of another one */

    if (ctx->is_owner && ctx->claims->grant_id.len == 0) {
        get->sealed = ngx_http_pserver_sealed_accepted(r);

        r->main->count++;

        ngx_http_pserver_get_start(r, get);

        return NGX_DONE;
    }

    get->grant = ngx_http_pserver_grant_check(r,
                                              ngx_http_pserver_get_permitted);
    if (get->grant == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pserver_get_create(ngx_http_request_t *r,
    ngx_http_pserver_get_t **out)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_get_t       *get;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    get = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_get_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (get == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_pserver_get_cleanup;
    cln->data = get;

    get->count = NGX_HTTP_PSERVER_BATCH_CHUNKS;
    get->ahead = (r->method == NGX_HTTP_GET
                  && r->headers_in.if_none_match == NULL
                  && r->headers_in.if_modified_since == NULL);
    ngx_http_pserver_envelope_range(r, &get->range);

    get->root = plcf->store.data;
    get->chain_id = plcf->chain_id;
    get->owner = ctx->owner;
    get->scope.len = ctx->scope.len;
    get->scope.data = ctx->scope.data;

    ctx->state = get;
    *out = get;

    return ngx_http_pserver_get_args(r, get);
}


static ngx_int_t
ngx_http_pserver_get_args(ngx_http_request_t *r, ngx_http_pserver_get_t *get)
{
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) "content", 7, &value) == NGX_OK
        && value.len == 3 && ngx_memcmp(value.data, "raw", 3) == 0)
    {
        get->raw = 1;
    }

    if (ngx_http_arg(r, (u_char *) "fileId", 6, &value) == NGX_OK
        && value.len)
    {
        n = ngx_atoi(value.data, value.len);

        if (n <= 0) {
            return ngx_http_pserver_store_error(r,
                                     NGX_HTTP_PSERVER_STORE_NOT_FOUND, 0);
        }

        get->version = n;

        return NGX_OK;
    }

    if (ngx_http_arg(r, (u_char *) "at", 2, &value) == NGX_OK && value.len) {

        get->at = ngx_http_pserver_store_parse_time(&value);

        if (get->at == 0) {
            return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                  "INVALID_TIMESTAMP",
                                  "at must be like 2026-01-31T12:00:00Z");
        }
    }

    return NGX_OK;
}


static void
ngx_http_pserver_get_permitted(ngx_http_request_t *r, ngx_int_t status)
{
    ngx_http_pserver_ctx_t  *ctx;
    ngx_http_pserver_get_t  *get;

    if (status != NGX_OK) {
        ngx_http_finalize_request(r, status);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    get = ctx->state;
    get->owner = ctx->owner;

    ngx_http_pserver_get_start(r, get);
}


/* the request is held until it is finalized */

static void
ngx_http_pserver_get_start(ngx_http_request_t *r, ngx_http_pserver_get_t *get)
{
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_http_pserver_get_small(get)) {
        ngx_http_pserver_get_opened(r, get);
        return;
    }

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_get_open,
                                            ngx_http_pserver_get_opened, get)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_get_opened(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_get_t  *get = data;

    ngx_int_t                        rc;
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_audit_entry_t   entry;

    if (get->rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_finalize_request(r,
                ngx_http_pserver_store_file_error(r, get->rc, get->err,
                                                  &get->owner, get->file));
        return;
    }

    if (get->raw && !get->sealed
        && get->object.open.meta.kind != PSERVER_SEAL_BINARY)
    {
        ngx_http_finalize_request(r,
            ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                           "NOT_BINARY_SCOPE",
                                           "the scope holds JSON"));
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_DATA_READ;
    entry.owner = &ctx->owner;
    entry.scope = ctx->scope;
    entry.object = get->object.open.meta.sha256;
    entry.manifest = get->head;
    entry.r = r;

    if (get->grant == NULL) {

        /* the owner's own data: committed with what comes next */

        rc = ngx_http_pserver_audit_append(plcf, &entry, NULL);

        ngx_http_pserver_get_logged(r, rc == NGX_AGAIN ? NGX_OK : rc);
        return;
    }

    entry.app = &ctx->claims->address;
    entry.permission = &get->grant->permission.id;

    if (ngx_http_pserver_audit_request(r, &entry,
                                       ngx_http_pserver_get_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_get_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_get_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t  *ctx;

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ngx_http_pserver_get_answer(r, ctx->state);
}


/* what is sent first is opened before the header says that it can be */

void
ngx_http_pserver_get_answer(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get)
{
    if (ngx_http_pserver_envelope_make(r->pool, &get->envelope,
                                       &get->object.open.meta, get->raw)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (get->filled || get->sealed || r->method == NGX_HTTP_HEAD) {
        ngx_http_pserver_get_begin(r, get);
        return;
    }

    get->chunk = ngx_http_pserver_envelope_start(&get->envelope, &get->range,
                                                 &get->offset);

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_get_fill,
                                            ngx_http_pserver_get_begin, get)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_get_begin(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_get_t  *get = data;

    ngx_int_t  rc;

    if (get->rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_finalize_request(r,
                ngx_http_pserver_store_file_error(r, get->rc, get->err,
                                                  &get->owner, get->file));
        return;
    }

    if (ngx_http_pserver_get_header(r, get) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (get->sealed) {
        ngx_http_pserver_sealed_answer(r, get);
        return;
    }

    r->headers_out.content_offset = get->offset;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT) {
        get->position = get->offset;
        get->end = r->headers_out.content_offset
                   + r->headers_out.content_length_n;

    } else {

        if (get->offset) {

            /* the whole all the same */

            get->chunk = 0;
            get->filled = 0;
        }

        get->end = get->envelope.length;
    }

    ngx_http_pserver_get_send(r, get);
}


static ngx_int_t
ngx_http_pserver_get_header(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get)
{
    pserver_seal_meta_t  *meta;

    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  binary = ngx_string("application/octet-stream");
    static ngx_str_t  sealed = ngx_string(NGX_HTTP_PSERVER_SEALED_TYPE);
    static ngx_str_t  no_store = ngx_string("private, no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    meta = &get->object.open.meta;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = get->envelope.length;
    r->headers_out.last_modified_time = meta->collected_at / 1000;

    r->headers_out.content_type = json;

    if (get->sealed) {
        r->headers_out.content_type = sealed;
        r->headers_out.content_length_n = get->size;

    } else if (get->raw) {
        r->headers_out.content_type = binary;

        if (meta->type.len) {
            r->headers_out.content_type.len = meta->type.len;
            r->headers_out.content_type.data = meta->type.data;
        }
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    r->allow_ranges = 1;
    r->single_range = 1;

    if (ngx_http_pserver_header_add(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_http_pserver_header_add(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pserver_get_etag(r, get);
}


/* the id of the version, and which representation of it this is */

static ngx_int_t
ngx_http_pserver_get_etag(ngx_http_request_t *r, ngx_http_pserver_get_t *get)
{
    u_char           *p;
    ngx_table_elt_t  *etag;

    etag = ngx_list_push(&r->headers_out.headers);
    p = ngx_pnalloc(r->pool, 2 * PSERVER_SEAL_ID_LEN + 4 + NGX_INT32_LEN);

    if (etag == NULL || p == NULL) {
        return NGX_ERROR;
    }

    etag->hash = 1;
    ngx_str_set(&etag->key, "ETag");
    etag->value.data = p;

#if (nginx_version >= 1023000)
    etag->next = NULL;
#endif

    *p++ = '"';
    p = pserver_hex_encode(p, get->object.open.id, PSERVER_SEAL_ID_LEN);
    *p++ = '-';
    *p++ = get->sealed ? 's' : get->raw ? 'r' : 'e';

    if (get->sealed && get->object.open.generation > 1) {

        /* sealed again the bytes are others, and the version is the same */

        p = ngx_sprintf(p, "%uD", get->object.open.generation);
    }

    *p++ = '"';

    etag->value.len = p - etag->value.data;

    r->headers_out.etag = etag;

    return NGX_OK;
}
