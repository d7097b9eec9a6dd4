/*
 * SHA-256 and HMAC-SHA256.
 *
 * EVP allocates a context and looks up its algorithm, which takes several
 * times as long as a short hash; so these are the functions below it.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "sha256.h"

#include <string.h>
#include <sodium.h>


void
pserver_sha256_init(pserver_sha256_t *sha)
{
    (void) SHA256_Init(&sha->state);
}


void
pserver_sha256_update(pserver_sha256_t *sha, const void *data, size_t len)
{
    (void) SHA256_Update(&sha->state, data, len);
}


void
pserver_sha256_final(pserver_sha256_t *sha, u_char out[PSERVER_SHA256_LEN])
{
    (void) SHA256_Final(out, &sha->state);

    sodium_memzero(sha, sizeof(pserver_sha256_t));
}


void
pserver_hmac_init(pserver_hmac_t *hmac, const u_char *key, size_t len)
{
    size_t  i;
    u_char  pad[SHA256_CBLOCK];

    memset(pad, 0, sizeof(pad));

    if (len > sizeof(pad)) {
        pserver_sha256_init(&hmac->inner);
        pserver_sha256_update(&hmac->inner, key, len);
        pserver_sha256_final(&hmac->inner, pad);

    } else if (len != 0) {
        memcpy(pad, key, len);
    }

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36;
    }

    pserver_sha256_init(&hmac->inner);
    pserver_sha256_update(&hmac->inner, pad, sizeof(pad));

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    pserver_sha256_init(&hmac->outer);
    pserver_sha256_update(&hmac->outer, pad, sizeof(pad));

    sodium_memzero(pad, sizeof(pad));
}


void
pserver_hmac_update(pserver_hmac_t *hmac, const void *data, size_t len)
{
    pserver_sha256_update(&hmac->inner, data, len);
}


void
pserver_hmac_final(pserver_hmac_t *hmac, u_char out[PSERVER_SHA256_LEN])
{
    u_char  hash[PSERVER_SHA256_LEN];

    pserver_sha256_final(&hmac->inner, hash);

    pserver_sha256_update(&hmac->outer, hash, sizeof(hash));
    pserver_sha256_final(&hmac->outer, out);

    sodium_memzero(hash, sizeof(hash));
}


void
pserver_hmac(u_char out[PSERVER_SHA256_LEN], const u_char *key,
    size_t key_len, const void *data, size_t len)
{
    pserver_hmac_t  hmac;

    pserver_hmac_init(&hmac, key, key_len);
    pserver_hmac_update(&hmac, data, len);
    pserver_hmac_final(&hmac, out);
}
