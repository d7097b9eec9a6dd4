/*
 * The last anchor of a log.
 */

#include "anchored.h"
#include "bytes.h"
#include "encode.h"

#include <stdio.h>
#include <string.h>


#define PSERVER_ANCHORED_WORDS  (4 * 32)


u_char *
pserver_anchored_write(u_char *dst, const pserver_anchored_t *anchor)
{
    dst += sprintf((char *) dst, "%llu ", (unsigned long long) anchor->size);
    dst = pserver_hex_encode(dst, anchor->root, sizeof(anchor->root));

    *dst++ = '\n';

    return dst;
}


int
pserver_anchored_parse(pserver_anchored_t *anchor, pserver_str_t text)
{
    u_char         c;
    uint64_t       size;
    pserver_str_t  root;

    size = 0;
    root = text;

    for ( /* void */ ; root.len && *root.data != ' '; root.data++, root.len--)
    {
        c = *root.data;

        if (c < '0' || c > '9'
            || (size == 0 && c == '0')
            || size > (INT64_MAX - 9) / 10)
        {
            return PSERVER_INVALID;
        }

        size = size * 10 + (c - '0');
    }

    if (size == 0 || root.len != 1 + 64 + 1 || root.data[65] != '\n') {
        return PSERVER_INVALID;
    }

    root.data++;
    root.len = 64;

    if (pserver_hex_decode(anchor->root, sizeof(anchor->root), root)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    anchor->size = size;

    return PSERVER_OK;
}


int
pserver_anchored_result(pserver_anchored_t *anchor, const u_char *data,
    size_t len)
{
    size_t  i;

    if (len != PSERVER_ANCHORED_WORDS) {
        return PSERVER_INVALID;
    }

    /* a size of 64 bits, below 2^63 as everywhere */

    for (i = 0; i < 24; i++) {
        if (data[i]) {
            return PSERVER_INVALID;
        }
    }

    anchor->size = pserver_get_be(data + 24, 8);

    if (anchor->size > INT64_MAX) {
        return PSERVER_INVALID;
    }

    memcpy(anchor->root, data + 96, sizeof(anchor->root));

    return PSERVER_OK;
}
