/*
 * Scopes, what covers them, and URLs of our own.
 */

#include "core/scope.h"
#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(valid)
{
    size_t  i;
    char    name[PSERVER_SCOPE_MAX + 2];

    static const char  *good[] = {
        "a.b", "instagram.profile", "chatgpt.conversations.shared", "0.0",
        "a_.B_", "a1_b.C2_d.0x", "a.B"
    };

    static const char  *bad[] = {
        "", "a", "a.", ".a", "a..b", "a.b.c.d", "A.b", "aB.c", "_a.b",
        "a._b", "a.b._c", "a-b.c", "a.b-c", "a.b ", " a.b", "a.b\n", "a/b.c",
        "a.b.", ".", "..", "a.*", "*", "\xc3\xa9.b", "a.b%2e"
    };

    for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
        if (!CHECK(pserver_scope_valid(str(good[i])))) {
            fprintf(stderr, "    %s\n", good[i]);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK(!pserver_scope_valid(str(bad[i])))) {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }

    memset(name, 'a', sizeof(name));
    name[1] = '.';
    name[PSERVER_SCOPE_MAX] = '\0';
    CHECK(pserver_scope_valid(str(name)));

    name[PSERVER_SCOPE_MAX] = 'a';
    name[PSERVER_SCOPE_MAX + 1] = '\0';
    CHECK(!pserver_scope_valid(str(name)));
}


TEST(covers)
{
    size_t  i;

    static const struct {
        const char  *pattern;
        const char  *scope;
        int          covers;
    } rows[] = {
        { "*", "a.b", 1 },
        { "*", "a.b.c", 1 },
        { "a.b", "a.b", 1 },
        { "a.b", "a.B", 0 },
        { "a.b", "a.bc", 0 },
        { "a.b", "a.b.c", 0 },
        { "a.b.c", "a.b", 0 },
        { "a.b.*", "a.b.c", 1 },
        { "a.b.*", "a.b", 0 },
        { "a.b.*", "a.bc.d", 0 },
        { "a.b.*", "A.b.c", 0 },
        { "a.*", "a.b", 1 },
        { "a.*", "a.b.c", 1 },
        { "a.*", "ab.c", 0 },
        { "a*", "a.b", 0 },
        { "a.b*", "a.b.c", 0 },
        { ".*", "a.b", 0 },
        { "**", "a.b", 0 },
        { "*.*", "a.b", 0 },
        { "*.b", "a.b", 0 },
        { "a.*.c", "a.b.c", 0 },
        { "", "a.b", 0 },
        { " *", "a.b", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!CHECK_INT(pserver_scope_covers(str(rows[i].pattern),
                                            str(rows[i].scope)),
                       rows[i].covers))
        {
            fprintf(stderr, "    %s %s\n", rows[i].pattern, rows[i].scope);
        }
    }
}


TEST(url)
{
    size_t               i;
    pserver_scope_url_t  url;

    static const char  *bad[] = {
        "",
        "http://o",
        "http://o/v1/data",
        "http://o/v1/data/",
        "http://o/v1/data/a",
        "http://o/v1/data/a.b/",
        "http://o/v1/data/a.b/versions",
        "http://o/v1/data/../data/a.b",
        "http://o/v1//data/a.b",
        "http://o//v1/data/a.b",
        "http://o/v1/data/a%2Eb",
        "http://o/v1/data/a.b#",
        "http://o/v1/data/a.b?",
        "http://o/v1/data/a.b?fileId",
        "http://o/v1/data/a.b?fileId=",
        "http://o/v1/data/a.b?fileId=1&fileId=2",
        "http://o/v1/data/a.b?fileId=1#x",
        "http://o/v1/data/a.b?fileid=1",
        "http://o/v1/data/a.b?at=1",
        "http://o/v1/data/a.b?at=1&fileId=1",
        "http://o/v1/data/a.b?fileId=%31",
        "http://o/v1/data/a.b ",
        " http://o/v1/data/a.b",
        "HTTP://o/v1/data/a.b",
        "http://O/v1/data/a.b",
        "http://o:80/v1/data/a.b",
        "http://u@o/v1/data/a.b",
        "https://o:443/v1/data/a.b",
        "https:/o/v1/data/a.b",
        "https:",
        "http://evil.example/?http://o/v1/data/a.b",
        "file:///etc/passwd",
        "ipfs://bafkreigrant1",
        "/v1/data/a.b"
    };

    CHECK_INT(pserver_scope_url(str("http://o/v1/data/demo.messages"), &url),
              PSERVER_OK);
    CHECK_STR(url.origin.text, "http://o");
    CHECK_STR(url.origin.host, "o");
    CHECK_STR(url.scope, "demo.messages");
    CHECK_INT(url.file_id.len, 0);

    CHECK_INT(pserver_scope_url(str("https://me.example.org:8443/v1/data/"
                                    "a.b.c?fileId=0x1f_-Z"),
                                &url), PSERVER_OK);
    CHECK_STR(url.origin.text, "https://me.example.org:8443");
    CHECK_INT(url.origin.port, 8443);
    CHECK_STR(url.scope, "a.b.c");
    CHECK_STR(url.file_id, "0x1f_-Z");

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK_INT(pserver_scope_url(str(bad[i]), &url),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }
}


TEST_MAIN
