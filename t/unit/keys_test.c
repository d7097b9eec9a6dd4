/*
 * The keys below the storage root: RFC 5869 against Wycheproof, the formats
 * against t/vectors/sealed.json.
 */

#include "vector.h"
#include "counting.h"
#include "core/box.h"
#include "core/keys.h"

TEST_MAIN


#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(hkdf)
{
    int                    rc;
    u_char                *out;
    size_t                 size, n;
    pserver_str_t          ikm, salt, info, okm;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *group, *test;

    n = 0;
    doc = vector_open("t/vectors/wycheproof-hkdf-sha256.json");

    group = vector_get(pserver_json_root(doc), "testGroups")->child;

    for ( /* void */ ; group; group = group->next) {

        test = vector_get(group, "tests")->child;

        for ( /* void */ ; test; test = test->next) {
            ikm = vector_hex(test, "ikm");
            salt = vector_hex(test, "salt");
            info = vector_hex(test, "info");
            okm = vector_hex(test, "okm");
            size = vector_uint(test, "size");

            out = malloc(size);

            rc = pserver_hkdf(out, size, ikm, salt, info);

            if (pserver_json_is(vector_get(test, "result"), "valid")) {
                CHECK_INT(rc, PSERVER_OK);
                CHECK_INT(okm.len, size);
                CHECK_MEM(out, okm.data, size);

            } else {
                CHECK_INT(rc, PSERVER_NOSPACE);
            }

            free(out);
            free(ikm.data);
            free(salt.data);
            free(info.data);
            free(okm.data);
            n++;
        }
    }

    CHECK_INT(n, 86);

    pserver_json_free(doc);
}


TEST(roots)
{
    u_char          key[32];
    size_t          n, i;
    pserver_root_t  roots[PSERVER_ROOTS_MAX];

    CHECK_INT(pserver_roots_parse(roots, &n, str("1 " HEX "\n")), 0);
    CHECK_INT(n, 1);
    CHECK_INT(roots[0].id, 1);

    for (i = 0; i < 32; i++) {
        key[i] = (u_char) i;
    }

    CHECK_MEM(roots[0].key, key, 32);

    CHECK_INT(pserver_roots_parse(roots, &n,
                                  str("4294967295 " HEX "\n12 " HEX)), 0);
    CHECK_INT(n, 2);
    CHECK_INT(roots[0].id, 4294967295);
    CHECK_INT(roots[1].id, 12);
    CHECK_MEM(roots[1].key, key, 32);
}


TEST(roots_refused)
{
    int              rc;
    u_char           zero[sizeof(pserver_root_t) * PSERVER_ROOTS_MAX];
    size_t           i, n;
    pserver_root_t   roots[PSERVER_ROOTS_MAX];

    static const struct {
        const char  *text;
        size_t       line;
    } bad[] = {
        { "", 1 },
        { "\n", 1 },
        { HEX "\n", 1 },
        { "0 " HEX "\n", 1 },
        { "01 " HEX "\n", 1 },
        { "-1 " HEX "\n", 1 },
        { "1  " HEX "\n", 1 },
        { " 1 " HEX "\n", 1 },
        { "1\t" HEX "\n", 1 },
        { "1 0x" HEX "\n", 1 },
        { "1 " HEX " \n", 1 },
        { "1 " HEX "\r\n", 1 },
        { "1 " HEX "00\n", 1 },
        { "1", 1 },
        { "1 ", 1 },
        { "4294967296 " HEX "\n", 1 },
        { "42949672950 " HEX "\n", 1 },
        { "1 " HEX "\n\n", 2 },
        { "1 " HEX "\n1 " HEX "\n", 2 },
        { "2 " HEX "\n1 " HEX "\n2 " HEX "\n", 3 },
    };

    memset(zero, 0, sizeof(zero));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(roots, 1, sizeof(roots));

        rc = pserver_roots_parse(roots, &n, str(bad[i].text));

        if (!CHECK_INT(rc, PSERVER_INVALID) || !CHECK_INT(n, bad[i].line)) {
            fprintf(stderr, "    \"%s\"\n", bad[i].text);
        }

        CHECK_MEM(roots, zero, sizeof(roots));
    }
}


TEST(roots_many)
{
    char            text[17 * 80];
    size_t          i, n, len;
    pserver_root_t  roots[PSERVER_ROOTS_MAX];

    for (i = 0, len = 0; i < 17; i++) {
        len += (size_t) sprintf(text + len, "%zu " HEX "\n", 17 - i);

        if (i == 15) {
            CHECK_INT(pserver_roots_parse(roots, &n, str(text)), 0);
            CHECK_INT(n, 16);
            CHECK_INT(roots[15].id, 2);
        }
    }

    CHECK_INT(pserver_roots_parse(roots, &n, str(text)), PSERVER_NOSPACE);
    CHECK_INT(n, 17);
}


TEST(known)
{
    char                   kind[16];
    size_t                 i, used;
    u_char                 file[PSERVER_KEYS_FILE_MAX], out[32];
    uint64_t               chain;
    pserver_str_t          owner, keys, expected, hash, root_key, text;
    pserver_keys_t         k, l;
    pserver_root_t         roots[2];
    pserver_address_t      address;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *top, *test;

    doc = vector_open("t/vectors/sealed.json");
    top = pserver_json_root(doc);

    chain = vector_uint(top, "chain_id");
    owner = vector_hex(top, "owner");
    memcpy(address.bytes, owner.data, 20);

    memset(roots, 0, sizeof(roots));
    roots[0].id = 9;

    root_key = vector_hex(vector_get(top, "root"), "key");
    memcpy(roots[1].key, root_key.data, 32);
    roots[1].id = (uint32_t) vector_uint(vector_get(top, "root"), "id");

    counting_start();

    pserver_keys_generate(&k);
    keys = vector_hex(top, "keys");
    CHECK_INT(keys.len, 96);
    CHECK_MEM(&k, keys.data, 96);
    CHECK_INT(k.generation, 1);
    CHECK_INT(k.nolder, 0);

    expected = vector_hex(top, "owner_file");
    CHECK_INT(pserver_keys_wrap(file, &k, &roots[1], chain, &address),
              expected.len);
    CHECK_MEM(file, expected.data, expected.len);

    counting_stop();

    CHECK_INT(pserver_keys_unwrap(&l, &used, expected, roots, 2, chain,
                                  &address), PSERVER_OK);
    CHECK_INT(used, 1);
    CHECK_MEM(&l, &k, sizeof(k));

    hash = vector_hex(top, "log_key");
    pserver_keys_log(out, &roots[1]);
    CHECK_MEM(out, hash.data, 32);
    free(hash.data);

    hash = vector_hex(top, "node_name");
    pserver_keys_node_name(out, &roots[1], "list", owner);
    CHECK_MEM(out, hash.data, 32);
    free(hash.data);

    for (i = 0, test = vector_get(top, "names")->child; test; i++) {
        text = vector_get(test, "kind")->value;
        snprintf(kind, sizeof(kind), "%.*s", (int) text.len,
                 (char *) text.data);

        pserver_keys_name(out, &k, kind, vector_get(test, "name")->value);
        hash = vector_hex(test, "hash");
        CHECK_MEM(out, hash.data, 32);
        free(hash.data);
        test = test->next;
    }

    CHECK_INT(i, 4);

    free(owner.data);
    free(root_key.data);
    free(keys.data);
    free(expected.data);
    pserver_json_free(doc);
}


static void
refused(uint32_t generations)
{
    u_char              file[PSERVER_KEYS_FILE_MAX + 1];
    size_t              i, len;
    pserver_str_t       s;
    pserver_keys_t      k, l;
    pserver_root_t      root, other;
    pserver_address_t   a, b;

    memset(&a, 1, sizeof(a));
    memset(&b, 1, sizeof(b));
    b.bytes[19] = 2;

    root.id = 1;
    memset(root.key, 3, sizeof(root.key));

    pserver_keys_generate(&k);

    while (k.generation < generations) {
        CHECK_INT(pserver_keys_renew(&k), PSERVER_OK);
    }

    len = pserver_keys_wrap(file, &k, &root, 1480, &a);

    s.data = file;
    s.len = len;

    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &a),
              PSERVER_OK);

    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 14800, &a),
              PSERVER_INVALID);
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &b),
              PSERVER_INVALID);
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 0, 1480, &a),
              PSERVER_DONE);

    other = root;
    other.id = 2;
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &other, 1, 1480, &a),
              PSERVER_DONE);

    other.id = 1;
    other.key[31] ^= 1;
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &other, 1, 1480, &a),
              PSERVER_INVALID);

    /* the address in the file of another owner is changed to fit */

    memcpy(file + 24, b.bytes, 20);
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &b),
              PSERVER_INVALID);
    memcpy(file + 24, a.bytes, 20);

    for (i = 0; i < len; i++) {
        file[i] ^= 0x80;

        /* bytes 12 to 15 are the root's id */

        CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &a),
                  (i >= 12 && i < 16) ? PSERVER_DONE : PSERVER_INVALID);

        file[i] ^= 0x80;

        s.len = i;
        CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &a),
                  PSERVER_INVALID);
        s.len = len;
    }

    s.len++;
    CHECK_INT(pserver_keys_unwrap(&l, NULL, s, &root, 1, 1480, &a),
              PSERVER_INVALID);
}


TEST(unwrap_refused)
{
    refused(1);
    refused(2);
    refused(8);
}


/* the file of one owner with three data keys, against the other writer */

TEST(generations)
{
    size_t                 i, used;
    u_char                 file[PSERVER_KEYS_FILE_MAX], id[32];
    uint32_t               newest, oldest;
    pserver_str_t          text, expected, hash;
    pserver_keys_t         k, l;
    pserver_root_t         root;
    pserver_address_t      owner;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *top, *test;

    doc = vector_open("t/vectors/sealed.json");
    top = pserver_json_root(doc);
    test = vector_get(top, "generations");

    vector_bytes(owner.bytes, 20, top, "owner");
    vector_bytes(root.key, 32, vector_get(top, "root"), "key");
    root.id = (uint32_t) vector_uint(vector_get(top, "root"), "id");

    counting_start();

    pserver_keys_generate(&k);
    CHECK_INT(pserver_keys_renew(&k), PSERVER_OK);
    CHECK_INT(pserver_keys_renew(&k), PSERVER_OK);

    text = vector_hex(test, "keys");
    CHECK_INT(text.len, 5 * 32);
    CHECK_MEM(&k, text.data, 96);
    CHECK_MEM(k.older, text.data + 96, 64);
    CHECK_INT(k.generation, 3);
    CHECK_INT(k.nolder, 2);

    expected = vector_hex(test, "owner_file");
    CHECK_INT(pserver_keys_wrap(file, &k, &root, vector_uint(top, "chain_id"),
                                &owner),
              expected.len);
    CHECK_MEM(file, expected.data, expected.len);

    counting_stop();

    CHECK_INT(pserver_keys_unwrap(&l, &used, expected, &root, 1,
                                  vector_uint(top, "chain_id"), &owner),
              PSERVER_OK);
    CHECK_MEM(&l, &k, sizeof(k));

    CHECK_INT(pserver_keys_generations(expected, &newest, &oldest),
              PSERVER_OK);
    CHECK_INT(newest, 3);
    CHECK_INT(oldest, 1);

    test = vector_get(test, "ids")->child;

    for (i = 1; i <= 3; i++, test = test->next) {
        hash.data = malloc(32);
        CHECK_INT(pserver_hex_decode(hash.data, 32, test->value), PSERVER_OK);
        pserver_keys_data_id(id, pserver_keys_data(&k, i));
        CHECK_MEM(id, hash.data, 32);
        free(hash.data);
    }

    CHECK(pserver_keys_data(&k, 0) == NULL);
    CHECK(pserver_keys_data(&k, 4) == NULL);
    CHECK(pserver_keys_data(&k, (uint64_t) 1 << 32 | 3) == NULL);

    /* the older ones go, and there is one form of a file */

    pserver_keys_shed(&k);

    CHECK(pserver_keys_data(&k, 3) == k.data);
    CHECK(pserver_keys_data(&k, 2) == NULL);
    CHECK(sodium_is_zero(k.older[0], sizeof(k.older)));

    free(expected.data);
    expected.data = file;
    expected.len = pserver_keys_wrap(file, &k, &root, 1480, &owner);
    CHECK_INT(expected.len, 188);
    CHECK_INT(pserver_keys_unwrap(&l, NULL, expected, &root, 1, 1480, &owner),
              PSERVER_OK);
    CHECK_MEM(&l, &k, sizeof(k));

    for (i = k.nolder; i < PSERVER_KEYS_OF_DATA - 1; i++) {
        CHECK_INT(pserver_keys_renew(&k), PSERVER_OK);
    }

    CHECK_INT(pserver_keys_renew(&k), PSERVER_NOSPACE);
    CHECK_INT(k.generation, 10);

    free(text.data);
    pserver_json_free(doc);
}


TEST(box)
{
    u_char         key[32], box[5 + PSERVER_BOX_OVERHEAD], out[8];
    size_t         i;
    pserver_str_t  ad;

    /* the nonce is 00 .. 17 and the key 80 .. 9f; computed with libsodium's
       peer in t/vectors/sealed.py */

    static const u_char  known[] = {
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
        0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
        0x08, 0x87, 0xe6, 0xe3, 0xe6, 0x17, 0x29, 0x87,
        0x8a, 0x53, 0x7d, 0xd4, 0x00, 0xa4, 0xf6, 0x90,
        0xb5, 0xa1, 0xc4, 0xa1, 0x96
    };

    for (i = 0; i < 32; i++) {
        key[i] = (u_char) (0x80 + i);
    }

    ad = str("where");

    counting_start();
    pserver_box_seal(box, (u_char *) "hello", 5, key, ad);
    counting_stop();

    CHECK_INT(sizeof(known), sizeof(box));
    CHECK_MEM(box, known, sizeof(box));

    CHECK_INT(pserver_box_open(out, box, sizeof(box), key, ad), PSERVER_OK);
    CHECK_MEM(out, "hello", 5);

    CHECK_INT(pserver_box_open(out, box, sizeof(box), key, str("wherf")),
              PSERVER_INVALID);
    CHECK_INT(pserver_box_open(out, box, sizeof(box), key, str("")),
              PSERVER_INVALID);

    for (i = 0; i < sizeof(box); i++) {
        CHECK_INT(pserver_box_open(out, box, i, key, ad), PSERVER_INVALID);

        box[i] ^= 1;
        CHECK_INT(pserver_box_open(out, box, sizeof(box), key, ad),
                  PSERVER_INVALID);
        box[i] ^= 1;
    }

    pserver_box_seal(box, NULL, 0, key, str(""));
    CHECK_INT(pserver_box_open(out, box, PSERVER_BOX_OVERHEAD, key, str("")),
              PSERVER_OK);
}
