/*
 * Files below pserver_audit, by their paths relative to it.  A file is
 * written whole, beside its name, and made durable before it gets the name.
 * Nothing here knows nginx; on PSERVER_ERROR there is errno.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_DISK_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_DISK_H_INCLUDED_


#include "../core/keys.h"
#include "../core/note.h"


/* opened and locked with flock(), made if need be; closed by the caller.
   -1 with errno */
int ngx_http_pserver_audit_disk_lock(const char *dir, const char *path);

/* for reading; -1 with errno */
int ngx_http_pserver_audit_disk_open(const char *dir, const char *path);

/* all of len bytes; a file that ends before is an error, EIO */
int ngx_http_pserver_audit_disk_pread(int fd, u_char *buf, size_t len,
    uint64_t offset);

/* all of a file of at most "size" bytes; PSERVER_DONE: there is none,
   PSERVER_INVALID: it is longer */
int ngx_http_pserver_audit_disk_read(const char *dir, const char *path,
    u_char *buf, size_t size, size_t *len);

/*
 * Puts a file of this content in the place of what is there; folders on the
 * way are made.  One process at a time.
 */
int ngx_http_pserver_audit_disk_write(const char *dir, const char *path,
    const u_char *data, size_t len);

void ngx_http_pserver_audit_disk_unlink(const char *dir, const char *path);

/* shortens *len, the length of a bundle, to its first n entries; -1 with
   ENOENT: it has less */
int ngx_http_pserver_audit_disk_bundle(int fd, unsigned n, size_t *len);

/*
 * The key of the log with this id: made if there is none, sealed again if
 * its root is not the newest.  name has PSERVER_NOTE_NAME_MAX bytes, key
 * points into it; secret is wiped by the caller.  PSERVER_INVALID: it does
 * not open.  One process at a time.
 */
int ngx_http_pserver_audit_disk_key(const char *dir, const u_char log_id[32],
    const pserver_root_t *roots, size_t nroots, u_char secret[64],
    pserver_note_key_t *key, u_char *name);


#endif /* _NGX_HTTP_PSERVER_AUDIT_DISK_H_INCLUDED_ */
