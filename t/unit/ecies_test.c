/*
 * ECIES boxes: known answers, what must be refused, ECDH at its edges.
 */

#include "core/ecies.h"
#include "vector.h"

#include <sodium.h>


static secp256k1_context  *secp;


static void
setup(void)
{
    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }
}


/* opens into memory of exactly the room that is promised */

static int
opens(pserver_str_t box, const u_char *key, pserver_str_t *plain)
{
    int     rc;
    size_t  i, room;

    room = box.len > PSERVER_ECIES_OVERHEAD
           ? box.len - PSERVER_ECIES_OVERHEAD : 0;

    plain->data = calloc(1, room ? room : 1);
    plain->len = 1;

    rc = pserver_ecies_open(secp, plain->data, &plain->len, box, key);

    if (rc != PSERVER_OK) {
        CHECK_INT(plain->len, 0);

        for (i = 0; i < room; i++) {
            if (!CHECK_INT(plain->data[i], 0)) {
                break;
            }
        }
    }

    return rc;
}


TEST(vectors)
{
    u_char                 key[32];
    size_t                 good, bad;
    pserver_str_t          text, box, plain, expected;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *c;

    setup();

    doc = vector_open("t/vectors/ecies.json");
    good = 0;
    bad = 0;

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        text = vector_str(c, "box");
        box.data = malloc(text.len / 2 + 1);

        CHECK_INT(pserver_ecies_decode(&box, text), PSERVER_OK);

        vector_bytes(key, 32, c, "privateKey");

        if (pserver_json_get(c, "error")) {
            bad++;

            if (!CHECK_INT(opens(box, key, &plain), PSERVER_INVALID)) {
                fprintf(stderr, "    %.*s\n",
                        (int) vector_str(c, "error").len,
                        (char *) vector_str(c, "error").data);
            }

        } else {
            good++;
            expected = vector_str(c, "plaintext");

            CHECK_INT(opens(box, key, &plain), PSERVER_OK);
            CHECK_INT(plain.len, expected.len);
            CHECK_MEM(plain.data, expected.data, expected.len);
        }

        free(box.data);
        free(plain.data);
    }

    CHECK_INT(good, 6);
    CHECK_INT(bad, 25);

    pserver_json_free(doc);
}


TEST(text)
{
    u_char         bytes[4];
    size_t         i;
    pserver_str_t  box, text;

    static const struct {
        const char  *text;
        int          rc;
    } cases[] = {
        { "", PSERVER_OK },
        { "0x", PSERVER_OK },
        { "c7096ABC", PSERVER_OK },
        { "0xc7096ABC", PSERVER_OK },
        { "0Xc7096A", PSERVER_INVALID },
        { "0", PSERVER_INVALID },
        { "0x0", PSERVER_INVALID },
        { "0x0x00", PSERVER_INVALID },
        { "c7096ab ", PSERVER_INVALID }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text.data = (u_char *) cases[i].text;
        text.len = strlen(cases[i].text);
        box.data = bytes;

        CHECK_INT(pserver_ecies_decode(&box, text), cases[i].rc);

        if (text.len >= 8 && cases[i].rc == PSERVER_OK) {
            CHECK_INT(box.len, 4);
            CHECK_MEM(bytes, "\xc7\x09\x6a\xbc", 4);
        }
    }
}


TEST(sealed_is_opened)
{
    u_char         key[32], public_key[65], data[100];
    size_t         i;
    pserver_str_t  in, box, twin, plain;

    setup();

    randombytes_buf(key, sizeof(key));
    randombytes_buf(data, sizeof(data));

    CHECK_INT(pserver_public_key(secp, public_key, key), PSERVER_OK);

    for (i = 0; i <= sizeof(data); i++) {
        in.data = data;
        in.len = i;

        box.len = pserver_ecies_len(i);
        box.data = malloc(box.len);
        twin.len = box.len;
        twin.data = malloc(box.len);

        CHECK_INT(pserver_ecies_seal(secp, box.data, in, public_key),
                  PSERVER_OK);
        CHECK_INT(pserver_ecies_seal(secp, twin.data, in, public_key),
                  PSERVER_OK);

        /* neither an iv nor an ephemeral key is used again */

        CHECK(memcmp(box.data, twin.data, 16) != 0);
        CHECK(memcmp(box.data + 16, twin.data + 16, 65) != 0);

        CHECK_INT(opens(box, key, &plain), PSERVER_OK);
        CHECK_INT(plain.len, i);
        CHECK_MEM(plain.data, data, i);

        free(plain.data);
        free(box.data);
        free(twin.data);
    }
}


TEST(every_change_is_noticed)
{
    u_char         key[32], public_key[65], data[20];
    size_t         i;
    pserver_str_t  in, box, plain;

    setup();

    memset(key, 7, sizeof(key));
    memset(data, 'x', sizeof(data));

    CHECK_INT(pserver_public_key(secp, public_key, key), PSERVER_OK);

    in.data = data;
    in.len = sizeof(data);

    box.len = pserver_ecies_len(in.len);
    box.data = malloc(box.len + 16);

    CHECK_INT(pserver_ecies_seal(secp, box.data, in, public_key),
              PSERVER_OK);

    for (i = 0; i < 8 * box.len; i++) {
        box.data[i / 8] ^= (u_char) (1 << i % 8);

        CHECK_INT(opens(box, key, &plain), PSERVER_INVALID);
        free(plain.data);

        box.data[i / 8] ^= (u_char) (1 << i % 8);
    }

    in = box;

    for (box.len = 0; box.len < in.len + 16; box.len++) {

        if (box.len != in.len) {
            CHECK_INT(opens(box, key, &plain), PSERVER_INVALID);
            free(plain.data);
        }
    }

    free(box.data);
}


TEST(keys_that_are_none)
{
    u_char         key[32], public_key[65], out[32], box[129];
    pserver_str_t  in, str, plain;

    setup();

    memset(key, 7, sizeof(key));
    memset(out, 1, sizeof(out));

    CHECK_INT(pserver_public_key(secp, public_key, key), PSERVER_OK);
    CHECK_INT(pserver_ecies_shared(secp, out, public_key, key), PSERVER_OK);

    in.data = key;
    in.len = 0;

    CHECK_INT(pserver_ecies_seal(secp, box, in, public_key), PSERVER_OK);

    /* the same point in the hybrid form: 06 for an even y, 07 for an odd */

    public_key[0] = 6 | (public_key[64] & 1);

    CHECK_INT(pserver_ecies_shared(secp, out, public_key, key),
              PSERVER_INVALID);
    CHECK_INT(pserver_ecies_seal(secp, box, in, public_key),
              PSERVER_INVALID);

    public_key[0] = 4;
    public_key[64] ^= 1;

    memset(out, 1, sizeof(out));

    CHECK_INT(pserver_ecies_shared(secp, out, public_key, key),
              PSERVER_INVALID);
    CHECK(sodium_is_zero(out, sizeof(out)));

    /* secret keys of 0 and of n or above */

    str.data = box;
    str.len = sizeof(box);

    memset(key, 0, sizeof(key));

    CHECK_INT(opens(str, key, &plain), PSERVER_INVALID);
    free(plain.data);

    memset(key, 0xff, sizeof(key));

    CHECK_INT(opens(str, key, &plain), PSERVER_INVALID);
    free(plain.data);
}


TEST(too_long)
{
    u_char         key[32], public_key[65];
    pserver_str_t  in, box;

    setup();

    memset(key, 7, sizeof(key));

    CHECK_INT(pserver_public_key(secp, public_key, key), PSERVER_OK);

    in.len = PSERVER_ECIES_MAX;
    in.data = calloc(1, in.len);

    box.len = pserver_ecies_len(in.len);
    box.data = malloc(box.len);

    CHECK_INT(pserver_ecies_seal(secp, box.data, in, public_key),
              PSERVER_OK);
    CHECK_INT(pserver_ecies_open(secp, in.data, &in.len, box, key),
              PSERVER_OK);
    CHECK_INT(in.len, PSERVER_ECIES_MAX);

    in.len++;
    box.len += PSERVER_ECIES_BLOCK;

    CHECK_INT(pserver_ecies_seal(secp, box.data, in, public_key),
              PSERVER_NOSPACE);
    CHECK_INT(pserver_ecies_open(secp, in.data, &in.len, box, key),
              PSERVER_NOSPACE);

    free(in.data);
    free(box.data);
}


/*
 * The vectors' public keys are X.509 structures.  Here a key comes as the
 * 65 bytes of a point, so only those count that are such a point behind the
 * one right prefix.
 */

TEST(wycheproof_vectors)
{
    int                    rc;
    u_char                 key[32], out[32], shared[32];
    size_t                 valid, refused, other;
    pserver_str_t          public_key, private_key, whole;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *group, *c;

    static const u_char    prefix[] = "\x30\x56\x30\x10\x06\x07\x2a\x86\x48"
                                      "\xce\x3d\x02\x01\x06\x05\x2b\x81\x04"
                                      "\x00\x0a\x03\x42\x00";

    setup();

    doc = vector_open("t/vectors/wycheproof-ecdh-secp256k1.json");
    valid = 0;
    refused = 0;
    other = 0;

    for (group = vector_get(pserver_json_root(doc), "testGroups")->child;
         group;
         group = group->next)
    {
        for (c = vector_get(group, "tests")->child; c; c = c->next) {

            public_key = vector_hex(c, "public");

            if (public_key.len != sizeof(prefix) - 1 + 65
                || memcmp(public_key.data, prefix, sizeof(prefix) - 1) != 0)
            {
                CHECK(!pserver_json_is(vector_get(c, "result"), "valid"));
                free(public_key.data);
                other++;
                continue;
            }

            /* an integer of ASN.1: a zero in front, or fewer than 32 bytes */

            private_key = vector_hex(c, "private");
            whole = private_key;

            if (whole.len == 33 && whole.data[0] == 0) {
                whole.data++;
                whole.len--;
            }

            CHECK(whole.len <= 32);

            memset(key, 0, sizeof(key));
            memcpy(key + 32 - whole.len, whole.data, whole.len);

            rc = pserver_ecies_shared(secp, out,
                                      public_key.data + sizeof(prefix) - 1,
                                      key);

            if (pserver_json_is(vector_get(c, "result"), "valid")) {
                CHECK_INT(rc, PSERVER_OK);
                CHECK_MEM(out, vector_bytes(shared, 32, c, "shared"), 32);
                valid++;

            } else {
                CHECK_INT(rc, PSERVER_INVALID);
                refused++;
            }

            free(public_key.data);
            free(private_key.data);
        }
    }

    CHECK_INT(valid, 473);
    CHECK_INT(refused, 19);
    CHECK_INT(other, 752 - 473 - 19);

    pserver_json_free(doc);
}


TEST_MAIN
