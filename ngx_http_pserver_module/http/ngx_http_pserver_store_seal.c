/*
 * POST /v1/data/{scope}: what happens in threads.
 */


#include "ngx_http_pserver_store_put.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_once.h"
#include "ngx_http_pserver_quota.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_PUT_TRIES  100


static ngx_uint_t ngx_http_pserver_put_seal(ngx_http_pserver_put_t *put);
static ngx_uint_t ngx_http_pserver_put_seen(ngx_http_pserver_put_t *put);
static ngx_uint_t ngx_http_pserver_put_link(ngx_http_pserver_put_t *put);
static ngx_uint_t ngx_http_pserver_put_next(ngx_http_pserver_put_t *put,
    ngx_http_pserver_once_t *once);


void
ngx_http_pserver_put_run(void *data)
{
    ngx_http_pserver_put_t  *put = data;

    put->rc = ngx_http_pserver_put_seal(put);

    sodium_memzero(put->batch, put->len);
    put->len = 0;
}


static ngx_uint_t
ngx_http_pserver_put_seal(ngx_http_pserver_put_t *put)
{
    off_t                       left;
    ngx_uint_t                  rc;
    ngx_http_pserver_writer_t  *writer;

    writer = put->writer;

    if (!put->open) {
        put->open = 1;

        rc = ngx_http_pserver_writer_open(writer, put->root, put->chain_id,
                                          &put->owner);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_writer_begin(writer, "scope",
                                               put->meta.scope);
        }

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    /* what was announced does not begin where it can't end */

    left = ngx_max(put->left, (off_t) put->len);

    rc = ngx_http_pserver_quota_reserve(&writer->owner, put->reserve, left);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_quota_holds(&writer->owner, put->quota,
                                          writer->seal.length + left);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    put->left -= ngx_min(put->left, (off_t) put->len);

    if (put->meta.kind == PSERVER_SEAL_JSON
        && (pserver_json_stream_feed(&put->json, put->batch, put->len)
            != PSERVER_OK
            || (put->last && pserver_json_stream_end(&put->json)
                             != PSERVER_OK)))
    {
        /* said only of a body that is the owner's: the hash comes first */

        put->bad_json = 1;
    }

    rc = ngx_http_pserver_writer_write(writer, put->batch, put->len,
                                       put->last);

    if (rc != NGX_HTTP_PSERVER_STORE_OK || !put->last) {
        return rc;
    }

    if (pserver_web3signed_body(put->claims, writer->seal.sha256)
        != PSERVER_WEB3SIGNED_OK)
    {
        put->bad_hash = 1;
    }

    if (put->bad_hash || put->bad_json) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    return ngx_http_pserver_put_seen(put);
}


/* a repeat is answered as the first was; the rest goes on to the log, if
   its condition holds so far */

static ngx_uint_t
ngx_http_pserver_put_seen(ngx_http_pserver_put_t *put)
{
    uint64_t    collected_at;
    ngx_uint_t  rc, repeat;

    rc = ngx_http_pserver_once_seen(&put->writer->owner, put->claims,
                                    &repeat, &collected_at);

    if (rc == NGX_HTTP_PSERVER_STORE_OK && repeat) {
        put->repeat = 1;
        put->meta.collected_at = collected_at;

    } else if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_condition_holds(&put->condition,
                                              &put->writer->owner,
                                              put->meta.scope);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_manifest_head(&put->writer->owner,
                                                put->head);
        }
    }

    return rc;
}


void
ngx_http_pserver_put_publish(void *data)
{
    ngx_http_pserver_put_t  *put = data;

    put->rc = ngx_http_pserver_put_link(put);
}


/* what was stored before for the same signature is not stored again */

static ngx_uint_t
ngx_http_pserver_put_link(ngx_http_pserver_put_t *put)
{
    uint64_t                    collected_at;
    ngx_uint_t                  rc, repeat;
    ngx_http_pserver_once_t     once;
    ngx_http_pserver_writer_t  *writer;

    writer = put->writer;

    rc = ngx_http_pserver_once_begin(&once, &writer->owner, put->claims,
                                     &repeat, &collected_at);

    if (rc == NGX_HTTP_PSERVER_STORE_OK && repeat) {
        put->repeat = 1;
        put->meta.collected_at = collected_at;

    } else if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        rc = ngx_http_pserver_condition_holds(&put->condition,
                                              &writer->owner,
                                              put->meta.scope);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_quota_holds(&writer->owner, put->quota,
                                              writer->seal.length);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_put_next(put, &once);
        }
    }

    ngx_http_pserver_once_end(&once, &writer->owner);

    return rc;
}


/* the lock keeps posts apart, so a number is only taken by other tools */

static ngx_uint_t
ngx_http_pserver_put_next(ngx_http_pserver_put_t *put,
    ngx_http_pserver_once_t *once)
{
    ngx_uint_t                  rc, tries;
    pserver_change_t           *change;
    ngx_http_pserver_writer_t  *writer;

    writer = put->writer;
    change = &once->change;

    change->value = put->meta.collected_at;
    ngx_memcpy(change->name, writer->place.name, PSERVER_NAME_LEN);
    ngx_memcpy(change->id, pserver_seal_id(&writer->seal),
               PSERVER_SEAL_ID_LEN);

    for (tries = 0; tries < NGX_HTTP_PSERVER_PUT_TRIES; tries++) {

        rc = ngx_http_pserver_writer_next(writer, &change->number);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_once_prepare(once, &writer->owner);
        }

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }

        rc = ngx_http_pserver_writer_publish(writer, &put->meta,
                                             change->number);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            return ngx_http_pserver_once_done(once, &writer->owner);
        }

        if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
            return rc;
        }
    }

    return NGX_HTTP_PSERVER_STORE_ERROR;
}
