/*
 * CIDs, as text and as bytes.
 */

#include <stdlib.h>
#include <string.h>

#include "core/cid.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_cid_t  cid;
    pserver_str_t  input, rest;

    input.data = (u_char *) data;
    input.len = size;
    rest = input;

    (void) pserver_cid_parse(input, &cid);
    (void) pserver_cid_url(input, &rest, &cid);
    (void) pserver_cid_binary(input, &cid);

    rest = input;

    if (pserver_cid_skip(&rest) == PSERVER_OK
        && rest.data + rest.len != data + size)
    {
        abort();
    }

    return 0;
}
