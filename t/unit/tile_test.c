/*
 * Tiles: paths, widths, and nodes of the tree taken from them.
 */

#include "core/tile.h"

#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


TEST(paths)
{
    size_t          i;
    u_char          text[PSERVER_TILE_PATH_MAX];
    pserver_str_t   path;
    pserver_tile_t  tile;

    static const struct {
        const char  *path;
        unsigned     level;
        uint64_t     index;
        unsigned     width;
    } good[] = {
        { "tile/0/000", 0, 0, 256 },
        { "tile/0/999", 0, 999, 256 },
        { "tile/1/x001/000", 1, 1000, 256 },
        { "tile/7/x001/x234/067", 7, 1234067, 256 },
        { "tile/0/x123/x456/x789/x012/x345/678", 0, 123456789012345678, 256 },
        { "tile/entries/x012/345", 8, 12345, 256 },
        { "tile/entries/000.p/1", 8, 0, 1 },
        { "tile/0/x001/067.p/8", 0, 1067, 8 },
        { "tile/2/001.p/99", 2, 1, 99 },
        { "tile/2/001.p/255", 2, 1, 255 },
        { "tile/2/001.p/100", 2, 1, 100 }
    };

    static const char  *bad[] = {
        "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00",
        "tile/0/0000", "tile/8/000", "tile/00/000", "tile/entries",
        "tile/entries/", "tile/data/000", "tile/0/x000/001",
        "tile/0/x001/x000", "tile/0/x001", "tile/0/001/002", "tile/0/001/",
        "tile/0/x01/000", "tile/0/-01", "tile/0/..", "tile/0/../000",
        "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
        "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/1000",
        "tile/0/000.p/1/", "tile/0/000.p/x", "tile/0/000.q/1", "/tile/0/000",
        "tile/0/x123/x456/x789/x012/x345/x678/901"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_INT(pserver_tile_parse(&tile, str(good[i].path)), PSERVER_OK);
        CHECK_INT(tile.level, good[i].level);
        CHECK_INT(tile.index, good[i].index);
        CHECK_INT(tile.width, good[i].width);

        path.data = text;
        path.len = pserver_tile_path(text, &tile) - text;
        CHECK_STR(path, good[i].path);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pserver_tile_parse(&tile, str(bad[i])) != PSERVER_INVALID) {
            printf("%s\n", bad[i]);
            CHECK(0);
        }
    }
}


TEST(widths)
{
    size_t          i;
    pserver_tile_t  tile;

    static const struct {
        unsigned     level;
        uint64_t     index;
        uint64_t     size;
        unsigned     width;
    } of[] = {
        { 0, 0, 0, 0 }, { 0, 0, 1, 1 }, { 0, 0, 255, 255 },
        { 0, 0, 256, 256 }, { 0, 1, 256, 0 }, { 0, 1, 257, 1 },
        { 8, 1, 257, 1 }, { 8, 3, 1024, 256 }, { 1, 0, 255, 0 },
        { 1, 0, 511, 1 }, { 1, 0, 65536, 256 }, { 1, 1, 65536 + 256, 1 },
        { 2, 0, 65536, 1 }, { 7, 0, UINT64_MAX, 255 }
    };

    for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        tile.level = of[i].level;
        tile.index = of[i].index;
        CHECK_INT(pserver_tile_width(&tile, of[i].size), of[i].width);
    }
}


/* all tiles of a tree, in memory */

#define LEAVES  (256 * 256 + 300)

static u_char  level0[LEAVES * 32];
static u_char  level1[(LEAVES / 256 + 1) * 32];
static u_char  level2[32];


static int
node(void *data, u_char hash[PSERVER_MERKLE_LEN], unsigned level,
    uint64_t index)
{
    unsigned        first, count;
    uint64_t        size = *(uint64_t *) data;
    pserver_tile_t  tile;

    u_char  *levels[] = { level0, level1, level2 };

    pserver_tile_of_node(&tile, &first, &count, level, index);

    CHECK(tile.width <= pserver_tile_width(&tile, size));

    pserver_merkle_list(hash, levels[tile.level]
                              + (tile.index * 256 + first) * 32, count);

    return PSERVER_OK;
}


TEST(nodes)
{
    size_t                   i, n;
    u_char                   root[32], old[32], proof[64][32];
    uint64_t                 size;
    pserver_merkle_t         tree;
    pserver_merkle_source_t  source = { node, &size };

    static const uint64_t  at[] = {
        0, 1, 255, 256, 257, 65535, 65536, 65537, LEAVES - 1
    };

    pserver_merkle_init(&tree);

    for (i = 0; i < LEAVES; i++) {
        pserver_merkle_leaf(level0 + i * 32, (u_char *) &i, sizeof(i));
        pserver_merkle_add(&tree, level0 + i * 32);
    }

    for (i = 0; i < LEAVES / 256; i++) {
        pserver_merkle_list(level1 + i * 32, level0 + i * 256 * 32, 256);
    }

    pserver_merkle_list(level2, level1, 256);

    size = LEAVES;

    CHECK_INT(pserver_merkle_root_of(root, &source, size), PSERVER_OK);
    pserver_merkle_root(&tree, old);
    CHECK_MEM(root, old, 32);

    for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        CHECK_INT(pserver_merkle_inclusion(proof, &n, &source, size, at[i]),
                  PSERVER_OK);
        CHECK_INT(pserver_merkle_verify_inclusion(
                      (const u_char (*)[32]) proof, n, level0 + at[i] * 32,
                      at[i], size, root),
                  PSERVER_OK);

        if (at[i] == 0) {
            continue;
        }

        CHECK_INT(pserver_merkle_root_of(old, &source, at[i]), PSERVER_OK);
        CHECK_INT(pserver_merkle_consistency(proof, &n, &source, size,
                                             at[i]),
                  PSERVER_OK);
        CHECK_INT(pserver_merkle_verify_consistency(
                      (const u_char (*)[32]) proof, n, at[i], old, size,
                      root),
                  PSERVER_OK);
    }
}


TEST(bundle)
{
    const u_char   *p;
    pserver_str_t   entry;

    static const u_char  data[] = "\0\003one\0\0\0\005three";

    p = data;

    CHECK_INT(pserver_bundle_next(&entry, &p, data + 14), PSERVER_OK);
    CHECK_STR(entry, "one");
    CHECK_INT(pserver_bundle_next(&entry, &p, data + 14), PSERVER_OK);
    CHECK_STR(entry, "");
    CHECK_INT(pserver_bundle_next(&entry, &p, data + 14), PSERVER_OK);
    CHECK_STR(entry, "three");
    CHECK_INT(pserver_bundle_next(&entry, &p, data + 14), PSERVER_DONE);

    p = data + 7;
    CHECK_INT(pserver_bundle_next(&entry, &p, data + 8), PSERVER_INVALID);
    CHECK_INT(pserver_bundle_next(&entry, &p, data + 13), PSERVER_INVALID);

    CHECK_INT(pserver_bundle_len(data, 14, 0), 0);
    CHECK_INT(pserver_bundle_len(data, 14, 1), 5);
    CHECK_INT(pserver_bundle_len(data, 14, 2), 7);
    CHECK_INT(pserver_bundle_len(data, 14, 3), 14);
    CHECK_INT(pserver_bundle_len(data, 14, 4), 0);
    CHECK_INT(pserver_bundle_len(data, 13, 3), 0);
}


TEST_MAIN
