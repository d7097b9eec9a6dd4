/*
 * The public part of the log: tiles and checkpoints are written.
 */

#include "ngx_http_pserver_audit_tiles.h"
#include "ngx_http_pserver_audit_disk.h"

#include "../core/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUDIT_ENTRIES                                        \
    (PSERVER_TILE_WIDTH * (2 + PSERVER_ENTRY_MAX))


/* the right edge of the tree, level by level, while it grows */

typedef struct {
    ngx_http_pserver_audit_tiles_t  *tiles;
    ngx_http_pserver_audit_file_t   *file;

    pserver_checkpoint_t   checkpoint;       /* the last one */
    int                    none;             /* 1: there is none yet */
    pserver_note_key_t     key;
    u_char                 name[PSERVER_NOTE_NAME_MAX];
    u_char                 secret[64];

    uint64_t               index[PSERVER_TILE_LEVELS];   /* of the tile */
    unsigned               width[PSERVER_TILE_LEVELS];
    unsigned               changed[PSERVER_TILE_LEVELS];
    u_char                 hash[PSERVER_TILE_LEVELS][PSERVER_TILE_LEN];

    u_char                 note[PSERVER_NOTE_MAX];
    size_t                 entries_len;
    u_char                 entries[NGX_HTTP_PSERVER_AUDIT_ENTRIES];
} ngx_http_pserver_audit_edge_t;


static int ngx_http_pserver_audit_edge_write(
    ngx_http_pserver_audit_edge_t *edge, const pserver_root_t *roots,
    size_t nroots);
static int ngx_http_pserver_audit_edge_last(
    ngx_http_pserver_audit_edge_t *edge);
static int ngx_http_pserver_audit_edge_load(
    ngx_http_pserver_audit_edge_t *edge);
static int ngx_http_pserver_audit_edge_grow(
    ngx_http_pserver_audit_edge_t *edge, uint64_t size);
static int ngx_http_pserver_audit_edge_read(
    ngx_http_pserver_audit_edge_t *edge, uint64_t first, unsigned n);
static int ngx_http_pserver_audit_edge_add(
    ngx_http_pserver_audit_edge_t *edge, unsigned level,
    const u_char hash[PSERVER_MERKLE_LEN]);
static int ngx_http_pserver_audit_edge_save(
    ngx_http_pserver_audit_edge_t *edge, unsigned level, uint64_t index,
    unsigned width, const u_char *data, size_t len);
static void ngx_http_pserver_audit_edge_root(
    ngx_http_pserver_audit_edge_t *edge, u_char root[PSERVER_MERKLE_LEN]);
static int ngx_http_pserver_audit_edge_sign(
    ngx_http_pserver_audit_edge_t *edge, uint64_t size,
    const u_char root[PSERVER_MERKLE_LEN]);
static int ngx_http_pserver_audit_edge_epoch(
    ngx_http_pserver_audit_edge_t *edge, uint64_t size);
static int ngx_http_pserver_audit_edge_fail(
    ngx_http_pserver_audit_tiles_t *tiles, int rc, const char *what);


int
ngx_http_pserver_audit_tiles_publish(ngx_http_pserver_audit_tiles_t *tiles,
    ngx_http_pserver_audit_file_t *file, const pserver_root_t *roots,
    size_t nroots)
{
    int                             rc, lock;
    ngx_http_pserver_audit_edge_t  *edge;

    edge = sodium_malloc(sizeof(ngx_http_pserver_audit_edge_t));
    if (edge == NULL) {
        return PSERVER_NOMEM;
    }

    memset(edge, 0, sizeof(ngx_http_pserver_audit_edge_t));

    edge->tiles = tiles;
    edge->file = file;

    lock = ngx_http_pserver_audit_disk_lock(tiles->dir, "publish");

    if (lock == -1) {
        rc = ngx_http_pserver_audit_edge_fail(tiles, PSERVER_ERROR,
                                               "flock() of \"publish\"");
    } else {
        rc = ngx_http_pserver_audit_edge_write(edge, roots, nroots);
        (void) close(lock);
    }

    sodium_free(edge);

    return rc;
}


static int
ngx_http_pserver_audit_edge_write(ngx_http_pserver_audit_edge_t *edge,
    const pserver_root_t *roots, size_t nroots)
{
    int                              rc;
    u_char                           root[PSERVER_MERKLE_LEN];
    u_char                           known[PSERVER_MERKLE_LEN];
    pserver_merkle_t                 tree;
    ngx_http_pserver_audit_tiles_t  *tiles;

    tiles = edge->tiles;

    rc = ngx_http_pserver_audit_file_tree(edge->file, &tree);

    if (rc != PSERVER_OK) {
        tiles->what = NULL;
        return rc;
    }

    rc = ngx_http_pserver_audit_disk_key(tiles->dir, edge->file->id, roots,
                                         nroots, edge->secret, &edge->key,
                                         edge->name);
    if (rc != PSERVER_OK) {
        return ngx_http_pserver_audit_edge_fail(tiles, rc, "key");
    }

    rc = ngx_http_pserver_audit_edge_last(edge);

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (edge->checkpoint.size > tree.size) {
        return ngx_http_pserver_audit_edge_fail(tiles, PSERVER_INVALID,
                                        "log is shorter than its checkpoint");
    }

    pserver_merkle_root(&tree, known);

    rc = ngx_http_pserver_audit_edge_epoch(edge, tree.size);

    if (rc == PSERVER_DONE
        && !edge->none
        && edge->checkpoint.size == tree.size)
    {

        if (memcmp(edge->checkpoint.root, known, sizeof(known)) != 0) {
            return ngx_http_pserver_audit_edge_fail(tiles, PSERVER_INVALID,
                                       "log does not match its checkpoint");
        }

        tiles->size = tree.size;
        return PSERVER_OK;
    }

    if (rc == PSERVER_INVALID) {
        return rc;
    }

    rc = ngx_http_pserver_audit_edge_load(edge);

    if (rc == PSERVER_OK) {
        rc = ngx_http_pserver_audit_edge_grow(edge, tree.size);
    }

    if (rc != PSERVER_OK) {
        return rc;
    }

    ngx_http_pserver_audit_edge_root(edge, root);

    if (memcmp(root, known, sizeof(root)) != 0) {
        return ngx_http_pserver_audit_edge_fail(tiles, PSERVER_INVALID,
                                                 "tiles do not match the log");
    }

    return ngx_http_pserver_audit_edge_sign(edge, tree.size, root);
}


/* the last checkpoint, which must be our own; of size 0 if there is none */

static int
ngx_http_pserver_audit_edge_last(ngx_http_pserver_audit_edge_t *edge)
{
    int                              rc;
    pserver_str_t                    note;
    ngx_http_pserver_audit_tiles_t  *tiles;

    tiles = edge->tiles;

    rc = ngx_http_pserver_audit_tiles_checkpoint(tiles->dir, edge->note,
                                                 &note.len);

    if (rc == PSERVER_DONE) {
        edge->checkpoint.name = edge->key.name;
        edge->none = 1;
        return PSERVER_OK;
    }

    if (rc != PSERVER_OK) {
        return ngx_http_pserver_audit_edge_fail(tiles, rc,
                                                 "reading the checkpoint");
    }

    note.data = edge->note;

    if (pserver_checkpoint_open(&edge->checkpoint, note, &edge->key)
        != PSERVER_OK)
    {
        return ngx_http_pserver_audit_edge_fail(tiles, PSERVER_INVALID,
                                        "checkpoint is not signed by its key");
    }

    edge->checkpoint.name = edge->key.name;

    return PSERVER_OK;
}


/*
 * The tiles of levels above the leaves as the last checkpoint has them.
 * Those of the leaves are read from the log again.
 */

static int
ngx_http_pserver_audit_edge_load(ngx_http_pserver_audit_edge_t *edge)
{
    int             fd;
    size_t          len;
    unsigned        level;
    pserver_tile_t  tile;

    edge->index[0] = edge->checkpoint.size / PSERVER_TILE_WIDTH;

    for (level = 1; level < PSERVER_TILE_LEVELS; level++) {

        tile.level = level;
        tile.index = (edge->checkpoint.size >> (8 * level))
                     / PSERVER_TILE_WIDTH;
        tile.width = pserver_tile_width(&tile, edge->checkpoint.size);

        edge->index[level] = tile.index;
        edge->width[level] = tile.width;

        if (tile.width == 0) {
            continue;
        }

        fd = ngx_http_pserver_audit_tiles_open(edge->tiles->dir, &tile, &len);

        if (fd == -1) {
            return ngx_http_pserver_audit_edge_fail(edge->tiles,
                               (errno == ENOENT) ? PSERVER_INVALID
                                                 : PSERVER_ERROR,
                               "reading a tile");
        }

        if (ngx_http_pserver_audit_disk_pread(fd, edge->hash[level], len, 0)
            != PSERVER_OK)
        {
            (void) close(fd);
            return ngx_http_pserver_audit_edge_fail(edge->tiles,
                                           PSERVER_ERROR, "reading a tile");
        }

        (void) close(fd);
    }

    return PSERVER_OK;
}


static int
ngx_http_pserver_audit_edge_grow(ngx_http_pserver_audit_edge_t *edge,
    uint64_t size)
{
    int       rc;
    u_char    hash[PSERVER_MERKLE_LEN];
    uint64_t  first;
    unsigned  n, level;

    for (first = edge->index[0] * PSERVER_TILE_WIDTH;
         first < size;
         first += PSERVER_TILE_WIDTH)
    {
        n = PSERVER_TILE_WIDTH;

        if (size - first < n) {
            n = (unsigned) (size - first);
        }

        rc = ngx_http_pserver_audit_edge_read(edge, first, n);

        if (rc == PSERVER_OK) {
            rc = ngx_http_pserver_audit_edge_save(edge, PSERVER_TILE_ENTRIES,
                                            edge->index[0], n, edge->entries,
                                            edge->entries_len);
        }

        if (rc == PSERVER_OK) {
            rc = ngx_http_pserver_audit_edge_save(edge, 0, edge->index[0], n,
                                                   edge->hash[0],
                                                   n * PSERVER_MERKLE_LEN);
        }

        if (rc == PSERVER_OK && n == PSERVER_TILE_WIDTH) {
            pserver_merkle_list(hash, edge->hash[0], n);

            edge->index[0]++;
            edge->width[0] = 0;

            rc = ngx_http_pserver_audit_edge_add(edge, 1, hash);
        }

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    for (level = 1; level < PSERVER_TILE_LEVELS; level++) {

        if (edge->changed[level] == 0 || edge->width[level] == 0) {
            continue;
        }

        rc = ngx_http_pserver_audit_edge_save(edge, level,
                                     edge->index[level], edge->width[level],
                                     edge->hash[level],
                                     edge->width[level] * PSERVER_MERKLE_LEN);
        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    return PSERVER_OK;
}


/* n entries from the log: their bundle and the hashes of the leaves */

static int
ngx_http_pserver_audit_edge_read(ngx_http_pserver_audit_edge_t *edge,
    uint64_t first, unsigned n)
{
    int                rc;
    u_char            *p;
    u_char             buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX];
    uint64_t           offset, count;
    unsigned           i;
    pserver_record_t   record;

    rc = ngx_http_pserver_audit_file_find(edge->file, first, &offset, &count);

    p = edge->entries;

    for (i = 0; rc == PSERVER_OK && i < n; i++) {

        rc = ngx_http_pserver_audit_file_read(edge->file, offset, buf,
                                    &record,
                                    edge->hash[0] + i * PSERVER_MERKLE_LEN,
                                    &offset);

        if (rc == PSERVER_OK) {
            p = pserver_put_be(p, record.entry.len, 2);
            memcpy(p, record.entry.data, record.entry.len);
            p += record.entry.len;
        }
    }

    if (rc != PSERVER_OK) {
        return ngx_http_pserver_audit_edge_fail(edge->tiles,
                                (rc == PSERVER_DONE) ? PSERVER_INVALID : rc,
                                "reading the log");
    }

    edge->width[0] = n;
    edge->entries_len = p - edge->entries;

    return PSERVER_OK;
}


static int
ngx_http_pserver_audit_edge_add(ngx_http_pserver_audit_edge_t *edge,
    unsigned level, const u_char hash[PSERVER_MERKLE_LEN])
{
    int     rc;
    u_char  up[PSERVER_MERKLE_LEN];

    memcpy(edge->hash[level] + edge->width[level] * PSERVER_MERKLE_LEN, hash,
           PSERVER_MERKLE_LEN);

    edge->width[level]++;
    edge->changed[level] = 1;

    if (edge->width[level] < PSERVER_TILE_WIDTH) {
        return PSERVER_OK;
    }

    rc = ngx_http_pserver_audit_edge_save(edge, level, edge->index[level],
                                           PSERVER_TILE_WIDTH,
                                           edge->hash[level],
                                           PSERVER_TILE_LEN);
    if (rc != PSERVER_OK) {
        return rc;
    }

    pserver_merkle_list(up, edge->hash[level], PSERVER_TILE_WIDTH);

    edge->index[level]++;
    edge->width[level] = 0;

    /* a tree of 2^64 leaves ends below the last level */

    return ngx_http_pserver_audit_edge_add(edge, level + 1, up);
}


static int
ngx_http_pserver_audit_edge_save(ngx_http_pserver_audit_edge_t *edge,
    unsigned level, uint64_t index, unsigned width, const u_char *data,
    size_t len)
{
    char            part[sizeof("public/.part") + PSERVER_TILE_PATH_MAX];
    char            path[sizeof("public/") + PSERVER_TILE_PATH_MAX];
    u_char          name[PSERVER_TILE_PATH_MAX];
    pserver_tile_t  tile;

    tile.level = level;
    tile.index = index;
    tile.width = PSERVER_TILE_WIDTH;

    (void) snprintf(path, sizeof(path), "public/%.*s",
                    (int) (pserver_tile_path(name, &tile) - name), name);
    (void) snprintf(part, sizeof(part), "%s.part", path);

    if (ngx_http_pserver_audit_disk_write(edge->tiles->dir,
                            (width == PSERVER_TILE_WIDTH) ? path : part,
                            data, len)
        != PSERVER_OK)
    {
        return ngx_http_pserver_audit_edge_fail(edge->tiles, PSERVER_ERROR,
                                                 "writing a tile");
    }

    if (width == PSERVER_TILE_WIDTH) {
        ngx_http_pserver_audit_disk_unlink(edge->tiles->dir, part);
    }

    return PSERVER_OK;
}


/* what is not in a full tile hangs on the right of what is, at each level */

static void
ngx_http_pserver_audit_edge_root(ngx_http_pserver_audit_edge_t *edge,
    u_char root[PSERVER_MERKLE_LEN])
{
    int               any;
    size_t            i;
    unsigned          level, n;
    pserver_merkle_t  tree;

    any = 0;

    for (level = 0; level < PSERVER_TILE_LEVELS; level++) {

        pserver_merkle_init(&tree);

        for (n = 0; n < edge->width[level]; n++) {
            pserver_merkle_add(&tree,
                               edge->hash[level] + n * PSERVER_MERKLE_LEN);
        }

        for (i = tree.count; i-- > 0; /* void */ ) {

            if (any) {
                pserver_merkle_node(root, tree.hash[i], root);

            } else {
                memcpy(root, tree.hash[i], PSERVER_MERKLE_LEN);
                any = 1;
            }
        }
    }

    if (!any) {
        pserver_merkle_list(root, NULL, 0);
    }
}


static int
ngx_http_pserver_audit_edge_sign(ngx_http_pserver_audit_edge_t *edge,
    uint64_t size, const u_char root[PSERVER_MERKLE_LEN])
{
    u_char  *end;

    edge->checkpoint.size = size;
    memcpy(edge->checkpoint.root, root, PSERVER_MERKLE_LEN);

    end = pserver_checkpoint_write(edge->note, &edge->checkpoint);
    end = pserver_note_sign(edge->note, end - edge->note, &edge->key,
                            edge->secret);

    if (end == NULL
        || ngx_http_pserver_audit_disk_write(edge->tiles->dir,
                                             "public/checkpoint", edge->note,
                                             end - edge->note)
           != PSERVER_OK)
    {
        return ngx_http_pserver_audit_edge_fail(edge->tiles, PSERVER_ERROR,
                                                 "writing the checkpoint");
    }

    edge->tiles->size = size;

    return PSERVER_OK;
}


/*
 * PSERVER_OK: the account of the configuration is not the last one of the
 * checkpoint, and was added; PSERVER_DONE: nothing is new.
 */

static int
ngx_http_pserver_audit_edge_epoch(ngx_http_pserver_audit_edge_t *edge,
    uint64_t size)
{
    pserver_note_epoch_t        *epoch;
    const pserver_note_epoch_t  *anchor;

    anchor = edge->tiles->anchor;

    if (anchor == NULL) {
        return PSERVER_DONE;
    }

    epoch = &edge->checkpoint.epochs[edge->checkpoint.n];

    if (edge->checkpoint.n
        && epoch[-1].chain_id == anchor->chain_id
        && memcmp(&epoch[-1].contract, &anchor->contract, 20) == 0
        && memcmp(&epoch[-1].sender, &anchor->sender, 20) == 0)
    {
        return PSERVER_DONE;
    }

    if (edge->checkpoint.n == PSERVER_NOTE_EPOCHS_MAX) {
        return ngx_http_pserver_audit_edge_fail(edge->tiles, PSERVER_INVALID,
                                      "too many accounts have anchored this");
    }

    *epoch = *anchor;
    epoch->size = size;

    edge->checkpoint.n++;

    return PSERVER_OK;
}


static int
ngx_http_pserver_audit_edge_fail(ngx_http_pserver_audit_tiles_t *tiles,
    int rc, const char *what)
{
    tiles->err = (rc == PSERVER_ERROR) ? errno : 0;
    tiles->what = what;

    return rc;
}
