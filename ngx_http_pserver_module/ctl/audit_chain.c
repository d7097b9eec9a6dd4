/*
 * The anchors of a log, as a chain node has them.
 */

#include "audit.h"

#include "../core/encode.h"

#include <stdio.h>
#include <string.h>


#define PSERVERCTL_ANCHORS_STEP  10000

/* no chain is as long, and no search takes as many questions: a node that
   says so does not have us ask for ever */
#define PSERVERCTL_ANCHORS_HEAD  (1ULL << 40)
#define PSERVERCTL_ANCHORS_ASKS  1000000


static int pserverctl_anchors_ask(pserverctl_anchors_t *anchors);
static void pserverctl_word_of_address(char text[67],
    const pserver_address_t *address);


int
pserverctl_anchor_latest(pserverctl_place_t *node,
    const pserver_note_epoch_t *epoch, const u_char log_id[32],
    pserver_anchored_t *anchor)
{
    int     rc;
    char    params[512], to[43], sender[67], id[65];
    u_char  words[4 * 32];

    pserver_address_format_lower((u_char *) to, &epoch->contract);
    to[42] = '\0';

    pserverctl_word_of_address(sender, &epoch->sender);
    *pserver_hex_encode((u_char *) id, log_id, 32) = '\0';

    /* latest(address,bytes32): size, block, time, root */

    snprintf(params, sizeof(params), "[{\"to\":\"%s\",\"data\":\"0x68205bc3"
             "%s%s\"},\"latest\"]", to, sender + 2, id);

    rc = pserverctl_rpc_bytes(node, "eth_call", params, words,
                              sizeof(words));

    if (rc == PSERVER_OK
        && pserver_anchored_result(anchor, words, sizeof(words))
           != PSERVER_OK)
    {
        snprintf(node->error, sizeof(node->error),
                 "the contract's answer has another form");
        rc = PSERVER_ERROR;
    }

    return rc;
}


int
pserverctl_anchors_init(pserverctl_anchors_t *anchors,
    pserverctl_place_t *node, const pserverctl_log_t *log, uint64_t from)
{
    int       rc;
    size_t    i;
    uint64_t  chain_id;

    memset(anchors, 0, sizeof(pserverctl_anchors_t));

    anchors->node = node;
    anchors->log = log;
    anchors->step = PSERVERCTL_ANCHORS_STEP;
    anchors->from = from;
    anchors->next = from;

    rc = pserverctl_rpc_quantity(node, "eth_chainId", "[]", &chain_id);

    if (rc == PSERVER_OK) {
        rc = pserverctl_rpc_quantity(node, "eth_blockNumber", "[]",
                                     &anchors->head);
    }

    if (rc == PSERVER_OK && anchors->head > PSERVERCTL_ANCHORS_HEAD) {
        snprintf(node->error, sizeof(node->error), "the node says that its "
                 "last block is %llu: no chain is that long",
                 (unsigned long long) anchors->head);
        return PSERVER_ERROR;
    }

    for (i = 0; rc == PSERVER_OK && i < log->checkpoint.n; i++) {

        if (log->checkpoint.epochs[i].chain_id != chain_id) {
            snprintf(node->error, sizeof(node->error), "the node is of chain "
                     "%llu, the log is anchored on %llu",
                     (unsigned long long) chain_id,
                     (unsigned long long) log->checkpoint.epochs[i].chain_id);
            return PSERVER_ERROR;
        }
    }

    return rc;
}


int
pserverctl_anchors_next(pserverctl_anchors_t *anchors,
    pserver_anchored_t *anchor)
{
    int                          rc;
    const pserver_note_epoch_t  *epoch;

    while (anchors->entry == NULL) {

        if (anchors->epoch == anchors->log->checkpoint.n) {
            return PSERVER_DONE;
        }

        if (anchors->next > anchors->head) {

            anchors->epoch++;
            anchors->next = anchors->from;
            continue;
        }

        rc = pserverctl_anchors_ask(anchors);

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    epoch = &anchors->log->checkpoint.epochs[anchors->epoch];

    if (pserver_anchored_event(anchor, anchors->entry, &epoch->contract,
                               &epoch->sender, anchors->log->key.id)
        != PSERVER_OK)
    {
        snprintf(anchors->node->error, sizeof(anchors->node->error),
                 "an event of another form");
        return PSERVER_ERROR;
    }

    anchors->entry = anchors->entry->next;

    return PSERVER_OK;
}


void
pserverctl_anchors_done(pserverctl_anchors_t *anchors)
{
    if (anchors->doc) {
        pserver_json_free(anchors->doc);
    }
}


int
pserverctl_anchors_find(pserverctl_place_t *node, const pserverctl_log_t *log,
    uint64_t from, uint64_t size, const u_char root[32])
{
    int                   rc;
    pserver_anchored_t    found;
    pserverctl_anchors_t  anchors;

    rc = pserverctl_anchors_init(&anchors, node, log, from);

    while (rc == PSERVER_OK) {

        rc = pserverctl_anchors_next(&anchors, &found);

        if (rc == PSERVER_OK
            && found.size == size
            && memcmp(found.root, root, sizeof(found.root)) == 0)
        {
            break;
        }
    }

    pserverctl_anchors_done(&anchors);

    return rc;
}


static int
pserverctl_anchors_ask(pserverctl_anchors_t *anchors)
{
    int                          rc;
    char                         params[1024], to[43], sender[67], id[65];
    char                         topic[65];
    uint64_t                     last;
    const pserver_json_t        *result;
    const pserver_note_epoch_t  *epoch;

    epoch = &anchors->log->checkpoint.epochs[anchors->epoch];

    pserverctl_anchors_done(anchors);

    pserver_address_format_lower((u_char *) to, &epoch->contract);
    to[42] = '\0';

    pserverctl_word_of_address(sender, &epoch->sender);
    *pserver_hex_encode((u_char *) id, anchors->log->key.id, 32) = '\0';
    *pserver_hex_encode((u_char *) topic, pserver_anchored_topic.bytes, 32)
        = '\0';

    for ( ;; ) {

        if (anchors->asked++ == PSERVERCTL_ANCHORS_ASKS) {
            snprintf(anchors->node->error, sizeof(anchors->node->error),
                     "the anchors are not found with %d questions: begin at "
                     "a later block", PSERVERCTL_ANCHORS_ASKS);
            return PSERVER_ERROR;
        }

        last = anchors->next + anchors->step - 1;

        if (last > anchors->head) {
            last = anchors->head;
        }

        snprintf(params, sizeof(params), "[{\"address\":\"%s\",\"fromBlock\":"
                 "\"0x%llx\",\"toBlock\":\"0x%llx\",\"topics\":[\"0x%s\","
                 "\"%s\",\"0x%s\"]}]", to,
                 (unsigned long long) anchors->next,
                 (unsigned long long) last, topic, sender, id);

        rc = pserverctl_rpc(anchors->node, "eth_getLogs", params,
                            &anchors->doc, &result);

        /* nodes limit how much they look through for one question */

        if (rc == PSERVER_INVALID && anchors->step > 1) {
            anchors->step /= 2;
            continue;
        }

        break;
    }

    if (rc != PSERVER_OK) {
        return PSERVER_ERROR;
    }

    if (result->type != PSERVER_JSON_ARRAY) {
        snprintf(anchors->node->error, sizeof(anchors->node->error),
                 "eth_getLogs: no list");
        return PSERVER_ERROR;
    }

    anchors->entry = result->child;
    anchors->next = last + 1;

    return PSERVER_OK;
}


static void
pserverctl_word_of_address(char text[67], const pserver_address_t *address)
{
    memset(text, '0', 66);

    text[1] = 'x';

    pserver_hex_encode((u_char *) text + 26, address->bytes, 20);
    text[66] = '\0';
}
