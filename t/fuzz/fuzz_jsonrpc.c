/*
 * A node's answer: the first byte says how many calls it should answer.  And
 * as many questions of the same bytes: what is written fits, and is JSON.
 */

#include <stdlib.h>
#include <string.h>

#include "core/jsonrpc.h"


#define CALLS  4


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
ask(const uint8_t *data, size_t size, size_t n)
{
    size_t                   i, len;
    u_char                   bytes[128], *body, *end;
    pserver_word_t           words[2];
    pserver_address_t        to;
    pserver_json_doc_t      *doc;
    pserver_json_limits_t    limits = { 16, 256 };
    pserver_jsonrpc_call_t   calls[CALLS];

    memset(bytes, 0, sizeof(bytes));

    if (size) {
        memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    }

    memcpy(to.bytes, bytes, sizeof(to.bytes));
    memcpy(words, bytes + sizeof(to.bytes), sizeof(words));

    for (i = 0; i < n; i++) {
        memset(&calls[i], 0, sizeof(calls[i]));
        memcpy(&calls[i].number, bytes + 8 * i, 8);

        calls[i].method = bytes[100 + i] % (PSERVER_JSONRPC_CALL + 1);
        calls[i].to = &to;
        calls[i].data = bytes;
        calls[i].len = bytes[104 + i] % 69;
        calls[i].topics = words;
        calls[i].n = bytes[108 + i] % 3;

        if (calls[i].method == PSERVER_JSONRPC_LOGS || bytes[112 + i] & 1) {
            calls[i].block = &words[0];
        }
    }

    len = pserver_jsonrpc_len(calls, n);
    body = malloc(len);

    if (body == NULL) {
        return;
    }

    end = pserver_jsonrpc_request(body, calls, n,
                                  ((uint64_t) 1 << 53) - CALLS);

    if ((size_t) (end - body) > len
        || pserver_json_parse(body, (size_t) (end - body), &limits, &doc)
           != PSERVER_OK)
    {
        abort();
    }

    if (n > 1 && pserver_json_root(doc)->count != n) {
        abort();
    }

    pserver_json_free(doc);
    free(body);
}


static void
take_log(const pserver_json_t *value)
{
    pserver_jsonrpc_log_t  log;

    if (pserver_jsonrpc_log(value, &log) == PSERVER_OK
        && log.n > PSERVER_JSONRPC_TOPICS)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                        refused;
    size_t                     i, n, len;
    u_char                     bytes[64];
    uint64_t                   number;
    pserver_json_doc_t        *doc;
    const pserver_json_t      *item;
    pserver_jsonrpc_block_t    block;
    pserver_jsonrpc_answer_t   answers[CALLS];

    if (size == 0) {
        return 0;
    }

    n = *data++ % CALLS + 1;
    size--;

    ask(data, size, n);

    refused = pserver_jsonrpc_refused(data, size);

    if (pserver_jsonrpc_response(data, size, 1, answers, n, &doc)
        != PSERVER_OK)
    {
        return 0;
    }

    /* of a batch: it can't be both */

    if (refused && n > 1) {
        abort();
    }

    for (i = 0; i < n; i++) {

        if (!answers[i].seen) {
            abort();
        }

        (void) pserver_jsonrpc_quantity(answers[i].result, &number);
        (void) pserver_jsonrpc_block(answers[i].result, &block);

        take_log(answers[i].result);

        if (answers[i].result) {
            for (item = answers[i].result->child; item; item = item->next) {
                take_log(item);
            }
        }

        if (pserver_jsonrpc_bytes(answers[i].result, bytes, sizeof(bytes),
                                  &len) == PSERVER_OK
            && len > sizeof(bytes))
        {
            abort();
        }
    }

    pserver_json_free(doc);

    return 0;
}
