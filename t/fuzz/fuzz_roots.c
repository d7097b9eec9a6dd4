/*
 * The root file, and the key file of an owner.
 */

#include "core/keys.h"

#include <stdlib.h>


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t             n, used;
    pserver_str_t      text;
    pserver_keys_t     keys;
    pserver_root_t     roots[PSERVER_ROOTS_MAX];
    pserver_address_t  owner = { { 0 } };

    text.data = (u_char *) data;
    text.len = len;

    if (pserver_roots_parse(roots, &n, text) == PSERVER_OK) {
        if (n == 0 || n > PSERVER_ROOTS_MAX || roots[n - 1].id == 0) {
            abort();
        }
    }

    roots[0].id = 1;

    if (pserver_keys_unwrap(&keys, &used, text, roots, 1, 0, &owner)
        == PSERVER_OK)
    {
        abort();
    }

    return 0;
}
