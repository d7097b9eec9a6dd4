/*
 * What the two parts of pserverctl audit anchor share: the rounds, and the
 * transaction.
 */

#ifndef _PSERVERCTL_AUDIT_ANCHOR_H_INCLUDED_
#define _PSERVERCTL_AUDIT_ANCHOR_H_INCLUDED_


#include "audit.h"

#include "../core/rlp.h"


#define PSERVERCTL_GWEI  1000000000ULL

/* what is signed until an anchor is there: a node names the nonces, and could
   have the account pay for as many as it likes.  A run of --every does not end
   there, which would have it started anew, but signs nothing more */
#define PSERVERCTL_ANCHOR_NONCES  8


typedef struct {
    pserverctl_args_t    *args;
    pserverctl_log_t      log;
    pserverctl_place_t    node;
    u_char               *key;
    secp256k1_context    *secp;
    pserver_address_t     sender;
    const pserver_note_epoch_t  *epoch;

    uint64_t              every;         /* seconds; 0: one round */
    uint64_t              resend;        /* seconds */
    uint64_t              timeout;       /* seconds, of a round */
    uint64_t              confirmations;
    uint64_t              max_fee;       /* wei */

    /* how many transactions of the account are mined, which is the nonce of
       the next, and how many with those that wait for a block */
    uint64_t              mined;
    uint64_t              known;

    /* what was sent last */
    pserver_transaction_t  tx;
    u_char                data[4 + 3 * 32];
    u_char                raw[PSERVER_TRANSACTION_MAX];
    size_t                len;           /* of raw; 0: nothing yet */
    pserver_word_t        hash;
    unsigned              refused:1;     /* the node did not take it */

    /* what was signed for since the last anchor that is there for good */
    uint64_t              nonces[PSERVERCTL_ANCHOR_NONCES];
    size_t                nnonces;

    char                  said[512];
} pserverctl_anchoring_t;


/*
 * Sends the anchor of the checkpoint with the nonce a->mined: a new
 * transaction, the one that was lost again, or, where one of this nonce
 * waits, one in its place for more.  PSERVERCTL_OK: it was sent, or can't be
 * now, which is said; it is called again where that was of no use.  Else the
 * round has failed, and it is said why.
 */
int pserverctl_anchoring_send(pserverctl_anchoring_t *a);

/* a notice to stderr, unless it is the one before */
void pserverctl_anchoring_say(pserverctl_anchoring_t *a, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));


#endif /* _PSERVERCTL_AUDIT_ANCHOR_H_INCLUDED_ */
