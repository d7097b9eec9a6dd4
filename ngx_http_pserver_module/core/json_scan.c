/*
 * The pass over a JSON text before yajl sees it.
 */

#include "json_scan.h"
#include "text.h"


static size_t pserver_json_scan_escape(const u_char *p, const u_char *end);
static int pserver_json_scan_unit(const u_char *p, const u_char *end,
    unsigned *unit);


int
pserver_json_scan(const u_char *data, size_t len, pserver_json_count_t *count)
{
    int            quoted;
    size_t         n, depth;
    const u_char  *p, *end;

    quoted = 0;
    depth = 0;
    count->depth = 0;
    count->nodes = 1;

    for (p = data, end = data + len; p < end; p += n) {

        n = 1;

        if (*p >= 0x80) {
            n = pserver_text_character(p, end - p);

        } else if (*p < 0x20) {
            n = (*p == '\t' || *p == '\n' || *p == '\r');

        } else if (*p == '"') {
            quoted = !quoted;

        } else if (quoted) {
            if (*p == '\\') {
                n = pserver_json_scan_escape(p, end);
            }

        } else if (*p == ',') {
            count->nodes++;

        } else if (*p == '[' || *p == '{') {
            count->nodes++;

            if (++depth > count->depth) {
                count->depth = depth;
            }

        } else if (*p == ']' || *p == '}') {
            if (depth-- == 0) {
                return PSERVER_INVALID;
            }
        }

        if (n == 0) {
            return PSERVER_INVALID;
        }
    }

    /* yajl waits for the end of a string even where nothing may follow */

    return quoted ? PSERVER_INVALID : PSERVER_OK;
}


/* the length of an escape sequence, 0 if it stands for no character */

static size_t
pserver_json_scan_escape(const u_char *p, const u_char *end)
{
    unsigned  high, low;

    if (end - p < 2) {
        return 0;
    }

    if (p[1] != 'u') {
        return 2;
    }

    if (pserver_json_scan_unit(p, end, &high) != PSERVER_OK
        || (high >= 0xdc00 && high <= 0xdfff))
    {
        return 0;
    }

    if (high < 0xd800 || high > 0xdbff) {
        return 6;
    }

    if (pserver_json_scan_unit(p + 6, end, &low) != PSERVER_OK
        || low < 0xdc00
        || low > 0xdfff)
    {
        return 0;
    }

    return 12;
}


static int
pserver_json_scan_unit(const u_char *p, const u_char *end, unsigned *unit)
{
    size_t  i;
    u_char  c;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return PSERVER_INVALID;
    }

    *unit = 0;

    for (i = 2; i < 6; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            *unit = *unit << 4 | (unsigned) (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return PSERVER_INVALID;
        }

        *unit = *unit << 4 | (unsigned) (c - 'a' + 10);
    }

    return PSERVER_OK;
}
