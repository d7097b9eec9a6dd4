/*
 * Requests with an Idempotency-Key: which operation a key stands for.
 *
 *   <pserver_store>/keys/lock
 *                       /<2 digits>/<key> -> ../../owners/<addr>/jobs/<row>
 *
 * <key> is a keyed hash (core/keys) of the app's address and the key, so a
 * key is the app's own.  The link is made with the row and goes with it; the
 * row says of which request it is.  While a request is under way it holds
 * the lock of one byte of "lock" for its key: the kernel gives that back
 * however its worker ends.
 *
 * All functions but the closing of the lock do system calls that may block,
 * and are called from a thread; they return ngx_http_pserver_store_rc_e.
 */

#ifndef _NGX_HTTP_PSERVER_IDEMPOTENCY_H_INCLUDED_
#define _NGX_HTTP_PSERVER_IDEMPOTENCY_H_INCLUDED_


#include "ngx_http_pserver_ledger.h"

#include "../core/idempotency.h"


typedef enum {
    NGX_HTTP_PSERVER_KEY_NEW = 0,       /* it stands for nothing yet */
    NGX_HTTP_PSERVER_KEY_SAME,          /* for this request */
    NGX_HTTP_PSERVER_KEY_OTHER,         /* for another one */
    NGX_HTTP_PSERVER_KEY_BUSY           /* a request with it is under way */
} ngx_http_pserver_key_e;


typedef struct {
    u_char                           text[PSERVER_IDEMPOTENCY_MAX];
    size_t                           len;        /* 0: the request has none */

    /* the result */
    ngx_fd_t                         lock;       /* -1: none is held */
    ngx_uint_t                       found;      /* ngx_http_pserver_key_e */
    pserver_ledger_row_t             first;      /* of SAME: without texts */
} ngx_http_pserver_key_t;


/*
 * What the key of the row's app stands for, and the lock unless that is
 * BUSY; of NEW row->key is set, which makes http/ledger_accept write it
 * down.
 */
ngx_uint_t ngx_http_pserver_key_find(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, pserver_ledger_row_t *row);

/* gives the lock back; does not block */
void ngx_http_pserver_key_release(ngx_http_pserver_key_t *key);

/* within the ledger: the link of row->key, if there is one */
ngx_uint_t ngx_http_pserver_key_add(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row);
ngx_uint_t ngx_http_pserver_key_remove(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row);


#endif /* _NGX_HTTP_PSERVER_IDEMPOTENCY_H_INCLUDED_ */
