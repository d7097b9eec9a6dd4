/*
 * How an object is represented.
 */


#include "ngx_http_pserver_envelope.h"
#include "ngx_http_pserver_store.h"
#include "../core/encode.h"
#include "../core/json_write.h"


static u_char *ngx_http_pserver_envelope_member(u_char *p, const char *name,
    pserver_str_t value);
static off_t ngx_http_pserver_envelope_first(
    const ngx_http_pserver_range_t *range, off_t length);


ngx_int_t
ngx_http_pserver_envelope_make(ngx_pool_t *pool,
    ngx_http_pserver_envelope_t *envelope, const pserver_seal_meta_t *meta,
    ngx_uint_t raw)
{
    u_char  *p;
    size_t   size;

    ngx_memzero(envelope, sizeof(ngx_http_pserver_envelope_t));

    envelope->step = 1;
    envelope->step_len = PSERVER_SEAL_CHUNK;
    envelope->length = meta->length;

    if (raw) {
        return NGX_OK;
    }

    /* a byte becomes at most 6 in JSON */

    size = 512 + meta->scope.len + 6 * (meta->type.len + meta->filename.len);

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    envelope->prefix.data = p;

    p = ngx_sprintf(p, "{\"version\":\"1.0\",\"scope\":\"%*s\","
                       "\"collectedAt\":\"",
                    meta->scope.len, meta->scope.data);
    p = ngx_http_pserver_store_time(p, meta->collected_at);
    p = ngx_sprintf(p, "\",\"data\":");

    if (meta->kind == PSERVER_SEAL_BINARY) {

        p = ngx_sprintf(p, "{\"$binary\":true");
        p = ngx_http_pserver_envelope_member(p, "mimeType", meta->type);

        if (meta->filename.len) {
            p = ngx_http_pserver_envelope_member(p, "filename",
                                                 meta->filename);
        }

        p = ngx_sprintf(p, ",\"sizeBytes\":%uL,\"contentHash\":\"0x",
                        meta->length);
        p = pserver_hex_encode(p, meta->sha256, 32);
        p = ngx_sprintf(p, "\",\"encoding\":\"base64\",\"content\":\"");

        ngx_str_set(&envelope->suffix, "\"}}");

        envelope->base64 = 1;
        envelope->step = NGX_HTTP_PSERVER_BATCH_CHUNKS;
        envelope->step_len =
              ngx_base64_encoded_length(envelope->step * PSERVER_SEAL_CHUNK);
        envelope->length = ngx_base64_encoded_length(meta->length);

    } else {
        ngx_str_set(&envelope->suffix, "}");
    }

    envelope->prefix.len = p - envelope->prefix.data;
    envelope->length += envelope->prefix.len + envelope->suffix.len;

    return NGX_OK;
}


static u_char *
ngx_http_pserver_envelope_member(u_char *p, const char *name,
    pserver_str_t value)
{
    p = ngx_sprintf(p, ",\"%s\":", name);

    return p + pserver_json_quote(p, value);
}


uint64_t
ngx_http_pserver_envelope_start(const ngx_http_pserver_envelope_t *envelope,
    const ngx_http_pserver_range_t *range, off_t *offset)
{
    off_t     start;
    uint64_t  step, steps;

    *offset = 0;

    start = ngx_http_pserver_envelope_first(range, envelope->length);

    if (start < (off_t) envelope->prefix.len) {
        return 0;
    }

    step = (start - envelope->prefix.len) / envelope->step_len;

    /* a range may begin in the suffix, behind the last chunk */

    steps = (envelope->length - envelope->prefix.len
             - envelope->suffix.len) / envelope->step_len + 1;

    if (step >= steps) {
        step = steps - 1;
    }

    if (step) {
        *offset = envelope->prefix.len + (off_t) step * envelope->step_len;
    }

    return step * envelope->step;
}


/* behind the end it is nginx's to say so */

static off_t
ngx_http_pserver_envelope_first(const ngx_http_pserver_range_t *range,
    off_t length)
{
    switch (range->kind) {

    case NGX_HTTP_PSERVER_RANGE_FROM:
        return (range->n >= length) ? 0 : range->n;

    case NGX_HTTP_PSERVER_RANGE_SUFFIX:
        return (range->n > length) ? 0 : length - range->n;

    default: /* NGX_HTTP_PSERVER_RANGE_NONE */
        return 0;
    }
}


uint64_t
ngx_http_pserver_envelope_needed(const ngx_http_pserver_envelope_t *envelope,
    const ngx_http_pserver_range_t *range, off_t offset)
{
    off_t  end;

    end = envelope->length;

    if (range->kind == NGX_HTTP_PSERVER_RANGE_FROM && range->last < end) {
        end = range->last + 1;
    }

    return (end > offset)
           ? ngx_http_pserver_envelope_chunks(envelope, end - offset)
           : envelope->step;
}


uint64_t
ngx_http_pserver_envelope_chunks(const ngx_http_pserver_envelope_t *envelope,
    off_t len)
{
    return (len + envelope->step_len - 1) / envelope->step_len
           * envelope->step;
}


void
ngx_http_pserver_envelope_range(ngx_http_request_t *r,
    ngx_http_pserver_range_t *range)
{
    u_char     *p, *last, *dash;
    ngx_str_t  *value;

    range->kind = NGX_HTTP_PSERVER_RANGE_NONE;

    if (r->headers_in.range == NULL || r->headers_in.if_range) {
        return;
    }

    value = &r->headers_in.range->value;

    if (value->len < 7
        || ngx_strncasecmp(value->data, (u_char *) "bytes=", 6) != 0)
    {
        return;
    }

    p = value->data + 6;
    last = value->data + value->len;

    dash = ngx_strlchr(p, last, '-');

    if (dash == NULL || ngx_strlchr(p, last, ',')) {
        return;
    }

    range->last = NGX_MAX_OFF_T_VALUE;

    if (dash == p) {
        range->kind = NGX_HTTP_PSERVER_RANGE_SUFFIX;
        range->n = ngx_atoof(dash + 1, last - dash - 1);

    } else {
        range->kind = NGX_HTTP_PSERVER_RANGE_FROM;
        range->n = ngx_atoof(p, dash - p);

        if (dash + 1 < last) {
            range->last = ngx_atoof(dash + 1, last - dash - 1);
        }
    }

    if (range->n == NGX_ERROR || range->last == NGX_ERROR) {
        range->kind = NGX_HTTP_PSERVER_RANGE_NONE;
    }
}
