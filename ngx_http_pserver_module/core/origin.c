/*
 * Origins.
 */

#include "origin.h"

#include <string.h>


static size_t pserver_origin_name(pserver_str_t text);
static size_t pserver_origin_literal(pserver_str_t text);
static int pserver_origin_port(pserver_str_t text, unsigned *port);


int
pserver_origin_parse(pserver_origin_t *origin, pserver_str_t text)
{
    size_t         i;
    pserver_str_t  rest;

    static const struct {
        pserver_str_t  text;
        unsigned       port;
    } schemes[] = {
        { pserver_string("https://"), 443 },
        { pserver_string("http://"), 80 }
    };

    for (i = 0; i < 2; i++) {
        if (text.len > schemes[i].text.len
            && memcmp(text.data, schemes[i].text.data, schemes[i].text.len)
               == 0)
        {
            break;
        }
    }

    if (i == 2) {
        return PSERVER_INVALID;
    }

    if (text.data[text.len - 1] == '/') {
        text.len--;
    }

    rest.data = text.data + schemes[i].text.len;
    rest.len = text.len - schemes[i].text.len;

    origin->host.data = rest.data;
    origin->host.len = (rest.len && rest.data[0] == '[')
                       ? pserver_origin_literal(rest)
                       : pserver_origin_name(rest);

    if (origin->host.len == 0) {
        return PSERVER_INVALID;
    }

    origin->port = 0;

    rest.data += origin->host.len;
    rest.len -= origin->host.len;

    if (rest.len) {

        if (pserver_origin_port(rest, &origin->port) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        if (origin->port == schemes[i].port) {
            origin->port = 0;
            text.len -= rest.len;
        }
    }

    origin->text = text;

    return PSERVER_OK;
}


int
pserver_origins_have(const pserver_origins_t *origins, pserver_str_t text)
{
    size_t  i;

    for (i = 0; i < origins->n; i++) {
        if (origins->elts[i].len == text.len
            && memcmp(origins->elts[i].data, text.data, text.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* the length of what is a name, or an address of IPv4; 0: it is none */

static size_t
pserver_origin_name(pserver_str_t text)
{
    size_t  i;
    u_char  ch, last;

    last = '.';

    for (i = 0; i < text.len; i++) {
        ch = text.data[i];

        if (ch == ':') {
            break;
        }

        if (ch == '.') {
            if (last == '.') {
                return 0;
            }

        } else if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
                     || ch == '-' || ch == '_'))
        {
            return 0;
        }

        last = ch;
    }

    return (last == '.') ? 0 : i;
}


static size_t
pserver_origin_literal(pserver_str_t text)
{
    size_t  i;
    u_char  ch;

    for (i = 1; i < text.len; i++) {
        ch = text.data[i];

        if (ch == ']') {
            return (i > 1) ? i + 1 : 0;
        }

        if (!((ch >= 'a' && ch <= 'f') || (ch >= '0' && ch <= '9')
              || ch == ':' || ch == '.'))
        {
            return 0;
        }
    }

    return 0;
}


static int
pserver_origin_port(pserver_str_t text, unsigned *port)
{
    size_t    i;
    unsigned  n;

    if (text.len < 2 || text.len > 6 || text.data[0] != ':'
        || text.data[1] == '0')
    {
        return PSERVER_INVALID;
    }

    n = 0;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return PSERVER_INVALID;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    if (n > 65535) {
        return PSERVER_INVALID;
    }

    *port = n;

    return PSERVER_OK;
}
