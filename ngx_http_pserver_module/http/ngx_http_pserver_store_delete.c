/*
 * DELETE /v1/data/{scope}: all versions of an object.
 *
 * It is done with its record in the manifest.  Then the folder of the object
 * is moved to the owner's tmp/ in one step, and is emptied there: what a
 * crash leaves has no name that anyone asks for, and goes with the next
 * deletion.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_once.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_condition.h"
#include "ngx_http_pserver_thread.h"
#include "../core/encode.h"

#include <sodium.h>


/* it has none as a rule */
#define NGX_HTTP_PSERVER_DELETE_BODY  65536


typedef struct {
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_str_t                    scope;
    const pserver_web3signed_t      *claims;
    ngx_http_pserver_condition_t     condition;

    u_char                           head[PSERVER_MANIFEST_HEAD_LEN];

    ngx_uint_t                       repeat;
    ngx_uint_t                       rc;
    ngx_err_t                        err;
    char                             file[NGX_HTTP_PSERVER_OBJECT_FILE];
} ngx_http_pserver_delete_t;


static void ngx_http_pserver_delete_body(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_delete_seen(void *data);
static void ngx_http_pserver_delete_log(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_delete_logged(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_pserver_delete_run(void *data);
static ngx_uint_t ngx_http_pserver_delete_once(
    ngx_http_pserver_delete_t *del, ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_delete_record(
    ngx_http_pserver_owner_t *owner, const u_char name[PSERVER_NAME_LEN]);
static void ngx_http_pserver_delete_sweep(ngx_http_pserver_owner_t *owner);
static void ngx_http_pserver_delete_done(ngx_http_request_t *r, void *data);


ngx_int_t
ngx_http_pserver_store_delete(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, NGX_HTTP_PSERVER_DELETE_BODY,
                                      ngx_http_pserver_delete_body);
}


static void
ngx_http_pserver_delete_body(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char                        hash[crypto_hash_sha256_BYTES];
    ngx_int_t                     rc;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_delete_t    *del;
    ngx_http_pserver_loc_conf_t  *plcf;

    (void) crypto_hash_sha256(hash, body->data, body->len);

    rc = ngx_http_pserver_auth_body(r, hash);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    del = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_delete_t));
    if (del == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->state = del;

    del->root = plcf->store.data;
    del->chain_id = plcf->chain_id;
    del->owner = ctx->owner;
    del->scope.len = ctx->scope.len;
    del->scope.data = ctx->scope.data;
    del->claims = &ctx->claims->verified;

    rc = ngx_http_pserver_condition_init(r, &del->condition);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_delete_seen,
                                            ngx_http_pserver_delete_log, del)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


/* also where there is nothing yet: a repeat may come when there is */

static void
ngx_http_pserver_delete_seen(void *data)
{
    ngx_http_pserver_delete_t  *del = data;

    uint64_t                  value;
    ngx_http_pserver_owner_t  owner;

    del->rc = ngx_http_pserver_owner_open(&owner, del->root, del->chain_id,
                                          &del->owner, 0);

    if (del->rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        ngx_http_pserver_owner_close(&owner);

        del->rc = ngx_http_pserver_owner_open(&owner, del->root,
                                              del->chain_id, &del->owner, 1);
    }

    if (del->rc == NGX_HTTP_PSERVER_STORE_OK) {
        del->rc = ngx_http_pserver_once_seen(&owner, del->claims,
                                             &del->repeat, &value);
    }

    if (del->rc == NGX_HTTP_PSERVER_STORE_OK && !del->repeat) {
        del->rc = ngx_http_pserver_condition_holds(&del->condition, &owner,
                                                   del->scope);
    }

    if (del->rc == NGX_HTTP_PSERVER_STORE_OK && !del->repeat) {
        del->rc = ngx_http_pserver_manifest_head(&owner, del->head);
    }

    del->err = owner.err;
    ngx_memcpy(del->file, owner.file, NGX_HTTP_PSERVER_OBJECT_FILE);

    ngx_http_pserver_owner_close(&owner);
}


/* what can't be logged is not done */

static void
ngx_http_pserver_delete_log(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_delete_t *del = data;

    ngx_http_pserver_audit_entry_t  entry;

    if (del->repeat || del->rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_delete_done(r, del);
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_DATA_DELETED;
    entry.manifest = del->head;
    entry.owner = &del->owner;
    entry.scope.len = del->scope.len;
    entry.scope.data = del->scope.data;
    entry.r = r;

    if (ngx_http_pserver_audit_request(r, &entry,
                                       ngx_http_pserver_delete_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_delete_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_delete_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (rc != NGX_OK
        || ngx_http_pserver_thread_run_request(r,
                                            ngx_http_pserver_delete_run,
                                            ngx_http_pserver_delete_done,
                                            ctx->state)
           != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_delete_run(void *data)
{
    ngx_http_pserver_delete_t  *del = data;

    ngx_http_pserver_owner_t  owner;

    del->rc = ngx_http_pserver_owner_open(&owner, del->root, del->chain_id,
                                          &del->owner, 0);

    if (del->rc == NGX_HTTP_PSERVER_STORE_OK) {
        del->rc = ngx_http_pserver_delete_once(del, &owner);
        ngx_http_pserver_delete_sweep(&owner);
    }

    del->err = owner.err;
    ngx_memcpy(del->file, owner.file, NGX_HTTP_PSERVER_OBJECT_FILE);

    ngx_http_pserver_owner_close(&owner);
}


static ngx_uint_t
ngx_http_pserver_delete_once(ngx_http_pserver_delete_t *del,
    ngx_http_pserver_owner_t *owner)
{
    uint64_t                 value;
    ngx_uint_t               rc;
    ngx_http_pserver_once_t  once;

    rc = ngx_http_pserver_once_begin(&once, owner, del->claims, &del->repeat,
                                     &value);

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !del->repeat) {
        rc = ngx_http_pserver_condition_holds(&del->condition, owner,
                                              del->scope);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !del->repeat) {

        once.change.value = 0;
        once.change.number = 0;
        ngx_memzero(once.change.id, PSERVER_SEAL_ID_LEN);
        pserver_keys_name(once.change.name, &owner->keys, "scope",
                          del->scope);

        rc = ngx_http_pserver_once_prepare(&once, owner);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_delete_record(owner, once.change.name);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_object_discard(owner, once.change.name);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_once_done(&once, owner);
        }
    }

    ngx_http_pserver_once_end(&once, owner);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_delete_record(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN])
{
    ngx_uint_t                  rc;
    pserver_version_t           version;
    pserver_manifest_record_t   record;

    rc = ngx_http_pserver_manifest_find(owner, name, 0, &version);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ngx_memzero(&record, sizeof(pserver_manifest_record_t));

    record.kind = PSERVER_MANIFEST_DELETE;
    ngx_memcpy(record.name, name, PSERVER_NAME_LEN);

    return ngx_http_pserver_manifest_append(owner, &record);
}


ngx_uint_t
ngx_http_pserver_object_discard(ngx_http_pserver_owner_t *owner,
    const u_char object[PSERVER_NAME_LEN])
{
    u_char      path[NGX_HTTP_PSERVER_OBJECT_PATH], random[16];
    char        name[33];
    ngx_fd_t    tmp, objects;
    ngx_uint_t  rc;

    ngx_http_pserver_object_path(path, object);

    randombytes_buf(random, sizeof(random));

    *pserver_hex_encode((u_char *) name, random, sizeof(random)) = '\0';

    rc = NGX_HTTP_PSERVER_STORE_OK;

    tmp = ngx_http_pserver_owner_folder(owner, "tmp");
    objects = ngx_http_pserver_owner_folder(owner, "objects");

    if (tmp == -1 || objects == -1) {
        rc = NGX_HTTP_PSERVER_STORE_ERROR;

    } else if (renameat(owner->fd, (char *) path, tmp, name) == -1) {

        if (ngx_errno != NGX_ENOENT) {
            owner->err = ngx_errno;
            rc = NGX_HTTP_PSERVER_STORE_ERROR;
        }

    } else if (fsync(objects) == -1 || fsync(tmp) == -1) {
        owner->err = ngx_errno;
        rc = NGX_HTTP_PSERVER_STORE_ERROR;
    }

    if (tmp != -1) {
        (void) close(tmp);
    }

    if (objects != -1) {
        (void) close(objects);
    }

    return rc;
}


/* every folder in tmp/ is an object that was deleted */

static void
ngx_http_pserver_delete_sweep(ngx_http_pserver_owner_t *owner)
{
    DIR            *dir;
    struct dirent  *entry;

    dir = ngx_http_pserver_store_dir(owner->fd, "tmp");

    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] != '.') {
            ngx_http_pserver_store_empty(dirfd(dir), entry->d_name);
        }
    }

    (void) closedir(dir);
}


void
ngx_http_pserver_store_empty(ngx_fd_t folder, const char *name)
{
    DIR            *dir;
    struct dirent  *entry;

    dir = ngx_http_pserver_store_dir(folder, name);

    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] != '.') {
            (void) unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }

    (void) closedir(dir);

    (void) unlinkat(folder, name, AT_REMOVEDIR);
}


static void
ngx_http_pserver_delete_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_delete_t  *del = data;

    if (del->rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_finalize_request(r,
                ngx_http_pserver_store_file_error(r, del->rc, del->err,
                                                  &del->owner, del->file));
        return;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    ngx_http_finalize_request(r, ngx_http_send_header(r));
}
