/*
 * If-Match and If-None-Match: what names a version strongly also does so
 * weakly, and only a valid header has any "*".
 */

#include <stdlib.h>

#include "core/etag.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t        header;
    static const u_char  id[PSERVER_ETAG_ID_LEN];

    header.data = (u_char *) data;
    header.len = size;

    if (pserver_etag_valid(header) != PSERVER_OK) {
        return 0;
    }

    if (size == 0
        || (pserver_etag_names(header, id, 1)
            && !pserver_etag_names(header, id, 0)))
    {
        abort();
    }

    return 0;
}
