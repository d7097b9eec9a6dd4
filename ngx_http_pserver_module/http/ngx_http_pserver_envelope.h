/*
 * How an object is represented: raw, or in the envelope of the data API,
 * JSON as it is and anything else in base64.  A representation is a prefix,
 * the object encoded, a suffix; its length is known before the object is
 * opened, and it can begin at any chunk, in base64 at every third one.
 */

#ifndef _NGX_HTTP_PSERVER_ENVELOPE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ENVELOPE_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/seal.h"


/* multiples of 3 chunks, so that base64 needs nothing of its neighbours */

#define NGX_HTTP_PSERVER_BATCH_CHUNKS  3
#define NGX_HTTP_PSERVER_BATCH_LARGE   6


/* what the Range header asks to begin with, where that is certain */

typedef enum {
    NGX_HTTP_PSERVER_RANGE_NONE = 0,
    NGX_HTTP_PSERVER_RANGE_FROM,
    NGX_HTTP_PSERVER_RANGE_SUFFIX
} ngx_http_pserver_range_e;

typedef struct {
    ngx_http_pserver_range_e         kind;
    off_t                            n;
    off_t                            last;       /* M, or a great number */
} ngx_http_pserver_range_t;


typedef struct {
    ngx_str_t                        prefix;
    ngx_str_t                        suffix;
    off_t                            length;     /* of all */
    ngx_uint_t                       step;       /* chunks from a place to
                                                    begin at to the next */
    size_t                           step_len;   /* of these, encoded */
    unsigned                         base64:1;
} ngx_http_pserver_envelope_t;


/*
 * raw: neither prefix nor suffix, and the pool may be NULL; NGX_ERROR: no
 * memory
 */
ngx_int_t ngx_http_pserver_envelope_make(ngx_pool_t *pool,
    ngx_http_pserver_envelope_t *envelope, const pserver_seal_meta_t *meta,
    ngx_uint_t raw);

/*
 * "bytes=N-", "bytes=N-M", "bytes=-N"; NONE for anything else, of which
 * nginx's range filter makes something itself
 */
void ngx_http_pserver_envelope_range(ngx_http_request_t *r,
    ngx_http_pserver_range_t *range);

/*
 * The chunk that an answer begins with; *offset is where it begins in the
 * representation, or 0 with the prefix.  And how many are needed from there
 * on, as far as the range tells, at least one.
 */
uint64_t ngx_http_pserver_envelope_start(
    const ngx_http_pserver_envelope_t *envelope,
    const ngx_http_pserver_range_t *range, off_t *offset);
uint64_t ngx_http_pserver_envelope_needed(
    const ngx_http_pserver_envelope_t *envelope,
    const ngx_http_pserver_range_t *range, off_t offset);

/* how many chunks are needed for "len" more bytes */
uint64_t ngx_http_pserver_envelope_chunks(
    const ngx_http_pserver_envelope_t *envelope, off_t len);


#endif /* _NGX_HTTP_PSERVER_ENVELOPE_H_INCLUDED_ */
