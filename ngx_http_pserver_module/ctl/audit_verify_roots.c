/*
 * pserverctl audit verify: the roots that are known, of checkpoints and of
 * anchors, against the tree of the entries.
 */

#include "audit_verify.h"

#include <string.h>


int
pserverctl_verify_roots(pserverctl_verify_t *v)
{
    int                 rc;
    u_char              root[PSERVER_MERKLE_LEN];
    size_t              i;
    uint64_t            size;
    pserver_merkle_t    tree;
    pserverctl_seen_t  *seen;

    size = v->size;

    if (size != v->log.checkpoint.size
        && size != v->anchor.size
        && size != v->seen[0].checkpoint.size
        && size != v->seen[1].checkpoint.size)
    {
        return PSERVERCTL_OK;
    }

    tree = v->tree;

    pserver_merkle_join(&tree, &v->tile);
    pserver_merkle_root(&tree, root);

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

        rc = pserverctl_verify_anchor(v);

        if (rc != PSERVERCTL_OK) {
            return rc;
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


int
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
            return PSERVERCTL_AGAIN;
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

    if (v->anchor.size < v->size || v->anchor.size < epoch->size) {
        return pserverctl_verify_wrong(v, "the anchor of %llu entries does "
                             "not follow those before",
                             pserverctl_llu(v->anchor.size));
    }

    return PSERVERCTL_OK;
}
