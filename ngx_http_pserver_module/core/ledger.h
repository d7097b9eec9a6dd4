/*
 * A row of the ledger: all that is kept of one job, sealed in one file.
 *
 * The bytes, before sealing; numbers are big-endian, times are milliseconds
 * of Unix time, 0 if not yet:
 *
 *     0   8  "PSRVJOB2"
 *     8  32  id
 *    40  20  owner
 *    60  20  app
 *    80  32  permission
 *   112  32  digest of the signed request
 *   144   8  exp of the request, in seconds, 0: it had no nonce
 *   152   8  created
 *   160   8  started
 *   168   8  finished
 *   176   1  state
 *   177   1  reason
 *   178   2  number of artifacts
 *   180   4  exit status
 *   184   4  attempts
 *   188   4  length of the operation's name
 *   192   4  length of the request
 *   196   4  length of the result
 *   200   4  the engine that it runs at, 0: it has none
 *   204  32  name of the link of its Idempotency-Key, zeros: it had none
 *   236  32  digest of the image that it ran in, zeros: it has not
 *   268   8  the block at which the permission was read for that
 *   276   4  length of the manifest of its input
 *   280   4  length of the manifest of its output
 *   284      name, request, result, manifests, and nothing behind them
 *
 * They are sealed as one box (box.h) under the owner's ledger key; owner
 * and file name are the associated data.
 */

#ifndef _PSERVER_LEDGER_H_INCLUDED_
#define _PSERVER_LEDGER_H_INCLUDED_


#include "box.h"
#include "job.h"


#define PSERVER_LEDGER_ID_LEN         32
#define PSERVER_LEDGER_NAME_LEN       32
#define PSERVER_LEDGER_HEAD_LEN       284

#define PSERVER_LEDGER_ARTIFACTS_MAX  65535
#define PSERVER_LEDGER_OPERATION_MAX  64
#define PSERVER_LEDGER_REQUEST_MAX    400000  /* bytes of the longest text that
                                                 core/optext takes */
#define PSERVER_LEDGER_RESULT_MAX     (16 * 1024 * 1024)
#define PSERVER_LEDGER_INPUTS_MAX     16384
#define PSERVER_LEDGER_OUTPUTS_MAX    (512 * 1024)


typedef struct {
    u_char                id[PSERVER_LEDGER_ID_LEN];
    pserver_address_t     owner;
    pserver_address_t     app;
    pserver_word_t        permission;
    pserver_word_t        digest;
    uint64_t              exp;
    uint64_t              created;
    uint64_t              started;
    uint64_t              finished;
    pserver_job_state_e   state;
    pserver_job_reason_e  reason;
    uint32_t              status;
    uint32_t              attempts;
    uint32_t              engine;
    uint32_t              artifacts;    /* up to ARTIFACTS_MAX; SUCCEEDED */
    u_char                key[32];      /* http/idempotency; zeros: none */
    pserver_word_t        image;        /* zeros: it has not run */
    uint64_t              block;
    pserver_str_t         operation;    /* 1 to OPERATION_MAX bytes */
    pserver_str_t         request;      /* the signed text; may be empty */
    pserver_str_t         result;       /* a JSON object, if SUCCEEDED */
    pserver_str_t         inputs;       /* manifests (core/receipt), or empty */
    pserver_str_t         outputs;      /* only if SUCCEEDED */
} pserver_ledger_row_t;


/* the name of a row's file: SHA-256 of the id, so that the disk does not
   tell ids, which some clients use as capabilities */
void pserver_ledger_name(u_char name[PSERVER_LEDGER_NAME_LEN],
    const u_char id[PSERVER_LEDGER_ID_LEN]);

/* the bytes of the row, before sealing; 0 if something is over its limit */
size_t pserver_ledger_len(const pserver_ledger_row_t *row);

/* writes pserver_ledger_len() bytes, which must not be 0 */
void pserver_ledger_write(u_char *dst, const pserver_ledger_row_t *row);

/*
 * Reads exactly len bytes; the texts of the row point into data.
 * PSERVER_INVALID: not a row, or one that no job could have: a result
 * or artifacts without success, a reason without failure.
 */
int pserver_ledger_read(pserver_ledger_row_t *row, const u_char *data,
    size_t len);

/*
 * The same, sealed.  seal writes pserver_ledger_len() +
 * PSERVER_BOX_OVERHEAD bytes; PSERVER_NOSPACE: over a limit;
 * PSERVER_NOMEM.  open needs len - PSERVER_BOX_OVERHEAD bytes at plain,
 * which the row then points into, and which the caller wipes.
 * PSERVER_INVALID: not a row of this owner under this name, or changed.
 */
int pserver_ledger_seal(u_char *dst, const pserver_ledger_row_t *row,
    const u_char key[PSERVER_BOX_KEY_LEN]);
int pserver_ledger_open(pserver_ledger_row_t *row, u_char *plain,
    const u_char *sealed, size_t len, const u_char key[PSERVER_BOX_KEY_LEN],
    const pserver_address_t *owner,
    const u_char name[PSERVER_LEDGER_NAME_LEN]);


#endif /* _PSERVER_LEDGER_H_INCLUDED_ */
