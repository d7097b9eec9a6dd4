/*
 * A node's answer: the first byte says how many calls it should answer.
 */

#include <stdlib.h>

#include "core/jsonrpc.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                     i, n, len;
    u_char                     bytes[64];
    uint64_t                   number;
    pserver_json_doc_t        *doc;
    pserver_jsonrpc_log_t      log;
    pserver_jsonrpc_block_t    block;
    pserver_jsonrpc_answer_t   answers[4];

    if (size == 0) {
        return 0;
    }

    n = *data++ % 4 + 1;
    size--;

    if (pserver_jsonrpc_response(data, size, 1, answers, n, &doc)
        != PSERVER_OK)
    {
        return 0;
    }

    for (i = 0; i < n; i++) {

        if (!answers[i].seen) {
            abort();
        }

        (void) pserver_jsonrpc_quantity(answers[i].result, &number);
        (void) pserver_jsonrpc_block(answers[i].result, &block);

        if (pserver_jsonrpc_log(answers[i].result, &log) == PSERVER_OK
            && log.n > PSERVER_JSONRPC_TOPICS)
        {
            abort();
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
