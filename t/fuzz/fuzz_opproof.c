/*
 * Proofs of operations: what was read is written and reads the same, and
 * none holds, since nobody has signed a checkpoint; the line about the last
 * anchor, after an "a".
 */

#include <stdlib.h>
#include <string.h>

#include "core/anchored.h"
#include "core/opproof.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_anchored(const uint8_t *data, size_t size);
static void fuzz_write(const pserver_opproof_t *proof);


static const pserver_json_limits_t  limits = { 4, 256 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                public_key[32] = { 1 };
    pserver_str_t         name = pserver_string("pserver/0123456789abcdef");
    pserver_json_doc_t   *doc;
    pserver_note_key_t    key;
    pserver_entry_view_t  view;
    pserver_checkpoint_t  checkpoint;

    static pserver_opproof_t  proof;

    if (size && data[0] == 'a') {
        fuzz_anchored(data + 1, size - 1);
        return 0;
    }

    if (pserver_json_parse(data, size, &limits, &doc) != PSERVER_OK) {
        return 0;
    }

    if (pserver_opproof_parse(&proof, pserver_json_root(doc)) == PSERVER_OK) {

        fuzz_write(&proof);

        if (pserver_note_key(&key, name, public_key) != PSERVER_OK
            || pserver_opproof_verify(&proof, &key, &view, &checkpoint)
               == PSERVER_OPPROOF_OK)
        {
            abort();
        }
    }

    pserver_json_free(doc);

    return 0;
}


static void
fuzz_write(const pserver_opproof_t *proof)
{
    size_t               len;
    u_char              *text, *again, *end;
    pserver_json_doc_t  *doc;

    static pserver_opproof_t  back;

    len = pserver_opproof_len(proof);
    text = malloc(len);
    again = malloc(len);

    end = pserver_opproof_write(text, proof);

    if ((size_t) (end - text) > len
        || pserver_json_parse(text, end - text, &limits, &doc) != PSERVER_OK
        || pserver_opproof_parse(&back, pserver_json_root(doc)) != PSERVER_OK
        || pserver_opproof_write(again, &back) - again != end - text
        || memcmp(text, again, end - text) != 0)
    {
        abort();
    }

    pserver_json_free(doc);
    free(text);
    free(again);
}


static void
fuzz_anchored(const uint8_t *data, size_t size)
{
    u_char              text[PSERVER_ANCHORED_MAX];
    pserver_str_t       str;
    pserver_anchored_t  anchor;

    str.data = (u_char *) data;
    str.len = size;

    if (pserver_anchored_parse(&anchor, str) == PSERVER_OK
        && (pserver_anchored_write(text, &anchor) - text
            != (ptrdiff_t) size))
    {
        abort();
    }

    (void) pserver_anchored_result(&anchor, data, size);
}
