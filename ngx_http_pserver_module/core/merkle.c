/*
 * The Merkle tree of RFC 6962, section 2.1.
 */

#include "merkle.h"
#include "sha256.h"

#include <string.h>

#include <sodium.h>


static int pserver_merkle_range(u_char root[PSERVER_MERKLE_LEN],
    const pserver_merkle_source_t *source, uint64_t start, uint64_t size);
static uint64_t pserver_merkle_split(uint64_t size);
static void pserver_merkle_reverse(u_char proof[][PSERVER_MERKLE_LEN],
    size_t n);


void
pserver_merkle_leaf(u_char hash[PSERVER_MERKLE_LEN], const u_char *entry,
    size_t len)
{
    pserver_sha256_t  state;

    pserver_sha256_init(&state);
    pserver_sha256_update(&state, "\x00", 1);
    pserver_sha256_update(&state, entry, len);
    pserver_sha256_final(&state, hash);
}


void
pserver_merkle_node(u_char hash[PSERVER_MERKLE_LEN],
    const u_char left[PSERVER_MERKLE_LEN],
    const u_char right[PSERVER_MERKLE_LEN])
{
    u_char            text[1 + 2 * PSERVER_MERKLE_LEN];
    pserver_sha256_t  state;

    text[0] = 1;
    memcpy(text + 1, left, PSERVER_MERKLE_LEN);
    memcpy(text + 1 + PSERVER_MERKLE_LEN, right, PSERVER_MERKLE_LEN);

    pserver_sha256_init(&state);
    pserver_sha256_update(&state, text, sizeof(text));
    pserver_sha256_final(&state, hash);
}


void
pserver_merkle_init(pserver_merkle_t *tree)
{
    tree->size = 0;
    tree->count = 0;
}


void
pserver_merkle_add(pserver_merkle_t *tree,
    const u_char leaf[PSERVER_MERKLE_LEN])
{
    pserver_merkle_add_subtree(tree, leaf, 0);
}


void
pserver_merkle_add_subtree(pserver_merkle_t *tree,
    const u_char root[PSERVER_MERKLE_LEN], unsigned level)
{
    uint64_t  n;

    memcpy(tree->hash[tree->count++], root, PSERVER_MERKLE_LEN);

    /* each bit that carries joins two subtrees of the same size */

    for (n = tree->size >> level; n & 1; n >>= 1) {
        tree->count--;
        pserver_merkle_node(tree->hash[tree->count - 1],
                            tree->hash[tree->count - 1],
                            tree->hash[tree->count]);
    }

    tree->size += (uint64_t) 1 << level;
}


void
pserver_merkle_join(pserver_merkle_t *tree, const pserver_merkle_t *right)
{
    size_t    i;
    uint64_t  rest;
    unsigned  level;

    rest = right->size;

    for (i = 0; i < right->count; i++) {
        level = 63 - __builtin_clzll(rest);
        rest ^= (uint64_t) 1 << level;

        pserver_merkle_add_subtree(tree, right->hash[i], level);
    }
}


void
pserver_merkle_root(const pserver_merkle_t *tree,
    u_char root[PSERVER_MERKLE_LEN])
{
    size_t  i;

    if (tree->count == 0) {
        crypto_hash_sha256(root, NULL, 0);
        return;
    }

    i = tree->count - 1;
    memcpy(root, tree->hash[i], PSERVER_MERKLE_LEN);

    while (i-- > 0) {
        pserver_merkle_node(root, tree->hash[i], root);
    }
}


void
pserver_merkle_list(u_char root[PSERVER_MERKLE_LEN], const u_char *leaves,
    size_t n)
{
    size_t            i;
    pserver_merkle_t  tree;

    pserver_merkle_init(&tree);

    for (i = 0; i < n; i++) {
        pserver_merkle_add(&tree, leaves + i * PSERVER_MERKLE_LEN);
    }

    pserver_merkle_root(&tree, root);
}


int
pserver_merkle_root_of(u_char root[PSERVER_MERKLE_LEN],
    const pserver_merkle_source_t *source, uint64_t size)
{
    if (size == 0) {
        crypto_hash_sha256(root, NULL, 0);
        return PSERVER_OK;
    }

    return pserver_merkle_range(root, source, 0, size);
}


int
pserver_merkle_inclusion(u_char proof[][PSERVER_MERKLE_LEN], size_t *n,
    const pserver_merkle_source_t *source, uint64_t size, uint64_t index)
{
    int       rc;
    size_t    i;
    uint64_t  start, half;

    if (index >= size) {
        return PSERVER_INVALID;
    }

    start = 0;

    /* from the root down, to be turned round */

    for (i = 0; size > 1; i++) {
        half = pserver_merkle_split(size);

        if (index - start < half) {
            rc = pserver_merkle_range(proof[i], source, start + half,
                                      size - half);
            size = half;

        } else {
            rc = pserver_merkle_range(proof[i], source, start, half);
            start += half;
            size -= half;
        }

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    *n = i;
    pserver_merkle_reverse(proof, i);

    return PSERVER_OK;
}


int
pserver_merkle_consistency(u_char proof[][PSERVER_MERKLE_LEN], size_t *n,
    const pserver_merkle_source_t *source, uint64_t size, uint64_t first)
{
    int       rc;
    size_t    i;
    uint64_t  start, half;

    if (first == 0 || first > size) {
        return PSERVER_INVALID;
    }

    start = 0;

    for (i = 0; first - start != size; i++) {
        half = pserver_merkle_split(size);

        if (first - start <= half) {
            rc = pserver_merkle_range(proof[i], source, start + half,
                                      size - half);
            size = half;

        } else {
            rc = pserver_merkle_range(proof[i], source, start, half);
            start += half;
            size -= half;
        }

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    /* the first root itself is known and left out where it is a node */

    if (start) {
        rc = pserver_merkle_range(proof[i++], source, start, size);

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    *n = i;
    pserver_merkle_reverse(proof, i);

    return PSERVER_OK;
}


int
pserver_merkle_verify_inclusion(const u_char proof[][PSERVER_MERKLE_LEN],
    size_t n, const u_char leaf[PSERVER_MERKLE_LEN], uint64_t index,
    uint64_t size, const u_char root[PSERVER_MERKLE_LEN])
{
    size_t    i;
    uint64_t  last;
    u_char    hash[PSERVER_MERKLE_LEN];

    if (index >= size) {
        return PSERVER_INVALID;
    }

    memcpy(hash, leaf, PSERVER_MERKLE_LEN);
    last = size - 1;

    for (i = 0; i < n; i++) {

        if (last == 0) {
            return PSERVER_INVALID;
        }

        if ((index & 1) || index == last) {
            pserver_merkle_node(hash, proof[i], hash);

            while (!(index & 1) && index != 0) {
                index >>= 1;
                last >>= 1;
            }

        } else {
            pserver_merkle_node(hash, hash, proof[i]);
        }

        index >>= 1;
        last >>= 1;
    }

    if (last != 0 || memcmp(hash, root, PSERVER_MERKLE_LEN) != 0) {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


int
pserver_merkle_verify_consistency(
    const u_char proof[][PSERVER_MERKLE_LEN], size_t n, uint64_t first,
    const u_char first_root[PSERVER_MERKLE_LEN], uint64_t size,
    const u_char root[PSERVER_MERKLE_LEN])
{
    size_t    i;
    uint64_t  index, last;
    u_char    old[PSERVER_MERKLE_LEN], new[PSERVER_MERKLE_LEN];

    if (first == 0 || first > size) {
        return PSERVER_INVALID;
    }

    if (first == size) {
        return (n == 0 && memcmp(first_root, root, PSERVER_MERKLE_LEN) == 0)
               ? PSERVER_OK : PSERVER_INVALID;
    }

    index = first - 1;
    last = size - 1;

    while (index & 1) {
        index >>= 1;
        last >>= 1;
    }

    /* where the old tree is complete its root starts the way up */

    i = 0;

    if (index == 0) {
        memcpy(old, first_root, PSERVER_MERKLE_LEN);

    } else {
        if (n == 0) {
            return PSERVER_INVALID;
        }

        memcpy(old, proof[i++], PSERVER_MERKLE_LEN);
    }

    memcpy(new, old, PSERVER_MERKLE_LEN);

    for ( /* void */ ; i < n; i++) {

        if (last == 0) {
            return PSERVER_INVALID;
        }

        if ((index & 1) || index == last) {
            pserver_merkle_node(old, proof[i], old);
            pserver_merkle_node(new, proof[i], new);

            while (!(index & 1) && index != 0) {
                index >>= 1;
                last >>= 1;
            }

        } else {
            pserver_merkle_node(new, new, proof[i]);
        }

        index >>= 1;
        last >>= 1;
    }

    if (last != 0
        || memcmp(old, first_root, PSERVER_MERKLE_LEN) != 0
        || memcmp(new, root, PSERVER_MERKLE_LEN) != 0)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


/*
 * The root over size leaves, at least one, from start on, which is a
 * multiple of the largest complete subtree among them.
 */

static int
pserver_merkle_range(u_char root[PSERVER_MERKLE_LEN],
    const pserver_merkle_source_t *source, uint64_t start, uint64_t size)
{
    int       rc, any;
    u_char    hash[PSERVER_MERKLE_LEN];
    unsigned  level;
    uint64_t  end;

    any = 0;
    end = start + size;

    /* complete subtrees, from the right, where the smallest is */

    for (level = 0; level < 64 && size >> level; level++) {

        if (!(size >> level & 1)) {
            continue;
        }

        end -= (uint64_t) 1 << level;

        rc = source->node(source->data, hash, level, end >> level);

        if (rc != PSERVER_OK) {
            return rc;
        }

        if (any) {
            pserver_merkle_node(root, hash, root);

        } else {
            memcpy(root, hash, PSERVER_MERKLE_LEN);
            any = 1;
        }
    }

    return PSERVER_OK;
}


/* the largest power of two below size, which is at least 2 */

static uint64_t
pserver_merkle_split(uint64_t size)
{
    return (uint64_t) 1 << (63 - __builtin_clzll(size - 1));
}


static void
pserver_merkle_reverse(u_char proof[][PSERVER_MERKLE_LEN], size_t n)
{
    size_t  i;
    u_char  hash[PSERVER_MERKLE_LEN];

    for (i = 0; i < n / 2; i++) {
        memcpy(hash, proof[i], PSERVER_MERKLE_LEN);
        memcpy(proof[i], proof[n - 1 - i], PSERVER_MERKLE_LEN);
        memcpy(proof[n - 1 - i], hash, PSERVER_MERKLE_LEN);
    }
}
