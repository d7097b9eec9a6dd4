/*
 * A signed request that changes something takes effect once: its repeats,
 * for as long as the signature holds, get the first answer again.
 *
 * What was done is recorded in <owner>/seen/<exp>-<hash of the digest>, a
 * box of the answer under the owner's ledger key.  A lock on the folder
 * makes one owner's changes follow each other.  For threads.
 */

#ifndef _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_


#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_temp.h"

#include "../core/web3signed.h"


typedef struct {
    ngx_fd_t                         folder;     /* locked; -1: not */
    ngx_http_pserver_temp_t          record;
    char                             name[16 + 1 + 64 + 1];
} ngx_http_pserver_once_t;


/*
 * Takes the lock.  On OK *repeat says whether it was done before, and then
 * *value is what was recorded; if not it is to be done now.  End it in any
 * case.
 */
ngx_uint_t ngx_http_pserver_once_begin(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims,
    ngx_uint_t *repeat, uint64_t *value);

/* what will be recorded, written but not visible: then it may be done */
ngx_uint_t ngx_http_pserver_once_prepare(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, uint64_t value);

/* it was done: the record is on the disk for good */
ngx_uint_t ngx_http_pserver_once_done(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner);

/* lets go of the lock */
void ngx_http_pserver_once_end(ngx_http_pserver_once_t *once);


#endif /* _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_ */
