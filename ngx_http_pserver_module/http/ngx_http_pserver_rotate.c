/*
 * Rotation of the storage root, one owner.
 */


#include "ngx_http_pserver_rotate.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_store.h"

#include <sodium.h>
#include <sys/file.h>


static ngx_uint_t ngx_http_pserver_rotate_is_current(
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_rotate_file(
    ngx_http_pserver_owner_t *owner, uint64_t chain_id);


ngx_uint_t
ngx_http_pserver_rotate_owner(u_char *root, uint64_t chain_id,
    const pserver_address_t *address)
{
    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    rc = ngx_http_pserver_owner_find(&owner, root, chain_id, address, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_ROTATE_CURRENT;

    } else if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        rc = NGX_HTTP_PSERVER_ROTATE_LEFT;

    } else if (ngx_http_pserver_rotate_is_current(&owner)) {
        rc = NGX_HTTP_PSERVER_ROTATE_CURRENT;

    } else if (flock(owner.fd, LOCK_EX) == -1) {

        /* the owner may be about to set a key of its own */

        rc = NGX_HTTP_PSERVER_ROTATE_LEFT;

    } else {
        rc = ngx_http_pserver_rotate_file(&owner, chain_id);
    }

    ngx_http_pserver_owner_close(&owner);

    return rc;
}


/* by what it says of itself; a folder without keys has none to rotate */

static ngx_uint_t
ngx_http_pserver_rotate_is_current(ngx_http_pserver_owner_t *owner)
{
    u_char         buf[NGX_HTTP_PSERVER_OWNER_FILE];
    uint32_t       id;
    ngx_uint_t     rc;
    pserver_str_t  file;

    rc = ngx_http_pserver_owner_file(owner, buf, &file);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    return pserver_keys_root(file, &id) == PSERVER_OK
           && id == ngx_http_pserver_keys()->roots[0].id;
}


static ngx_uint_t
ngx_http_pserver_rotate_file(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id)
{
    u_char                          buf[NGX_HTTP_PSERVER_OWNER_FILE];
    u_char                          new[PSERVER_KEYS_FILE_MAX];
    size_t                          used, len;
    pserver_str_t                   file;
    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    if (ngx_http_pserver_owner_file(owner, buf, &file)
        != NGX_HTTP_PSERVER_STORE_OK
        || pserver_keys_unwrap(&owner->keys, &used, file, keys->roots,
                               keys->nroots, chain_id, &owner->address)
           != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_ROTATE_LEFT;
    }

    if (used == 0) {
        return NGX_HTTP_PSERVER_ROTATE_CURRENT;
    }

    len = pserver_keys_wrap(new, &owner->keys, &keys->roots[0], chain_id,
                            &owner->address);

    return (ngx_http_pserver_owner_write(owner, new, len, 1)
            == NGX_HTTP_PSERVER_STORE_OK)
           ? NGX_HTTP_PSERVER_ROTATE_DONE : NGX_HTTP_PSERVER_ROTATE_LEFT;
}
