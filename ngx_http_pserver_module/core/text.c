/*
 * Text of others.
 */

#include "text.h"


int
pserver_text_valid(pserver_str_t text, size_t max)
{
    size_t         i, n;
    const u_char  *p;

    if (text.len > max) {
        return 0;
    }

    for (i = 0; i < text.len; i += n) {

        p = text.data + i;
        n = pserver_text_character(p, text.len - i);

        /* controls, of which U+0080 to U+009F have two bytes */

        if (n == 0 || *p < 0x20 || *p == 0x7f
            || (*p == 0xc2 && p[1] < 0xa0))
        {
            return 0;
        }
    }

    return 1;
}


size_t
pserver_text_character(const u_char *p, size_t len)
{
    u_char  low, high;
    size_t  n, i;

    if (*p < 0x80) {
        return 1;
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

    return n;
}


size_t
pserver_text_characters(pserver_str_t text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        n += ((text.data[i] & 0xc0) != 0x80);
    }

    return n;
}
