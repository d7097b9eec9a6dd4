/*
 * GET /v1/data/{scope}: finding and opening, in threads but for what is
 * small.
 */


#include "ngx_http_pserver_store_get.h"
#include "ngx_http_pserver_store_recent.h"

#include <sodium.h>


/* chunks that the event loop opens at once: less than a signature costs */
#define NGX_HTTP_PSERVER_GET_QUICK  2


static ngx_uint_t ngx_http_pserver_get_again(ngx_http_pserver_get_t *get,
    const ngx_http_pserver_recent_t *key);
static ngx_uint_t ngx_http_pserver_get_quick(ngx_http_pserver_get_t *get,
    const ngx_http_pserver_recent_t *key);
static uint64_t ngx_http_pserver_get_work(ngx_http_pserver_get_t *get);
static ngx_uint_t ngx_http_pserver_get_ahead(ngx_http_pserver_get_t *get);
static ngx_uint_t ngx_http_pserver_get_first(ngx_http_pserver_get_t *get);
static ngx_uint_t ngx_http_pserver_get_find(ngx_http_pserver_get_t *get);
static ngx_uint_t ngx_http_pserver_get_at(ngx_http_pserver_get_t *get,
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_get_room(ngx_http_pserver_get_t *get,
    ngx_uint_t base64);
static void ngx_http_pserver_get_free(ngx_http_pserver_get_t *get);
static ngx_uint_t ngx_http_pserver_get_batch(ngx_http_pserver_get_t *get);


ngx_uint_t
ngx_http_pserver_get_small(ngx_http_pserver_get_t *get)
{
    ngx_http_pserver_recent_t  key;

    if (get->at || get->sealed) {
        return 0;
    }

    key.root = get->root;
    key.chain_id = get->chain_id;
    key.owner = get->owner;
    key.scope = get->scope;
    key.version = get->version;

    return ngx_http_pserver_get_again(get, &key)
           || ngx_http_pserver_get_quick(get, &key);
}


/*
 * What was opened before.  Whatever does not go as it should is found out by
 * who opens it anew.
 */

static ngx_uint_t
ngx_http_pserver_get_again(ngx_http_pserver_get_t *get,
    const ngx_http_pserver_recent_t *key)
{
    if (!ngx_http_pserver_recent_open(key, &get->object, get->head,
                                      get->file))
    {
        return 0;
    }

    get->object.cached = 1;

    if (ngx_http_pserver_get_work(get) <= NGX_HTTP_PSERVER_GET_QUICK
        && ngx_http_pserver_get_first(get) == NGX_HTTP_PSERVER_STORE_OK)
    {
        get->object.cached = 0;
        get->opened = 1;

        return 1;
    }

    /* what is opened anew may be a longer one: room is made for it again */

    ngx_http_pserver_get_free(get);

    ngx_http_pserver_object_close(&get->object);

    ngx_memzero(&get->object, sizeof(ngx_http_pserver_object_t));

    get->count = NGX_HTTP_PSERVER_BATCH_CHUNKS;
    get->chunk = 0;
    get->offset = 0;

    return 0;
}


static ngx_uint_t
ngx_http_pserver_get_quick(ngx_http_pserver_get_t *get,
    const ngx_http_pserver_recent_t *key)
{
    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    rc = ngx_http_pserver_owner_open(&owner, get->root, get->chain_id,
                                     &get->owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        owner.quick = 1;
        get->opened = 1;

        rc = ngx_http_pserver_object_open(&owner, &get->object, get->scope,
                                          get->version);
        pserver_manifest_head(get->head, &owner.head);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_recent_add(key, &owner, &get->object);
    }

    ngx_memcpy(get->file, owner.file, NGX_HTTP_PSERVER_OBJECT_FILE);

    ngx_http_pserver_owner_close(&owner);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {

        /* whatever it is, a thread finds out */

        if (get->opened) {
            ngx_http_pserver_object_close(&get->object);
            get->opened = 0;
        }

        return 0;
    }

    get->found = 1;

    if (get->object.open.chunks > 1) {
        return 0;
    }

    get->rc = ngx_http_pserver_get_batch(get);

    return 1;
}


void
ngx_http_pserver_get_open(void *data)
{
    ngx_http_pserver_get_t  *get = data;

    if (!get->found) {
        get->rc = ngx_http_pserver_get_find(get);
    }

    if (get->rc != NGX_HTTP_PSERVER_STORE_OK) {
        return;
    }

    if (get->sealed) {
        get->rc = ngx_http_pserver_object_size(&get->object, &get->size);
        get->err = ngx_errno;
        return;
    }

    get->rc = ngx_http_pserver_get_first(get);
}


/* at most this many chunks are opened for the first batch */

static uint64_t
ngx_http_pserver_get_work(ngx_http_pserver_get_t *get)
{
    off_t                        offset;
    uint64_t                     count;
    ngx_http_pserver_envelope_t  envelope;

    if (get->object.open.chunks <= NGX_HTTP_PSERVER_BATCH_CHUNKS) {
        return get->object.open.chunks;
    }

    if (!ngx_http_pserver_get_ahead(get)) {
        return 1;
    }

    (void) ngx_http_pserver_envelope_make(NULL, &envelope,
                                          &get->object.open.meta, 1);
    (void) ngx_http_pserver_envelope_start(&envelope, &get->range, &offset);

    count = ngx_http_pserver_envelope_needed(&envelope, &get->range, offset);

    return 1 + ngx_min(count, get->count);
}


/* where the envelope begins is not known yet, what it begins with is */

static ngx_uint_t
ngx_http_pserver_get_ahead(ngx_http_pserver_get_t *get)
{
    return get->ahead
           && (get->raw || get->range.kind == NGX_HTTP_PSERVER_RANGE_NONE);
}


/* that the file is whole, and the first batch if it is known which it is */

static ngx_uint_t
ngx_http_pserver_get_first(ngx_http_pserver_get_t *get)
{
    uint64_t    count;
    ngx_uint_t  rc;

    if (get->object.open.chunks <= NGX_HTTP_PSERVER_BATCH_CHUNKS) {
        return ngx_http_pserver_get_batch(get);
    }

    rc = ngx_http_pserver_object_check(&get->object);

    if (rc != NGX_HTTP_PSERVER_STORE_OK || !ngx_http_pserver_get_ahead(get)) {
        return rc;
    }

    (void) ngx_http_pserver_envelope_make(NULL, &get->envelope,
                                          &get->object.open.meta, 1);

    get->chunk = ngx_http_pserver_envelope_start(&get->envelope, &get->range,
                                                 &get->offset);

    count = ngx_http_pserver_envelope_needed(&get->envelope, &get->range,
                                             get->offset);
    get->count = ngx_min(get->count, count);

    return ngx_http_pserver_get_batch(get);
}


void
ngx_http_pserver_get_fill(void *data)
{
    ngx_http_pserver_get_t  *get = data;

    get->rc = ngx_http_pserver_get_batch(get);
}


static ngx_uint_t
ngx_http_pserver_get_find(ngx_http_pserver_get_t *get)
{
    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    rc = ngx_http_pserver_owner_open(&owner, get->root, get->chain_id,
                                     &get->owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        if (get->at) {
            rc = ngx_http_pserver_get_at(get, &owner);

        } else {
            get->opened = 1;
            rc = ngx_http_pserver_object_open(&owner, &get->object,
                                              get->scope, get->version);
        }
    }

    get->err = owner.err;
    ngx_memcpy(get->file, owner.file, NGX_HTTP_PSERVER_OBJECT_FILE);
    pserver_manifest_head(get->head, &owner.head);

    ngx_http_pserver_owner_close(&owner);

    return rc;
}


/* the latest version that was collected at that time or before */

static ngx_uint_t
ngx_http_pserver_get_at(ngx_http_pserver_get_t *get,
    ngx_http_pserver_owner_t *owner)
{
    uint64_t    version;
    ngx_uint_t  rc;

    version = 0;

    for ( ;; ) {
        get->opened = 1;

        rc = ngx_http_pserver_object_open(owner, &get->object, get->scope,
                                          version);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {

            if (get->object.open.meta.collected_at / 1000 <= get->at / 1000)
            {
                return rc;
            }

            version = get->object.open.number;

        } else if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND || version == 0) {
            return rc;
        }

        ngx_http_pserver_object_close(&get->object);

        if (--version == 0) {
            return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
        }
    }
}


/* the room is what is wanted now: what a slow client holds is little */

static ngx_uint_t
ngx_http_pserver_get_room(ngx_http_pserver_get_t *get, ngx_uint_t base64)
{
    size_t    len;
    uint64_t  chunks;

    chunks = ngx_min(get->count, get->object.open.chunks);

    if (get->plain && get->room == chunks) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_http_pserver_get_free(get);

    len = (size_t) ngx_min(get->object.open.meta.length,
                           chunks * PSERVER_SEAL_CHUNK);

    get->room = chunks;
    get->plain_size = len + PSERVER_SEAL_TAG_LEN;
    get->plain = malloc(get->plain_size);

    if (base64) {
        get->text_size = ngx_base64_encoded_length(len) + 1;
        get->text = malloc(get->text_size);
    }

    return (get->plain == NULL || (base64 && get->text == NULL))
           ? NGX_HTTP_PSERVER_STORE_ERROR : NGX_HTTP_PSERVER_STORE_OK;
}


static void
ngx_http_pserver_get_free(ngx_http_pserver_get_t *get)
{
    if (get->plain) {
        sodium_memzero(get->plain, get->plain_size);
        free(get->plain);
        get->plain = NULL;
    }

    if (get->text) {
        sodium_memzero(get->text, get->text_size);
        free(get->text);
        get->text = NULL;
    }
}


static ngx_uint_t
ngx_http_pserver_get_batch(ngx_http_pserver_get_t *get)
{
    ngx_str_t   plain;
    ngx_uint_t  rc, base64;

    base64 = (get->object.open.meta.kind == PSERVER_SEAL_BINARY && !get->raw);

    rc = ngx_http_pserver_get_room(get, base64);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    rc = ngx_http_pserver_object_read(&get->object, get->plain, get->chunk,
                                      get->count, &plain.len);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        get->err = (rc == NGX_HTTP_PSERVER_STORE_ERROR) ? ngx_errno : 0;
        return rc;
    }

    plain.data = get->plain;
    get->out = plain;

    if (base64) {
        get->out.data = get->text;
        ngx_encode_base64(&get->out, &plain);
    }

    get->filled = 1;

    return NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_get_cleanup(void *data)
{
    ngx_http_pserver_get_t  *get = data;

    ngx_http_pserver_get_free(get);

    if (get->envelope.prefix.data) {
        sodium_memzero(get->envelope.prefix.data, get->envelope.prefix.len);
    }

    if (get->opened) {
        ngx_http_pserver_object_close(&get->object);
    }
}
