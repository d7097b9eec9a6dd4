/*
 * Paths of tiles ("p") and bundles of entries; the first byte chooses.
 */

#include <stdlib.h>
#include <string.h>

#include "core/tile.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_path(pserver_str_t path);
static void fuzz_bundle(pserver_str_t bundle);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char         *copy;
    pserver_str_t   text;

    if (size == 0) {
        return 0;
    }

    text.len = size - 1;
    text.data = copy = malloc(size);
    memcpy(copy, data + 1, text.len);

    if (data[0] == 'p') {
        fuzz_path(text);

    } else {
        fuzz_bundle(text);
    }

    free(copy);

    return 0;
}


static void
fuzz_path(pserver_str_t path)
{
    u_char          out[PSERVER_TILE_PATH_MAX];
    pserver_tile_t  tile;

    if (pserver_tile_parse(&tile, path) != PSERVER_OK) {
        return;
    }

    /* one path a tile */

    if ((size_t) (pserver_tile_path(out, &tile) - out) != path.len
        || memcmp(out, path.data, path.len) != 0)
    {
        abort();
    }
}


static void
fuzz_bundle(pserver_str_t bundle)
{
    int             rc;
    size_t          len;
    unsigned        n;
    const u_char   *p;
    pserver_str_t   entry;

    p = bundle.data;
    len = 0;

    for (n = 0; /* void */ ; n++) {

        if (pserver_bundle_len(bundle.data, bundle.len, n) != len) {
            abort();
        }

        rc = pserver_bundle_next(&entry, &p, bundle.data + bundle.len);

        if (rc != PSERVER_OK) {
            break;
        }

        len += 2 + entry.len;
    }

    if (rc == PSERVER_DONE && len != bundle.len) {
        abort();
    }
}
