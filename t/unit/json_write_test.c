/*
 * JSON text.
 */

#include "core/json_write.h"
#include "test.h"


TEST(quoted)
{
    size_t         i;
    u_char         text[64];
    pserver_str_t  in, out;

    static const struct {
        const char  *in;
        const char  *out;
    } cases[] = {
        { "", "\"\"" },
        { "a/b", "\"a/b\"" },
        { "\"\\", "\"\\\"\\\\\"" },
        { "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
        { "\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"" },
        { "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        in.data = (u_char *) cases[i].in;
        in.len = strlen(cases[i].in);

        out.data = text;
        out.len = pserver_json_quote(text, in);

        CHECK_STR(out, cases[i].out);
        CHECK_INT(pserver_json_quote(NULL, in), out.len);
    }

    in.data = (u_char *) "a\0b";
    in.len = 3;
    out.len = pserver_json_quote(text, in);

    CHECK_STR(out, "\"a\\u0000b\"");
}


TEST(tree_comes_back)
{
    u_char               *text;
    pserver_str_t         out;
    pserver_json_doc_t   *doc;

    static const pserver_json_limits_t  limits = { 8, 64 };

    static const char  in[] =
        "{ \"a\" : [ ] , \"b\\n\" : { \"c\" : [ 1 , -2.50e+3, \"\\u0041\" ,"
        " null ] } , \"t\" : true , \"f\" : false , \"\" : { } }";

    static const char  expected[] =
        "{\"a\":[],\"b\\n\":{\"c\":[1,-2.50e+3,\"A\",null]},\"t\":true,"
        "\"f\":false,\"\":{}}";

    CHECK_INT(pserver_json_parse((u_char *) in, sizeof(in) - 1, &limits,
                                 &doc),
              PSERVER_OK);

    out.len = pserver_json_write(NULL, pserver_json_root(doc));
    text = malloc(out.len);
    out.data = text;

    CHECK_INT(pserver_json_write(text, pserver_json_root(doc)), out.len);
    CHECK_STR(out, expected);

    free(text);

    /* the name of the value itself is not written */

    out.len = pserver_json_write(NULL,
                  pserver_json_get(pserver_json_root(doc), "a"));
    CHECK_INT(out.len, 2);

    pserver_json_free(doc);
}


TEST_MAIN
