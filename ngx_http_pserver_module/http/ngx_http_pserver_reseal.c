/*
 * What is sealed under older data keys of an owner is sealed again.
 */


#include "ngx_http_pserver_reseal.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_generation.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_quota.h"
#include "../core/encode.h"
#include "../core/entry.h"

#include <sys/file.h>
#include <sodium.h>


/* bytes after which others have their turn */
#define NGX_HTTP_PSERVER_RESEAL_TURN  (1024 * 1024 * 1024)


/* where an owner has sealed files: in folders of it, or in it; those that
   are the owner's data have to open */

typedef struct {
    const char                      *name;
    ngx_uint_t                       nested;
    ngx_uint_t                       data;
} ngx_http_pserver_reseal_folder_t;


/* a file that is under an older key */

typedef struct {
    const char                      *name;
    uint64_t                         number;
    ino_t                            ino;
    pserver_seal_place_t             place;
    ngx_http_pserver_object_t        object;
} ngx_http_pserver_reseal_file_t;


static ngx_uint_t ngx_http_pserver_reseal_look(
    ngx_http_pserver_reseal_t *reseal);
static ngx_uint_t ngx_http_pserver_reseal_start(
    ngx_http_pserver_reseal_t *reseal);
static ngx_uint_t ngx_http_pserver_reseal_locked(
    ngx_http_pserver_reseal_t *reseal);
static void ngx_http_pserver_reseal_allowed(ngx_http_pserver_reseal_t *reseal,
    ngx_uint_t entry);
static const char *ngx_http_pserver_reseal_next(
    ngx_http_pserver_reseal_t *reseal);
static struct dirent *ngx_http_pserver_reseal_entry(
    ngx_http_pserver_reseal_t *reseal, DIR *dir);
static DIR *ngx_http_pserver_reseal_dir(ngx_http_pserver_reseal_t *reseal,
    ngx_fd_t folder, const char *name);
static ngx_uint_t ngx_http_pserver_reseal_file(
    ngx_http_pserver_reseal_t *reseal, const char *name);
static ngx_uint_t ngx_http_pserver_reseal_older(
    ngx_http_pserver_reseal_t *reseal, ngx_http_pserver_reseal_file_t *file);
static ngx_uint_t ngx_http_pserver_reseal_other(ngx_uint_t data);
static ngx_uint_t ngx_http_pserver_reseal_copy(
    ngx_http_pserver_reseal_t *reseal, ngx_http_pserver_reseal_file_t *file);
static ngx_uint_t ngx_http_pserver_reseal_chunks(
    ngx_http_pserver_writer_t *writer, ngx_http_pserver_object_t *object);
static ngx_uint_t ngx_http_pserver_reseal_replace(
    ngx_http_pserver_reseal_t *reseal, ngx_http_pserver_reseal_file_t *file);
static ngx_uint_t ngx_http_pserver_reseal_rename(
    ngx_http_pserver_reseal_t *reseal, ngx_http_pserver_reseal_file_t *file,
    const char *temp);
static void ngx_http_pserver_reseal_whole(ngx_http_pserver_reseal_t *reseal);
static void ngx_http_pserver_reseal_end(ngx_http_pserver_reseal_t *reseal);


static ngx_http_pserver_reseal_folder_t  ngx_http_pserver_reseal_folders[] = {
    { "objects", 1, 1 },
    { "jobs", 1, 0 },
    { "inputs", 0, 0 },
    { NULL, 0, 0 }
};


void
ngx_http_pserver_reseal_begin(ngx_http_pserver_reseal_t *reseal,
    u_char *root, uint64_t chain_id, const pserver_address_t *owner,
    off_t reserve)
{
    ngx_memzero(reseal, sizeof(ngx_http_pserver_reseal_t));

    reseal->reserve = reserve;
    reseal->writer = ngx_http_pserver_writer_create();

    if (reseal->writer == NULL) {
        return;
    }

    if (ngx_http_pserver_writer_open(reseal->writer, root, chain_id, owner)
        != NGX_HTTP_PSERVER_STORE_OK
        || ngx_http_pserver_reseal_look(reseal) != NGX_HTTP_PSERVER_STORE_OK)
    {
        ngx_http_pserver_reseal_end(reseal);
    }
}


/* a key that a crash, or an operator, has left to be made is asked for */

static ngx_uint_t
ngx_http_pserver_reseal_look(ngx_http_pserver_reseal_t *reseal)
{
    u_char                     head[PSERVER_MANIFEST_HEAD_LEN];
    uint64_t                   wanted;
    ngx_uint_t                 rc;
    ngx_http_pserver_owner_t  *owner;

    owner = &reseal->writer->owner;
    wanted = ngx_http_pserver_generation_wanted(owner->fd);

    if (ngx_http_pserver_generation_look(owner, wanted, &rc)
        != NGX_HTTP_PSERVER_GENERATION_MADE)
    {
        return ngx_http_pserver_reseal_start(reseal);
    }

    rc = ngx_http_pserver_manifest_head(owner, head);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        reseal->generation = wanted;
        reseal->asks = PSERVER_ENTRY_KEY_ROTATED;
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_reseal_start(ngx_http_pserver_reseal_t *reseal)
{
    ngx_fd_t                   seen;
    uint64_t                   wanted;
    ngx_uint_t                 rc;
    ngx_http_pserver_owner_t  *owner;

    owner = &reseal->writer->owner;
    wanted = ngx_http_pserver_generation_wanted(owner->fd);

    (void) ngx_http_pserver_generation_make(owner, wanted, &rc);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    reseal->generation = owner->keys.generation;

    seen = ngx_http_pserver_owner_folder(owner, "seen");

    if (seen == -1) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    rc = NGX_HTTP_PSERVER_STORE_ERROR;

    if (flock(seen, LOCK_EX) == 0) {
        owner->locked = 1;
        rc = ngx_http_pserver_manifest_tell(owner);
        owner->locked = 0;
    }

    (void) close(seen);

    return rc;
}


void
ngx_http_pserver_reseal_step(ngx_http_pserver_reseal_t *reseal)
{
    ngx_uint_t   asks;
    const char  *name;

    if (ngx_http_pserver_reseal_locked(reseal)) {
        ngx_http_pserver_reseal_end(reseal);
        return;
    }

    asks = reseal->asks;

    if (asks) {
        reseal->asks = 0;
        ngx_http_pserver_reseal_allowed(reseal, asks);
        return;
    }

    name = ngx_http_pserver_reseal_next(reseal);

    if (name) {

        if (ngx_http_pserver_reseal_file(reseal, name)
            != NGX_HTTP_PSERVER_STORE_OK)
        {
            reseal->left++;
        }

        if (reseal->done >= NGX_HTTP_PSERVER_RESEAL_TURN) {
            ngx_http_pserver_reseal_end(reseal);
        }

        return;
    }

    if (ngx_http_pserver_reseal_folders[reseal->folder].name == NULL) {
        ngx_http_pserver_reseal_whole(reseal);
    }
}


void
ngx_http_pserver_reseal_stop(ngx_http_pserver_reseal_t *reseal)
{
    if (reseal->writer) {
        ngx_http_pserver_reseal_end(reseal);
    }
}


/* the owner's key was taken back: what it has opened is not used further */

static ngx_uint_t
ngx_http_pserver_reseal_locked(ngx_http_pserver_reseal_t *reseal)
{
    ngx_http_pserver_owner_t       *owner;
    ngx_http_pserver_custody_at_t   at;

    owner = &reseal->writer->owner;

    at.root = owner->root;
    at.chain_id = owner->chain_id;
    at.owner = owner->address;

    return ngx_http_pserver_custody_locked(&at);
}


/* what was asked for, unless it could not be logged */

static void
ngx_http_pserver_reseal_allowed(ngx_http_pserver_reseal_t *reseal,
    ngx_uint_t entry)
{
    if (entry == PSERVER_ENTRY_KEY_ROTATED && reseal->logged
        && ngx_http_pserver_reseal_start(reseal) == NGX_HTTP_PSERVER_STORE_OK)
    {
        return;
    }

    if (entry == PSERVER_ENTRY_KEYS_DESTROYED && reseal->logged) {
        (void) ngx_http_pserver_generation_end(&reseal->writer->owner,
                                               reseal->generation);
    }

    ngx_http_pserver_reseal_end(reseal);
}


/* NULL: one step further to it, or all are through */

static const char *
ngx_http_pserver_reseal_next(ngx_http_pserver_reseal_t *reseal)
{
    struct dirent                     *de;
    ngx_http_pserver_reseal_folder_t  *folder;

    folder = &ngx_http_pserver_reseal_folders[reseal->folder];

    if (reseal->files) {
        de = ngx_http_pserver_reseal_entry(reseal, reseal->files);

        if (de) {
            return de->d_name;
        }

        (void) closedir(reseal->files);
        reseal->files = NULL;

        if (!folder->nested) {
            reseal->folder++;
        }

        return NULL;
    }

    if (reseal->dir == NULL) {
        reseal->dir = ngx_http_pserver_reseal_dir(reseal,
                                                  reseal->writer->owner.fd,
                                                  folder->name);

        if (reseal->dir == NULL) {
            reseal->folder++;

        } else if (!folder->nested) {
            reseal->files = reseal->dir;
            reseal->dir = NULL;
        }

        return NULL;
    }

    de = ngx_http_pserver_reseal_entry(reseal, reseal->dir);

    if (de == NULL) {
        (void) closedir(reseal->dir);
        reseal->dir = NULL;
        reseal->folder++;

    } else if (de->d_name[0] != '.') {
        reseal->files = ngx_http_pserver_reseal_dir(reseal,
                                                    dirfd(reseal->dir),
                                                    de->d_name);
    }

    return NULL;
}


/* a folder that ends with an error may have what is under an older key */

static struct dirent *
ngx_http_pserver_reseal_entry(ngx_http_pserver_reseal_t *reseal, DIR *dir)
{
    struct dirent  *de;

    ngx_set_errno(0);

    de = readdir(dir);

    if (de == NULL && ngx_errno) {
        reseal->left++;
    }

    return de;
}


/* and so may one that is there and can't be read */

static DIR *
ngx_http_pserver_reseal_dir(ngx_http_pserver_reseal_t *reseal,
    ngx_fd_t folder, const char *name)
{
    DIR         *dir;
    ngx_uint_t   data;

    data = ngx_http_pserver_reseal_folders[reseal->folder].data;

    dir = ngx_http_pserver_store_dir(folder, name);

    /* among jobs there are files, too */

    if (dir == NULL && ngx_errno != NGX_ENOENT
        && (data || ngx_errno != NGX_ENOTDIR))
    {
        reseal->left++;
    }

    return dir;
}


/* OK: it is under the newest key now, or is nothing that is sealed */

static ngx_uint_t
ngx_http_pserver_reseal_file(ngx_http_pserver_reseal_t *reseal,
    const char *name)
{
    ngx_uint_t                      rc;
    ngx_http_pserver_reseal_file_t  file;

    if (name[0] == '.') {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_memzero(&file, sizeof(ngx_http_pserver_reseal_file_t));

    file.name = name;
    file.object.fd = openat(dirfd(reseal->files), name,
                            O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    rc = ngx_http_pserver_reseal_older(reseal, &file);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_STORE_OK;

    } else if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_reseal_copy(reseal, &file);
    }

    ngx_http_pserver_object_close(&file.object);

    return rc;
}


/*
 * OK: it is, and the object is open; NOT_FOUND: it is not.  Its name is as
 * it says itself: who has put it in another's place gets it in that place.
 */

static ngx_uint_t
ngx_http_pserver_reseal_older(ngx_http_pserver_reseal_t *reseal,
    ngx_http_pserver_reseal_file_t *file)
{
    u_char                     header[PSERVER_SEAL_TELLS_LEN];
    ssize_t                    n;
    uint32_t                   generation;
    ngx_uint_t                 data;
    struct stat                st;
    ngx_http_pserver_owner_t  *owner;

    data = ngx_http_pserver_reseal_folders[reseal->folder].data;
    owner = &reseal->writer->owner;

    if (file->object.fd == -1) {
        return ngx_http_pserver_reseal_other(data)
               ? NGX_HTTP_PSERVER_STORE_NOT_FOUND
               : NGX_HTTP_PSERVER_STORE_BAD;
    }

    n = pread(file->object.fd, header, sizeof(header), 0);

    if (n == -1 || fstat(file->object.fd, &st) == -1) {
        return ngx_http_pserver_reseal_other(data)
               ? NGX_HTTP_PSERVER_STORE_NOT_FOUND
               : NGX_HTTP_PSERVER_STORE_BAD;
    }

    if (pserver_seal_generation(header, n, &generation) != PSERVER_OK) {
        return data ? NGX_HTTP_PSERVER_STORE_BAD
                    : NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    if (generation >= reseal->generation) {
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    file->ino = st.st_ino;
    file->number = ngx_http_pserver_object_number(file->name);
    file->number = ngx_max(file->number, 1);

    file->place.owner = owner->address;
    pserver_seal_name(file->place.name, header);

    return ngx_http_pserver_object_open_fd(owner, &file->object, &file->place,
                                           file->number);
}


/*
 * By errno: it is gone; or, where there may be others, no file.  What can't
 * be read for another reason may be under an older key.
 */

static ngx_uint_t
ngx_http_pserver_reseal_other(ngx_uint_t data)
{
    switch (ngx_errno) {

    case NGX_ENOENT:
        return 1;

    case ELOOP:
    case ENXIO:
    case EISDIR:
        return !data;

    default:
        return 0;
    }
}


static ngx_uint_t
ngx_http_pserver_reseal_copy(ngx_http_pserver_reseal_t *reseal,
    ngx_http_pserver_reseal_file_t *file)
{
    ngx_uint_t                  rc;
    pserver_open_t             *open;
    ngx_http_pserver_writer_t  *writer;

    writer = reseal->writer;
    open = &file->object.open;

    rc = ngx_http_pserver_quota_reserve(&writer->owner, reseal->reserve,
                                   pserver_seal_file_len(open->meta.length));

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_writer_begin_again(writer, &file->place,
                                                 open->id);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_reseal_chunks(writer, &file->object);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && sodium_memcmp(writer->seal.sha256, open->meta.sha256, 32) != 0)
    {
        rc = NGX_HTTP_PSERVER_STORE_BAD;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_reseal_replace(reseal, file);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        reseal->done += writer->offset;
        reseal->sealed++;
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_reseal_chunks(ngx_http_pserver_writer_t *writer,
    ngx_http_pserver_object_t *object)
{
    size_t      len;
    u_char      block[PSERVER_SEAL_BLOCK];
    uint64_t    i;
    ngx_uint_t  rc;

    rc = NGX_HTTP_PSERVER_STORE_OK;

    for (i = 0;
         rc == NGX_HTTP_PSERVER_STORE_OK && i < object->open.chunks;
         i++)
    {
        rc = ngx_http_pserver_object_read(object, block, i, 1, &len);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_writer_write(writer, block, len,
                                               i + 1 == object->open.chunks);
        }

        sodium_memzero(block, len);
    }

    return rc;
}


/* under a name of its own first, since only a name can take another's place */

static ngx_uint_t
ngx_http_pserver_reseal_replace(ngx_http_pserver_reseal_t *reseal,
    ngx_http_pserver_reseal_file_t *file)
{
    char                        temp[1 + 2 * PSERVER_SEAL_ID_LEN + 1];
    u_char                      random[PSERVER_SEAL_ID_LEN];
    ngx_uint_t                  rc;
    ngx_http_pserver_writer_t  *writer;

    writer = reseal->writer;

    randombytes_buf(random, sizeof(random));

    temp[0] = '.';
    *pserver_hex_encode((u_char *) temp + 1, random, sizeof(random)) = '\0';

    rc = ngx_http_pserver_writer_link_name(writer, &file->object.open.meta,
                                           writer->folder, temp,
                                           file->number);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    rc = ngx_http_pserver_reseal_rename(reseal, file, temp);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) unlinkat(writer->folder, temp, 0);
    }

    return rc;
}


/* under the lock of who changes what there is: it may be gone, or another */

static ngx_uint_t
ngx_http_pserver_reseal_rename(ngx_http_pserver_reseal_t *reseal,
    ngx_http_pserver_reseal_file_t *file, const char *temp)
{
    ngx_fd_t     seen, folder;
    ngx_uint_t   rc;
    struct stat  st;

    folder = dirfd(reseal->files);
    seen = ngx_http_pserver_owner_folder(&reseal->writer->owner, "seen");
    rc = NGX_HTTP_PSERVER_STORE_ERROR;

    if (seen != -1
        && flock(seen, LOCK_EX) == 0
        && fstatat(folder, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0
        && st.st_ino == file->ino
        && renameat(reseal->writer->folder, temp, folder, file->name) == 0
        && fsync(folder) == 0)
    {
        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    if (seen != -1) {
        (void) close(seen);
    }

    return rc;
}


/* all of the owner was looked at: older keys that nothing needs are to go */

static void
ngx_http_pserver_reseal_whole(ngx_http_pserver_reseal_t *reseal)
{
    ngx_http_pserver_owner_t  *owner;

    owner = &reseal->writer->owner;

    if (reseal->sealed == 0 && reseal->left == 0) {

        /* nothing goes if there is a later generation meanwhile */

        if (ngx_http_pserver_owner_reload(owner) != NGX_HTTP_PSERVER_STORE_OK
            || owner->keys.generation != reseal->generation)
        {
            ngx_http_pserver_reseal_end(reseal);
            return;
        }

        if (owner->keys.nolder) {
            reseal->asks = PSERVER_ENTRY_KEYS_DESTROYED;
            return;
        }

        (void) ngx_http_pserver_generation_end(owner, reseal->generation);
    }

    ngx_http_pserver_reseal_end(reseal);
}


static void
ngx_http_pserver_reseal_end(ngx_http_pserver_reseal_t *reseal)
{
    if (reseal->files) {
        (void) closedir(reseal->files);
        reseal->files = NULL;
    }

    if (reseal->dir) {
        (void) closedir(reseal->dir);
        reseal->dir = NULL;
    }

    ngx_http_pserver_writer_destroy(reseal->writer);
    reseal->writer = NULL;
    reseal->asks = 0;
}
