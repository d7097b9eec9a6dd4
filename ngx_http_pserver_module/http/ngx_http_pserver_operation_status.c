/*
 * GET /api/v1/operations/{id} and POST /api/v1/operations/{id}/cancel.
 */


#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_CANCEL_BODY  4096

#define NGX_HTTP_PSERVER_STATUS_HEAD                                          \
    "{\"kind\":\"OperationStatus\",\"id\":\""


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_pserver_loc_conf_t     *plcf;

    u_char                           id[PSERVER_LEDGER_ID_LEN];
    pserver_address_t               *signer;     /* NULL: the id is enough */
    ngx_uint_t                       cancel;

    ngx_http_pserver_ledger_at_t     at;
    ngx_http_pserver_ledger_t        ledger;
    ngx_uint_t                       rc;

    ngx_http_pserver_permission_t    check;
    unsigned                         checking:1;
    unsigned                         logged:1;   /* as released */
} ngx_http_pserver_lookup_t;


static ngx_int_t ngx_http_pserver_lookup_auth(ngx_http_request_t *r);
static void ngx_http_pserver_lookup_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_pserver_lookup_start(ngx_http_request_t *r,
    ngx_uint_t cancel);
static void ngx_http_pserver_lookup_cleanup(void *data);
static void ngx_http_pserver_lookup_pool_cleanup(void *data);
static void ngx_http_pserver_lookup_run(void *data);
static ngx_uint_t ngx_http_pserver_lookup_allowed(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_lookup_done(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_lookup_canceled(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_lookup_release(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_lookup_checked(
    ngx_http_pserver_permission_t *p);
static void ngx_http_pserver_lookup_audited(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_pserver_lookup_entry(ngx_http_pserver_lookup_t *lookup,
    ngx_http_pserver_audit_entry_t *entry, ngx_str_t *id);
static ngx_int_t ngx_http_pserver_lookup_answer(
    ngx_http_pserver_lookup_t *lookup);
static u_char *ngx_http_pserver_lookup_time(u_char *p, const char *name,
    uint64_t msec);
static u_char *ngx_http_pserver_lookup_result(u_char *p,
    const pserver_ledger_row_t *row);


ngx_int_t
ngx_http_pserver_operation_status(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_lookup_auth(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_lookup_start(r, 0);

    if (rc == NGX_OK) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


ngx_int_t
ngx_http_pserver_operation_cancel(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_pserver_lookup_auth(r);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pserver_body_read(r, NGX_HTTP_PSERVER_CANCEL_BODY,
                                      ngx_http_pserver_lookup_body);
}


static ngx_int_t
ngx_http_pserver_lookup_auth(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    return (plcf->operation_access == NGX_HTTP_PSERVER_ACCESS_CAPABILITY)
           ? NGX_OK : ngx_http_pserver_auth_require(r);
}


/* of a cancel: what was signed has to be what came, mostly nothing */

static void
ngx_http_pserver_lookup_body(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char                   sha256[32];
    ngx_int_t                rc;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    rc = NGX_OK;

    if (ctx->claims) {
        crypto_hash_sha256(sha256, body->data, body->len);

        rc = ngx_http_pserver_auth_body(r, sha256);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_lookup_start(r, 1);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_pserver_lookup_start(ngx_http_request_t *r, ngx_uint_t cancel)
{
    pserver_str_t               id;
    ngx_pool_cleanup_t         *pool_cln;
    ngx_http_cleanup_t         *cln;
    ngx_http_pserver_ctx_t     *ctx;
    ngx_http_pserver_lookup_t  *lookup;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    lookup = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_lookup_t));
    cln = ngx_http_cleanup_add(r, 0);
    pool_cln = ngx_pool_cleanup_add(r->pool, 0);

    if (lookup == NULL || cln == NULL || pool_cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_pserver_lookup_cleanup;
    cln->data = lookup;

    pool_cln->handler = ngx_http_pserver_lookup_pool_cleanup;
    pool_cln->data = lookup;

    ctx->state = lookup;

    lookup->request = r;
    lookup->plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    lookup->at.root = lookup->plcf->store.data;
    lookup->at.chain_id = lookup->plcf->chain_id;
    lookup->cancel = cancel;

    if (lookup->plcf->operation_access == NGX_HTTP_PSERVER_ACCESS_SIGNED) {
        lookup->signer = &ctx->claims->address;
    }

    id.len = ctx->id.len;
    id.data = ctx->id.data;

    if (pserver_hex_decode(lookup->id, PSERVER_LEDGER_ID_LEN, id)
        != PSERVER_OK)
    {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                       "NOT_FOUND_ERROR",
                                       "There is no such operation", NULL);
    }

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_lookup_run,
                                            ngx_http_pserver_lookup_done,
                                            lookup)
        != NGX_OK)
    {
        return ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "INTERNAL_SERVER_ERROR",
                                       "The server is overloaded", NULL);
    }

    return NGX_OK;
}


static void
ngx_http_pserver_lookup_cleanup(void *data)
{
    ngx_http_pserver_lookup_t  *lookup = data;

    if (lookup->checking) {
        lookup->checking = 0;
        ngx_http_pserver_permission_cancel(&lookup->check);
    }
}


static void
ngx_http_pserver_lookup_pool_cleanup(void *data)
{
    ngx_http_pserver_lookup_t  *lookup = data;

    ngx_http_pserver_ledger_free(&lookup->ledger);
}


/* in a thread */

static void
ngx_http_pserver_lookup_run(void *data)
{
    ngx_http_pserver_lookup_t  *lookup = data;

    ngx_http_pserver_row_place_t  place;

    lookup->rc = ngx_http_pserver_ledger_find(&lookup->at, lookup->id,
                                              &lookup->ledger);

    if (lookup->rc != NGX_HTTP_PSERVER_STORE_OK) {
        return;
    }

    /* others learn nothing, not even that there is one */

    if (!ngx_http_pserver_lookup_allowed(lookup)) {
        lookup->rc = NGX_HTTP_PSERVER_STORE_NOT_FOUND;
        return;
    }

    if (lookup->cancel && !pserver_job_terminal(lookup->ledger.row.state)) {
        ngx_http_pserver_ledger_place(&place, &lookup->ledger.row);
        lookup->rc = ngx_http_pserver_ledger_cancel(&lookup->at, &place);
    }
}


static ngx_uint_t
ngx_http_pserver_lookup_allowed(ngx_http_pserver_lookup_t *lookup)
{
    pserver_ledger_row_t  *row;

    row = &lookup->ledger.row;

    if (!ngx_http_pserver_owner_served(lookup->plcf, &row->owner)) {
        return 0;
    }

    return lookup->signer == NULL
           || ngx_memcmp(lookup->signer, &row->app, 20) == 0
           || ngx_memcmp(lookup->signer, &row->owner, 20) == 0;
}


static void
ngx_http_pserver_lookup_done(ngx_http_request_t *r, void *data)
{
    ngx_int_t                   rc;
    ngx_http_pserver_lookup_t  *lookup = data;

    if (lookup->rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                       "NOT_FOUND_ERROR",
                                       "There is no such operation", NULL);

    } else if (lookup->rc != NGX_HTTP_PSERVER_STORE_OK) {

        ngx_log_error(NGX_LOG_CRIT, r->connection->log, lookup->at.err,
                      "pserver: the ledger failed: %ui", lookup->rc);

        rc = ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "INTERNAL_SERVER_ERROR",
                                       "The operation can't be read", NULL);

    } else if (lookup->cancel) {
        rc = ngx_http_pserver_lookup_canceled(lookup);

    } else if (lookup->ledger.row.state == PSERVER_JOB_SUCCEEDED) {
        ngx_http_pserver_lookup_release(lookup);
        return;

    } else {
        rc = ngx_http_pserver_lookup_answer(lookup);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_pserver_lookup_canceled(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_request_t            *r;
    ngx_http_pserver_row_place_t   place;

    r = lookup->request;

    /* another worker's job finds it out for itself */

    ngx_http_pserver_ledger_place(&place, &lookup->ledger.row);
    ngx_http_pserver_job_cancel(&place);

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


/* rules 3 to 8 hold again, at a head that was seen after this moment */

static void
ngx_http_pserver_lookup_release(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_permission_t  *p;

    p = &lookup->check;

    ngx_memzero(p, sizeof(ngx_http_pserver_permission_t));

    p->kind = PSERVER_DECIDE_AGAIN;
    p->plcf = lookup->plcf;
    p->id = lookup->ledger.row.permission;
    p->app = lookup->ledger.row.app;
    p->not_before = ngx_http_pserver_chain_moment();
    p->handler = ngx_http_pserver_lookup_checked;
    p->data = lookup;

    lookup->checking = 1;

    ngx_http_pserver_permission_check(p);
}


static void
ngx_http_pserver_lookup_checked(ngx_http_pserver_permission_t *p)
{
    u_char                           buf[2 * PSERVER_LEDGER_ID_LEN];
    ngx_str_t                        id;
    ngx_int_t                        rc;
    pserver_reason_e                 reason;
    ngx_connection_t                *c;
    ngx_http_request_t              *r;
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_lookup_t       *lookup = p->data;
    ngx_http_pserver_audit_entry_t   entry;

    r = lookup->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    lookup->checking = 0;

    reason = p->verdict.reason;

    if (reason == PSERVER_ALLOWED
        && ngx_memcmp(&p->facts->grantor, &lookup->ledger.row.owner, 20) != 0)
    {
        reason = PSERVER_NO_PERMISSION;
    }

    id.data = buf;
    ngx_http_pserver_lookup_entry(lookup, &entry, &id);

    if (reason == PSERVER_ALLOWED && lookup->logged) {

        ngx_http_finalize_request(r, ngx_http_pserver_lookup_answer(lookup));

    } else if (reason == PSERVER_ALLOWED) {

        entry.type = PSERVER_ENTRY_OPERATION_RELEASED;
        entry.block = p->facts->block;

        if (ngx_http_pserver_audit_request(r, &entry,
                                           ngx_http_pserver_lookup_audited)
            == NGX_ERROR)
        {
            ngx_http_pserver_lookup_audited(r, NGX_ERROR);
        }

    } else {
        rc = ngx_http_pserver_permission_refuse(r, p->kind, reason);

        if (reason != PSERVER_UNAVAILABLE) {
            ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

            entry.type = PSERVER_ENTRY_REQUEST_REFUSED;
            entry.reason = ctx->error.code;

            (void) ngx_http_pserver_audit_append(lookup->plcf, &entry, NULL);
        }

        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_pserver_lookup_audited(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t     *ctx;
    ngx_http_pserver_lookup_t  *lookup;

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "INTERNAL_SERVER_ERROR",
                                       "The log can't be written", NULL));
        return;
    }

    /*
     * The commit may have taken its time: the last question before the first
     * byte is whether the permission still stands.
     */

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    lookup = ctx->state;

    lookup->logged = 1;

    ngx_http_pserver_lookup_release(lookup);
}


static void
ngx_http_pserver_lookup_entry(ngx_http_pserver_lookup_t *lookup,
    ngx_http_pserver_audit_entry_t *entry, ngx_str_t *id)
{
    pserver_ledger_row_t  *row;

    row = &lookup->ledger.row;

    ngx_memzero(entry, sizeof(ngx_http_pserver_audit_entry_t));

    id->len = pserver_hex_encode(id->data, row->id, PSERVER_LEDGER_ID_LEN)
              - id->data;

    entry->owner = &row->owner;
    entry->app = lookup->signer ? lookup->signer : &row->app;
    entry->permission = &row->permission;
    entry->operation.len = row->operation.len;
    entry->operation.data = row->operation.data;
    entry->operation_id = *id;
    entry->request = row->digest.bytes;
    entry->r = lookup->request;
}


static ngx_int_t
ngx_http_pserver_lookup_answer(ngx_http_pserver_lookup_t *lookup)
{
    u_char                *p;
    ngx_str_t              body;
    ngx_http_request_t    *r;
    pserver_ledger_row_t  *row;

    r = lookup->request;
    row = &lookup->ledger.row;

    body.data = ngx_pnalloc(r->pool, 1024 + row->result.len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(body.data, NGX_HTTP_PSERVER_STATUS_HEAD,
                   sizeof(NGX_HTTP_PSERVER_STATUS_HEAD) - 1);
    p = pserver_hex_encode(p, row->id, PSERVER_LEDGER_ID_LEN);
    p = ngx_sprintf(p, "\",\"status\":\"%s\"",
                    pserver_job_status(row->state));
    p = ngx_http_pserver_lookup_time(p, "started_at", row->started);
    p = ngx_http_pserver_lookup_time(p, "finished_at", row->finished);
    p = ngx_sprintf(p, ",\"result\":");
    p = ngx_http_pserver_lookup_result(p, row);
    *p++ = '}';

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


static u_char *
ngx_http_pserver_lookup_time(u_char *p, const char *name, uint64_t msec)
{
    p = ngx_sprintf(p, ",\"%s\":", name);

    if (msec == 0) {
        return ngx_cpymem(p, "null", 4);
    }

    *p++ = '"';
    p = ngx_http_pserver_store_time(p, msec);
    *p++ = '"';

    return p;
}


static u_char *
ngx_http_pserver_lookup_result(u_char *p, const pserver_ledger_row_t *row)
{
    switch (row->state) {

    case PSERVER_JOB_SUCCEEDED:
        return ngx_cpymem(p, row->result.data, row->result.len);

    case PSERVER_JOB_FAILED:
        p = ngx_sprintf(p, "{\"error\":{\"reason\":\"%s\"",
                        pserver_job_reason(row->reason));

        if (row->reason == PSERVER_JOB_EXIT
            || row->reason == PSERVER_JOB_OOM)
        {
            p = ngx_sprintf(p, ",\"exit_code\":%uD", row->status);
        }

        return ngx_sprintf(p, ",\"message\":\"%s\"}}",
                           pserver_job_message(row->reason));

    default:
        return ngx_cpymem(p, "null", 4);
    }
}
