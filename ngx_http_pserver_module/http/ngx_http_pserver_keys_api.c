/*
 * The owner's data keys over HTTP, for the owner alone.
 *
 *   GET  /v1/keys                which generations of them there are
 *   PUT  /v1/keys/{generation}   the next one
 *
 * A new key is logged before it is made, with the manifest as it was.  To ask
 * again for one that is there changes nothing.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_generation.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_thread.h"


typedef struct {
    u_char                          *root;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    uint64_t                         wanted;     /* 0: to look */

    ngx_uint_t                       rc;         /* of http/generation */
    ngx_uint_t                       store_rc;
    ngx_err_t                        err;
    char                             file[NGX_HTTP_PSERVER_OBJECT_FILE];

    uint32_t                         newest;
    uint32_t                         nolder;
    u_char                           head[PSERVER_MANIFEST_HEAD_LEN];
    unsigned                         make:1;
} ngx_http_pserver_keys_api_t;


static ngx_http_pserver_keys_api_t *ngx_http_pserver_keys_api(
    ngx_http_request_t *r);
static void ngx_http_pserver_keys_api_body(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_keys_api_start(ngx_http_request_t *r,
    ngx_http_pserver_keys_api_t *api,
    ngx_http_pserver_request_done_pt done);
static void ngx_http_pserver_keys_api_run(void *data);
static void ngx_http_pserver_keys_api_looked(ngx_http_request_t *r,
    void *data);
static void ngx_http_pserver_keys_api_logged(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_pserver_keys_api_done(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_keys_api_answer(ngx_http_request_t *r,
    ngx_http_pserver_keys_api_t *api);


ngx_int_t
ngx_http_pserver_keys_state(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_pserver_keys_api_t  *api;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    api = ngx_http_pserver_keys_api(r);

    if (api == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_pserver_keys_api_start(r, api, ngx_http_pserver_keys_api_done);

    return NGX_DONE;
}


/* the body says nothing, but it is signed all the same */

ngx_int_t
ngx_http_pserver_keys_renew(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, 1, ngx_http_pserver_keys_api_body);
}


static ngx_http_pserver_keys_api_t *
ngx_http_pserver_keys_api(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_keys_api_t  *api;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    api = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_keys_api_t));
    if (api == NULL) {
        return NULL;
    }

    ctx->state = api;

    api->root = plcf->store.data;
    api->chain_id = plcf->chain_id;
    api->owner = ctx->owner;

    return api;
}


static void
ngx_http_pserver_keys_api_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t                     rc;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_keys_api_t  *api;

    rc = ngx_http_pserver_auth_text(r, body);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    api = ngx_http_pserver_keys_api(r);

    if (api == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    api->wanted = ctx->generation;

    ngx_http_pserver_keys_api_start(r, api, ngx_http_pserver_keys_api_looked);
}


static void
ngx_http_pserver_keys_api_start(ngx_http_request_t *r,
    ngx_http_pserver_keys_api_t *api, ngx_http_pserver_request_done_pt done)
{
    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_keys_api_run,
                                            done, api)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_keys_api_run(void *data)
{
    ngx_http_pserver_keys_api_t *api = data;

    ngx_uint_t                *rc;
    ngx_http_pserver_owner_t   owner;

    rc = &api->store_rc;

    *rc = ngx_http_pserver_owner_open(&owner, api->root, api->chain_id,
                                      &api->owner, 0);

    if (*rc == NGX_HTTP_PSERVER_STORE_OK) {
        *rc = ngx_http_pserver_manifest_head(&owner, api->head);
    }

    if (*rc == NGX_HTTP_PSERVER_STORE_OK) {
        api->rc = api->make
                  ? ngx_http_pserver_generation_make(&owner, api->wanted, rc)
                  : ngx_http_pserver_generation_look(&owner, api->wanted, rc);

        api->newest = owner.keys.generation;
        api->nolder = owner.keys.nolder;
    }

    api->err = owner.err;
    ngx_memcpy(api->file, owner.file, sizeof(api->file));

    ngx_http_pserver_owner_close(&owner);
}


static void
ngx_http_pserver_keys_api_looked(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_keys_api_t *api = data;

    u_char                          count[NGX_INT64_LEN];
    ngx_http_pserver_audit_entry_t  entry;

    if (api->store_rc != NGX_HTTP_PSERVER_STORE_OK
        || api->rc != NGX_HTTP_PSERVER_GENERATION_MADE)
    {
        ngx_http_pserver_keys_api_done(r, api);
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = PSERVER_ENTRY_KEY_ROTATED;
    entry.owner = &api->owner;
    entry.manifest = api->head;
    entry.r = r;
    entry.count.data = count;
    entry.count.len = ngx_sprintf(count, "%uL", api->wanted) - count;

    if (ngx_http_pserver_audit_request(r, &entry,
                                       ngx_http_pserver_keys_api_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_keys_api_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_keys_api_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_keys_api_t  *api;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    api = ctx->state;

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
        return;
    }

    api->make = 1;

    ngx_http_pserver_keys_api_start(r, api, ngx_http_pserver_keys_api_done);
}


static void
ngx_http_pserver_keys_api_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_keys_api_t *api = data;

    ngx_http_finalize_request(r, ngx_http_pserver_keys_api_answer(r, api));
}


static ngx_int_t
ngx_http_pserver_keys_api_answer(ngx_http_request_t *r,
    ngx_http_pserver_keys_api_t *api)
{
    ngx_str_t   body;
    ngx_uint_t  status;

    if (api->store_rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        return ngx_http_pserver_error_data(r, NGX_HTTP_NOT_FOUND, "NO_KEYS",
                                  "the owner has stored nothing yet", NULL);
    }

    if (api->store_rc != NGX_HTTP_PSERVER_STORE_OK) {
        return ngx_http_pserver_store_file_error(r, api->store_rc, api->err,
                                                 &api->owner, api->file);
    }

    if (api->rc == NGX_HTTP_PSERVER_GENERATION_NOT_NEXT) {
        return ngx_http_pserver_error_data(r, NGX_HTTP_CONFLICT,
                                           "NOT_NEXT_GENERATION",
                                           "a generation of keys follows the "
                                           "one before: GET /v1/keys", NULL);
    }

    if (api->rc == NGX_HTTP_PSERVER_GENERATION_FULL) {

        if (ngx_http_pserver_retry_after(r, 60) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_pserver_error_data(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                           "UNAVAILABLE",
                                           "too much is still sealed under "
                                           "older keys", NULL);
    }

    body.data = ngx_pnalloc(r->pool, 128);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.len = ngx_sprintf(body.data, "{\"generation\":%uD,\"oldest\":%uD}",
                           api->newest, api->newest - api->nolder)
               - body.data;

    status = api->make && api->rc == NGX_HTTP_PSERVER_GENERATION_MADE
             ? NGX_HTTP_CREATED : NGX_HTTP_OK;

    return ngx_http_pserver_send_json(r, status, &body);
}
