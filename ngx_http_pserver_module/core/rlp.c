/*
 * RLP, and the transaction of EIP-1559.
 */

#include "rlp.h"
#include "bytes.h"

#include <string.h>


#define PSERVER_RLP_TEXT         0x80
#define PSERVER_RLP_LIST         0xc0
#define PSERVER_RLP_SHORT        55

#define PSERVER_TRANSACTION_TYPE 2
#define PSERVER_TRANSACTION_DATA 1024


static u_char *pserver_rlp_head(u_char *dst, u_char kind, size_t len);
static u_char *pserver_transaction_items(u_char *dst,
    const pserver_transaction_t *tx);
static u_char *pserver_transaction_put(u_char *dst, const u_char *items,
    size_t len);


u_char *
pserver_rlp_bytes(u_char *dst, const u_char *data, size_t len)
{
    if (len != 1 || data[0] >= PSERVER_RLP_TEXT) {
        dst = pserver_rlp_head(dst, PSERVER_RLP_TEXT, len);
    }

    if (len) {
        memcpy(dst, data, len);
    }

    return dst + len;
}


u_char *
pserver_rlp_number(u_char *dst, uint64_t number)
{
    u_char  word[32];

    memset(word, 0, sizeof(word));
    pserver_put_be(word + 24, number, 8);

    return pserver_rlp_word(dst, word);
}


u_char *
pserver_rlp_word(u_char *dst, const u_char word[32])
{
    size_t  zeros;

    for (zeros = 0; zeros < 32 && word[zeros] == 0; zeros++) {
        /* void */
    }

    return pserver_rlp_bytes(dst, word + zeros, 32 - zeros);
}


u_char *
pserver_rlp_list(u_char *dst, size_t len)
{
    return pserver_rlp_head(dst, PSERVER_RLP_LIST, len);
}


int
pserver_transaction_sign(u_char *dst, u_char **end, pserver_word_t *hash,
    const pserver_transaction_t *tx, const secp256k1_context *secp,
    const u_char key[32])
{
    u_char               *p;
    u_char                items[PSERVER_TRANSACTION_MAX];
    pserver_word_t        digest;
    pserver_signature_t   signature;

    if (tx->len > PSERVER_TRANSACTION_DATA) {
        return PSERVER_NOSPACE;
    }

    p = pserver_transaction_items(items, tx);

    *end = pserver_transaction_put(dst, items, p - items);
    pserver_keccak256(&digest, dst, *end - dst);

    if (pserver_signature_sign(secp, &signature, key, &digest) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    p = pserver_rlp_number(p, signature.v);
    p = pserver_rlp_word(p, signature.rs);
    p = pserver_rlp_word(p, signature.rs + 32);

    *end = pserver_transaction_put(dst, items, p - items);
    pserver_keccak256(hash, dst, *end - dst);

    return PSERVER_OK;
}


static u_char *
pserver_transaction_items(u_char *dst, const pserver_transaction_t *tx)
{
    dst = pserver_rlp_number(dst, tx->chain_id);
    dst = pserver_rlp_number(dst, tx->nonce);
    dst = pserver_rlp_number(dst, tx->tip);
    dst = pserver_rlp_number(dst, tx->fee);
    dst = pserver_rlp_number(dst, tx->gas);
    dst = pserver_rlp_bytes(dst, tx->to.bytes, sizeof(tx->to.bytes));
    dst = pserver_rlp_number(dst, 0);
    dst = pserver_rlp_bytes(dst, tx->data, tx->len);

    /* no access list */

    return pserver_rlp_list(dst, 0);
}


static u_char *
pserver_transaction_put(u_char *dst, const u_char *items, size_t len)
{
    *dst++ = PSERVER_TRANSACTION_TYPE;

    dst = pserver_rlp_list(dst, len);
    memcpy(dst, items, len);

    return dst + len;
}


static u_char *
pserver_rlp_head(u_char *dst, u_char kind, size_t len)
{
    size_t  size;

    if (len <= PSERVER_RLP_SHORT) {
        *dst++ = (u_char) (kind + len);
        return dst;
    }

    for (size = 1; size < sizeof(len) && len >> (8 * size); size++) {
        /* void */
    }

    *dst++ = (u_char) (kind + PSERVER_RLP_SHORT + size);

    return pserver_put_be(dst, len, size);
}
