/*
 * Who has signed a text in the body of a request to the compute API.
 */


#include "ngx_http_pserver_signer.h"
#include "ngx_http_pserver_error.h"


/* seconds until it is worth asking the chain again */
#define NGX_HTTP_PSERVER_SIGNER_RETRY  2


static ngx_int_t ngx_http_pserver_signer_ask(ngx_http_request_t *r,
    ngx_http_pserver_signer_t *signer);
static void ngx_http_pserver_signer_answered(void *data,
    const pserver_account_answer_e *answer);
static ngx_int_t ngx_http_pserver_signer_none(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_signer_later(ngx_http_request_t *r);


ngx_int_t
ngx_http_pserver_signer(ngx_http_request_t *r,
    ngx_http_pserver_signer_t *signer)
{
    pserver_word_t                 digest;
    pserver_signer_e               result;
    pserver_signer_t               found;
    ngx_http_pserver_loc_conf_t   *plcf;
    ngx_http_pserver_main_conf_t  *pmcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    pserver_eip191_digest(&digest, signer->text);

    found.signature = signer->signature;
    found.digest = &digest;
    found.iss = signer->iss;

    result = pserver_signer_find(pmcf->secp256k1, plcf->accounts, &found);

    signer->address = found.address;
    signer->by_key = found.by_key;

    switch (result) {

    case PSERVER_SIGNER_OK:
        return NGX_OK;

    case PSERVER_SIGNER_ASK:
        return ngx_http_pserver_signer_ask(r, signer);

    default: /* PSERVER_SIGNER_NONE, _OTHER */
        return ngx_http_pserver_signer_none(r);
    }
}


static ngx_int_t
ngx_http_pserver_signer_ask(ngx_http_request_t *r,
    ngx_http_pserver_signer_t *signer)
{
    ngx_http_pserver_account_t  *account;

    account = &signer->account;

    account->plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    account->request = r;
    account->address = &signer->address;
    account->text = signer->text;
    account->signature = signer->signature;
    account->handler = ngx_http_pserver_signer_answered;
    account->data = signer;

    return (ngx_http_pserver_account_ask(account) == NGX_OK)
           ? NGX_AGAIN : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static void
ngx_http_pserver_signer_answered(void *data,
    const pserver_account_answer_e *answer)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_pserver_signer_t  *signer = data;

    r = signer->account.request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (answer == NULL) {
        rc = ngx_http_pserver_signer_later(r);

    } else if (pserver_signer_answered(signer->account.plcf->accounts,
                                       signer->by_key, *answer)
               == PSERVER_SIGNER_OK)
    {
        rc = NGX_OK;

    } else {
        rc = ngx_http_pserver_signer_none(r);
    }

    signer->handler(signer->data, rc);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_pserver_signer_none(ngx_http_request_t *r)
{
    return ngx_http_pserver_error_compute(r, NGX_HTTP_UNAUTHORIZED,
                                          "AUTHENTICATION_ERROR",
                                          "The signature is not valid", NULL);
}


static ngx_int_t
ngx_http_pserver_signer_later(ngx_http_request_t *r)
{
    if (ngx_http_pserver_retry_after(r, NGX_HTTP_PSERVER_SIGNER_RETRY)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                          "BLOCKCHAIN_ERROR",
                                          "The blockchain can't be asked at "
                                          "the moment", NULL);
}
