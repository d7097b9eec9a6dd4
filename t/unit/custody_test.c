/*
 * The owner's own key: what is signed, its wrap, the file of keys that needs
 * it, bodies of requests.
 */

#include "core/custody.h"
#include "core/keys.h"
#include "vector.h"
#include "counting.h"


static secp256k1_context  *secp;


static void
setup(void)
{
    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }
}


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* the i-th case of custody.json; what it points to is in the document */

static void
place_of(const pserver_json_t *c, pserver_custody_place_t *place)
{
    place->chain_id = vector_uint(c, "chainId");
    place->origin = vector_str(c, "origin");
    place->epoch = (uint32_t) vector_uint(c, "epoch");

    CHECK_INT(pserver_address_parse(&place->owner, vector_str(c, "owner")),
              PSERVER_OK);
    CHECK_INT(pserver_address_parse(&place->server, vector_str(c, "server")),
              PSERVER_OK);
}


TEST(what_the_wallet_signs)
{
    u_char                    key[32], digest[32];
    u_char                    text[PSERVER_SIGNATURE_LEN];
    size_t                    n;
    pserver_str_t             expected;
    pserver_word_t            word;
    pserver_json_doc_t       *doc;
    pserver_signature_t       signature;
    const pserver_json_t     *c;
    pserver_custody_place_t   place;

    setup();

    doc = vector_open("t/vectors/custody.json");
    n = 0;

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        n++;
        place_of(c, &place);
        pserver_custody_digest(&word, &place);

        CHECK_MEM(word.bytes, vector_bytes(digest, 32, c, "digest"), 32);

        /* the same signature each time, and the same as ethers makes */

        vector_bytes(key, 32, c, "privateKey");
        CHECK_INT(pserver_signature_sign(secp, &signature, key, &word),
                  PSERVER_OK);
        pserver_signature_format(text, &signature);

        expected = vector_str(c, "signature");
        CHECK_INT(expected.len, sizeof(text));
        CHECK_MEM(text, expected.data, sizeof(text));
    }

    CHECK_INT(n, 3);

    pserver_json_free(doc);
}


TEST(known)
{
    u_char                key[32], recovery[32], out[32];
    u_char                wrap[PSERVER_CUSTODY_WRAP_LEN];
    u_char                file[PSERVER_KEYS_FILE_MAX];
    pserver_str_t         expected, expected_file;
    const u_char         *id, *found;
    pserver_keys_t        keys, opened;
    pserver_root_t        root;
    pserver_address_t     owner;
    pserver_json_doc_t   *doc, *signed_doc;
    pserver_signature_t   signature;
    const pserver_json_t  *top, *custody, *c;

    doc = vector_open("t/vectors/sealed.json");
    signed_doc = vector_open("t/vectors/custody.json");

    top = pserver_json_root(doc);
    custody = vector_get(top, "custody");
    c = vector_get(pserver_json_root(signed_doc), "cases")->child;

    vector_bytes(owner.bytes, 20, top, "owner");
    memset(&keys, 0, sizeof(keys));
    vector_bytes((u_char *) &keys, 96, top, "keys");
    keys.generation = 1;
    vector_bytes(root.key, 32, vector_get(top, "root"), "key");
    root.id = (uint32_t) vector_uint(vector_get(top, "root"), "id");

    vector_bytes(recovery, 32, custody, "recovery");
    CHECK_INT(pserver_signature_parse(&signature,
                                      vector_str(c, "signature")),
              PSERVER_SIGNATURE_OK);

    counting_start();

    randombytes_buf(key, 32);
    CHECK_MEM(key, vector_bytes(out, 32, custody, "key"), 32);

    pserver_custody_wrap(wrap, key, 1, &owner, &signature, recovery);

    expected = vector_hex(custody, "wrap");
    CHECK_INT(expected.len, sizeof(wrap));
    CHECK_MEM(wrap, expected.data, sizeof(wrap));
    CHECK_INT(pserver_custody_epoch(wrap), 1);

    expected_file = vector_hex(custody, "owner_file");
    CHECK_INT(pserver_keys_wrap_owned(file, &keys, &root,
                                      vector_uint(top, "chain_id"), &owner,
                                      key, wrap),
              expected_file.len);
    CHECK_MEM(file, expected_file.data, expected_file.len);

    counting_stop();

    CHECK_INT(pserver_keys_owned(expected_file, &id, &found), PSERVER_OK);
    CHECK_MEM(found, wrap, sizeof(wrap));
    pserver_custody_id(out, key);
    CHECK_MEM(id, out, PSERVER_CUSTODY_ID_LEN);

    CHECK_INT(pserver_keys_unwrap_owned(&opened, NULL, expected_file, &root,
                                        1, vector_uint(top, "chain_id"),
                                        &owner, key),
              PSERVER_OK);
    CHECK_MEM(&opened, &keys, sizeof(keys));

    free(expected_file.data);
    expected_file = vector_hex(vector_get(top, "generations"), "owned_file");

    CHECK_INT(pserver_keys_owned(expected_file, &id, &found), PSERVER_OK);
    CHECK_MEM(found, wrap, sizeof(wrap));
    CHECK_INT(pserver_keys_unwrap_owned(&opened, NULL, expected_file, &root,
                                        1, vector_uint(top, "chain_id"),
                                        &owner, key),
              PSERVER_OK);
    CHECK_INT(opened.generation, 3);
    CHECK_MEM(pserver_keys_data(&opened, 1), keys.data, 32);

    free(expected.data);
    free(expected_file.data);
    pserver_json_free(doc);
    pserver_json_free(signed_doc);
}


TEST(wrap_opens_with_either_and_nothing_else)
{
    u_char               key[32], out[32], recovery[32];
    u_char               wrap[PSERVER_CUSTODY_WRAP_LEN];
    size_t               i;
    pserver_address_t    owner;
    pserver_signature_t  signature;

    memset(key, 1, sizeof(key));
    memset(recovery, 2, sizeof(recovery));
    memset(&owner, 3, sizeof(owner));
    memset(&signature, 4, sizeof(signature));
    signature.v = 1;

    pserver_custody_wrap(wrap, key, 77, &owner, &signature, recovery);

    CHECK_INT(pserver_custody_epoch(wrap), 77);
    CHECK_INT(pserver_custody_by_wallet(out, wrap, &owner, &signature),
              PSERVER_OK);
    CHECK_MEM(out, key, 32);
    CHECK_INT(pserver_custody_by_recovery(out, wrap, &owner, recovery),
              PSERVER_OK);
    CHECK_MEM(out, key, 32);

    /* no byte of it can be another one for both */

    for (i = 0; i < sizeof(wrap); i++) {
        wrap[i] ^= 1;

        CHECK((pserver_custody_by_wallet(out, wrap, &owner, &signature)
               == PSERVER_INVALID)
              == (i < 124));
        CHECK((pserver_custody_by_recovery(out, wrap, &owner, recovery)
               == PSERVER_INVALID)
              == (i < 52 || i >= 124));

        wrap[i] ^= 1;
    }

    signature.v = 0;
    CHECK_INT(pserver_custody_by_wallet(out, wrap, &owner, &signature),
              PSERVER_INVALID);
    CHECK(sodium_is_zero(out, sizeof(out)));

    recovery[31] ^= 1;
    CHECK_INT(pserver_custody_by_recovery(out, wrap, &owner, recovery),
              PSERVER_INVALID);
    CHECK(sodium_is_zero(out, sizeof(out)));

    recovery[31] ^= 1;
    owner.bytes[0] ^= 1;
    CHECK_INT(pserver_custody_by_recovery(out, wrap, &owner, recovery),
              PSERVER_INVALID);
}


TEST(file_needs_root_and_key)
{
    u_char             file[PSERVER_KEYS_FILE_MAX], custody[32];
    u_char             wrap[PSERVER_CUSTODY_WRAP_LEN];
    size_t             i;
    pserver_str_t      s;
    pserver_keys_t     keys, out;
    pserver_root_t     root, other;
    pserver_address_t  owner;

    memset(&owner, 1, sizeof(owner));
    memset(&root, 2, sizeof(root));
    memset(custody, 3, sizeof(custody));
    memset(wrap, 4, sizeof(wrap));
    root.id = 1;

    pserver_keys_generate(&keys);

    s.data = file;
    s.len = pserver_keys_wrap_owned(file, &keys, &root, 1480, &owner, custody,
                                    wrap);

    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &root, 1, 1480, &owner,
                                        custody),
              PSERVER_OK);

    /* neither alone */

    CHECK_INT(pserver_keys_unwrap(&out, NULL, s, &root, 1, 1480, &owner),
              PSERVER_INVALID);

    custody[0] ^= 1;
    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &root, 1, 1480, &owner,
                                        custody),
              PSERVER_INVALID);
    custody[0] ^= 1;

    other = root;
    other.key[0] ^= 1;
    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &other, 1, 1480,
                                        &owner, custody),
              PSERVER_INVALID);

    other.id = 2;
    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &other, 1, 1480,
                                        &owner, custody),
              PSERVER_DONE);

    /* every byte counts, the wrap's too */

    for (i = 0; i < s.len; i++) {
        file[i] ^= 1;
        CHECK(pserver_keys_unwrap_owned(&out, NULL, s, &root, 1, 1480, &owner,
                                        custody)
              != PSERVER_OK);
        file[i] ^= 1;
    }

    s.len--;
    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &root, 1, 1480, &owner,
                                        custody),
              PSERVER_INVALID);
    CHECK_INT(pserver_keys_owned(s, NULL, NULL), PSERVER_INVALID);

    /* one that needs no such key is none of these */

    s.len = pserver_keys_wrap(file, &keys, &root, 1480, &owner);
    CHECK_INT(pserver_keys_owned(s, NULL, NULL), PSERVER_INVALID);
    CHECK_INT(pserver_keys_unwrap_owned(&out, NULL, s, &root, 1, 1480, &owner,
                                        custody),
              PSERVER_INVALID);
}


/* "K" stands for a box in hex, "S" for a box that is one byte short, "W" for
   a wrap */

static char *
expand(const char *pattern)
{
    char   *text, *p;
    size_t  n;

    text = malloc(8192);
    p = text;

    for ( /* void */ ; *pattern; pattern++) {

        n = (*pattern == 'K') ? PSERVER_CUSTODY_BOX_LEN
            : (*pattern == 'S') ? PSERVER_CUSTODY_BOX_LEN - 1
            : (*pattern == 'L') ? PSERVER_CUSTODY_BOX_LEN + 1
            : (*pattern == 'W') ? PSERVER_CUSTODY_WRAP_LEN : 0;

        if (n == 0) {
            *p++ = *pattern;
            continue;
        }

        while (n--) {
            *p++ = '0';
            *p++ = 'f';
        }
    }

    *p = '\0';

    return text;
}


TEST(unlock_bodies)
{
    char                    *text;
    size_t                   i;
    pserver_custody_body_t   body;

    static const struct {
        const char  *text;
        int          rc;
    } cases[] = {
        { "{\"key\":\"0xK\",\"seconds\":1}", PSERVER_OK },
        { "{\"seconds\":3600,\"key\":\"K\"}", PSERVER_OK },
        { "{\"key\":\"0xK\",\"seconds\":3601}", PSERVER_NOSPACE },
        { "{\"key\":\"0xK\",\"seconds\":18446744073709551615}",
          PSERVER_NOSPACE },
        { "{\"key\":\"0xK\",\"seconds\":18446744073709551616}",
          PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":0}", PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":-1}", PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":1.5}", PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":\"60\"}", PSERVER_INVALID },
        { "{\"key\":\"0xK\"}", PSERVER_INVALID },
        { "{\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"0xS\",\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"0xL\",\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"L\",\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"0XK\",\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"0xK \",\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":7,\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":null,\"seconds\":60}", PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":60,\"more\":1}", PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"key\":\"0xK\",\"seconds\":60}",
          PSERVER_INVALID },
        { "{\"key\":\"0xK\",\"seconds\":60}x", PSERVER_INVALID },
        { "{\"key\":[\"0xK\"],\"seconds\":60}", PSERVER_INVALID },
        { "[\"0xK\",60]", PSERVER_INVALID },
        { "60", PSERVER_INVALID },
        { "", PSERVER_INVALID }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text = expand(cases[i].text);

        if (!CHECK_INT(pserver_custody_parse_unlock(&body, str(text), 3600),
                       cases[i].rc))
        {
            fprintf(stderr, "    %s\n", cases[i].text);
        }

        if (cases[i].rc == PSERVER_OK) {
            CHECK_INT(body.key[0], 0x0f);
            CHECK_INT(body.key[PSERVER_CUSTODY_BOX_LEN - 1], 0x0f);
            CHECK(body.seconds == 1 || body.seconds == 3600);
        }

        free(text);
    }
}


TEST(set_bodies)
{
    char                    *text;
    size_t                   i;
    pserver_custody_body_t   body;

    static const struct {
        const char  *text;
        int          rc;
        int          current;
    } cases[] = {
        { "{\"key\":\"0xK\",\"wrap\":\"0xW\"}", PSERVER_OK, 0 },
        { "{\"wrap\":\"0xW\",\"current\":\"0xK\",\"key\":\"0xK\"}",
          PSERVER_OK, 1 },
        { "{\"key\":\"0xK\",\"wrap\":\"W\"}", PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\",\"wrap\":\"0xK\"}", PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\"}", PSERVER_INVALID, 0 },
        { "{\"wrap\":\"0xW\"}", PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\",\"wrap\":\"0xW\",\"current\":null}",
          PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\",\"wrap\":\"0xW\",\"current\":\"0xS\"}",
          PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\",\"wrap\":\"0xW\",\"seconds\":60}",
          PSERVER_INVALID, 0 },
        { "{\"key\":\"0xK\",\"wrap\":[],\"current\":\"0xK\"}",
          PSERVER_INVALID, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text = expand(cases[i].text);

        if (!CHECK_INT(pserver_custody_parse_set(&body, str(text)),
                       cases[i].rc))
        {
            fprintf(stderr, "    %s\n", cases[i].text);
        }

        if (cases[i].rc == PSERVER_OK) {
            CHECK_INT(body.has_current, cases[i].current);
            CHECK_INT(body.wrap[PSERVER_CUSTODY_WRAP_LEN - 1], 0x0f);
        }

        free(text);
    }
}


TEST(box_to_the_server)
{
    u_char         server[32], public_key[65], key[34], out[32];
    u_char         box[PSERVER_CUSTODY_BOX_LEN];
    size_t         n;
    pserver_str_t  in;

    setup();

    memset(server, 5, sizeof(server));
    memset(key, 6, sizeof(key));

    CHECK_INT(pserver_public_key(secp, public_key, server), PSERVER_OK);

    /* by its length alone a box does not tell 32 bytes from 33 or 34 */

    for (n = 32; n <= 34; n++) {
        in.data = key;
        in.len = n;

        CHECK_INT(pserver_ecies_len(n), sizeof(box));
        CHECK_INT(pserver_ecies_seal(secp, box, in, public_key), PSERVER_OK);
        CHECK_INT(pserver_custody_open(secp, out, box, server),
                  n == 32 ? PSERVER_OK : PSERVER_INVALID);

        if (n == 32) {
            CHECK_MEM(out, key, 32);
        } else {
            CHECK(sodium_is_zero(out, sizeof(out)));
        }
    }

    server[0] ^= 1;
    CHECK_INT(pserver_custody_open(secp, out, box, server), PSERVER_INVALID);
}


TEST_MAIN
