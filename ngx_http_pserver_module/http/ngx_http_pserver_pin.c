/*
 * Grant files as they were at first sight.
 */


#include "ngx_http_pserver_pin.h"
#include "ngx_http_pserver_temp.h"
#include "../core/box.h"
#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_PIN_BOX  (PSERVER_GRANT_MAX + PSERVER_BOX_OVERHEAD)


static ngx_uint_t ngx_http_pserver_pin_open(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_pin_read(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner, ngx_fd_t folder, pserver_str_t name);
static ngx_uint_t ngx_http_pserver_pin_write(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner, ngx_fd_t folder, pserver_str_t name);


void
ngx_http_pserver_pin(void *data)
{
    ngx_http_pserver_pin_t *pin = data;

    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    pin->result = NGX_HTTP_PSERVER_PIN_SAME;

    rc = ngx_http_pserver_owner_open(&owner, pin->store, pin->chain_id,
                                     &pin->owner, pin->len != 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_pin_open(pin, &owner);
    }

    switch (rc) {

    case NGX_HTTP_PSERVER_STORE_OK:
        break;

    case NGX_HTTP_PSERVER_STORE_NOT_FOUND:
        pin->result = NGX_HTTP_PSERVER_PIN_NONE;
        break;

    case NGX_HTTP_PSERVER_STORE_LOCKED:
        pin->result = NGX_HTTP_PSERVER_PIN_LOCKED;
        break;

    default:
        pin->result = NGX_HTTP_PSERVER_PIN_ERROR;
        pin->err = owner.err;
    }

    ngx_http_pserver_owner_close(&owner);
}


static ngx_uint_t
ngx_http_pserver_pin_open(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner)
{
    u_char         key[sizeof(pin->contract) + sizeof(pin->id)];
    u_char         hash[PSERVER_NAME_LEN], text[2 * PSERVER_NAME_LEN + 1];
    ngx_fd_t       folder;
    ngx_uint_t     rc;
    pserver_str_t  name;

    ngx_memcpy(ngx_cpymem(key, &pin->contract, sizeof(pin->contract)),
               &pin->id, sizeof(pin->id));

    name.data = key;
    name.len = sizeof(key);

    pserver_keys_name(hash, &owner->keys, "grant", name);
    *pserver_hex_encode(text, hash, sizeof(hash)) = '\0';

    name.data = text;
    name.len = sizeof(text) - 1;

    folder = ngx_http_pserver_owner_folder(owner, "grants");
    if (folder == -1) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    rc = ngx_http_pserver_pin_read(pin, owner, folder, name);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND && pin->len) {

        rc = ngx_http_pserver_pin_write(pin, owner, folder, name);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {

            /* another process may have been first: what it saw counts */

            rc = ngx_http_pserver_pin_read(pin, owner, folder, name);
        }
    }

    (void) close(folder);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_pin_read(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner, ngx_fd_t folder, pserver_str_t name)
{
    size_t      len;
    u_char     *box, *plain;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_uint_t  rc;

    fd = openat(folder, (char *) name.data,
                O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        owner->err = ngx_errno;
        return ngx_http_pserver_store_rc(owner->err);
    }

    box = ngx_alloc(NGX_HTTP_PSERVER_PIN_BOX + PSERVER_GRANT_MAX,
                    ngx_cycle->log);

    if (box == NULL) {
        (void) close(fd);
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    plain = box + NGX_HTTP_PSERVER_PIN_BOX;

    n = read(fd, box, NGX_HTTP_PSERVER_PIN_BOX);

    owner->err = (n == -1) ? ngx_errno : 0;

    (void) close(fd);

    if (n < PSERVER_BOX_OVERHEAD
        || pserver_box_open(plain, box, n, owner->keys.ledger, name)
           != PSERVER_OK)
    {
        rc = NGX_HTTP_PSERVER_STORE_BAD;
        goto done;
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;
    len = n - PSERVER_BOX_OVERHEAD;

    if (pin->len == 0) {
        pin->len = len;
        ngx_memcpy(pin->content, plain, len);

    } else if (pin->len != len || ngx_memcmp(pin->content, plain, len) != 0) {
        pin->result = NGX_HTTP_PSERVER_PIN_OTHER;
    }

done:

    ngx_free(box);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_pin_write(ngx_http_pserver_pin_t *pin,
    ngx_http_pserver_owner_t *owner, ngx_fd_t folder, pserver_str_t name)
{
    u_char                  *box;
    ngx_uint_t               rc;
    ngx_http_pserver_temp_t  temp;

    box = ngx_alloc(NGX_HTTP_PSERVER_PIN_BOX, ngx_cycle->log);
    if (box == NULL) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    pserver_box_seal(box, pin->content, pin->len, owner->keys.ledger, name);

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if (ngx_http_pserver_temp_open(&temp, folder) != NGX_OK
        || ngx_http_pserver_temp_write(&temp, box,
                                       pin->len + PSERVER_BOX_OVERHEAD, 0)
           != NGX_OK
        || fsync(temp.fd) == -1
        || (ngx_http_pserver_temp_link(&temp, folder, (char *) name.data)
            != NGX_OK
            && ngx_errno != NGX_EEXIST)
        || fsync(folder) == -1)
    {
        owner->err = ngx_errno;
        rc = NGX_HTTP_PSERVER_STORE_ERROR;
    }

    ngx_http_pserver_temp_close(&temp);
    ngx_free(box);

    return rc;
}
