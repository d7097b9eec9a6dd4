/*
 * Keccak-256 as Ethereum uses it: the sponge of FIPS 202 with rate 136, but
 * with the padding of the competition (first byte 0x01, not 0x06), so that
 * SHA3-256 gives other digests.  By hand, because neither libsodium nor
 * OpenSSL before 3.2 has it.
 */

#ifndef _PSERVER_KECCAK_H_INCLUDED_
#define _PSERVER_KECCAK_H_INCLUDED_


#include "core.h"


typedef struct {
    uint64_t              state[25];
    size_t                pos;       /* of the next byte in the block */
} pserver_keccak_t;


void pserver_keccak_init(pserver_keccak_t *keccak);
void pserver_keccak_update(pserver_keccak_t *keccak, const void *data,
    size_t len);

/* after it the state is of no use but to pserver_keccak_init() */
void pserver_keccak_final(pserver_keccak_t *keccak, pserver_word_t *digest);

/* all three */
void pserver_keccak256(pserver_word_t *digest, const void *data, size_t len);


#endif /* _PSERVER_KECCAK_H_INCLUDED_ */
