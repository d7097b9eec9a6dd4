/*
 * What the commands about the log share: its checkpoint, and its anchors on
 * chain.
 */

#ifndef _PSERVERCTL_AUDIT_H_INCLUDED_
#define _PSERVERCTL_AUDIT_H_INCLUDED_


#include "rpc.h"

#include "../core/anchored.h"
#include "../core/note.h"
#include "../core/opproof.h"


/* a log: where it is, its key, the checkpoint of now */

typedef struct {
    pserverctl_place_t    place;
    pserver_note_key_t    key;
    u_char                note[PSERVER_NOTE_MAX];
    size_t                len;
    pserver_checkpoint_t  checkpoint;
} pserverctl_log_t;


/* the option log-key, a key or the name of its file; the same */
int pserverctl_log_key(pserver_note_key_t *key, pserverctl_args_t *args);

/* the log that the command names; PSERVERCTL_USAGE or _FAILED: said */
int pserverctl_log_init(pserverctl_log_t *log, pserverctl_args_t *args);

/* asks for the checkpoint and checks it.  PSERVER_ERROR: said, it could not
   be had; PSERVER_INVALID: said, it is not this log's */
int pserverctl_log_checkpoint(pserverctl_log_t *log);

/* leaves the file "stopped" with this text in the folder of option "stop",
   if there is one; a node with this folder answers 503 from then on */
void pserverctl_log_stop(const pserverctl_args_t *args, const char *text);


/* the last anchor of a log that is mined, of size 0 if there is none;
   node->error */
int pserverctl_anchor_latest(pserverctl_place_t *node,
    const pserver_note_epoch_t *epoch, const u_char log_id[32],
    pserver_anchored_t *anchor);

/* whether the log of the checkpoint begins with what was anchored, by its
   tiles.  PSERVER_INVALID: it does not; PSERVER_ERROR: said */
int pserverctl_log_continues(pserverctl_log_t *log,
    const pserver_anchored_t *anchor);


/*
 * All anchors, epoch by epoch, in their order.  What a former sender has
 * anchored after the next one had begun says nothing, and is passed over by
 * who reads them.
 */

typedef struct {
    pserverctl_place_t   *node;
    const pserverctl_log_t  *log;
    uint64_t              step;      /* blocks a question */
    uint64_t              from;      /* the first block */
    uint64_t              head;      /* the last one */
    uint64_t              next;      /* block to go on from */
    uint64_t              asked;     /* questions, until now */
    size_t                epoch;

    pserver_json_doc_t   *doc;       /* of the question before */
    const pserver_json_t *entry;
} pserverctl_anchors_t;


int pserverctl_anchors_init(pserverctl_anchors_t *anchors,
    pserverctl_place_t *node, const pserverctl_log_t *log, uint64_t from);

/* PSERVER_DONE: there is none more; node->error */
int pserverctl_anchors_next(pserverctl_anchors_t *anchors,
    pserver_anchored_t *anchor);
void pserverctl_anchors_done(pserverctl_anchors_t *anchors);

/* whether there is one of this size and root; PSERVER_DONE: there is none,
   node->error */
int pserverctl_anchors_find(pserverctl_place_t *node,
    const pserverctl_log_t *log, uint64_t from, uint64_t size,
    const u_char root[32]);


/* says whether a proof has an anchor, and with option "rpc" looks for it,
   from option "from-block" on.  Else: said */
int pserverctl_proof_anchor(pserverctl_args_t *args,
    const pserverctl_log_t *log, const pserver_opproof_anchor_t *anchor);


int pserverctl_audit_verify(pserverctl_args_t *args);
int pserverctl_audit_anchor(pserverctl_args_t *args);
int pserverctl_audit_proof(pserverctl_args_t *args);
int pserverctl_audit_accept(pserverctl_args_t *args);

/* moved.c */
int pserverctl_audit_moved(pserverctl_args_t *args);


#endif /* _PSERVERCTL_AUDIT_H_INCLUDED_ */
