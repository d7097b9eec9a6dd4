/*
 * pserverctl audit proof: whether the proof of an operation holds.
 */

#include "audit.h"

#include "../core/opproof.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_PROOF_MAX  65536


static int pserverctl_proof_read(const char *name,
    pserver_json_doc_t **doc);
static int pserverctl_proof_check(pserverctl_args_t *args,
    pserverctl_log_t *log, const pserver_opproof_t *proof);


#define pserverctl_llu(n)  ((unsigned long long) (n))


int
pserverctl_audit_proof(pserverctl_args_t *args)
{
    int                  rc;
    pserverctl_log_t    *log;
    pserver_opproof_t   *proof;
    pserver_json_doc_t  *doc;

    doc = NULL;
    log = calloc(1, sizeof(pserverctl_log_t));
    proof = calloc(1, sizeof(pserver_opproof_t));

    if (log == NULL || proof == NULL) {
        pserverctl_error("not enough memory");
        rc = PSERVERCTL_FAILED;
        goto done;
    }

    rc = pserverctl_log_key(&log->key, args);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_proof_read(args->rest[0], &doc);
    }

    if (rc == PSERVERCTL_OK
        && pserver_opproof_parse(proof, pserver_json_root(doc)) != PSERVER_OK)
    {
        pserverctl_error("%s: no proof of an operation", args->rest[0]);
        rc = PSERVERCTL_FAILED;
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_proof_check(args, log, proof);
    }

done:

    pserver_json_free(doc);
    free(proof);
    free(log);

    return rc;
}


static int
pserverctl_proof_read(const char *name, pserver_json_doc_t **doc)
{
    int            rc;
    pserver_str_t  text;

    static const pserver_json_limits_t  limits = { 4, 256 };

    if (pserverctl_read(name, PSERVERCTL_PROOF_MAX, &text) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    rc = pserver_json_parse(text.data, text.len, &limits, doc);

    sodium_free(text.data);

    if (rc != PSERVER_OK) {
        pserverctl_error("%s: no JSON", name);
        *doc = NULL;
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_proof_check(pserverctl_args_t *args, pserverctl_log_t *log,
    const pserver_opproof_t *proof)
{
    const char               *name;
    pserver_entry_view_t      view;
    pserver_opproof_fault_e   fault;

    fault = pserver_opproof_verify(proof, &log->key, &view,
                                   &log->checkpoint);

    if (fault != PSERVER_OPPROOF_OK) {
        pserverctl_error("%s", pserver_opproof_fault(fault));
        return PSERVERCTL_FAILED;
    }

    name = pserver_entry_type_name(view.type);

    printf("entry %llu of %.*s: %s, among %llu that were signed\n",
           pserverctl_llu(view.sequence), (int) log->key.name.len,
           (char *) log->key.name.data, name ? name : "of another type",
           pserverctl_llu(log->checkpoint.size));

    return pserverctl_proof_anchor(args, log, &proof->anchor);
}


int
pserverctl_proof_anchor(pserverctl_args_t *args, const pserverctl_log_t *log,
    const pserver_opproof_anchor_t *anchor)
{
    int                  rc;
    uint64_t             from;
    const char          *rpc;
    pserverctl_place_t   node;

    if (anchor->size == 0) {
        printf("not under an anchor yet\n");
        return PSERVERCTL_OK;
    }

    rpc = pserverctl_option(args, "rpc");

    if (rpc == NULL) {
        printf("and under an anchor of %llu, which --rpc looks for\n",
               pserverctl_llu(anchor->size));
        return PSERVERCTL_OK;
    }

    if (pserverctl_number(args, "from-block", 0, &from) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_place_init(&node, rpc, pserverctl_option(args, "cacert"));

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_anchors_find(&node, log, from, anchor->size,
                                 anchor->root);

    if (rc == PSERVER_OK) {
        printf("and under an anchor of %llu, which is on chain\n",
               pserverctl_llu(anchor->size));

        rc = PSERVERCTL_OK;

    } else if (rc == PSERVER_DONE) {
        pserverctl_error("the anchor of %llu entries is not on chain",
                         pserverctl_llu(anchor->size));
        rc = PSERVERCTL_FAILED;

    } else {
        pserverctl_error("the node can't be asked: %s", node.error);
        rc = PSERVERCTL_AGAIN;
    }

    pserverctl_place_done(&node);

    return rc;
}
