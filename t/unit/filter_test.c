/*
 * core/filter: what is left of a file, and what is never passed on.
 */

#include <stdlib.h>

#include "core/filter.h"
#include "test.h"


#define FILE_TEXT                                                             \
    "{\"messages\": [{\"from\": \"a\", \"n\": 1.50, \"text\": \"one\"},"      \
    " {\"from\": \"b\", \"n\": 12345678901234567890, \"text\": \"two\"}],"    \
    " \"secret\": {\"k\": \"v\"}}"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static void
check(const char *filter, const char *data, int rc, const char *expected)
{
    u_char  *out;
    size_t   n;

    if (!CHECK_INT(pserver_filter_apply(str(filter), (u_char *) data,
                                        strlen(data), 100, &out, &n), rc))
    {
        fprintf(stderr, "    %s\n", filter);
    }

    if (rc == PSERVER_OK) {
        if (!CHECK(n == strlen(expected) && memcmp(out, expected, n) == 0)) {
            fprintf(stderr, "    %s: %.*s\n", filter, (int) n, out);
        }

        free(out);
    }
}


TEST(matches)
{
    /* one is the value, several an array, none an empty one */

    check("$.messages[0].text", FILE_TEXT, PSERVER_OK, "\"one\"");
    check("$.messages[*].text", FILE_TEXT, PSERVER_OK, "[\"one\",\"two\"]");
    check("$.messages[?@.from == 'c']", FILE_TEXT, PSERVER_OK, "[]");
    check("$.messages[?@.from == 'b'].n", FILE_TEXT, PSERVER_OK,
          "12345678901234567890");
    check("$.messages[*].n", FILE_TEXT, PSERVER_OK,
          "[1.50,12345678901234567890]");
    check("$.secret", FILE_TEXT, PSERVER_OK, "{\"k\":\"v\"}");

    /* without "$", as existing grant files have it */

    check("messages[0].text", FILE_TEXT, PSERVER_OK, "\"one\"");
    check(".messages[0].text", FILE_TEXT, PSERVER_OK, "\"one\"");
    check("['messages'][0].text", FILE_TEXT, PSERVER_OK, "\"one\"");
    check("..from", FILE_TEXT, PSERVER_OK, "[\"a\",\"b\"]");
    check("*", "[1]", PSERVER_OK, "1");
}


TEST(never_the_whole)
{
    u_char  *out;
    size_t   i, n;
    char     text[8192];

    static const char  *bad[] = {
        "", " ", "$.", "$[", "$.messages[", "$ ", " $", "@", "$x",
        "$.messages[?(@.from = 'a')]", "$.messages[(@.length-1)]",
        "$.messages[?@.from =~ /a/]", "$['messages", "$..", "$[*]~",
        "$.messages[-0]", "$.a`len`"
    };

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK_INT(pserver_filter_check(str(bad[i])), PSERVER_INVALID);
        check(bad[i], FILE_TEXT, PSERVER_INVALID, NULL);
    }

    check("$", "", PSERVER_INVALID, NULL);
    check("$", "{\"a\":1", PSERVER_INVALID, NULL);
    check("$", "{\"a\":1}x", PSERVER_INVALID, NULL);
    check("$", "text", PSERVER_INVALID, NULL);
    check("$", "{\"a\":1,\"a\":2}", PSERVER_INVALID, NULL);
    check("$", "\"\xff\"", PSERVER_INVALID, NULL);

    /* more than there may be: of output, of depth, of an expression */

    check("$", FILE_TEXT, PSERVER_NOSPACE, NULL);
    check("$[0,0,0,0,0,0,0,0,0,0,0,0]", "[\"0123456789\"]", PSERVER_NOSPACE,
          NULL);

    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    text[400] = '\0';
    check("$..a", text, PSERVER_NOSPACE, NULL);

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    CHECK_INT(pserver_filter_check(str(text)), PSERVER_NOSPACE);

    /* exactly the limit */

    CHECK_INT(pserver_filter_apply(str("$"), (u_char *) "[1,2]", 5, 5, &out,
                                   &n),
              PSERVER_OK);
    free(out);
    CHECK_INT(pserver_filter_apply(str("$"), (u_char *) "[1,2]", 5, 4, &out,
                                   &n),
              PSERVER_NOSPACE);
}


TEST_MAIN
