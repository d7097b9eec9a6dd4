/*
 * A record: what was read is written again, byte for byte the same.
 */

#include <stdlib.h>
#include <string.h>

#include "core/record.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                rc;
    size_t             used;
    u_char            *copy;
    u_char             leaf[32];
    pserver_record_t   record;

    rc = pserver_record_parse(&record, leaf, &used, data, size);

    if (rc != PSERVER_OK) {
        return 0;
    }

    copy = malloc(used);

    if (pserver_record_write(copy, &record, leaf) != copy + used
        || memcmp(copy, data, used) != 0)
    {
        abort();
    }

    free(copy);

    return 0;
}
