/*
 * The Merkle tree of RFC 6962, section 2.1, over SHA-256: hash of a leaf is
 * SHA-256(0x00 ‖ entry), of a node SHA-256(0x01 ‖ left ‖ right), and the
 * root of no entries is SHA-256 of nothing.  Hashes are 32 bytes.
 */

#ifndef _PSERVER_MERKLE_H_INCLUDED_
#define _PSERVER_MERKLE_H_INCLUDED_


#include "core.h"


#define PSERVER_MERKLE_LEN    32
#define PSERVER_MERKLE_DEPTH  64    /* hashes of a proof, at most */


/*
 * A tree that only grows: the roots of the complete subtrees that it falls
 * into, the largest first.  That is all that is needed to go on adding and
 * to know the root.
 */

typedef struct {
    uint64_t              size;      /* leaves */
    size_t                count;     /* of hashes */
    u_char                hash[PSERVER_MERKLE_DEPTH][PSERVER_MERKLE_LEN];
} pserver_merkle_t;


void pserver_merkle_leaf(u_char hash[PSERVER_MERKLE_LEN], const u_char *entry,
    size_t len);

/* hash may be the same memory as left or right */
void pserver_merkle_node(u_char hash[PSERVER_MERKLE_LEN],
    const u_char left[PSERVER_MERKLE_LEN],
    const u_char right[PSERVER_MERKLE_LEN]);


void pserver_merkle_init(pserver_merkle_t *tree);
void pserver_merkle_add(pserver_merkle_t *tree,
    const u_char leaf[PSERVER_MERKLE_LEN]);

/*
 * The root of a complete subtree of 2^level leaves; the size of the tree is
 * a multiple of that.
 */
void pserver_merkle_add_subtree(pserver_merkle_t *tree,
    const u_char root[PSERVER_MERKLE_LEN], unsigned level);

/* a tree of at most as many leaves as divide the size of this one */
void pserver_merkle_join(pserver_merkle_t *tree,
    const pserver_merkle_t *right);

void pserver_merkle_root(const pserver_merkle_t *tree,
    u_char root[PSERVER_MERKLE_LEN]);


/* the root of a tree of n leaves, whose hashes are a list */
void pserver_merkle_list(u_char root[PSERVER_MERKLE_LEN],
    const u_char *leaves, size_t n);


/*
 * Where proofs take the nodes of a tree from: node() writes the hash of the
 * complete subtree of 2^level leaves that begins with leaf index * 2^level.
 * What it returns but PSERVER_OK ends the proof and is its result.
 */

typedef struct {
    int                 (*node)(void *data,
                                u_char hash[PSERVER_MERKLE_LEN],
                                unsigned level, uint64_t index);
    void                 *data;
} pserver_merkle_source_t;


/* the root that the tree had with "size" leaves */
int pserver_merkle_root_of(u_char root[PSERVER_MERKLE_LEN],
    const pserver_merkle_source_t *source, uint64_t size);

/*
 * The hashes of a proof go to "proof", in the order of the RFC, their number
 * to *n.
 *
 * Inclusion (2.1.1): that the leaf of this index is in the tree of "size"
 * leaves; PSERVER_INVALID unless index < size.  Consistency (2.1.2): that
 * the tree of the first "first" leaves is the beginning of that of "size";
 * PSERVER_INVALID unless 0 < first <= size.
 */
int pserver_merkle_inclusion(u_char proof[][PSERVER_MERKLE_LEN], size_t *n,
    const pserver_merkle_source_t *source, uint64_t size, uint64_t index);
int pserver_merkle_consistency(u_char proof[][PSERVER_MERKLE_LEN], size_t *n,
    const pserver_merkle_source_t *source, uint64_t size, uint64_t first);

/*
 * Verification (RFC 9162, 2.1.3.2 and 2.1.4.2): PSERVER_OK, or
 * PSERVER_INVALID for a proof that is too long, too short or wrong.
 */
int pserver_merkle_verify_inclusion(const u_char proof[][PSERVER_MERKLE_LEN],
    size_t n, const u_char leaf[PSERVER_MERKLE_LEN], uint64_t index,
    uint64_t size, const u_char root[PSERVER_MERKLE_LEN]);
int pserver_merkle_verify_consistency(
    const u_char proof[][PSERVER_MERKLE_LEN], size_t n, uint64_t first,
    const u_char first_root[PSERVER_MERKLE_LEN], uint64_t size,
    const u_char root[PSERVER_MERKLE_LEN]);


#endif /* _PSERVER_MERKLE_H_INCLUDED_ */
