/*
 * Receipts: what is read is written as something that reads the same.
 */

#include "core/receipt.h"

#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int same(pserver_str_t a, pserver_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   i;
    u_char               *text;
    size_t                len;
    pserver_word_t        one, two;
    pserver_receipt_t     receipt, again;
    pserver_json_doc_t   *doc, *written;

    static const pserver_json_limits_t  limits = { 4, 256 };
    static const u_char                 digest[32];

    if (pserver_json_parse(data, size, &limits, &doc) != PSERVER_OK) {
        return 0;
    }

    if (pserver_receipt_parse(&receipt, pserver_json_root(doc))
        != PSERVER_OK)
    {
        pserver_json_free(doc);
        return 0;
    }

    text = malloc(pserver_receipt_len(&receipt));
    len = (size_t) (pserver_receipt_write(text, &receipt) - text);

    if (len > pserver_receipt_len(&receipt)
        || pserver_json_parse(text, len, &limits, &written) != PSERVER_OK
        || pserver_receipt_parse(&again, pserver_json_root(written))
           != PSERVER_OK)
    {
        abort();
    }

    pserver_eip712_receipt_digest(&one, &receipt.body);
    pserver_eip712_receipt_digest(&two, &again.body);

    if (memcmp(&one, &two, sizeof(one)) != 0
        || memcmp(&receipt.server, &again.server, sizeof(again.server)) != 0
        || memcmp(&receipt.signature, &again.signature,
                  sizeof(again.signature))
           != 0)
    {
        abort();
    }

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {
        if (!same(receipt.openings[i].value, again.openings[i].value)
            || memcmp(receipt.openings[i].key, again.openings[i].key, 32) != 0)
        {
            abort();
        }
    }

    (void) pserver_receipt_lists(receipt.openings[2].value, digest,
                                 receipt.body.log);

    pserver_json_free(written);
    pserver_json_free(doc);
    free(text);

    return 0;
}


static int
same(pserver_str_t a, pserver_str_t b)
{
    return (a.data == NULL) == (b.data == NULL) && a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
