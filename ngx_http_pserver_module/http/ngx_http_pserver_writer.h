/*
 * The store: a new version of an object, written piece by piece, visible
 * only when it is whole.  For threads.
 */

#ifndef _NGX_HTTP_PSERVER_WRITER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_WRITER_H_INCLUDED_


#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_temp.h"


typedef struct {
    ngx_http_pserver_owner_t         owner;
    ngx_http_pserver_temp_t          temp;
    ngx_fd_t                         folder;     /* "tmp" of the owner; locked
                                                    where a file gets its
                                                    name: http/generation */
    off_t                            offset;
    pserver_seal_place_t             place;
    pserver_seal_t                   seal;
    u_char                           block[PSERVER_SEAL_BLOCK];
} ngx_http_pserver_writer_t;


/* makes the writer, malloc'd and not open; NULL: no memory */
ngx_http_pserver_writer_t *ngx_http_pserver_writer_create(void);

/* the owner's folder is made if need be */
ngx_uint_t ngx_http_pserver_writer_open(ngx_http_pserver_writer_t *writer,
    u_char *root, uint64_t chain_id, const pserver_address_t *address);

/*
 * A new file, for what "label" and "text" name (pserver_keys_name()); the
 * one before it is gone, if it has no name by now.
 */
ngx_uint_t ngx_http_pserver_writer_begin(ngx_http_pserver_writer_t *writer,
    const char *label, pserver_str_t text);

/* the same for a place and an id that there are: http/reseal */
ngx_uint_t ngx_http_pserver_writer_begin_again(
    ngx_http_pserver_writer_t *writer, const pserver_seal_place_t *place,
    const u_char id[PSERVER_SEAL_ID_LEN]);

/*
 * Seals and writes.  Without last, len is a multiple of PSERVER_SEAL_CHUNK;
 * then seal.sha256 and seal.length are known.
 */
ngx_uint_t ngx_http_pserver_writer_write(ngx_http_pserver_writer_t *writer,
    const u_char *data, size_t len, ngx_uint_t last);

/*
 * After the last, under the lock of the owner (http/once): the number of the
 * next version, and that version and its record on the disk for good.
 * NOT_FOUND: there is a file of that number, of which the manifest knows
 * nothing, or the folder was deleted.  length, sha256 and recorded of meta
 * are not read.
 */
ngx_uint_t ngx_http_pserver_writer_next(ngx_http_pserver_writer_t *writer,
    uint64_t *number);
ngx_uint_t ngx_http_pserver_writer_publish(
    ngx_http_pserver_writer_t *writer, const pserver_seal_meta_t *meta,
    uint64_t number);

/*
 * The same in a folder of the caller, who makes it durable: the file is.
 * NOT_FOUND: the number is taken.  What was begun before the owner had a new
 * data key ends under the new one.
 */
ngx_uint_t ngx_http_pserver_writer_link(ngx_http_pserver_writer_t *writer,
    const pserver_seal_meta_t *meta, ngx_fd_t folder, uint64_t number);

/* the same under another name */
ngx_uint_t ngx_http_pserver_writer_link_name(
    ngx_http_pserver_writer_t *writer, const pserver_seal_meta_t *meta,
    ngx_fd_t folder, const char *name, uint64_t number);

/* wipes and frees; what was not published is gone */
void ngx_http_pserver_writer_destroy(ngx_http_pserver_writer_t *writer);


#endif /* _NGX_HTTP_PSERVER_WRITER_H_INCLUDED_ */
