/*
 * Plain text of others.
 */

#include "text.h"


static size_t pserver_text_utf8(const u_char *p, size_t len);


int
pserver_text_valid(pserver_str_t text, size_t max)
{
    size_t  i, n;

    if (text.len > max) {
        return 0;
    }

    for (i = 0; i < text.len; i += n) {

        n = pserver_text_utf8(text.data + i, text.len - i);

        if (n == 0) {
            return 0;
        }
    }

    return 1;
}


/* the length of the first character; 0: it is none that is allowed */

static size_t
pserver_text_utf8(const u_char *p, size_t len)
{
    u_char  low, high;
    size_t  n, i;

    if (*p < 0x80) {
        return (*p >= 0x20 && *p != 0x7f) ? 1 : 0;
    }

    if (*p < 0xc2 || *p > 0xf4) {
        return 0;
    }

    n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

    low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
    high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;

    if (len < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }

    /* U+0080 to U+009F are controls, too */

    return (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) ? 0 : n;
}
