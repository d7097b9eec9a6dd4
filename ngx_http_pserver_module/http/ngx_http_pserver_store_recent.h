/*
 * Objects that a worker has opened a moment ago: of each the key and the
 * metadata, in secret memory, and of a small one the sealed chunk.  Neither
 * plaintext is kept, nor a file open, which would keep what was deleted on
 * the disk.
 *
 * They are used after a look at the disk that shows that nothing has changed
 * since: neither the owner's folder, by its path, nor the file of keys, the
 * manifest, the file itself, whoever would have changed it.  Where that is
 * not so, and for an owner who holds a key of its own, all is opened anew.
 * What nobody asks for is forgotten after some seconds.
 *
 * For the event loop alone.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_RECENT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_RECENT_H_INCLUDED_


#include "ngx_http_pserver_store.h"


/* what is asked for; the root is that of the configuration, not a copy */

typedef struct {
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_str_t                    scope;
    uint64_t                         version;    /* 0: the latest */
} ngx_http_pserver_recent_t;


/* of a worker; what is kept is wiped when the cycle ends */
ngx_int_t ngx_http_pserver_recent_init_process(ngx_cycle_t *cycle);

/*
 * 1: object, which starts zeroed, is open as ngx_http_pserver_object_open()
 * would open it, head is the owner's, file the path of the object.  Of a
 * small one, which is read already, fd is -1.
 */
ngx_uint_t ngx_http_pserver_recent_open(const ngx_http_pserver_recent_t *key,
    ngx_http_pserver_object_t *object,
    u_char head[PSERVER_MANIFEST_HEAD_LEN],
    char file[NGX_HTTP_PSERVER_OBJECT_FILE]);

/*
 * Remembers what was just opened, if its state is certain and the keys of
 * the owner, which is open, are remembered as well.
 */
void ngx_http_pserver_recent_add(const ngx_http_pserver_recent_t *key,
    ngx_http_pserver_owner_t *owner, const ngx_http_pserver_object_t *object);


#endif /* _NGX_HTTP_PSERVER_STORE_RECENT_H_INCLUDED_ */
