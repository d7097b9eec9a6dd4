/*
 * Does an owner trust this server?  Two rounds, behind those of a permission
 * whose grantor the configuration does not name, or alone:
 *
 *   .. ──► SERVER (──► USER)
 *
 * The server is the key that the owner has here: nobody else's trust in it
 * would be about this owner.
 */


#include "ngx_http_pserver_chain_reading.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_owner.h"

#include "../core/bytes.h"
#include "../core/encode.h"


static void ngx_http_pserver_chain_server_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_server_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static ngx_http_pserver_chain_round_t *ngx_http_pserver_chain_server_next(
    ngx_http_pserver_chain_reading_t *reading);
static void ngx_http_pserver_chain_user_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_user_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static void ngx_http_pserver_chain_trust_owner(
    ngx_http_pserver_chain_reading_t *reading, pserver_word_t *owner);
static ngx_uint_t ngx_http_pserver_chain_not_trusted(
    pserver_jsonrpc_answer_t *answer);


/* serverByAddress(the owner's server key) */

ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_trust = {
    ngx_http_pserver_chain_server_calls,
    ngx_http_pserver_chain_server_take,
    ngx_http_pserver_chain_server_next
};

/* userServers(owner, id) */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_user = {
    ngx_http_pserver_chain_user_calls,
    ngx_http_pserver_chain_user_take,
    ngx_http_pserver_chain_last
};


ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_trust_next(ngx_http_pserver_chain_reading_t *reading)
{
    ngx_http_pserver_chain_flight_t  *flight;

    flight = reading->flight;

    return ngx_http_pserver_owner_asked(flight->plcf,
                                        &reading->facts.grantor)
           ? &ngx_http_pserver_chain_trust : NULL;
}


static void
ngx_http_pserver_chain_server_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    pserver_word_t     owner, server;
    pserver_address_t  address;

    ngx_http_pserver_chain_trust_owner(reading, &owner);

    ngx_memcpy(&address, owner.bytes + sizeof(owner) - sizeof(address),
               sizeof(address));

    ngx_http_pserver_keys_address(&address, &reading->server);

    pserver_abi_address(&server, &reading->server);

    ngx_http_pserver_chain_call(reading, calls,
                                &reading->flight->key.contracts.servers,
                                PSERVER_ABI_SERVER, &server);
}


static ngx_int_t
ngx_http_pserver_chain_server_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t             rc;
    pserver_str_t         bytes;
    pserver_abi_server_t  server;

    static const pserver_word_t  none;

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_abi_server(bytes.data, bytes.len, &server) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(reading, "no server");
    }

    reading->facts.trust = PSERVER_FACTS_NOT_TRUSTED;
    reading->registered = ngx_memcmp(&server.id, &none, sizeof(none)) != 0;
    reading->server_id = server.id;

    if (reading->registered
        && ngx_memcmp(&server.address, &reading->server,
                      sizeof(pserver_address_t))
           != 0)
    {
        return ngx_http_pserver_chain_no_answer(reading, "another server");
    }

    return NGX_OK;
}


static ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_server_next(ngx_http_pserver_chain_reading_t *reading)
{
    return reading->registered ? &ngx_http_pserver_chain_user : NULL;
}


static void
ngx_http_pserver_chain_user_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    pserver_word_t  args[2];

    ngx_http_pserver_chain_trust_owner(reading, &args[0]);
    args[1] = reading->server_id;

    ngx_http_pserver_chain_call(reading, calls,
                                &reading->flight->key.contracts.servers,
                                PSERVER_ABI_USER_SERVERS, args);
}


static ngx_int_t
ngx_http_pserver_chain_user_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    ngx_int_t             rc;
    pserver_str_t         bytes;
    pserver_facts_t      *facts;
    pserver_abi_server_t  server;

    if (ngx_http_pserver_chain_not_trusted(answer)) {
        return NGX_OK;
    }

    rc = ngx_http_pserver_chain_bytes(reading, answer, &bytes);

    if (rc != NGX_OK) {
        return rc;
    }

    if (pserver_abi_user_server(bytes.data, bytes.len, &server) != PSERVER_OK
        || ngx_memcmp(&server.id, &reading->server_id,
                      sizeof(pserver_word_t))
           != 0
        || ngx_memcmp(&server.address, &reading->server,
                      sizeof(pserver_address_t))
           != 0)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no trust");
    }

    facts = &reading->facts;

    if (pserver_facts_when(&server.start_block, &server.end_block,
                           facts->block)
        == PSERVER_FACTS_DURING)
    {
        facts->trust = PSERVER_FACTS_TRUSTED;
    }

    return NGX_OK;
}


static void
ngx_http_pserver_chain_trust_owner(ngx_http_pserver_chain_reading_t *reading,
    pserver_word_t *owner)
{
    ngx_http_pserver_chain_key_t  *key;

    key = &reading->flight->key;

    if (key->kind == NGX_HTTP_PSERVER_CHAIN_OWNER) {
        *owner = key->word;

    } else {
        pserver_abi_address(owner, &reading->facts.grantor);
    }
}


/* the contract's word for it; another error says nothing */

static ngx_uint_t
ngx_http_pserver_chain_not_trusted(pserver_jsonrpc_answer_t *answer)
{
    u_char         selector[4];
    pserver_str_t  text;

    text = answer->revert;

    return answer->result == NULL
           && pserver_hex_decode(selector, sizeof(selector), text)
              == PSERVER_OK
           && pserver_get_be(selector, sizeof(selector))
              == PSERVER_ABI_NOT_TRUSTED;
}
