/*
 * What an owner has.
 */


#include "ngx_http_pserver_store_catalog.h"
#include "ngx_http_pserver_manifest.h"

#include <sodium.h>


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
static void *ngx_http_pserver_catalog_room(void *list, size_t count,
    size_t *allocated, size_t size);
static int ngx_libc_cdecl ngx_http_pserver_catalog_by_scope(const void *one,
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
    size_t                             i, n;
    ngx_uint_t                         rc;
    ngx_http_pserver_manifest_item_t  *objects;

    rc = ngx_http_pserver_manifest_objects(owner, &objects, &n);

    for (i = 0; rc == NGX_HTTP_PSERVER_STORE_OK && i < n; i++) {

        rc = ngx_http_pserver_catalog_add(catalog, owner, objects[i].name,
                                          objects[i].latest,
                                          objects[i].versions);

        if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {

            /* deleted meanwhile */

            rc = NGX_HTTP_PSERVER_STORE_OK;
        }
    }

    free(objects);

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
    size_t       n;
    u_char       name[PSERVER_NAME_LEN];
    uint64_t     i, *numbers;
    ngx_uint_t   rc;

    pserver_keys_name(name, &owner->keys, "scope", catalog->scope);

    rc = ngx_http_pserver_manifest_versions(owner, name, &numbers, &n);

    catalog->total = n;

    for (i = catalog->offset;
         rc == NGX_HTTP_PSERVER_STORE_OK && i < n
         && i - catalog->offset < catalog->limit;
         i++)
    {
        rc = ngx_http_pserver_catalog_add(catalog, owner, name, numbers[i],
                                          1);
    }

    catalog->count = catalog->nitems;

    free(numbers);

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

    if (ngx_http_pserver_store_is_bad(rc)) {
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
