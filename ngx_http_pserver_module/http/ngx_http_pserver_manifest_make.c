/*
 * The manifest of an owner who has none yet.
 */


#include "ngx_http_pserver_manifest_file.h"
#include "../core/encode.h"


typedef struct {
    ngx_http_pserver_owner_t        *owner;
    pserver_manifest_t               manifest;
    uint64_t                         bad;        /* files that do not open */
} ngx_http_pserver_manifest_make_t;


static ngx_uint_t ngx_http_pserver_manifest_make_objects(
    ngx_http_pserver_manifest_make_t *make);
static ngx_uint_t ngx_http_pserver_manifest_make_object(
    ngx_http_pserver_manifest_make_t *make,
    const u_char name[PSERVER_NAME_LEN]);
static ngx_uint_t ngx_http_pserver_manifest_make_version(
    ngx_http_pserver_manifest_make_t *make,
    const u_char name[PSERVER_NAME_LEN], uint64_t number);


ngx_uint_t
ngx_http_pserver_manifest_file_make(ngx_http_pserver_owner_t *owner)
{
    u_char                            hex[41];
    ngx_uint_t                        rc;
    pserver_manifest_head_t           head;
    ngx_http_pserver_manifest_make_t  make;

    ngx_memzero(&make, sizeof(ngx_http_pserver_manifest_make_t));
    ngx_memzero(&head, sizeof(pserver_manifest_head_t));

    make.owner = owner;

    rc = ngx_http_pserver_manifest_make_objects(&make);

    if (rc == NGX_HTTP_PSERVER_STORE_OK && owner->keys.generation > 1) {
        make.manifest.generation = owner->keys.generation;
        pserver_keys_data_id(make.manifest.key, owner->keys.data);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_manifest_file_replace(owner, &make.manifest,
                                                    &head);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK && make.manifest.inventory.versions) {
        *pserver_hex_encode(hex, owner->address.bytes, 20) = '\0';

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "owner %s had no manifest: made from %uL objects, "
                      "%uL versions, of which %uL do not open",
                      hex, make.manifest.inventory.objects,
                      make.manifest.inventory.versions, make.bad);
    }

    pserver_manifest_free(&make.manifest);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_manifest_make_objects(ngx_http_pserver_manifest_make_t *make)
{
    DIR            *dir;
    u_char          name[PSERVER_NAME_LEN];
    ngx_uint_t      rc;
    pserver_str_t   hex;
    struct dirent  *de;

    dir = ngx_http_pserver_store_dir(make->owner->fd, "objects");

    if (dir == NULL) {
        make->owner->err = ngx_errno;

        return (make->owner->err == NGX_ENOENT)
               ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_ERROR;
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;

    while (rc == NGX_HTTP_PSERVER_STORE_OK && (de = readdir(dir)) != NULL) {

        hex.data = (u_char *) de->d_name;
        hex.len = ngx_strlen(de->d_name);

        if (pserver_hex_decode(name, sizeof(name), hex) == PSERVER_OK) {
            rc = ngx_http_pserver_manifest_make_object(make, name);
        }
    }

    (void) closedir(dir);

    return rc;
}


/* numbers go up: a version that there is not is one that was taken away */

static ngx_uint_t
ngx_http_pserver_manifest_make_object(ngx_http_pserver_manifest_make_t *make,
    const u_char name[PSERVER_NAME_LEN])
{
    size_t      n;
    uint64_t    number, *list;
    ngx_uint_t  rc;

    rc = ngx_http_pserver_object_numbers(make->owner, name, &list, &n);

    while (rc == NGX_HTTP_PSERVER_STORE_OK && n) {
        number = list[--n];
        rc = ngx_http_pserver_manifest_make_version(make, name, number);
    }

    free(list);

    /* BAD: a link, or no folder */

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND
            || rc == NGX_HTTP_PSERVER_STORE_BAD)
           ? NGX_HTTP_PSERVER_STORE_OK : rc;
}


static ngx_uint_t
ngx_http_pserver_manifest_make_version(ngx_http_pserver_manifest_make_t *make,
    const u_char name[PSERVER_NAME_LEN], uint64_t number)
{
    ngx_uint_t                 rc;
    struct stat                st;
    pserver_version_t          version;
    ngx_http_pserver_object_t  object;

    ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));
    ngx_memzero(&version, sizeof(pserver_version_t));

    version.number = (uint32_t) number;

    rc = ngx_http_pserver_object_open_file(make->owner, &object, name,
                                           number);

    if (object.fd != -1 && fstat(object.fd, &st) == 0) {
        version.size = st.st_size;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_memcpy(version.id, object.open.id, PSERVER_SEAL_ID_LEN);

        if (object.open.meta.recorded) {
            rc = NGX_HTTP_PSERVER_STORE_OLDER;
        }

    } else if (rc == NGX_HTTP_PSERVER_STORE_BAD) {

        /* it is there, and to ask for it is an error */

        make->bad++;
        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_http_pserver_object_close(&object);

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && pserver_inventory_add(&make->manifest.inventory, name, &version)
           != PSERVER_OK)
    {
        make->owner->err = ENOMEM;
        rc = NGX_HTTP_PSERVER_STORE_ERROR;
    }

    return rc;
}
