/*
 * The tree, and what is refused although many parsers take it.
 */

#include "core/json.h"
#include "test.h"


static const pserver_json_limits_t  limits = { 8, 64 };


static int
parse(const char *text, size_t len, pserver_json_doc_t **doc)
{
    int     rc;
    u_char  *copy;

    /* a copy of exactly this size, for the sanitizers */

    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    rc = pserver_json_parse(copy, len, &limits, doc);

    free(copy);

    return rc;
}


TEST(tree)
{
    uint64_t               n;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *root, *node;

    static const char  text[] =
        " {\"a\" : [1, -2.5e3, \"x\\u0000y\"],\r\n\t\"\": null, "
        "\"t\":true,\"f\":false,\"o\":{\"a\":{}},"
        "\"u\":\"\\ud83d\\ude00\\/\\n\\u00e9\xc3\xa9\"} ";

    CHECK_INT(parse(text, sizeof(text) - 1, &doc), PSERVER_OK);

    root = pserver_json_root(doc);

    CHECK_INT(root->type, PSERVER_JSON_OBJECT);
    CHECK_INT(root->count, 6);
    CHECK(root->next == NULL);

    node = root->child;

    CHECK_STR(node->name, "a");
    CHECK_INT(node->type, PSERVER_JSON_ARRAY);
    CHECK_INT(node->count, 3);
    CHECK(node == pserver_json_get(root, "a"));

    node = node->child;

    CHECK_STR(node->value, "1");
    CHECK_INT(node->name.len, 0);
    CHECK_INT(pserver_json_uint(node, 1, &n), PSERVER_OK);
    CHECK_INT(n, 1);
    CHECK_INT(pserver_json_uint(node, 0, &n), PSERVER_INVALID);

    node = node->next;

    CHECK_INT(node->type, PSERVER_JSON_NUMBER);
    CHECK_STR(node->value, "-2.5e3");

    node = node->next;

    CHECK_INT(node->type, PSERVER_JSON_STRING);
    CHECK_INT(node->value.len, 3);
    CHECK_MEM(node->value.data, "x\0y", 3);
    CHECK(!pserver_json_is(node, "x"));
    CHECK(node->next == NULL);

    node = pserver_json_get(root, "");

    CHECK_INT(node->type, PSERVER_JSON_NULL);
    CHECK(node->next->type == PSERVER_JSON_TRUE);
    CHECK(node->next->next->type == PSERVER_JSON_FALSE);

    node = pserver_json_get(pserver_json_get(root, "o"), "a");

    CHECK_INT(node->type, PSERVER_JSON_OBJECT);
    CHECK_INT(node->count, 0);
    CHECK(node->child == NULL);

    CHECK(pserver_json_is(pserver_json_get(root, "u"),
                          "\xf0\x9f\x98\x80/\n\xc3\xa9\xc3\xa9"));

    CHECK(pserver_json_get(root, "A") == NULL);
    CHECK(pserver_json_get(node->child, "a") == NULL);
    CHECK(pserver_json_get(pserver_json_get(root, "u"), "a") == NULL);
    CHECK(!pserver_json_is(NULL, "a"));

    pserver_json_free(doc);
    pserver_json_free(NULL);
}


TEST(accepted)
{
    size_t               i;
    pserver_json_doc_t  *doc;

    static const char *const  cases[] = {
        "0", "-0", "1E400", "\"\"", "null", "[]", "{}", "[[[[[[[[]]]]]]]]",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "\"\\ud7ff\\ue000\"",
        "\"\xed\x9f\xbf\xee\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
        "\"\\\\ud800\"", "\"\x7f\""
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        doc = NULL;

        if (!CHECK_INT(parse(cases[i], strlen(cases[i]), &doc), PSERVER_OK)) {
            fprintf(stderr, "    text %s\n", cases[i]);
        }

        pserver_json_free(doc);
    }
}


TEST(refused)
{
    size_t               i;
    pserver_json_doc_t  *doc;

    static const char *const  cases[] = {
        /* not JSON */
        "", " ", "{", "[", "]", "}", "[1,]", "{\"a\":1,}", "{a:1}", "'a'",
        "{\"a\"}", "{\"a\" 1}", "[1 2]", "nul", "NaN", "Infinity", "+1",
        "01", "1.", ".5", "1e", "-", "0x1", "\"", "\"\\x\"", "\"\\",
        "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "[1]/* c */",
        "[}", "\xef\xbb\xbf{}", "[1]]", "{} {}", "1 2", "{}x", "{}\"", "[\v1]",
        "[\f1]", "\x01",
        /* the same member twice, however it is written */
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"\\u0061\":3}",
        "{\"x\":{\"\":1,\"\":2}}",
        "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,"
        "\"i\":0,\"j\":0,\"k\":0,\"l\":0,\"m\":0,\"n\":0,\"o\":0,\"p\":0,"
        "\"q\":0,\"r\":0,\"c\":0}",
        /* halves of pairs */
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"", "\"\\ud83dx\\ude00\"", "\"\\udE00\\ud83d\"",
        "{\"\\ud800\":1}", "\"\\ud83d\\",
        /* UTF-8 */
        "\"\x80\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
        "\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"", "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\xff\"",
        "\"\xe2\x82\"", "\"\xe2"
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        doc = NULL;

        if (!CHECK_INT(parse(cases[i], strlen(cases[i]), &doc),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    text %s\n", cases[i]);
        }

        CHECK(doc == NULL);
    }

    CHECK_INT(parse("1\0", 2, &doc), PSERVER_INVALID);
    CHECK_INT(parse("\"a\0b\"", 5, &doc), PSERVER_INVALID);
}


TEST(duplicates_are_told_apart)
{
    size_t               i;
    int                  duplicate;
    pserver_json_doc_t  *doc;

    static const struct {
        const char  *text;
        int          duplicate;
    } cases[] = {
        { "{\"a\":1,\"a\":1}", 1 },
        { "[{\"a\":{\"b\":1,\"b\":1}}]", 1 },
        { "{\"a\":1,\"a\":1", 0 },
        { "{\"a\":1", 0 },
        { "\"\\ud800\"", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        duplicate = 7;

        CHECK_INT(pserver_json_parse_members((u_char *) cases[i].text,
                                             strlen(cases[i].text), &limits,
                                             &doc, &duplicate),
                  PSERVER_INVALID);
        CHECK_INT(duplicate, cases[i].duplicate);
    }
}


TEST(limits)
{
    char                 text[256], *p;
    size_t               i;
    pserver_json_doc_t  *doc;

    CHECK_INT(parse("[[[[[[[[[]]]]]]]]]", 18, &doc), PSERVER_NOSPACE);

    /* an array of 63 has 64 nodes */

    p = text;
    *p++ = '[';

    for (i = 0; i < 63; i++) {
        p += sprintf(p, "%s%d", i ? "," : "", (int) i % 10);
    }

    p[0] = ']';

    CHECK_INT(parse(text, (size_t) (p + 1 - text), &doc), PSERVER_OK);
    CHECK_INT(pserver_json_root(doc)->count, 63);
    pserver_json_free(doc);

    memcpy(p, ",0]", 3);

    CHECK_INT(parse(text, (size_t) (p + 3 - text), &doc), PSERVER_NOSPACE);

    /* a mistake after the limit does not matter, one before it does */

    CHECK_INT(parse("[[[[[[[[[", 9, &doc), PSERVER_NOSPACE);
    CHECK_INT(parse("[1 1[[[[[[[[[", 6, &doc), PSERVER_INVALID);
}


TEST(long_texts)
{
    char                 *text, *p;
    size_t                i, len;
    pserver_json_doc_t   *doc;

    static const pserver_json_limits_t  many = { 8, 20001 };

    /* a string of escapes of a hundred kilobytes */

    len = 100002;
    text = malloc(len);
    text[0] = '"';

    for (i = 1; i < len - 1; i += 2) {
        memcpy(text + i, "\\n", 2);
    }

    text[len - 1] = '"';

    CHECK_INT(pserver_json_parse((u_char *) text, len, &many, &doc),
              PSERVER_OK);
    CHECK_INT(pserver_json_root(doc)->value.len, 50000);
    CHECK(pserver_json_root(doc)->value.data[49999] == '\n');

    pserver_json_free(doc);
    free(text);

    /* members whose names have a long common beginning */

    text = malloc(20000 * 32);
    p = text;
    *p++ = '{';

    for (i = 0; i < 20000; i++) {
        p += sprintf(p, "%s\"same beginning %05zu\":0", i ? "," : "", i);
    }

    *p++ = '}';
    len = (size_t) (p - text);

    CHECK_INT(pserver_json_parse((u_char *) text, len, &many, &doc),
              PSERVER_OK);
    CHECK_INT(pserver_json_root(doc)->count, 20000);

    pserver_json_free(doc);

    memcpy(p - 9, "00000", 5);

    CHECK_INT(p[-10], ' ');
    CHECK_INT(pserver_json_parse((u_char *) text, len, &many, &doc),
              PSERVER_INVALID);

    free(text);
}


TEST_MAIN
