/*
 * A signed request that changes data takes effect once: its repeats, for as
 * long as the signature holds, get the first answer again.
 *
 *   <pserver_store>/owners/<address>/seen/<exp>-<hash> -> a marker (core)
 *                                        /pending      -> the same
 *
 * A change is announced before it is made: "pending" says which version it
 * makes or which object it deletes, and is on the disk first.  Afterwards it
 * gets its own name in one step.  Whoever comes next, after a crash, looks
 * whether the manifest has it, and so knows whether it was made.  A lock on
 * the folder makes one owner's changes follow each other, so that there is
 * never more than one of them in doubt.  For threads.
 */

#ifndef _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_


#include "ngx_http_pserver_store.h"

#include "../core/marker.h"
#include "../core/web3signed.h"


/*
 * Seconds from the end of a signature (exp and what a clock may be off) to
 * that of its marker: how long a body may take to come in, and how far a
 * clock may be set forward and back without a repeat being taken for new.
 */
#define NGX_HTTP_PSERVER_ONCE_KEEP  (6 * 3600)


typedef struct {
    ngx_fd_t                         folder;     /* locked; -1: not */
    char                             name[PSERVER_MARKER_NAME_LEN + 1];
    pserver_change_t                 change;
} ngx_http_pserver_once_t;


/*
 * On OK *repeat says whether it was done before, and then *value is what was
 * recorded.  Without a lock: what is being done right now may be missed.
 */
ngx_uint_t ngx_http_pserver_once_seen(ngx_http_pserver_owner_t *owner,
    const pserver_web3signed_t *claims, ngx_uint_t *repeat, uint64_t *value);

/*
 * Takes the lock, and then the same question; if it was not done before it
 * is to be done now.  EXPIRED: so long after exp that nobody knows.  End it
 * in any case.
 */
ngx_uint_t ngx_http_pserver_once_begin(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims,
    ngx_uint_t *repeat, uint64_t *value);

/*
 * Announces what is now done, on the disk for good: value, number, name and
 * id of once->change are the caller's.  Again, if it is another one.
 */
ngx_uint_t ngx_http_pserver_once_prepare(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner);

/* it was done, and is on the disk for good */
ngx_uint_t ngx_http_pserver_once_done(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner);

/* lets go of the lock */
void ngx_http_pserver_once_end(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner);


#endif /* _NGX_HTTP_PSERVER_ONCE_H_INCLUDED_ */
