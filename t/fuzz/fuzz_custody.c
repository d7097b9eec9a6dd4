/*
 * Bodies that bring the owner's own key, and the boxes in them; the file of
 * keys.  What is taken keeps its bounds.
 */

#include "core/custody.h"
#include "core/keys.h"

#include <stdlib.h>
#include <string.h>


#define FUZZ_MAX  86400


static secp256k1_context  *secp;

static const u_char        server[32] = { 7 };


static void
fuzz_body(pserver_str_t text)
{
    u_char                  key[PSERVER_CUSTODY_KEY_LEN];
    pserver_custody_body_t  body;

    if (pserver_custody_parse_unlock(&body, text, FUZZ_MAX) == PSERVER_OK) {

        if (body.seconds == 0 || body.seconds > FUZZ_MAX
            || body.has_current)
        {
            abort();
        }

        (void) pserver_custody_open(secp, key, body.key, server);
    }

    if (pserver_custody_parse_set(&body, text) == PSERVER_OK) {
        (void) pserver_custody_open(secp, key, body.key, server);
        (void) pserver_custody_epoch(body.wrap);
    }
}


static void
fuzz_file(pserver_str_t file)
{
    const u_char               *id, *wrap;
    pserver_keys_t              keys;
    static pserver_root_t       root;
    static const u_char         custody[PSERVER_CUSTODY_KEY_LEN];
    static pserver_address_t    owner;

    if (pserver_keys_owned(file, &id, &wrap) == PSERVER_OK
        && (id < file.data
            || wrap + PSERVER_CUSTODY_WRAP_LEN > file.data + file.len))
    {
        abort();
    }

    /* nobody has sealed one under these */

    if (pserver_keys_unwrap_owned(&keys, NULL, file, &root, 1, 1480, &owner,
                                  custody)
        == PSERVER_OK
        || pserver_keys_unwrap(&keys, NULL, file, &root, 1, 1480, &owner)
           == PSERVER_OK)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t  str;

    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    str.data = (u_char *) data;
    str.len = size;

    fuzz_body(str);
    fuzz_file(str);

    return 0;
}
