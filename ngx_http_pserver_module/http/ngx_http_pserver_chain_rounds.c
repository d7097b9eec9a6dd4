/*
 * What a flight asks in each round, and what it takes for an answer:
 *
 *   HEAD ──► RECORD ──► SET (──► OLD)
 *   HEAD ──► ID
 *
 * All calls behind HEAD name its block by hash, and that it must be
 * canonical: so no two facts of a set are of different blocks.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_zone.h"
#include "../core/abi.h"
#include "../core/jsonrpc.h"


#define NGX_HTTP_PSERVER_CHAIN_CALLS   (PSERVER_FACTS_FILES + 1)

/* of a node's answer; a block with many transactions, many long URLs */
#define NGX_HTTP_PSERVER_CHAIN_ANSWER  (4 * 1024 * 1024)


typedef struct {
    pserver_jsonrpc_call_t            call[NGX_HTTP_PSERVER_CHAIN_CALLS];
    u_char                            data[NGX_HTTP_PSERVER_CHAIN_CALLS]
                                          [PSERVER_ABI_CALL_MAX];
    ngx_uint_t                        n;
} ngx_http_pserver_chain_calls_t;


static ngx_int_t ngx_http_pserver_chain_question(
    ngx_http_pserver_chain_flight_t *flight);
static void ngx_http_pserver_chain_step(ngx_http_pserver_exchange_t *ex);
static ngx_int_t ngx_http_pserver_chain_answer(
    ngx_http_pserver_chain_flight_t *flight, ngx_http_pserver_exchange_t *ex);
static ngx_int_t ngx_http_pserver_chain_calls(
    ngx_http_pserver_chain_flight_t *flight, ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_chain_call(
    ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    pserver_abi_function_e function, const pserver_word_t *arg);
static ngx_int_t ngx_http_pserver_chain_head(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_record(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_set(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_old(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_id(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_bytes(
    ngx_http_pserver_chain_flight_t *flight, pserver_jsonrpc_answer_t *answer,
    pserver_str_t *bytes);
static ngx_int_t ngx_http_pserver_chain_no_answer(
    ngx_http_pserver_chain_flight_t *flight, const char *what);


ngx_int_t
ngx_http_pserver_chain_fly(ngx_http_pserver_chain_flight_t *flight)
{
    flight->round = NGX_HTTP_PSERVER_CHAIN_HEAD;

    return ngx_http_pserver_chain_question(flight);
}


ngx_msec_t
ngx_http_pserver_chain_left(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (flight->deadline - ngx_current_msec);

    return left > 0 ? left : 1;
}


/* sends the question of flight->round */

static ngx_int_t
ngx_http_pserver_chain_question(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_exchange_create(flight->plcf->chain_loc);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ex->timeout = ngx_http_pserver_chain_left(flight);
    ex->handler = ngx_http_pserver_chain_step;
    ex->data = flight;

    if (ngx_http_pserver_chain_calls(flight, ex) != NGX_OK) {
        ngx_destroy_pool(ex->pool);
        return NGX_ERROR;
    }

    ngx_http_pserver_exchange_send(ex);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_calls(ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_exchange_t *ex)
{
    size_t                           i;
    pserver_facts_t                 *facts;
    ngx_http_pserver_contracts_t    *contracts;
    ngx_http_pserver_chain_calls_t   calls;

    facts = &flight->facts;
    contracts = &flight->key.contracts;

    ngx_memzero(calls.call, sizeof(calls.call));
    calls.n = 0;

    switch (flight->round) {

    case NGX_HTTP_PSERVER_CHAIN_HEAD:
        calls.call[calls.n++].method = PSERVER_JSONRPC_CHAIN_ID;
        calls.call[calls.n++].method = PSERVER_JSONRPC_HEAD;
        break;

    case NGX_HTTP_PSERVER_CHAIN_RECORD:
        ngx_http_pserver_chain_call(flight, &calls, &contracts->permissions,
                                    PSERVER_ABI_PERMISSIONS,
                                    &flight->key.word);
        break;

    case NGX_HTTP_PSERVER_CHAIN_SET:
        ngx_http_pserver_chain_call(flight, &calls, &contracts->grantees,
                                    PSERVER_ABI_GRANTEES_V2,
                                    &facts->grantee_id);

        for (i = 0; i < pserver_facts_read(facts); i++) {
            ngx_http_pserver_chain_call(flight, &calls, &contracts->registry,
                                        PSERVER_ABI_FILES,
                                        &facts->file[i].id);
        }

        break;

    case NGX_HTTP_PSERVER_CHAIN_OLD:
        ngx_http_pserver_chain_call(flight, &calls, &contracts->grantees,
                                    PSERVER_ABI_GRANTEES,
                                    &facts->grantee_id);
        break;

    default: /* NGX_HTTP_PSERVER_CHAIN_ID */
        ngx_http_pserver_chain_call(flight, &calls, &contracts->grantees,
                                    PSERVER_ABI_GRANTEE_ID,
                                    &flight->key.word);
        break;
    }

    /* ids that no other answer on this connection is likely to have */

    flight->id = ((uint64_t) ngx_random() << 8) + 1;
    flight->calls = calls.n;

    ex->method = NGX_HTTP_POST;
    ngx_str_set(&ex->type, "application/json");
    ex->limit = NGX_HTTP_PSERVER_CHAIN_ANSWER;

    ex->body.data = ngx_pnalloc(ex->pool,
                                pserver_jsonrpc_len(calls.call, calls.n));
    if (ex->body.data == NULL) {
        return NGX_ERROR;
    }

    ex->body.len = pserver_jsonrpc_request(ex->body.data, calls.call, calls.n,
                                           flight->id)
                   - ex->body.data;

    return NGX_OK;
}


static void
ngx_http_pserver_chain_call(ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    pserver_abi_function_e function, const pserver_word_t *arg)
{
    pserver_jsonrpc_call_t  *call;

    call = &calls->call[calls->n];

    call->method = PSERVER_JSONRPC_CALL;
    call->to = to;
    call->data = calls->data[calls->n];
    call->len = pserver_abi_call(calls->data[calls->n], function, arg);
    call->block = &flight->facts.block_hash;

    calls->n++;
}


/* an answer has come, or will not come */

static void
ngx_http_pserver_chain_step(ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                         rc;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = ex->data;

    rc = ngx_http_pserver_chain_answer(flight, ex);

    if (rc == NGX_AGAIN) {
        rc = ngx_http_pserver_chain_question(flight);
        if (rc == NGX_OK) {
            return;
        }
    }

    if (rc == NGX_OK && flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION)
    {
        rc = ngx_http_pserver_chain_grant(flight, flight->landed);
        if (rc == NGX_AGAIN) {
            return;
        }
    }

    flight->landed(flight, rc);
}


/*
 * Reads it.  NGX_AGAIN: there is another round, which is set; NGX_OK: what
 * the chain says is whole; NGX_ERROR: this was no answer.
 */

static ngx_int_t
ngx_http_pserver_chain_answer(ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                  rc;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   answers[NGX_HTTP_PSERVER_CHAIN_CALLS];

    if (ex->rc != NGX_OK || ex->status != NGX_HTTP_OK) {
        return ngx_http_pserver_chain_no_answer(flight, "no whole answer");
    }

    if (pserver_jsonrpc_response(ex->answer.data, ex->answer.len, flight->id,
                                 answers, flight->calls, &doc)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(flight,
                                                "not what was asked for");
    }

    switch (flight->round) {

    case NGX_HTTP_PSERVER_CHAIN_HEAD:
        rc = ngx_http_pserver_chain_head(flight, answers);
        break;

    case NGX_HTTP_PSERVER_CHAIN_RECORD:
        rc = ngx_http_pserver_chain_record(flight, answers);
        break;

    case NGX_HTTP_PSERVER_CHAIN_SET:
        rc = ngx_http_pserver_chain_set(flight, answers);
        break;

    case NGX_HTTP_PSERVER_CHAIN_OLD:
        rc = ngx_http_pserver_chain_old(flight, answers);
        break;

    default: /* NGX_HTTP_PSERVER_CHAIN_ID */
        rc = ngx_http_pserver_chain_id(flight, answers);
        break;
    }

    pserver_json_free(doc);

    return rc;
}


static ngx_int_t
ngx_http_pserver_chain_head(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer)
{
    uint64_t                  chain_id, now;
    pserver_jsonrpc_block_t   block;

    if (pserver_jsonrpc_quantity(answer[0].result, &chain_id) != PSERVER_OK
        || pserver_jsonrpc_block(answer[1].result, &block) != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(flight, "no head");
    }

    if (chain_id != flight->key.chain_id) {
        return ngx_http_pserver_chain_no_answer(flight, "another chain");
    }

    now = ngx_time();

    if (flight->plcf->chain_stale
        && block.time < now
        && now - block.time > flight->plcf->chain_stale / 1000)
    {
        return ngx_http_pserver_chain_no_answer(flight,
                                                "a head that stands still");
    }

    if (ngx_http_pserver_chain_head_seen(chain_id, block.number) != NGX_OK) {
        return ngx_http_pserver_chain_no_answer(flight,
                                                "a head that goes back");
    }

    flight->facts.block = block.number;
    flight->facts.block_hash = block.hash;

    flight->round = (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION)
                    ? NGX_HTTP_PSERVER_CHAIN_RECORD
                    : NGX_HTTP_PSERVER_CHAIN_ID;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_pserver_chain_record(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer)
{
    size_t                     i;
    pserver_str_t              bytes;
    pserver_facts_t           *facts;
    pserver_abi_permission_t   permission;

    facts = &flight->facts;

    if (ngx_http_pserver_chain_bytes(flight, answer, &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pserver_abi_permission(bytes.data, bytes.len, &permission)
        != PSERVER_OK
        || ngx_memcmp(&permission.id, &flight->key.word,
                      sizeof(pserver_word_t))
           != 0)
    {
        return ngx_http_pserver_chain_no_answer(flight, "no permission");
    }

    facts->id = permission.id;
    facts->grantor = permission.grantor;
    facts->grantee_id = permission.grantee_id;
    facts->start_block = permission.start_block;
    facts->end_block = permission.end_block;
    facts->files = permission.files;

    if (permission.grant.len <= PSERVER_FACTS_URL_MAX) {
        facts->url = permission.grant;
    }

    for (i = 0; i < pserver_facts_read(facts); i++) {
        ngx_memcpy(facts->file[i].id.bytes,
                   permission.file_ids + i * sizeof(pserver_word_t),
                   sizeof(pserver_word_t));
    }

    if (pserver_facts_none(&facts->grantor)) {
        facts->files = 0;
        return NGX_OK;
    }

    flight->round = NGX_HTTP_PSERVER_CHAIN_SET;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_pserver_chain_set(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer)
{
    size_t                  i;
    pserver_str_t           bytes;
    pserver_facts_t        *facts;
    pserver_abi_file_t      file;
    pserver_abi_grantee_t   grantee;

    facts = &flight->facts;

    for (i = 0; i < pserver_facts_read(facts); i++) {

        if (ngx_http_pserver_chain_bytes(flight, &answer[i + 1], &bytes)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (pserver_abi_file(bytes.data, bytes.len, &file) != PSERVER_OK
            || ngx_memcmp(&file.id, &facts->file[i].id,
                          sizeof(pserver_word_t))
               != 0)
        {
            return ngx_http_pserver_chain_no_answer(flight, "no file");
        }

        facts->file[i].owner = file.owner;

        if (file.url.len <= PSERVER_FACTS_URL_MAX) {
            facts->file[i].url = file.url;
        }
    }

    /* a contract that has no V2 reverts, without a word */

    if (answer[0].result == NULL && answer[0].revert.len == 0) {
        flight->round = NGX_HTTP_PSERVER_CHAIN_OLD;
        return NGX_AGAIN;
    }

    if (ngx_http_pserver_chain_bytes(flight, &answer[0], &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pserver_abi_grantee_v2(bytes.data, bytes.len, &grantee)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(flight, "no grantee");
    }

    facts->grantee = grantee.address;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_old(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer)
{
    pserver_str_t          bytes;
    pserver_abi_grantee_t  grantee;

    if (ngx_http_pserver_chain_bytes(flight, answer, &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pserver_abi_grantee(bytes.data, bytes.len, &grantee) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(flight, "no grantee");
    }

    flight->facts.grantee = grantee.address;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_id(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer)
{
    pserver_str_t  bytes;

    if (ngx_http_pserver_chain_bytes(flight, answer, &bytes) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pserver_abi_uint(bytes.data, bytes.len, &flight->facts.grantee_id)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(flight, "no id");
    }

    return NGX_OK;
}


/* what a call returned; it lives as long as the flight */

static ngx_int_t
ngx_http_pserver_chain_bytes(ngx_http_pserver_chain_flight_t *flight,
    pserver_jsonrpc_answer_t *answer, pserver_str_t *bytes)
{
    size_t  cap;

    if (answer->result == NULL) {
        return ngx_http_pserver_chain_no_answer(flight, "an error");
    }

    cap = answer->result->value.len / 2;

    bytes->data = ngx_pnalloc(flight->pool, cap + 1);
    if (bytes->data == NULL) {
        return NGX_ERROR;
    }

    if (pserver_jsonrpc_bytes(answer->result, bytes->data, cap, &bytes->len)
        != PSERVER_OK
        || bytes->len == 0)
    {
        return ngx_http_pserver_chain_no_answer(flight, "no bytes");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_no_answer(ngx_http_pserver_chain_flight_t *flight,
    const char *what)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pserver: the chain node gave %s in round %d", what,
                  (int) flight->round);

    return NGX_ERROR;
}
