/*
 * A new data key of one owner: the next generation of it.
 *
 *   <pserver_store>/owners/<address>/rotate -> the generation that is wanted
 *
 * The demand, a symbolic link that is never followed, is on the disk before
 * anything else and goes when all is done: the file of keys has the new key,
 * the manifest says so, all that was sealed under older ones is sealed again
 * (http/reseal), and these are destroyed.  Whoever finds it after a crash
 * does what is left, so a demand can also be made by the operator, with a
 * tool.  What is new goes under the new key from its first moment.
 *
 * Locks are taken in this order: the owner's folder (who changes the file of
 * keys), "seen" (who changes the manifest, http/once), "tmp" (who names a
 * file, shared: http/writer).  For threads.
 */

#ifndef _NGX_HTTP_PSERVER_GENERATION_H_INCLUDED_
#define _NGX_HTTP_PSERVER_GENERATION_H_INCLUDED_


#include "ngx_http_pserver_store.h"


typedef enum {
    NGX_HTTP_PSERVER_GENERATION_MADE = 0,
    NGX_HTTP_PSERVER_GENERATION_THERE,      /* it, or a later one, is there */
    NGX_HTTP_PSERVER_GENERATION_NOT_NEXT,
    NGX_HTTP_PSERVER_GENERATION_FULL,       /* of older keys that are in use */
    NGX_HTTP_PSERVER_GENERATION_STORE       /* *store_rc and owner->err say
                                               why */
} ngx_http_pserver_generation_rc_e;


/*
 * Whether this generation could be made, and makes it.  owner is open with
 * its keys, which are then those of the file.
 */
ngx_uint_t ngx_http_pserver_generation_look(ngx_http_pserver_owner_t *owner,
    uint64_t wanted, ngx_uint_t *store_rc);
ngx_uint_t ngx_http_pserver_generation_make(ngx_http_pserver_owner_t *owner,
    uint64_t wanted, ngx_uint_t *store_rc);

/*
 * The same in two steps, with the folder locked, for who changes more of the
 * file: gives owner->keys, which are those of the file, a new data key; and
 * puts the file that has it in the place of the old one.
 */
ngx_uint_t ngx_http_pserver_generation_renew(ngx_http_pserver_owner_t *owner,
    ngx_uint_t *store_rc);
ngx_uint_t ngx_http_pserver_generation_put(ngx_http_pserver_owner_t *owner,
    const u_char *file, size_t len);

/* what is demanded; 0: nothing */
uint64_t ngx_http_pserver_generation_wanted(ngx_fd_t owner);

/*
 * Nothing is sealed under older keys than this generation: they go, and so
 * does the demand, if there is no later one.
 */
ngx_uint_t ngx_http_pserver_generation_end(ngx_http_pserver_owner_t *owner,
    uint32_t generation);


#endif /* _NGX_HTTP_PSERVER_GENERATION_H_INCLUDED_ */
