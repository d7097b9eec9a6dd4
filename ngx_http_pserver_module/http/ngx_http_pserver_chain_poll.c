/*
 * A poll of the watch:
 *
 *   HEAD ──► [ CHAIN ──► ] LOGS
 */


#include "ngx_http_pserver_chain_poll.h"
#include "../core/abi.h"


/* of a node's answer */
#define NGX_HTTP_PSERVER_WATCH_ANSWER  (8 * 1024 * 1024)


static ngx_int_t ngx_http_pserver_watch_head(
    ngx_http_pserver_watch_poll_t *poll, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_watch_chain(
    ngx_http_pserver_watch_poll_t *poll, pserver_jsonrpc_answer_t *answer);
static ngx_int_t ngx_http_pserver_watch_link(
    ngx_http_pserver_watch_poll_t *poll);
static ngx_int_t ngx_http_pserver_watch_logs(
    ngx_http_pserver_watch_poll_t *poll, pserver_jsonrpc_answer_t *answer);
static ngx_uint_t ngx_http_pserver_watch_saw(
    ngx_http_pserver_zone_watch_t *watch, uint64_t number,
    const pserver_word_t *hash);


ngx_int_t
ngx_http_pserver_watch_question(ngx_http_pserver_watch_poll_t *poll,
    ngx_http_pserver_exchange_handler_pt handler, void *data)
{
    ngx_uint_t                      i;
    ngx_msec_int_t                  left;
    pserver_jsonrpc_call_t         *call;
    pserver_jsonrpc_call_t          calls[NGX_HTTP_PSERVER_WATCH_BLOCKS];
    ngx_http_pserver_exchange_t    *ex;

    left = (ngx_msec_int_t) (poll->deadline - ngx_current_msec);

    ex = ngx_http_pserver_exchange_create(poll->node->location);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(calls, sizeof(calls));

    switch (poll->round) {

    case NGX_HTTP_PSERVER_WATCH_HEAD:
        calls[0].method = PSERVER_JSONRPC_CHAIN_ID;
        calls[1].method = PSERVER_JSONRPC_HEAD;
        poll->calls = 2;
        break;

    case NGX_HTTP_PSERVER_WATCH_CHAIN:
        poll->calls = poll->n - 1;

        for (i = 0; i < poll->calls; i++) {
            calls[i].method = PSERVER_JSONRPC_BLOCK;
            calls[i].number = poll->blocks[poll->n - 1].number - poll->calls
                              + i;
        }

        break;

    default: /* NGX_HTTP_PSERVER_WATCH_LOGS */
        poll->calls = poll->news.n;

        for (i = 0; i < poll->calls; i++) {
            call = &calls[i];

            call->method = PSERVER_JSONRPC_LOGS;
            call->to = &poll->plcf->contracts->permissions;
            call->block = &poll->news.blocks[i].hash;
            call->topics = pserver_abi_topics;
            call->n = PSERVER_ABI_TOPICS;
        }
    }

    poll->id = ((uint64_t) ngx_random() << 8) + 1;

    ex->method = NGX_HTTP_POST;
    ngx_str_set(&ex->type, "application/json");
    ex->limit = NGX_HTTP_PSERVER_WATCH_ANSWER;
    ex->timeout = ngx_max(left, 1);
    ex->handler = handler;
    ex->data = data;

    ex->body.data = ngx_pnalloc(ex->pool,
                                pserver_jsonrpc_len(calls, poll->calls));
    if (ex->body.data == NULL) {
        ngx_destroy_pool(ex->pool);
        return NGX_ERROR;
    }

    ex->body.len = pserver_jsonrpc_request(ex->body.data, calls, poll->calls,
                                           poll->id)
                   - ex->body.data;

    ngx_http_pserver_exchange_send(ex);

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_watch_answer(ngx_http_pserver_watch_poll_t *poll,
    ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                  rc;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_answer_t   answers[NGX_HTTP_PSERVER_WATCH_BLOCKS];

    if (ex->rc != NGX_OK
        || ex->status != NGX_HTTP_OK
        || pserver_jsonrpc_response(ex->answer.data, ex->answer.len, poll->id,
                                    answers, poll->calls, &doc)
           != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    switch (poll->round) {

    case NGX_HTTP_PSERVER_WATCH_HEAD:
        rc = ngx_http_pserver_watch_head(poll, answers);
        break;

    case NGX_HTTP_PSERVER_WATCH_CHAIN:
        rc = ngx_http_pserver_watch_chain(poll, answers);
        break;

    default: /* NGX_HTTP_PSERVER_WATCH_LOGS */
        rc = ngx_http_pserver_watch_logs(poll, answers);
    }

    pserver_json_free(doc);

    return rc;
}


static ngx_int_t
ngx_http_pserver_watch_head(ngx_http_pserver_watch_poll_t *poll,
    pserver_jsonrpc_answer_t *answer)
{
    uint64_t                      chain_id, now;
    pserver_jsonrpc_block_t       head;
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = poll->plcf;
    now = ngx_time();

    if (pserver_jsonrpc_quantity(answer[0].result, &chain_id) != PSERVER_OK
        || pserver_jsonrpc_block(answer[1].result, &head) != PSERVER_OK
        || chain_id != plcf->chain_id
        || head.number == 0
        || (plcf->chain_stale
            && head.time < now
            && now - head.time > plcf->chain_stale / 1000)
        || ngx_http_pserver_chain_head_seen(chain_id, head.number) != NGX_OK)
    {
        return NGX_ERROR;
    }

    poll->blocks[0] = head;
    poll->n = 1;

    return ngx_http_pserver_watch_link(poll);
}


static ngx_int_t
ngx_http_pserver_watch_chain(ngx_http_pserver_watch_poll_t *poll,
    pserver_jsonrpc_answer_t *answer)
{
    ngx_uint_t                i;
    pserver_jsonrpc_block_t  *block;

    block = poll->blocks;

    for (i = 0; i < poll->n; i++) {

        if (i < poll->calls
            && pserver_jsonrpc_block(answer[i].result, &block[i])
               != PSERVER_OK)
        {
            return NGX_ERROR;
        }

        if (i && (block[i].number != block[i - 1].number + 1
                  || ngx_memcmp(&block[i].parent, &block[i - 1].hash,
                                sizeof(pserver_word_t))
                     != 0))
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_pserver_watch_link(poll);
}


/*
 * Where the blocks meet what was seen before.  If they don't, more of them
 * are asked for: at first what lies between, then as far back as was seen.
 */

static ngx_int_t
ngx_http_pserver_watch_link(ngx_http_pserver_watch_poll_t *poll)
{
    uint64_t                        first, head, low;
    ngx_uint_t                      i;
    pserver_jsonrpc_block_t        *block;
    ngx_http_pserver_zone_watch_t  *old;

    old = &poll->old;
    block = poll->blocks;

    first = block[0].number;
    head = block[poll->n - 1].number;

    for (i = poll->n; i; i--) {
        if (ngx_http_pserver_watch_saw(old, block[i - 1].number,
                                       &block[i - 1].hash))
        {
            break;
        }
    }

    if (i || ngx_http_pserver_watch_saw(old, first - 1, &block[0].parent)) {

        poll->news.whole = 1;
        poll->news.fork = first + i - 1;
        poll->news.blocks = &block[i];
        poll->news.n = poll->n - i;

        if (poll->news.n) {
            poll->round = NGX_HTTP_PSERVER_WATCH_LOGS;
            return NGX_AGAIN;
        }

        /* a node that is behind knows nothing new */

        return head == old->number ? NGX_OK : NGX_ERROR;
    }

    low = old->number - old->blocks + 1;

    if (old->blocks && first > old->number + 1) {
        low = old->number + 1;
    }

    if (old->blocks == 0
        || low >= first
        || head - low >= NGX_HTTP_PSERVER_WATCH_BLOCKS)
    {
        goto lost;
    }

    block[head - low] = block[poll->n - 1];

    poll->n = head - low + 1;
    poll->round = NGX_HTTP_PSERVER_WATCH_CHAIN;

    return NGX_AGAIN;

lost:

    block[0] = block[poll->n - 1];

    poll->news.whole = 0;
    poll->news.fork = head - 1;
    poll->news.blocks = block;
    poll->news.n = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_watch_logs(ngx_http_pserver_watch_poll_t *poll,
    pserver_jsonrpc_answer_t *answer)
{
    ngx_uint_t                     i;
    pserver_word_t                 id;
    pserver_abi_event_e            event;
    const pserver_json_t          *item;
    pserver_jsonrpc_log_t          log;
    pserver_jsonrpc_block_t       *block;
    ngx_http_pserver_chain_log_t  *elt;

    for (i = 0; i < poll->calls; i++) {

        block = &poll->news.blocks[i];

        if (answer[i].result == NULL
            || answer[i].result->type != PSERVER_JSON_ARRAY)
        {
            return NGX_ERROR;
        }

        for (item = answer[i].result->child; item; item = item->next) {

            if (pserver_jsonrpc_log(item, &log) != PSERVER_OK
                || ngx_memcmp(&log.address,
                              &poll->plcf->contracts->permissions,
                              sizeof(pserver_address_t))
                   != 0
                || ngx_memcmp(&log.block, &block->hash, sizeof(pserver_word_t))
                   != 0
                || pserver_abi_event(log.topics, log.n, &event, &id)
                   != PSERVER_OK)
            {
                return NGX_ERROR;
            }

            elt = ngx_array_push(&poll->logs);
            if (elt == NULL) {
                return NGX_ERROR;
            }

            elt->number = block->number;
            elt->id = id;
        }
    }

    poll->news.logs = poll->logs.elts;
    poll->news.nlogs = poll->logs.nelts;

    return NGX_OK;
}


/* was this block seen? */

static ngx_uint_t
ngx_http_pserver_watch_saw(ngx_http_pserver_zone_watch_t *watch,
    uint64_t number, const pserver_word_t *hash)
{
    if (number > watch->number || watch->number - number >= watch->blocks) {
        return 0;
    }

    return ngx_memcmp(&watch->hash[number % NGX_HTTP_PSERVER_ZONE_BLOCKS],
                      hash, sizeof(pserver_word_t))
           == 0;
}
