/*
 * Many small random values.
 */

#include "random.h"

#include <string.h>

#include <sodium.h>


/* a key is used for one value, so there is one nonce */

static const u_char  pserver_random_nonce[12];


void
pserver_random_init(pserver_random_t *random)
{
    randombytes_buf(random->key, sizeof(random->key));
}


void
pserver_random_bytes(pserver_random_t *random, u_char *out, size_t len)
{
    u_char  next[sizeof(random->key)];

    /* the first block of the key stream is the next key's */

    (void) crypto_stream_chacha20_ietf(next, sizeof(next),
                                       pserver_random_nonce, random->key);

    if (len) {
        memset(out, 0, len);
        (void) crypto_stream_chacha20_ietf_xor_ic(out, out, len,
                                                  pserver_random_nonce, 1,
                                                  random->key);
    }

    memcpy(random->key, next, sizeof(next));
    sodium_memzero(next, sizeof(next));
}
