/*
 * Random values against RFC 8439, A.1: the first block of the key stream is
 * the next key, the others are the value.
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
    u_char            out[32], key[32], value[32];
    pserver_random_t  random;

    memset(&random, 0, sizeof(random));
    pserver_random_bytes(&random, out, sizeof(out));

    known(key, "76b8e0ada0f13d90405d6ae55386bd28"
               "bdd219b8a08ded1aa836efcc8b770dc7");
    known(value, "9f07e7be5551387a98ba977c732d080d"
                 "cb0f29a048e3656912c6533e32ee7aed");

    CHECK_MEM(random.key, key, 32);
    CHECK_MEM(out, value, 32);
}


TEST(no_two_are_the_same)
{
    u_char            a[40], b[40], key[32];
    pserver_random_t  random, other;

    pserver_random_init(&random);
    pserver_random_init(&other);
    CHECK(memcmp(random.key, other.key, 32) != 0);

    memset(a, 0xff, sizeof(a));
    memset(b, 0, sizeof(b));
    other = random;

    pserver_random_bytes(&random, a, sizeof(a));
    pserver_random_bytes(&other, b, sizeof(b));
    CHECK_MEM(a, b, sizeof(a));

    pserver_random_bytes(&random, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);

    /* nothing is asked for: the key moves on all the same */

    memcpy(key, random.key, 32);
    pserver_random_bytes(&random, NULL, 0);
    CHECK(memcmp(key, random.key, 32) != 0);
}


TEST_MAIN
