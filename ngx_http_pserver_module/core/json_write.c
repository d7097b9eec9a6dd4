/*
 * JSON text from strings and trees.
 */

#include "json_write.h"
#include "encode.h"

#include <string.h>


static size_t pserver_json_put(u_char *dst, size_t at, const void *data,
    size_t len);
static size_t pserver_json_write_inside(u_char *dst,
    const pserver_json_t *value);


size_t
pserver_json_quote(u_char *dst, pserver_str_t text)
{
    u_char   escape[6], *end, c;
    size_t   i, len;

    static const char  shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    len = pserver_json_put(dst, 0, "\"", 1);

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            len = pserver_json_put(dst, len, &c, 1);
            continue;
        }

        escape[0] = '\\';

        /* pairs: the character and how it is written */

        for (end = (u_char *) shorts; *end; end += 2) {
            if (*end == c) {
                escape[1] = end[1];
                len = pserver_json_put(dst, len, escape, 2);
                break;
            }
        }

        if (*end == '\0') {
            memcpy(escape + 1, "u00", 3);
            pserver_hex_encode(escape + 4, &c, 1);
            len = pserver_json_put(dst, len, escape, 6);
        }
    }

    return pserver_json_put(dst, len, "\"", 1);
}


size_t
pserver_json_write(u_char *dst, const pserver_json_t *value)
{
    size_t  len;

    switch (value->type) {

    case PSERVER_JSON_NULL:
        return pserver_json_put(dst, 0, "null", 4);

    case PSERVER_JSON_FALSE:
        return pserver_json_put(dst, 0, "false", 5);

    case PSERVER_JSON_TRUE:
        return pserver_json_put(dst, 0, "true", 4);

    case PSERVER_JSON_NUMBER:
        return pserver_json_put(dst, 0, value->value.data, value->value.len);

    case PSERVER_JSON_STRING:
        return pserver_json_quote(dst, value->value);

    case PSERVER_JSON_ARRAY:
        len = pserver_json_put(dst, 0, "[", 1);
        len += pserver_json_write_inside(dst ? dst + len : NULL, value);
        return pserver_json_put(dst, len, "]", 1);

    default: /* PSERVER_JSON_OBJECT */
        len = pserver_json_put(dst, 0, "{", 1);
        len += pserver_json_write_inside(dst ? dst + len : NULL, value);
        return pserver_json_put(dst, len, "}", 1);
    }
}


static size_t
pserver_json_write_inside(u_char *dst, const pserver_json_t *value)
{
    size_t                 len;
    const pserver_json_t  *child;

    len = 0;

    for (child = value->child; child; child = child->next) {

        if (child != value->child) {
            len = pserver_json_put(dst, len, ",", 1);
        }

        if (value->type == PSERVER_JSON_OBJECT) {
            len += pserver_json_quote(dst ? dst + len : NULL, child->name);
            len = pserver_json_put(dst, len, ":", 1);
        }

        len += pserver_json_write(dst ? dst + len : NULL, child);
    }

    return len;
}


static size_t
pserver_json_put(u_char *dst, size_t at, const void *data, size_t len)
{
    if (dst && len) {
        memcpy(dst + at, data, len);
    }

    return at + len;
}
