/*
 * The manifest: what an owner has, as a file of sealed records that only
 * grows.  A version of an object is there if its record is; so the manifest
 * shows when a disk gives back an older version, or has lost the latest.
 *
 * Bytes of the file:
 *
 *   0  8  "PSVRMANI"
 *   8  4  1, the version of this format
 *  12  4  zeros
 *
 * and then records of PSERVER_MANIFEST_RECORD_LEN bytes, each a box (box.h)
 * under the owner's ledger key with AD = "pserver/v1/manifest" ‖ 0x00; in
 * it, numbers big-endian:
 *
 *     0   8  counter
 *     8  32  SHA-256 of the record before, as it is in the file
 *    40   1  kind
 *    41   7  zeros
 *    48  32  name of the object
 *    80   8  number of the version
 *    88  16  id of the version
 *   104   8  size of the sealed file
 *
 * The first record of a file is a base: number says how many of the puts
 * behind it came into being with it, in one step, all else is zero.  A
 * delete has a name and nothing else.  A key has the number of a generation of
 * the owner's data keys and, as its name, the id of that key; in a file that
 * takes the place of another it stands behind the base.
 *
 * The counter rises by one with each record, and goes on in a file that takes
 * the place of another, whose last record is then the one before the base.
 * In an owner's first file the counter begins with 1 and there is nothing
 * before it: zeros.
 */

#ifndef _PSERVER_MANIFEST_H_INCLUDED_
#define _PSERVER_MANIFEST_H_INCLUDED_


#include "box.h"
#include "inventory.h"


#define PSERVER_MANIFEST_HEADER_LEN  16
#define PSERVER_MANIFEST_PLAIN_LEN   112
#define PSERVER_MANIFEST_RECORD_LEN                                           \
    (PSERVER_MANIFEST_PLAIN_LEN + PSERVER_BOX_OVERHEAD)

#define PSERVER_MANIFEST_DIGEST_LEN  32


typedef enum {
    PSERVER_MANIFEST_BASE = 1,
    PSERVER_MANIFEST_PUT = 2,
    PSERVER_MANIFEST_DELETE = 3,
    PSERVER_MANIFEST_KEY = 4
} pserver_manifest_kind_e;


typedef struct {
    pserver_manifest_kind_e  kind;
    u_char                   name[PSERVER_NAME_LEN];
    uint64_t                 number;
    u_char                   id[PSERVER_SEAL_ID_LEN];
    uint64_t                 size;
} pserver_manifest_record_t;


/* the last record: it stands for all that were before it */

typedef struct {
    uint64_t                 counter;        /* 0: there is none */
    u_char                   digest[PSERVER_MANIFEST_DIGEST_LEN];
} pserver_manifest_head_t;


/* a file that was read so far; starts zeroed */

typedef struct {
    pserver_manifest_head_t  head;
    pserver_inventory_t      inventory;
    uint64_t                 records;        /* in this file */
    uint64_t                 base;           /* puts of it still to come */
    uint32_t                 generation;     /* of the data keys; 0: of none
                                                is told, it is the first */
    u_char                   key[PSERVER_NAME_LEN];   /* its id */
} pserver_manifest_t;


/* counter[8] ‖ digest[32], as the audit log has it */
#define PSERVER_MANIFEST_HEAD_LEN    (8 + PSERVER_MANIFEST_DIGEST_LEN)
void pserver_manifest_head(u_char out[PSERVER_MANIFEST_HEAD_LEN],
    const pserver_manifest_head_t *head);

/* the header of a file */
void pserver_manifest_header(u_char header[PSERVER_MANIFEST_HEADER_LEN]);

/*
 * Seals the record that follows head, and then head is this record.  It
 * cannot fail.
 */
void pserver_manifest_seal(u_char out[PSERVER_MANIFEST_RECORD_LEN],
    pserver_manifest_head_t *head, const pserver_manifest_record_t *record,
    const u_char key[PSERVER_BOX_KEY_LEN]);

/*
 * Reads on: what of the file follows the offset up to which it was read, at
 * first from its beginning.  *used bytes of len were taken: whole records.
 * PSERVER_OK: what is left, if anything, is less than one.  PSERVER_INVALID:
 * at *used there is none, or one that does not follow; what was before it
 * counts.  PSERVER_NOMEM.
 */
int pserver_manifest_read(pserver_manifest_t *manifest, const u_char *data,
    size_t len, size_t *used, const u_char key[PSERVER_BOX_KEY_LEN]);

/*
 * Of a file that was read to its end: PSERVER_INVALID if a part of what came
 * into being in one step is missing.
 */
int pserver_manifest_whole(const pserver_manifest_t *manifest);

/*
 * 1: most records say what does not hold any more, and the file is best
 * replaced by one that begins with a base
 */
int pserver_manifest_stale(const pserver_manifest_t *manifest);

void pserver_manifest_free(pserver_manifest_t *manifest);


#endif /* _PSERVER_MANIFEST_H_INCLUDED_ */
