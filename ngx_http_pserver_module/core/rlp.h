/*
 * RLP (Ethereum's yellow paper, appendix B), for writing only, and the
 * transaction of EIP-1559 in it.
 */

#ifndef _PSERVER_RLP_H_INCLUDED_
#define _PSERVER_RLP_H_INCLUDED_


#include "eth.h"


#define PSERVER_RLP_HEAD_MAX  9


/* each returns the end; a text of len bytes takes len + HEAD_MAX at most */
u_char *pserver_rlp_bytes(u_char *dst, const u_char *data, size_t len);
u_char *pserver_rlp_number(u_char *dst, uint64_t number);

/* the same for 32 bytes, big-endian, without zeros in front */
u_char *pserver_rlp_word(u_char *dst, const u_char word[32]);

/* what stands before the items of a list, which have len bytes in all */
u_char *pserver_rlp_list(u_char *dst, size_t len);


/* a call of a contract that sends no value; fees are in wei, a gas */

typedef struct {
    uint64_t              chain_id;
    uint64_t              nonce;
    uint64_t              tip;           /* maxPriorityFeePerGas */
    uint64_t              fee;           /* maxFeePerGas */
    uint64_t              gas;
    pserver_address_t     to;
    const u_char         *data;
    size_t                len;           /* of data, at most 1024 */
} pserver_transaction_t;

#define PSERVER_TRANSACTION_MAX  (1024 + 256)

/*
 * The signed transaction, as eth_sendRawTransaction takes it, and its hash.
 * *end is behind it; dst has PSERVER_TRANSACTION_MAX bytes.
 * PSERVER_INVALID: the key is none; PSERVER_NOSPACE: data is too long.
 */
int pserver_transaction_sign(u_char *dst, u_char **end, pserver_word_t *hash,
    const pserver_transaction_t *tx, const secp256k1_context *secp,
    const u_char key[32]);


#endif /* _PSERVER_RLP_H_INCLUDED_ */
