/*
 * The manifest of an owner (core/manifest.h) on disk, and what this process
 * has read of it.
 *
 *   <pserver_store>/owners/<address>/manifest
 *
 * What the manifest has is what the owner has: a version comes to be with
 * its record, after its file; a deletion with its record, before the files
 * go.  One process at a time appends, under the lock of the owner
 * (http/once), and syncs each record before the next.  Each process follows
 * the file's tail: one stat() says that nothing has changed.
 *
 * A manifest that is older than this process, or any other of this nginx,
 * has seen it is refused (OLDER); also one that is gone.  An owner's store
 * from before there were manifests gets one when it is first used.
 *
 * For threads, and for the event loop where owner->quick is set: then
 * whatever would take longer than a look at the file is an ERROR.  All of
 * them need the owner's folder open, with its keys.  NOT_FOUND: the owner
 * has nothing, or not that.
 */

#ifndef _NGX_HTTP_PSERVER_MANIFEST_H_INCLUDED_
#define _NGX_HTTP_PSERVER_MANIFEST_H_INCLUDED_


#include "ngx_http_pserver_store.h"


/* an object that there is, and how many versions of it */

typedef struct {
    u_char                           name[PSERVER_NAME_LEN];
    uint64_t                         latest;
    uint64_t                         versions;
} ngx_http_pserver_manifest_item_t;


ngx_int_t ngx_http_pserver_manifest_init_process(ngx_cycle_t *cycle);

/*
 * A version of an object: that number, or with 0 the latest.  Also sets
 * owner->head.
 */
ngx_uint_t ngx_http_pserver_manifest_find(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t number,
    pserver_version_t *version);

/*
 * Only owner->head, as the audit log has it with what happens next; all zero
 * where the owner has no manifest yet.
 */
ngx_uint_t ngx_http_pserver_manifest_head(ngx_http_pserver_owner_t *owner,
    u_char head[PSERVER_MANIFEST_HEAD_LEN]);

/* what the owner's sealed files take, in bytes; sets owner->head */
ngx_uint_t ngx_http_pserver_manifest_bytes(ngx_http_pserver_owner_t *owner,
    uint64_t *bytes);

/*
 * All objects; all versions of one, the latest first.  The list is
 * malloc'd, NULL where there are none.
 */
ngx_uint_t ngx_http_pserver_manifest_objects(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_item_t **list, size_t *n);
ngx_uint_t ngx_http_pserver_manifest_versions(
    ngx_http_pserver_owner_t *owner, const u_char name[PSERVER_NAME_LEN],
    uint64_t **list, size_t *n);

/*
 * Under the lock: appends a record, on the disk for good.  After an error
 * it is not there, unless the disk that failed to write does so later.
 */
ngx_uint_t ngx_http_pserver_manifest_append(ngx_http_pserver_owner_t *owner,
    const pserver_manifest_record_t *record);

/* the same for the newest data key of owner->keys, if it has none */
ngx_uint_t ngx_http_pserver_manifest_tell(ngx_http_pserver_owner_t *owner);


#endif /* _NGX_HTTP_PSERVER_MANIFEST_H_INCLUDED_ */
