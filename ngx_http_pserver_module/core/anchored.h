/*
 * What a node knows of its log's last anchor, as it keeps it beside the log:
 * a line, "<size> <root, 64 hex digits>".
 */

#ifndef _PSERVER_ANCHORED_H_INCLUDED_
#define _PSERVER_ANCHORED_H_INCLUDED_


#include "core.h"


#define PSERVER_ANCHORED_MAX  (20 + 1 + 64 + 1)


typedef struct {
    uint64_t              size;      /* of the tree; 0: it has none */
    u_char                root[32];
} pserver_anchored_t;


/* writes at most PSERVER_ANCHORED_MAX characters; returns the end */
u_char *pserver_anchored_write(u_char *dst, const pserver_anchored_t *anchor);

/* PSERVER_INVALID: not the one form of it, with a size from 1 to 2^63 - 1 */
int pserver_anchored_parse(pserver_anchored_t *anchor, pserver_str_t text);

/* the result of AuditAnchor.latest(address,bytes32): four words.
   PSERVER_INVALID: it is none */
int pserver_anchored_result(pserver_anchored_t *anchor, const u_char *data,
    size_t len);


#endif /* _PSERVER_ANCHORED_H_INCLUDED_ */
