/*
 * The text of a signature.  What is accepted is the same signature when it
 * is written and read again, and its malleable twin is refused.
 */

#include <stdlib.h>
#include <string.h>

#include "core/eth.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                      text[PSERVER_SIGNATURE_LEN];
    pserver_str_t               str;
    pserver_word_t              digest;
    pserver_address_t           address;
    pserver_signature_t         signature, again;

    static secp256k1_context   *secp;

    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    str.data = (u_char *) data;
    str.len = size;

    (void) pserver_address_parse(&address, str);

    if (pserver_signature_parse(&signature, str) != PSERVER_SIGNATURE_OK) {
        return 0;
    }

    str.data = text;
    str.len = (size_t) (pserver_signature_format(text, &signature) - text);

    if (str.len != sizeof(text)
        || pserver_signature_parse(&again, str) != PSERVER_SIGNATURE_OK
        || memcmp(&again, &signature, sizeof(signature)) != 0
        || signature.rs[32] > 0x7f)
    {
        abort();
    }

    memset(&digest, 1, sizeof(digest));

    (void) pserver_signature_recover(secp, &signature, &digest, &address);

    return 0;
}
