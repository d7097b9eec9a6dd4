/*
 * A signed request that changes data takes effect once.
 */


#include "ngx_http_pserver_once.h"
#include "ngx_http_pserver_manifest.h"

#include <sys/file.h>


#define NGX_HTTP_PSERVER_ONCE_PENDING  "pending"


static void ngx_http_pserver_once_name(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims);
static ngx_uint_t ngx_http_pserver_once_find(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, ngx_uint_t *repeat, uint64_t *value);
static ngx_uint_t ngx_http_pserver_once_settle(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_once_made(ngx_http_pserver_owner_t *owner,
    const pserver_change_t *change, ngx_uint_t *made);
static ngx_uint_t ngx_http_pserver_once_undo(ngx_http_pserver_owner_t *owner,
    const pserver_change_t *change);
static ngx_uint_t ngx_http_pserver_once_read(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const char *file,
    pserver_change_t *change);
static ngx_uint_t ngx_http_pserver_once_failed(
    ngx_http_pserver_owner_t *owner);


ngx_uint_t
ngx_http_pserver_once_seen(ngx_http_pserver_owner_t *owner,
    const pserver_web3signed_t *claims, ngx_uint_t *repeat, uint64_t *value)
{
    ngx_uint_t               rc;
    ngx_http_pserver_once_t  once;

    *repeat = 0;
    *value = 0;

    once.folder = ngx_http_pserver_owner_folder(owner, "seen");

    if (once.folder == -1) {
        return ngx_http_pserver_once_failed(owner);
    }

    ngx_http_pserver_once_name(&once, owner, claims);

    rc = ngx_http_pserver_once_find(&once, owner, repeat, value);

    ngx_http_pserver_once_end(&once, owner);

    return rc;
}


ngx_uint_t
ngx_http_pserver_once_begin(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims,
    ngx_uint_t *repeat, uint64_t *value)
{
    ngx_uint_t  rc;

    *repeat = 0;
    *value = 0;

    once->folder = ngx_http_pserver_owner_folder(owner, "seen");

    if (once->folder == -1 || flock(once->folder, LOCK_EX) == -1) {
        return ngx_http_pserver_once_failed(owner);
    }

    owner->locked = 1;

    /* its marker may have been swept */

    if ((uint64_t) time(NULL) > claims->exp + PSERVER_WEB3SIGNED_SKEW
                                + NGX_HTTP_PSERVER_ONCE_KEEP)
    {
        return NGX_HTTP_PSERVER_STORE_EXPIRED;
    }

    ngx_http_pserver_once_name(once, owner, claims);

    rc = ngx_http_pserver_once_settle(once, owner);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    return ngx_http_pserver_once_find(once, owner, repeat, value);
}


static void
ngx_http_pserver_once_name(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims)
{
    pserver_str_t  digest;

    /* the signer is the owner, whose key makes the name */

    digest.data = (u_char *) claims->digest.bytes;
    digest.len = sizeof(claims->digest.bytes);

    once->change.exp = claims->exp;
    pserver_keys_name(once->change.hash, &owner->keys, "seen", digest);

    pserver_marker_name(once->name, once->change.exp, once->change.hash);
}


static ngx_uint_t
ngx_http_pserver_once_find(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, ngx_uint_t *repeat, uint64_t *value)
{
    ngx_uint_t        rc;
    pserver_change_t  change;

    rc = ngx_http_pserver_once_read(once, owner, once->name, &change);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (change.exp != once->change.exp
        || ngx_memcmp(change.hash, once->change.hash,
                      PSERVER_MARKER_HASH_LEN)
           != 0)
    {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    *repeat = 1;
    *value = change.value;

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* what a crash has left in doubt was made, or is as if it never began */

static ngx_uint_t
ngx_http_pserver_once_settle(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    int               failed;
    char              name[PSERVER_MARKER_NAME_LEN + 1];
    ngx_uint_t        rc, made;
    pserver_change_t  change;

    rc = ngx_http_pserver_once_read(once, owner,
                                    NGX_HTTP_PSERVER_ONCE_PENDING, &change);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_once_made(owner, &change, &made);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (made) {
        pserver_marker_name(name, change.exp, change.hash);

        failed = renameat(once->folder, NGX_HTTP_PSERVER_ONCE_PENDING,
                          once->folder, name);
    } else {
        failed = unlinkat(once->folder, NGX_HTTP_PSERVER_ONCE_PENDING, 0);
    }

    return failed ? ngx_http_pserver_once_failed(owner)
                  : NGX_HTTP_PSERVER_STORE_OK;
}


/*
 * The change was made if its record was.  Nobody has changed anything since,
 * for this would have been settled.  What a deletion has left of the object,
 * or a version without a record, goes now.
 */

static ngx_uint_t
ngx_http_pserver_once_made(ngx_http_pserver_owner_t *owner,
    const pserver_change_t *change, ngx_uint_t *made)
{
    ngx_uint_t         rc;
    pserver_version_t  version;

    *made = 0;

    rc = ngx_http_pserver_manifest_find(owner, change->name, change->number,
                                        &version);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        if (change->number == 0) {
            return rc;
        }

        *made = ngx_memcmp(version.id, change->id, PSERVER_SEAL_ID_LEN) == 0;

    } else if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {

        if (change->number == 0) {
            *made = 1;
            return ngx_http_pserver_object_discard(owner, change->name);
        }

        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !*made) {
        rc = ngx_http_pserver_once_undo(owner, change);
    }

    return rc;
}


/* removes the file of that version, and no other */

static ngx_uint_t
ngx_http_pserver_once_undo(ngx_http_pserver_owner_t *owner,
    const pserver_change_t *change)
{
    char                       path[NGX_HTTP_PSERVER_OBJECT_FILE];
    ngx_uint_t                 rc, same;
    ngx_http_pserver_object_t  object;

    ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));

    rc = ngx_http_pserver_object_open_file(owner, &object, change->name,
                                           change->number);

    same = (rc == NGX_HTTP_PSERVER_STORE_OK
            && ngx_memcmp(object.open.id, change->id, PSERVER_SEAL_ID_LEN)
               == 0);

    ngx_http_pserver_object_close(&object);

    ngx_http_pserver_object_file_path(path, change->name, change->number);

    if (same && unlinkat(owner->fd, path, 0) == -1) {
        return ngx_http_pserver_once_failed(owner);
    }

    return (rc == NGX_HTTP_PSERVER_STORE_ERROR)
           ? rc : NGX_HTTP_PSERVER_STORE_OK;
}


static ngx_uint_t
ngx_http_pserver_once_read(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const char *file,
    pserver_change_t *change)
{
    ssize_t        n;
    u_char         text[PSERVER_CHANGE_TEXT_LEN + 1];
    pserver_str_t  str;

    (void) snprintf(owner->file, sizeof(owner->file), "seen/%s", file);

    n = readlinkat(once->folder, file, (char *) text, sizeof(text));

    if (n == -1) {
        return (ngx_errno == NGX_ENOENT)
               ? NGX_HTTP_PSERVER_STORE_NOT_FOUND
               : ngx_http_pserver_once_failed(owner);
    }

    str.data = text;
    str.len = n;

    return (pserver_change_open(change, str, owner->keys.ledger)
            == PSERVER_OK)
           ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_BAD;
}


ngx_uint_t
ngx_http_pserver_once_prepare(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    u_char  text[PSERVER_CHANGE_TEXT_LEN + 1];

    pserver_change_seal(text, &once->change, owner->keys.ledger);

    if ((unlinkat(once->folder, NGX_HTTP_PSERVER_ONCE_PENDING, 0) == -1
         && ngx_errno != NGX_ENOENT)
        || symlinkat((char *) text, once->folder,
                     NGX_HTTP_PSERVER_ONCE_PENDING)
           == -1
        || fsync(once->folder) == -1)
    {
        return ngx_http_pserver_once_failed(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/*
 * Without another fsync: should the new name be lost with the power, the old
 * one is there and is settled, and the next change makes both durable before
 * it is made itself.
 */

ngx_uint_t
ngx_http_pserver_once_done(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    if (renameat(once->folder, NGX_HTTP_PSERVER_ONCE_PENDING, once->folder,
                 once->name)
        == -1)
    {
        return ngx_http_pserver_once_failed(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_once_end(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    owner->locked = 0;

    if (once->folder != -1) {
        (void) close(once->folder);
        once->folder = -1;
    }
}


static ngx_uint_t
ngx_http_pserver_once_failed(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    owner->err = ngx_errno;

    rc = ngx_http_pserver_store_rc(owner->err);

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_ERROR : rc;
}
