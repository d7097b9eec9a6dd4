/*
 * A header that names an account whose contract has to be asked: requests
 * wait for the answer, the main one and its subrequests for the same.
 */


#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_account.h"


struct ngx_http_pserver_auth_question_s {
    ngx_http_pserver_account_t   account;
    ngx_http_pserver_auth_t     *auth;
    ngx_http_request_t          *main;
    ngx_queue_t                  waiting;        /* of auth_waiter_t */
};


typedef struct {
    ngx_queue_t                  queue;
    ngx_http_request_t          *request;
} ngx_http_pserver_auth_waiter_t;


static ngx_http_pserver_auth_question_t *ngx_http_pserver_auth_question(
    ngx_http_request_t *r, ngx_http_pserver_auth_t *auth);
static void ngx_http_pserver_auth_answered(void *data,
    const pserver_account_answer_e *answer);


ngx_int_t
ngx_http_pserver_auth_ask(ngx_http_request_t *r,
    ngx_http_pserver_auth_t *auth)
{
    ngx_queue_t                     *q, *waiting;
    ngx_http_pserver_auth_waiter_t  *waiter;

    if (auth->question == NULL) {
        auth->question = ngx_http_pserver_auth_question(r, auth);

        if (auth->question == NULL) {
            return NGX_ERROR;
        }
    }

    /* a phase may be run again for other reasons */

    waiting = &auth->question->waiting;

    for (q = ngx_queue_head(waiting); q != ngx_queue_sentinel(waiting);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_pserver_auth_waiter_t, queue);

        if (waiter->request == r) {
            return NGX_AGAIN;
        }
    }

    waiter = ngx_palloc(r->pool, sizeof(ngx_http_pserver_auth_waiter_t));
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    waiter->request = r;
    ngx_queue_insert_tail(waiting, &waiter->queue);

    return NGX_AGAIN;
}


static ngx_http_pserver_auth_question_t *
ngx_http_pserver_auth_question(ngx_http_request_t *r,
    ngx_http_pserver_auth_t *auth)
{
    ngx_http_pserver_account_t        *account;
    ngx_http_pserver_auth_question_t  *question;

    question = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_auth_question_t));
    if (question == NULL) {
        return NULL;
    }

    question->auth = auth;
    question->main = r->main;

    ngx_queue_init(&question->waiting);

    account = &question->account;

    account->plcf = auth->plcf;
    account->request = r;
    account->address = &auth->claims.address;
    account->text = auth->claims.verified.payload;
    account->signature = auth->claims.verified.signature;
    account->handler = ngx_http_pserver_auth_answered;
    account->data = question;

    return (ngx_http_pserver_account_ask(account) == NGX_OK) ? question : NULL;
}


static void
ngx_http_pserver_auth_answered(void *data,
    const pserver_account_answer_e *answer)
{
    ngx_queue_t                       *q;
    ngx_connection_t                  *c;
    ngx_http_request_t                *r;
    ngx_http_pserver_auth_t           *auth;
    ngx_http_pserver_auth_waiter_t    *waiter;
    ngx_http_pserver_auth_question_t  *question = data;

    auth = question->auth;
    c = question->main->connection;

    ngx_http_set_log_request(c->log, question->main);

    if (answer) {
        auth->reason = pserver_web3signed_answered(&auth->claims.verified,
                                                   auth->plcf->accounts,
                                                   *answer);

    } else {
        auth->reason = question->account.ask.busy
                       ? PSERVER_WEB3SIGNED_BUSY
                       : PSERVER_WEB3SIGNED_UNAVAILABLE;
    }

    ngx_http_pserver_auth_count(question->main, auth->reason);

    while (!ngx_queue_empty(&question->waiting)) {
        q = ngx_queue_head(&question->waiting);
        waiter = ngx_queue_data(q, ngx_http_pserver_auth_waiter_t, queue);

        ngx_queue_remove(q);

        r = waiter->request;
        r->write_event_handler = ngx_http_core_run_phases;

        if (ngx_http_post_request(r, NULL) != NGX_OK) {
            ngx_http_finalize_request(question->main, NGX_ERROR);
            break;
        }
    }

    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_pserver_auth_wait(ngx_http_request_t *r)
{
    r->main->count++;

    return NGX_DONE;
}
