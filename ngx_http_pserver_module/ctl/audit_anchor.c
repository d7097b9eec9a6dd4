/*
 * pserverctl audit anchor: puts the root of a log on chain.
 *
 * It keeps no state.  A transaction always has the first nonce that is not
 * mined yet, so a later one takes the place of one that is stuck or lost;
 * what is anchored is what the contract says some blocks below the head, so
 * an anchor that a reorganisation took back is put there again.
 */

#include "audit.h"

#include "../core/bytes.h"
#include "../core/encode.h"
#include "../core/jsonrpc.h"
#include "../core/rlp.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_ANCHOR_POLL   1       /* seconds */
#define PSERVERCTL_ANCHOR_STUCK  60      /* then it is sent again for more */
#define PSERVERCTL_ANCHOR_PATIENCE  600  /* of a single run */
#define PSERVERCTL_GWEI          1000000000ULL


typedef struct {
    pserverctl_args_t    *args;
    pserverctl_log_t      log;
    pserverctl_place_t    node;
    u_char               *key;
    secp256k1_context    *secp;
    pserver_address_t     sender;
    const pserver_note_epoch_t  *epoch;

    uint64_t              confirmations;
    uint64_t              max_fee;       /* wei */

    /* of the transaction that was sent last */
    uint64_t              nonce;
    uint64_t              fee;           /* 0: none yet */
    uint64_t              tip;
} pserverctl_anchoring_t;


static int pserverctl_anchoring_init(pserverctl_anchoring_t *a,
    uint64_t *every);
static int pserverctl_anchoring_round(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_log(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_continues(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_wait(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_done(pserverctl_anchoring_t *a,
    pserverctl_anchor_t *latest);
static int pserverctl_anchoring_send(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_fees(pserverctl_anchoring_t *a,
    uint64_t nonce, uint64_t *fee, uint64_t *tip);
static int pserverctl_anchoring_gas(pserverctl_anchoring_t *a,
    const u_char data[100], uint64_t *gas);
static int pserverctl_anchoring_base_fee(pserverctl_anchoring_t *a,
    uint64_t *fee);
static int pserverctl_anchoring_node(pserverctl_anchoring_t *a);
static int pserverctl_seconds(const pserverctl_args_t *args,
    const char *name, uint64_t *seconds);


int
pserverctl_audit_anchor(pserverctl_args_t *args)
{
    int                      rc;
    uint64_t                 every;
    pserverctl_anchoring_t  *a;

    a = calloc(1, sizeof(pserverctl_anchoring_t));

    if (a == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    a->args = args;

    rc = pserverctl_anchoring_init(a, &every);

    if (rc == PSERVERCTL_OK) {

        do {
            rc = pserverctl_anchoring_round(a);

            (void) fflush(stdout);

            if (every) {
                (void) sleep((unsigned) every);
            }

        } while (every);
    }

    sodium_free(a->key);

    if (a->secp) {
        secp256k1_context_destroy(a->secp);
    }

    pserverctl_place_done(&a->log.place);
    pserverctl_place_done(&a->node);

    free(a);

    return rc;
}


static int
pserverctl_anchoring_init(pserverctl_anchoring_t *a, uint64_t *every)
{
    int            rc;
    u_char         public_key[PSERVER_PUBLIC_KEY_LEN];
    uint64_t       gwei;
    pserver_str_t  rpc;

    rc = pserverctl_log_init(&a->log, a->args);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(a->args, "rpc", &rpc);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_number(a->args, "confirmations", 2,
                               &a->confirmations);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_number(a->args, "max-fee", 100, &gwei);
        a->max_fee = gwei * PSERVERCTL_GWEI;
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_seconds(a->args, "every", every);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_key(a->args, &a->key);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_place_init(&a->node, (char *) rpc.data,
                                   pserverctl_option(a->args, "cacert"));
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    a->secp = pserverctl_secp256k1();

    if (pserver_public_key(a->secp, public_key, a->key) != PSERVER_OK) {
        pserverctl_error("--key: this is no private key");
        return PSERVERCTL_FAILED;
    }

    pserver_address_from_public_key(&a->sender, public_key);

    return PSERVERCTL_OK;
}


static int
pserverctl_anchoring_round(pserverctl_anchoring_t *a)
{
    int                  rc;
    pserverctl_anchor_t  latest;

    rc = pserverctl_anchoring_log(a);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_anchoring_done(a, &latest);

    if (rc == PSERVER_OK) {
        printf("%llu entries are anchored already\n",
               (unsigned long long) latest.size);
        return PSERVERCTL_OK;
    }

    if (rc != PSERVER_AGAIN) {
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_anchoring_continues(a);

    return (rc == PSERVERCTL_OK) ? pserverctl_anchoring_wait(a) : rc;
}


/* an anchor can't be taken back: another log is not put behind it */

static int
pserverctl_anchoring_continues(pserverctl_anchoring_t *a)
{
    int                  rc;
    pserverctl_anchor_t  latest;

    if (pserverctl_anchor_latest(&a->node, a->epoch, a->log.key.id, "latest",
                                 &latest)
        != PSERVER_OK)
    {
        return pserverctl_anchoring_node(a);
    }

    if (latest.size == 0 || latest.size >= a->log.checkpoint.size) {
        return PSERVERCTL_OK;
    }

    rc = pserverctl_log_continues(&a->log, &latest);

    if (rc == PSERVER_INVALID) {
        pserverctl_error("the log does not begin with the %llu entries that "
                         "were anchored", (unsigned long long) latest.size);
        pserverctl_log_stop(a->args, "it does not match its anchor");
    }

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


/* the checkpoint of now, and that it is ours to anchor */

static int
pserverctl_anchoring_log(pserverctl_anchoring_t *a)
{
    int       rc;
    uint64_t  chain_id;

    rc = pserverctl_log_checkpoint(&a->log);

    if (rc == PSERVER_INVALID) {
        pserverctl_log_stop(a->args, "its checkpoint is not its own");
    }

    if (rc != PSERVER_OK) {
        return PSERVERCTL_FAILED;
    }

    if (a->log.checkpoint.n == 0) {
        pserverctl_error("the log names no account that anchors it: see "
                         "pserver_audit");
        return PSERVERCTL_FAILED;
    }

    a->epoch = &a->log.checkpoint.epochs[a->log.checkpoint.n - 1];

    if (memcmp(&a->epoch->sender, &a->sender, sizeof(a->sender)) != 0) {
        pserverctl_error("the key is not that of the account that the log "
                         "names");
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_rpc_quantity(&a->node, "eth_chainId", "[]", &chain_id)
        != PSERVER_OK)
    {
        return pserverctl_anchoring_node(a);
    }

    if (chain_id != a->epoch->chain_id) {
        pserverctl_error("the node is of chain %llu, the log is anchored on "
                         "%llu", (unsigned long long) chain_id,
                         (unsigned long long) a->epoch->chain_id);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* until it is there, for good */

static int
pserverctl_anchoring_wait(pserverctl_anchoring_t *a)
{
    int                  rc;
    time_t               start, sent;
    pserverctl_anchor_t  latest;

    start = time(NULL);
    sent = 0;

    for ( ;; ) {

        if (time(NULL) - sent >= PSERVERCTL_ANCHOR_STUCK) {

            if (pserverctl_anchoring_send(a) == PSERVERCTL_OK) {
                sent = time(NULL);
            }
        }

        (void) sleep(PSERVERCTL_ANCHOR_POLL);

        rc = pserverctl_anchoring_done(a, &latest);

        if (rc == PSERVER_OK) {
            printf("%llu entries are anchored\n",
                   (unsigned long long) latest.size);
            return PSERVERCTL_OK;
        }

        if (rc == PSERVER_INVALID) {
            return PSERVERCTL_FAILED;
        }

        if (time(NULL) - start > PSERVERCTL_ANCHOR_PATIENCE) {
            pserverctl_error("%llu entries are not anchored yet",
                             (unsigned long long) a->log.checkpoint.size);
            return PSERVERCTL_FAILED;
        }
    }
}


/*
 * PSERVER_OK: all that the checkpoint has is anchored, deep enough;
 * PSERVER_AGAIN: it is not; PSERVER_INVALID: another log is; PSERVER_ERROR.
 */

static int
pserverctl_anchoring_done(pserverctl_anchoring_t *a,
    pserverctl_anchor_t *latest)
{
    char      block[32];
    uint64_t  head;

    if (pserverctl_rpc_quantity(&a->node, "eth_blockNumber", "[]", &head)
        != PSERVER_OK)
    {
        (void) pserverctl_anchoring_node(a);
        return PSERVER_ERROR;
    }

    if (head < a->confirmations) {
        return PSERVER_AGAIN;
    }

    snprintf(block, sizeof(block), "0x%llx",
             (unsigned long long) (head - a->confirmations));

    if (pserverctl_anchor_latest(&a->node, a->epoch, a->log.key.id, block,
                                 latest)
        != PSERVER_OK)
    {
        (void) pserverctl_anchoring_node(a);
        return PSERVER_ERROR;
    }

    if (latest->size < a->log.checkpoint.size) {
        return PSERVER_AGAIN;
    }

    if (latest->size > a->log.checkpoint.size) {
        pserverctl_error("the log was cut back: it has %llu entries, %llu "
                         "were anchored",
                         (unsigned long long) a->log.checkpoint.size,
                         (unsigned long long) latest->size);
        pserverctl_log_stop(a->args, "it was cut back behind its anchor");
        return PSERVER_INVALID;
    }

    if (memcmp(latest->root, a->log.checkpoint.root, 32) != 0) {
        pserverctl_error("what was anchored is another log of %llu entries",
                         (unsigned long long) latest->size);
        pserverctl_log_stop(a->args, "it does not match its anchor");
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
pserverctl_anchoring_send(pserverctl_anchoring_t *a)
{
    int                    rc;
    char                   params[2 * PSERVER_TRANSACTION_MAX + 64];
    char                   address[43], *p;
    u_char                 raw[PSERVER_TRANSACTION_MAX], *end;
    u_char                 data[4 + 3 * 32];
    pserver_word_t         hash;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result;
    pserver_transaction_t  tx;

    memset(&tx, 0, sizeof(tx));

    pserver_address_format_lower((u_char *) address, &a->sender);
    address[42] = '\0';

    snprintf(params, sizeof(params), "[\"%s\",\"latest\"]", address);

    if (pserverctl_rpc_quantity(&a->node, "eth_getTransactionCount", params,
                                &tx.nonce)
        != PSERVER_OK)
    {
        return pserverctl_anchoring_node(a);
    }

    /* anchor(bytes32,uint64,bytes32) */

    memcpy(data, "\x70\xc1\x27\xc6", 4);
    memcpy(data + 4, a->log.key.id, 32);
    memset(data + 36, 0, 24);
    pserver_put_be(data + 60, a->log.checkpoint.size, 8);
    memcpy(data + 68, a->log.checkpoint.root, 32);

    rc = pserverctl_anchoring_fees(a, tx.nonce, &tx.fee, &tx.tip);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_anchoring_gas(a, data, &tx.gas);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    tx.chain_id = a->epoch->chain_id;
    tx.to = a->epoch->contract;
    tx.data = data;
    tx.len = sizeof(data);

    if (pserver_transaction_sign(raw, &end, &hash, &tx, a->secp, a->key)
        != PSERVER_OK)
    {
        pserverctl_error("the transaction could not be signed");
        return PSERVERCTL_FAILED;
    }

    p = params + sprintf(params, "[\"0x");
    p = (char *) pserver_hex_encode((u_char *) p, raw, end - raw);
    strcpy(p, "\"]");

    rc = pserverctl_rpc(&a->node, "eth_sendRawTransaction", params, &doc,
                        &result);

    if (doc) {
        pserver_json_free(doc);
    }

    /* what another run has sent may be there: the next one offers more */

    a->nonce = tx.nonce;
    a->fee = tx.fee;
    a->tip = tx.tip;

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : pserverctl_anchoring_node(a);
}


/* a transaction in the place of another must offer a tenth more */

static int
pserverctl_anchoring_fees(pserverctl_anchoring_t *a, uint64_t nonce,
    uint64_t *fee, uint64_t *tip)
{
    uint64_t  base;

    if (pserverctl_rpc_quantity(&a->node, "eth_maxPriorityFeePerGas", "[]",
                                tip)
        != PSERVER_OK)
    {
        *tip = PSERVERCTL_GWEI;
    }

    if (pserverctl_anchoring_base_fee(a, &base) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    *fee = 2 * base + *tip;

    if (a->fee && a->nonce == nonce) {

        if (*tip < a->tip + a->tip / 8 + 1) {
            *tip = a->tip + a->tip / 8 + 1;
        }

        if (*fee < a->fee + a->fee / 8 + 1) {
            *fee = a->fee + a->fee / 8 + 1;
        }
    }

    if (*fee > a->max_fee) {
        *fee = a->max_fee;
    }

    if (*tip > *fee) {
        *tip = *fee;
    }

    if (*fee < base) {
        pserverctl_error("gas costs %llu gwei now, more than --max-fee: "
                         "nothing is sent",
                         (unsigned long long) (base / PSERVERCTL_GWEI));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_anchoring_gas(pserverctl_anchoring_t *a, const u_char data[100],
    uint64_t *gas)
{
    char  params[512], from[43], to[43], hex[201];

    pserver_address_format_lower((u_char *) from, &a->sender);
    pserver_address_format_lower((u_char *) to, &a->epoch->contract);
    from[42] = to[42] = '\0';

    *pserver_hex_encode((u_char *) hex, data, 100) = '\0';

    snprintf(params, sizeof(params), "[{\"from\":\"%s\",\"to\":\"%s\","
             "\"data\":\"0x%s\"}]", from, to, hex);

    if (pserverctl_rpc_quantity(&a->node, "eth_estimateGas", params, gas)
        != PSERVER_OK)
    {
        return pserverctl_anchoring_node(a);
    }

    *gas += *gas / 4;

    return PSERVERCTL_OK;
}


static int
pserverctl_anchoring_base_fee(pserverctl_anchoring_t *a, uint64_t *fee)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *result, *value;

    rc = pserverctl_rpc(&a->node, "eth_getBlockByNumber",
                        "[\"latest\",false]", &doc, &result);

    if (rc != PSERVER_OK) {
        return pserverctl_anchoring_node(a);
    }

    value = pserver_json_get(result, "baseFeePerGas");

    if (value == NULL || pserver_jsonrpc_quantity(value, fee) != PSERVER_OK) {
        snprintf(a->node.error, sizeof(a->node.error),
                 "a block without a base fee");
        rc = PSERVER_ERROR;
    }

    pserver_json_free(doc);

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : pserverctl_anchoring_node(a);
}


static int
pserverctl_anchoring_node(pserverctl_anchoring_t *a)
{
    pserverctl_error("the node: %s", a->node.error);

    return PSERVERCTL_FAILED;
}


/* 600, 600s, 10m, 1h; 0: not given */

static int
pserverctl_seconds(const pserverctl_args_t *args, const char *name,
    uint64_t *seconds)
{
    char        *end;
    const char  *text;

    *seconds = 0;
    text = pserverctl_option(args, name);

    if (text == NULL) {
        return PSERVERCTL_OK;
    }

    *seconds = strtoul(text, &end, 10);

    if (*end == 'm') {
        *seconds *= 60;
        end++;

    } else if (*end == 'h') {
        *seconds *= 3600;
        end++;

    } else if (*end == 's') {
        end++;
    }

    if (end == text || *end || *seconds == 0 || *seconds > 86400) {
        return pserverctl_usage_error(args, "--%s is a time up to a day, as "
                                      "10m; \"%s\" is not", name, text);
    }

    return PSERVERCTL_OK;
}
