/*
 * What the tests of the log's files share: a log in a folder of its own.
 * Included behind these files.
 */

#include <ftw.h>

#include "core/entry.h"

#include "test.h"


typedef ngx_http_pserver_audit_file_t   file_t;
typedef ngx_http_pserver_audit_tiles_t  tiles_t;
typedef ngx_http_pserver_audit_item_t   item_t;


static pserver_random_t  rng;

static unsigned        appended;     /* entries in all; the next one's reason */

static char            dir[64];
static pserver_root_t  roots[2] = { { 7, "the storage root" },
                                    { 8, "the next storage root" } };


static int
gone(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static void
done(void)
{
    if (dir[0]) {
        (void) nftw(dir, gone, 16, FTW_DEPTH|FTW_PHYS);
    }
}


static void
fresh(file_t *file, tiles_t *tiles)
{
    if (dir[0] == '\0' && (sodium_init() == -1 || atexit(done) != 0)) {
        abort();
    }

    done();
    strcpy(dir, "/tmp/pserver-tiles-XXXXXX");

    if (mkdtemp(dir) == NULL) {
        abort();
    }

    CHECK_INT(ngx_http_pserver_audit_file_init(file, dir), PSERVER_OK);
    memset(tiles, 0, sizeof(tiles_t));
    tiles->dir = dir;
}


/* n entries of one owner, their reason is a number */

static void
append(file_t *file, size_t n)
{
    size_t                 i;
    char                   reason[16];
    u_char                 entry[1024][PSERVER_ENTRY_MAX];
    u_char                 box[1024][128];
    item_t                *items[1024];
    pserver_entry_t        e;
    pserver_entry_keys_t   keys;

    static item_t  item[1024];

    pserver_entry_keys(&keys, (u_char *) "the ledger key of the first one");

    for (i = 0; i < n; i++) {
        memset(&e, 0, sizeof(e));
        memset(&item[i], 0, sizeof(item_t));

        e.type = PSERVER_ENTRY_DATA_READ;
        e.reason.data = (u_char *) reason;
        e.reason.len = sprintf(reason, "%u", appended++);

        items[i] = &item[i];
        item[i].entry = entry[i];
        item[i].box = box[i];
        item[i].owned = 1;
        memcpy(item[i].id, keys.id, 32);
        memcpy(item[i].tag, keys.tag, 32);

        CHECK_INT(pserver_entry_lengths(&e, &item[i].entry_len,
                                        &item[i].box_len),
                  PSERVER_OK);
        pserver_entry_write(entry[i], box[i], item[i].link_key, &e,
                            keys.seal, &rng);
    }

    CHECK_INT(ngx_http_pserver_audit_file_append(file, items, n), PSERVER_OK);
}


static int
publish(tiles_t *tiles, file_t *file)
{
    return ngx_http_pserver_audit_tiles_publish(tiles, file, roots, 1);
}


/* everything that is public fits together, and is of this size */

static void
verify(uint64_t size)
{
    int                   fd;
    size_t                len;
    u_char                note[PSERVER_NOTE_MAX], text[256], root[32];
    u_char                leaf[32], hash[32];
    u_char               *bundle;
    uint64_t              i;
    const u_char         *p;
    pserver_str_t         str, entry;
    pserver_tile_t        tile;
    pserver_merkle_t      tree;
    pserver_note_key_t    key;
    pserver_checkpoint_t  checkpoint;

    pserver_merkle_source_t  source = {
        ngx_http_pserver_audit_tiles_node, dir
    };

    CHECK_INT(ngx_http_pserver_audit_disk_read(dir, "public/key", text,
                                               sizeof(text), &str.len),
              PSERVER_OK);
    str.data = text;
    str.len--;
    CHECK_INT(pserver_note_key_parse(&key, str), PSERVER_OK);

    CHECK_INT(ngx_http_pserver_audit_tiles_checkpoint(dir, note, &str.len),
              PSERVER_OK);
    str.data = note;
    CHECK_INT(pserver_checkpoint_open(&checkpoint, str, &key), PSERVER_OK);
    CHECK_INT(checkpoint.size, size);

    CHECK_INT(pserver_merkle_root_of(root, &source, size), PSERVER_OK);
    CHECK_MEM(root, checkpoint.root, 32);

    pserver_merkle_init(&tree);
    bundle = malloc(NGX_HTTP_PSERVER_AUDIT_ENTRIES);

    for (i = 0; i < size; i += 256) {
        tile.level = PSERVER_TILE_ENTRIES;
        tile.index = i / 256;
        tile.width = pserver_tile_width(&tile, size);

        fd = ngx_http_pserver_audit_tiles_open(dir, &tile, &len);
        CHECK(fd != -1);
        CHECK_INT(ngx_http_pserver_audit_disk_pread(fd, bundle, len, 0),
                  PSERVER_OK);
        (void) close(fd);

        p = bundle;

        while (pserver_bundle_next(&entry, &p, bundle + len) == PSERVER_OK) {
            pserver_merkle_leaf(leaf, entry.data, entry.len);
            (void) ngx_http_pserver_audit_tiles_node(dir, hash, 0, tree.size);

            if (memcmp(leaf, hash, 32) != 0) {
                CHECK(0);
            }

            pserver_merkle_add(&tree, leaf);
        }

        CHECK(p == bundle + len);
    }

    free(bundle);

    CHECK_INT(tree.size, size);
    pserver_merkle_root(&tree, root);
    CHECK_MEM(root, checkpoint.root, 32);
}
