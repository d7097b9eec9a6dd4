/*
 * Random values against RFC 8439, A.1: the key stream, of which the first
 * bytes are the next key and the others are the values.
 */

#include "core/encode.h"
#include "core/random.h"

#include "test.h"


static void
known(u_char *dst, const char *text)
{
    pserver_str_t  str;

    str.data = (u_char *) text;
    str.len = 64;

    CHECK_INT(pserver_hex_decode(dst, 32, str), PSERVER_OK);
}


TEST(stream)
{
    u_char            out[64], known_bytes[32];
    pserver_random_t  random;

    memset(&random, 0, sizeof(random));
    pserver_random_bytes(&random, out, 24);
    pserver_random_bytes(&random, out + 24, 40);

    known(known_bytes, "76b8e0ada0f13d90405d6ae55386bd28"
                       "bdd219b8a08ded1aa836efcc8b770dc7");
    CHECK_MEM(random.buf, known_bytes, 32);

    known(known_bytes, "da41597c5157488d7724e03fb8d84a37"
                       "6a43b8f41518a11cc387b669b2ee6586");
    CHECK_MEM(out, known_bytes, 32);

    known(known_bytes, "9f07e7be5551387a98ba977c732d080d"
                       "cb0f29a048e3656912c6533e32ee7aed");
    CHECK_MEM(out + 32, known_bytes, 32);
}


/* what was given out is nowhere in it any more */

TEST(nothing_is_kept)
{
    size_t            i;
    u_char            out[PSERVER_RANDOM_BUF_LEN], zeros[100] = { 0 };
    u_char            key[PSERVER_RANDOM_KEY_LEN];
    pserver_random_t  random;

    pserver_random_init(&random);
    memcpy(key, random.buf, sizeof(key));

    pserver_random_bytes(&random, out, 100);
    CHECK_MEM(random.buf + sizeof(key), zeros, 100);
    CHECK(memcmp(key, random.buf, sizeof(key)) != 0);

    /* the next buffer has another key */

    memcpy(key, random.buf, sizeof(key));
    pserver_random_bytes(&random, out, sizeof(out));
    CHECK(memcmp(key, random.buf, sizeof(key)) != 0);

    for (i = 0; i + 8 < sizeof(out); i++) {
        CHECK(memcmp(random.buf + sizeof(random.buf) - random.left, out + i,
                     8)
              != 0);
    }
}


/* the values do not depend on how many are asked for at once */

TEST(over_the_end_of_a_buffer)
{
    size_t            i;
    u_char            a[3 * PSERVER_RANDOM_BUF_LEN], b[sizeof(a)];
    pserver_random_t  random, other;

    pserver_random_init(&random);
    other = random;

    pserver_random_bytes(&random, a, sizeof(a));

    for (i = 0; i < sizeof(b); i += 96) {
        pserver_random_bytes(&other, b + i, 96);
    }

    CHECK_MEM(a, b, sizeof(a));
}


TEST(no_two_are_the_same)
{
    u_char            a[40], b[40];
    pserver_random_t  random, other;

    pserver_random_init(&random);
    pserver_random_init(&other);
    CHECK(memcmp(random.buf, other.buf, PSERVER_RANDOM_KEY_LEN) != 0);

    other = random;

    pserver_random_bytes(&random, a, sizeof(a));
    pserver_random_bytes(&other, b, sizeof(b));
    CHECK_MEM(a, b, sizeof(a));

    pserver_random_bytes(&random, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
}


TEST_MAIN
