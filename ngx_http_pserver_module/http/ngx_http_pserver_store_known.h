/*
 * What a process remembers of owners, so that a read takes a few system
 * calls: their unwrapped keys.  They are only used after a look at the disk
 * that shows that they still hold, whichever process has changed it.
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
 * says tells one from the other.
 */
ngx_uint_t ngx_http_pserver_known_keys(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st);

/* remembers them */
void ngx_http_pserver_know_keys(const ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st);

/*
 * That this owner has the derivation index in this store: 1, or 0 where it is
 * not known.  An index is not given back: the disk need not be looked at.
 */
ngx_uint_t ngx_http_pserver_known_admitted(const u_char *root,
    const pserver_address_t *owner);
void ngx_http_pserver_know_admitted(const u_char *root,
    const pserver_address_t *owner);


#endif /* _NGX_HTTP_PSERVER_STORE_KNOWN_H_INCLUDED_ */
