/*
 * POST /v1/data/{scope}: sealed while it streams in.
 *
 * The body is read unbuffered into a batch of chunks; a full batch is
 * hashed, checked, sealed and written in a thread, and only then is more
 * read.  Nothing of it is visible before the last batch showed that the
 * body is what was signed.  Memory does not depend on its length.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_put.h"
#include "ngx_http_pserver_thread.h"
#include "../core/text.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_PUT_BATCH     (4 * PSERVER_SEAL_CHUNK)

#define NGX_HTTP_PSERVER_PUT_TYPE_MAX  255
#define NGX_HTTP_PSERVER_PUT_NAME_MAX  255
#define NGX_HTTP_PSERVER_PUT_NOTE_MAX  2048


static ngx_int_t ngx_http_pserver_put_create(ngx_http_request_t *r,
    ngx_http_pserver_put_t **out);
static ngx_int_t ngx_http_pserver_put_meta(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);
static void ngx_http_pserver_put_cleanup(void *data);
static void ngx_http_pserver_put_init(ngx_http_request_t *r);
static void ngx_http_pserver_put_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_put_take(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);
static void ngx_http_pserver_put_post(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);
static void ngx_http_pserver_put_done(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_put_log(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);
static void ngx_http_pserver_put_logged(ngx_http_request_t *r, ngx_int_t rc);
static void ngx_http_pserver_put_published(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_put_error(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);
static ngx_int_t ngx_http_pserver_put_stored(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put);


ngx_int_t
ngx_http_pserver_store_put(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_pserver_put_t  *put;

    rc = ngx_http_pserver_put_create(r, &put);

    if (rc != NGX_OK) {
        return rc;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_pserver_put_init);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pserver_put_create(ngx_http_request_t *r,
    ngx_http_pserver_put_t **out)
{
    off_t                         length;
    ngx_int_t                     rc;
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_put_t       *put;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    put = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_put_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (put == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_pserver_put_cleanup;
    cln->data = put;

    rc = ngx_http_pserver_put_meta(r, put);

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_condition_init(r, &put->condition);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    put->root = plcf->store.data;
    put->chain_id = plcf->chain_id;
    put->owner = ctx->owner;
    put->claims = &ctx->claims->verified;
    put->reserve = plcf->store_reserve;
    put->quota = plcf->quota;

    length = r->headers_in.content_length_n;

    put->left = ngx_max(length, 0);

    put->size = NGX_HTTP_PSERVER_PUT_BATCH;

    if (length >= 0 && length < NGX_HTTP_PSERVER_PUT_BATCH) {
        put->size = (size_t) length + 1;
    }

    put->batch = ngx_palloc(r->pool, put->size);
    put->writer = ngx_http_pserver_writer_create();

    if (put->batch == NULL || put->writer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    pserver_json_stream_init(&put->json);

    ctx->state = put;
    *out = put;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_put_meta(ngx_http_request_t *r, ngx_http_pserver_put_t *put)
{
    ngx_str_t                type, name, note;
    pserver_seal_meta_t     *meta;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    meta = &put->meta;

    meta->scope.len = ctx->scope.len;
    meta->scope.data = ctx->scope.data;

    ngx_str_null(&type);

    if (r->headers_in.content_type) {
        type = r->headers_in.content_type->value;
    }

    if (ngx_http_pserver_header_is_json(&type)) {
        meta->kind = PSERVER_SEAL_JSON;
        return NGX_OK;
    }

    meta->kind = PSERVER_SEAL_BINARY;

    ngx_http_pserver_header_find(r, "x-filename", &name);
    ngx_http_pserver_header_find(r, "x-vana-metadata", &note);

    meta->type.len = type.len;
    meta->type.data = type.data;

    meta->filename.len = name.len;
    meta->filename.data = name.data;

    meta->note.len = note.len;
    meta->note.data = note.data;

    if (!pserver_text_valid(meta->type, NGX_HTTP_PSERVER_PUT_TYPE_MAX)
        || !pserver_text_valid(meta->filename, NGX_HTTP_PSERVER_PUT_NAME_MAX)
        || !pserver_text_valid(meta->note, NGX_HTTP_PSERVER_PUT_NOTE_MAX))
    {
        return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                              "INVALID_HEADER",
                              "Content-Type, X-Filename or X-Vana-Metadata "
                              "is too long or not plain text");
    }

    return NGX_OK;
}


/* after the last thread: the request is not freed while one runs */

static void
ngx_http_pserver_put_cleanup(void *data)
{
    ngx_http_pserver_put_t  *put = data;

    if (put->batch) {
        sodium_memzero(put->batch, put->size);
    }

    if (put->writer) {
        ngx_http_pserver_writer_destroy(put->writer);
    }
}


static void
ngx_http_pserver_put_init(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_pserver_put_read;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_pserver_put_read(r);
}


static void
ngx_http_pserver_put_read(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_pserver_ctx_t  *ctx;
    ngx_http_pserver_put_t  *put;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    put = ctx->state;

    for ( ;; ) {

        rc = ngx_http_pserver_put_take(r, put);

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        if (rc == NGX_AGAIN) {

            /* the batch is full, and there is more */

            break;
        }

        if (!r->reading_body) {
            put->last = 1;
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {

            if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
                rc = ngx_http_pserver_store_error(r,
                                       NGX_HTTP_PSERVER_STORE_TOO_LARGE, 0);
            }

            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    ngx_http_pserver_put_post(r, put);
}


/*
 * Moves what has come in into the batch, and wipes nginx's buffers.
 * NGX_AGAIN: there is no room for the rest.
 */

static ngx_int_t
ngx_http_pserver_put_take(ngx_http_request_t *r, ngx_http_pserver_put_t *put)
{
    size_t        len;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;

        if (!ngx_buf_in_memory(b)) {

            if (ngx_buf_special(b)) {
                continue;
            }

            ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                          "body of a post to the store is in a file");
            return NGX_ERROR;
        }

        len = ngx_min((size_t) (b->last - b->pos), put->size - put->len);

        ngx_memcpy(put->batch + put->len, b->pos, len);
        sodium_memzero(b->pos, len);

        put->len += len;
        b->pos += len;

        if (b->pos != b->last) {
            r->request_body->bufs = cl;
            return NGX_AGAIN;
        }
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


static void
ngx_http_pserver_put_post(ngx_http_request_t *r, ngx_http_pserver_put_t *put)
{
    struct timeval  tv;

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    r->read_event_handler = ngx_http_block_reading;

    if (put->last) {
        ngx_gettimeofday(&tv);

        put->meta.collected_at = (uint64_t) tv.tv_sec * 1000
                                 + tv.tv_usec / 1000;
    }

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_put_run,
                                            ngx_http_pserver_put_done, put)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_put_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_put_t  *put = data;

    ngx_int_t  rc;

    if (put->rc != NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_put_error(r, put);

    } else if (!put->last) {
        r->read_event_handler = ngx_http_pserver_put_read;
        ngx_http_pserver_put_read(r);
        return;

    } else if (put->bad_hash) {
        rc = ngx_http_pserver_auth_body(r, put->writer->seal.sha256);

        if (rc == NGX_OK) {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (put->bad_json) {
        rc = ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                            "INVALID_BODY",
                                            "the body is not a JSON object");

    } else if (put->repeat) {
        rc = ngx_http_pserver_put_stored(r, put);

    } else {
        ngx_http_pserver_put_log(r, put);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/* what can't be logged is not stored */

static void
ngx_http_pserver_put_log(ngx_http_request_t *r, ngx_http_pserver_put_t *put)
{
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_audit_entry_t   entry;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_DATA_WRITTEN;
    entry.owner = &ctx->owner;
    entry.scope = ctx->scope;
    entry.object = put->writer->seal.sha256;
    entry.manifest = put->head;
    entry.r = r;

    if (ngx_http_pserver_audit_request(r, &entry, ngx_http_pserver_put_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_put_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_put_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (rc != NGX_OK
        || ngx_http_pserver_thread_run_request(r,
                                          ngx_http_pserver_put_publish,
                                          ngx_http_pserver_put_published,
                                          ctx->state)
           != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_put_published(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_put_t  *put = data;

    ngx_int_t  rc;

    if (put->rc != NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_put_error(r, put);

    } else {
        rc = ngx_http_pserver_put_stored(r, put);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_pserver_put_error(ngx_http_request_t *r, ngx_http_pserver_put_t *put)
{
    ngx_http_pserver_owner_t  *owner;

    owner = &put->writer->owner;

    return ngx_http_pserver_store_file_error(r, put->rc, owner->err,
                                             &owner->address, owner->file);
}


static ngx_int_t
ngx_http_pserver_put_stored(ngx_http_request_t *r,
    ngx_http_pserver_put_t *put)
{
    u_char     *p;
    ngx_str_t   body;

    /* a scope needs no escapes */

    p = ngx_pnalloc(r->pool, put->meta.scope.len + 128);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;

    p = ngx_sprintf(p, "{\"scope\":\"%*s\",\"collectedAt\":\"",
                    put->meta.scope.len, put->meta.scope.data);
    p = ngx_http_pserver_store_time(p, put->meta.collected_at);
    p = ngx_cpymem(p, "\",\"status\":\"stored\"}",
                   sizeof("\",\"status\":\"stored\"}") - 1);

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_CREATED, &body);
}
