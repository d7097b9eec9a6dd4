/*
 * What an owner has.
 */


#include "ngx_http_pserver_store_catalog.h"
#include "../core/encode.h"

#include <dirent.h>
#include <sodium.h>


typedef struct {
    uint64_t                        *list;
    size_t                           count;
    size_t                           allocated;
} ngx_http_pserver_numbers_t;


static ngx_uint_t ngx_http_pserver_catalog_scopes(
    ngx_http_pserver_catalog_t *catalog, ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_catalog_versions(
    ngx_http_pserver_catalog_t *catalog, ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_catalog_wanted(
    ngx_http_pserver_catalog_t *catalog, pserver_str_t scope);
static ngx_uint_t ngx_http_pserver_catalog_add(
    ngx_http_pserver_catalog_t *catalog, ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t number,
    uint64_t versions);
static void ngx_http_pserver_catalog_bad(ngx_http_pserver_catalog_t *catalog,
    ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_catalog_numbers(
    ngx_http_pserver_owner_t *owner, const u_char name[PSERVER_NAME_LEN],
    ngx_http_pserver_numbers_t *numbers);
static ngx_uint_t ngx_http_pserver_catalog_dir(
    ngx_http_pserver_owner_t *owner, const char *path, DIR **dir);
static void *ngx_http_pserver_catalog_room(void *list, size_t count,
    size_t *allocated, size_t size);
static int ngx_libc_cdecl ngx_http_pserver_catalog_by_scope(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_http_pserver_catalog_by_number(const void *one,
    const void *two);


void
ngx_http_pserver_catalog_read(void *data)
{
    ngx_http_pserver_catalog_t  *catalog = data;

    ngx_http_pserver_owner_t  owner;

    catalog->rc = ngx_http_pserver_owner_open(&owner, catalog->root,
                                              catalog->chain_id,
                                              &catalog->owner, 0);

    if (catalog->rc == NGX_HTTP_PSERVER_STORE_OK) {
        catalog->rc = catalog->scope.len
                      ? ngx_http_pserver_catalog_versions(catalog, &owner)
                      : ngx_http_pserver_catalog_scopes(catalog, &owner);
    }

    catalog->err = owner.err;

    if (catalog->bad == 0) {
        ngx_memcpy(catalog->file, owner.file, NGX_HTTP_PSERVER_OBJECT_FILE);
    }

    ngx_http_pserver_owner_close(&owner);
}


static ngx_uint_t
ngx_http_pserver_catalog_scopes(ngx_http_pserver_catalog_t *catalog,
    ngx_http_pserver_owner_t *owner)
{
    DIR                         *dir;
    u_char                       name[PSERVER_NAME_LEN];
    ngx_uint_t                   rc;
    pserver_str_t                hex;
    struct dirent               *entry;
    ngx_http_pserver_numbers_t   numbers;

    rc = ngx_http_pserver_catalog_dir(owner, "objects", &dir);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ngx_memzero(&numbers, sizeof(ngx_http_pserver_numbers_t));

    while ((entry = readdir(dir)) != NULL) {

        hex.data = (u_char *) entry->d_name;
        hex.len = ngx_strlen(entry->d_name);

        if (pserver_hex_decode(name, sizeof(name), hex) != PSERVER_OK) {
            continue;
        }

        rc = ngx_http_pserver_catalog_numbers(owner, name, &numbers);

        if (rc == NGX_HTTP_PSERVER_STORE_OK && numbers.count) {
            rc = ngx_http_pserver_catalog_add(catalog, owner, name,
                                              numbers.list[0],
                                              numbers.count);

        } else if (rc == NGX_HTTP_PSERVER_STORE_BAD) {
            ngx_http_pserver_catalog_bad(catalog, owner);
            rc = NGX_HTTP_PSERVER_STORE_OK;
        }

        /* NOT_FOUND: deleted meanwhile */

        if (rc != NGX_HTTP_PSERVER_STORE_OK
            && rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND)
        {
            break;
        }

        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    (void) closedir(dir);
    free(numbers.list);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (catalog->nitems) {
        ngx_qsort(catalog->items, catalog->nitems,
                  sizeof(ngx_http_pserver_catalog_item_t),
                  ngx_http_pserver_catalog_by_scope);
    }

    catalog->total = catalog->nitems;

    if (catalog->offset < catalog->total) {
        catalog->first = catalog->offset;
        catalog->count = ngx_min(catalog->limit,
                                 catalog->total - catalog->offset);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* only those are opened that are asked for */

static ngx_uint_t
ngx_http_pserver_catalog_versions(ngx_http_pserver_catalog_t *catalog,
    ngx_http_pserver_owner_t *owner)
{
    u_char                       name[PSERVER_NAME_LEN];
    uint64_t                     i;
    ngx_uint_t                   rc;
    ngx_http_pserver_numbers_t   numbers;

    pserver_keys_name(name, &owner->keys, "scope", catalog->scope);

    ngx_memzero(&numbers, sizeof(ngx_http_pserver_numbers_t));

    rc = ngx_http_pserver_catalog_numbers(owner, name, &numbers);

    catalog->total = numbers.count;

    for (i = catalog->offset;
         rc == NGX_HTTP_PSERVER_STORE_OK && i < numbers.count
         && i - catalog->offset < catalog->limit;
         i++)
    {
        rc = ngx_http_pserver_catalog_add(catalog, owner, name,
                                          numbers.list[i], 1);
    }

    catalog->count = catalog->nitems;

    free(numbers.list);

    return rc;
}


/* opens a version for its metadata; one that does not open is counted */

static ngx_uint_t
ngx_http_pserver_catalog_add(ngx_http_pserver_catalog_t *catalog,
    ngx_http_pserver_owner_t *owner, const u_char name[PSERVER_NAME_LEN],
    uint64_t number, uint64_t versions)
{
    void                             *room;
    ngx_uint_t                        rc;
    pserver_seal_meta_t              *meta;
    ngx_http_pserver_object_t         object;
    ngx_http_pserver_catalog_item_t  *item;

    ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));

    rc = ngx_http_pserver_object_open_name(owner, &object, name, number);

    if (rc == NGX_HTTP_PSERVER_STORE_BAD) {
        ngx_http_pserver_catalog_bad(catalog, owner);
        rc = NGX_HTTP_PSERVER_STORE_OK;
        goto done;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        goto done;
    }

    meta = &object.open.meta;

    if (!ngx_http_pserver_catalog_wanted(catalog, meta->scope)) {
        goto done;
    }

    room = ngx_http_pserver_catalog_room(catalog->items, catalog->nitems,
                                    &catalog->allocated,
                                    sizeof(ngx_http_pserver_catalog_item_t));
    if (room == NULL) {
        rc = NGX_HTTP_PSERVER_STORE_ERROR;
        goto done;
    }

    catalog->items = room;

    item = &catalog->items[catalog->nitems++];

    ngx_memcpy(item->scope, meta->scope.data, meta->scope.len);
    item->scope[meta->scope.len] = '\0';

    item->number = number;
    item->collected_at = meta->collected_at;
    item->length = meta->length;
    item->versions = versions;

done:

    ngx_http_pserver_object_close(&object);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_catalog_wanted(ngx_http_pserver_catalog_t *catalog,
    pserver_str_t scope)
{
    size_t          i;
    pserver_str_t  *prefix;

    prefix = &catalog->prefix;

    if (scope.len > PSERVER_SCOPE_MAX
        || scope.len < prefix->len
        || (prefix->len
            && ngx_memcmp(scope.data, prefix->data, prefix->len) != 0))
    {
        return 0;
    }

    for (i = 0; i < catalog->npatterns; i++) {
        if (pserver_scope_covers(catalog->patterns[i], scope)) {
            return 1;
        }
    }

    return catalog->patterns == NULL;
}


static void
ngx_http_pserver_catalog_bad(ngx_http_pserver_catalog_t *catalog,
    ngx_http_pserver_owner_t *owner)
{
    if (catalog->bad++ == 0) {
        ngx_memcpy(catalog->file, owner->file, NGX_HTTP_PSERVER_OBJECT_FILE);
    }
}


/* the numbers of an object's versions, the latest first */

static ngx_uint_t
ngx_http_pserver_catalog_numbers(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], ngx_http_pserver_numbers_t *numbers)
{
    DIR            *dir;
    void           *room;
    u_char          path[NGX_HTTP_PSERVER_OBJECT_PATH];
    uint64_t        n;
    ngx_uint_t      rc;
    struct dirent  *entry;

    numbers->count = 0;

    ngx_http_pserver_object_path(path, name);

    rc = ngx_http_pserver_catalog_dir(owner, (char *) path, &dir);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    while ((entry = readdir(dir)) != NULL) {

        n = ngx_http_pserver_object_number(entry->d_name);

        if (n == 0) {
            continue;
        }

        room = ngx_http_pserver_catalog_room(numbers->list, numbers->count,
                                             &numbers->allocated,
                                             sizeof(uint64_t));
        if (room == NULL) {
            rc = NGX_HTTP_PSERVER_STORE_ERROR;
            break;
        }

        numbers->list = room;
        numbers->list[numbers->count++] = n;
    }

    (void) closedir(dir);

    if (numbers->count) {
        ngx_qsort(numbers->list, numbers->count, sizeof(uint64_t),
                  ngx_http_pserver_catalog_by_number);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_catalog_dir(ngx_http_pserver_owner_t *owner,
    const char *path, DIR **dir)
{
    ngx_fd_t  fd;

    fd = ngx_http_pserver_owner_openat(owner, path, O_DIRECTORY);

    if (fd == -1) {
        return ngx_http_pserver_store_rc(owner->err);
    }

    *dir = fdopendir(fd);

    if (*dir == NULL) {
        owner->err = ngx_errno;
        (void) close(fd);
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* the list, with room for one more; NULL: no memory, the list is as it was */

static void *
ngx_http_pserver_catalog_room(void *list, size_t count, size_t *allocated,
    size_t size)
{
    if (count == *allocated) {
        list = realloc(list, (2 * count + 16) * size);

        if (list) {
            *allocated = 2 * count + 16;
        }
    }

    return list;
}


static int ngx_libc_cdecl
ngx_http_pserver_catalog_by_scope(const void *one, const void *two)
{
    const ngx_http_pserver_catalog_item_t  *first = one;
    const ngx_http_pserver_catalog_item_t  *second = two;

    return ngx_strcmp(first->scope, second->scope);
}


static int ngx_libc_cdecl
ngx_http_pserver_catalog_by_number(const void *one, const void *two)
{
    const uint64_t  *first = one;
    const uint64_t  *second = two;

    return (*first < *second) - (*first > *second);
}


void
ngx_http_pserver_catalog_free(ngx_http_pserver_catalog_t *catalog)
{
    if (catalog->items) {
        sodium_memzero(catalog->items, catalog->nitems
                                 * sizeof(ngx_http_pserver_catalog_item_t));
        free(catalog->items);
        catalog->items = NULL;
    }
}
