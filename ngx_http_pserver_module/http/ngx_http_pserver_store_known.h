/*
 * What a process remembers of the store, so that a read takes a few system
 * calls: unwrapped keys of owners, and which version of an object was the
 * latest.  Both are only used after a look at the disk that shows that they
 * still hold, whichever process has changed it.
 *
 * From any thread.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_KNOWN_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_KNOWN_H_INCLUDED_


#include "ngx_http_pserver_store.h"


/* of a worker; the memory of keys is wiped when the cycle ends */
ngx_int_t ngx_http_pserver_known_init_process(ngx_cycle_t *cycle);

/*
 * The keys that were in this very file, into owner->keys: 1, or 0.  A file
 * of keys is never written to, another one takes its place, so what stat()
 * says tells one from the other.  owner->admitted is as it was then: an index
 * is not given back.
 */
ngx_uint_t ngx_http_pserver_known_keys(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st);

/* remembers them */
void ngx_http_pserver_know_keys(const ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st);

/* the latest number when it was last looked for; 0: not known.  A hint. */
uint64_t ngx_http_pserver_known_number(const u_char name[PSERVER_NAME_LEN]);
void ngx_http_pserver_know_number(const u_char name[PSERVER_NAME_LEN],
    uint64_t number);


#endif /* _NGX_HTTP_PSERVER_STORE_KNOWN_H_INCLUDED_ */
