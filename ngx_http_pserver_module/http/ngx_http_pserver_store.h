/*
 * The store: each owner's folder of sealed files, and who may have one.
 *
 *   <pserver_store>/owners/<address>/owner.key       keys, under the root,
 *                                                    or root and owner's key
 *                                   /manifest        http/manifest
 *                                   /objects/<name>/<version>
 *                                   /tmp/            nothing of value
 *                                   /jobs/           of http/job
 *                  /index/                           of http/index
 *                                   /inputs/         of http/remote
 *
 * <address> is 40 lower-case hex digits, <name> the keyed hash of a scope,
 * <version> 8 digits from 00000001.  An owner's folder is opened by the
 * owner's address and nothing else, and its keys open only there.
 *
 * The functions down to the handlers do system calls: they are called from
 * a thread, never from the event loop.  They log nothing; a caller that
 * wants to has owner->err.
 */

#ifndef _NGX_HTTP_PSERVER_STORE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_STORE_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/keys.h"
#include "../core/manifest.h"
#include "../core/seal.h"

#include <dirent.h>


typedef enum {
    NGX_HTTP_PSERVER_STORE_OK = 0,
    NGX_HTTP_PSERVER_STORE_NOT_FOUND,

    NGX_HTTP_PSERVER_STORE_BAD,         /* does not open: changed, cut, or
                                           of other keys */
    NGX_HTTP_PSERVER_STORE_MISSING,     /* is in the manifest, not there */
    NGX_HTTP_PSERVER_STORE_REPLACED,    /* is not the one of the manifest */
    NGX_HTTP_PSERVER_STORE_MANIFEST,    /* the manifest does not open */
    NGX_HTTP_PSERVER_STORE_OLDER,       /* nor is it as new as it was */

    NGX_HTTP_PSERVER_STORE_TOO_LARGE,   /* over the limit of the caller */
    NGX_HTTP_PSERVER_STORE_FULL,        /* no space left */
    NGX_HTTP_PSERVER_STORE_QUOTA,       /* of the owner: used up */
    NGX_HTTP_PSERVER_STORE_CONDITION,   /* of the request: it does not hold */
    NGX_HTTP_PSERVER_STORE_EXPIRED,     /* the signature, long ago */
    NGX_HTTP_PSERVER_STORE_TAKEN,       /* another owner has the index */
    NGX_HTTP_PSERVER_STORE_LOCKED,      /* the owner's own key is not here */
    NGX_HTTP_PSERVER_STORE_ERROR        /* a system call failed */
} ngx_http_pserver_store_rc_e;


#define NGX_HTTP_PSERVER_STORE_TAKEN_TEXT                                     \
    "another owner of this server has the same derivation index"

/* the disk does not give back what was put there */
#define ngx_http_pserver_store_is_bad(rc)                                     \
    ((rc) >= NGX_HTTP_PSERVER_STORE_BAD && (rc) <= NGX_HTTP_PSERVER_STORE_OLDER)

/*
 * The code for errno of a call that failed.  BAD: a link, a folder, a socket
 * in a place where none was put.
 */
ngx_uint_t ngx_http_pserver_store_rc(ngx_err_t err);


/* an owner's folder, open */

#define NGX_HTTP_PSERVER_OBJECT_PATH  (sizeof("objects/") + 64)
#define NGX_HTTP_PSERVER_OBJECT_FILE                                          \
    (NGX_HTTP_PSERVER_OBJECT_PATH + sizeof("/00000001") - 1)

typedef struct {
    ngx_fd_t                         fd;
    ngx_err_t                        err;        /* of the last failure */
    char                             file[NGX_HTTP_PSERVER_OBJECT_FILE];
                                                 /* the last one looked at,
                                                    from the folder on */
    pserver_address_t                address;
    u_char                          *root;       /* pserver_store */
    uint32_t                         store;      /* crc32 of its path */
    uint64_t                         chain_id;
    pserver_manifest_head_t          head;       /* when it was last read */
    pserver_keys_t                   keys;       /* close wipes them */
    unsigned                         locked:1;   /* http/once */
    unsigned                         quick:1;    /* of the event loop */
} ngx_http_pserver_owner_t;


/*
 * A version of an object, open; meta's texts are in "open".  What came with
 * the header is the chunk of a small object, as it is in the file.
 */

#define NGX_HTTP_PSERVER_OBJECT_SMALL  4096

typedef struct {
    ngx_fd_t                         fd;
    pserver_open_t                   open;
    unsigned                         cached:1;   /* what needs the disk is
                                                    not read: NGX_EAGAIN */
    size_t                           small_len;  /* 0: there is none */
    u_char                           small[NGX_HTTP_PSERVER_OBJECT_SMALL];
} ngx_http_pserver_object_t;


/* a file of keys, and one byte more than there may be */

#define NGX_HTTP_PSERVER_OWNER_FILE  (PSERVER_KEYS_FILE_MAX + 1)


/*
 * Opens the folder of an owner and unwraps the owner's keys.  root is
 * pserver_store, terminated by a zero.  With create, folder and keys are
 * made if there are none; without, NOT_FOUND.  LOCKED where the owner's own
 * key is needed (http/custody) and is not here.  owner is set in any case;
 * close it in any case.
 *
 * With create the owner also takes the derivation index: TAKEN where another
 * has it.  Without, what such an owner has from before is still there.
 */
ngx_uint_t ngx_http_pserver_owner_open(ngx_http_pserver_owner_t *owner,
    u_char *root, uint64_t chain_id, const pserver_address_t *address,
    ngx_uint_t create);
void ngx_http_pserver_owner_close(ngx_http_pserver_owner_t *owner);

/*
 * The owner takes the derivation index, or only looks whether another has it.
 * OK, TAKEN, or of a failure errno is in *err.
 */
ngx_uint_t ngx_http_pserver_owner_admit(u_char *root,
    const pserver_address_t *address, ngx_uint_t take, ngx_err_t *err);

/*
 * Opens what lies below the owner's folder and notes its path.  No component
 * of it may be a symbolic link, and nothing is waited for that a FIFO or a
 * device could have wait.  -1 with owner->err.
 */
ngx_fd_t ngx_http_pserver_owner_openat(ngx_http_pserver_owner_t *owner,
    const char *path, int flags);

/*
 * The path of an owner's folder; and an owner whose folder is not open yet,
 * nor are there keys.
 */
void ngx_http_pserver_owner_path(char path[NGX_MAX_PATH], const u_char *root,
    const pserver_address_t *address);
void ngx_http_pserver_owner_init(ngx_http_pserver_owner_t *owner,
    u_char *root, uint64_t chain_id, const pserver_address_t *address);

/*
 * Of a folder that is open: 1, the keys are those that this process has
 * unwrapped before, and the file of keys has not changed since
 */
ngx_uint_t ngx_http_pserver_owner_known(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id);

/*
 * The steps of owner_open() one by one, for who has the owner's own key at
 * hand: opens the folder alone, with create made if there is none and the
 * index taken; reads the file of keys as it is; makes or replaces it, in one
 * step.  To make it when there is one: CONDITION.
 */
ngx_uint_t ngx_http_pserver_owner_find(ngx_http_pserver_owner_t *owner,
    u_char *root, uint64_t chain_id, const pserver_address_t *address,
    ngx_uint_t create);
ngx_uint_t ngx_http_pserver_owner_file(ngx_http_pserver_owner_t *owner,
    u_char buf[NGX_HTTP_PSERVER_OWNER_FILE], pserver_str_t *file);
ngx_uint_t ngx_http_pserver_owner_write(ngx_http_pserver_owner_t *owner,
    const u_char *file, size_t len, ngx_uint_t replace);

/*
 * The keys that are in the file by now, if it has a newer generation of them
 * than owner->keys.
 */
ngx_uint_t ngx_http_pserver_owner_renew(ngx_http_pserver_owner_t *owner);

/*
 * With the folder locked (flock): the keys in the file, whatever generation
 * it has; and owner->keys in their place, wrapped as the file was.
 */
ngx_uint_t ngx_http_pserver_owner_reload(ngx_http_pserver_owner_t *owner);
ngx_uint_t ngx_http_pserver_owner_save(ngx_http_pserver_owner_t *owner);

/*
 * A folder below the owner's, made if need be ("tmp", "jobs", ..): an fd,
 * or -1 with owner->err.
 */
int ngx_http_pserver_owner_folder(ngx_http_pserver_owner_t *owner,
    const char *name);

/* the folder of an object's versions: relative to the owner's */
void ngx_http_pserver_object_path(u_char *path,
    const u_char name[PSERVER_NAME_LEN]);

/* and the file of one */
void ngx_http_pserver_object_file_path(
    char file[NGX_HTTP_PSERVER_OBJECT_FILE],
    const u_char name[PSERVER_NAME_LEN], uint64_t version);

/* the number of a file's name, or 0: 8 digits, not all of them zero */
uint64_t ngx_http_pserver_object_number(const char *name);

/*
 * The numbers in a folder of versions, the latest first, malloc'd; NULL with
 * NOT_FOUND.  Whether a version counts is for the manifest to say.
 */
ngx_uint_t ngx_http_pserver_object_numbers(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t **list, size_t *n);

/*
 * Opens a version of what the owner calls "scope": that one, or with 0 the
 * latest, if it is the one that the manifest has.  object starts zeroed;
 * after this call it is closed in any case.  open_name: the same by the name
 * on disk; open_file: whatever version has that number, unasked whether it
 * should be there.
 */
ngx_uint_t ngx_http_pserver_object_open(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, pserver_str_t scope,
    uint64_t version);
ngx_uint_t ngx_http_pserver_object_open_name(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object,
    const u_char name[PSERVER_NAME_LEN], uint64_t version);
ngx_uint_t ngx_http_pserver_object_open_file(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object,
    const u_char name[PSERVER_NAME_LEN], uint64_t version);

/*
 * The same for a file that is open, as object->fd, and was sealed for this
 * place and number.  The caller closes the object.
 */
ngx_uint_t ngx_http_pserver_object_open_fd(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const pserver_seal_place_t *place,
    uint64_t number);

void ngx_http_pserver_object_close(ngx_http_pserver_object_t *object);

/*
 * Reads and opens up to "count" chunks from "first" on, into memory of
 * count * PSERVER_SEAL_CHUNK + PSERVER_SEAL_TAG_LEN bytes; *len is the
 * length of the plaintext.  After an error there is none in buf.
 */
ngx_uint_t ngx_http_pserver_object_read(ngx_http_pserver_object_t *object,
    u_char *buf, uint64_t first, uint64_t count, size_t *len);

/* the whole file's, in bytes */
ngx_uint_t ngx_http_pserver_object_size(ngx_http_pserver_object_t *object,
    off_t *size);

/* opens the last chunk: that the file is whole is known only then */
ngx_uint_t ngx_http_pserver_object_check(ngx_http_pserver_object_t *object);

/*
 * A folder, to be read with readdir(); path is below "folder", and its last
 * part no symbolic link.  NULL: errno says why.
 */
DIR *ngx_http_pserver_store_dir(ngx_fd_t folder, const char *path);

/*
 * Moves an object's folder, if there is one, to where nobody can ask for it,
 * for good; and removes a folder there.
 */
ngx_uint_t ngx_http_pserver_object_discard(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN]);
void ngx_http_pserver_store_empty(ngx_fd_t folder, const char *name);

/* writes "2026-01-31T12:00:00Z", 20 characters; returns the end */
u_char *ngx_http_pserver_store_time(u_char *p, uint64_t msec);

/* the same form, with or without a fraction of a second; 0: it is not */
uint64_t ngx_http_pserver_store_parse_time(ngx_str_t *text);


#endif /* _NGX_HTTP_PSERVER_STORE_H_INCLUDED_ */
