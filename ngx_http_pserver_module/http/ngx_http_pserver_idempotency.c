/*
 * Idempotency-Key.
 */


#include "ngx_http_pserver_idempotency.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_ledger_dir.h"

#include "../core/bytes.h"
#include "../core/encode.h"


static void ngx_http_pserver_key_name(const ngx_http_pserver_key_t *key,
    u_char name[PSERVER_NAME_LEN], const pserver_root_t *root,
    const pserver_address_t *app);
static ngx_uint_t ngx_http_pserver_key_lock(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, ngx_fd_t keys, const u_char *name);
static ngx_uint_t ngx_http_pserver_key_look(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, ngx_fd_t keys, const u_char *name,
    const pserver_ledger_row_t *row);
static ngx_fd_t ngx_http_pserver_key_open(ngx_http_pserver_ledger_at_t *at);
static ngx_fd_t ngx_http_pserver_key_folder(ngx_http_pserver_ledger_at_t *at,
    const u_char *name);
static ngx_uint_t ngx_http_pserver_key_none(const pserver_ledger_row_t *row);


ngx_uint_t
ngx_http_pserver_key_find(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, pserver_ledger_row_t *row)
{
    size_t                          i;
    u_char                          name[PSERVER_NAME_LEN];
    ngx_fd_t                        keys;
    ngx_uint_t                      rc;
    const ngx_http_pserver_keys_t  *secrets;

    keys = ngx_http_pserver_key_open(at);

    if (keys == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    secrets = ngx_http_pserver_keys();

    ngx_http_pserver_key_name(key, row->key, &secrets->roots[0], &row->app);

    rc = ngx_http_pserver_key_lock(key, at, keys, row->key);

    /* the link may have been made under an older root */

    for (i = 0;
         i < secrets->nroots && rc == NGX_HTTP_PSERVER_STORE_OK
         && key->found == NGX_HTTP_PSERVER_KEY_NEW;
         i++)
    {
        ngx_http_pserver_key_name(key, name, &secrets->roots[i], &row->app);

        rc = ngx_http_pserver_key_look(key, at, keys, name, row);
    }

    (void) close(keys);

    return rc;
}


static void
ngx_http_pserver_key_name(const ngx_http_pserver_key_t *key,
    u_char name[PSERVER_NAME_LEN], const pserver_root_t *root,
    const pserver_address_t *app)
{
    u_char         data[20 + PSERVER_IDEMPOTENCY_MAX];
    pserver_str_t  text;

    text.data = data;
    text.len = ngx_cpymem(ngx_cpymem(data, app->bytes, 20), key->text,
                          key->len)
               - data;

    pserver_keys_node_name(name, root, "idempotency", text);
}


/*
 * An open file description owns such a lock, not a process: requests of one
 * worker exclude each other, too.  Two keys share a byte with chance 2^-62.
 */

static ngx_uint_t
ngx_http_pserver_key_lock(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, ngx_fd_t keys, const u_char *name)
{
    struct flock  lock;

    key->lock = openat(keys, "lock", O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW,
                       0600);

    if (key->lock == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    ngx_memzero(&lock, sizeof(struct flock));

    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = pserver_get_be(name, 8) >> 2;
    lock.l_len = 1;

    key->found = NGX_HTTP_PSERVER_KEY_NEW;

    if (fcntl(key->lock, F_OFD_SETLK, &lock) == 0) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (ngx_errno != EAGAIN && ngx_errno != EACCES) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    key->found = NGX_HTTP_PSERVER_KEY_BUSY;

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* what a link names counts if it is there and was accepted */

static ngx_uint_t
ngx_http_pserver_key_look(ngx_http_pserver_key_t *key,
    ngx_http_pserver_ledger_at_t *at, ngx_fd_t keys, const u_char *name,
    const pserver_ledger_row_t *row)
{
    char                          path[sizeof("00/") + 2 * PSERVER_NAME_LEN];
    u_char                       *p;
    ngx_uint_t                    rc, accepted;
    ngx_http_pserver_ledger_t     ledger;
    ngx_http_pserver_row_place_t  place;

    p = pserver_hex_encode((u_char *) path, name, 1);
    *p++ = '/';
    *pserver_hex_encode(p, name, PSERVER_NAME_LEN) = '\0';

    if (ngx_http_pserver_link_read(keys, path, &place, &at->err) != NGX_OK) {
        return (at->err == NGX_ENOENT)
               ? NGX_HTTP_PSERVER_STORE_OK
               : ngx_http_pserver_ledger_failed(at, at->err);
    }

    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_accepted(at, &place, &ledger, &accepted);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_STORE_OK;

    } else if (rc == NGX_HTTP_PSERVER_STORE_OK && accepted) {

        if (ngx_memcmp(ledger.row.app.bytes, row->app.bytes, 20) != 0) {
            rc = NGX_HTTP_PSERVER_STORE_BAD;

        } else if (ngx_memcmp(ledger.row.digest.bytes, row->digest.bytes, 32)
                   != 0)
        {
            key->found = NGX_HTTP_PSERVER_KEY_OTHER;

        } else {
            key->found = NGX_HTTP_PSERVER_KEY_SAME;
            key->first = ledger.row;

            ngx_memzero(&key->first.operation, sizeof(pserver_str_t));
            ngx_memzero(&key->first.request, sizeof(pserver_str_t));
            ngx_memzero(&key->first.result, sizeof(pserver_str_t));
            ngx_memzero(&key->first.inputs, sizeof(pserver_str_t));
            ngx_memzero(&key->first.outputs, sizeof(pserver_str_t));
        }
    }

    ngx_http_pserver_ledger_free(&ledger);

    return rc;
}


void
ngx_http_pserver_key_release(ngx_http_pserver_key_t *key)
{
    if (key->lock != -1) {
        (void) close(key->lock);
        key->lock = -1;
    }
}


/* who adds it has the lock: what is there names nothing that counts */

ngx_uint_t
ngx_http_pserver_key_add(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row)
{
    char                          file[2 * PSERVER_NAME_LEN + 1];
    u_char                        text[NGX_HTTP_PSERVER_LINK_LEN + 1];
    ngx_fd_t                      folder;
    ngx_uint_t                    rc;
    ngx_http_pserver_row_place_t  place;

    if (ngx_http_pserver_key_none(row)) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_http_pserver_ledger_place(&place, row);
    ngx_http_pserver_link_write(text, &place);

    *pserver_hex_encode((u_char *) file, row->key, PSERVER_NAME_LEN) = '\0';

    folder = ngx_http_pserver_key_folder(at, row->key);

    if (folder == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if ((unlinkat(folder, file, 0) == -1 && ngx_errno != NGX_ENOENT)
        || symlinkat((char *) text, folder, file) == -1
        || fsync(folder) == -1)
    {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    (void) close(folder);

    return rc;
}


/* unless it is another row's by now */

ngx_uint_t
ngx_http_pserver_key_remove(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row)
{
    char                          file[2 * PSERVER_NAME_LEN + 1];
    ngx_fd_t                      folder;
    ngx_uint_t                    rc;
    ngx_http_pserver_row_place_t  place, linked;

    if (ngx_http_pserver_key_none(row)) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_http_pserver_ledger_place(&place, row);

    *pserver_hex_encode((u_char *) file, row->key, PSERVER_NAME_LEN) = '\0';

    folder = ngx_http_pserver_key_folder(at, row->key);

    if (folder == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if (ngx_http_pserver_link_read(folder, file, &linked, &at->err) == NGX_OK
        && ngx_memcmp(&linked, &place, sizeof(place)) == 0
        && unlinkat(folder, file, 0) == -1
        && ngx_errno != NGX_ENOENT)
    {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    (void) close(folder);

    return rc;
}


/* fds, or -1 with at->err */

static ngx_fd_t
ngx_http_pserver_key_open(ngx_http_pserver_ledger_at_t *at)
{
    ngx_fd_t  store, keys;

    store = open((char *) at->root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (store == -1) {
        at->err = ngx_errno;
        return -1;
    }

    keys = ngx_http_pserver_folder(store, "keys", &at->err);

    (void) close(store);

    return keys;
}


static ngx_fd_t
ngx_http_pserver_key_folder(ngx_http_pserver_ledger_at_t *at,
    const u_char *name)
{
    char      file[3];
    ngx_fd_t  keys, folder;

    keys = ngx_http_pserver_key_open(at);

    if (keys == -1) {
        return -1;
    }

    *pserver_hex_encode((u_char *) file, name, 1) = '\0';

    folder = ngx_http_pserver_folder(keys, file, &at->err);

    (void) close(keys);

    return folder;
}


static ngx_uint_t
ngx_http_pserver_key_none(const pserver_ledger_row_t *row)
{
    static const u_char  none[PSERVER_NAME_LEN];

    return ngx_memcmp(row->key, none, PSERVER_NAME_LEN) == 0;
}
