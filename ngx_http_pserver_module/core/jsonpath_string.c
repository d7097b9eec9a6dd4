/*
 * Strings of JSONPath, see jsonpath_string.h.
 */

#include <string.h>

#include "jsonpath_string.h"
#include "text.h"


static int string_escape(const u_char **pos, const u_char *last,
    u_char quote, u_char **dst);
static int string_hex(const u_char **pos, const u_char *last,
    uint32_t *value);
static void string_put(u_char **dst, uint32_t ch);


int
pserver_jsonpath_string(const u_char **pos, const u_char *last,
    pserver_str_t *text)
{
    size_t         n;
    u_char         ch, quote, *dst;
    const u_char  *p;

    p = *pos;
    quote = *p++;
    dst = text->data;

    for ( ;; ) {

        if (p == last) {
            return PSERVER_INVALID;
        }

        ch = *p;

        if (ch == quote) {
            break;
        }

        if (ch != '\\') {
            n = pserver_text_character(p, last - p);

            if (n == 0 || ch < 0x20) {
                return PSERVER_INVALID;
            }

            memcpy(dst, p, n);
            dst += n;
            p += n;
            continue;
        }

        p++;

        if (string_escape(&p, last, quote, &dst) != PSERVER_OK) {
            return PSERVER_INVALID;
        }
    }

    *pos = p + 1;
    text->len = dst - text->data;

    return PSERVER_OK;
}


/* a quote is escaped only where it would end the string */

static int
string_escape(const u_char **pos, const u_char *last, u_char quote,
    u_char **dst)
{
    u_char       ch;
    uint32_t     high, low;
    const char  *found;

    static const char  from[] = "bfnrt/\\";
    static const char  to[] = "\b\f\n\r\t/\\";

    if (*pos == last) {
        return PSERVER_INVALID;
    }

    ch = *(*pos)++;

    if (ch == quote) {
        string_put(dst, ch);
        return PSERVER_OK;
    }

    found = ch ? strchr(from, ch) : NULL;

    if (found) {
        string_put(dst, (u_char) to[found - from]);
        return PSERVER_OK;
    }

    if (ch != 'u' || string_hex(pos, last, &high) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    if (high < 0xd800 || high > 0xdfff) {
        string_put(dst, high);
        return PSERVER_OK;
    }

    if (high > 0xdbff
        || last - *pos < 2 || (*pos)[0] != '\\' || (*pos)[1] != 'u')
    {
        return PSERVER_INVALID;
    }

    *pos += 2;

    if (string_hex(pos, last, &low) != PSERVER_OK
        || low < 0xdc00 || low > 0xdfff)
    {
        return PSERVER_INVALID;
    }

    string_put(dst, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));

    return PSERVER_OK;
}


static int
string_hex(const u_char **pos, const u_char *last, uint32_t *value)
{
    size_t   i;
    u_char   ch;

    if (last - *pos < 4) {
        return PSERVER_INVALID;
    }

    *value = 0;

    for (i = 0; i < 4; i++) {
        ch = *(*pos)++;

        if (ch >= '0' && ch <= '9') {
            ch -= '0';

        } else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f') {
            ch = (ch | 0x20) - 'a' + 10;

        } else {
            return PSERVER_INVALID;
        }

        *value = *value << 4 | ch;
    }

    return PSERVER_OK;
}


static void
string_put(u_char **dst, uint32_t ch)
{
    u_char  *p = *dst;

    if (ch < 0x80) {
        *p++ = (u_char) ch;

    } else if (ch < 0x800) {
        *p++ = (u_char) (0xc0 | ch >> 6);
        *p++ = (u_char) (0x80 | (ch & 0x3f));

    } else if (ch < 0x10000) {
        *p++ = (u_char) (0xe0 | ch >> 12);
        *p++ = (u_char) (0x80 | (ch >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (ch & 0x3f));

    } else {
        *p++ = (u_char) (0xf0 | ch >> 18);
        *p++ = (u_char) (0x80 | (ch >> 12 & 0x3f));
        *p++ = (u_char) (0x80 | (ch >> 6 & 0x3f));
        *p++ = (u_char) (0x80 | (ch & 0x3f));
    }

    *dst = p;
}
