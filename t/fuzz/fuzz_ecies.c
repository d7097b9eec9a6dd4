/*
 * Opening an ECIES box.  The first byte says what the rest is: the text of a
 * box; a box; changes to a good box, which must all be noticed; or what is to
 * be sealed and must come back.
 */

#include "core/ecies.h"

#include <stdlib.h>
#include <string.h>


static secp256k1_context  *secp;

static const u_char        key[32] = { 7 };


static int
fuzz_open(pserver_str_t box, pserver_str_t *plain)
{
    int     rc;
    size_t  room;

    room = box.len > PSERVER_ECIES_OVERHEAD
           ? box.len - PSERVER_ECIES_OVERHEAD : 1;

    plain->data = malloc(room);

    rc = pserver_ecies_open(secp, plain->data, &plain->len, box, key);

    if (rc != PSERVER_OK && plain->len != 0) {
        abort();
    }

    return rc;
}


static void
fuzz_text(pserver_str_t text)
{
    pserver_str_t  box, plain;

    box.data = malloc(text.len / 2 + 1);

    if (pserver_ecies_decode(&box, text) == PSERVER_OK) {
        (void) fuzz_open(box, &plain);
        free(plain.data);
    }

    free(box.data);
}


static void
fuzz_sealed(pserver_str_t in, pserver_str_t changes)
{
    int            rc;
    u_char         public_key[PSERVER_PUBLIC_KEY_LEN];
    size_t         i;
    pserver_str_t  box, good, plain;

    box.len = pserver_ecies_len(in.len);
    box.data = malloc(box.len);
    good.len = box.len;
    good.data = malloc(box.len);

    if (pserver_public_key(secp, public_key, key) != PSERVER_OK
        || pserver_ecies_seal(secp, box.data, in, public_key) != PSERVER_OK)
    {
        abort();
    }

    memcpy(good.data, box.data, box.len);

    for (i = 0; i + 3 <= changes.len; i += 3) {
        box.data[(size_t) (changes.data[i] << 8 | changes.data[i + 1])
                 % box.len] ^= changes.data[i + 2];
    }

    rc = fuzz_open(box, &plain);

    if (memcmp(box.data, good.data, box.len) != 0) {
        if (rc != PSERVER_INVALID) {
            abort();
        }

    } else if (rc != PSERVER_OK
               || plain.len != in.len
               || (in.len != 0 && memcmp(plain.data, in.data, in.len) != 0))
    {
        abort();
    }

    free(plain.data);
    free(good.data);
    free(box.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pserver_str_t              rest, plain;
    static const pserver_str_t none;
    static const pserver_str_t text = pserver_string("a passphrase");

    if (len == 0) {
        return 0;
    }

    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    rest.data = (u_char *) data + 1;
    rest.len = len - 1;

    switch (data[0] % 4) {

    case 0:
        fuzz_text(rest);
        break;

    case 1:
        (void) fuzz_open(rest, &plain);
        free(plain.data);
        break;

    case 2:
        fuzz_sealed(text, rest);
        break;

    default:
        fuzz_sealed(rest, none);
    }

    return 0;
}
