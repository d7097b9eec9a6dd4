/*
 * pserverctl audit verify: reads a log from its first entry on.  Memory does
 * not grow with the log.
 */

#include "audit_verify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>


static int pserverctl_verify_bundle(pserverctl_verify_t *v, uint64_t first,
    unsigned n);
static int pserverctl_verify_entry(pserverctl_verify_t *v,
    pserver_str_t entry, unsigned i);
static int pserverctl_verify_up(pserverctl_verify_t *v, uint64_t index);
static int pserverctl_verify_get(pserverctl_verify_t *v,
    const pserver_tile_t *tile, pserver_str_t *body);
static void pserverctl_verify_progress(const pserverctl_verify_t *v);


int
pserverctl_verify_tiles(pserverctl_verify_t *v)
{
    int       rc;
    unsigned  n;
    uint64_t  size;

    size = v->log.checkpoint.size;

    rc = pserverctl_verify_roots(v);

    while (rc == PSERVERCTL_OK && v->size < size) {

        n = PSERVER_TILE_WIDTH;

        if (size - v->size < n) {
            n = (unsigned) (size - v->size);
        }

        rc = pserverctl_verify_bundle(v, v->size, n);

        if (rc == PSERVERCTL_OK) {
            pserverctl_verify_progress(v);
        }
    }

    return rc;
}


static int
pserverctl_verify_bundle(pserverctl_verify_t *v, uint64_t first, unsigned n)
{
    int              rc;
    unsigned         i;
    const u_char    *p, *end;
    pserver_str_t    body, entry;
    pserver_tile_t   tile;

    tile.index = first / PSERVER_TILE_WIDTH;
    tile.width = n;
    tile.level = 0;

    rc = pserverctl_verify_get(v, &tile, &body);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (body.len != n * PSERVER_MERKLE_LEN) {
        return pserverctl_verify_wrong(v, "the tile of entries %llu to %llu "
                                       "is not whole", pserverctl_llu(first),
                                       pserverctl_llu(first + n - 1));
    }

    memcpy(v->hashes, body.data, body.len);

    tile.level = PSERVER_TILE_ENTRIES;

    rc = pserverctl_verify_get(v, &tile, &body);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    p = body.data;
    end = p + body.len;

    for (i = 0; rc == PSERVERCTL_OK && i < n; i++) {

        if (pserver_bundle_next(&entry, &p, end) != PSERVER_OK) {
            rc = pserverctl_verify_wrong(v, "entry %llu is missing",
                                         pserverctl_llu(first + i));
            break;
        }

        rc = pserverctl_verify_entry(v, entry, i);
    }

    if (rc == PSERVERCTL_OK && p != end) {
        rc = pserverctl_verify_wrong(v, "something is behind entry %llu",
                                     pserverctl_llu(first + n - 1));
    }

    if (rc == PSERVERCTL_OK && n == PSERVER_TILE_WIDTH) {
        rc = pserverctl_verify_up(v, first / PSERVER_TILE_WIDTH);
    }

    return rc;
}


static int
pserverctl_verify_entry(pserverctl_verify_t *v, pserver_str_t entry,
    unsigned i)
{
    int                   rc;
    char                  wrong[PSERVERCTL_OWNER_WRONG];
    u_char                leaf[PSERVER_MERKLE_LEN];
    uint64_t              number;
    pserver_entry_view_t  view;

    number = v->size;

    if (pserver_entry_parse(&view, entry.data, entry.len) != PSERVER_OK) {
        return pserverctl_verify_wrong(v, "entry %llu was changed: it is no "
                                       "entry", pserverctl_llu(number));
    }

    if (view.sequence > number) {
        return pserverctl_verify_wrong(v, "entry %llu was removed or moved: "
                                       "entry %llu stands in its place",
                                       pserverctl_llu(number),
                                       pserverctl_llu(view.sequence));
    }

    if (view.sequence < number) {
        return pserverctl_verify_wrong(v, "entry %llu is not in its place: "
                                       "entry %llu stands there again, or "
                                       "one was put in before",
                                       pserverctl_llu(number),
                                       pserverctl_llu(view.sequence));
    }

    pserver_merkle_leaf(leaf, entry.data, entry.len);

    if (memcmp(leaf, v->hashes + i * PSERVER_MERKLE_LEN, sizeof(leaf)) != 0)
    {
        return pserverctl_verify_wrong(v, "entry %llu was changed",
                                       pserverctl_llu(number));
    }

    if (view.time < v->time) {
        return pserverctl_verify_wrong(v, "entry %llu is older than the one "
                                       "before", pserverctl_llu(number));
    }

    v->time = view.time;

    pserver_merkle_add(&v->tile, leaf);
    v->size++;

    if (v->owner.request.key) {
        rc = pserverctl_owner_entry(&v->owner, &view, leaf, wrong);
        rc = pserverctl_verify_owner(v, rc, wrong);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    return pserverctl_verify_roots(v);
}


/* the level above tells which 256 entries do not fit, where their tile was
   changed with them */

static int
pserverctl_verify_up(pserverctl_verify_t *v, uint64_t index)
{
    int             rc;
    unsigned        at;
    pserver_str_t   body;
    pserver_tile_t  tile;

    at = (unsigned) (index % PSERVER_TILE_WIDTH);

    if (at == 0) {
        tile.level = 1;
        tile.index = index / PSERVER_TILE_WIDTH;
        tile.width = pserver_tile_width(&tile, v->log.checkpoint.size);

        rc = pserverctl_verify_get(v, &tile, &body);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }

        if (body.len != tile.width * PSERVER_MERKLE_LEN) {
            return pserverctl_verify_wrong(v, "a tile of level 1 is not "
                                           "whole");
        }

        memcpy(v->up, body.data, body.len);
    }

    if (memcmp(v->tile.hash[0], v->up + at * PSERVER_MERKLE_LEN,
               PSERVER_MERKLE_LEN)
        != 0)
    {
        return pserverctl_verify_wrong(v, "one of the entries %llu to %llu "
                             "was changed",
                             pserverctl_llu(index * PSERVER_TILE_WIDTH),
                             pserverctl_llu((index + 1) * PSERVER_TILE_WIDTH
                                            - 1));
    }

    pserver_merkle_join(&v->tree, &v->tile);
    pserver_merkle_init(&v->tile);

    return PSERVERCTL_OK;
}


/* old tiles from where they were put, the others from the log */

static int
pserverctl_verify_get(pserverctl_verify_t *v, const pserver_tile_t *tile,
    pserver_str_t *body)
{
    int     rc;
    char    path[PSERVER_TILE_PATH_MAX + 1];

    *pserver_tile_path((u_char *) path, tile) = '\0';

    if (v->cold.base && tile->width == PSERVER_TILE_WIDTH) {
        rc = pserverctl_get(&v->cold, path);

        if (rc == PSERVER_OK) {
            *body = v->cold.body;
            return PSERVERCTL_OK;
        }

        if (rc != PSERVER_DONE) {
            pserverctl_error("%s: %s", path, v->cold.error);
            return PSERVERCTL_AGAIN;
        }
    }

    rc = pserverctl_get(&v->log.place, path);

    if (rc == PSERVER_OK) {
        *body = v->log.place.body;
        return PSERVERCTL_OK;
    }

    if (rc == PSERVER_DONE) {
        return pserverctl_verify_wrong(v, "%s is withheld, from entry %llu on",
                                       path, pserverctl_llu(v->size));
    }

    pserverctl_error("%s: %s", path, v->log.place.error);

    return PSERVERCTL_AGAIN;
}


static void
pserverctl_verify_progress(const pserverctl_verify_t *v)
{
    int       n;
    uint64_t  size;

    size = v->log.checkpoint.size;

    if (!isatty(STDERR_FILENO)
        || (v->size / PSERVER_TILE_WIDTH % 16 && v->size != size))
    {
        return;
    }

    n = (int) (v->size * 40 / size);

    fprintf(stderr, "\r[%.*s%*s] %llu of %llu", n,
            "========================================", 40 - n, "",
            pserverctl_llu(v->size), pserverctl_llu(size));

    if (v->size == size) {
        fputc('\n', stderr);
    }
}
