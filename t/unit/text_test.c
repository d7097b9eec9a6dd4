/*
 * Plain text: what is let through and what is not.
 */

#include "test.h"
#include "core/text.h"

TEST_MAIN


static int
valid(const char *text, size_t max)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return pserver_text_valid(s, max);
}


TEST(text)
{
    size_t         i;
    pserver_str_t  zero;

    static const char  *good[] = {
        "", " ", "a b~", "\xc3\xa9t\xc3\xa9.png", "\xc2\xa0",
        "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\"\\"
    };

    static const char  *bad[] = {
        "\n", "\r", "\t", "a\x01", "\x7f", "\x1f", "\xc2\x80", "\xc2\x9f",
        "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3(",
        "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82(", "\xe2(\xac",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
        "\xf0\x90\x80(", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!CHECK(valid(good[i], 100))) {
            fprintf(stderr, "    good[%zu]\n", i);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!CHECK(!valid(bad[i], 100))) {
            fprintf(stderr, "    bad[%zu]\n", i);
        }
    }

    zero.data = (u_char *) "a\0b";
    zero.len = 3;
    CHECK(!pserver_text_valid(zero, 100));

    CHECK(valid("12345", 5));
    CHECK(!valid("123456", 5));
}
