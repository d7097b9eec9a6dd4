/*
 * A record of the log's file: what a node keeps of one entry.  Private to
 * the node; docs/audit-log.md has the bytes.
 *
 * Its sum covers all of it, and it names the place where the batch began
 * that it was written with.  A batch is appended by one write and made
 * durable before the next one begins, so only the last batch can be torn.
 */

#ifndef _PSERVER_RECORD_H_INCLUDED_
#define _PSERVER_RECORD_H_INCLUDED_


#include "core.h"


#define PSERVER_RECORD_HEAD_LEN  68
#define PSERVER_RECORD_SUM_LEN   32
#define PSERVER_RECORD_OVERHEAD                                               \
    (PSERVER_RECORD_HEAD_LEN + PSERVER_RECORD_SUM_LEN)

#define PSERVER_RECORD_MAX       (PSERVER_RECORD_OVERHEAD + 2 * 65535)


typedef struct {
    uint32_t              root;      /* whose log key seals; 0: the owner's */
    uint64_t              batch;     /* offset in the file */
    uint64_t              previous;  /* offset of the owner's previous record;
                                        0: none */
    uint64_t              counter;   /* of the owner; 0: no owner */
    u_char                id[32];    /* of the owner; zeros: none */
    pserver_str_t         entry;     /* up to 65535 bytes */
    pserver_str_t         box;       /* up to 65535 bytes */
} pserver_record_t;


#define pserver_record_len(entry_len, box_len)                                \
    (PSERVER_RECORD_OVERHEAD + (entry_len) + (box_len))


/*
 * Writes pserver_record_len() bytes; leaf is the leaf hash of the entry.
 * Returns the end.
 */
u_char *pserver_record_write(u_char *dst, const pserver_record_t *record,
    const u_char leaf[32]);

/*
 * The length of the record that these PSERVER_RECORD_HEAD_LEN bytes begin;
 * 0: they begin none.
 */
size_t pserver_record_head(pserver_record_t *record, const u_char *head);

/*
 * Reads the record at the beginning of len bytes: *used is its length and
 * leaf the leaf hash of its entry.  PSERVER_AGAIN: it would be longer than
 * len; PSERVER_INVALID: it is none, or was changed.
 */
int pserver_record_parse(pserver_record_t *record, u_char leaf[32],
    size_t *used, const u_char *data, size_t len);


#endif /* _PSERVER_RECORD_H_INCLUDED_ */
