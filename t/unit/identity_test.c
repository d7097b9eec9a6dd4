/*
 * Phrases (BIP-39) and the keys that come from them (BIP-32).
 */

#include "core/identity.h"
#include "core/wordlist.h"
#include "vector.h"

#include <sodium.h>


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(wordlist)
{
    size_t                    i;
    u_char                    hash[32], expected[32];
    crypto_hash_sha256_state  state;

    crypto_hash_sha256_init(&state);

    for (i = 0; i < 2048; i++) {
        crypto_hash_sha256_update(&state, (u_char *) pserver_wordlist[i],
                                  strlen(pserver_wordlist[i]));
        crypto_hash_sha256_update(&state, (u_char *) "\n", 1);

        /* it is searched by halves */

        if (i) {
            CHECK(strcmp(pserver_wordlist[i - 1], pserver_wordlist[i]) < 0);
        }
    }

    crypto_hash_sha256_final(&state, hash);

    pserver_hex_decode(expected, 32, str("2f5eed53a4727b4bf8880d8f3f199efc"
                                         "90e58503646d9ff8eff3a2ed3b24dbda"));
    CHECK_MEM(hash, expected, 32);
}


#define A11  "abandon abandon abandon abandon abandon abandon abandon "        \
             "abandon abandon abandon abandon "
#define Z11  "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "


TEST(phrase_from_entropy)
{
    size_t         i, n, len, word;
    u_char         entropy[32], back[32], phrase[PSERVER_PHRASE_MAX];
    u_char         seed[PSERVER_SEED_LEN];
    pserver_str_t  s;

    /* the vectors of https://github.com/trezor/python-mnemonic */

    static const struct {
        const char  *entropy;
        const char  *phrase;
    } cases[] = {
        { "00000000000000000000000000000000", A11 "about" },
        { "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
          "legal winner thank year wave sausage worth useful legal winner "
          "thank yellow" },
        { "80808080808080808080808080808080",
          "letter advice cage absurd amount doctor acoustic avoid letter "
          "advice cage above" },
        { "ffffffffffffffffffffffffffffffff", Z11 "wrong" },
        { "9e885d952ad362caeb4efe34a8e91bd2",
          "ozone drill grab fiber curtain grace pudding thank cruise elder "
          "eight picnic" },
        { "00000000000000000000000000000000000000000000000000000000000000"
          "00", A11 A11 "abandon art" },
        { "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
          "ff", Z11 Z11 "zoo vote" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].entropy) / 2;

        CHECK_INT(pserver_hex_decode(entropy, len, str(cases[i].entropy)),
                  PSERVER_OK);

        s.data = phrase;
        s.len = (size_t) (pserver_phrase_from_entropy(phrase, entropy, len)
                          - phrase);

        CHECK_STR(s, cases[i].phrase);
        CHECK_INT(pserver_phrase_seed(seed, s, &word), PSERVER_PHRASE_OK);

        CHECK_INT(pserver_phrase_entropy(back, &n, s, &word),
                  PSERVER_PHRASE_OK);
        CHECK_INT(n, len);
        CHECK_MEM(back, entropy, len);
    }
}


TEST(every_length_comes_back)
{
    size_t         len, word;
    u_char         entropy[32], phrase[PSERVER_PHRASE_MAX];
    u_char         seed[PSERVER_SEED_LEN];
    pserver_str_t  s;

    for (len = 0; len < sizeof(entropy); len++) {
        entropy[len] = (u_char) (len * 37 + 11);
    }

    for (len = 16; len <= 32; len += 4) {
        s.data = phrase;
        s.len = (size_t) (pserver_phrase_from_entropy(phrase, entropy, len)
                          - phrase);

        CHECK_INT(pserver_phrase_seed(seed, s, &word), PSERVER_PHRASE_OK);
    }
}


TEST(seed)
{
    size_t  word;
    u_char  seed[PSERVER_SEED_LEN], expected[PSERVER_SEED_LEN];

    CHECK_INT(pserver_hex_decode(expected, PSERVER_SEED_LEN,
                  str("5eb00bbddcf069084889a8ab9155568165f5c453ccb85e708"
                      "11aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43d"
                      "aea6690f20ad3d8d48b2d2ce9e38e4")),
              PSERVER_OK);

    CHECK_INT(pserver_phrase_seed(seed, str(A11 "about"), &word),
              PSERVER_PHRASE_OK);
    CHECK_MEM(seed, expected, PSERVER_SEED_LEN);

    /* blanks do not matter */

    CHECK_INT(pserver_phrase_seed(seed, str("\r\n\t" A11 "  about \n"),
                                  &word),
              PSERVER_PHRASE_OK);
    CHECK_MEM(seed, expected, PSERVER_SEED_LEN);
}


TEST(phrases_refused)
{
    size_t  i, n, word;
    u_char  seed[PSERVER_SEED_LEN], zero[PSERVER_SEED_LEN];

    static const struct {
        const char               *phrase;
        pserver_phrase_reason_e   reason;
        size_t                    word;
    } cases[] = {
        { "", PSERVER_PHRASE_WORD_COUNT, 0 },
        { "  \n", PSERVER_PHRASE_WORD_COUNT, 0 },
        { A11, PSERVER_PHRASE_WORD_COUNT, 0 },
        { A11 "abandon about", PSERVER_PHRASE_WORD_COUNT, 0 },
        { "abandon abandon about", PSERVER_PHRASE_WORD_COUNT, 0 },
        { A11 A11 "abandon abandon art", PSERVER_PHRASE_WORD_COUNT, 0 },
        { A11 A11 "abandon art art", PSERVER_PHRASE_WORD_COUNT, 0 },
        { A11 "abouts", PSERVER_PHRASE_UNKNOWN_WORD, 12 },
        { A11 "abou", PSERVER_PHRASE_UNKNOWN_WORD, 12 },
        { A11 "About", PSERVER_PHRASE_UNKNOWN_WORD, 12 },
        { "abandonabandonabandon", PSERVER_PHRASE_UNKNOWN_WORD, 1 },
        { "zoo zoo zzz zzz", PSERVER_PHRASE_UNKNOWN_WORD, 3 },
        { "aaa", PSERVER_PHRASE_UNKNOWN_WORD, 1 },
        { "zoo,zoo", PSERVER_PHRASE_UNKNOWN_WORD, 1 },
        { A11 "abandon", PSERVER_PHRASE_CHECKSUM, 0 },
        { A11 "zoo", PSERVER_PHRASE_CHECKSUM, 0 },
        { Z11 "wolf", PSERVER_PHRASE_CHECKSUM, 0 },
        { A11 A11 "abandon about", PSERVER_PHRASE_CHECKSUM, 0 }
    };

    memset(zero, 0, sizeof(zero));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(seed, 7, sizeof(seed));

        if (!CHECK_INT(pserver_phrase_seed(seed, str(cases[i].phrase),
                                           &word),
                       cases[i].reason)
            || !CHECK_INT(word, cases[i].word))
        {
            fprintf(stderr, "    phrase \"%s\"\n", cases[i].phrase);
        }

        CHECK_MEM(seed, zero, sizeof(zero));

        memset(seed, 7, sizeof(seed));

        CHECK_INT(pserver_phrase_entropy(seed, &n, str(cases[i].phrase),
                                         &word),
                  cases[i].reason);
        CHECK_INT(word, cases[i].word);
        CHECK_INT(n, 0);
        CHECK_MEM(seed, zero, 32);
    }
}


TEST(vectors)
{
    size_t                 n, word;
    u_char                 seed[PSERVER_SEED_LEN], expected[65];
    pserver_node_t         parent;
    pserver_address_t      address;
    secp256k1_context     *secp;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *c;
    pserver_server_key_t   key;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    doc = vector_open("t/vectors/identity.json");
    n = 0;

    CHECK_INT(pserver_phrase_seed(seed,
                            vector_str(pserver_json_root(doc), "mnemonic"),
                            &word),
              PSERVER_PHRASE_OK);
    CHECK_INT(pserver_identity_parent(secp, &parent, seed), PSERVER_OK);

    for (c = vector_get(pserver_json_root(doc), "cases")->child; c;
         c = c->next)
    {
        n++;

        CHECK_INT(pserver_address_parse(&address, vector_str(c, "user")),
                  PSERVER_OK);
        CHECK_INT(pserver_identity_index(&address), vector_uint(c, "index"));

        CHECK_INT(pserver_identity_child(secp, &key, &parent,
                                         pserver_identity_index(&address)),
                  PSERVER_OK);

        CHECK_MEM(key.key, vector_bytes(expected, 32, c, "privateKey"), 32);
        CHECK_MEM(key.public_key, vector_bytes(expected, 65, c, "publicKey"),
                  65);
        CHECK_MEM(key.address.bytes, vector_bytes(expected, 20, c, "server"),
                  20);
    }

    CHECK_INT(n, 6);

    pserver_json_free(doc);
    secp256k1_context_destroy(secp);
}


TEST_MAIN
