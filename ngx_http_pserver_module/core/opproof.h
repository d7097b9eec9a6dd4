/*
 * The proof of an operation: an entry of the log about it, the fields that
 * concern who asks, opened, and that the log has the entry.  One JSON object:
 *
 *     {"kind":"OperationProof","id":"<64 hex digits>",
 *      "entry":"<base64>",
 *      "openings":[{"field":2,"key":"<base64>","value":"<base64>"},..],
 *      "proof":"<base64 of hashes, 32 bytes each>",
 *      "checkpoint":"<a signed note>",
 *      "anchor":null or {"size":7,"root":"<base64>","proof":"<base64>"}}
 *
 * "proof" leads from the entry to the root of the checkpoint (RFC 6962,
 * 2.1.1); that of "anchor" to the root that is on chain.
 */

#ifndef _PSERVER_OPPROOF_H_INCLUDED_
#define _PSERVER_OPPROOF_H_INCLUDED_


#include "entry.h"
#include "json.h"
#include "merkle.h"
#include "note.h"


typedef u_char  pserver_opproof_hashes_t[PSERVER_MERKLE_DEPTH]
                                        [PSERVER_MERKLE_LEN];


typedef struct {
    u_char                id;                  /* of the field */
    u_char                key[32];
    pserver_str_t         value;
} pserver_opproof_field_t;


typedef struct {
    uint64_t              size;                /* 0: none is known */
    u_char                root[PSERVER_MERKLE_LEN];
    pserver_opproof_hashes_t  proof;
    size_t                n;
} pserver_opproof_anchor_t;


typedef struct {
    u_char                id[32];              /* of the operation */
    pserver_str_t         entry;
    pserver_opproof_field_t  fields[PSERVER_ENTRY_FIELDS_MAX];
    size_t                nfields;
    pserver_opproof_hashes_t  proof;
    size_t                n;
    pserver_str_t         checkpoint;          /* the note */
    pserver_opproof_anchor_t  anchor;

    /* of a proof that was read: what the texts above point into */
    u_char                bytes[PSERVER_ENTRY_MAX
                                + PSERVER_ENTRY_FIELDS_MAX
                                  * PSERVER_ENTRY_VALUE_MAX];
} pserver_opproof_t;


/* at most what pserver_opproof_write() writes, which returns the end */
size_t pserver_opproof_len(const pserver_opproof_t *proof);
u_char *pserver_opproof_write(u_char *dst, const pserver_opproof_t *proof);

/*
 * Reads what the object says; the checkpoint points into the document.
 * PSERVER_INVALID: it has another form.
 */
int pserver_opproof_parse(pserver_opproof_t *proof,
    const pserver_json_t *object);


/* what does not hold */

typedef enum {
    PSERVER_OPPROOF_OK = 0,
    PSERVER_OPPROOF_ENTRY,                     /* it is no entry */
    PSERVER_OPPROOF_OPENING,                   /* does not open the entry */
    PSERVER_OPPROOF_OPERATION,                 /* the entry is of another */
    PSERVER_OPPROOF_CHECKPOINT,                /* not signed by the key */
    PSERVER_OPPROOF_PATH,                      /* the log has it not */
    PSERVER_OPPROOF_ANCHOR                     /* nor what was anchored */
} pserver_opproof_fault_e;


/*
 * All that can be seen without asking anybody: the fields open the entry,
 * it names the operation, and the tree of the checkpoint, which has a
 * signature of this key, has it; so has the tree that was anchored, if one
 * is named.  Whether that anchor is on chain is for the caller to ask.
 * view and checkpoint are what was found; they point into the proof.
 */
pserver_opproof_fault_e pserver_opproof_verify(const pserver_opproof_t *proof,
    const pserver_note_key_t *key, pserver_entry_view_t *view,
    pserver_checkpoint_t *checkpoint);

/* one sentence for people */
const char *pserver_opproof_fault(pserver_opproof_fault_e fault);


#endif /* _PSERVER_OPPROOF_H_INCLUDED_ */
