/*
 * CIDs: "hello" as every IPFS node names it, and what is not taken.
 */

#include "core/cid.h"
#include "core/encode.h"
#include "test.h"


#define RAW  "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define V0   "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"
#define V1   "bafybeid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq"


static const u_char  block[] =
    "\x0a\x0b\x08\x02\x12\x05hello\x18\x05";


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(raw)
{
    pserver_cid_t  cid;
    pserver_str_t  content;

    CHECK_INT(pserver_cid_parse(str(RAW), &cid), PSERVER_OK);
    CHECK_INT(cid.codec, PSERVER_CID_RAW);

    CHECK_INT(pserver_cid_content(&cid, (u_char *) "hello", 5, &content),
              PSERVER_OK);
    CHECK_STR(content, "hello");

    CHECK_INT(pserver_cid_content(&cid, (u_char *) "hellp", 5, &content),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_content(&cid, (u_char *) "hello", 4, &content),
              PSERVER_INVALID);
    CHECK_INT(pserver_cid_content(&cid, block, sizeof(block) - 1, &content),
              PSERVER_INVALID);
}


TEST(unixfs)
{
    pserver_cid_t  v0, v1;
    pserver_str_t  content;

    CHECK_INT(pserver_cid_parse(str(V0), &v0), PSERVER_OK);
    CHECK_INT(pserver_cid_parse(str(V1), &v1), PSERVER_OK);
    CHECK_INT(v0.codec, PSERVER_CID_DAG_PB);
    CHECK_INT(v1.codec, PSERVER_CID_DAG_PB);
    CHECK_MEM(v0.sha256, v1.sha256, 32);

    CHECK_INT(pserver_cid_content(&v0, block, sizeof(block) - 1, &content),
              PSERVER_OK);
    CHECK_STR(content, "hello");

    CHECK_INT(pserver_cid_content(&v0, (u_char *) "hello", 5, &content),
              PSERVER_INVALID);
}


/* blocks whose hash is right and that are not one whole file */

TEST(not_a_file)
{
    size_t         i;
    pserver_cid_t  cid;
    pserver_str_t  content;

    static const struct {
        const char  *cid;
        const char  *block;
    } rows[] = {

        /* a directory */
        { "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
          "0a020801" },

        /* a link besides the data */
        { "QmYL1WEvd5jAuzhnNmT8upZVbAZPzfdNLfFKPHk7YjBYR6",
          "12000a0b0802120568656c6c6f1805" },
        { "QmWu6DLJuhQEcR5Wory2ThGe9ET45BNQp1A3VHvsumGnPk",
          "0a0b0802120568656c6c6f18051200" },

        /* a size of more than there is */
        { "QmQmFYrMWgETGK8STgPCGA9be8Q4HMX9fX8gs2DDGgaJ1E",
          "0a0b0802120568656c6c6f1806" },

        /* a length over the end */
        { "Qmaz7uLTJuVN3rpVT1ZF8zG17GmovLi1Eohf279YeU9xjA",
          "0a0c0802120568656c6c6f1805" },

        /* no type */
        { "QmRYfyfgA7KwpquoSHc1M9zVhJvxwtv8AkntsZNBY7gqMh",
          "0a07120568656c6c6f" },

        /* a number without end */
        { "QmVPZ8puLxEYEf1X7kaqihz41RN3KajoQwBhaZnK9D2we4",
          "0affffffffffffffffffff01" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        u_char  bytes[64];
        size_t  len;

        len = strlen(rows[i].block) / 2;

        CHECK_INT(pserver_hex_decode(bytes, len, str(rows[i].block)),
                  PSERVER_OK);
        CHECK_INT(pserver_cid_parse(str(rows[i].cid), &cid), PSERVER_OK);

        if (!CHECK_INT(pserver_cid_content(&cid, bytes, len, &content),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", rows[i].block);
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
