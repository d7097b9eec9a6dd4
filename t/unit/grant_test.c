/*
 * Grant files: their form, what they cover, and how parameters are merged.
 */

#include "core/grant.h"
#include "test.h"


#define ADDRESS  "\"0x00112233445566778899aAbBcCdDeEfF00112233\""
#define FILE_OF(operation, parameters)                                        \
    "{\"grantee\":" ADDRESS ",\"operation\":\"" operation "\","               \
    "\"parameters\":" parameters "}"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static int
parse(const char *text, pserver_grant_t *grant)
{
    int                    rc;
    pserver_grant_fault_e  fault;

    rc = pserver_grant_parse((u_char *) text, strlen(text), grant, &fault);

    if (rc == PSERVER_OK) {
        CHECK_INT(fault, PSERVER_GRANT_VALID);
    }

    return rc;
}


TEST(whole)
{
    pserver_grant_t  grant;

    static const u_char  address[] =
        "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
        "\x00\x11\x22\x33";

    CHECK_INT(parse("{ \"expires\": 4102444800, \"parameters\": {"
                    "\"image\": \"sha256:ab\", \"filters\": {\"1\": \"$\"},"
                    "\"scopes\": [\"a.b\"]},"
                    "\"operation\": \"word_count\", \"grantee\": " ADDRESS
                    "}", &grant), PSERVER_OK);

    CHECK_MEM(grant.grantee.bytes, address, 20);
    CHECK_STR(grant.operation, "word_count");
    CHECK_INT(grant.expires, 4102444800);
    CHECK_STR(grant.image, "sha256:ab");
    CHECK(grant.filters != NULL);
    CHECK_INT(grant.parameters->count, 3);

    /* scopes mean something only in a grant to read */
    CHECK(grant.scopes == NULL);
    CHECK(!pserver_grant_covers(&grant, str("a.b")));

    pserver_grant_free(&grant);

    CHECK_INT(parse(FILE_OF("x", "{}"), &grant), PSERVER_OK);
    CHECK_INT(grant.expires, 0);
    CHECK_INT(grant.image.len, 0);
    CHECK(grant.filters == NULL);
    pserver_grant_free(&grant);

    CHECK_INT(parse(FILE_OF("x", "{\"filters\":{}}"), &grant), PSERVER_OK);
    CHECK(grant.filters == NULL);
    pserver_grant_free(&grant);
}


TEST(broken_rules)
{
    size_t                 i, len;
    char                  *text;
    pserver_grant_t        grant;
    pserver_grant_fault_e  fault;

    static const struct {
        const char             *text;
        pserver_grant_fault_e   fault;
    } rows[] = {
        { "", PSERVER_GRANT_JSON },
        { "[]", PSERVER_GRANT_JSON },
        { "null", PSERVER_GRANT_JSON },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{}",
          PSERVER_GRANT_JSON },
        { FILE_OF("x", "{}") "{}", PSERVER_GRANT_JSON },
        { "{\"operation\":\"y\",\"grantee\":" ADDRESS
          ",\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_JSON },
        { FILE_OF("x", "{\"a\":1,\"a\":2}"), PSERVER_GRANT_JSON },

        { "{\"note\":1,\"grantee\":" ADDRESS
          ",\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_MEMBER },
        { "{\"Grantee\":" ADDRESS
          ",\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_MEMBER },

        { "{}", PSERVER_GRANT_GRANTEE },
        { "{\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_GRANTEE },
        { "{\"grantee\":1,\"operation\":\"x\",\"parameters\":{}}",
          PSERVER_GRANT_GRANTEE },
        { "{\"grantee\":\"0x0011\",\"operation\":\"x\",\"parameters\":{}}",
          PSERVER_GRANT_GRANTEE },
        { "{\"grantee\":\"0X00112233445566778899aabbccddeeff00112233\","
          "\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_GRANTEE },
        { "{\"grantee\":\"00112233445566778899aabbccddeeff00112233\","
          "\"operation\":\"x\",\"parameters\":{}}", PSERVER_GRANT_GRANTEE },

        { "{\"grantee\":" ADDRESS ",\"parameters\":{}}",
          PSERVER_GRANT_OPERATION },
        { FILE_OF("", "{}"), PSERVER_GRANT_OPERATION },
        { "{\"grantee\":" ADDRESS ",\"operation\":null,\"parameters\":{}}",
          PSERVER_GRANT_OPERATION },

        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\"}",
          PSERVER_GRANT_PARAMETERS },
        { FILE_OF("x", "[]"), PSERVER_GRANT_PARAMETERS },
        { FILE_OF("x", "null"), PSERVER_GRANT_PARAMETERS },
        { FILE_OF("x", "\"\""), PSERVER_GRANT_PARAMETERS },

        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":\"0\"}", PSERVER_GRANT_EXPIRES },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":-1}", PSERVER_GRANT_EXPIRES },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":1.5}", PSERVER_GRANT_EXPIRES },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":1e9}", PSERVER_GRANT_EXPIRES },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":null}", PSERVER_GRANT_EXPIRES },
        { "{\"grantee\":" ADDRESS ",\"operation\":\"x\",\"parameters\":{},"
          "\"expires\":9007199254740992}", PSERVER_GRANT_EXPIRES },

        { FILE_OF("x", "{\"image\":1}"), PSERVER_GRANT_IMAGE },
        { FILE_OF("x", "{\"image\":\"\"}"), PSERVER_GRANT_IMAGE },

        { FILE_OF("data_read", "{\"scopes\":\"*\"}"), PSERVER_GRANT_SCOPES },
        { FILE_OF("data_read", "{\"scopes\":[\"*\",1]}"),
          PSERVER_GRANT_SCOPES },
        { FILE_OF("data_read", "{\"scopes\":null}"), PSERVER_GRANT_SCOPES },

        { FILE_OF("x", "{\"filters\":\"$.a\"}"), PSERVER_GRANT_FILTERS },
        { FILE_OF("x", "{\"filters\":null}"), PSERVER_GRANT_FILTERS },
        { FILE_OF("x", "{\"filters\":[]}"), PSERVER_GRANT_FILTERS },
        { FILE_OF("x", "{\"filters\":0}"), PSERVER_GRANT_FILTERS },
        { FILE_OF("x", "{\"filters\":{\"1\":[\"$\"]}}"),
          PSERVER_GRANT_FILTERS }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        fault = PSERVER_GRANT_VALID;

        if (!CHECK_INT(pserver_grant_parse((u_char *) rows[i].text,
                                           strlen(rows[i].text), &grant,
                                           &fault), PSERVER_INVALID)
            || !CHECK_INT(fault, rows[i].fault))
        {
            fprintf(stderr, "    %s\n", rows[i].text);
        }
    }

    /* one byte too much, of white space */

    text = malloc(PSERVER_GRANT_MAX + 1);
    memset(text, ' ', PSERVER_GRANT_MAX + 1);
    len = strlen(FILE_OF("x", "{}"));
    memcpy(text, FILE_OF("x", "{}"), len);

    CHECK_INT(pserver_grant_parse((u_char *) text, PSERVER_GRANT_MAX, &grant,
                                  &fault), PSERVER_OK);
    pserver_grant_free(&grant);

    CHECK_INT(pserver_grant_parse((u_char *) text, PSERVER_GRANT_MAX + 1,
                                  &grant, &fault), PSERVER_INVALID);
    CHECK_INT(fault, PSERVER_GRANT_JSON);

    free(text);
}


TEST(expiry)
{
    pserver_grant_t  grant;

    memset(&grant, 0, sizeof(grant));
    CHECK(!pserver_grant_expired(&grant, UINT64_MAX));

    grant.expires = 1000;
    CHECK(!pserver_grant_expired(&grant, 999));
    CHECK(!pserver_grant_expired(&grant, 1000));
    CHECK(pserver_grant_expired(&grant, 1001));
}


TEST(coverage)
{
    pserver_grant_t  grant;

    CHECK_INT(parse(FILE_OF("data_read",
                            "{\"scopes\":[\"a.b\",\"c.d.*\",\"\"]}"),
                    &grant), PSERVER_OK);

    CHECK(pserver_grant_covers(&grant, str("a.b")));
    CHECK(pserver_grant_covers(&grant, str("c.d.e")));
    CHECK(!pserver_grant_covers(&grant, str("c.d")));
    CHECK(!pserver_grant_covers(&grant, str("a.b.c")));
    CHECK(!pserver_grant_covers(&grant, str("x.y")));

    pserver_grant_free(&grant);
}


static const pserver_json_t *
object(const char *text, pserver_json_doc_t **doc)
{
    static const pserver_json_limits_t  limits = { 8, 64 };

    CHECK_INT(pserver_json_parse((u_char *) text, strlen(text), &limits, doc),
              PSERVER_OK);

    return pserver_json_root(*doc);
}


TEST(allowed_names)
{
    size_t               i;
    pserver_json_doc_t  *doc;

    static const pserver_str_t  allowed[] = {
        pserver_string("query"),
        pserver_string("limit"),
        pserver_string("filters")
    };

    static const struct {
        const char  *text;
        int          allows;
    } rows[] = {
        { "{}", 1 },
        { "{\"query\":1}", 1 },
        { "{\"limit\":1,\"query\":{\"x\":[]}}", 1 },
        { "{\"quer\":1}", 0 },
        { "{\"queryy\":1}", 0 },
        { "{\"Query\":1}", 0 },
        { "{\"\":1}", 0 },
        { "{\"query\":1,\"other\":1}", 0 },
        { "{\"filters\":{}}", 0 },
        { "{\"image\":\"x\"}", 0 },
        { "{\"scopes\":[]}", 0 },
        { "[]", 0 },
        { "\"query\"", 0 },
        { "null", 0 }
    };

    CHECK(pserver_grant_allows(NULL, allowed, 3));
    CHECK(pserver_grant_allows(NULL, NULL, 0));

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!CHECK_INT(pserver_grant_allows(object(rows[i].text, &doc),
                                            allowed, 3), rows[i].allows))
        {
            fprintf(stderr, "    %s\n", rows[i].text);
        }

        pserver_json_free(doc);
    }

    CHECK(!pserver_grant_allows(object("{\"query\":1}", &doc), NULL, 0));
    pserver_json_free(doc);
}


static void
merged(const char *grant_parameters, const char *own, const char *expected)
{
    char                   text[512];
    pserver_str_t          out;
    pserver_grant_t        grant;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *parameters;

    snprintf(text, sizeof(text),
             "{\"grantee\":" ADDRESS ",\"operation\":\"x\","
             "\"parameters\":%s}", grant_parameters);

    doc = NULL;
    parameters = own ? object(own, &doc) : NULL;

    CHECK_INT(parse(text, &grant), PSERVER_OK);
    CHECK_INT(pserver_grant_merge(&grant, parameters, &out), PSERVER_OK);
    CHECK_STR(out, expected);

    free(out.data);
    pserver_grant_free(&grant);

    if (doc) {
        pserver_json_free(doc);
    }
}


TEST(merge)
{
    merged("{}", NULL, "{}");
    merged("{}", "{}", "{}");
    merged("{}", "{\"a\":1}", "{\"a\":1}");
    merged("{\"a\":1}", NULL, "{\"a\":1}");
    merged("{\"a\":1}", "{\"a\":2}", "{\"a\":1}");
    merged("{\"a\":1}", "{\"A\":2}", "{\"a\":1,\"A\":2}");
    merged("{\"a\":1,\"b\":2}", "{\"c\":3,\"b\":4}",
           "{\"a\":1,\"b\":2,\"c\":3}");
    merged("{\"a\":null}", "{\"a\":2}", "{\"a\":null}");
    merged("{\"filters\":{\"1\":\"$\"},\"image\":\"i\",\"scopes\":[]}",
           "{\"b\":true}", "{\"b\":true}");
    merged("{\"a\": [ 1.50, -0, 1e3, {} , [], false ] }", NULL,
           "{\"a\":[1.50,-0,1e3,{},[],false]}");
    merged("{\"q\\\"\\u0000\\\\\\/\\n\\u00e9\\ud83d\\ude00\":\"\\u001f\"}",
           NULL,
           "{\"q\\\"\\u0000\\\\/\\n\xc3\xa9\xf0\x9f\x98\x80\":"
           "\"\\u001f\"}");
}


TEST_MAIN
