/*
 * RLP against the examples of Ethereum's wiki, transactions against what
 * ethers.js makes of the same.
 */

#include "core/encode.h"
#include "core/rlp.h"

#include "test.h"


static void
check_hex(const u_char *data, size_t len, const char *hex)
{
    char  text[2 * PSERVER_TRANSACTION_MAX + 1];

    *pserver_hex_encode((u_char *) text, data, len) = '\0';

    if (strcmp(text, hex) != 0) {
        printf("%s\n", text);
        CHECK(0);
    }
}


TEST(items)
{
    u_char  out[1100], text[1024], word[32];

#define bytes(data, len, hex)                                                 \
    check_hex(out, pserver_rlp_bytes(out, (u_char *) data, len) - out, hex)

#define number(n, hex)                                                        \
    check_hex(out, pserver_rlp_number(out, n) - out, hex)

    bytes("dog", 3, "83646f67");
    bytes("", 0, "80");
    bytes("\x00", 1, "00");
    bytes("\x0f", 1, "0f");
    bytes("\x7f", 1, "7f");
    bytes("\x80", 1, "8180");

    number(0, "80");
    number(15, "0f");
    number(128, "8180");
    number(1024, "820400");
    number(UINT64_MAX, "88ffffffffffffffff");

    memset(text, 'a', sizeof(text));

    CHECK_INT(pserver_rlp_bytes(out, text, 55) - out, 56);
    CHECK_INT(out[0], 0xb7);
    CHECK_INT(pserver_rlp_bytes(out, text, 56) - out, 58);
    CHECK_MEM(out, "\xb8\x38", 2);
    CHECK_INT(pserver_rlp_bytes(out, text, 1024) - out, 1027);
    CHECK_MEM(out, "\xb9\x04\x00", 3);

    check_hex(out, pserver_rlp_list(out, 0) - out, "c0");
    check_hex(out, pserver_rlp_list(out, 55) - out, "f7");
    check_hex(out, pserver_rlp_list(out, 56) - out, "f838");
    check_hex(out, pserver_rlp_list(out, 1024) - out, "f90400");

    memset(word, 0, 32);
    check_hex(out, pserver_rlp_word(out, word) - out, "80");
    word[31] = 1;
    check_hex(out, pserver_rlp_word(out, word) - out, "01");
    word[0] = 0x80;
    CHECK_INT(pserver_rlp_word(out, word) - out, 33);
}


TEST(transactions)
{
    size_t                 i;
    u_char                 raw[PSERVER_TRANSACTION_MAX], *end;
    u_char                 key[32], data[1025];
    pserver_word_t         hash;
    secp256k1_context     *secp;
    pserver_transaction_t  tx;

    secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    memset(key, 0x11, 32);

    for (i = 0; i < 100; i++) {
        data[i] = i % 2 + 1;
    }

    memset(&tx, 0, sizeof(tx));
    tx.chain_id = 1480;
    tx.nonce = 5;
    tx.tip = 1000000000;
    tx.fee = 30000000000;
    tx.gas = 90000;
    memset(&tx.to, 0xab, 20);
    tx.data = data;
    tx.len = 100;

    CHECK_INT(pserver_transaction_sign(raw, &end, &hash, &tx, secp, key),
              PSERVER_OK);
    check_hex(raw, end - raw,
              "02f8d38205c805843b9aca008506fc23ac0083015f9094abababababababab"
              "abababababababababababab80b86401020102010201020102010201020102"
              "01020102010201020102010201020102010201020102010201020102010201"
              "02010201020102010201020102010201020102010201020102010201020102"
              "01020102010201020102010201020102010201020102c080a017f68e41a742"
              "56775bd31c1dbb9de23e941fa05ebaa5cc1127d38fb116484b0da034dd6c06"
              "7541a18d4ed5697d146e359aee4a0232c01544eef4faa6d2746abcec");
    check_hex(hash.bytes, 32, "339a62a7412e818a41eeb2a619eb7c698dcce5e3ecf674"
              "2ea7c2ab324e2f7ecc");

    memset(&tx, 0, sizeof(tx));
    tx.chain_id = 1;
    tx.fee = 1;
    tx.gas = 21000;
    tx.data = (u_char *) "\x7f";
    tx.len = 1;

    CHECK_INT(pserver_transaction_sign(raw, &end, &hash, &tx, secp, key),
              PSERVER_OK);
    check_hex(raw, end - raw,
              "02f86201808001825208940000000000000000000000000000000000000000"
              "807fc080a0c5afc944684a1716aab35aaa87d0688e3bf7960d04c0698ef54e"
              "7b494264eceba01eb3b9fd3c130d95f59dd661af699822c23cb433e48ac1ac"
              "76aafeea00d28189");
    check_hex(hash.bytes, 32, "5f29af439587226f322b7e52823d916e8d43ed01bc9183"
              "286dc8f5d57d31323c");

    tx.data = data;
    tx.len = 1025;
    CHECK_INT(pserver_transaction_sign(raw, &end, &hash, &tx, secp, key),
              PSERVER_NOSPACE);

    tx.len = 1;
    memset(key, 0, 32);
    CHECK_INT(pserver_transaction_sign(raw, &end, &hash, &tx, secp, key),
              PSERVER_INVALID);

    secp256k1_context_destroy(secp);
}


TEST_MAIN
