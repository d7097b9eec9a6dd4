/*
 * The last anchor of a log: its line ("l"), the contract's answer ("r"), and
 * an event in a node's list ("e", JSON); the first byte chooses.
 */

#include <stdlib.h>
#include <string.h>

#include "core/anchored.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_line(pserver_str_t text);
static void fuzz_result(pserver_str_t text);
static void fuzz_event(pserver_str_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char         *copy;
    pserver_str_t   text;

    if (size == 0) {
        return 0;
    }

    text.len = size - 1;
    text.data = copy = malloc(size);
    memcpy(copy, data + 1, text.len);

    switch (data[0]) {

    case 'l':
        fuzz_line(text);
        break;

    case 'r':
        fuzz_result(text);
        break;

    default:
        fuzz_event(text);
        break;
    }

    free(copy);

    return 0;
}


/* one line an anchor */

static void
fuzz_line(pserver_str_t text)
{
    u_char              out[PSERVER_ANCHORED_MAX], *end;
    pserver_anchored_t  anchor;

    if (pserver_anchored_parse(&anchor, text) != PSERVER_OK) {
        return;
    }

    end = pserver_anchored_write(out, &anchor);

    if (anchor.size == 0
        || (size_t) (end - out) != text.len
        || strncasecmp((char *) out, (char *) text.data, text.len) != 0)
    {
        abort();
    }
}


static void
fuzz_result(pserver_str_t text)
{
    pserver_anchored_t  anchor;

    if (pserver_anchored_result(&anchor, text.data, text.len) == PSERVER_OK
        && (anchor.size > INT64_MAX || anchor.block > INT64_MAX))
    {
        abort();
    }
}


static void
fuzz_event(pserver_str_t text)
{
    pserver_address_t    contract, sender;
    pserver_json_doc_t  *doc;
    pserver_anchored_t   anchor;

    static const u_char                 id[32];
    static const pserver_json_limits_t  limits = { 16, 256 };

    if (pserver_json_parse(text.data, text.len, &limits, &doc) != PSERVER_OK) {
        return;
    }

    memset(&contract, 0, sizeof(contract));
    memset(&sender, 0, sizeof(sender));

    if (pserver_anchored_event(&anchor, pserver_json_root(doc), &contract,
                               &sender, id)
        == PSERVER_OK
        && anchor.block != 0)
    {
        abort();
    }

    pserver_json_free(doc);
}
