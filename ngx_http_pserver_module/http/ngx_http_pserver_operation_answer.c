/*
 * POST /api/v1/operations: what is said of it, to the client and in the log.
 */


#include "ngx_http_pserver_operation_create.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_wait.h"

#include "../core/encode.h"


/* seconds */
#define NGX_HTTP_PSERVER_CREATE_RETRY  5


static ngx_int_t ngx_http_pserver_create_created(ngx_http_request_t *r,
    const u_char *id, uint64_t created, ngx_str_t *body);
static ngx_int_t ngx_http_pserver_create_later(ngx_http_request_t *r,
    ngx_uint_t rc);


ngx_int_t
ngx_http_pserver_create_full(ngx_http_request_t *r)
{
    if (ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_CREATE_RETRY)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_compute(r, NGX_HTTP_TOO_MANY_REQUESTS,
                                          "RATE_LIMIT_ERROR",
                                          "Too many operations wait here",
                                          NULL);
}


ngx_int_t
ngx_http_pserver_create_text_error(ngx_http_request_t *r,
    pserver_optext_reason_e reason)
{
    const pserver_optext_error_t  *error;

    error = pserver_optext_error(reason);

    if (error->status == 422) {
        return ngx_http_pserver_error_validation(r, error->loc,
                                                 error->message, error->type);
    }

    if (error->status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_CREATE_RETRY)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_compute(r, error->status, error->code,
                                          error->message, error->loc);
}


ngx_int_t
ngx_http_pserver_create_data_error(ngx_http_pserver_create_t *create)
{
    ngx_http_request_t  *r;

    r = create->request;

    switch (create->input.rc) {

    case NGX_HTTP_PSERVER_INPUT_OK:
        break;

    case NGX_HTTP_PSERVER_INPUT_LOCKED:
        return ngx_http_pserver_error_locked(r);

    case NGX_HTTP_PSERVER_INPUT_NOT_FOUND:
        return ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                       "NOT_FOUND_ERROR",
                                       "The data is not here", NULL);

    case NGX_HTTP_PSERVER_INPUT_BAD:
        return ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "DECRYPTION_ERROR",
                                       "The data does not open", NULL);

    case NGX_HTTP_PSERVER_INPUT_NO_KEY:
        return ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "DECRYPTION_ERROR",
                                       "A file has no key for this server",
                                       NULL);

    case NGX_HTTP_PSERVER_INPUT_AWAY:
    case NGX_HTTP_PSERVER_INPUT_UNKNOWN:
        return ngx_http_pserver_create_later(r, create->input.rc);

    case NGX_HTTP_PSERVER_INPUT_FILTERS:
        return ngx_http_pserver_error_compute(r, NGX_HTTP_BAD_REQUEST,
                                       "VALIDATION_ERROR_FILTERS",
                                       "The grant's filters can't be applied",
                                       "filters");

    case NGX_HTTP_PSERVER_INPUT_TOO_LARGE:
        return ngx_http_pserver_error_compute(r, NGX_HTTP_BAD_REQUEST,
                                       "VALIDATION_ERROR",
                                       "The data is more than the operation "
                                       "takes", NULL);

    default: /* NGX_HTTP_PSERVER_INPUT_ERROR */
        return ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "INTERNAL_SERVER_ERROR",
                                       "The data can't be read", NULL);
    }

    if (create->rc == NGX_HTTP_PSERVER_STORE_TAKEN) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_CONFLICT,
                                       "CONFLICT_ERROR",
                                       NGX_HTTP_PSERVER_STORE_TAKEN_TEXT,
                                       NULL);
    }

    if (create->rc == NGX_HTTP_PSERVER_STORE_LOCKED) {
        return ngx_http_pserver_error_locked(r);
    }

    if (create->rc != NGX_HTTP_PSERVER_STORE_OK) {

        ngx_log_error(NGX_LOG_CRIT, r->connection->log, create->at.err,
                      "pserver: the ledger failed: %ui", create->rc);

        return ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       "INTERNAL_SERVER_ERROR",
                                       "The operation can't be recorded",
                                       NULL);
    }

    return NGX_OK;
}


/* what may be otherwise soon */

static ngx_int_t
ngx_http_pserver_create_later(ngx_http_request_t *r, ngx_uint_t rc)
{
    if (ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_CREATE_RETRY)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_HTTP_PSERVER_INPUT_AWAY) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_BAD_GATEWAY,
                                       "FILE_ACCESS_ERROR",
                                       "A file can't be had at the moment",
                                       NULL);
    }

    return ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "BLOCKCHAIN_ERROR",
                                       "The blockchain can't be asked at the "
                                       "moment", NULL);
}


void
ngx_http_pserver_create_answer(ngx_http_pserver_create_t *create)
{
    u_char              *id;
    uint64_t             created;
    ngx_str_t            body;
    ngx_uint_t           wait;
    ngx_http_request_t  *r;

    r = create->request;
    id = create->repeat ? create->first.id : create->row.id;
    created = create->repeat ? create->first.created : create->row.created;

    /* an id alone opens what it names: only the first one to ask gets it */

    if (create->repeat
        && create->plcf->operation_access
           == NGX_HTTP_PSERVER_ACCESS_CAPABILITY)
    {
        ngx_http_finalize_request(r,
                       ngx_http_pserver_error_compute(r, NGX_HTTP_CONFLICT,
                                       "CONFLICT_ERROR",
                                       "This request was accepted before",
                                       NULL));
        return;
    }

    if (ngx_http_pserver_create_created(r, id, created, &body) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    wait = ngx_http_pserver_wait_preferred(r);

    if (wait) {
        ngx_http_pserver_status_wait(r, &create->row.app, id, wait, &body);
        return;
    }

    ngx_http_finalize_request(r,
                       ngx_http_pserver_send_json(r, NGX_HTTP_ACCEPTED,
                                                  &body));
}


static ngx_int_t
ngx_http_pserver_create_created(ngx_http_request_t *r, const u_char *id,
    uint64_t created, ngx_str_t *body)
{
    u_char  *p;

    body->data = ngx_pnalloc(r->pool,
                            sizeof("{\"kind\":\"OperationCreated\",\"id\":\"\","
                                   "\"created_at\":\"\"}")
                            + 2 * PSERVER_LEDGER_ID_LEN
                            + NGX_HTTP_PSERVER_TIME_LEN);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(body->data, "{\"kind\":\"OperationCreated\",\"id\":\"");
    p = pserver_hex_encode(p, id, PSERVER_LEDGER_ID_LEN);
    p = ngx_sprintf(p, "\",\"created_at\":\"");
    p = ngx_http_pserver_store_time(p, created);
    p = ngx_sprintf(p, "\"}");

    body->len = p - body->data;

    return NGX_OK;
}


/* a refusal of somebody we know is in the log, too */

void
ngx_http_pserver_create_refuse(ngx_http_pserver_create_t *create,
    ngx_int_t status)
{
    ngx_http_request_t              *r;
    ngx_http_pserver_ctx_t          *ctx;
    ngx_http_pserver_audit_entry_t   entry;

    r = create->request;

    if (status >= NGX_HTTP_BAD_REQUEST
        && status < NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

        ngx_http_pserver_create_entry(create, &entry);

        entry.type = PSERVER_ENTRY_REQUEST_REFUSED;
        entry.reason = ctx->error.code;

        (void) ngx_http_pserver_audit_append(create->plcf, &entry, NULL);
    }

    ngx_http_finalize_request(r, status);
}


void
ngx_http_pserver_create_entry(ngx_http_pserver_create_t *create,
    ngx_http_pserver_audit_entry_t *entry)
{
    pserver_ledger_row_t  *row;

    row = &create->row;

    ngx_memzero(entry, sizeof(ngx_http_pserver_audit_entry_t));

    if (!pserver_facts_none(&row->owner)) {
        entry->owner = &row->owner;
    }

    entry->app = &row->app;
    entry->permission = &row->permission;
    entry->operation.len = row->operation.len;
    entry->operation.data = row->operation.data;
    entry->request = row->digest.bytes;
    entry->r = create->request;
}
