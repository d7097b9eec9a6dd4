/*
 * GET /v1/data/{scope}, past the question of who may.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_GET_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_GET_H_INCLUDED_


#include "ngx_http_pserver_envelope.h"
#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_store_grant.h"


typedef struct {
    /* what is asked for */
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_str_t                    scope;
    ngx_http_pserver_grant_t        *grant;      /* NULL: it is the owner */
    uint64_t                         version;    /* 0: by "at" */
    uint64_t                         at;         /* msec; 0: the latest */
    ngx_http_pserver_range_t         range;
    unsigned                         raw:1;
    unsigned                         sealed:1;   /* the file as it is */
    unsigned                         ahead:1;    /* the first batch is
                                                    wanted at once */

    /* of the thread */
    ngx_uint_t                       rc;
    ngx_err_t                        err;
    char                             file[NGX_HTTP_PSERVER_OBJECT_FILE];
    u_char                           head[PSERVER_MANIFEST_HEAD_LEN];
    ngx_http_pserver_object_t        object;
    off_t                            size;       /* of the file, if sealed */
    u_char                          *plain;      /* of a batch, opened */
    u_char                          *text;       /* the same in base64 */
    size_t                           plain_size;
    size_t                           text_size;
    ngx_str_t                        out;        /* in one of the two */
    uint64_t                         chunk;      /* the first one of it */
    uint64_t                         count;      /* how many to open */
    uint64_t                         room;       /* chunks that fit */
    unsigned                         opened:1;
    unsigned                         found:1;    /* the object is open */
    unsigned                         filled:1;   /* out is valid */

    /* of the answer */
    ngx_http_pserver_envelope_t      envelope;
    off_t                            offset;     /* of the first batch */
    off_t                            position;   /* of what comes next */
    off_t                            end;        /* of what is sent */
    ngx_buf_t                       *buf;        /* the last one handed on */
    ngx_msec_t                       since;      /* when that was */
} ngx_http_pserver_get_t;


/*
 * In the event loop, as nginx reads its own small files: 1 if that was all,
 * with rc and err as below.  0: open is to go on, in a thread; the object is
 * larger, or was not seen before, or something is not as it should be.
 */
ngx_uint_t ngx_http_pserver_get_small(ngx_http_pserver_get_t *get);

/*
 * Threads.  open: finds the version, opens it, checks that it is whole, and
 * fills the first batch where it is known already which one that is.  fill:
 * the batch that begins with get->chunk.  Both set rc and err.
 */
void ngx_http_pserver_get_open(void *data);
void ngx_http_pserver_get_fill(void *data);

/* a pool cleanup: wipes, frees, closes */
void ngx_http_pserver_get_cleanup(void *data);

/*
 * Of an object that is open (raw, or with its envelope): header, and what
 * of it the client asks for; finalizes the request.  ctx->state is get.
 */
void ngx_http_pserver_get_answer(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);

/*
 * After the header, with the first batch filled: sends what is left to
 * "end", finalizes the request.
 */
void ngx_http_pserver_get_send(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);


#endif /* _NGX_HTTP_PSERVER_STORE_GET_H_INCLUDED_ */
