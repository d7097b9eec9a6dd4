/*
 * Idempotency-Key: a key that is read is read again where it is quoted.
 */

#include "core/idempotency.h"

#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         i, len, n;
    u_char         key[PSERVER_IDEMPOTENCY_MAX];
    u_char         again[PSERVER_IDEMPOTENCY_MAX];
    u_char         text[2 * PSERVER_IDEMPOTENCY_MAX + 2];
    pserver_str_t  value;

    value.data = (u_char *) data;
    value.len = size;

    if (pserver_idempotency_parse(key, &len, value) != PSERVER_OK) {
        return 0;
    }

    value.data = text;
    value.len = 0;
    text[value.len++] = '"';

    for (i = 0; i < len; i++) {

        if (key[i] == '"' || key[i] == '\\') {
            text[value.len++] = '\\';
        }

        text[value.len++] = key[i];
    }

    text[value.len++] = '"';

    if (len == 0
        || pserver_idempotency_parse(again, &n, value) != PSERVER_OK
        || n != len
        || memcmp(again, key, len) != 0)
    {
        abort();
    }

    return 0;
}
