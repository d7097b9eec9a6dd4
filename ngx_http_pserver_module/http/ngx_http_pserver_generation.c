/*
 * A new data key of one owner.
 */


#include "ngx_http_pserver_generation.h"
#include "ngx_http_pserver_manifest.h"

#include <sys/file.h>


#define NGX_HTTP_PSERVER_GENERATION_DEMAND  "rotate"
#define NGX_HTTP_PSERVER_GENERATION_NEW     "rotate.new"


static ngx_uint_t ngx_http_pserver_generation_next(
    ngx_http_pserver_owner_t *owner, uint64_t wanted, ngx_uint_t *store_rc);
static ngx_uint_t ngx_http_pserver_generation_changed(
    ngx_http_pserver_owner_t *owner, const u_char *file, size_t len);
static ngx_uint_t ngx_http_pserver_generation_demand(
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_generation_shed(
    ngx_http_pserver_owner_t *owner, uint32_t generation);
static ngx_uint_t ngx_http_pserver_generation_locked(
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_generation_failed(
    ngx_http_pserver_owner_t *owner);


ngx_uint_t
ngx_http_pserver_generation_look(ngx_http_pserver_owner_t *owner,
    uint64_t wanted, ngx_uint_t *store_rc)
{
    *store_rc = NGX_HTTP_PSERVER_STORE_OK;

    if (wanted <= owner->keys.generation) {
        return NGX_HTTP_PSERVER_GENERATION_THERE;
    }

    if (wanted != (uint64_t) owner->keys.generation + 1) {
        return NGX_HTTP_PSERVER_GENERATION_NOT_NEXT;
    }

    return (owner->keys.nolder == PSERVER_KEYS_OF_DATA - 1)
           ? NGX_HTTP_PSERVER_GENERATION_FULL
           : NGX_HTTP_PSERVER_GENERATION_MADE;
}


ngx_uint_t
ngx_http_pserver_generation_make(ngx_http_pserver_owner_t *owner,
    uint64_t wanted, ngx_uint_t *store_rc)
{
    ngx_uint_t  rc;

    *store_rc = ngx_http_pserver_generation_locked(owner);

    if (*store_rc != NGX_HTTP_PSERVER_STORE_OK) {
        return NGX_HTTP_PSERVER_GENERATION_STORE;
    }

    rc = ngx_http_pserver_generation_next(owner, wanted, store_rc);

    (void) flock(owner->fd, LOCK_UN);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_generation_next(ngx_http_pserver_owner_t *owner,
    uint64_t wanted, ngx_uint_t *store_rc)
{
    ngx_uint_t  rc;

    rc = ngx_http_pserver_generation_look(owner, wanted, store_rc);

    if (rc != NGX_HTTP_PSERVER_GENERATION_MADE) {
        return rc;
    }

    rc = ngx_http_pserver_generation_renew(owner, store_rc);

    if (rc != NGX_HTTP_PSERVER_GENERATION_MADE) {
        return rc;
    }

    *store_rc = ngx_http_pserver_generation_put(owner, NULL, 0);

    return (*store_rc == NGX_HTTP_PSERVER_STORE_OK)
           ? NGX_HTTP_PSERVER_GENERATION_MADE
           : NGX_HTTP_PSERVER_GENERATION_STORE;
}


/* from an older file of keys that was put back no new one is made */

ngx_uint_t
ngx_http_pserver_generation_renew(ngx_http_pserver_owner_t *owner,
    ngx_uint_t *store_rc)
{
    u_char  head[PSERVER_MANIFEST_HEAD_LEN];

    *store_rc = ngx_http_pserver_manifest_head(owner, head);

    if (*store_rc != NGX_HTTP_PSERVER_STORE_OK) {
        return NGX_HTTP_PSERVER_GENERATION_STORE;
    }

    return (pserver_keys_renew(&owner->keys) == PSERVER_OK)
           ? NGX_HTTP_PSERVER_GENERATION_MADE
           : NGX_HTTP_PSERVER_GENERATION_FULL;
}


/* without a file: owner->keys as the one that is there has them wrapped */

ngx_uint_t
ngx_http_pserver_generation_put(ngx_http_pserver_owner_t *owner,
    const u_char *file, size_t len)
{
    ngx_fd_t    seen;
    ngx_uint_t  rc;

    seen = ngx_http_pserver_owner_folder(owner, "seen");

    if (seen == -1 || flock(seen, LOCK_EX) == -1) {
        rc = ngx_http_pserver_generation_failed(owner);

    } else {
        owner->locked = 1;

        rc = ngx_http_pserver_generation_demand(owner);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_generation_changed(owner, file, len);
        }

        /* where this fails it is made up for, as after a crash */

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_manifest_tell(owner);
        }

        owner->locked = 0;
    }

    if (seen != -1) {
        (void) close(seen);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_generation_changed(ngx_http_pserver_owner_t *owner,
    const u_char *file, size_t len)
{
    ngx_fd_t    tmp;
    ngx_uint_t  rc;

    tmp = ngx_http_pserver_owner_folder(owner, "tmp");

    if (tmp == -1 || flock(tmp, LOCK_EX) == -1) {
        rc = ngx_http_pserver_generation_failed(owner);

    } else {
        rc = file ? ngx_http_pserver_owner_write(owner, file, len, 1)
                  : ngx_http_pserver_owner_save(owner);
    }

    if (tmp != -1) {
        (void) close(tmp);
    }

    return rc;
}


/* of the generation that owner->keys have */

static ngx_uint_t
ngx_http_pserver_generation_demand(ngx_http_pserver_owner_t *owner)
{
    char  text[NGX_INT64_LEN + 1];

    if (ngx_http_pserver_generation_wanted(owner->fd)
        >= owner->keys.generation)
    {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    (void) snprintf(text, sizeof(text), "%u",
                    (unsigned) owner->keys.generation);

    if ((unlinkat(owner->fd, NGX_HTTP_PSERVER_GENERATION_NEW, 0) == -1
         && ngx_errno != NGX_ENOENT)
        || symlinkat(text, owner->fd, NGX_HTTP_PSERVER_GENERATION_NEW) == -1
        || renameat(owner->fd, NGX_HTTP_PSERVER_GENERATION_NEW, owner->fd,
                    NGX_HTTP_PSERVER_GENERATION_DEMAND)
           == -1
        || fsync(owner->fd) == -1)
    {
        return ngx_http_pserver_generation_failed(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


uint64_t
ngx_http_pserver_generation_wanted(ngx_fd_t owner)
{
    u_char     text[NGX_INT64_LEN];
    ssize_t    n;
    ngx_int_t  wanted;

    n = readlinkat(owner, NGX_HTTP_PSERVER_GENERATION_DEMAND, (char *) text,
                   sizeof(text));

    if (n <= 0) {
        return 0;
    }

    wanted = ngx_atoi(text, n);

    return (wanted == NGX_ERROR) ? 0 : (uint64_t) wanted;
}


ngx_uint_t
ngx_http_pserver_generation_end(ngx_http_pserver_owner_t *owner,
    uint32_t generation)
{
    ngx_uint_t  rc;

    rc = ngx_http_pserver_generation_locked(owner);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    rc = ngx_http_pserver_generation_shed(owner, generation);

    (void) flock(owner->fd, LOCK_UN);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_generation_shed(ngx_http_pserver_owner_t *owner,
    uint32_t generation)
{
    ngx_uint_t  rc;

    if (owner->keys.generation != generation) {

        /* there is work again */

        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (owner->keys.nolder) {
        pserver_keys_shed(&owner->keys);

        rc = ngx_http_pserver_owner_save(owner);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    if (ngx_http_pserver_generation_wanted(owner->fd)
        != (uint64_t) generation + 1
        && unlinkat(owner->fd, NGX_HTTP_PSERVER_GENERATION_DEMAND, 0) == -1)
    {
        return ngx_http_pserver_generation_failed(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* the lock of the folder, and the keys as they are then */

static ngx_uint_t
ngx_http_pserver_generation_locked(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    if (flock(owner->fd, LOCK_EX) == -1) {
        return ngx_http_pserver_generation_failed(owner);
    }

    rc = ngx_http_pserver_owner_reload(owner);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) flock(owner->fd, LOCK_UN);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_generation_failed(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    owner->err = ngx_errno;

    rc = ngx_http_pserver_store_rc(owner->err);

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_ERROR : rc;
}
