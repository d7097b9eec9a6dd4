/*
 * The ledger: the operations of an account.
 */


#include "ngx_http_pserver_ledger_list.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_ledger_dir.h"
#include "ngx_http_pserver_owner.h"

#include "../core/encode.h"

#include <dirent.h>
#include <sodium.h>


/* the names of links, and from which root's folder each is */

typedef struct {
    char                             name[PSERVER_MARKER_NAME_LEN + 1];
    ngx_uint_t                       root;
} ngx_http_pserver_list_link_t;


typedef struct {
    ngx_http_pserver_list_link_t    *links;
    size_t                           n;
    size_t                           allocated;
    ngx_fd_t                         folders[PSERVER_ROOTS_MAX];
} ngx_http_pserver_list_links_t;


static ngx_uint_t ngx_http_pserver_list_link(ngx_http_pserver_ledger_at_t *at,
    ngx_fd_t lists, const pserver_address_t *account, const char *name,
    const u_char *text);
static ngx_uint_t ngx_http_pserver_list_unlink(
    ngx_http_pserver_ledger_at_t *at, ngx_fd_t lists,
    const pserver_address_t *account, const char *name);
static ngx_fd_t ngx_http_pserver_list_open(ngx_http_pserver_ledger_at_t *at);
static void ngx_http_pserver_list_folder(
    char folder[2 * PSERVER_NAME_LEN + 1], const pserver_root_t *root,
    const pserver_address_t *account);
static void ngx_http_pserver_list_name(
    char name[PSERVER_MARKER_NAME_LEN + 1],
    ngx_http_pserver_row_place_t *place, const pserver_ledger_row_t *row);
static ngx_uint_t ngx_http_pserver_list_links(
    ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links);
static ngx_uint_t ngx_http_pserver_list_scan(
    ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links, ngx_uint_t root);
static int ngx_libc_cdecl ngx_http_pserver_list_newest(const void *one,
    const void *two);
static ngx_uint_t ngx_http_pserver_list_page(
    ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links);
static ngx_uint_t ngx_http_pserver_list_row(
    ngx_http_pserver_ledger_list_t *list,
    const ngx_http_pserver_row_place_t *place);


ngx_uint_t
ngx_http_pserver_ledger_list_add(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row)
{
    char                          name[PSERVER_MARKER_NAME_LEN + 1];
    u_char                        text[NGX_HTTP_PSERVER_LINK_LEN + 1];
    ngx_fd_t                      lists;
    ngx_uint_t                    rc;
    ngx_http_pserver_row_place_t  place;

    ngx_http_pserver_list_name(name, &place, row);
    ngx_http_pserver_link_write(text, &place);

    lists = ngx_http_pserver_list_open(at);

    if (lists == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    rc = ngx_http_pserver_list_link(at, lists, &row->app, name, text);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_list_link(at, lists, &row->owner, name, text);
    }

    (void) close(lists);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) ngx_http_pserver_ledger_list_remove(at, row);
    }

    return rc;
}


/* an owner that is its own app has one list: it is there already */

static ngx_uint_t
ngx_http_pserver_list_link(ngx_http_pserver_ledger_at_t *at, ngx_fd_t lists,
    const pserver_address_t *account, const char *name, const u_char *text)
{
    char        file[2 * PSERVER_NAME_LEN + 1];
    ngx_fd_t    folder;
    ngx_uint_t  rc;

    ngx_http_pserver_list_folder(file, &ngx_http_pserver_keys()->roots[0],
                                 account);

    folder = ngx_http_pserver_folder(lists, file, &at->err);

    if (folder == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if ((symlinkat((char *) text, folder, name) == -1
         && ngx_errno != NGX_EEXIST)
        || fsync(folder) == -1)
    {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    (void) close(folder);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_list_remove(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row)
{
    char                          name[PSERVER_MARKER_NAME_LEN + 1];
    ngx_fd_t                      lists;
    ngx_uint_t                    rc;
    ngx_http_pserver_row_place_t  place;

    ngx_http_pserver_list_name(name, &place, row);

    lists = ngx_http_pserver_list_open(at);

    if (lists == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    rc = ngx_http_pserver_list_unlink(at, lists, &row->app, name);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_list_unlink(at, lists, &row->owner, name);
    }

    (void) close(lists);

    return rc;
}


/* under whatever root it was made */

static ngx_uint_t
ngx_http_pserver_list_unlink(ngx_http_pserver_ledger_at_t *at, ngx_fd_t lists,
    const pserver_address_t *account, const char *name)
{
    char                            path[2 * PSERVER_NAME_LEN + 1
                                         + PSERVER_MARKER_NAME_LEN + 1];
    size_t                          i;
    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    for (i = 0; i < keys->nroots; i++) {

        ngx_http_pserver_list_folder(path, &keys->roots[i], account);

        path[2 * PSERVER_NAME_LEN] = '/';
        ngx_memcpy(path + 2 * PSERVER_NAME_LEN + 1, name,
                   PSERVER_MARKER_NAME_LEN + 1);

        if (unlinkat(lists, path, 0) == -1 && ngx_errno != NGX_ENOENT) {
            return ngx_http_pserver_ledger_failed(at, ngx_errno);
        }
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* an fd, or -1 with at->err */

static ngx_fd_t
ngx_http_pserver_list_open(ngx_http_pserver_ledger_at_t *at)
{
    ngx_fd_t  store, lists;

    store = open((char *) at->root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (store == -1) {
        at->err = ngx_errno;
        return -1;
    }

    lists = ngx_http_pserver_folder(store, "lists", &at->err);

    (void) close(store);

    return lists;
}


static void
ngx_http_pserver_list_folder(char folder[2 * PSERVER_NAME_LEN + 1],
    const pserver_root_t *root, const pserver_address_t *account)
{
    u_char         hash[PSERVER_NAME_LEN];
    pserver_str_t  address;

    address.data = (u_char *) account->bytes;
    address.len = sizeof(account->bytes);

    pserver_keys_node_name(hash, root, "list", address);

    *pserver_hex_encode((u_char *) folder, hash, PSERVER_NAME_LEN) = '\0';
}


/* by name is by time */

static void
ngx_http_pserver_list_name(char name[PSERVER_MARKER_NAME_LEN + 1],
    ngx_http_pserver_row_place_t *place, const pserver_ledger_row_t *row)
{
    ngx_http_pserver_ledger_place(place, row);

    pserver_marker_name(name, row->created, place->name);
}


ngx_uint_t
ngx_http_pserver_ledger_list_read(ngx_http_pserver_ledger_list_t *list)
{
    size_t                          i;
    ngx_uint_t                      rc;
    ngx_http_pserver_list_links_t   links;

    ngx_memzero(&links, sizeof(ngx_http_pserver_list_links_t));

    for (i = 0; i < PSERVER_ROOTS_MAX; i++) {
        links.folders[i] = -1;
    }

    rc = ngx_http_pserver_list_links(list, &links);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_list_page(list, &links);
    }

    for (i = 0; i < PSERVER_ROOTS_MAX; i++) {
        if (links.folders[i] != -1) {
            (void) close(links.folders[i]);
        }
    }

    free(links.links);

    return rc;
}


/* all there are, the newest first; no folder: none */

static ngx_uint_t
ngx_http_pserver_list_links(ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links)
{
    char                            folder[2 * PSERVER_NAME_LEN + 1];
    ngx_fd_t                        lists;
    ngx_uint_t                      i, rc;
    const ngx_http_pserver_keys_t  *keys;

    lists = ngx_http_pserver_list_open(&list->at);

    if (lists == -1) {
        return ngx_http_pserver_ledger_failed(&list->at, list->at.err);
    }

    keys = ngx_http_pserver_keys();
    rc = NGX_HTTP_PSERVER_STORE_OK;

    for (i = 0; i < keys->nroots && rc == NGX_HTTP_PSERVER_STORE_OK; i++) {

        ngx_http_pserver_list_folder(folder, &keys->roots[i], &list->account);

        links->folders[i] = openat(lists, folder,
                                O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

        if (links->folders[i] != -1) {
            rc = ngx_http_pserver_list_scan(list, links, i);

        } else if (ngx_errno != NGX_ENOENT) {
            rc = ngx_http_pserver_ledger_failed(&list->at, ngx_errno);
        }
    }

    (void) close(lists);

    if (links->n) {
        ngx_qsort(links->links, links->n,
                  sizeof(ngx_http_pserver_list_link_t),
                  ngx_http_pserver_list_newest);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_list_scan(ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links, ngx_uint_t root)
{
    DIR                           *dir;
    void                          *more;
    size_t                         n;
    uint64_t                       created;
    ngx_fd_t                       fd;
    ngx_uint_t                     rc;
    struct dirent                 *de;
    ngx_http_pserver_list_link_t  *link;

    fd = dup(links->folders[root]);
    dir = (fd == -1) ? NULL : fdopendir(fd);

    if (dir == NULL) {
        rc = ngx_http_pserver_ledger_failed(&list->at, ngx_errno);

        if (fd != -1) {
            (void) close(fd);
        }

        return rc;
    }

    rc = NGX_HTTP_PSERVER_STORE_OK;

    while ((de = readdir(dir)) != NULL) {

        if (pserver_marker_exp(&created, de->d_name) != PSERVER_OK) {
            continue;
        }

        if (links->n == links->allocated) {
            n = links->allocated ? 2 * links->allocated : 64;

            more = realloc(links->links,
                           n * sizeof(ngx_http_pserver_list_link_t));
            if (more == NULL) {
                rc = ngx_http_pserver_ledger_failed(&list->at, ENOMEM);
                break;
            }

            links->links = more;
            links->allocated = n;
        }

        link = &links->links[links->n++];

        ngx_memcpy(link->name, de->d_name, PSERVER_MARKER_NAME_LEN + 1);
        link->root = root;
    }

    (void) closedir(dir);

    return rc;
}


static int ngx_libc_cdecl
ngx_http_pserver_list_newest(const void *one, const void *two)
{
    const ngx_http_pserver_list_link_t  *first = one, *second = two;

    return ngx_strcmp(second->name, first->name);
}


/* with a status each row has to be opened, else those of the page alone */

static ngx_uint_t
ngx_http_pserver_list_page(ngx_http_pserver_ledger_list_t *list,
    ngx_http_pserver_list_links_t *links)
{
    size_t                         i, looks;
    ngx_uint_t                     rc;
    ngx_http_pserver_row_place_t   place;
    ngx_http_pserver_list_link_t  *link;

    list->rows = malloc(ngx_max(ngx_min(list->limit, links->n), 1)
                        * sizeof(ngx_http_pserver_list_row_t));
    if (list->rows == NULL) {
        return ngx_http_pserver_ledger_failed(&list->at, ENOMEM);
    }

    looks = 0;

    for (i = 0; i < links->n; i++) {
        link = &links->links[i];

        if (ngx_http_pserver_link_read(links->folders[link->root], link->name,
                                       &place, &list->at.err)
            != NGX_OK)
        {
            if (list->at.err != NGX_ENOENT) {
                list->bad++;
            }

            continue;
        }

        /* another location may have the same store */

        if (!ngx_http_pserver_owner_served(list->plcf, &list->named,
                                           &place.owner)
            && !ngx_http_pserver_owner_asked(list->plcf, &place.owner))
        {
            continue;
        }

        if (list->status == NULL
            && (list->total < list->offset
                || list->total >= list->offset + list->limit))
        {
            list->total++;
            continue;
        }

        if (list->status && looks++ == NGX_HTTP_PSERVER_LIST_LOOKS) {
            break;
        }

        rc = ngx_http_pserver_list_row(list, &place);

        if (rc == NGX_HTTP_PSERVER_STORE_BAD) {
            list->bad++;

        } else if (rc == NGX_HTTP_PSERVER_STORE_LOCKED
                   && ngx_memcmp(place.owner.bytes, list->account.bytes, 20)
                      != 0)
        {
            /* one owner's lock is no reason to hide what an app has of
               others */

            continue;

        } else if (rc != NGX_HTTP_PSERVER_STORE_OK
                   && rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND)
        {
            return rc;
        }
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* NOT_FOUND: it has gone meanwhile */

static ngx_uint_t
ngx_http_pserver_list_row(ngx_http_pserver_ledger_list_t *list,
    const ngx_http_pserver_row_place_t *place)
{
    ngx_uint_t                    rc;
    pserver_ledger_row_t         *row;
    ngx_http_pserver_ledger_t     ledger;
    ngx_http_pserver_list_row_t  *item;

    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_load(&list->at, place, &ledger);

    row = &ledger.row;

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && ngx_memcmp(row->app.bytes, list->account.bytes, 20) != 0
        && ngx_memcmp(row->owner.bytes, list->account.bytes, 20) != 0)
    {
        rc = NGX_HTTP_PSERVER_STORE_BAD;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && ngx_http_pserver_ledger_over(row, list->plcf->result_valid))
    {
        rc = NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && (list->status == NULL
            || ngx_strcmp(list->status, pserver_job_status(row->state)) == 0))
    {
        if (list->total >= list->offset && list->count < list->limit) {
            item = &list->rows[list->count++];

            item->row = *row;

            ngx_memcpy(item->name, row->operation.data, row->operation.len);
            item->row.operation.data = item->name;

            ngx_memzero(&item->row.request, sizeof(pserver_str_t));
            ngx_memzero(&item->row.result, sizeof(pserver_str_t));
            ngx_memzero(&item->row.inputs, sizeof(pserver_str_t));
            ngx_memzero(&item->row.outputs, sizeof(pserver_str_t));
        }

        list->total++;
    }

    ngx_http_pserver_ledger_free(&ledger);

    return rc;
}


void
ngx_http_pserver_ledger_list_free(ngx_http_pserver_ledger_list_t *list)
{
    if (list->rows) {
        sodium_memzero(list->rows,
                       list->count * sizeof(ngx_http_pserver_list_row_t));
        free(list->rows);
        list->rows = NULL;
    }
}
