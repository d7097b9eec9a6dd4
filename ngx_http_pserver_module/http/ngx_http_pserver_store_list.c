/*
 * GET /v1/data and GET /v1/data/{scope}/versions: what an owner has.
 *
 * There is no index that could say something else than the files: each
 * answer opens the headers that it shows, in a thread.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_catalog.h"
#include "ngx_http_pserver_store_grant.h"
#include "ngx_http_pserver_thread.h"


#define NGX_HTTP_PSERVER_LIST_LIMIT      20
#define NGX_HTTP_PSERVER_LIST_LIMIT_MAX  1000


typedef struct {
    ngx_http_pserver_catalog_t       catalog;
    ngx_http_pserver_grant_t        *grant;      /* NULL: it is the owner */
} ngx_http_pserver_list_t;


static ngx_int_t ngx_http_pserver_list_create(ngx_http_request_t *r,
    ngx_http_pserver_list_t **out);
static void ngx_http_pserver_list_cleanup(void *data);
static ngx_int_t ngx_http_pserver_list_begin(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list);
static void ngx_http_pserver_list_permitted(ngx_http_request_t *r,
    ngx_int_t status);
static ngx_int_t ngx_http_pserver_list_patterns(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list);
static void ngx_http_pserver_list_start(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list);
static void ngx_http_pserver_list_done(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_list_logged(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_pserver_list_answer(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list);
static u_char *ngx_http_pserver_list_item(u_char *p,
    ngx_http_pserver_list_t *list, ngx_http_pserver_catalog_item_t *item);


ngx_int_t
ngx_http_pserver_store_list(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_str_t                 prefix;
    ngx_http_pserver_list_t  *list;

    rc = ngx_http_pserver_list_create(r, &list);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_arg(r, (u_char *) "scopePrefix", 11, &prefix) == NGX_OK) {
        list->catalog.prefix.len = prefix.len;
        list->catalog.prefix.data = prefix.data;
    }

    return ngx_http_pserver_list_begin(r, list);
}


ngx_int_t
ngx_http_pserver_store_versions(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_list_t  *list;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    rc = ngx_http_pserver_list_create(r, &list);

    if (rc != NGX_OK) {
        return rc;
    }

    list->catalog.scope.len = ctx->scope.len;
    list->catalog.scope.data = ctx->scope.data;

    return ngx_http_pserver_list_begin(r, list);
}


/* the owner's own; else what the grant that is named covers */

static ngx_int_t
ngx_http_pserver_list_begin(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx->is_owner && ctx->claims->grant_id.len == 0) {
        r->main->count++;

        ngx_http_pserver_list_start(r, list);

        return NGX_DONE;
    }

    list->grant = ngx_http_pserver_grant_check(r,
                                             ngx_http_pserver_list_permitted);
    if (list->grant == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pserver_list_create(ngx_http_request_t *r,
    ngx_http_pserver_list_t **out)
{
    ngx_int_t                     rc;
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_list_t      *list;
    ngx_http_pserver_loc_conf_t  *plcf;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    list = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_list_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (list == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_pserver_list_cleanup;
    cln->data = list;

    if (ngx_http_pserver_audit_arg(r, "limit", NGX_HTTP_PSERVER_LIST_LIMIT,
                                   &list->catalog.limit)
        != NGX_OK
        || ngx_http_pserver_audit_arg(r, "offset", 0, &list->catalog.offset)
           != NGX_OK
        || list->catalog.limit == 0)
    {
        return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                              "INVALID_PAGE",
                                              "limit or offset is no number");
    }

    list->catalog.limit = ngx_min(list->catalog.limit,
                                  NGX_HTTP_PSERVER_LIST_LIMIT_MAX);

    list->catalog.root = plcf->store.data;
    list->catalog.chain_id = plcf->chain_id;
    list->catalog.owner = ctx->owner;

    ctx->state = list;
    *out = list;

    return NGX_OK;
}


static void
ngx_http_pserver_list_cleanup(void *data)
{
    ngx_http_pserver_list_t  *list = data;

    ngx_http_pserver_catalog_free(&list->catalog);
}


static void
ngx_http_pserver_list_permitted(ngx_http_request_t *r, ngx_int_t status)
{
    ngx_http_pserver_ctx_t   *ctx;
    ngx_http_pserver_list_t  *list;

    if (status != NGX_OK) {
        ngx_http_finalize_request(r, status);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    list = ctx->state;
    list->catalog.owner = ctx->owner;

    if (ngx_http_pserver_list_patterns(r, list) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_pserver_list_start(r, list);
}


/* the grant file is there only now */

static ngx_int_t
ngx_http_pserver_list_patterns(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list)
{
    pserver_str_t         *pattern;
    const pserver_json_t  *scopes, *scope;

    scopes = list->grant->permission.facts->grant.scopes;

    pattern = ngx_palloc(r->pool, scopes->count * sizeof(pserver_str_t));
    if (pattern == NULL) {
        return NGX_ERROR;
    }

    list->catalog.patterns = pattern;

    for (scope = scopes->child; scope; scope = scope->next) {

        pattern->len = scope->value.len;
        pattern->data = ngx_pnalloc(r->pool, scope->value.len);

        if (pattern->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(pattern->data, scope->value.data, scope->value.len);

        list->catalog.npatterns++;
        pattern++;
    }

    return NGX_OK;
}


/* the request is held until it is finalized */

static void
ngx_http_pserver_list_start(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list)
{
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_catalog_read,
                                            ngx_http_pserver_list_done, list)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_list_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_list_t  *list = data;

    char                             path[NGX_HTTP_PSERVER_STORE_PATH];
    ngx_int_t                        rc;
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_audit_entry_t   entry;

    /* an owner who has stored nothing yet has an empty list */

    if (list->catalog.rc != NGX_HTTP_PSERVER_STORE_OK
        && list->catalog.rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND)
    {
        ngx_http_finalize_request(r,
                ngx_http_pserver_store_file_error(r, list->catalog.rc,
                                                  list->catalog.err,
                                                  &list->catalog.owner,
                                                  list->catalog.file));
        return;
    }

    if (list->catalog.bad) {
        ngx_http_pserver_store_path(path, &list->catalog.owner,
                                    list->catalog.file);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "%uL sealed files of the store do not open, "
                      "one is \"%s\"",
                      list->catalog.bad, path);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_DATA_LISTED;
    entry.owner = &ctx->owner;
    entry.scope = ctx->scope;
    entry.r = r;

    if (list->grant == NULL) {
        rc = ngx_http_pserver_audit_append(plcf, &entry, NULL);

        ngx_http_pserver_list_logged(r, rc == NGX_AGAIN ? NGX_OK : rc);
        return;
    }

    entry.app = &ctx->claims->address;
    entry.permission = &list->grant->permission.id;

    if (ngx_http_pserver_audit_request(r, &entry,
                                       ngx_http_pserver_list_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_list_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_list_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t  *ctx;

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ngx_http_finalize_request(r, ngx_http_pserver_list_answer(r, ctx->state));
}


static ngx_int_t
ngx_http_pserver_list_answer(ngx_http_request_t *r,
    ngx_http_pserver_list_t *list)
{
    u_char                      *p;
    size_t                       i;
    ngx_str_t                    body;
    ngx_http_pserver_catalog_t  *catalog;

    static ngx_str_t  no_store = ngx_string("private, no-store");

    catalog = &list->catalog;

    /* no text in it needs escapes */

    p = ngx_pnalloc(r->pool, 512 + catalog->count
                                   * NGX_HTTP_PSERVER_CATALOG_ITEM_LEN);

    if (p == NULL
        || ngx_http_pserver_header_add(r, "Cache-Control", &no_store)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;

    if (catalog->scope.len) {
        p = ngx_sprintf(p, "{\"scope\":\"%*s\",\"versions\":[",
                        catalog->scope.len, catalog->scope.data);
    } else {
        p = ngx_sprintf(p, "{\"scopes\":[");
    }

    for (i = 0; i < catalog->count; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_http_pserver_list_item(p, list,
                                       &catalog->items[catalog->first + i]);
    }

    p = ngx_sprintf(p, "],\"total\":%uL,\"limit\":%uL,\"offset\":%uL}",
                    catalog->total, catalog->limit, catalog->offset);

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


static u_char *
ngx_http_pserver_list_item(u_char *p, ngx_http_pserver_list_t *list,
    ngx_http_pserver_catalog_item_t *item)
{
    if (list->catalog.scope.len) {
        p = ngx_sprintf(p, "{\"fileId\":\"%uL\",\"schemaId\":null,"
                           "\"collectedAt\":\"",
                        item->number);
        p = ngx_http_pserver_store_time(p, item->collected_at);

        return ngx_cpymem(p, "\"}", 2);
    }

    p = ngx_sprintf(p, "{\"scope\":\"%s\",\"latestCollectedAt\":\"",
                    item->scope);
    p = ngx_http_pserver_store_time(p, item->collected_at);

    return ngx_sprintf(p, "\",\"versionCount\":%uL,\"dataStatus\":\"ready\","
                          "\"sizeBytes\":%uL}",
                       item->versions, item->length);
}
