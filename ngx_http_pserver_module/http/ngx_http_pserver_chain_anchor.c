/*
 * The last anchor of a log: one round.
 *
 *   ANCHOR       LATEST
 */


#include "ngx_http_pserver_chain_reading.h"


static void ngx_http_pserver_chain_latest_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_latest_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);


/* latest(address,bytes32) */

ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_anchor = {
    ngx_http_pserver_chain_latest_calls,
    ngx_http_pserver_chain_latest_take,
    ngx_http_pserver_chain_last
};


static void
ngx_http_pserver_chain_latest_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    ngx_str_t  call;

    call.data = reading->flight->call.data + sizeof(pserver_address_t);
    call.len = reading->flight->call.len - sizeof(pserver_address_t);

    ngx_http_pserver_chain_code(reading, calls,
                           (pserver_address_t *) reading->flight->call.data,
                           &call, 0);
}


static ngx_int_t
ngx_http_pserver_chain_latest_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t      rc;
    pserver_str_t  bytes;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_anchored_result(&reading->facts.anchored, bytes.data,
                                bytes.len)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no anchor");
    }

    return NGX_OK;
}
