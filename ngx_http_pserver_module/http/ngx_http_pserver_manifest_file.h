/*
 * The file of a manifest: what reads and writes it, without memory of it.
 * For threads.
 */

#ifndef _NGX_HTTP_PSERVER_MANIFEST_FILE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_MANIFEST_FILE_H_INCLUDED_


#include "ngx_http_pserver_store.h"


#define NGX_HTTP_PSERVER_MANIFEST      "manifest"
#define NGX_HTTP_PSERVER_MANIFEST_NEW  "manifest.new"


/* how far which file was read */

typedef struct {
    dev_t                            dev;
    ino_t                            ino;
    off_t                            size;
    pserver_manifest_t               manifest;
} ngx_http_pserver_manifest_file_t;


/*
 * Reads on from file->size; with a size of 0 whatever file there is, else
 * that one.  What at the end is not a whole record that opens was left by
 * who died while writing it, and is not read.  MANIFEST: it is none;
 * NOT_FOUND: there is none, or another one.
 */
ngx_uint_t ngx_http_pserver_manifest_file_read(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_file_t *file);

/*
 * Under the lock.  write: the record at that offset of the file that has
 * this inode, and nothing behind it.  replace: another file, with a base of
 * what the manifest has, in the place of the old one; head becomes its last
 * record.
 */
ngx_uint_t ngx_http_pserver_manifest_file_write(
    ngx_http_pserver_owner_t *owner, ino_t ino, off_t offset,
    const u_char record[PSERVER_MANIFEST_RECORD_LEN]);
ngx_uint_t ngx_http_pserver_manifest_file_replace(
    ngx_http_pserver_owner_t *owner, const pserver_manifest_t *manifest,
    pserver_manifest_head_t *head);

/*
 * Under the lock, where there is no manifest: makes it, from the objects
 * that there are.  OLDER: one of them was in a manifest.
 */
ngx_uint_t ngx_http_pserver_manifest_file_make(
    ngx_http_pserver_owner_t *owner);


#endif /* _NGX_HTTP_PSERVER_MANIFEST_FILE_H_INCLUDED_ */
