/*
 * URLs that somebody else has chosen.
 */

#include <stdlib.h>
#include <string.h>

#include "core/https.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t    url;
    pserver_https_t  https;

    url.data = (u_char *) data;
    url.len = size;

    if (pserver_https_parse(url, &https) != PSERVER_OK) {
        return 0;
    }

    /* the parts are the whole, and nothing in it ends a header or a host */

    if (https.authority.len + https.path.len + 8 != size
        || https.host.len == 0
        || https.host.len > https.authority.len
        || https.port == 0
        || https.port > 65535
        || memchr(data, '\r', size)
        || memchr(data, '\n', size)
        || memchr(data, ' ', size)
        || memchr(https.authority.data, '@', https.authority.len))
    {
        abort();
    }

    (void) pserver_https_public(data, size < 16 ? 4 : 16);

    return 0;
}
