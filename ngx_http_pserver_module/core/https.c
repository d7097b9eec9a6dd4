/*
 * Where an https:// URL leads, see https.h.
 */

#include <string.h>

#include "https.h"


#define HTTPS_SCHEME     "https://"
#define HTTPS_LABEL_MAX  63


typedef struct {
    u_char                bytes[16];
    unsigned              bits;
} https_prefix_t;


static int https_host(pserver_str_t host);
static int https_label(const u_char *label, size_t len);
static int https_port(const u_char *pos, const u_char *last, unsigned *port);
static int https_path(pserver_str_t path);
static int https_alnum(u_char ch);
static int https_in(const u_char *ip, const https_prefix_t *prefix);


int
pserver_https_parse(pserver_str_t url, pserver_https_t *https)
{
    const u_char  *pos, *last, *host, *colon;
    const size_t   scheme = sizeof(HTTPS_SCHEME) - 1;

    if (url.len < scheme || memcmp(url.data, HTTPS_SCHEME, scheme) != 0) {
        return PSERVER_INVALID;
    }

    host = url.data + scheme;
    last = url.data + url.len;
    colon = NULL;

    for (pos = host; pos != last && *pos != '/' && *pos != '?'; pos++) {
        if (*pos == ':' && colon == NULL) {
            colon = pos;
        }
    }

    https->authority.data = (u_char *) host;
    https->authority.len = pos - host;

    https->host.data = (u_char *) host;
    https->host.len = (colon ? colon : pos) - host;
    https->port = PSERVER_HTTPS_PORT;

    https->path.data = (u_char *) pos;
    https->path.len = last - pos;

    if (https_host(https->host) != PSERVER_OK
        || (colon && https_port(colon + 1, pos, &https->port) != PSERVER_OK))
    {
        return PSERVER_INVALID;
    }

    return https_path(https->path);
}


static int
https_host(pserver_str_t host)
{
    const u_char  *label, *dot, *last;

    if (host.len == 0 || host.len > PSERVER_HTTPS_HOST_MAX) {
        return PSERVER_INVALID;
    }

    label = host.data;
    last = host.data + host.len;

    for ( ;; ) {
        dot = memchr(label, '.', last - label);

        if (https_label(label, (dot ? dot : last) - label) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        if (dot == NULL) {
            break;
        }

        label = dot + 1;
    }

    /* 127.1, 0x7f000001: addresses in disguise end with a number */

    return (*label >= '0' && *label <= '9') ? PSERVER_INVALID : PSERVER_OK;
}


static int
https_label(const u_char *label, size_t len)
{
    size_t  i;

    if (len == 0 || len > HTTPS_LABEL_MAX
        || label[0] == '-' || label[len - 1] == '-')
    {
        return PSERVER_INVALID;
    }

    for (i = 0; i < len; i++) {
        if (!https_alnum(label[i]) && label[i] != '-') {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


static int
https_port(const u_char *pos, const u_char *last, unsigned *port)
{
    if (pos == last || last - pos > 5 || *pos == '0') {
        return PSERVER_INVALID;
    }

    for (*port = 0; pos != last; pos++) {

        if (*pos < '0' || *pos > '9') {
            return PSERVER_INVALID;
        }

        *port = *port * 10 + (*pos - '0');
    }

    return (*port > 65535) ? PSERVER_INVALID : PSERVER_OK;
}


static int
https_path(pserver_str_t path)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < path.len; i++) {
        ch = path.data[i];

        if (!https_alnum(ch)
            && (ch == '\0' || strchr("-._~!$&'()*+,;=:@/?%", ch) == NULL))
        {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


static int
https_alnum(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9');
}


int
pserver_https_public(const u_char *ip, size_t len)
{
    size_t  i;

    static const https_prefix_t  v4[] = {
        { { 0 }, 8 },                       /* this network */
        { { 10 }, 8 },                      /* private use */
        { { 100, 64 }, 10 },                /* shared: carriers */
        { { 127 }, 8 },                     /* loopback */
        { { 169, 254 }, 16 },               /* link local: metadata */
        { { 172, 16 }, 12 },                /* private use */
        { { 192, 0, 0 }, 24 },              /* protocol assignments */
        { { 192, 0, 2 }, 24 },              /* documentation */
        { { 192, 88, 99 }, 24 },            /* 6to4 relays */
        { { 192, 168 }, 16 },               /* private use */
        { { 198, 18 }, 15 },                /* benchmarks */
        { { 198, 51, 100 }, 24 },           /* documentation */
        { { 203, 0, 113 }, 24 },            /* documentation */
        { { 224 }, 3 }                      /* multicast, reserved */
    };

    /* of IPv6 only 2000::/3 is in use, and there not */

    static const https_prefix_t  unicast = { { 0x20 }, 3 };

    static const https_prefix_t  v6[] = {
        { { 0x20, 0x01, 0x00 }, 23 },       /* protocols: Teredo, ORCHID */
        { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
        { { 0x20, 0x02 }, 16 },             /* 6to4: an IPv4 address inside */
        { { 0x3f, 0xff, 0x00 }, 20 }        /* documentation */
    };

    if (len == 4) {
        for (i = 0; i < sizeof(v4) / sizeof(*v4); i++) {
            if (https_in(ip, &v4[i])) {
                return 0;
            }
        }

        return 1;
    }

    if (len != 16 || !https_in(ip, &unicast)) {
        return 0;
    }

    for (i = 0; i < sizeof(v6) / sizeof(*v6); i++) {
        if (https_in(ip, &v6[i])) {
            return 0;
        }
    }

    return 1;
}


static int
https_in(const u_char *ip, const https_prefix_t *prefix)
{
    size_t  whole;
    u_char  mask;

    whole = prefix->bits / 8;
    mask = (u_char) (0xff00 >> prefix->bits % 8);

    return memcmp(ip, prefix->bytes, whole) == 0
           && ((ip[whole] ^ prefix->bytes[whole]) & mask) == 0;
}
