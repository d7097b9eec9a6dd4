/*
 * core/idempotency: which headers name a key, and which key.
 */

#include "core/idempotency.h"
#include "test.h"

TEST_MAIN


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(keys)
{
    size_t  i, len;
    u_char  key[PSERVER_IDEMPOTENCY_MAX];

    static const struct {
        const char  *header;
        const char  *key;                        /* NULL: it names none */
    } rows[] = {
        { "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
          "8e03978e-40d5-43dd-bc93-6894a57f9324" },
        { "8e03978e-40d5-43dd-bc93-6894a57f9324",
          "8e03978e-40d5-43dd-bc93-6894a57f9324" },
        { "\"a b\"", "a b" },
        { "\" \"", " " },
        { "\"~\"", "~" },
        { "\"\\\"\\\\\"", "\"\\" },
        { "aZ09-_.:~", "aZ09-_.:~" },
        { "", NULL },
        { "\"\"", NULL },
        { "\"", NULL },
        { "\"a", NULL },
        { "a\"", NULL },
        { "\"a\\\"", NULL },
        { "\"a\\", NULL },
        { "\"\\a\"", NULL },
        { "\"a\" ", NULL },
        { "\"a\";p=1", NULL },
        { "\"a\", \"b\"", NULL },
        { " \"a\"", NULL },
        { "a b", NULL },
        { "a,b", NULL },
        { "a;b", NULL },
        { "\"a\tb\"", NULL },
        { "\"\x7f\"", NULL },
        { "\"\xc3\xa9\"", NULL },
        { "\xc3\xa9", NULL },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_INT(pserver_idempotency_parse(key, &len, str(rows[i].header)),
                  rows[i].key ? PSERVER_OK : PSERVER_INVALID);
        CHECK_INT(len, rows[i].key ? strlen(rows[i].key) : 0);
        CHECK_MEM(key, rows[i].key, len);
    }
}


TEST(length)
{
    size_t         n, len;
    u_char         key[PSERVER_IDEMPOTENCY_MAX], text[300];
    pserver_str_t  s;

    memset(text, 'a', sizeof(text));

    for (n = 254; n < 258; n++) {

        s.data = text;
        s.len = n;

        CHECK_INT(pserver_idempotency_parse(key, &len, s),
                  n <= 255 ? PSERVER_OK : PSERVER_INVALID);

        text[0] = '"';
        text[n + 1] = '"';
        s.len = n + 2;

        CHECK_INT(pserver_idempotency_parse(key, &len, s),
                  n <= 255 ? PSERVER_OK : PSERVER_INVALID);
        CHECK_INT(len, n <= 255 ? n : 0);

        text[0] = 'a';
        text[n + 1] = 'a';
    }

    /* a zero is no character of a key, nor the end of one */

    s.data = (u_char *) "a\0b";
    s.len = 3;

    CHECK_INT(pserver_idempotency_parse(key, &len, s), PSERVER_INVALID);
}
