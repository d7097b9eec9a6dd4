/*
 * How calls get to a node and back, see ngx_http_pserver_chain_reading.h.
 */


#include "ngx_http_pserver_chain_reading.h"


/* of a node's answer; a block with many transactions, many long URLs */
#define NGX_HTTP_PSERVER_CHAIN_ANSWER  (4 * 1024 * 1024)


struct ngx_http_pserver_chain_calls_s {
    pserver_jsonrpc_call_t            call[NGX_HTTP_PSERVER_CHAIN_CALLS];
    u_char                            data[NGX_HTTP_PSERVER_CHAIN_CALLS]
                                          [PSERVER_ABI_CALL_MAX];
    ngx_uint_t                        n;
};


static ngx_int_t ngx_http_pserver_chain_round(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_round_t *round);
static ngx_int_t ngx_http_pserver_chain_send(
    ngx_http_pserver_chain_reading_t *reading);
static ngx_int_t ngx_http_pserver_chain_body(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_chain_step(ngx_http_pserver_exchange_t *ex);
static ngx_int_t ngx_http_pserver_chain_answer(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_exchange_t *ex);
static ngx_int_t ngx_http_pserver_chain_take(
    ngx_http_pserver_chain_reading_t *reading,
    pserver_jsonrpc_answer_t *answers);
static ngx_uint_t ngx_http_pserver_chain_refused(
    ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_chain_head_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_head_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static void ngx_http_pserver_chain_block_calls(
    ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls);
static ngx_int_t ngx_http_pserver_chain_block_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_chain_after_take(
    ngx_http_pserver_chain_reading_t *reading, ngx_uint_t i,
    pserver_jsonrpc_answer_t *answer);


static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_head = {
    ngx_http_pserver_chain_head_calls,
    ngx_http_pserver_chain_head_take,
    NULL
};

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_block = {
    ngx_http_pserver_chain_block_calls,
    ngx_http_pserver_chain_block_take,
    NULL
};

/* the last one of facts that were read by number */

static ngx_http_pserver_chain_round_t  ngx_http_pserver_chain_after = {
    ngx_http_pserver_chain_block_calls,
    ngx_http_pserver_chain_after_take,
    NULL
};


ngx_int_t
ngx_http_pserver_chain_read_head(ngx_http_pserver_chain_reading_t *reading)
{
    return ngx_http_pserver_chain_round(reading,
                                        &ngx_http_pserver_chain_head);
}


ngx_int_t
ngx_http_pserver_chain_read_block(ngx_http_pserver_chain_reading_t *reading,
    uint64_t number)
{
    reading->height = number;

    return ngx_http_pserver_chain_round(reading,
                                        &ngx_http_pserver_chain_block);
}


ngx_int_t
ngx_http_pserver_chain_read_facts(ngx_http_pserver_chain_reading_t *reading)
{
    pserver_facts_t                  *facts;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = reading->flight;
    facts = &reading->facts;

    ngx_memzero(facts, sizeof(pserver_facts_t));

    facts->chain_id = flight->facts.chain_id;
    facts->observed = flight->facts.observed;
    facts->block = reading->at.number;
    facts->block_hash = reading->at.hash;

    reading->lacks = 0;
    reading->old = 0;
    reading->height = reading->at.number;
    reading->by_number = ngx_http_pserver_node_lacks(reading->node,
                                               NGX_HTTP_PSERVER_NODE_NO_HASH);

    return ngx_http_pserver_chain_round(reading,
                            ngx_http_pserver_chain_first(flight->key.kind));
}


void
ngx_http_pserver_chain_read_cancel(ngx_http_pserver_chain_reading_t *reading)
{
    if (reading->ex) {
        ngx_http_pserver_exchange_cancel(reading->ex);
        reading->ex = NULL;
    }
}


static ngx_int_t
ngx_http_pserver_chain_round(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_round_t *round)
{
    reading->round = round;
    reading->taken = 0;

    return ngx_http_pserver_chain_send(reading);
}


/* what of the round has no answer yet */

static ngx_int_t
ngx_http_pserver_chain_send(ngx_http_pserver_chain_reading_t *reading)
{
    ngx_msec_t                    left;
    ngx_msec_int_t                own;
    ngx_http_pserver_exchange_t  *ex;

    ex = ngx_http_pserver_exchange_create(reading->node->location);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    left = ngx_http_pserver_chain_left(reading->flight);
    own = (ngx_msec_int_t) (reading->deadline - ngx_current_msec);

    ex->timeout = ngx_min(left, (ngx_msec_t) ngx_max(own, 1));
    ex->handler = ngx_http_pserver_chain_step;
    ex->data = reading;
    ex->method = NGX_HTTP_POST;
    ngx_str_set(&ex->type, "application/json");
    ex->limit = NGX_HTTP_PSERVER_CHAIN_ANSWER;

    if (ngx_http_pserver_chain_body(reading, ex) != NGX_OK) {
        ngx_destroy_pool(ex->pool);
        return NGX_ERROR;
    }

    reading->ex = ex;

    ngx_http_pserver_exchange_send(ex);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_body(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_exchange_t *ex)
{
    pserver_jsonrpc_call_t          *call;
    ngx_http_pserver_chain_calls_t   calls;

    ngx_memzero(calls.call, sizeof(calls.call));
    calls.n = 0;

    reading->round->calls(reading, &calls);

    reading->total = calls.n;
    reading->sent = calls.n - reading->taken;

    if (ngx_http_pserver_node_lacks(reading->node,
                                    NGX_HTTP_PSERVER_NODE_NO_BATCH))
    {
        reading->sent = 1;
    }

    /* ids that no other answer on this connection is likely to have */

    reading->id = ((uint64_t) ngx_random() << 8) + 1;

    call = &calls.call[reading->taken];

    ex->body.data = ngx_pnalloc(ex->pool,
                                pserver_jsonrpc_len(call, reading->sent));
    if (ex->body.data == NULL) {
        return NGX_ERROR;
    }

    ex->body.len = pserver_jsonrpc_request(ex->body.data, call, reading->sent,
                                           reading->id)
                   - ex->body.data;

    return NGX_OK;
}


/* an answer has come, or will not come */

static void
ngx_http_pserver_chain_step(ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                          rc;
    ngx_http_pserver_chain_round_t    *round;
    ngx_http_pserver_chain_reading_t  *reading;

    reading = ex->data;
    reading->ex = NULL;

    rc = ngx_http_pserver_chain_answer(reading, ex);

    if (rc == NGX_AGAIN
        || (rc == NGX_OK && reading->taken < reading->total))
    {
        rc = ngx_http_pserver_chain_send(reading);
        if (rc == NGX_OK) {
            return;
        }
    }

    round = NULL;

    if (rc == NGX_OK && reading->round->next) {
        round = reading->round->next(reading);

        if (round == NULL && reading->by_number) {
            round = &ngx_http_pserver_chain_after;
        }
    }

    if (round) {
        rc = ngx_http_pserver_chain_round(reading, round);
        if (rc == NGX_OK) {
            return;
        }
    }

    reading->handler(reading, rc);
}


/* NGX_AGAIN: the node has to be asked in another way */

static ngx_int_t
ngx_http_pserver_chain_answer(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                  rc;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   answers[NGX_HTTP_PSERVER_CHAIN_CALLS];

    if (ex->rc != NGX_OK) {
        return ngx_http_pserver_chain_no_answer(reading,
                                ex->rc == NGX_HTTP_REQUEST_TIME_OUT
                                ? "no answer in time" : "no whole answer");
    }

    if (reading->sent > 1 && ngx_http_pserver_chain_refused(ex)) {
        ngx_http_pserver_node_learn(reading->node,
                                    NGX_HTTP_PSERVER_NODE_NO_BATCH);
        return NGX_AGAIN;
    }

    if (ex->status != NGX_HTTP_OK) {
        return ngx_http_pserver_chain_no_answer(reading,
                                                "another status than 200");
    }

    if (pserver_jsonrpc_response(ex->answer.data, ex->answer.len, reading->id,
                                 answers, reading->sent, &doc)
        != PSERVER_OK)
    {
        return ngx_http_pserver_chain_no_answer(reading,
                                                "not what was asked for");
    }

    rc = ngx_http_pserver_chain_take(reading, answers);

    pserver_json_free(doc);

    return rc;
}


static ngx_int_t
ngx_http_pserver_chain_take(ngx_http_pserver_chain_reading_t *reading,
    pserver_jsonrpc_answer_t *answers)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    /* "invalid params": it does not know what a block's hash is doing there;
       a block that it does not have is another error */

    for (i = 0; i < reading->sent; i++) {
        if (reading->round->next
            && !reading->by_number
            && answers[i].code.len == sizeof("-32602") - 1
            && ngx_memcmp(answers[i].code.data, "-32602",
                          sizeof("-32602") - 1)
               == 0)
        {
            ngx_http_pserver_node_learn(reading->node,
                                        NGX_HTTP_PSERVER_NODE_NO_HASH);
            reading->by_number = 1;
            return NGX_AGAIN;
        }
    }

    for (i = 0; i < reading->sent; i++) {
        rc = reading->round->take(reading, reading->taken, &answers[i]);

        if (rc != NGX_OK) {
            return rc;
        }

        reading->taken++;
    }

    return NGX_OK;
}


/* of a batch: there is no batch that this node takes */

static ngx_uint_t
ngx_http_pserver_chain_refused(ngx_http_pserver_exchange_t *ex)
{
    switch (ex->status) {

    case NGX_HTTP_OK:
        return pserver_jsonrpc_refused(ex->answer.data, ex->answer.len);

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
    case NGX_HTTP_NOT_IMPLEMENTED:
        return 1;

    default:
        return 0;
    }
}


static void
ngx_http_pserver_chain_head_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    calls->call[calls->n++].method = PSERVER_JSONRPC_CHAIN_ID;
    calls->call[calls->n++].method = PSERVER_JSONRPC_HEAD;
}


static ngx_int_t
ngx_http_pserver_chain_head_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    uint64_t                          chain_id, now;
    pserver_jsonrpc_block_t          *block;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = reading->flight;

    if (i == 0) {
        if (pserver_jsonrpc_quantity(answer->result, &chain_id) != PSERVER_OK)
        {
            return ngx_http_pserver_chain_no_answer(reading, "no chain id");
        }

        if (chain_id != flight->key.chain_id) {
            return ngx_http_pserver_chain_no_answer(reading,
                                                    "another chain's id");
        }

        return NGX_OK;
    }

    block = &reading->head;

    if (pserver_jsonrpc_block(answer->result, block) != PSERVER_OK) {
        return ngx_http_pserver_chain_no_answer(reading, "no head");
    }

    now = ngx_time();

    if (flight->plcf->chain_stale
        && block->time < now
        && now - block->time > flight->plcf->chain_stale / 1000)
    {
        return ngx_http_pserver_chain_no_answer(reading,
                                                "a head that stands still");
    }

    return NGX_OK;
}


static void
ngx_http_pserver_chain_block_calls(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls)
{
    pserver_jsonrpc_call_t  *call;

    call = &calls->call[calls->n++];

    call->method = PSERVER_JSONRPC_BLOCK;
    call->number = reading->height;
}


static ngx_int_t
ngx_http_pserver_chain_block_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    if (pserver_jsonrpc_block(answer->result, &reading->at) != PSERVER_OK
        || reading->at.number != reading->height)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no block");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_chain_after_take(ngx_http_pserver_chain_reading_t *reading,
    ngx_uint_t i, pserver_jsonrpc_answer_t *answer)
{
    pserver_jsonrpc_block_t  block;

    if (pserver_jsonrpc_block(answer->result, &block) != PSERVER_OK
        || ngx_memcmp(&block.hash, &reading->facts.block_hash,
                      sizeof(pserver_word_t))
           != 0)
    {
        reading->lacks = 1;
        return ngx_http_pserver_chain_no_answer(reading,
                                    "another block with the same number");
    }

    return NGX_OK;
}


void
ngx_http_pserver_chain_call(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    pserver_abi_function_e function, const pserver_word_t *args)
{
    pserver_jsonrpc_call_t  *call;

    call = &calls->call[calls->n];

    call->method = PSERVER_JSONRPC_CALL;
    call->to = to;
    call->data = calls->data[calls->n];
    call->len = pserver_abi_call(calls->data[calls->n], function, args);
    call->block = reading->by_number ? NULL : &reading->facts.block_hash;
    call->number = reading->facts.block;

    calls->n++;
}


void
ngx_http_pserver_chain_code(ngx_http_pserver_chain_reading_t *reading,
    ngx_http_pserver_chain_calls_t *calls, const pserver_address_t *to,
    const ngx_str_t *code, uint64_t gas)
{
    pserver_jsonrpc_call_t  *call;

    call = &calls->call[calls->n++];

    call->method = PSERVER_JSONRPC_CALL;
    call->to = to;
    call->data = code->data;
    call->len = code->len;
    call->gas = gas;
    call->block = reading->by_number ? NULL : &reading->facts.block_hash;
    call->number = reading->facts.block;
}


ngx_http_pserver_chain_round_t *
ngx_http_pserver_chain_last(ngx_http_pserver_chain_reading_t *reading)
{
    return NULL;
}


ngx_int_t
ngx_http_pserver_chain_bytes(ngx_http_pserver_chain_reading_t *reading,
    pserver_jsonrpc_answer_t *answer, pserver_str_t *bytes)
{
    size_t  cap;

    if (answer->result == NULL) {
        reading->lacks = 1;
        return ngx_http_pserver_chain_no_answer(reading, "an error");
    }

    cap = answer->result->value.len / 2;

    bytes->data = ngx_pnalloc(reading->flight->pool, cap + 1);
    if (bytes->data == NULL) {
        return NGX_ERROR;
    }

    if (pserver_jsonrpc_bytes(answer->result, bytes->data, cap, &bytes->len)
        != PSERVER_OK
        || bytes->len == 0)
    {
        return ngx_http_pserver_chain_no_answer(reading, "no bytes");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_chain_no_answer(ngx_http_pserver_chain_reading_t *reading,
    const char *what)
{
    reading->why = what;

    return NGX_DECLINED;
}
