/*
 * What a call returned: the first byte picks the decoder.  Every slice lies
 * within the input.
 */

#include <stdlib.h>

#include "core/abi.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
within(pserver_str_t str, const uint8_t *data, size_t size)
{
    if (str.data < data || (size_t) (str.data - data) > size
        || str.len > size - (size_t) (str.data - data))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned                  which;
    pserver_str_t             str;
    pserver_word_t            word;
    pserver_abi_file_t        file;
    pserver_abi_server_t      server;
    pserver_abi_grantee_t     grantee;
    pserver_abi_permission_t  permission;

    if (size == 0) {
        return 0;
    }

    which = *data++ % 8;
    size--;

    switch (which) {

    case 0:
        if (pserver_abi_permission(data, size, &permission) == PSERVER_OK) {
            within(permission.grant, data, size);
            str.data = (u_char *) permission.file_ids;
            str.len = permission.files * sizeof(pserver_word_t);
            within(str, data, size);
        }

        break;

    case 1:
        if (pserver_abi_grantee_v2(data, size, &grantee) == PSERVER_OK) {
            within(grantee.public_key, data, size);
        }

        break;

    case 2:
        if (pserver_abi_grantee(data, size, &grantee) == PSERVER_OK) {
            within(grantee.public_key, data, size);
        }

        break;

    case 3:
        if (pserver_abi_file(data, size, &file) == PSERVER_OK) {
            within(file.url, data, size);
        }

        break;

    case 4:
        if (pserver_abi_string(data, size, &str) == PSERVER_OK) {
            within(str, data, size);
        }

        break;

    case 5:
        if (pserver_abi_server(data, size, &server) == PSERVER_OK) {
            within(server.public_key, data, size);
            within(server.url, data, size);
        }

        break;

    case 6:
        if (pserver_abi_user_server(data, size, &server) == PSERVER_OK) {
            within(server.public_key, data, size);
            within(server.url, data, size);
        }

        break;

    default:
        (void) pserver_abi_uint(data, size, &word);
        break;
    }

    return 0;
}
