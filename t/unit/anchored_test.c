/*
 * The last anchor: its line, and what the contract says.
 */

#include "core/anchored.h"

#include "test.h"


#define ROOT  "000102030405060708090a0b0c0d0e0f"                              \
              "101112131415161718191a1b1c1d1e1f"


static int
parse(pserver_anchored_t *anchor, const char *text)
{
    pserver_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    return pserver_anchored_parse(anchor, str);
}


TEST(line)
{
    size_t              i;
    u_char              text[PSERVER_ANCHORED_MAX], *end;
    pserver_anchored_t  anchor;

    static const char  *bad[] = {
        "", "\n", " ", "0 " ROOT "\n", "01 " ROOT "\n", "1  " ROOT "\n",
        "1 " ROOT, "1 " ROOT "\n\n", "-1 " ROOT "\n", "1" ROOT "\n",
        "1 " ROOT "0\n", "x " ROOT "\n", "9223372036854775808 " ROOT "\n",
        "1 g" ROOT "\n", "1 " ROOT " "
    };

    CHECK_INT(parse(&anchor, "1234567 " ROOT "\n"), PSERVER_OK);
    CHECK_INT(anchor.size, 1234567);
    CHECK_INT(anchor.root[31], 0x1f);

    end = pserver_anchored_write(text, &anchor);
    CHECK_MEM(text, "1234567 " ROOT "\n", (size_t) (end - text));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(parse(&anchor, bad[i]), PSERVER_INVALID);
    }
}


TEST(result)
{
    u_char              words[4 * 32];
    pserver_anchored_t  anchor;

    memset(words, 0, sizeof(words));
    words[30] = 2;
    words[63] = 9;
    memset(words + 96, 0x77, 32);

    CHECK_INT(pserver_anchored_result(&anchor, words, sizeof(words)),
              PSERVER_OK);
    CHECK_INT(anchor.size, 512);
    CHECK_INT(anchor.block, 9);
    CHECK_INT(anchor.root[0], 0x77);

    CHECK_INT(pserver_anchored_result(&anchor, words, sizeof(words) - 1),
              PSERVER_INVALID);
    words[24] = 0x80;
    CHECK_INT(pserver_anchored_result(&anchor, words, sizeof(words)),
              PSERVER_INVALID);
    words[24] = 0;
    words[0] = 1;
    CHECK_INT(pserver_anchored_result(&anchor, words, sizeof(words)),
              PSERVER_INVALID);
    words[0] = 0;
    words[32] = 1;
    CHECK_INT(pserver_anchored_result(&anchor, words, sizeof(words)),
              PSERVER_INVALID);
}


/* as a node writes it: contract, sender and log id are 1, 2 and 3 */

#define ZEROS24   "000000000000000000000000"
#define ADDRESS(n)  "000000000000000000000000000000000000000" n
#define TOPIC     "3d0c97912257c6ad70e8f6fc81ae518a"                          \
                  "d3e14734d308b512c2729cc637a4b0b1"
#define SIZE      ZEROS24 "0000000000000000000000000000000000000100"
#define BLOCK     "\"blockHash\":\"0x" ROOT "\""
#define TOPICS(t)  "\"topics\":[\"0x" t "\",\"0x" ZEROS24 ADDRESS("2")         \
                   "\",\"0x" ZEROS24 ADDRESS("3") "\"]"
#define EVENT     "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(TOPIC) ","     \
                  BLOCK ",\"data\":\"0x" SIZE ROOT "\""


static int
event(pserver_anchored_t *anchor, const char *text)
{
    int                  rc;
    u_char               id[32];
    pserver_address_t    contract, sender;
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 4, 32 };

    memset(&contract, 0, sizeof(contract));
    memset(&sender, 0, sizeof(sender));
    memset(id, 0, sizeof(id));
    contract.bytes[19] = 1;
    sender.bytes[19] = 2;
    id[31] = 3;

    CHECK_INT(pserver_json_parse((u_char *) text, strlen(text), &limits, &doc),
              PSERVER_OK);

    rc = pserver_anchored_event(anchor, pserver_json_root(doc), &contract,
                                &sender, id);

    pserver_json_free(doc);

    return rc;
}


TEST(event)
{
    size_t              i;
    pserver_anchored_t  anchor;

    static const char  *bad[] = {
        "{}", "[]", "null", "1",
        EVENT ",\"removed\":true}",
        "{\"address\":\"0x" ADDRESS("2") "\"," TOPICS(TOPIC) "," BLOCK
            ",\"data\":\"0x" SIZE ROOT "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(ROOT) "," BLOCK
            ",\"data\":\"0x" SIZE ROOT "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\",\"topics\":[\"0x" TOPIC "\"],"
            BLOCK ",\"data\":\"0x" SIZE ROOT "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\",\"topics\":[\"0x" TOPIC "\",\"0x"
            ZEROS24 ADDRESS("3") "\",\"0x" ZEROS24 ADDRESS("3") "\"],"
            BLOCK ",\"data\":\"0x" SIZE ROOT "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\",\"topics\":[\"0x" TOPIC "\",\"0x"
            ZEROS24 ADDRESS("2") "\",\"0x" ZEROS24 ADDRESS("2") "\"],"
            BLOCK ",\"data\":\"0x" SIZE ROOT "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(TOPIC) "," BLOCK "}",
        "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(TOPIC) "," BLOCK
            ",\"data\":\"0x" SIZE "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(TOPIC) "," BLOCK
            ",\"data\":\"0x" SIZE ROOT SIZE "\"}",
        "{\"address\":\"0x" ADDRESS("1") "\"," TOPICS(TOPIC) "," BLOCK
            ",\"data\":\"0x" ROOT SIZE "\"}"
    };

    CHECK_INT(event(&anchor, EVENT "}"), PSERVER_OK);
    CHECK_INT(anchor.size, 256);
    CHECK_INT(anchor.root[31], 0x1f);
    CHECK_INT(event(&anchor, EVENT ",\"removed\":false}"), PSERVER_OK);
    CHECK_INT(event(&anchor, "{\"address\":\"0x" ADDRESS("1") "\","
                    TOPICS(TOPIC) "," BLOCK ",\"data\":\"0x" ZEROS24 ZEROS24
                    "ffffffffffffffff" ROOT "\"}"),
              PSERVER_OK);
    CHECK(anchor.size == UINT64_MAX);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(event(&anchor, bad[i]), PSERVER_INVALID);
    }
}


TEST_MAIN
