/*
 * CIDs: "hello" as every IPFS node names it, and what is not taken.
 */

#include "core/cid.h"
#include "core/encode.h"
#include "test.h"


#define RAW  "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define V0   "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"
#define V1   "bafybeid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq"

#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(forms)
{
    pserver_cid_t  cid, v0;

    CHECK_INT(pserver_cid_parse(str(RAW), &cid), PSERVER_OK);
    CHECK_INT(cid.codec, PSERVER_CID_RAW);

    CHECK_INT(pserver_cid_parse(str(V0), &v0), PSERVER_OK);
    CHECK_INT(pserver_cid_parse(str(V1), &cid), PSERVER_OK);
    CHECK_INT(v0.codec, PSERVER_CID_DAG_PB);
    CHECK_INT(cid.codec, PSERVER_CID_DAG_PB);
    CHECK_MEM(v0.sha256, cid.sha256, 32);
}


/* as a CAR has them: of any codec and hash, cut anywhere */

TEST(skip)
{
    size_t         i, len, n;
    u_char         bytes[64];
    pserver_str_t  rest;

    static const struct {
        const char  *hex;
        int          rest;               /* -1: it is none */
    } rows[] = {
        { "1220" ZEROS "6869", 2 },
        { "01551220" ZEROS "6869", 2 },
        { "0171b22003ffffff68", 1 },     /* dag-cbor, blake2b of 3 bytes */
        { "01550000", 0 },               /* identity of nothing */
        { "02551220" ZEROS, -1 },
        { "0155120568", -1 },
        { "1221" ZEROS, -1 },
        { "8080808080808080808001", -1 },
        { "01", -1 },
        { "", -1 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        len = strlen(rows[i].hex) / 2;

        CHECK_INT(pserver_hex_decode(bytes, len, str(rows[i].hex)),
                  PSERVER_OK);

        rest.data = bytes;
        rest.len = len;

        n = rows[i].rest;

        if (rows[i].rest < 0) {
            CHECK_INT(pserver_cid_skip(&rest), PSERVER_INVALID);

        } else if (CHECK_INT(pserver_cid_skip(&rest), PSERVER_OK)) {
            CHECK_INT(rest.len, n);
            CHECK(rest.data == bytes + len - n);
        }
    }
}


TEST(other_forms)
{
    size_t         i;
    pserver_cid_t  cid;

    static const char  *bad[] = {
        "", "b", "Q", "Qm",

        /* upper case, a spare bit, another digit, one more, one less */
        "BAFKREIBM6JG3UX5QUMHCN2B3FLC3TYU6DMLB4XA7U5BF44YEGNRJHC4YEQ",
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yer",
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4ye1",
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeqa",
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4ye",

        /* dag-cbor; sha1; 0, l, a prefix that is not 12 20 */
        "bafyreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
        "bafkrcibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
        "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaO",
        "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecal",
        "1mWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
    };

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK_INT(pserver_cid_parse(str(bad[i]), &cid),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }
}


TEST(url)
{
    pserver_cid_t  cid;
    pserver_str_t  text;

    CHECK_INT(pserver_cid_url(str("ipfs://" RAW), &text, &cid), PSERVER_OK);
    CHECK_STR(text, RAW);
    CHECK_INT(cid.codec, PSERVER_CID_RAW);

    CHECK_INT(pserver_cid_url(str("ipfs://" V0), &text, &cid), PSERVER_OK);
    CHECK_STR(text, V0);

    CHECK_INT(pserver_cid_url(str("ipfs://" RAW "/"), &text, &cid),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str("ipfs://" RAW "?x"), &text, &cid),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str("IPFS://" RAW), &text, &cid),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str("ipfs://"), &text, &cid), PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str("ipfs:/"), &text, &cid), PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str(RAW), &text, &cid), PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str("https://x/ipfs/" RAW), &text, &cid),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_url(str(""), &text, &cid), PSERVER_INVALID);
}


TEST_MAIN
