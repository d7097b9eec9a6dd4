/*
 * GET /api/v1/operations: those of an account, as their app or as their
 * owner.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_ledger_list.h"
#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"
#include "../core/eth.h"


#define NGX_HTTP_PSERVER_OPERATIONS_LIMIT      20
#define NGX_HTTP_PSERVER_OPERATIONS_LIMIT_MAX  1000

/* the names and texts that are the same in each are less than 512 */

#define NGX_HTTP_PSERVER_OPERATIONS_ITEM_LEN                                  \
    (2 * PSERVER_LEDGER_ID_LEN + PSERVER_LEDGER_OPERATION_MAX                 \
     + PSERVER_WORD_DEC_LEN + 2 * PSERVER_ADDRESS_LEN                         \
     + 3 * NGX_HTTP_PSERVER_TIME_LEN + 512)


typedef struct {
    ngx_http_pserver_ledger_list_t   list;
    ngx_uint_t                       rc;
} ngx_http_pserver_operations_t;


static ngx_int_t ngx_http_pserver_operations_question(ngx_http_request_t *r,
    ngx_http_pserver_ledger_list_t *list);
static const char *ngx_http_pserver_operations_status(ngx_str_t *text);
static void ngx_http_pserver_operations_cleanup(void *data);
static void ngx_http_pserver_operations_run(void *data);
static void ngx_http_pserver_operations_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_operations_answer(ngx_http_request_t *r,
    ngx_http_pserver_ledger_list_t *list);
static u_char *ngx_http_pserver_operations_item(u_char *p,
    const pserver_ledger_row_t *row);


/* signed also where an id is enough: here is none */

ngx_int_t
ngx_http_pserver_operations(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_pool_cleanup_t             *cln;
    ngx_http_pserver_operations_t  *operations;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_auth_require(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    operations = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_operations_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (operations == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_pserver_operations_cleanup;
    cln->data = operations;

    rc = ngx_http_pserver_operations_question(r, &operations->list);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pserver_thread_run_request(r,
                                            ngx_http_pserver_operations_run,
                                            ngx_http_pserver_operations_done,
                                            operations)
        != NGX_OK)
    {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                              "INTERNAL_SERVER_ERROR",
                                              "The server is overloaded",
                                              NULL);
    }

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pserver_operations_question(ngx_http_request_t *r,
    ngx_http_pserver_ledger_list_t *list)
{
    ngx_str_t                     status;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    list->plcf = plcf;
    list->at.root = plcf->store.data;
    list->at.chain_id = plcf->chain_id;
    list->account = ctx->claims->address;

    ngx_http_pserver_owner_named(r, &list->named);

    if (ngx_http_pserver_audit_arg(r, "limit",
                                   NGX_HTTP_PSERVER_OPERATIONS_LIMIT,
                                   &list->limit)
        != NGX_OK
        || list->limit == 0)
    {
        return ngx_http_pserver_error_query(r, "limit",
                              "Input should be a valid integer greater than "
                              "0", "int_parsing");
    }

    if (ngx_http_pserver_audit_arg(r, "offset", 0, &list->offset) != NGX_OK) {
        return ngx_http_pserver_error_query(r, "offset",
                              "Input should be a valid integer",
                              "int_parsing");
    }

    list->limit = ngx_min(list->limit, NGX_HTTP_PSERVER_OPERATIONS_LIMIT_MAX);

    if (ngx_http_arg(r, (u_char *) "status", 6, &status) == NGX_OK) {

        list->status = ngx_http_pserver_operations_status(&status);

        if (list->status == NULL) {
            return ngx_http_pserver_error_query(r, "status",
                              "Input should be 'starting', 'processing', "
                              "'succeeded', 'failed' or 'canceled'", "enum");
        }
    }

    return NGX_OK;
}


static const char *
ngx_http_pserver_operations_status(ngx_str_t *text)
{
    const char           *status;
    pserver_job_state_e   state;

    for (state = PSERVER_JOB_QUEUED; state <= PSERVER_JOB_CANCELED; state++) {

        status = pserver_job_status(state);

        if (ngx_strlen(status) == text->len
            && ngx_strncmp(status, text->data, text->len) == 0)
        {
            return status;
        }
    }

    return NULL;
}


static void
ngx_http_pserver_operations_cleanup(void *data)
{
    ngx_http_pserver_operations_t  *operations = data;

    ngx_http_pserver_ledger_list_free(&operations->list);
}


static void
ngx_http_pserver_operations_run(void *data)
{
    ngx_http_pserver_operations_t  *operations = data;

    operations->rc = ngx_http_pserver_ledger_list_read(&operations->list);
}


static void
ngx_http_pserver_operations_done(ngx_http_request_t *r, void *data)
{
    ngx_int_t                        rc;
    ngx_http_pserver_ledger_list_t  *list;
    ngx_http_pserver_operations_t   *operations = data;

    list = &operations->list;

    if (list->bad) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                      "pserver: %uL rows of the ledger do not open",
                      list->bad);
    }

    if (operations->rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_operations_answer(r, list);

    } else if (operations->rc == NGX_HTTP_PSERVER_STORE_LOCKED) {
        rc = ngx_http_pserver_error_locked(r);

    } else {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, list->at.err,
                      "pserver: the ledger failed: %ui", operations->rc);

        rc = ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "INTERNAL_SERVER_ERROR",
                                       "The operations can't be read", NULL);
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_pserver_operations_answer(ngx_http_request_t *r,
    ngx_http_pserver_ledger_list_t *list)
{
    u_char     *p;
    size_t      i;
    ngx_str_t   body;

    static ngx_str_t  no_store = ngx_string("private, no-store");

    p = ngx_pnalloc(r->pool, 256
                         + list->count * NGX_HTTP_PSERVER_OPERATIONS_ITEM_LEN);

    if (p == NULL
        || ngx_http_pserver_header_add(r, "Cache-Control", &no_store)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;

    p = ngx_sprintf(p, "{\"kind\":\"OperationList\",\"operations\":[");

    for (i = 0; i < list->count; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_http_pserver_operations_item(p, &list->rows[i].row);
    }

    p = ngx_sprintf(p, "],\"total\":%uL,\"limit\":%uL,\"offset\":%uL}",
                    list->total, list->limit, list->offset);

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


/* no text in it needs escapes */

static u_char *
ngx_http_pserver_operations_item(u_char *p, const pserver_ledger_row_t *row)
{
    p = ngx_sprintf(p, "{\"id\":\"");
    p = pserver_hex_encode(p, row->id, PSERVER_LEDGER_ID_LEN);
    p = ngx_sprintf(p, "\",\"operation\":\"%*s\",\"permission_id\":\"",
                    row->operation.len, row->operation.data);
    p = pserver_word_decimal(p, &row->permission);
    p = ngx_sprintf(p, "\",\"app\":\"");
    p = pserver_address_format(p, &row->app);
    p = ngx_sprintf(p, "\",\"owner\":\"");
    p = pserver_address_format(p, &row->owner);
    p = ngx_sprintf(p, "\",\"status\":\"%s\"",
                    pserver_job_status(row->state));

    if (row->state == PSERVER_JOB_FAILED) {
        p = ngx_sprintf(p, ",\"reason\":\"%s\"",
                        pserver_job_reason(row->reason));
    }

    p = ngx_http_pserver_status_time(p, "created_at", row->created);
    p = ngx_http_pserver_status_time(p, "started_at", row->started);
    p = ngx_http_pserver_status_time(p, "finished_at", row->finished);

    *p++ = '}';

    return p;
}
