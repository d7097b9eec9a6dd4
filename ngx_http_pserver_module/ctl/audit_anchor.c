/*
 * pserverctl audit anchor: puts the root of a log on chain.
 *
 * It keeps no state.  A transaction always has the first nonce that is not
 * mined yet, so a later one takes the place of one that is stuck or lost;
 * what is anchored is what the contract says some blocks below the head, so
 * an anchor that a reorganisation took back is put there again.
 */

#include "audit_anchor.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_ANCHOR_RETRY   5      /* seconds, then twice as many */

/* milliseconds */
#define PSERVERCTL_ANCHOR_POLL    250    /* at first */
#define PSERVERCTL_ANCHOR_SLOW    4000   /* at last */
#define PSERVERCTL_ANCHOR_DOWN    30000  /* the same, of a node that is down */
#define PSERVERCTL_ANCHOR_LOST    2000   /* nodes may differ for a while */


typedef enum {
    PSERVERCTL_ANCHOR_DEEP = 0,  /* it is there, below enough blocks */
    PSERVERCTL_ANCHOR_MINED,     /* it is there */
    PSERVERCTL_ANCHOR_WAITING,   /* a transaction waits for its block */
    PSERVERCTL_ANCHOR_MISSING,   /* none does */
    PSERVERCTL_ANCHOR_UNKNOWN,   /* the node could not be asked */
    PSERVERCTL_ANCHOR_WRONG      /* another log is anchored: said */
} pserverctl_anchor_state_e;


static int pserverctl_anchoring_init(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_run(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_round(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_log(pserverctl_anchoring_t *a);
static pserverctl_anchor_state_e pserverctl_anchoring_look(
    pserverctl_anchoring_t *a, pserver_anchored_t *latest);
static pserverctl_anchor_state_e pserverctl_anchoring_more_than(
    pserverctl_anchoring_t *a, const pserver_anchored_t *latest);
static int pserverctl_anchoring_nonces(pserverctl_anchoring_t *a);
static int pserverctl_anchoring_continues(pserverctl_anchoring_t *a,
    const pserver_anchored_t *latest);
static int pserverctl_anchoring_wait(pserverctl_anchoring_t *a);
static uint64_t pserverctl_anchoring_due(const pserverctl_anchoring_t *a,
    pserverctl_anchor_state_e state);
static void pserverctl_anchoring_pause(uint64_t *pause, uint64_t max);
static uint64_t pserverctl_msec(void);
static int pserverctl_seconds(const pserverctl_args_t *args,
    const char *name, uint64_t otherwise, uint64_t *seconds);


int
pserverctl_audit_anchor(pserverctl_args_t *args)
{
    int                      rc;
    pserverctl_anchoring_t  *a;

    a = calloc(1, sizeof(pserverctl_anchoring_t));

    if (a == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    a->args = args;

    rc = pserverctl_anchoring_init(a);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_anchoring_run(a);
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
pserverctl_anchoring_init(pserverctl_anchoring_t *a)
{
    int            rc;
    u_char         public_key[PSERVER_PUBLIC_KEY_LEN];
    uint64_t       gwei;
    pserver_str_t  rpc;

    rc = pserverctl_log_init(&a->log, a->args);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserverctl_required(a->args, "rpc", &rpc) != PSERVERCTL_OK
        || pserverctl_number(a->args, "confirmations", 2, &a->confirmations)
           != PSERVERCTL_OK
        || pserverctl_number(a->args, "max-fee", 100, &gwei) != PSERVERCTL_OK
        || pserverctl_seconds(a->args, "every", 0, &a->every)
           != PSERVERCTL_OK
        || pserverctl_seconds(a->args, "resend", 60, &a->resend)
           != PSERVERCTL_OK
        || pserverctl_seconds(a->args, "timeout", 600, &a->timeout)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    if (gwei > PSERVERCTL_GWEI) {
        return pserverctl_usage_error(a->args, "--max-fee is in gwei, at "
                                      "most %llu", PSERVERCTL_GWEI);
    }

    a->max_fee = gwei * PSERVERCTL_GWEI;

    if (pserverctl_key(a->args, &a->key) != PSERVERCTL_OK
        || pserverctl_place_init(&a->node, (char *) rpc.data,
                                 pserverctl_option(a->args, "cacert"))
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    a->secp = pserverctl_secp256k1();

    if (pserver_public_key(a->secp, public_key, a->key) != PSERVER_OK) {
        pserverctl_error("--key: this is no private key");
        return PSERVERCTL_FAILED;
    }

    pserver_address_from_public_key(&a->sender, public_key);

    return PSERVERCTL_OK;
}


/* one round, or one after the other for ever: sooner where one has failed */

static int
pserverctl_anchoring_run(pserverctl_anchoring_t *a)
{
    int       rc;
    uint64_t  retry;

    retry = PSERVERCTL_ANCHOR_RETRY;

    for ( ;; ) {
        rc = pserverctl_anchoring_round(a);

        (void) fflush(stdout);

        if (a->every == 0) {
            return rc;
        }

        if (rc == PSERVERCTL_OK) {
            retry = PSERVERCTL_ANCHOR_RETRY;
        }

        if (rc == PSERVERCTL_OK || retry >= a->every) {
            (void) sleep((unsigned) a->every);

        } else {
            (void) sleep((unsigned) retry);
            retry *= 2;
        }
    }
}


static int
pserverctl_anchoring_round(pserverctl_anchoring_t *a)
{
    int                 rc;
    pserver_anchored_t  latest;

    a->said[0] = '\0';

    rc = pserverctl_anchoring_log(a);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    switch (pserverctl_anchoring_look(a, &latest)) {

    case PSERVERCTL_ANCHOR_DEEP:
        a->len = 0;
        a->nnonces = 0;
        printf("%llu entries are anchored already\n",
               (unsigned long long) latest.size);
        return PSERVERCTL_OK;

    case PSERVERCTL_ANCHOR_UNKNOWN:
        pserverctl_error("the node: %s", a->node.error);
        return PSERVERCTL_AGAIN;

    case PSERVERCTL_ANCHOR_WRONG:
        return PSERVERCTL_FAILED;

    default:
        return pserverctl_anchoring_wait(a);
    }
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
        return PSERVERCTL_FAILED;
    }

    if (rc != PSERVER_OK) {
        return PSERVERCTL_AGAIN;
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
        pserverctl_error("the node: %s", a->node.error);
        return PSERVERCTL_AGAIN;
    }

    if (chain_id != a->epoch->chain_id) {
        pserverctl_error("the node is of chain %llu, the log is anchored on "
                         "%llu", (unsigned long long) chain_id,
                         (unsigned long long) a->epoch->chain_id);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* the nonces come first: an anchor that is mined meanwhile is seen as one */

static pserverctl_anchor_state_e
pserverctl_anchoring_look(pserverctl_anchoring_t *a,
    pserver_anchored_t *latest)
{
    uint64_t  head;

    if (pserverctl_anchoring_nonces(a) != PSERVER_OK
        || pserverctl_rpc_quantity(&a->node, "eth_blockNumber", "[]", &head)
           != PSERVER_OK
        || pserverctl_anchor_latest(&a->node, a->epoch, a->log.key.id, latest)
           != PSERVER_OK)
    {
        return PSERVERCTL_ANCHOR_UNKNOWN;
    }

    if (latest->size < a->log.checkpoint.size) {
        return (a->known > a->mined) ? PSERVERCTL_ANCHOR_WAITING
                                     : PSERVERCTL_ANCHOR_MISSING;
    }

    if (head < latest->block || head - latest->block < a->confirmations) {
        return PSERVERCTL_ANCHOR_MINED;
    }

    if (latest->size > a->log.checkpoint.size) {
        return pserverctl_anchoring_more_than(a, latest);
    }

    if (memcmp(latest->root, a->log.checkpoint.root, 32) != 0) {
        pserverctl_error("what was anchored is another log of %llu entries",
                         (unsigned long long) latest->size);
        pserverctl_log_stop(a->args, "it does not match its anchor");
        return PSERVERCTL_ANCHOR_WRONG;
    }

    return PSERVERCTL_ANCHOR_DEEP;
}


/* a log may have grown, and another run may have anchored it, meanwhile */

static pserverctl_anchor_state_e
pserverctl_anchoring_more_than(pserverctl_anchoring_t *a,
    const pserver_anchored_t *latest)
{
    int  rc;

    rc = pserverctl_anchoring_log(a);

    if (rc == PSERVERCTL_OK && latest->size > a->log.checkpoint.size) {
        pserverctl_error("the log was cut back: it has %llu entries, %llu "
                         "were anchored",
                         (unsigned long long) a->log.checkpoint.size,
                         (unsigned long long) latest->size);
        pserverctl_log_stop(a->args, "it was cut back behind its anchor");
        return PSERVERCTL_ANCHOR_WRONG;
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_anchoring_continues(a, latest);
    }

    return (rc == PSERVERCTL_OK) ? PSERVERCTL_ANCHOR_DEEP
                                 : PSERVERCTL_ANCHOR_WRONG;
}


static int
pserverctl_anchoring_nonces(pserverctl_anchoring_t *a)
{
    int   rc;
    char  params[80], address[43];

    pserver_address_format_lower((u_char *) address, &a->sender);
    address[42] = '\0';

    snprintf(params, sizeof(params), "[\"%s\",\"latest\"]", address);

    rc = pserverctl_rpc_quantity(&a->node, "eth_getTransactionCount", params,
                                 &a->mined);

    if (rc == PSERVER_OK) {
        snprintf(params, sizeof(params), "[\"%s\",\"pending\"]", address);

        rc = pserverctl_rpc_quantity(&a->node, "eth_getTransactionCount",
                                     params, &a->known);
    }

    return rc;
}


/* an anchor can't be taken back: another log is not put behind it.  Of all
   that is anchored, at most the checkpoint */

static int
pserverctl_anchoring_continues(pserverctl_anchoring_t *a,
    const pserver_anchored_t *latest)
{
    int  rc;

    if (latest->size == 0) {
        return PSERVERCTL_OK;
    }

    rc = pserverctl_log_continues(&a->log, latest);

    if (rc == PSERVER_INVALID) {
        pserverctl_error("the log does not begin with the %llu entries that "
                         "were anchored", (unsigned long long) latest->size);
        pserverctl_log_stop(a->args, "it does not match its anchor");
        return PSERVERCTL_FAILED;
    }

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : PSERVERCTL_AGAIN;
}


/* until it is there, for good */

static int
pserverctl_anchoring_wait(pserverctl_anchoring_t *a)
{
    int                        rc, continues;
    uint64_t                   now, start, sent, pause;
    pserver_anchored_t         latest;
    pserverctl_anchor_state_e  state;

    start = pserverctl_msec();
    sent = start;
    pause = PSERVERCTL_ANCHOR_POLL;
    continues = 0;

    for ( ;; ) {
        state = pserverctl_anchoring_look(a, &latest);
        now = pserverctl_msec();

        switch (state) {

        case PSERVERCTL_ANCHOR_DEEP:
            a->len = 0;
            a->nnonces = 0;
            printf("%llu entries are anchored\n",
                   (unsigned long long) latest.size);
            return PSERVERCTL_OK;

        case PSERVERCTL_ANCHOR_WRONG:
            return PSERVERCTL_FAILED;

        case PSERVERCTL_ANCHOR_UNKNOWN:
            pserverctl_anchoring_say(a, "the node: %s", a->node.error);
            break;

        case PSERVERCTL_ANCHOR_MINED:
            break;

        case PSERVERCTL_ANCHOR_WAITING:
        case PSERVERCTL_ANCHOR_MISSING:

            if (now - sent < pserverctl_anchoring_due(a, state)) {
                break;
            }

            rc = continues ? PSERVERCTL_OK
                           : pserverctl_anchoring_continues(a, &latest);

            if (rc == PSERVERCTL_OK) {
                rc = pserverctl_anchoring_send(a);
            }

            if (rc != PSERVERCTL_OK) {
                return rc;
            }

            continues = 1;
            sent = now;
            break;
        }

        if (now - start > 1000 * a->timeout) {
            pserverctl_error("%llu entries are not anchored yet%s",
                             (unsigned long long) a->log.checkpoint.size,
                             (state == PSERVERCTL_ANCHOR_MINED)
                             ? ": too few blocks are above" : "");
            return PSERVERCTL_AGAIN;
        }

        pserverctl_anchoring_pause(&pause,
                                   (state == PSERVERCTL_ANCHOR_UNKNOWN)
                                   ? PSERVERCTL_ANCHOR_DOWN
                                   : PSERVERCTL_ANCHOR_SLOW);
    }
}


/* how long after the last attempt there is another, in milliseconds */

static uint64_t
pserverctl_anchoring_due(const pserverctl_anchoring_t *a,
    pserverctl_anchor_state_e state)
{
    if (state == PSERVERCTL_ANCHOR_WAITING && !a->refused) {
        return 1000 * a->resend;
    }

    return a->len ? PSERVERCTL_ANCHOR_LOST : 0;
}


static void
pserverctl_anchoring_pause(uint64_t *pause, uint64_t max)
{
    struct timespec  ts;

    if (*pause > max) {
        *pause = max;
    }

    ts.tv_sec = (time_t) (*pause / 1000);
    ts.tv_nsec = (long) (*pause % 1000) * 1000000;

    (void) nanosleep(&ts, NULL);

    *pause += *pause / 4;
}


static uint64_t
pserverctl_msec(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


void
pserverctl_anchoring_say(pserverctl_anchoring_t *a, const char *fmt, ...)
{
    char     text[sizeof(a->said)];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    if (strcmp(text, a->said) != 0) {
        strcpy(a->said, text);
        pserverctl_error("%s", text);
    }
}


/* 600, 600s, 10m, 1h */

static int
pserverctl_seconds(const pserverctl_args_t *args, const char *name,
    uint64_t otherwise, uint64_t *seconds)
{
    char        *end;
    const char  *text;

    *seconds = otherwise;
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
