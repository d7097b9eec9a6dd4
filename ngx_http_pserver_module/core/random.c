/*
 * Many small random values.
 */

#include "random.h"

#include <string.h>

#include <sodium.h>


/* a key is used for one buffer, so there is one nonce */

static const u_char  pserver_random_nonce[12];


void
pserver_random_init(pserver_random_t *random)
{
    randombytes_buf(random->buf, PSERVER_RANDOM_KEY_LEN);

    random->left = 0;
}


void
pserver_random_bytes(pserver_random_t *random, u_char *out, size_t len)
{
    size_t   n;
    u_char  *p;
    u_char   key[PSERVER_RANDOM_KEY_LEN];

    while (len) {

        if (random->left == 0) {

            memcpy(key, random->buf, sizeof(key));

            (void) crypto_stream_chacha20_ietf(random->buf,
                                               sizeof(random->buf),
                                               pserver_random_nonce, key);

            sodium_memzero(key, sizeof(key));

            random->left = sizeof(random->buf) - sizeof(key);
        }

        n = (len < random->left) ? len : random->left;
        p = random->buf + sizeof(random->buf) - random->left;

        memcpy(out, p, n);
        sodium_memzero(p, n);

        random->left -= n;

        out += n;
        len -= n;
    }
}
