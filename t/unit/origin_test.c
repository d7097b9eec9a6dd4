/*
 * Origins.
 */

#include "core/origin.h"
#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(good)
{
    size_t            i;
    pserver_origin_t  origin;

    static const struct {
        const char  *text;
        const char  *normal;
        const char  *host;
        unsigned     port;
    } rows[] = {
        { "https://me.example.org", "https://me.example.org",
          "me.example.org", 0 },
        { "https://me.example.org/", "https://me.example.org",
          "me.example.org", 0 },
        { "https://me.example.org:443", "https://me.example.org",
          "me.example.org", 0 },
        { "https://me.example.org:443/", "https://me.example.org",
          "me.example.org", 0 },
        { "https://me.example.org:80", "https://me.example.org:80",
          "me.example.org", 80 },
        { "http://localhost:80", "http://localhost", "localhost", 0 },
        { "http://localhost:443", "http://localhost:443", "localhost", 443 },
        { "http://127.0.0.1:8080/", "http://127.0.0.1:8080", "127.0.0.1",
          8080 },
        { "http://[::1]", "http://[::1]", "[::1]", 0 },
        { "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443",
          "[2001:db8::1]", 8443 },
        { "https://xn--bcher-kva.example:65535",
          "https://xn--bcher-kva.example:65535", "xn--bcher-kva.example",
          65535 },
        { "https://a_b-c.d", "https://a_b-c.d", "a_b-c.d", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        if (!CHECK_INT(pserver_origin_parse(&origin, str(rows[i].text)),
                       PSERVER_OK))
        {
            fprintf(stderr, "    %s\n", rows[i].text);
            continue;
        }

        CHECK_STR(origin.text, rows[i].normal);
        CHECK_STR(origin.host, rows[i].host);
        CHECK_INT(origin.port, rows[i].port);
    }
}


TEST(bad)
{
    size_t            i;
    pserver_origin_t  origin;

    static const char  *rows[] = {
        "", "https", "https:", "https:/", "https://", "https:///",
        "http://", "http:///", "https://:443", "ftp://a", "//a", "a",
        "HTTPS://a", "https://A", "https://a//", "https://a/b",
        "https://a?b", "https://a#", "https://u@a", "https://a\\",
        "https://a b", " https://a", "https://a ", "https://a\n",
        "https://.a", "https://a.", "https://a..b", "https://a.:1",
        "https://a:", "https://a:0", "https://a:01", "https://a:65536",
        "https://a:100000", "https://a:x", "https://a:1x", "https://a:1:2",
        "https://a:-1", "https://a:+1", "https://[]", "https://[", "https://]",
        "https://[::1", "https://[::1]x", "https://[::1]:", "https://[::G]",
        "https://[::AB]", "https://\xc3\xa9", "https://a\"b", "https://a*",
        "https://*.a", "https://a%2e"
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        if (!CHECK_INT(pserver_origin_parse(&origin, str(rows[i])),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", rows[i]);
        }
    }
}


TEST(have)
{
    pserver_origins_t  origins;

    static const pserver_str_t  list[] = {
        pserver_string("https://a"), pserver_string("https://b")
    };

    origins.elts = list;
    origins.n = 2;

    CHECK_INT(pserver_origins_have(&origins, str("https://a")), 1);
    CHECK_INT(pserver_origins_have(&origins, str("https://b")), 1);
    CHECK_INT(pserver_origins_have(&origins, str("https://")), 0);
    CHECK_INT(pserver_origins_have(&origins, str("https://a/")), 0);
    CHECK_INT(pserver_origins_have(&origins, str("https://A")), 0);
    CHECK_INT(pserver_origins_have(&origins, str("")), 0);

    origins.n = 0;

    CHECK_INT(pserver_origins_have(&origins, str("https://a")), 0);
}


TEST_MAIN
