/*
 * The key of a file, as its owner has left it for an account: one round.
 *
 *   FILE_KEY     BOX
 */


#include "ngx_http_pserver_chain_reading.h"


static void ngx_http_pserver_chain_box_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_box_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);


ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_file_key = {
    ngx_http_pserver_chain_box_calls,
    ngx_http_pserver_chain_box_take,
    ngx_http_pserver_chain_last
};


static void
ngx_http_pserver_chain_box_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_http_pserver_chain_flight_t  *flight;

    flight = reading->flight;

    ngx_http_pserver_chain_call(reading, calls,
                                &flight->key.contracts.registry,
                                PSERVER_ABI_FILE_PERMISSIONS,
                                (pserver_word_t *) flight->call.data);
}


static ngx_int_t
ngx_http_pserver_chain_box_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t       rc;
    pserver_str_t   bytes, *box;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    box = &reading->facts.box;

    if (pserver_abi_string(bytes.data, bytes.len, box) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(reading, "no key of a file");
    }

    box->len = ngx_min(box->len, PSERVER_FACTS_BOX_MAX);

    return NGX_OK;
}
