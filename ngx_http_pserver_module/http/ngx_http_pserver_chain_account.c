/*
 * What an account says about a signature: one round.
 *
 *   ACCOUNT      ASK
 */


#include "ngx_http_pserver_chain_reading.h"
#include "../core/account.h"


static void ngx_http_pserver_chain_ask_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_ask_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);


ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_account = {
    ngx_http_pserver_chain_ask_calls,
    ngx_http_pserver_chain_ask_take,
    ngx_http_pserver_chain_last
};


static void
ngx_http_pserver_chain_ask_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_http_pserver_chain_code(reading, calls, NULL, &reading->flight->call,
                                PSERVER_ACCOUNT_CALL_GAS);
}


static ngx_int_t
ngx_http_pserver_chain_ask_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t                 rc;
    pserver_str_t             bytes;
    pserver_account_answer_e  said;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_account_answer(bytes.data, bytes.len, &said) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(reading, "no account");
    }

    reading->facts.account = said;

    return NGX_OK;
}
