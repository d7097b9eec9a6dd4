/*
 * ERC-1271.  The digest and the call are those of ethers 6.
 */

#include "core/account.h"
#include "core/encode.h"
#include "core/eth.h"
#include "test.h"


#define ACCOUNT  "5fbdb2315678afecb367f032d93f642f64180aa3"
#define DIGEST   "beace9cca2b097a9f425fee911b9a3011d45ecddb441095a08272dd918b"\
                 "ed9bb"
#define ZEROS    "000000000000000000000000000000000000000000000000000000000000"

#define CALL                                                                  \
    "1626ba7e" DIGEST ZEROS "0040" ZEROS "0003"                               \
    "aabbcc0000" "000000000000000000000000000000000000000000000000000000"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(digest)
{
    u_char             hex[64];
    pserver_word_t     digest;
    pserver_address_t  account;

    CHECK_INT(pserver_address_parse(&account, str("0x" ACCOUNT)), PSERVER_OK);

    pserver_account_digest(&digest, 1480, &account, str("eyJhIjoxfQ"));
    pserver_hex_encode(hex, digest.bytes, 32);
    CHECK_MEM(hex, DIGEST, 64);

    pserver_account_digest(&digest, 14800, &account, str("eyJhIjoxfQ"));
    pserver_hex_encode(hex, digest.bytes, 32);
    CHECK(memcmp(hex, DIGEST, 64) != 0);

    account.bytes[19] ^= 1;
    pserver_account_digest(&digest, 1480, &account, str("eyJhIjoxfQ"));
    pserver_hex_encode(hex, digest.bytes, 32);
    CHECK(memcmp(hex, DIGEST, 64) != 0);
}


TEST(call)
{
    u_char             buf[1024], hex[2048];
    size_t             len, code;
    pserver_word_t     digest;
    pserver_address_t  account;

    (void) pserver_address_parse(&account, str("0x" ACCOUNT));
    (void) pserver_hex_decode(digest.bytes, 32, str(DIGEST));

    len = pserver_account_call(buf, &account, &digest, str("0xAAbbCC"))
          - buf;
    CHECK_INT(len, pserver_account_call_len(3));

    code = len - strlen(CALL) / 2;

    pserver_hex_encode(hex, buf, len);
    CHECK_MEM(hex + 2 * code, CALL, strlen(CALL));

    /* the code, and in it its own length */

    CHECK_INT(code, 60);
    CHECK_INT(buf[5], code);
    CHECK_INT(buf[10], code);
    CHECK_MEM(buf + 17, account.bytes, 20);

    CHECK_INT(pserver_account_call_len(32) - pserver_account_call_len(1), 0);
    CHECK_INT(pserver_account_call_len(33) - pserver_account_call_len(32),
              32);
}


TEST(signatures)
{
    char           text[2 + 2 * PSERVER_ACCOUNT_SIGNATURE_MAX + 3];
    pserver_str_t  s;

    CHECK_INT(pserver_account_signature_len(str("0x0a")), 1);
    CHECK_INT(pserver_account_signature_len(str("0x0A1f")), 2);

    CHECK_INT(pserver_account_signature_len(str("")), 0);
    CHECK_INT(pserver_account_signature_len(str("0x")), 0);
    CHECK_INT(pserver_account_signature_len(str("0x0")), 0);
    CHECK_INT(pserver_account_signature_len(str("0x0a1")), 0);
    CHECK_INT(pserver_account_signature_len(str("0a0a")), 0);
    CHECK_INT(pserver_account_signature_len(str("0X0a")), 0);
    CHECK_INT(pserver_account_signature_len(str("0x0g")), 0);
    CHECK_INT(pserver_account_signature_len(str("0x \x10")), 0);

    memset(text, 'a', sizeof(text));
    memcpy(text, "0x", 2);

    s.data = (u_char *) text;
    s.len = 2 + 2 * PSERVER_ACCOUNT_SIGNATURE_MAX;
    CHECK_INT(pserver_account_signature_len(s), PSERVER_ACCOUNT_SIGNATURE_MAX);

    s.len += 2;
    CHECK_INT(pserver_account_signature_len(s), 0);
}


TEST(answers)
{
    size_t                    i;
    u_char                    data[PSERVER_ACCOUNT_ANSWER_LEN + 32];
    pserver_account_answer_e  answer;

    static const u_char  magic[4] = { 0x16, 0x26, 0xba, 0x7e };

    memset(data, 0, sizeof(data));

#define answered()                                                            \
    pserver_account_answer(data, PSERVER_ACCOUNT_ANSWER_LEN, &answer)

    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_NO_CODE);

    /* code alone, and one word that is not it */

    data[30] = 1;
    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_REFUSES);

    data[63] = 1;
    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_REFUSES);

    memcpy(data + 64, magic, 4);
    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_SIGNED);

    /* every bit of it */

    for (i = 0; i < 256; i++) {
        data[64 + i / 8] ^= 1 << i % 8;
        CHECK_INT(answered(), PSERVER_OK);
        CHECK_INT(answer, PSERVER_ACCOUNT_REFUSES);
        data[64 + i / 8] ^= 1 << i % 8;
    }

    /* it was in memory, but nothing was returned; nobody is there */

    data[63] = 0;
    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_REFUSES);

    data[63] = 1;
    data[30] = 0;
    CHECK_INT(answered(), PSERVER_OK);
    CHECK_INT(answer, PSERVER_ACCOUNT_NO_CODE);

    /* not what the code returns */

    data[63] = 2;
    CHECK_INT(answered(), PSERVER_INVALID);

    data[63] = 1;
    data[32] = 1;
    CHECK_INT(answered(), PSERVER_INVALID);

    data[32] = 0;
    data[0] = 1;
    CHECK_INT(answered(), PSERVER_INVALID);

    data[0] = 0;

    for (i = 0; i <= sizeof(data); i++) {
        CHECK_INT(pserver_account_answer(data, i, &answer),
                  i == PSERVER_ACCOUNT_ANSWER_LEN ? PSERVER_OK
                                                  : PSERVER_INVALID);
    }
}


TEST_MAIN
