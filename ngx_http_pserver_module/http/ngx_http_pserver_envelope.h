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


/* of 3 chunks, so that base64 needs nothing of its neighbours */

#define NGX_HTTP_PSERVER_BATCH_CHUNKS  3
#define NGX_HTTP_PSERVER_BATCH_PLAIN                                          \
    (NGX_HTTP_PSERVER_BATCH_CHUNKS * PSERVER_SEAL_CHUNK)


typedef struct {
    ngx_str_t                        prefix;
    ngx_str_t                        suffix;
    off_t                            length;     /* of all */
    ngx_uint_t                       step;       /* chunks from a place to
                                                    begin at to the next */
    size_t                           step_len;   /* of these, encoded */
    unsigned                         base64:1;
} ngx_http_pserver_envelope_t;


/* raw: neither prefix nor suffix; NGX_ERROR: no memory */
ngx_int_t ngx_http_pserver_envelope_make(ngx_pool_t *pool,
    ngx_http_pserver_envelope_t *envelope, const pserver_seal_meta_t *meta,
    ngx_uint_t raw);

/*
 * The chunk that an answer begins with, by the Range header: 0 wherever it
 * is not certain what nginx's range filter will make of it.  *offset is
 * where this chunk begins in the representation, or 0 with the prefix.
 */
uint64_t ngx_http_pserver_envelope_start(ngx_http_request_t *r,
    const ngx_http_pserver_envelope_t *envelope, off_t *offset);

/* how many chunks of a batch are needed for "len" more bytes */
uint64_t ngx_http_pserver_envelope_chunks(
    const ngx_http_pserver_envelope_t *envelope, off_t len);


#endif /* _NGX_HTTP_PSERVER_ENVELOPE_H_INCLUDED_ */
