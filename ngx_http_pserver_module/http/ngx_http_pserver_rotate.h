/*
 * Rotation of the storage root: an owner's file of keys that is sealed under
 * an older root is sealed again under the first one.  Nothing else of the
 * owner's changes.
 */

#ifndef _NGX_HTTP_PSERVER_ROTATE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ROTATE_H_INCLUDED_


#include "ngx_http_pserver_module.h"


typedef enum {
    NGX_HTTP_PSERVER_ROTATE_CURRENT = 0,    /* it is under the first root */
    NGX_HTTP_PSERVER_ROTATE_DONE,           /* now it is */
    NGX_HTTP_PSERVER_ROTATE_LEFT            /* it is not: the owner holds a key
                                               (http/custody), the file does
                                               not open, or the disk failed */
} ngx_http_pserver_rotate_rc_e;


/*
 * A thread.  root is pserver_store.  The new file takes the place of the old
 * one in one step; after a crash one of the two is there.
 */
ngx_uint_t ngx_http_pserver_rotate_owner(u_char *root, uint64_t chain_id,
    const pserver_address_t *owner);


#endif /* _NGX_HTTP_PSERVER_ROTATE_H_INCLUDED_ */
