/*
 * POST /api/v1/operations: from a signed text to a job that is on disk.
 */


#include "ngx_http_pserver_operation_create.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_origin.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"

#include <sodium.h>


static void ngx_http_pserver_create_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_http_pserver_create_t *ngx_http_pserver_create_state(
    ngx_http_request_t *r);
static void ngx_http_pserver_create_cleanup(void *data);
static void ngx_http_pserver_create_pool_cleanup(void *data);
static ngx_int_t ngx_http_pserver_create_text(
    ngx_http_pserver_create_t *create, ngx_str_t *body);
static ngx_int_t ngx_http_pserver_create_check(
    ngx_http_pserver_create_t *create);
static void ngx_http_pserver_create_checked(
    ngx_http_pserver_permission_t *p);
static ngx_int_t ngx_http_pserver_create_allowed(
    ngx_http_pserver_create_t *create);
static ngx_int_t ngx_http_pserver_create_bring(
    ngx_http_pserver_create_t *create);
static void ngx_http_pserver_create_brought(void *data);
static void ngx_http_pserver_create_data_run(void *data);
static void ngx_http_pserver_create_data_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_create_audit(
    ngx_http_pserver_create_t *create);
static void ngx_http_pserver_create_audited(ngx_http_request_t *r,
    ngx_int_t rc);


ngx_int_t
ngx_http_pserver_operation_create(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, PSERVER_OPTEXT_BODY_MAX,
                                      ngx_http_pserver_create_body);
}


static void
ngx_http_pserver_create_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t                   rc;
    ngx_http_pserver_create_t  *create;

    create = ngx_http_pserver_create_state(r);
    if (create == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    rc = ngx_http_pserver_create_text(create, body);

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_create_key(create);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (create->ask) {
        create->state = NGX_HTTP_PSERVER_CREATE_ACCOUNT;
        ngx_http_pserver_create_next(create);
        return;
    }

    ngx_http_pserver_create_signed(create);
}


static ngx_http_pserver_create_t *
ngx_http_pserver_create_state(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *pool_cln;
    ngx_http_cleanup_t         *cln;
    ngx_http_pserver_ctx_t     *ctx;
    ngx_http_pserver_create_t  *create;

    ctx = ngx_http_pserver_get_ctx(r);
    create = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_create_t));
    cln = ngx_http_cleanup_add(r, 0);
    pool_cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || create == NULL || cln == NULL || pool_cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_pserver_create_cleanup;
    cln->data = create;

    pool_cln->handler = ngx_http_pserver_create_pool_cleanup;
    pool_cln->data = create;

    ctx->state = create;

    create->request = r;
    create->plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    create->at.root = create->plcf->store.data;
    create->at.chain_id = create->plcf->chain_id;
    create->key.lock = -1;

    return create;
}


/* the request ends: what it waits for is called off */

static void
ngx_http_pserver_create_cleanup(void *data)
{
    ngx_http_pserver_create_t  *create = data;

    if (create->checking) {
        create->checking = 0;
        ngx_http_pserver_permission_cancel(&create->check);
    }

    if (create->ticket) {
        ngx_http_pserver_queue_leave(create->ticket);
        create->ticket = NULL;
    }

    if (create->remote) {
        ngx_http_pserver_remote_cancel(create->remote);
        create->remote = NULL;
    }

    ngx_http_pserver_create_accept_leave(create);
}


/* and here no thread knows it any more */

static void
ngx_http_pserver_create_pool_cleanup(void *data)
{
    ngx_http_pserver_create_t  *create = data;

    ngx_http_pserver_input_free(&create->input);
    pserver_optext_free(&create->text);
    ngx_http_pserver_key_release(&create->key);
}


/* rules 1 and 2, but for what a contract says */

static ngx_int_t
ngx_http_pserver_create_text(ngx_http_pserver_create_t *create,
    ngx_str_t *body)
{
    pserver_optext_t              *text;
    pserver_ledger_row_t          *row;
    pserver_optext_reason_e        reason, signer;
    pserver_optext_request_t       request;
    ngx_http_pserver_main_conf_t  *pmcf;

    text = &create->text;
    row = &create->row;

    reason = pserver_optext_parse(text, body->data, body->len);

    if (reason != PSERVER_OPTEXT_OK) {
        return ngx_http_pserver_create_text_error(create->request, reason);
    }

    pmcf = ngx_http_get_module_main_conf(create->request,
                                         ngx_http_pserver_module);

    signer = pserver_optext_signer(pmcf->secp256k1, create->plcf->accounts,
                                   text);
    reason = signer;

    /* nobody has a contract asked by a text that is no good anyway */

    if (signer == PSERVER_OPTEXT_OK || signer == PSERVER_OPTEXT_ASK) {

        if (ngx_http_pserver_origins(create->request, &request.aud)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        request.chain_id = create->plcf->chain_id;
        request.now = ngx_time();
        request.require = create->plcf->require_nonce;

        reason = pserver_optext_check(text, &request);
    }

    if (reason != PSERVER_OPTEXT_OK) {
        return ngx_http_pserver_create_text_error(create->request, reason);
    }

    create->ask = (signer == PSERVER_OPTEXT_ASK);

    row->app = text->address;
    row->permission = text->permission_id;
    row->digest = text->digest;
    row->request = text->text;

    if (text->nonce.data && text->has_exp) {
        row->exp = text->exp;
    }

    return NGX_OK;
}


void
ngx_http_pserver_create_signed(ngx_http_pserver_create_t *create)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(create->request, ngx_http_pserver_module);

    ctx->permission = create->row.permission;
    ctx->has_permission = 1;

    create->state = create->key.len ? NGX_HTTP_PSERVER_CREATE_KEY
                                    : NGX_HTTP_PSERVER_CREATE_CHECK;

    ngx_http_pserver_create_next(create);
}


/* each state starts what the request then waits for, or ends it */

void
ngx_http_pserver_create_next(ngx_http_pserver_create_t *create)
{
    ngx_int_t  rc;

    switch (create->state) {

    case NGX_HTTP_PSERVER_CREATE_ACCOUNT:
        rc = ngx_http_pserver_create_account(create);
        break;

    case NGX_HTTP_PSERVER_CREATE_KEY:
        rc = ngx_http_pserver_create_key_find(create);
        break;

    case NGX_HTTP_PSERVER_CREATE_CHECK:

        /* nothing was asked or written for it yet */

        if (ngx_http_pserver_queue_full(create->plcf)) {
            ngx_http_finalize_request(create->request,
                               ngx_http_pserver_create_full(create->request));
            return;
        }

        rc = ngx_http_pserver_create_check(create);
        break;

    case NGX_HTTP_PSERVER_CREATE_BRING:
        rc = ngx_http_pserver_create_bring(create);
        break;

    case NGX_HTTP_PSERVER_CREATE_DATA:
        rc = ngx_http_pserver_thread_run_request(create->request,
                                          ngx_http_pserver_create_data_run,
                                          ngx_http_pserver_create_data_done,
                                          create);
        break;

    case NGX_HTTP_PSERVER_CREATE_AUDIT:
        rc = ngx_http_pserver_create_audit(create);
        break;

    case NGX_HTTP_PSERVER_CREATE_ACCEPT:
        rc = ngx_http_pserver_create_accept(create);
        break;

    default: /* NGX_HTTP_PSERVER_CREATE_ANSWER */
        ngx_http_pserver_create_answer(create);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(create->request,
                       ngx_http_pserver_error_compute(create->request,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "INTERNAL_SERVER_ERROR",
                                       "The server is overloaded", NULL));
    }
}


/* rules 3 to 9 */

static ngx_int_t
ngx_http_pserver_create_check(ngx_http_pserver_create_t *create)
{
    ngx_http_pserver_permission_t  *p;

    p = &create->check;

    p->kind = PSERVER_DECIDE_RUN;
    p->plcf = create->plcf;
    p->id = create->row.permission;
    p->app = create->row.app;
    ngx_http_pserver_owner_named(create->request, &p->named);
    p->not_before = ngx_http_pserver_chain_moment();
    p->operation = create->text.operation;
    p->parameters = create->text.parameters;
    p->n = create->plcf->operations->nelts;
    p->offers = ngx_http_pserver_operation_offers(create->plcf,
                                                  create->request->pool);
    p->handler = ngx_http_pserver_create_checked;
    p->data = create;

    if (p->offers == NULL) {
        return NGX_ERROR;
    }

    create->checking = 1;

    ngx_http_pserver_permission_check(p);

    return NGX_OK;
}


static void
ngx_http_pserver_create_checked(ngx_http_pserver_permission_t *p)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_pserver_create_t  *create = p->data;

    r = create->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    create->checking = 0;

    if (p->facts && ngx_http_pserver_owner_grants(create->plcf, &p->named,
                                                  p->facts))
    {
        create->row.owner = p->facts->grantor;
    }

    if (p->verdict.reason != PSERVER_ALLOWED) {

        rc = ngx_http_pserver_permission_locked(p)
             ? ngx_http_pserver_error_locked(r)
             : ngx_http_pserver_permission_refuse(r, p->kind,
                                                  p->verdict.reason);

        ngx_http_pserver_create_refuse(create, rc);

    } else if (ngx_http_pserver_create_allowed(create) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);

    } else {
        create->state = ngx_http_pserver_input_remote(&create->input)
                        ? NGX_HTTP_PSERVER_CREATE_BRING
                        : NGX_HTTP_PSERVER_CREATE_DATA;
        ngx_http_pserver_create_next(create);
    }

    ngx_http_run_posted_requests(c);
}


/* takes what it needs of the facts, and makes the row */

static ngx_int_t
ngx_http_pserver_create_allowed(ngx_http_pserver_create_t *create)
{
    pserver_ledger_row_t            *row;
    ngx_http_pserver_permission_t   *p;
    ngx_http_pserver_operation_t    *op;

    row = &create->row;
    p = &create->check;

    op = ngx_http_pserver_operation_find(create->plcf,
                                  (pserver_str_t *) &p->verdict.offer->name);
    if (op == NULL) {
        return NGX_ERROR;
    }

    row->operation = op->container.name;
    row->state = PSERVER_JOB_QUEUED;
    row->attempts = 1;
    row->created = ngx_http_pserver_chain_now();

    randombytes_buf(row->id, PSERVER_LEDGER_ID_LEN);

    return ngx_http_pserver_input_init(&create->input, create->request->pool,
                                       create->plcf, op, p->facts,
                                       create->text.parameters);
}


static ngx_int_t
ngx_http_pserver_create_bring(ngx_http_pserver_create_t *create)
{
    create->remote = ngx_http_pserver_remote_bring(create->plcf,
                                              &create->input,
                                              ngx_http_pserver_create_brought,
                                              create);

    return create->remote ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_pserver_create_brought(void *data)
{
    ngx_connection_t           *c;
    ngx_http_pserver_create_t  *create = data;

    c = create->request->connection;

    ngx_http_set_log_request(c->log, create->request);

    create->remote = NULL;
    create->state = NGX_HTTP_PSERVER_CREATE_DATA;

    ngx_http_pserver_create_next(create);

    ngx_http_run_posted_requests(c);
}


/* rule 10, and whether it is a repeat */

static void
ngx_http_pserver_create_data_run(void *data)
{
    ngx_http_pserver_create_t  *create = data;

    ngx_http_pserver_input_check(&create->input);

    if (create->input.rc == NGX_HTTP_PSERVER_INPUT_OK) {
        create->rc = ngx_http_pserver_ledger_repeat(&create->at, &create->row,
                                             create->plcf->repeat_window,
                                             &create->first, &create->repeat);
    }
}


static void
ngx_http_pserver_create_data_done(ngx_http_request_t *r, void *data)
{
    ngx_int_t                   rc;
    ngx_http_pserver_create_t  *create = data;

    rc = ngx_http_pserver_create_data_error(create);

    if (rc != NGX_OK) {
        ngx_http_pserver_create_refuse(create, rc);
        return;
    }

    if (create->repeat) {
        create->state = NGX_HTTP_PSERVER_CREATE_ANSWER;
        ngx_http_pserver_create_next(create);
        return;
    }

    /* its place in the queue, before the log says that it is accepted */

    if (ngx_http_pserver_queue_enter(create->plcf, &create->row, 0,
                                     &create->ticket)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_create_full(r));
        return;
    }

    create->state = NGX_HTTP_PSERVER_CREATE_AUDIT;
    ngx_http_pserver_create_next(create);
}


static ngx_int_t
ngx_http_pserver_create_audit(ngx_http_pserver_create_t *create)
{
    u_char                          id[2 * PSERVER_LEDGER_ID_LEN];
    ngx_http_pserver_audit_entry_t  entry;

    ngx_http_pserver_create_entry(create, &entry);

    (void) pserver_hex_encode(id, create->row.id, PSERVER_LEDGER_ID_LEN);

    entry.type = PSERVER_ENTRY_OPERATION_ACCEPTED;
    entry.operation_id.len = sizeof(id);
    entry.operation_id.data = id;

    return ngx_http_pserver_audit_request(create->request, &entry,
                                          ngx_http_pserver_create_audited);
}


static void
ngx_http_pserver_create_audited(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t     *ctx;
    ngx_http_pserver_create_t  *create;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    create = ctx->state;

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r,
                       ngx_http_pserver_error_compute(r,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "INTERNAL_SERVER_ERROR",
                                       "The log can't be written", NULL));
        return;
    }

    create->state = NGX_HTTP_PSERVER_CREATE_ACCEPT;
    ngx_http_pserver_create_next(create);
}
