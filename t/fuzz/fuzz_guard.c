/*
 * Calls to an engine: lines of method, URI and upgrade, and the body.  What
 * passes is of the container of a job, or a list by the label.
 */

#include <stdlib.h>
#include <string.h>

#include "core/guard.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static pserver_str_t
line(const uint8_t **data, size_t *size)
{
    size_t          n;
    pserver_str_t   text;
    const uint8_t  *end;

    end = memchr(*data, '\n', *size);
    n = end ? (size_t) (end - *data) : *size;

    text.data = (u_char *) *data;
    text.len = n;

    n += (end != NULL);
    *data += n;
    *size -= n;

    return text;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_container_t         op;
    const pserver_container_t  *offered = &op;
    pserver_guard_call_t        call;

    static const pserver_str_t  name = pserver_string("word_count");
    static const pserver_str_t  image = pserver_string("sha256:"
                                 "0123456789abcdef0123456789abcdef"
                                 "0123456789abcdef0123456789abcdef");

    pserver_container_defaults(&op);

    op.name = name;
    op.image = image;

    call.method = line(&data, &size);
    call.uri = line(&data, &size);
    call.upgrade = line(&data, &size);
    call.body.data = (u_char *) data;
    call.body.len = size;

    if (pserver_guard_check(&call, &offered, 1) == PSERVER_GUARD_PASS
        && ((memmem(call.uri.data, call.uri.len, "pserver-", 8) == NULL
             && memmem(call.uri.data, call.uri.len, "pserver.instance%3D", 19)
                == NULL)
            || memmem(call.uri.data, call.uri.len, "..", 2)
            || pserver_guard_creates(&call) != (size != 0)))
    {
        abort();
    }

    return 0;
}
