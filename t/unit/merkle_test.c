/*
 * The Merkle tree against the known answers of Certificate Transparency:
 * eight leaves, the root of each number of them, and proofs; then every
 * proof of every small tree, and that a changed one fails.
 */

#include "core/encode.h"
#include "core/merkle.h"

#include "test.h"


#define HASH   PSERVER_MERKLE_LEN
#define TREES  33


static const char  *entries[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f"
};


static const char  *roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
};


static void
unhex(u_char *dst, const char *text, size_t len)
{
    pserver_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    if (pserver_hex_decode(dst, len, str) != PSERVER_OK) {
        abort();
    }
}


static void
leaf(u_char hash[HASH], unsigned i)
{
    size_t  len;
    u_char  entry[16];

    len = strlen(entries[i]) / 2;
    unhex(entry, entries[i], len);
    pserver_merkle_leaf(hash, entry, len);
}


/* leaves of a tree that has no known answers */

static void
many(u_char *leaves, pserver_merkle_t *tree, u_char tree_roots[][HASH],
    unsigned n)
{
    u_char    byte;
    unsigned  i;

    pserver_merkle_init(tree);
    pserver_merkle_root(tree, tree_roots[0]);

    for (i = 0; i < n; i++) {
        byte = (u_char) i;
        pserver_merkle_leaf(leaves + i * HASH, &byte, 1);
        pserver_merkle_add(tree, leaves + i * HASH);
        pserver_merkle_root(tree, tree_roots[i + 1]);
    }
}


/* the nodes of a list of leaves */

static int
node(void *data, u_char hash[HASH], unsigned level, uint64_t index)
{
    const u_char  *leaves = data;

    pserver_merkle_list(hash, leaves + (index << level) * HASH,
                        (size_t) 1 << level);

    return PSERVER_OK;
}


static int
inclusion(u_char proof[][HASH], size_t *n, u_char *leaves, uint64_t size,
    uint64_t index)
{
    pserver_merkle_source_t  source = { node, leaves };

    return pserver_merkle_inclusion(proof, n, &source, size, index);
}


static int
consistency(u_char proof[][HASH], size_t *n, u_char *leaves, uint64_t size,
    uint64_t first)
{
    pserver_merkle_source_t  source = { node, leaves };

    return pserver_merkle_consistency(proof, n, &source, size, first);
}


TEST(roots)
{
    u_char            hash[HASH], known[HASH];
    unsigned          i;
    pserver_merkle_t  tree;

    pserver_merkle_init(&tree);

    for (i = 0; i <= 8; i++) {
        pserver_merkle_root(&tree, hash);
        unhex(known, roots[i], HASH);
        CHECK_MEM(hash, known, HASH);
        CHECK_INT(tree.size, i);

        if (i < 8) {
            leaf(hash, i);
            pserver_merkle_add(&tree, hash);
        }
    }

    CHECK_INT(tree.count, 1);
}


TEST(known_inclusion)
{
    size_t    n;
    u_char    leaves[8 * HASH], known[HASH];
    u_char    proof[PSERVER_MERKLE_DEPTH][HASH];
    unsigned  i;

    static const char  *path[] = {
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    };

    for (i = 0; i < 8; i++) {
        leaf(leaves + i * HASH, i);
    }

    CHECK_INT(inclusion(proof, &n, leaves, 8, 0), PSERVER_OK);
    CHECK_INT(n, 3);

    for (i = 0; i < 3; i++) {
        unhex(known, path[i], HASH);
        CHECK_MEM(proof[i], known, HASH);
    }

    CHECK_INT(inclusion(proof, &n, leaves, 8, 8),
              PSERVER_INVALID);
    CHECK_INT(inclusion(proof, &n, leaves, 1, 0), PSERVER_OK);
    CHECK_INT(n, 0);
}


TEST(known_consistency)
{
    size_t    n;
    u_char    leaves[8 * HASH], known[HASH];
    u_char    proof[PSERVER_MERKLE_DEPTH][HASH];
    unsigned  i;

    /* from 6 to 8 */

    static const char  *path[] = {
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    };

    for (i = 0; i < 8; i++) {
        leaf(leaves + i * HASH, i);
    }

    CHECK_INT(consistency(proof, &n, leaves, 8, 6), PSERVER_OK);
    CHECK_INT(n, 3);

    for (i = 0; i < 3; i++) {
        unhex(known, path[i], HASH);
        CHECK_MEM(proof[i], known, HASH);
    }

    CHECK_INT(consistency(proof, &n, leaves, 8, 0),
              PSERVER_INVALID);
    CHECK_INT(consistency(proof, &n, leaves, 8, 9),
              PSERVER_INVALID);
    CHECK_INT(consistency(proof, &n, leaves, 8, 8), PSERVER_OK);
    CHECK_INT(n, 0);
}


TEST(roots_of_the_past)
{
    u_char                   leaves[TREES * HASH], hash[HASH];
    u_char                   tree_roots[TREES + 1][HASH];
    unsigned                 size;
    pserver_merkle_t         tree;
    pserver_merkle_source_t  source = { node, leaves };

    many(leaves, &tree, tree_roots, TREES);

    for (size = 0; size <= TREES; size++) {
        CHECK_INT(pserver_merkle_root_of(hash, &source, size), PSERVER_OK);
        CHECK_MEM(hash, tree_roots[size], HASH);

        pserver_merkle_list(hash, leaves, size);
        CHECK_MEM(hash, tree_roots[size], HASH);
    }
}


/* trees in parts: each multiple of a power of two, and what may follow */

TEST(joined)
{
    size_t            i;
    u_char            leaves[TREES * HASH], hash[HASH];
    u_char            tree_roots[TREES + 1][HASH];
    unsigned          size, rest;
    pserver_merkle_t  tree, right;

    many(leaves, &tree, tree_roots, TREES);

    for (size = 0; size + 8 <= TREES; size += 8) {
        for (rest = 0; rest <= 8; rest++) {
            pserver_merkle_init(&tree);
            pserver_merkle_init(&right);

            for (i = 0; i < size; i++) {
                pserver_merkle_add(&tree, leaves + i * HASH);
            }

            for ( /* void */ ; i < size + rest; i++) {
                pserver_merkle_add(&right, leaves + i * HASH);
            }

            pserver_merkle_join(&tree, &right);
            pserver_merkle_root(&tree, hash);

            CHECK_INT(tree.size, size + rest);
            CHECK_MEM(hash, tree_roots[size + rest], HASH);
        }
    }
}


TEST(every_inclusion)
{
    size_t            n;
    u_char            leaves[TREES * HASH], tree_roots[TREES + 1][HASH];
    u_char            proof[PSERVER_MERKLE_DEPTH][HASH];
    unsigned          i, size;
    pserver_merkle_t  tree;

    many(leaves, &tree, tree_roots, TREES);

    for (size = 1; size <= TREES; size++) {
        for (i = 0; i < size; i++) {
            CHECK_INT(inclusion(proof, &n, leaves, size, i),
                      PSERVER_OK);

#define verify(count, index, of)                                              \
    pserver_merkle_verify_inclusion((const u_char (*)[HASH]) proof, count,    \
                                    leaves + i * HASH, index, of,             \
                                    tree_roots[size])

            CHECK_INT(verify(n, i, size), PSERVER_OK);
            CHECK_INT(verify(n + 1, i, size), PSERVER_INVALID);
            CHECK_INT(verify(n, size, size), PSERVER_INVALID);

            if (n == 0) {
                continue;
            }

            CHECK_INT(verify(n - 1, i, size), PSERVER_INVALID);
            CHECK_INT(verify(n, i ^ 1, size), PSERVER_INVALID);

            proof[n / 2][7] ^= 1;
            CHECK_INT(verify(n, i, size), PSERVER_INVALID);

#undef verify
        }
    }
}


TEST(every_consistency)
{
    size_t            n;
    u_char            leaves[TREES * HASH], tree_roots[TREES + 1][HASH];
    u_char            proof[PSERVER_MERKLE_DEPTH][HASH];
    unsigned          first, size;
    pserver_merkle_t  tree;

    many(leaves, &tree, tree_roots, TREES);

    for (size = 1; size <= TREES; size++) {
        for (first = 1; first <= size; first++) {
            CHECK_INT(consistency(proof, &n, leaves, size, first),
                      PSERVER_OK);

#define verify(count, old)                                                    \
    pserver_merkle_verify_consistency((const u_char (*)[HASH]) proof, count,  \
                                      first, tree_roots[old], size,           \
                                      tree_roots[size])

            CHECK_INT(verify(n, first), PSERVER_OK);
            CHECK_INT(verify(n, first - 1), PSERVER_INVALID);
            CHECK_INT(verify(n + 1, first), PSERVER_INVALID);

            if (n == 0) {
                continue;
            }

            CHECK_INT(verify(n - 1, first), PSERVER_INVALID);

            proof[n / 2][7] ^= 1;
            CHECK_INT(verify(n, first), PSERVER_INVALID);

#undef verify
        }
    }
}


TEST_MAIN
