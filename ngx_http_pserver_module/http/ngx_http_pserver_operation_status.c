/*
 * GET /api/v1/operations/{id} and POST /api/v1/operations/{id}/cancel.
 */


#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_lookup.h"
#include "ngx_http_pserver_receipt.h"

#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_CANCEL_BODY  4096

#define NGX_HTTP_PSERVER_STATUS_HEAD                                          \
    "{\"kind\":\"OperationStatus\",\"id\":\""


typedef struct {
    ngx_http_pserver_lookup_t        lookup;
    ngx_http_pserver_receipt_t       receipt;
    ngx_uint_t                       wait;       /* seconds */
    ngx_msec_t                       deadline;
    ngx_str_t                        created;    /* of a POST: the answer as
                                                    long as it has not ended */
} ngx_http_pserver_status_t;


static ngx_int_t ngx_http_pserver_status_start(ngx_http_request_t *r,
    ngx_http_pserver_lookup_pt run, ngx_http_pserver_lookup_pt found);
static ngx_http_pserver_status_t *ngx_http_pserver_status_create(
    ngx_http_request_t *r);
static void ngx_http_pserver_status_cleanup(void *data);
static void ngx_http_pserver_status_run(ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_status_found(ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_status_created(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_status_send(ngx_http_pserver_status_t *status,
    ngx_uint_t code, ngx_str_t *body);
static void ngx_http_pserver_status_answer(ngx_http_pserver_lookup_t *lookup);
static u_char *ngx_http_pserver_status_result(u_char *p,
    const pserver_ledger_row_t *row);
static void ngx_http_pserver_cancel_body(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_cancel_run(ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_cancel_found(ngx_http_pserver_lookup_t *lookup);


ngx_int_t
ngx_http_pserver_operation_status(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_lookup_auth(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_status_start(r, ngx_http_pserver_status_run,
                                       ngx_http_pserver_status_found);

    if (rc == NGX_OK) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


static ngx_int_t
ngx_http_pserver_status_start(ngx_http_request_t *r,
    ngx_http_pserver_lookup_pt run, ngx_http_pserver_lookup_pt found)
{
    pserver_str_t                 id;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_lookup_t    *lookup;
    ngx_http_pserver_status_t    *status;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    status = ngx_http_pserver_status_create(r);
    if (status == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    lookup = &status->lookup;

    status->wait = ngx_http_pserver_wait_preferred(r);
    status->deadline = ngx_current_msec + status->wait * 1000;

    if (plcf->operation_access == NGX_HTTP_PSERVER_ACCESS_SIGNED) {
        lookup->signer = &ctx->claims->address;
    }

    lookup->run = run;
    lookup->found = found;
    lookup->released = ngx_http_pserver_status_answer;

    id.len = ctx->id.len;
    id.data = ctx->id.data;

    return ngx_http_pserver_lookup(r, lookup, id);
}


static ngx_http_pserver_status_t *
ngx_http_pserver_status_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_pserver_status_t));
    if (cln == NULL) {
        return NULL;
    }

    ngx_memzero(cln->data, sizeof(ngx_http_pserver_status_t));

    cln->handler = ngx_http_pserver_status_cleanup;

    return cln->data;
}


static void
ngx_http_pserver_status_cleanup(void *data)
{
    ngx_http_pserver_status_t  *status = data;

    sodium_memzero(&status->receipt, sizeof(ngx_http_pserver_receipt_t));
}


void
ngx_http_pserver_status_wait(ngx_http_request_t *r,
    const pserver_address_t *app, const u_char id[PSERVER_LEDGER_ID_LEN],
    ngx_uint_t wait, ngx_str_t *created)
{
    u_char                      hex[2 * PSERVER_LEDGER_ID_LEN];
    ngx_int_t                   rc;
    pserver_str_t               str;
    ngx_http_pserver_status_t  *status;

    status = ngx_http_pserver_status_create(r);
    if (status == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    status->wait = wait;
    status->deadline = ngx_current_msec + wait * 1000;
    status->created = *created;

    status->lookup.signer = app;
    status->lookup.run = ngx_http_pserver_status_run;
    status->lookup.found = ngx_http_pserver_status_found;
    status->lookup.released = ngx_http_pserver_status_answer;
    status->lookup.failed = ngx_http_pserver_status_created;

    (void) pserver_hex_encode(hex, id, PSERVER_LEDGER_ID_LEN);

    str.len = sizeof(hex);
    str.data = hex;

    rc = ngx_http_pserver_lookup(r, &status->lookup, str);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


/* in a thread */

static void
ngx_http_pserver_status_run(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_status_t  *status;

    status = (ngx_http_pserver_status_t *) lookup;

    if (lookup->ledger.row.state == PSERVER_JOB_SUCCEEDED) {

        lookup->rc = ngx_http_pserver_receipt_prepare(&status->receipt,
                                                      &lookup->at,
                                                      &lookup->ledger.row);
        lookup->input = status->receipt.inputs;
        lookup->output = status->receipt.output;
    }
}


static void
ngx_http_pserver_status_found(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_status_t  *status;

    status = (ngx_http_pserver_status_t *) lookup;

    if (status->wait && !pserver_job_terminal(lookup->ledger.row.state)
        && ngx_http_pserver_lookup_wait(lookup, status->deadline))
    {
        return;
    }

    if (lookup->ledger.row.state == PSERVER_JOB_SUCCEEDED) {
        ngx_http_pserver_lookup_release(lookup);

    } else if (status->created.len
               && !pserver_job_terminal(lookup->ledger.row.state))
    {
        ngx_http_pserver_status_created(lookup);

    } else {
        ngx_http_pserver_status_answer(lookup);
    }
}


/* of a POST: it was accepted, whatever else can be said of it or not */

static void
ngx_http_pserver_status_created(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_status_t  *status;

    status = (ngx_http_pserver_status_t *) lookup;

    ngx_http_pserver_status_send(status, NGX_HTTP_ACCEPTED,
                                 &status->created);
}


static void
ngx_http_pserver_status_send(ngx_http_pserver_status_t *status,
    ngx_uint_t code, ngx_str_t *body)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = status->lookup.request;

    rc = status->wait ? ngx_http_pserver_wait_applied(r, status->wait)
                      : NGX_OK;

    ngx_http_finalize_request(r, rc == NGX_OK
                                 ? ngx_http_pserver_send_json(r, code, body)
                                 : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


static void
ngx_http_pserver_status_answer(ngx_http_pserver_lookup_t *lookup)
{
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_str_t                   body, receipt;
    ngx_http_request_t         *r;
    pserver_ledger_row_t       *row;
    ngx_http_pserver_status_t  *status;

    r = lookup->request;
    row = &lookup->ledger.row;
    status = (ngx_http_pserver_status_t *) lookup;

    /* a result goes out with its receipt, or not */

    ngx_str_set(&receipt, "null");
    rc = ngx_http_pserver_receipt_text(&status->receipt, lookup, &receipt);

    body.data = (rc == NGX_ERROR)
                ? NULL
                : ngx_pnalloc(r->pool, 1024 + row->result.len + receipt.len);

    if (body.data == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    p = ngx_cpymem(body.data, NGX_HTTP_PSERVER_STATUS_HEAD,
                   sizeof(NGX_HTTP_PSERVER_STATUS_HEAD) - 1);
    p = pserver_hex_encode(p, row->id, PSERVER_LEDGER_ID_LEN);
    p = ngx_sprintf(p, "\",\"status\":\"%s\"",
                    pserver_job_status(row->state));
    p = ngx_http_pserver_status_time(p, "started_at", row->started);
    p = ngx_http_pserver_status_time(p, "finished_at", row->finished);
    p = ngx_sprintf(p, ",\"result\":");
    p = ngx_http_pserver_status_result(p, row);

    if (row->state == PSERVER_JOB_SUCCEEDED) {
        p = ngx_sprintf(p, ",\"receipt\":%V", &receipt);
    }

    *p++ = '}';

    body.len = p - body.data;

    ngx_http_pserver_status_send(status, NGX_HTTP_OK, &body);
}


u_char *
ngx_http_pserver_status_time(u_char *p, const char *name, uint64_t msec)
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
ngx_http_pserver_status_result(u_char *p, const pserver_ledger_row_t *row)
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


ngx_int_t
ngx_http_pserver_operation_cancel(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_pserver_lookup_auth(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pserver_body_read(r, NGX_HTTP_PSERVER_CANCEL_BODY,
                                      ngx_http_pserver_cancel_body);
}


/* what was signed has to be what came, mostly nothing */

static void
ngx_http_pserver_cancel_body(ngx_http_request_t *r, ngx_str_t *body)
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
        rc = ngx_http_pserver_status_start(r, ngx_http_pserver_cancel_run,
                                           ngx_http_pserver_cancel_found);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


/* in a thread */

static void
ngx_http_pserver_cancel_run(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_row_place_t  place;

    if (!pserver_job_terminal(lookup->ledger.row.state)) {
        ngx_http_pserver_ledger_place(&place, &lookup->ledger.row);
        lookup->rc = ngx_http_pserver_ledger_cancel(&lookup->at, &place);
    }
}


static void
ngx_http_pserver_cancel_found(ngx_http_pserver_lookup_t *lookup)
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

    ngx_http_finalize_request(r, ngx_http_send_header(r));
}
