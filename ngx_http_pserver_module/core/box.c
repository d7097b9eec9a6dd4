/*
 * A box: one small record, sealed whole.
 */

#include "box.h"

#include <sodium.h>


void
pserver_box_seal(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad)
{
    randombytes_buf(out, PSERVER_BOX_NONCE_LEN);

    pserver_box_seal_nonce(out, in, len, key, ad);
}


void
pserver_box_seal_nonce(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad)
{
    (void) crypto_aead_xchacha20poly1305_ietf_encrypt(
               out + PSERVER_BOX_NONCE_LEN, NULL, in, len,
               ad.data, ad.len, NULL, out, key);
}


int
pserver_box_open(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad)
{
    if (len < PSERVER_BOX_OVERHEAD) {
        return PSERVER_INVALID;
    }

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
            in + PSERVER_BOX_NONCE_LEN, len - PSERVER_BOX_NONCE_LEN,
            ad.data, ad.len, in, key)
        != 0)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}
