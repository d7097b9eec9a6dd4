/*
 * pserverctl audit anchor: the transaction (EIP-1559), and what it may cost.
 */

#include "audit_anchor.h"

#include "../core/bytes.h"
#include "../core/encode.h"
#include "../core/jsonrpc.h"

#include <stdio.h>
#include <string.h>


static int pserverctl_anchoring_taken(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_fees(pserverctl_anchoring_t *a,
    pserver_transaction_t *tx, int again);
static int pserverctl_anchoring_more(pserverctl_anchoring_t *a,
    pserver_transaction_t *tx);
static int pserverctl_anchoring_market(pserverctl_anchoring_t *a,
    uint64_t *base, uint64_t *tip);
static int pserverctl_anchoring_gas(pserverctl_anchoring_t *a,
    pserver_transaction_t *tx);
static int pserverctl_anchoring_funds(pserverctl_anchoring_t *a,
    const pserver_transaction_t *tx);
static int pserverctl_anchoring_sign(pserverctl_anchoring_t *a,
    const pserver_transaction_t *tx);
static void pserverctl_anchoring_raw(pserverctl_anchoring_t *a);
static void pserverctl_anchoring_node(pserverctl_anchoring_t *a);


#define pserverctl_llu(n)  ((unsigned long long) (n))

/* ten times of what an anchor takes: a node that says more does not have the
   account offer it */
#define PSERVERCTL_ANCHOR_GAS_MAX  1000000


int
pserverctl_anchoring_send(pserverctl_anchoring_t *a)
{
    int                    rc, again;
    pserver_transaction_t  tx;

    again = (a->len && a->tx.nonce == a->mined);

    if (a->len && !again) {
        rc = pserverctl_anchoring_taken(a);

        if (rc != PSERVER_OK) {
            goto done;
        }
    }

    tx = a->tx;
    tx.nonce = a->mined;

    rc = pserverctl_anchoring_fees(a, &tx, again);

    /* the gas is that of a moment when the anchor was not there, as now */

    if (rc == PSERVER_OK && !again) {
        rc = pserverctl_anchoring_gas(a, &tx);
    }

    if (rc == PSERVER_OK) {
        rc = pserverctl_anchoring_funds(a, &tx);
    }

    if (rc == PSERVER_OK
        && (!again || tx.fee != a->tx.fee || tx.tip != a->tx.tip))
    {
        rc = pserverctl_anchoring_sign(a, &tx);
    }

    if (rc == PSERVER_OK) {
        pserverctl_anchoring_raw(a);
    }

done:

    return (rc == PSERVER_OK || rc == PSERVER_AGAIN) ? PSERVERCTL_OK
                                                     : PSERVERCTL_FAILED;
}


/*
 * The nonce of the last one is used, and the anchor is not there.  PSERVER_OK:
 * another transaction has it, or it was the anchor of an earlier round, when
 * the log was smaller; PSERVER_AGAIN: not known; PSERVER_INVALID: said.
 */

static int
pserverctl_anchoring_taken(pserverctl_anchoring_t *a)
{
    int                    rc;
    char                   params[80], *p;
    uint64_t               status, block;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    p = params + sprintf(params, "[\"0x");
    p = (char *) pserver_hex_encode((u_char *) p, a->hash.bytes, 32);
    strcpy(p, "\"]");

    rc = pserverctl_rpc(&a->node, "eth_getTransactionReceipt", params, &doc,
                        &result);

    if (rc != PSERVER_OK) {
        pserverctl_anchoring_node(a);
        return PSERVER_AGAIN;
    }

    if (result->type == PSERVER_JSON_NULL) {
        pserverctl_anchoring_say(a, "another transaction of this account "
                                 "took the nonce %llu: the anchor is sent "
                                 "with the next", pserverctl_llu(a->tx.nonce));
        a->len = 0;

    } else {
        rc = PSERVER_AGAIN;

        if (pserver_jsonrpc_quantity(pserver_json_get(result, "status"),
                                     &status)
            == PSERVER_OK
            && pserver_jsonrpc_quantity(pserver_json_get(result,
                                                         "blockNumber"),
                                        &block)
               == PSERVER_OK
            && status == 0)
        {
            pserverctl_error("the contract refused the anchor, in block %llu",
                             pserverctl_llu(block));
            a->len = 0;
            rc = PSERVER_INVALID;

        } else if (pserver_get_be(a->data + 60, 8) != a->log.checkpoint.size) {
            a->len = 0;
            rc = PSERVER_OK;
        }
    }

    pserver_json_free(doc);

    return rc;
}


/* PSERVER_AGAIN: nothing is to be signed now, said */

static int
pserverctl_anchoring_fees(pserverctl_anchoring_t *a,
    pserver_transaction_t *tx, int again)
{
    uint64_t  base, tip, fee;

    if (pserverctl_anchoring_market(a, &base, &tip) != PSERVER_OK) {
        pserverctl_anchoring_node(a);
        return PSERVER_AGAIN;
    }

    if (base > a->max_fee) {
        pserverctl_anchoring_say(a, "gas costs more than --max-fee now, %llu "
                                 "gwei: nothing is sent until it costs less",
                                 pserverctl_llu(base / PSERVERCTL_GWEI));
        return PSERVER_AGAIN;
    }

    /* room for the base fee to double */

    fee = (base + tip > (UINT64_MAX - tip) / 2) ? UINT64_MAX
                                                : 2 * base + tip;
    if (fee > a->max_fee) {
        fee = a->max_fee;
    }

    if (tip > fee) {
        tip = fee;
    }

    tx->fee = fee;
    tx->tip = tip;

    if (!again) {
        return PSERVER_OK;
    }

    if (a->refused || a->known > a->mined) {
        return pserverctl_anchoring_more(a, tx);
    }

    pserverctl_anchoring_say(a, "the node has lost the transaction with the "
                             "nonce %llu: it is sent again",
                             pserverctl_llu(tx->nonce));

    if (fee <= a->tx.fee) {
        tx->fee = a->tx.fee;
        tx->tip = a->tx.tip;
    }

    return PSERVER_OK;
}


/* who takes the place of another must offer a tenth more, of both */

static int
pserverctl_anchoring_more(pserverctl_anchoring_t *a,
    pserver_transaction_t *tx)
{
    uint64_t  fee, tip;

    fee = a->tx.fee + a->tx.fee / 8 + 1;
    tip = a->tx.tip + a->tx.tip / 8 + 1;

    if (fee > a->max_fee) {
        pserverctl_anchoring_say(a, "the transaction with the nonce %llu "
                                 "offers as much as --max-fee allows: it "
                                 "waits", pserverctl_llu(tx->nonce));
        tx->fee = a->tx.fee;
        tx->tip = a->tx.tip;

        return PSERVER_OK;
    }

    if (tx->fee < fee) {
        tx->fee = fee;
    }

    if (tx->tip < tip) {
        tx->tip = tip;
    }

    pserverctl_anchoring_say(a, "the transaction with the nonce %llu is stuck:"
                             " it is sent again for more",
                             pserverctl_llu(tx->nonce));

    return PSERVER_OK;
}


/* the base fee of the last block, and the tip that the node advises */

static int
pserverctl_anchoring_market(pserverctl_anchoring_t *a, uint64_t *base,
    uint64_t *tip)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    if (pserverctl_rpc_quantity(&a->node, "eth_maxPriorityFeePerGas", "[]",
                                tip)
        != PSERVER_OK)
    {
        *tip = PSERVERCTL_GWEI;
    }

    rc = pserverctl_rpc(&a->node, "eth_getBlockByNumber",
                        "[\"latest\",false]", &doc, &result);

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (pserver_jsonrpc_quantity(pserver_json_get(result, "baseFeePerGas"),
                                 base)
        != PSERVER_OK)
    {
        snprintf(a->node.error, sizeof(a->node.error),
                 "a block without a base fee");
        rc = PSERVER_ERROR;
    }

    pserver_json_free(doc);

    return rc;
}


static int
pserverctl_anchoring_gas(pserverctl_anchoring_t *a, pserver_transaction_t *tx)
{
    int   rc;
    char  params[512], from[43], to[43], hex[2 * sizeof(a->data) + 1];

    /* anchor(bytes32,uint64,bytes32) */

    memcpy(a->data, "\x70\xc1\x27\xc6", 4);
    memcpy(a->data + 4, a->log.key.id, 32);
    memset(a->data + 36, 0, 24);
    pserver_put_be(a->data + 60, a->log.checkpoint.size, 8);
    memcpy(a->data + 68, a->log.checkpoint.root, 32);

    tx->chain_id = a->epoch->chain_id;
    tx->to = a->epoch->contract;
    tx->data = a->data;
    tx->len = sizeof(a->data);

    pserver_address_format_lower((u_char *) from, &a->sender);
    pserver_address_format_lower((u_char *) to, &tx->to);
    from[42] = to[42] = '\0';

    *pserver_hex_encode((u_char *) hex, tx->data, tx->len) = '\0';

    snprintf(params, sizeof(params), "[{\"from\":\"%s\",\"to\":\"%s\","
             "\"data\":\"0x%s\"}]", from, to, hex);

    rc = pserverctl_rpc_quantity(&a->node, "eth_estimateGas", params,
                                 &tx->gas);

    if (rc == PSERVER_INVALID) {
        pserverctl_error("the contract refuses the anchor of %llu entries: "
                         "%s", pserverctl_llu(a->log.checkpoint.size),
                         a->node.error);
        return PSERVER_INVALID;
    }

    if (rc != PSERVER_OK) {
        pserverctl_anchoring_node(a);
        return PSERVER_AGAIN;
    }

    if (tx->gas > PSERVERCTL_ANCHOR_GAS_MAX) {
        pserverctl_error("the node says that an anchor takes %llu gas, and "
                         "none takes more than %d", pserverctl_llu(tx->gas),
                         PSERVERCTL_ANCHOR_GAS_MAX);
        return PSERVER_INVALID;
    }

    tx->gas += tx->gas / 4;

    return PSERVER_OK;
}


/* a node takes a transaction only from who can pay all that it offers */

static int
pserverctl_anchoring_funds(pserverctl_anchoring_t *a,
    const pserver_transaction_t *tx)
{
    int                    rc;
    char                   params[64], address[43];
    uint64_t               balance;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    pserver_address_format_lower((u_char *) address, &a->sender);
    address[42] = '\0';

    snprintf(params, sizeof(params), "[\"%s\",\"latest\"]", address);

    rc = pserverctl_rpc(&a->node, "eth_getBalance", params, &doc, &result);

    if (rc != PSERVER_OK) {
        pserverctl_anchoring_node(a);
        return PSERVER_AGAIN;
    }

    /* above 2^64 wei it is enough for any */

    if (pserver_jsonrpc_quantity(result, &balance) == PSERVER_OK
        && tx->gas
        && balance / tx->gas < tx->fee)
    {
        pserverctl_error("the account %s has %llu gwei, and an anchor may "
                         "cost %llu gas at %llu gwei", address,
                         pserverctl_llu(balance / PSERVERCTL_GWEI),
                         pserverctl_llu(tx->gas),
                         pserverctl_llu(tx->fee / PSERVERCTL_GWEI));
        rc = PSERVER_INVALID;
    }

    pserver_json_free(doc);

    return rc;
}


static int
pserverctl_anchoring_sign(pserverctl_anchoring_t *a,
    const pserver_transaction_t *tx)
{
    size_t   i;
    u_char  *end;

    for (i = 0; i < a->nnonces && a->nonces[i] != tx->nonce; i++) {
        /* void */
    }

    if (i == PSERVERCTL_ANCHOR_NONCES) {
        pserverctl_error("the node has named more than %d nonces, and the "
                         "anchor is still not there: nothing more is signed: "
                         "see what the account has sent, and start it anew",
                         PSERVERCTL_ANCHOR_NONCES);
        return PSERVER_INVALID;
    }

    if (i == a->nnonces) {
        a->nonces[a->nnonces++] = tx->nonce;
    }

    if (pserver_transaction_sign(a->raw, &end, &a->hash, tx, a->secp, a->key)
        != PSERVER_OK)
    {
        pserverctl_error("the transaction could not be signed");
        return PSERVER_INVALID;
    }

    a->tx = *tx;
    a->len = end - a->raw;

    return PSERVER_OK;
}


/*
 * That the node has it already is an error to some, and no matter: what it
 * has is seen by the account's nonce.
 */

static void
pserverctl_anchoring_raw(pserverctl_anchoring_t *a)
{
    int                    rc;
    char                   params[2 * PSERVER_TRANSACTION_MAX + 8], *p;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;

    p = params + sprintf(params, "[\"0x");
    p = (char *) pserver_hex_encode((u_char *) p, a->raw, a->len);
    strcpy(p, "\"]");

    rc = pserverctl_rpc(&a->node, "eth_sendRawTransaction", params, &doc,
                        &result);

    if (doc) {
        pserver_json_free(doc);
    }

    a->refused = (rc == PSERVER_INVALID);

    if (rc != PSERVER_OK) {
        pserverctl_anchoring_node(a);
    }
}


static void
pserverctl_anchoring_node(pserverctl_anchoring_t *a)
{
    pserverctl_anchoring_say(a, "the node: %s", a->node.error);
}
