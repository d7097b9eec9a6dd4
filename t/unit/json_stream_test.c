/*
 * Is it a JSON object?  Each text whole, and cut in two at every place.
 */

#include "test.h"
#include "core/json_stream.h"

TEST_MAIN


static int
parse(const char *text, size_t len, size_t cut)
{
    pserver_json_stream_t  js;

    pserver_json_stream_init(&js);

    (void) pserver_json_stream_feed(&js, (u_char *) text, cut);
    (void) pserver_json_stream_feed(&js, (u_char *) text + cut, len - cut);

    return pserver_json_stream_end(&js);
}


static void
expect(const char *text, size_t len, int rc)
{
    size_t  cut;

    for (cut = 0; cut <= len; cut++) {
        if (!CHECK_INT(parse(text, len, cut), rc)) {
            fprintf(stderr, "    %s, cut at %zu\n", text, cut);
            return;
        }
    }
}


TEST(objects)
{
    size_t  i;

    static const char  *good[] = {
        "{}", " \t\r\n{ } \n", "{\"\":0}", "{\"a\":[]}", "{\"a\":[ ]}",
        "{\"a\":{\"b\":[1,2,{}],\"c\":null},\"d\":true,\"e\":false}",
        "{\"a\":-0,\"b\":0.5,\"c\":12e3,\"d\":1E+7,\"e\":-1.5e-10,\"f\":0e1}",
        "{ \"a\" : \"b\" , \"c\" : [ 1 , \"x\" ] }",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d\\uDE00\\ud800\"}",
        "{\"a\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"}",
        "{\"a\":\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}",
        "{\"a\":1,\"a\":2}",
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        expect(good[i], strlen(good[i]), PSERVER_OK);
    }
}


TEST(refused)
{
    size_t  i;

    static const char  *bad[] = {
        "", " ", "{", "}", "[]", "[{}]", "\"a\"", "1", "null", "true",
        "{}{}", "{},", "{}x", "{}\"", "\xef\xbb\xbf{}", "{a:1}", "{'a':1}",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}",
        "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{\"a\":[1,]}",
        "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[1}", "{\"a\":[1}]",
        "{\"a\":{]}", "{\"a\":[1:2]}", "{\"a\":tru}", "{\"a\":truee}",
        "{\"a\":True}", "{\"a\":nul", "{\"a\":NaN}", "{\"a\":01}",
        "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}",
        "{\"a\":1.e2}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":1e5.5}",
        "{\"a\":-01}", "{\"a\":0x1}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}", "{\"a\":\"\t\"}", "{\"a\":\"\n\"}",
        "{\"a\":\"b}", "{\"a\":\"\\\"}", "{\"a\":1/*x*/}", "{\"a\":1}\v",
        "{\"a\":\"\x80\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xc1\xbf\"}",
        "{\"a\":\"\xe0\x9f\xbf\"}", "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf0\x8f\xbf\xbf\"}", "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":\"\xf5\x80\x80\x80\"}", "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xe2\x82\"}", "{\"a\":\"\xc3\xa9\xa9\"}", "{\xc2\xa0}",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(bad[i], strlen(bad[i]), PSERVER_INVALID);
    }

    /* a zero, in every kind of place */

    expect("{\0}", 3, PSERVER_INVALID);
    expect("{}\0", 3, PSERVER_INVALID);
    expect("{\"a\0\":1}", 8, PSERVER_INVALID);
    expect("{\"a\":\"\\\0\"}", 10, PSERVER_INVALID);
    expect("{\"a\":t\0ue}", 10, PSERVER_INVALID);
}


TEST(depth)
{
    char    text[2 * PSERVER_JSON_STREAM_DEPTH + 16], *p;
    size_t  n, i;

    for (n = PSERVER_JSON_STREAM_DEPTH - 1; n <= PSERVER_JSON_STREAM_DEPTH;
         n++)
    {
        p = text + sprintf(text, "{\"a\":");

        for (i = 0; i < n; i++) {
            *p++ = '[';
        }

        for (i = 0; i < n; i++) {
            *p++ = ']';
        }

        *p++ = '}';

        CHECK_INT(parse(text, (size_t) (p - text), 0),
                  n < PSERVER_JSON_STREAM_DEPTH ? PSERVER_OK
                                                : PSERVER_INVALID);
    }
}


/* a refusal stands, whatever comes after it */

TEST(stays)
{
    pserver_json_stream_t  js;

    pserver_json_stream_init(&js);

    CHECK_INT(pserver_json_stream_feed(&js, (u_char *) "{]", 2),
              PSERVER_INVALID);
    CHECK_INT(pserver_json_stream_feed(&js, (u_char *) "{}", 2),
              PSERVER_INVALID);
    CHECK_INT(pserver_json_stream_feed(&js, NULL, 0), PSERVER_INVALID);
    CHECK_INT(pserver_json_stream_end(&js), PSERVER_INVALID);
}
