/*
 * POST /api/v1/operations signed by an account that is a contract.
 */


#include "ngx_http_pserver_operation_create.h"


static void ngx_http_pserver_create_answered(void *data,
    const pserver_account_answer_e *answer);


ngx_int_t
ngx_http_pserver_create_account(ngx_http_pserver_create_t *create)
{
    ngx_http_pserver_account_t  *account;

    account = &create->account;

    account->plcf = create->plcf;
    account->request = create->request;
    account->address = &create->text.address;
    account->text = create->text.text;
    account->signature = create->text.signature;
    account->handler = ngx_http_pserver_create_answered;
    account->data = create;

    return ngx_http_pserver_account_ask(account);
}


static void
ngx_http_pserver_create_answered(void *data,
    const pserver_account_answer_e *answer)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    pserver_optext_reason_e     reason;
    ngx_http_pserver_create_t  *create = data;

    r = create->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (answer) {
        reason = pserver_optext_answered(&create->text,
                                         create->plcf->accounts, *answer);

    } else {
        reason = create->account.ask.busy ? PSERVER_OPTEXT_BUSY
                                          : PSERVER_OPTEXT_UNAVAILABLE;
    }

    if (reason == PSERVER_OPTEXT_OK) {
        ngx_http_pserver_create_signed(create);

    } else {
        ngx_http_finalize_request(r, ngx_http_pserver_create_text_error(r,
                                                                  reason));
    }

    ngx_http_run_posted_requests(c);
}
