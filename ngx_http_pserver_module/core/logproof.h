/*
 * What a log has of one owner, to be kept where the owner has moved to: each
 * of the owner's entries, its sealed opening, and the proof that it is in
 * the tree of a checkpoint.  docs/move.md has the bytes:
 *
 *     "PSVRPRFS" ‖ 1[4] ‖ 0[4] ‖ number of entries[8]
 *
 * and then for each, in their order: counter in the owner's chain[8] ‖
 * length of the entry[2] ‖ of the box[2] ‖ number of hashes[2] ‖ entry ‖ box
 * ‖ hashes.
 */

#ifndef _PSERVER_LOGPROOF_H_INCLUDED_
#define _PSERVER_LOGPROOF_H_INCLUDED_


#include "entry.h"
#include "merkle.h"
#include "note.h"


#define PSERVER_LOGPROOF_HEADER_LEN  24
#define PSERVER_LOGPROOF_HEAD_LEN    14


typedef struct {
    uint64_t              counter;
    pserver_str_t         entry;
    pserver_str_t         box;
    size_t                n;             /* of hashes, up to MERKLE_DEPTH */
    u_char                proof[PSERVER_MERKLE_DEPTH][PSERVER_MERKLE_LEN];
} pserver_logproof_t;


/* such a file, as it is read */

typedef struct {
    pserver_str_t         rest;
    uint64_t              left;          /* of entries */
    uint64_t              counter;       /* of the last one; 0: none yet */
    u_char                leaf[32];
} pserver_logproofs_t;


void pserver_logproof_header(u_char header[PSERVER_LOGPROOF_HEADER_LEN],
    uint64_t n);

/* what stands before entry, box and hashes */
void pserver_logproof_head(u_char head[PSERVER_LOGPROOF_HEAD_LEN],
    const pserver_logproof_t *proof);

/* PSERVER_INVALID: no such file */
int pserver_logproofs_init(pserver_logproofs_t *proofs, pserver_str_t text);

/* PSERVER_DONE: there was the last one, and nothing is behind it;
   PSERVER_INVALID */
int pserver_logproofs_next(pserver_logproofs_t *proofs,
    pserver_logproof_t *proof, pserver_entry_view_t *view);

/* PSERVER_OK: the entry is in the log, by this checkpoint */
int pserver_logproof_verify(const pserver_logproof_t *proof,
    const pserver_entry_view_t *view,
    const pserver_checkpoint_t *checkpoint);

/*
 * PSERVER_OK: it opens, and is what follows the entry before in the owner's
 * chain, which begins with 1.  Called for each of them in their order, after
 * next().  PSERVER_INVALID; PSERVER_NOMEM.
 */
int pserver_logproofs_follows(pserver_logproofs_t *proofs,
    const pserver_logproof_t *proof, const pserver_entry_view_t *view,
    const pserver_entry_keys_t *keys);


#endif /* _PSERVER_LOGPROOF_H_INCLUDED_ */
