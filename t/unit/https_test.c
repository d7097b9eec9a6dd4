/*
 * URLs that somebody else has chosen, and addresses that are not public.
 */

#include <arpa/inet.h>

#include "core/https.h"
#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(parts)
{
    pserver_https_t  u;

    CHECK_INT(pserver_https_parse(str("https://a.Example-1.org:8443/x/%2e?q=/"),
                                  &u),
              PSERVER_OK);
    CHECK_STR(u.authority, "a.Example-1.org:8443");
    CHECK_STR(u.host, "a.Example-1.org");
    CHECK_INT(u.port, 8443);
    CHECK_STR(u.path, "/x/%2e?q=/");

    CHECK_INT(pserver_https_parse(str("https://localhost"), &u), PSERVER_OK);
    CHECK_STR(u.authority, "localhost");
    CHECK_STR(u.host, "localhost");
    CHECK_INT(u.port, 443);
    CHECK_STR(u.path, "");

    CHECK_INT(pserver_https_parse(str("https://a.b?x"), &u), PSERVER_OK);
    CHECK_STR(u.host, "a.b");
    CHECK_STR(u.path, "?x");
}


TEST(other_forms)
{
    size_t           i;
    pserver_https_t  u;

    static const char  *bad[] = {
        "", "https:/", "https://", "https:///x", "http://a.b/",
        "HTTPS://a.b/", "https://a.b:/", "https://a.b:0/", "https://a.b:080/",
        "https://a.b:65536/", "https://a.b:1:2/", "https://a.b:443x/",
        "https://user@a.b/", "https://user:pass@a.b/", "https://a.b@evil/",
        "https://a.b/#x", "https://a..b/", "https://.a/", "https://a.b./",
        "https://-a.b/", "https://a-.b/", "https://a_b.c/", "https://a b/",
        "https://a.b/ x", "https://a.b/\r\nHost:x", "https://a.b/\x7f",
        "https://a.b/\xc3\xa4", "https://\xc3\xa4.b/", "https://a.b\\@c/",
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/",
        "https://0x7f000001/", "https://a.0x7f/", "https://[::1]/",
        "https://[::1]:443/",
        "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b/"
    };

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK_INT(pserver_https_parse(str(bad[i]), &u),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }
}


TEST(addresses)
{
    size_t  i;
    u_char  ip[16];
    int     family;

    static const struct {
        const char  *text;
        int          is_public;
    } rows[] = {
        { "1.1.1.1", 1 },          { "9.255.255.255", 1 },
        { "10.0.0.0", 0 },         { "10.255.255.255", 0 },
        { "11.0.0.0", 1 },         { "0.0.0.0", 0 },
        { "100.63.255.255", 1 },   { "100.64.0.0", 0 },
        { "100.127.255.255", 0 },  { "100.128.0.0", 1 },
        { "127.0.0.1", 0 },        { "127.255.255.255", 0 },
        { "128.0.0.1", 1 },        { "169.254.169.254", 0 },
        { "169.253.1.1", 1 },      { "172.15.255.255", 1 },
        { "172.16.0.0", 0 },       { "172.31.255.255", 0 },
        { "172.32.0.0", 1 },       { "192.0.0.8", 0 },
        { "192.0.1.1", 1 },        { "192.0.2.1", 0 },
        { "192.88.99.1", 0 },      { "192.167.255.255", 1 },
        { "192.168.0.0", 0 },      { "192.169.0.0", 1 },
        { "198.17.255.255", 1 },   { "198.18.0.0", 0 },
        { "198.19.255.255", 0 },   { "198.20.0.0", 1 },
        { "198.51.100.7", 0 },     { "203.0.113.7", 0 },
        { "223.255.255.255", 1 },  { "224.0.0.1", 0 },
        { "240.0.0.1", 0 },        { "255.255.255.255", 0 },

        { "2606:4700::1111", 1 },  { "2a00::1", 1 },
        { "::", 0 },               { "::1", 0 },
        { "::ffff:1.1.1.1", 0 },   { "::1.1.1.1", 0 },
        { "64:ff9b::101:101", 0 }, { "100::1", 0 },
        { "fc00::1", 0 },          { "fdff::1", 0 },
        { "fe80::1", 0 },          { "fec0::1", 0 },
        { "ff02::1", 0 },          { "2001::1", 0 },
        { "2001:1ff::1", 0 },      { "2001:200::1", 1 },
        { "2001:db8::1", 0 },      { "2002:7f00:1::", 0 },
        { "3fff::1", 0 },          { "3fff:1000::1", 1 },
        { "4000::1", 0 },          { "1fff::1", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        family = strchr(rows[i].text, ':') ? AF_INET6 : AF_INET;

        CHECK_INT(inet_pton(family, rows[i].text, ip), 1);

        if (!CHECK_INT(pserver_https_public(ip, family == AF_INET6 ? 16 : 4),
                       rows[i].is_public))
        {
            fprintf(stderr, "    %s\n", rows[i].text);
        }
    }

    CHECK_INT(pserver_https_public(ip, 0), 0);
    CHECK_INT(pserver_https_public(ip, 8), 0);
}


TEST_MAIN
