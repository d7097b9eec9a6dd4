/*
 * pserverctl audit verify: reads a log from its first entry on.  Memory does
 * not grow with the log.
 */

#include "audit.h"
#include "audit_owner.h"

#include "../core/tile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


/* a checkpoint that was seen before, by this reader or by another */

typedef struct {
    const char           *name;          /* of the option; NULL: none */
    pserver_checkpoint_t  checkpoint;
    u_char                note[PSERVER_NOTE_MAX];
} pserverctl_seen_t;


typedef struct {
    pserverctl_args_t    *args;
    pserverctl_log_t      log;
    pserverctl_place_t    cold;
    pserverctl_place_t    node;
    pserverctl_anchors_t  anchors;
    pserverctl_anchor_t   anchor;        /* the next one; size 0: no more */
    size_t                anchored;      /* how many hold */
    uint64_t              last_anchor;

    pserverctl_seen_t     seen[2];
    pserverctl_owner_t    owner;         /* with option "key" */

    pserver_merkle_t      tree;
    uint64_t              time;          /* of the last entry */
    uint64_t              held;          /* up to here a root was right */
    u_char                hashes[PSERVER_TILE_LEN];
    u_char                up[PSERVER_TILE_LEN];
    unsigned              up_width;
} pserverctl_verify_t;


static int pserverctl_verify_run(pserverctl_verify_t *v);
static int pserverctl_verify_seen(pserverctl_verify_t *v, size_t i,
    const char *option);
static int pserverctl_verify_tiles(pserverctl_verify_t *v);
static int pserverctl_verify_bundle(pserverctl_verify_t *v, uint64_t first,
    unsigned n);
static int pserverctl_verify_entry(pserverctl_verify_t *v,
    pserver_str_t entry, unsigned i);
static int pserverctl_verify_roots(pserverctl_verify_t *v);
static int pserverctl_verify_anchor(pserverctl_verify_t *v);
static int pserverctl_verify_up(pserverctl_verify_t *v, uint64_t index);
static int pserverctl_verify_get(pserverctl_verify_t *v,
    const pserver_tile_t *tile, pserver_str_t *body);
static void pserverctl_verify_progress(const pserverctl_verify_t *v);
static int pserverctl_verify_owner(pserverctl_verify_t *v);
static int pserverctl_verify_save(const pserverctl_verify_t *v);
static int pserverctl_verify_wrong(const pserverctl_verify_t *v,
    const char *fmt, ...) __attribute__((format(printf, 2, 3)));


#define pserverctl_llu(n)  ((unsigned long long) (n))


int
pserverctl_audit_verify(pserverctl_args_t *args)
{
    int                   rc;
    pserverctl_verify_t  *v;

    v = calloc(1, sizeof(pserverctl_verify_t));

    if (v == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    v->args = args;

    rc = pserverctl_log_init(&v->log, args);

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "tiles")) {
        rc = pserverctl_place_init(&v->cold, pserverctl_option(args, "tiles"),
                                   pserverctl_option(args, "cacert"));
    }

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "rpc")) {
        rc = pserverctl_place_init(&v->node, pserverctl_option(args, "rpc"),
                                   pserverctl_option(args, "cacert"));
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_verify_run(v);
    }

    pserverctl_owner_done(&v->owner);
    pserverctl_anchors_done(&v->anchors);
    pserverctl_place_done(&v->log.place);
    pserverctl_place_done(&v->cold);
    pserverctl_place_done(&v->node);

    free(v);

    return rc;
}


static int
pserverctl_verify_run(pserverctl_verify_t *v)
{
    int       rc;
    uint64_t  from;

    if (pserverctl_number(v->args, "from-block", 0, &from) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_log_checkpoint(&v->log);

    if (rc == PSERVER_INVALID) {
        pserverctl_log_stop(v->args, "its checkpoint is not its own");
    }

    if (rc != PSERVER_OK) {
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_verify_seen(v, 0, "state") != PSERVERCTL_OK
        || pserverctl_verify_seen(v, 1, "with") != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    if (v->node.base) {
        rc = pserverctl_anchors_init(&v->anchors, &v->node, &v->log, from);

        if (rc != PSERVER_OK) {
            pserverctl_error("the node can't be asked: %s", v->node.error);
            return PSERVERCTL_FAILED;
        }

        if (pserverctl_verify_anchor(v) != PSERVERCTL_OK) {
            return PSERVERCTL_FAILED;
        }
    }

    if (pserverctl_option(v->args, "key")) {
        rc = pserverctl_owner_init(&v->owner, v->args, v->log.place.base);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    if (pserverctl_verify_tiles(v) != PSERVERCTL_OK
        || pserverctl_verify_owner(v) != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    printf("%.*s: %llu entries, nothing changed, removed or put in\n",
           (int) v->log.key.name.len, (char *) v->log.key.name.data,
           pserverctl_llu(v->tree.size));

    if (v->node.base) {
        printf("%zu anchors hold, the last one is of %llu entries\n",
               v->anchored, pserverctl_llu(v->last_anchor));
    }

    if (v->owner.request.key) {
        printf("%zu entries are the owner's, none is withheld\n", v->owner.n);
    }

    return pserverctl_verify_save(v);
}


static int
pserverctl_verify_owner(pserverctl_verify_t *v)
{
    int   rc;
    char  wrong[256];

    if (v->owner.request.key == NULL) {
        return PSERVERCTL_OK;
    }

    rc = pserverctl_owner_check(&v->owner, v->tree.size, wrong);

    if (rc == PSERVER_INVALID) {
        return pserverctl_verify_wrong(v, "%s", wrong);
    }

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


/* a checkpoint from a file; for "state" the file may not be there yet */

static int
pserverctl_verify_seen(pserverctl_verify_t *v, size_t i, const char *option)
{
    FILE               *f;
    size_t              j;
    const char         *name;
    pserver_str_t       note;
    pserverctl_seen_t  *seen;

    seen = &v->seen[i];
    name = pserverctl_option(v->args, option);

    if (name == NULL) {
        return PSERVERCTL_OK;
    }

    f = fopen(name, "r");

    if (f == NULL) {
        if (errno == ENOENT && i == 0) {
            return PSERVERCTL_OK;
        }

        pserverctl_error("%s: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    note.data = seen->note;
    note.len = fread(seen->note, 1, sizeof(seen->note), f);

    fclose(f);

    if (pserver_checkpoint_open(&seen->checkpoint, note, &v->log.key)
        != PSERVER_OK)
    {
        pserverctl_error("%s: no checkpoint of this log", name);
        return PSERVERCTL_FAILED;
    }

    seen->name = name;

    if (seen->checkpoint.size > v->log.checkpoint.size) {
        return pserverctl_verify_wrong(v, "the tree was cut back: it has %llu "
                             "entries, and had %llu in %s",
                             pserverctl_llu(v->log.checkpoint.size),
                             pserverctl_llu(seen->checkpoint.size), name);
    }

    for (j = 0; j < seen->checkpoint.n; j++) {

        if (j >= v->log.checkpoint.n
            || memcmp(&seen->checkpoint.epochs[j],
                      &v->log.checkpoint.epochs[j],
                      sizeof(pserver_note_epoch_t))
               != 0)
        {
            return pserverctl_verify_wrong(v, "the account that anchors was "
                                           "changed behind %s", name);
        }
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_verify_tiles(pserverctl_verify_t *v)
{
    unsigned  n;
    uint64_t  size;

    size = v->log.checkpoint.size;

    if (pserverctl_verify_roots(v) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    while (v->tree.size < size) {

        n = PSERVER_TILE_WIDTH;

        if (size - v->tree.size < n) {
            n = (unsigned) (size - v->tree.size);
        }

        if (pserverctl_verify_bundle(v, v->tree.size, n) != PSERVERCTL_OK) {
            return PSERVERCTL_FAILED;
        }

        pserverctl_verify_progress(v);
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_verify_bundle(pserverctl_verify_t *v, uint64_t first, unsigned n)
{
    int              rc;
    u_char          *data;
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

    /* roots are looked at in between, which may ask for another tile */

    data = malloc(body.len + 1);

    if (data == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    memcpy(data, body.data, body.len);

    p = data;
    end = data + body.len;

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

    free(data);

    if (rc == PSERVERCTL_OK && n == PSERVER_TILE_WIDTH) {
        rc = pserverctl_verify_up(v, first / PSERVER_TILE_WIDTH);
    }

    return rc;
}


static int
pserverctl_verify_entry(pserverctl_verify_t *v, pserver_str_t entry,
    unsigned i)
{
    u_char                leaf[PSERVER_MERKLE_LEN];
    uint64_t              number;
    pserver_entry_view_t  view;

    number = v->tree.size;

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

    pserver_merkle_add(&v->tree, leaf);

    if (v->owner.request.key
        && pserverctl_owner_entry(&v->owner, &view, leaf) != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    return pserverctl_verify_roots(v);
}


/* all roots that are known of a tree of this size */

static int
pserverctl_verify_roots(pserverctl_verify_t *v)
{
    u_char              root[PSERVER_MERKLE_LEN];
    size_t              i;
    uint64_t            size;
    pserverctl_seen_t  *seen;

    size = v->tree.size;

    if (size != v->log.checkpoint.size
        && size != v->anchor.size
        && size != v->seen[0].checkpoint.size
        && size != v->seen[1].checkpoint.size)
    {
        return PSERVERCTL_OK;
    }

    pserver_merkle_root(&v->tree, root);

    for (i = 0; i < 2; i++) {
        seen = &v->seen[i];

        if (seen->name
            && seen->checkpoint.size == size
            && memcmp(seen->checkpoint.root, root, sizeof(root)) != 0)
        {
            return pserverctl_verify_wrong(v, "this is another view of the "
                                 "log than %s: one of the entries %llu to "
                                 "%llu is not what it was", seen->name,
                                 pserverctl_llu(v->held),
                                 pserverctl_llu(size ? size - 1 : 0));
        }
    }

    while (v->anchor.size && v->anchor.size == size) {

        if (memcmp(v->anchor.root, root, sizeof(root)) != 0) {
            return pserverctl_verify_wrong(v, "the anchor of %llu entries "
                                 "does not match: one of the entries %llu to "
                                 "%llu is not what was anchored",
                                 pserverctl_llu(size),
                                 pserverctl_llu(v->held),
                                 pserverctl_llu(size - 1));
        }

        v->anchored++;
        v->last_anchor = size;

        if (pserverctl_verify_anchor(v) != PSERVERCTL_OK) {
            return PSERVERCTL_FAILED;
        }
    }

    if (size == v->log.checkpoint.size
        && memcmp(v->log.checkpoint.root, root, sizeof(root)) != 0)
    {
        return pserverctl_verify_wrong(v, "the root that was signed is not "
                             "that of these entries: one of %llu to %llu was "
                             "changed", pserverctl_llu(v->held),
                             pserverctl_llu(size ? size - 1 : 0));
    }

    v->held = size;

    return PSERVERCTL_OK;
}


/* the next one that says something */

static int
pserverctl_verify_anchor(pserverctl_verify_t *v)
{
    int                          rc;
    size_t                       n;
    const pserver_note_epoch_t  *epoch;

    for ( ;; ) {
        rc = pserverctl_anchors_next(&v->anchors, &v->anchor);

        if (rc == PSERVER_DONE) {
            v->anchor.size = 0;
            return PSERVERCTL_OK;
        }

        if (rc != PSERVER_OK) {
            pserverctl_error("the node can't be asked: %s", v->node.error);
            return PSERVERCTL_FAILED;
        }

        n = v->anchors.epoch;
        epoch = &v->log.checkpoint.epochs[n];

        if (n + 1 == v->log.checkpoint.n || v->anchor.size <= epoch[1].size) {
            break;
        }
    }

    if (v->anchor.size > v->log.checkpoint.size) {
        return pserverctl_verify_wrong(v, "the tree was cut back: it has %llu "
                             "entries, %llu were anchored",
                             pserverctl_llu(v->log.checkpoint.size),
                             pserverctl_llu(v->anchor.size));
    }

    if (v->anchor.size < v->tree.size || v->anchor.size < epoch->size) {
        return pserverctl_verify_wrong(v, "the anchor of %llu entries does "
                             "not follow those before",
                             pserverctl_llu(v->anchor.size));
    }

    return PSERVERCTL_OK;
}


/* the level above tells which 256 entries do not fit, where their tile was
   changed with them */

static int
pserverctl_verify_up(pserverctl_verify_t *v, uint64_t index)
{
    int             rc;
    u_char          hash[PSERVER_MERKLE_LEN];
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

    pserver_merkle_list(hash, v->hashes, PSERVER_TILE_WIDTH);

    if (memcmp(hash, v->up + at * PSERVER_MERKLE_LEN, sizeof(hash)) != 0) {
        return pserverctl_verify_wrong(v, "one of the entries %llu to %llu "
                             "was changed",
                             pserverctl_llu(index * PSERVER_TILE_WIDTH),
                             pserverctl_llu((index + 1) * PSERVER_TILE_WIDTH
                                            - 1));
    }

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
            return PSERVERCTL_FAILED;
        }
    }

    rc = pserverctl_get(&v->log.place, path);

    if (rc == PSERVER_OK) {
        *body = v->log.place.body;
        return PSERVERCTL_OK;
    }

    if (rc == PSERVER_DONE) {
        return pserverctl_verify_wrong(v, "%s is withheld, from entry %llu on",
                                       path, pserverctl_llu(v->tree.size));
    }

    pserverctl_error("%s: %s", path, v->log.place.error);

    return PSERVERCTL_FAILED;
}


static void
pserverctl_verify_progress(const pserverctl_verify_t *v)
{
    int       n;
    uint64_t  size;

    size = v->log.checkpoint.size;

    if (!isatty(STDERR_FILENO)
        || (v->tree.size / PSERVER_TILE_WIDTH % 16 && v->tree.size != size))
    {
        return;
    }

    n = (int) (v->tree.size * 40 / size);

    fprintf(stderr, "\r[%.*s%*s] %llu of %llu", n,
            "========================================", 40 - n, "",
            pserverctl_llu(v->tree.size), pserverctl_llu(size));

    if (v->tree.size == size) {
        fputc('\n', stderr);
    }
}


/* what was verified is what the next time is held against */

static int
pserverctl_verify_save(const pserverctl_verify_t *v)
{
    FILE        *f;
    char         temp[4096];
    const char  *name;

    name = pserverctl_option(v->args, "state");

    if (name == NULL) {
        return PSERVERCTL_OK;
    }

    snprintf(temp, sizeof(temp), "%s.new", name);

    f = fopen(temp, "w");

    if (f == NULL
        || fwrite(v->log.note, 1, v->log.len, f) != v->log.len
        || fclose(f) != 0
        || rename(temp, name) != 0)
    {
        pserverctl_error("%s: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_verify_wrong(const pserverctl_verify_t *v, const char *fmt, ...)
{
    char     text[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    if (isatty(STDERR_FILENO)) {
        fputc('\n', stderr);
    }

    pserverctl_error("%s", text);
    pserverctl_log_stop(v->args, text);

    return PSERVERCTL_FAILED;
}
