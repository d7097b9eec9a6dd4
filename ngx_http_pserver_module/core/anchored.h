/*
 * What a node knows of its log's last anchor, as it keeps it beside the log:
 * a line, "<size> <root, 64 hex digits>".
 */

#ifndef _PSERVER_ANCHORED_H_INCLUDED_
#define _PSERVER_ANCHORED_H_INCLUDED_


#include "eth.h"
#include "json.h"


#define PSERVER_ANCHORED_MAX  (20 + 1 + 64 + 1)


typedef struct {
    uint64_t              size;      /* of the tree; 0: it has none */
    u_char                root[32];
    uint64_t              block;     /* that has it; 0: not known */
} pserver_anchored_t;


/* writes at most PSERVER_ANCHORED_MAX characters; returns the end */
u_char *pserver_anchored_write(u_char *dst, const pserver_anchored_t *anchor);

/* PSERVER_INVALID: not the one form of it, with a size from 1 to 2^63 - 1 */
int pserver_anchored_parse(pserver_anchored_t *anchor, pserver_str_t text);

/* the result of AuditAnchor.latest(address,bytes32): four words.
   PSERVER_INVALID: it is none, or the size is not below 2^63 */
int pserver_anchored_result(pserver_anchored_t *anchor, const u_char *data,
    size_t len);


/* keccak256 of Anchored(address,bytes32,uint64,bytes32) */
extern const pserver_word_t  pserver_anchored_topic;

/*
 * From one of the result of eth_getLogs.  PSERVER_INVALID: it is no event
 * Anchored of this contract, sender and log, or a reorganisation has taken it
 * back.  The size is any: who had been the sender may write what it likes.
 */
int pserver_anchored_event(pserver_anchored_t *anchor,
    const pserver_json_t *event, const pserver_address_t *contract,
    const pserver_address_t *sender, const u_char log_id[32]);


#endif /* _PSERVER_ANCHORED_H_INCLUDED_ */
