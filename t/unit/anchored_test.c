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
}


TEST_MAIN
