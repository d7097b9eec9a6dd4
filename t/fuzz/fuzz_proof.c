/*
 * Proofs: size[8] ‖ index[8] ‖ hashes.  None verifies against a root that
 * nobody made, and a proof that was made does, whatever the sizes are.
 */

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/merkle.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int node(void *data, u_char hash[32], unsigned level, uint64_t index);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t    n, made;
    u_char    root[32], old[32], leaf[32];
    u_char    proof[PSERVER_MERKLE_DEPTH + 1][32];
    uint64_t  leaves, index;

    static const pserver_merkle_source_t  source = { node, NULL };

    if (size < 16) {
        return 0;
    }

    leaves = pserver_get_be(data, 8);
    index = pserver_get_be(data + 8, 8);

    n = (size - 16) / 32;

    if (n > PSERVER_MERKLE_DEPTH) {
        n = PSERVER_MERKLE_DEPTH;
    }

    memcpy(proof, data + 16, n * 32);
    memset(root, 0x5a, 32);
    memset(leaf, 0xa5, 32);

    if (pserver_merkle_verify_inclusion((const u_char (*)[32]) proof, n, leaf,
                                        index, leaves, root)
        == PSERVER_OK
        || pserver_merkle_verify_consistency((const u_char (*)[32]) proof, n,
                                             index, leaf, leaves, root)
           == PSERVER_OK)
    {
        abort();
    }

    if (pserver_merkle_root_of(root, &source, leaves) != PSERVER_OK) {
        abort();
    }

    if (pserver_merkle_inclusion(proof, &made, &source, leaves, index)
        == PSERVER_OK)
    {
        (void) node(NULL, leaf, 0, index);

        if (pserver_merkle_verify_inclusion((const u_char (*)[32]) proof,
                                            made, leaf, index, leaves, root)
            != PSERVER_OK)
        {
            abort();
        }
    }

    if (pserver_merkle_consistency(proof, &made, &source, leaves, index)
        == PSERVER_OK)
    {
        if (pserver_merkle_root_of(old, &source, index) != PSERVER_OK
            || pserver_merkle_verify_consistency(
                   (const u_char (*)[32]) proof, made, index, old, leaves,
                   root)
               != PSERVER_OK)
        {
            abort();
        }
    }

    return 0;
}


/* a tree whose leaves are all the same */

static int
node(void *data, u_char hash[32], unsigned level, uint64_t index)
{
    (void) data;
    (void) index;

    memset(hash, 1, 32);

    while (level--) {
        pserver_merkle_node(hash, hash, hash);
    }

    return PSERVER_OK;
}
