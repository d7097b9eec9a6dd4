/*
 * An operation that a client asks for by its id.
 */


#include "ngx_http_pserver_lookup.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"


static ngx_int_t ngx_http_pserver_lookup_start(
    ngx_http_pserver_lookup_t *lookup);
static ngx_int_t ngx_http_pserver_lookup_none(ngx_http_request_t *r);
static void ngx_http_pserver_lookup_cleanup(void *data);
static void ngx_http_pserver_lookup_pool_cleanup(void *data);
static void ngx_http_pserver_lookup_run(void *data);
static ngx_uint_t ngx_http_pserver_lookup_allowed(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_lookup_done(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_lookup_again(ngx_http_pserver_wait_t *wait,
    ngx_uint_t ended);
static void ngx_http_pserver_lookup_checked(
    ngx_http_pserver_permission_t *p);
static void ngx_http_pserver_lookup_log(ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_lookup_logged(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_pserver_lookup_entry(ngx_http_pserver_lookup_t *lookup,
    ngx_http_pserver_audit_entry_t *entry, ngx_str_t *id);


ngx_int_t
ngx_http_pserver_lookup_auth(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    return (plcf->operation_access == NGX_HTTP_PSERVER_ACCESS_CAPABILITY)
           ? NGX_OK : ngx_http_pserver_auth_require(r);
}


ngx_int_t
ngx_http_pserver_lookup(ngx_http_request_t *r,
    ngx_http_pserver_lookup_t *lookup, pserver_str_t id)
{
    ngx_pool_cleanup_t      *pool_cln;
    ngx_http_cleanup_t      *cln;
    ngx_http_pserver_ctx_t  *ctx;

    if (pserver_hex_decode(lookup->id, PSERVER_LEDGER_ID_LEN, id)
        != PSERVER_OK)
    {
        return ngx_http_pserver_lookup_none(r);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    cln = ngx_http_cleanup_add(r, 0);
    pool_cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL || pool_cln == NULL) {
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

    ngx_http_pserver_owner_named(r, &lookup->named);

    return ngx_http_pserver_lookup_start(lookup);
}


static ngx_int_t
ngx_http_pserver_lookup_start(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_request_t  *r;

    r = lookup->request;

    ngx_http_pserver_wait_note(&lookup->wait);

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_lookup_run,
                                            ngx_http_pserver_lookup_done,
                                            lookup)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (lookup->failed) {
        lookup->failed(lookup);
        return NGX_OK;
    }

    return ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                          "INTERNAL_SERVER_ERROR",
                                          "The server is overloaded", NULL);
}


static ngx_int_t
ngx_http_pserver_lookup_none(ngx_http_request_t *r)
{
    return ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                          "NOT_FOUND_ERROR",
                                          "There is no such operation", NULL);
}


static void
ngx_http_pserver_lookup_cleanup(void *data)
{
    ngx_http_pserver_lookup_t  *lookup = data;

    if (lookup->checking) {
        lookup->checking = 0;
        ngx_http_pserver_permission_cancel(&lookup->check);
    }

    ngx_http_pserver_wait_leave(&lookup->wait);
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

    lookup->rc = ngx_http_pserver_ledger_find(&lookup->at, lookup->id,
                                              &lookup->ledger);

    if (lookup->rc != NGX_HTTP_PSERVER_STORE_OK) {
        return;
    }

    /* others learn nothing, not even that there is one */

    if (!ngx_http_pserver_lookup_allowed(lookup)
        || ngx_http_pserver_ledger_over(&lookup->ledger.row,
                                        lookup->plcf->result_valid))
    {
        lookup->rc = NGX_HTTP_PSERVER_STORE_NOT_FOUND;
        return;
    }

    if (lookup->run) {
        lookup->run(lookup);
    }
}


static ngx_uint_t
ngx_http_pserver_lookup_allowed(ngx_http_pserver_lookup_t *lookup)
{
    pserver_ledger_row_t  *row;

    row = &lookup->ledger.row;

    /* whether the owner still trusts this server is asked at a release */

    if (!ngx_http_pserver_owner_served(lookup->plcf, &lookup->named,
                                       &row->owner)
        && !ngx_http_pserver_owner_asked(lookup->plcf, &row->owner))
    {
        return 0;
    }

    return lookup->signer == NULL
           || ngx_memcmp(lookup->signer, &row->app, 20) == 0
           || ngx_memcmp(lookup->signer, &row->owner, 20) == 0;
}


static void
ngx_http_pserver_lookup_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_lookup_t  *lookup = data;

    if (lookup->rc == NGX_HTTP_PSERVER_STORE_OK) {
        lookup->found(lookup);
        return;
    }

    if (lookup->rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND
        && lookup->rc != NGX_HTTP_PSERVER_STORE_LOCKED)
    {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log,
                      lookup->rc == NGX_HTTP_PSERVER_STORE_BAD
                      ? 0 : lookup->at.err,
                      "pserver: the ledger failed: %ui", lookup->rc);
    }

    if (lookup->failed) {
        lookup->failed(lookup);

    } else if (lookup->rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        ngx_http_finalize_request(r, ngx_http_pserver_lookup_none(r));

    } else if (lookup->rc == NGX_HTTP_PSERVER_STORE_LOCKED) {
        ngx_http_finalize_request(r, ngx_http_pserver_error_locked(r));

    } else {
        ngx_http_finalize_request(r, ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "INTERNAL_SERVER_ERROR",
                                       "The operation can't be read", NULL));
    }
}


ngx_uint_t
ngx_http_pserver_lookup_wait(ngx_http_pserver_lookup_t *lookup,
    ngx_msec_t deadline)
{
    ngx_http_request_t       *r;
    ngx_http_pserver_wait_t  *wait;

    if (ngx_exiting || (ngx_msec_int_t) (deadline - ngx_current_msec) <= 0) {
        return 0;
    }

    r = lookup->request;
    wait = &lookup->wait;

    pserver_ledger_name(wait->name, lookup->ledger.row.id);

    wait->handler = ngx_http_pserver_lookup_again;
    wait->data = lookup;
    wait->deadline = deadline;

    /* many may wait, each with little */

    ngx_http_pserver_ledger_free(&lookup->ledger);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_pserver_wait_start(wait);

    return 1;
}


/* ended or not, the row says how it is now */

static void
ngx_http_pserver_lookup_again(ngx_http_pserver_wait_t *wait,
    ngx_uint_t ended)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_pserver_lookup_t  *lookup = wait->data;

    c = lookup->request->connection;

    ngx_http_set_log_request(c->log, lookup->request);

    rc = ngx_http_pserver_lookup_start(lookup);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(lookup->request, rc);
    }

    ngx_http_run_posted_requests(c);
}


/* rules 3 to 8 hold again, at a head that was seen after this moment, whoever
   of the two asks: what a revocation has closed stays closed */

void
ngx_http_pserver_lookup_release(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_permission_t  *p;

    p = &lookup->check;

    ngx_memzero(p, sizeof(ngx_http_pserver_permission_t));

    p->kind = PSERVER_DECIDE_AGAIN;
    p->plcf = lookup->plcf;
    p->id = lookup->ledger.row.permission;
    p->app = lookup->ledger.row.app;
    p->named = lookup->named;
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

    if (reason == PSERVER_ALLOWED && lookup->logged) {
        lookup->released(lookup);

    } else if (reason == PSERVER_ALLOWED) {
        lookup->block = p->facts->block;
        lookup->block_hash = p->facts->block_hash;

        ngx_http_pserver_lookup_log(lookup);

    } else if (lookup->failed) {
        lookup->failed(lookup);

    } else {
        rc = ngx_http_pserver_permission_refuse(r, p->kind, reason);

        if (reason != PSERVER_UNAVAILABLE) {
            ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

            id.data = buf;
            ngx_http_pserver_lookup_entry(lookup, &entry, &id);

            entry.type = PSERVER_ENTRY_REQUEST_REFUSED;
            entry.reason = ctx->error.code;

            (void) ngx_http_pserver_audit_append(lookup->plcf, &entry, NULL);
        }

        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_pserver_lookup_log(ngx_http_pserver_lookup_t *lookup)
{
    u_char                          buf[2 * PSERVER_LEDGER_ID_LEN];
    ngx_str_t                       id;
    ngx_http_pserver_audit_entry_t  entry;

    id.data = buf;
    ngx_http_pserver_lookup_entry(lookup, &entry, &id);

    entry.type = PSERVER_ENTRY_OPERATION_RELEASED;
    entry.block = lookup->block;
    entry.object = lookup->object;
    entry.input = lookup->input;
    entry.output = lookup->output;
    entry.place = &lookup->place;

    if (ngx_http_pserver_audit_request(lookup->request, &entry,
                                       ngx_http_pserver_lookup_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_lookup_logged(lookup->request, NGX_ERROR);
    }
}


static void
ngx_http_pserver_lookup_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t     *ctx;
    ngx_http_pserver_lookup_t  *lookup;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    lookup = ctx->state;

    if (rc != NGX_OK && lookup->failed) {
        lookup->failed(lookup);
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "INTERNAL_SERVER_ERROR",
                                       "The log can't be written", NULL));
        return;
    }

    lookup->logged = 1;

    /*
     * The commit may have taken its time: the last question before the first
     * byte is whether the permission still stands.
     */

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
