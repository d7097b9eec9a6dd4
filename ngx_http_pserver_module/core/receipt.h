/*
 * The receipt of a result, to the byte as docs/receipts.md has it: what ran
 * on what for which permission, and where the log says that it was released;
 * signed with the server's key for the owner (EIP-712).
 *
 * Input and output are named by manifests, a line "<64 hex digits>  <path>"
 * for each file, as sha256sum(1) prints it.  Manifests and permission stand
 * in the receipt as commitments; a receipt carries the openings of those
 * that its reader may know.
 */

#ifndef _PSERVER_RECEIPT_H_INCLUDED_
#define _PSERVER_RECEIPT_H_INCLUDED_


#include "eip712.h"
#include "entry.h"
#include "eth.h"
#include "json.h"


#define PSERVER_RECEIPT_LINE_LEN(path_len)  (64 + 2 + (path_len) + 1)


/* what is committed to, in this order */

typedef enum {
    PSERVER_RECEIPT_PERMISSION = 0,      /* its id, 32 bytes */
    PSERVER_RECEIPT_INPUTS,              /* a manifest */
    PSERVER_RECEIPT_OUTPUT,              /* a manifest */
    PSERVER_RECEIPT_OPENINGS
} pserver_receipt_opening_e;


typedef struct {
    u_char                key[32];
    pserver_str_t         value;         /* data is NULL: it stays closed */
} pserver_receipt_opening_t;


typedef struct {
    pserver_eip712_receipt_t   body;
    pserver_address_t          server;
    pserver_signature_t        signature;
    pserver_receipt_opening_t  openings[PSERVER_RECEIPT_OPENINGS];

    pserver_word_t             permission;   /* of a receipt that was read:
                                                what the opening points to */
} pserver_receipt_t;


/* a line of a manifest; returns the end */
u_char *pserver_receipt_line(u_char *dst, const u_char sha256[32],
    pserver_str_t path);

/* 1 if the manifest has this line */
int pserver_receipt_lists(pserver_str_t manifest, const u_char sha256[32],
    pserver_str_t path);

/*
 * The keys of an operation's commitments, the same each time: from the
 * owner's ledger key and the operation's id.  Wipe them when done.
 */
void pserver_receipt_keys(u_char keys[PSERVER_RECEIPT_OPENINGS][32],
    const u_char ledger[32], const u_char id[32]);

/* the commitment to a value under its key */
void pserver_receipt_commit(pserver_word_t *out, pserver_receipt_opening_e i,
    const u_char key[32], pserver_str_t value);

/*
 * What pserver_receipt_write() writes, at most, which returns the end: one
 * JSON object.  origin and log need no escapes.
 */
size_t pserver_receipt_len(const pserver_receipt_t *receipt);
u_char *pserver_receipt_write(u_char *dst, const pserver_receipt_t *receipt);

/*
 * Reads what the object says; the texts point into the document.
 * PSERVER_INVALID: it has another form.
 */
int pserver_receipt_parse(pserver_receipt_t *receipt,
    const pserver_json_t *object);


/* what does not hold */

typedef enum {
    PSERVER_RECEIPT_OK = 0,
    PSERVER_RECEIPT_SIGNATURE,           /* not by the server that it names */
    PSERVER_RECEIPT_OPENING              /* one does not open its commitment */
} pserver_receipt_fault_e;

/* all that can be seen without asking anybody */
pserver_receipt_fault_e pserver_receipt_verify(const secp256k1_context *secp,
    const pserver_receipt_t *receipt);


#endif /* _PSERVER_RECEIPT_H_INCLUDED_ */
