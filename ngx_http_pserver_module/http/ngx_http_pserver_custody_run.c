/*
 * The owner's own key over HTTP: what is done in threads.
 */


#include "ngx_http_pserver_custody_api.h"
#include "ngx_http_pserver_generation.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_once.h"

#include <sys/file.h>
#include <sodium.h>


/* seconds that a key is open for its own entry in the log, at most */
#define NGX_HTTP_PSERVER_CUSTODY_ENTRY  60


/* secrets of one such request, in locked memory */

typedef struct {
    pserver_server_key_t             server;
    u_char                           key[PSERVER_CUSTODY_KEY_LEN];
    u_char                           current[PSERVER_CUSTODY_KEY_LEN];
} ngx_http_pserver_custody_secrets_t;


static ngx_http_pserver_custody_secrets_t *ngx_http_pserver_custody_secrets(
    ngx_http_pserver_custody_t *custody);
static ngx_int_t ngx_http_pserver_custody_box(
    ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_custody_secrets_t *secrets,
    const u_char box[PSERVER_CUSTODY_BOX_LEN],
    u_char key[PSERVER_CUSTODY_KEY_LEN]);
static void ngx_http_pserver_custody_found(
    ngx_http_pserver_custody_t *custody, pserver_str_t file);
static ngx_int_t ngx_http_pserver_custody_failed(
    ngx_http_pserver_custody_t *custody, ngx_uint_t store_rc,
    ngx_err_t err);
static ngx_int_t ngx_http_pserver_custody_brought(
    ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_custody_secrets_t *secrets);
static void ngx_http_pserver_custody_store_file(
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_secrets_t *secrets);
static ngx_int_t ngx_http_pserver_custody_before(
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_owner_t *owner,
    pserver_str_t file, ngx_http_pserver_custody_secrets_t *secrets);
static ngx_int_t ngx_http_pserver_custody_renew(
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_owner_t *owner);
static void ngx_http_pserver_custody_open_file(
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_secrets_t *secrets);
static ngx_uint_t ngx_http_pserver_custody_open_once(
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_owner_t *owner,
    const u_char key[PSERVER_CUSTODY_KEY_LEN]);
static ngx_uint_t ngx_http_pserver_custody_announce(
    ngx_http_pserver_once_t *once, ngx_http_pserver_owner_t *owner);


void
ngx_http_pserver_custody_look(void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    u_char                               buf[NGX_HTTP_PSERVER_OWNER_FILE];
    ngx_uint_t                           rc;
    pserver_str_t                        file;
    ngx_http_pserver_owner_t             owner;
    ngx_http_pserver_custody_secrets_t  *secrets;

    secrets = ngx_http_pserver_custody_secrets(custody);
    if (secrets == NULL) {
        return;
    }

    sodium_free(secrets);

    rc = ngx_http_pserver_owner_find(&owner, custody->at.root,
                                     custody->at.chain_id,
                                     &custody->at.owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_owner_file(&owner, buf, &file);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_custody_found(custody, file);

    } else if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner.err);
    }

    ngx_http_pserver_owner_close(&owner);
}


/*
 * The server's key for this owner, whose public half is in every answer, and
 * room for the rest.
 */

static ngx_http_pserver_custody_secrets_t *
ngx_http_pserver_custody_secrets(ngx_http_pserver_custody_t *custody)
{
    ngx_http_pserver_custody_secrets_t  *secrets;

    secrets = sodium_malloc(sizeof(ngx_http_pserver_custody_secrets_t));

    if (secrets
        && pserver_identity_child(custody->secp256k1, &secrets->server,
                              &ngx_http_pserver_keys()->identity,
                              pserver_identity_index(&custody->at.owner))
           == PSERVER_OK)
    {
        custody->server = secrets->server.address;
        ngx_memcpy(custody->public_key, secrets->server.public_key,
                   PSERVER_PUBLIC_KEY_LEN);
        return secrets;
    }

    (void) ngx_http_pserver_custody_failed(custody,
                                           NGX_HTTP_PSERVER_STORE_ERROR,
                                           ngx_errno);
    sodium_free(secrets);

    return NULL;
}


static ngx_int_t
ngx_http_pserver_custody_box(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_custody_secrets_t *secrets,
    const u_char box[PSERVER_CUSTODY_BOX_LEN],
    u_char key[PSERVER_CUSTODY_KEY_LEN])
{
    if (pserver_custody_open(custody->secp256k1, key, box,
                             secrets->server.key)
        != PSERVER_OK)
    {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_BOX;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_pserver_custody_found(ngx_http_pserver_custody_t *custody,
    pserver_str_t file)
{
    const u_char  *wrap;

    if (pserver_keys_owned(file, NULL, &wrap) == PSERVER_OK) {
        ngx_memcpy(custody->wrap, wrap, PSERVER_CUSTODY_WRAP_LEN);
        custody->has_wrap = 1;
    }
}


static ngx_int_t
ngx_http_pserver_custody_failed(ngx_http_pserver_custody_t *custody,
    ngx_uint_t store_rc, ngx_err_t err)
{
    custody->rc = NGX_HTTP_PSERVER_CUSTODY_STORE;
    custody->store_rc = store_rc;
    custody->err = err;

    return NGX_ERROR;
}


void
ngx_http_pserver_custody_store(void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    time_t                               expires;
    ngx_uint_t                           rc;
    ngx_http_pserver_owner_t             owner;
    ngx_http_pserver_custody_secrets_t  *secrets;

    secrets = ngx_http_pserver_custody_secrets(custody);
    if (secrets == NULL) {
        return;
    }

    if (ngx_http_pserver_custody_brought(custody, secrets) != NGX_OK) {
        sodium_free(secrets);
        return;
    }

    rc = ngx_http_pserver_owner_find(&owner, custody->at.root,
                                     custody->at.chain_id,
                                     &custody->at.owner, 1);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner.err);

    } else if (flock(owner.fd, LOCK_EX) == -1) {

        /* of two that come at once one has to see the other's */

        (void) ngx_http_pserver_custody_failed(custody,
                                               NGX_HTTP_PSERVER_STORE_ERROR,
                                               ngx_errno);

    } else {
        ngx_http_pserver_custody_store_file(custody, &owner, secrets);
    }

    if (custody->changed) {

        /* for its entry in the log; if there is no room, that is the node's */

        (void) ngx_http_pserver_custody_put(&custody->at, secrets->key,
                                            NGX_HTTP_PSERVER_CUSTODY_ENTRY,
                                            &expires);
    }

    ngx_http_pserver_owner_close(&owner);
    sodium_free(secrets);
}


/* the keys of the request, before anything is made */

static ngx_int_t
ngx_http_pserver_custody_brought(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_custody_secrets_t *secrets)
{
    u_char  id[PSERVER_CUSTODY_ID_LEN];

    if (ngx_http_pserver_custody_box(custody, secrets, custody->body.key,
                                     secrets->key)
        != NGX_OK
        || (custody->body.has_current
            && ngx_http_pserver_custody_box(custody, secrets,
                                            custody->body.current,
                                            secrets->current)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    pserver_custody_id(id, secrets->key);

    if (!pserver_custody_wraps(custody->body.wrap, id)) {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_WRAP;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_pserver_custody_store_file(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_secrets_t *secrets)
{
    u_char                          buf[NGX_HTTP_PSERVER_OWNER_FILE];
    u_char                          new[PSERVER_KEYS_FILE_MAX];
    size_t                          len;
    ngx_uint_t                      rc, replace;
    pserver_str_t                   file;
    const ngx_http_pserver_keys_t  *keys;

    rc = ngx_http_pserver_owner_file(owner, buf, &file);

    replace = (rc == NGX_HTTP_PSERVER_STORE_OK);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {

        if (custody->body.has_current) {
            custody->rc = NGX_HTTP_PSERVER_CUSTODY_UNSET;
            return;
        }

        pserver_keys_generate(&owner->keys);

    } else if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner->err);
        return;

    } else if (ngx_http_pserver_custody_before(custody, owner, file, secrets)
               != NGX_OK)
    {
        return;
    }

    keys = ngx_http_pserver_keys();

    len = pserver_keys_wrap_owned(new, &owner->keys, &keys->roots[0],
                                  custody->at.chain_id, &custody->at.owner,
                                  secrets->key, custody->body.wrap);

    rc = replace ? ngx_http_pserver_generation_put(owner, new, len)
                 : ngx_http_pserver_owner_write(owner, new, len, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_CONDITION) {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_IS_SET;
        return;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner->err);
        return;
    }

    file.data = new;
    file.len = len;

    ngx_http_pserver_custody_found(custody, file);

    custody->changed = 1;
}


/*
 * Opens the keys as they were until now, and adds a data key, since who has
 * an older file and what opened it has the others.  NGX_DONE: a repeat, which
 * is how it is already.
 */

static ngx_int_t
ngx_http_pserver_custody_before(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_owner_t *owner, pserver_str_t file,
    ngx_http_pserver_custody_secrets_t *secrets)
{
    int                             rc;
    u_char                          own[PSERVER_CUSTODY_ID_LEN];
    const u_char                   *id, *wrap;
    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    if (pserver_keys_owned(file, &id, &wrap) != PSERVER_OK) {

        if (custody->body.has_current) {
            custody->rc = NGX_HTTP_PSERVER_CUSTODY_UNSET;
            return NGX_ERROR;
        }

        rc = pserver_keys_unwrap(&owner->keys, NULL, file, keys->roots,
                                 keys->nroots, custody->at.chain_id,
                                 &custody->at.owner);

        return (rc == PSERVER_OK)
               ? ngx_http_pserver_custody_renew(custody, owner)
               : ngx_http_pserver_custody_failed(custody,
                                             NGX_HTTP_PSERVER_STORE_BAD, 0);
    }

    ngx_http_pserver_custody_found(custody, file);

    if (sodium_memcmp(wrap, custody->body.wrap, PSERVER_CUSTODY_WRAP_LEN)
        == 0)
    {
        return NGX_DONE;
    }

    if (!custody->body.has_current
        || pserver_custody_epoch(custody->body.wrap)
           <= pserver_custody_epoch(wrap))
    {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_IS_SET;
        return NGX_ERROR;
    }

    pserver_custody_id(own, secrets->current);

    if (sodium_memcmp(own, id, sizeof(own)) != 0) {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_WRONG_KEY;
        return NGX_ERROR;
    }

    rc = pserver_keys_unwrap_owned(&owner->keys, NULL, file, keys->roots,
                                   keys->nroots, custody->at.chain_id,
                                   &custody->at.owner, secrets->current);

    return (rc == PSERVER_OK)
           ? ngx_http_pserver_custody_renew(custody, owner)
           : ngx_http_pserver_custody_failed(custody,
                                             NGX_HTTP_PSERVER_STORE_BAD, 0);
}


static ngx_int_t
ngx_http_pserver_custody_renew(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    switch (ngx_http_pserver_generation_renew(owner, &rc)) {

    case NGX_HTTP_PSERVER_GENERATION_MADE:
        return NGX_OK;

    case NGX_HTTP_PSERVER_GENERATION_FULL:
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_OLDER;
        return NGX_ERROR;

    default: /* NGX_HTTP_PSERVER_GENERATION_STORE */
        return ngx_http_pserver_custody_failed(custody, rc, owner->err);
    }
}


void
ngx_http_pserver_custody_open_run(void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    ngx_uint_t                           rc;
    ngx_http_pserver_owner_t             owner;
    ngx_http_pserver_custody_secrets_t  *secrets;

    secrets = ngx_http_pserver_custody_secrets(custody);
    if (secrets == NULL) {
        return;
    }

    rc = ngx_http_pserver_owner_find(&owner, custody->at.root,
                                     custody->at.chain_id,
                                     &custody->at.owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_UNSET;

    } else if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner.err);

    } else if (flock(owner.fd, LOCK_EX) == -1) {
        (void) ngx_http_pserver_custody_failed(custody,
                                               NGX_HTTP_PSERVER_STORE_ERROR,
                                               ngx_errno);

    } else {
        ngx_http_pserver_custody_open_file(custody, &owner, secrets);
    }

    ngx_http_pserver_owner_close(&owner);
    sodium_free(secrets);
}


static void
ngx_http_pserver_custody_open_file(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_secrets_t *secrets)
{
    u_char                          buf[NGX_HTTP_PSERVER_OWNER_FILE];
    u_char                          own[PSERVER_CUSTODY_ID_LEN];
    size_t                          used, len;
    ngx_uint_t                      rc;
    const u_char                   *id;
    pserver_str_t                   file;
    const ngx_http_pserver_keys_t  *keys;

    rc = ngx_http_pserver_owner_file(owner, buf, &file);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND
        || (rc == NGX_HTTP_PSERVER_STORE_OK
            && pserver_keys_owned(file, &id, NULL) != PSERVER_OK))
    {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_UNSET;
        return;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner->err);
        return;
    }

    if (ngx_http_pserver_custody_box(custody, secrets, custody->body.key,
                                     secrets->key)
        != NGX_OK)
    {
        return;
    }

    pserver_custody_id(own, secrets->key);

    if (sodium_memcmp(own, id, sizeof(own)) != 0) {
        custody->rc = NGX_HTTP_PSERVER_CUSTODY_WRONG_KEY;
        return;
    }

    ngx_http_pserver_custody_found(custody, file);

    keys = ngx_http_pserver_keys();

    if (pserver_keys_unwrap_owned(&owner->keys, &used, file, keys->roots,
                                  keys->nroots, custody->at.chain_id,
                                  &custody->at.owner, secrets->key)
        != PSERVER_OK)
    {
        (void) ngx_http_pserver_custody_failed(custody,
                                             NGX_HTTP_PSERVER_STORE_BAD, 0);
        return;
    }

    /* a root that was rotated meanwhile could not get at this one */

    if (used != 0) {
        len = pserver_keys_wrap_owned(buf, &owner->keys, &keys->roots[0],
                                      custody->at.chain_id,
                                      &custody->at.owner, secrets->key,
                                      custody->wrap);

        rc = ngx_http_pserver_owner_write(owner, buf, len, 1);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_custody_open_once(custody, owner,
                                                secrets->key);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_custody_failed(custody, rc, owner->err);
    }
}


/* who has seen a request can't send it again when it is locked */

static ngx_uint_t
ngx_http_pserver_custody_open_once(ngx_http_pserver_custody_t *custody,
    ngx_http_pserver_owner_t *owner,
    const u_char key[PSERVER_CUSTODY_KEY_LEN])
{
    time_t                   expires;
    uint64_t                 value;
    ngx_uint_t               rc, repeat;
    ngx_http_pserver_once_t  once;

    rc = ngx_http_pserver_once_begin(&once, owner, custody->claims, &repeat,
                                     &value);

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !repeat) {
        rc = ngx_http_pserver_custody_announce(&once, owner);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {

            if (ngx_http_pserver_custody_put(&custody->at, key,
                                             custody->body.seconds, &expires)
                == NGX_OK)
            {
                custody->changed = 1;

            } else {
                custody->rc = NGX_HTTP_PSERVER_CUSTODY_FULL;
            }

            rc = ngx_http_pserver_once_done(&once, owner);
        }
    }

    ngx_http_pserver_once_end(&once, owner);

    return rc;
}


/* nothing on the disk shows whether it was made: then it counts as made */

static ngx_uint_t
ngx_http_pserver_custody_announce(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    static const pserver_str_t  none;

    once->change.value = 0;
    once->change.number = 0;
    ngx_memzero(once->change.id, PSERVER_SEAL_ID_LEN);
    pserver_keys_name(once->change.name, &owner->keys, "custody", none);

    return ngx_http_pserver_once_prepare(once, owner);
}


void
ngx_http_pserver_custody_close_begin(void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    uint64_t                   value;
    ngx_uint_t                 rc, repeat;
    ngx_http_pserver_owner_t   owner;

    ngx_http_pserver_custody_look(custody);

    if (custody->rc != NGX_HTTP_PSERVER_CUSTODY_OK || !custody->has_wrap) {
        return;
    }

    rc = ngx_http_pserver_owner_open(&owner, custody->at.root,
                                     custody->at.chain_id,
                                     &custody->at.owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_once_seen(&owner, custody->claims, &repeat,
                                        &value);

        custody->changed = (rc == NGX_HTTP_PSERVER_STORE_OK && !repeat);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {

        /* it is locked, or neither log nor mark can be had: it is now */

        ngx_http_pserver_custody_forget(&custody->at);
    }

    ngx_http_pserver_owner_close(&owner);
}


/*
 * Locked in any case; should the mark fail, a repeat locks once more.  The
 * mark is made with the owner's keys, which are opened before.
 */

void
ngx_http_pserver_custody_close_end(void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    uint64_t                  value;
    ngx_uint_t                rc, repeat;
    ngx_http_pserver_once_t   once;
    ngx_http_pserver_owner_t  owner;

    if (custody->entry != PSERVER_ENTRY_LOCKED) {
        ngx_http_pserver_custody_forget(&custody->at);
        return;
    }

    rc = ngx_http_pserver_owner_open(&owner, custody->at.root,
                                     custody->at.chain_id,
                                     &custody->at.owner, 0);

    ngx_http_pserver_custody_forget(&custody->at);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_once_begin(&once, &owner, custody->claims,
                                         &repeat, &value);

        if (rc == NGX_HTTP_PSERVER_STORE_OK && !repeat
            && ngx_http_pserver_custody_announce(&once, &owner)
               == NGX_HTTP_PSERVER_STORE_OK)
        {
            (void) ngx_http_pserver_once_done(&once, &owner);
        }

        ngx_http_pserver_once_end(&once, &owner);
    }

    ngx_http_pserver_owner_close(&owner);
}
