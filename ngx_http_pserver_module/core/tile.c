/*
 * Tiles: paths, and where a node of the tree is.
 */

#include "tile.h"
#include "bytes.h"

#include <string.h>


#define PSERVER_TILE_GROUPS  6           /* of three digits: below 10^18 */


static int pserver_tile_skip(pserver_str_t *path, const char *text);
static int pserver_tile_digits(pserver_str_t *path, size_t n,
    uint64_t *value);


int
pserver_tile_parse(pserver_tile_t *tile, pserver_str_t path)
{
    size_t    n, groups;
    uint64_t  value;

    if (!pserver_tile_skip(&path, "tile/")) {
        return PSERVER_INVALID;
    }

    if (pserver_tile_skip(&path, "entries/")) {
        tile->level = PSERVER_TILE_ENTRIES;

    } else {
        if (!pserver_tile_digits(&path, 1, &value)
            || value >= PSERVER_TILE_LEVELS
            || !pserver_tile_skip(&path, "/"))
        {
            return PSERVER_INVALID;
        }

        tile->level = (unsigned) value;
    }

    tile->index = 0;

    for (groups = 1; pserver_tile_skip(&path, "x"); groups++) {

        if (groups == PSERVER_TILE_GROUPS
            || !pserver_tile_digits(&path, 3, &value)
            || !pserver_tile_skip(&path, "/")
            || (groups == 1 && value == 0))
        {
            return PSERVER_INVALID;
        }

        tile->index = (tile->index + value) * 1000;
    }

    if (!pserver_tile_digits(&path, 3, &value)) {
        return PSERVER_INVALID;
    }

    tile->index += value;
    tile->width = PSERVER_TILE_WIDTH;

    if (path.len == 0) {
        return PSERVER_OK;
    }

    if (!pserver_tile_skip(&path, ".p/")) {
        return PSERVER_INVALID;
    }

    n = path.len;

    if (n == 0
        || n > 3
        || path.data[0] == '0'
        || !pserver_tile_digits(&path, n, &value)
        || value >= PSERVER_TILE_WIDTH)
    {
        return PSERVER_INVALID;
    }

    tile->width = (unsigned) value;

    return PSERVER_OK;
}


u_char *
pserver_tile_path(u_char *dst, const pserver_tile_t *tile)
{
    unsigned  width;
    uint64_t  unit, group;

    static const char  entries[] = "entries/";

    memcpy(dst, "tile/", 5);
    dst += 5;

    if (tile->level == PSERVER_TILE_ENTRIES) {
        memcpy(dst, entries, sizeof(entries) - 1);
        dst += sizeof(entries) - 1;

    } else {
        *dst++ = (u_char) ('0' + tile->level);
        *dst++ = '/';
    }

    for (unit = 1; tile->index / unit >= 1000; unit *= 1000) {
        /* void */
    }

    for ( ;; ) {
        group = tile->index / unit % 1000;

        if (unit > 1) {
            *dst++ = 'x';
        }

        *dst++ = (u_char) ('0' + group / 100);
        *dst++ = (u_char) ('0' + group / 10 % 10);
        *dst++ = (u_char) ('0' + group % 10);

        if (unit == 1) {
            break;
        }

        *dst++ = '/';
        unit /= 1000;
    }

    width = tile->width;

    if (width == PSERVER_TILE_WIDTH) {
        return dst;
    }

    memcpy(dst, ".p/", 3);
    dst += 3;

    if (width >= 100) {
        *dst++ = (u_char) ('0' + width / 100);
    }

    if (width >= 10) {
        *dst++ = (u_char) ('0' + width / 10 % 10);
    }

    *dst++ = (u_char) ('0' + width % 10);

    return dst;
}


unsigned
pserver_tile_width(const pserver_tile_t *tile, uint64_t size)
{
    uint64_t  hashes;

    hashes = (tile->level == PSERVER_TILE_ENTRIES)
             ? size : size >> (8 * tile->level);

    if (hashes / PSERVER_TILE_WIDTH > tile->index) {
        return PSERVER_TILE_WIDTH;
    }

    if (hashes / PSERVER_TILE_WIDTH < tile->index) {
        return 0;
    }

    return (unsigned) (hashes % PSERVER_TILE_WIDTH);
}


void
pserver_tile_of_node(pserver_tile_t *tile, unsigned *first, unsigned *count,
    unsigned level, uint64_t index)
{
    unsigned  height;

    height = level % 8;

    tile->level = level / 8;
    tile->index = index >> (8 - height);

    *first = (unsigned) (index << height) % PSERVER_TILE_WIDTH;
    *count = 1u << height;

    tile->width = *first + *count;
}


int
pserver_bundle_next(pserver_str_t *entry, const u_char **p,
    const u_char *end)
{
    size_t  left;

    left = (size_t) (end - *p);

    if (left == 0) {
        return PSERVER_DONE;
    }

    if (left < 2) {
        return PSERVER_INVALID;
    }

    entry->len = (size_t) pserver_get_be(*p, 2);
    entry->data = (u_char *) *p + 2;

    if (left - 2 < entry->len) {
        return PSERVER_INVALID;
    }

    *p = entry->data + entry->len;

    return PSERVER_OK;
}


size_t
pserver_bundle_len(const u_char *bundle, size_t len, unsigned n)
{
    const u_char   *p;
    pserver_str_t   entry;

    p = bundle;

    while (n--) {
        if (pserver_bundle_next(&entry, &p, bundle + len) != PSERVER_OK) {
            return 0;
        }
    }

    return (size_t) (p - bundle);
}


static int
pserver_tile_skip(pserver_str_t *path, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (path->len < len || memcmp(path->data, text, len) != 0) {
        return 0;
    }

    path->data += len;
    path->len -= len;

    return 1;
}


/* exactly n digits; whatever follows them */

static int
pserver_tile_digits(pserver_str_t *path, size_t n, uint64_t *value)
{
    size_t  i;

    if (path->len < n) {
        return 0;
    }

    *value = 0;

    for (i = 0; i < n; i++) {
        if (path->data[i] < '0' || path->data[i] > '9') {
            return 0;
        }

        *value = *value * 10 + (path->data[i] - '0');
    }

    path->data += n;
    path->len -= n;

    return 1;
}
