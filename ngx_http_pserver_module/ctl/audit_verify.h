/*
 * What the stages of pserverctl audit verify share: tiles, roots, the owner.
 */

#ifndef _PSERVERCTL_AUDIT_VERIFY_H_INCLUDED_
#define _PSERVERCTL_AUDIT_VERIFY_H_INCLUDED_


#include "audit.h"
#include "audit_owner.h"

#include "../core/tile.h"


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
    pserver_anchored_t    anchor;        /* the next one; size 0: no more */
    size_t                anchored;      /* how many hold */
    uint64_t              last_anchor;

    pserverctl_seen_t     seen[2];
    pserverctl_owner_t    owner;         /* with option "key" */

    uint64_t              size;          /* entries so far */
    uint64_t              time;          /* of the last one */
    pserver_merkle_t      tree;          /* of all before the tile */
    pserver_merkle_t      tile;          /* of those in the tile */
    uint64_t              held;          /* up to here a root was right */
    u_char                hashes[PSERVER_TILE_LEN];
    u_char                up[PSERVER_TILE_LEN];
    unsigned              up_width;
} pserverctl_verify_t;


/* PSERVERCTL_FAILED: said, it does not hold; PSERVERCTL_AGAIN: said */

/* every entry of the log, in their order */
int pserverctl_verify_tiles(pserverctl_verify_t *v);

/* all roots that are known of a tree of v->size */
int pserverctl_verify_roots(pserverctl_verify_t *v);

/* the next anchor that says something, into v->anchor */
int pserverctl_verify_anchor(pserverctl_verify_t *v);

/* what a call of audit_owner.h said */
int pserverctl_verify_owner(const pserverctl_verify_t *v, int rc,
    const char *wrong);

/* says what does not hold; PSERVERCTL_FAILED */
int pserverctl_verify_wrong(const pserverctl_verify_t *v, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));


#define pserverctl_llu(n)  ((unsigned long long) (n))


#endif /* _PSERVERCTL_AUDIT_VERIFY_H_INCLUDED_ */
