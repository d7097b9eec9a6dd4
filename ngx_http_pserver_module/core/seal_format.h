/*
 * The bytes of a sealed object's header, and what sealer and opener have in
 * common.  Only for seal.c and open.c; docs/sealed-format.md explains.
 */

#ifndef _PSERVER_SEAL_FORMAT_H_INCLUDED_
#define _PSERVER_SEAL_FORMAT_H_INCLUDED_


#include "seal.h"


#define PSERVER_SEAL_MAGIC          "PSVRSEAL"
#define PSERVER_SEAL_VERSION        1
#define PSERVER_SEAL_LATER          2       /* than the first data key */
#define PSERVER_SEAL_SUITE          1

#define PSERVER_SEAL_SALT_LEN       32
#define PSERVER_SEAL_COMMIT_LEN     32

#define PSERVER_SEAL_AT_MAGIC       0
#define PSERVER_SEAL_AT_VERSION     8
#define PSERVER_SEAL_AT_SUITE       10
#define PSERVER_SEAL_AT_OWNER       12
#define PSERVER_SEAL_AT_NAME        32
#define PSERVER_SEAL_AT_ID          64
#define PSERVER_SEAL_AT_SALT        80
#define PSERVER_SEAL_AT_KEY         112
#define PSERVER_SEAL_AT_COMMIT      184
#define PSERVER_SEAL_AT_NUMBER      216     /* of version 2: generation[4] */
#define PSERVER_SEAL_AT_META        224

#define PSERVER_SEAL_CONTEXT_LEN                                              \
    (PSERVER_SEAL_AT_SALT - PSERVER_SEAL_AT_SUITE)

#define PSERVER_SEAL_META_LEN                                                 \
    (PSERVER_SEAL_HEADER_LEN - PSERVER_SEAL_AT_META - PSERVER_SEAL_TAG_LEN)

/* of the metadata, which end with it */
#define PSERVER_SEAL_RECORDED_LEN   8

/* all of the same length */

#define PSERVER_SEAL_LABEL_LEN      22
#define PSERVER_SEAL_LABEL_STREAM   "pserver/v1/seal/stream"
#define PSERVER_SEAL_LABEL_HEADER   "pserver/v1/seal/header"
#define PSERVER_SEAL_LABEL_COMMIT   "pserver/v1/seal/commit"


typedef struct {
    u_char                stream[PSERVER_GCM_KEY_LEN];
    u_char                header[PSERVER_GCM_KEY_LEN];
    u_char                commit[PSERVER_SEAL_COMMIT_LEN];
} pserver_seal_derived_t;


/*
 * The keys of the two ciphers and the commitment, from the object key and
 * the header up to the wrapped key; the caller wipes them.
 */
void pserver_seal_derive(pserver_seal_derived_t *derived,
    const u_char key[32], const u_char *header);

/* the bytes at AT_NUMBER: of a later generation than the first it takes the
   upper half */
void pserver_seal_number(u_char *p, uint64_t generation, uint64_t number);

/* 0^3 ‖ counter as 8 bytes ‖ last flag */
void pserver_seal_nonce(u_char nonce[PSERVER_GCM_NONCE_LEN],
    uint64_t counter, int last);


#endif /* _PSERVER_SEAL_FORMAT_H_INCLUDED_ */
