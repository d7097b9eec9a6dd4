/*
 * What a log has of one owner, bytes and back.
 */

#include "logproof.h"
#include "box.h"
#include "bytes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


#define PSERVER_LOGPROOF_MAGIC    "PSVRPRFS"
#define PSERVER_LOGPROOF_VERSION  1


void
pserver_logproof_header(u_char header[PSERVER_LOGPROOF_HEADER_LEN],
    uint64_t n)
{
    u_char  *p;

    memcpy(header, PSERVER_LOGPROOF_MAGIC, 8);

    p = pserver_put_be(header + 8, PSERVER_LOGPROOF_VERSION, 4);
    p = pserver_put_be(p, 0, 4);
    (void) pserver_put_be(p, n, 8);
}


void
pserver_logproof_head(u_char head[PSERVER_LOGPROOF_HEAD_LEN],
    const pserver_logproof_t *proof)
{
    u_char  *p;

    p = pserver_put_be(head, proof->counter, 8);
    p = pserver_put_be(p, proof->entry.len, 2);
    p = pserver_put_be(p, proof->box.len, 2);
    (void) pserver_put_be(p, proof->n, 2);
}


int
pserver_logproofs_init(pserver_logproofs_t *proofs, pserver_str_t text)
{
    u_char  header[PSERVER_LOGPROOF_HEADER_LEN];

    memset(proofs, 0, sizeof(pserver_logproofs_t));

    if (text.len < sizeof(header)) {
        return PSERVER_INVALID;
    }

    proofs->left = pserver_get_be(text.data + 16, 8);

    pserver_logproof_header(header, proofs->left);

    if (memcmp(text.data, header, sizeof(header)) != 0) {
        return PSERVER_INVALID;
    }

    proofs->rest.data = text.data + sizeof(header);
    proofs->rest.len = text.len - sizeof(header);

    return PSERVER_OK;
}


int
pserver_logproofs_next(pserver_logproofs_t *proofs,
    pserver_logproof_t *proof, pserver_entry_view_t *view)
{
    size_t   len;
    u_char  *p;

    if (proofs->left == 0) {
        return proofs->rest.len ? PSERVER_INVALID : PSERVER_DONE;
    }

    if (proofs->rest.len < PSERVER_LOGPROOF_HEAD_LEN) {
        return PSERVER_INVALID;
    }

    p = proofs->rest.data;

    proof->counter = pserver_get_be(p, 8);
    proof->entry.len = (size_t) pserver_get_be(p + 8, 2);
    proof->box.len = (size_t) pserver_get_be(p + 10, 2);
    proof->n = (size_t) pserver_get_be(p + 12, 2);

    if (proof->n > PSERVER_MERKLE_DEPTH) {
        return PSERVER_INVALID;
    }

    len = PSERVER_LOGPROOF_HEAD_LEN + proof->entry.len + proof->box.len
          + proof->n * PSERVER_MERKLE_LEN;

    if (proofs->rest.len < len) {
        return PSERVER_INVALID;
    }

    proof->entry.data = p + PSERVER_LOGPROOF_HEAD_LEN;
    proof->box.data = proof->entry.data + proof->entry.len;

    memcpy(proof->proof, proof->box.data + proof->box.len,
           proof->n * PSERVER_MERKLE_LEN);

    proofs->rest.data += len;
    proofs->rest.len -= len;
    proofs->left--;

    return pserver_entry_parse(view, proof->entry.data, proof->entry.len);
}


int
pserver_logproof_verify(const pserver_logproof_t *proof,
    const pserver_entry_view_t *view, const pserver_checkpoint_t *checkpoint)
{
    u_char  leaf[PSERVER_MERKLE_LEN];

    pserver_merkle_leaf(leaf, proof->entry.data, proof->entry.len);

    return pserver_merkle_verify_inclusion(
               (const u_char (*)[PSERVER_MERKLE_LEN]) proof->proof, proof->n,
               leaf, view->sequence, checkpoint->size, checkpoint->root);
}


int
pserver_logproofs_follows(pserver_logproofs_t *proofs,
    const pserver_logproof_t *proof, const pserver_entry_view_t *view,
    const pserver_entry_keys_t *keys)
{
    int                       rc;
    u_char                   *plain;
    pserver_entry_opening_t   opening;

    if (proof->counter != proofs->counter + 1
        || proof->box.len < PSERVER_BOX_OVERHEAD)
    {
        return PSERVER_INVALID;
    }

    plain = malloc(proof->box.len);

    if (plain == NULL) {
        return PSERVER_NOMEM;
    }

    rc = pserver_entry_open(&opening, plain, view, proof->box.data,
                            proof->box.len, keys->seal);

    if (rc == PSERVER_OK) {
        rc = pserver_entry_follows(view, keys->tag, opening.link_key,
                                   proof->counter, proofs->leaf);
    }

    sodium_memzero(plain, proof->box.len);
    free(plain);

    if (rc == PSERVER_OK) {
        proofs->counter = proof->counter;
        pserver_merkle_leaf(proofs->leaf, proof->entry.data,
                            proof->entry.len);
    }

    return rc;
}
