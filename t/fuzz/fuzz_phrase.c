/*
 * A phrase: after a byte 0 entropy, whose phrase must be accepted, else the
 * text of one.
 */

#include <stdlib.h>
#include <string.h>

#include "core/phrase.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   i, word;
    u_char                   seed[PSERVER_SEED_LEN];
    u_char                   text[PSERVER_PHRASE_MAX];
    pserver_str_t            str;
    pserver_phrase_reason_e  reason;

    if (size > 16 && data[0] == 0) {
        size = (size - 1 < 32) ? (size - 1) / 4 * 4 : 32;

        str.data = text;
        str.len = (size_t) (pserver_phrase_from_entropy(text, data + 1, size)
                            - text);

        if (pserver_phrase_seed(seed, str, &word) != PSERVER_PHRASE_OK) {
            abort();
        }

        return 0;
    }

    str.data = (u_char *) data;
    str.len = size;

    reason = pserver_phrase_seed(seed, str, &word);

    if ((word != 0) != (reason == PSERVER_PHRASE_UNKNOWN_WORD)) {
        abort();
    }

    for (i = 0; i < sizeof(seed) && reason != PSERVER_PHRASE_OK; i++) {
        if (seed[i] != 0) {
            abort();
        }
    }

    return 0;
}
