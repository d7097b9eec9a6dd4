/*
 * Origins: what is read is normal, so that reading it again changes nothing,
 * and lies within the input; its scheme, host and port are all there is.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/origin.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               port[sizeof(":65535")];
    size_t             scheme, len;
    pserver_str_t      text;
    pserver_origin_t   origin, again;
    pserver_origins_t  origins;

    text.data = (u_char *) data;
    text.len = size;

    if (pserver_origin_parse(&origin, text) != PSERVER_OK) {
        return 0;
    }

    scheme = (data[4] == 's') ? sizeof("https://") - 1
                              : sizeof("http://") - 1;

    len = origin.port ? (size_t) sprintf(port, ":%u", origin.port) : 0;

    if (origin.text.data != data
        || origin.text.len > size
        || origin.host.data != data + scheme
        || origin.host.len == 0
        || origin.text.len != scheme + origin.host.len + len
        || memcmp(origin.host.data + origin.host.len, port, len) != 0)
    {
        abort();
    }

    if (pserver_origin_parse(&again, origin.text) != PSERVER_OK
        || again.text.len != origin.text.len
        || again.host.len != origin.host.len
        || again.port != origin.port)
    {
        abort();
    }

    origins.elts = &again.text;
    origins.n = 1;

    if (!pserver_origins_have(&origins, origin.text)) {
        abort();
    }

    origin.text.len--;

    if (pserver_origins_have(&origins, origin.text)) {
        abort();
    }

    return 0;
}
