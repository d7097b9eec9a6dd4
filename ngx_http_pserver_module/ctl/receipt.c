/*
 * pserverctl receipt: whether a receipt holds, with nobody asked.
 */

#include "audit.h"
#include "http.h"

#include "../core/encode.h"
#include "../core/json_write.h"
#include "../core/opproof.h"
#include "../core/receipt.h"
#include "../core/sha256.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_RECEIPT_MAX  (32 * 1024 * 1024)


static const pserver_json_limits_t  pserverctl_receipt_limits = {
    512, 10000000
};


static int pserverctl_receipt_verify(pserverctl_args_t *args);
static int pserverctl_receipt_json(const char *name, pserver_str_t *text,
    pserver_json_doc_t **doc);
static int pserverctl_receipt_check(pserverctl_args_t *args,
    const pserver_receipt_t *receipt);
static int pserverctl_receipt_server(pserverctl_args_t *args,
    const pserver_receipt_t *receipt);
static int pserverctl_receipt_output(pserverctl_args_t *args,
    const pserver_receipt_t *receipt, pserver_str_t answer,
    const pserver_json_t *root);
static int pserverctl_receipt_listed(pserver_str_t manifest,
    pserver_str_t result);
static pserver_str_t pserverctl_receipt_result(pserver_str_t answer,
    const pserver_json_t *root);
static int pserverctl_receipt_same(pserver_str_t text,
    const pserver_json_t *value);
static int pserverctl_receipt_proof(pserverctl_args_t *args,
    const pserver_receipt_t *receipt);
static int pserverctl_receipt_entry(const pserver_receipt_t *receipt,
    const pserver_opproof_t *proof, pserverctl_log_t *log);
static void pserverctl_receipt_print(const pserver_receipt_t *receipt);


static const pserverctl_option_t  pserverctl_receipt_options[] = {
    { "server", "ADDRESS", "of the server's key that the owner trusts" },
    { "output", "FILE", "a result that is kept by itself" },
    { "proof", "FILE", "what \"operation proof --entry N\" printed" },
    { "log-key", "TEXT|FILE", "the log's public key, for --proof" },
    { "rpc", "URL", "a chain node: the proof's anchor is looked for, too" },
    { "from-block", "N", "where to begin to look for it; else 0" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_receipt_commands[] = {
    {
        "receipt verify", "[--server ADDRESS] FILE",
        "whether the receipt of a result holds\n"
        "\n"
        "FILE is what \"operation status\" printed, with its result, or the\n"
        "receipt alone; \"-\" is stdin. Nobody is asked. With --proof it is\n"
        "also looked at whether the log has the entry that it names, and\n"
        "whether an anchor has it; with --rpc, whether that is on chain.\n",
        pserverctl_receipt_options, 1, 1, pserverctl_receipt_verify
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_receipt_verify(pserverctl_args_t *args)
{
    int                    rc;
    pserver_str_t          text;
    pserver_receipt_t      receipt;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *object;

    rc = pserverctl_receipt_json(args->rest[0], &text, &doc);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    object = pserver_json_get(pserver_json_root(doc), "receipt");

    if (object == NULL) {
        object = pserver_json_root(doc);
    }

    if (pserver_receipt_parse(&receipt, object) != PSERVER_OK) {
        pserverctl_error("%s: no receipt", args->rest[0]);
        rc = PSERVERCTL_FAILED;
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_receipt_check(args, &receipt);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_receipt_output(args, &receipt, text,
                                       pserver_json_root(doc));
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_receipt_proof(args, &receipt);
    }

    pserver_json_free(doc);
    sodium_free(text.data);

    return rc;
}


static int
pserverctl_receipt_json(const char *name, pserver_str_t *text,
    pserver_json_doc_t **doc)
{
    if (pserverctl_read(name, PSERVERCTL_RECEIPT_MAX, text) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    if (pserver_json_parse(text->data, text->len, &pserverctl_receipt_limits,
                           doc)
        != PSERVER_OK)
    {
        pserverctl_error("%s: no JSON", name);
        sodium_free(text->data);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_receipt_check(pserverctl_args_t *args,
    const pserver_receipt_t *receipt)
{
    secp256k1_context        *secp;
    pserver_receipt_fault_e   fault;

    secp = pserverctl_secp256k1();
    fault = pserver_receipt_verify(secp, receipt);

    secp256k1_context_destroy(secp);

    switch (fault) {

    case PSERVER_RECEIPT_OK:
        break;

    case PSERVER_RECEIPT_SIGNATURE:
        pserverctl_error("it is not signed by the server that it names");
        return PSERVERCTL_FAILED;

    default: /* PSERVER_RECEIPT_OPENING */
        pserverctl_error("an opening is not of what was signed");
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_receipt_server(args, receipt) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    pserverctl_receipt_print(receipt);

    return PSERVERCTL_OK;
}


static int
pserverctl_receipt_server(pserverctl_args_t *args,
    const pserver_receipt_t *receipt)
{
    pserver_str_t      text;
    pserver_address_t  address;

    text = pserverctl_value(args, "server");

    if (text.data == NULL) {
        return PSERVERCTL_OK;
    }

    if (pserver_address_parse(&address, text) != PSERVER_OK) {
        pserverctl_error("--server is no address");
        return PSERVERCTL_FAILED;
    }

    if (memcmp(address.bytes, receipt->server.bytes, 20) != 0) {
        pserverctl_error("it is signed by another server");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static void
pserverctl_receipt_print(const pserver_receipt_t *receipt)
{
    u_char  address[PSERVER_ADDRESS_LEN], image[64];

    (void) pserver_address_format(address, &receipt->server);
    (void) pserver_hex_encode(image, receipt->body.image.bytes, 32);

    printf("signed by %.*s at ", PSERVER_ADDRESS_LEN, (char *) address);
    pserverctl_print_text(stdout, receipt->body.origin);
    printf(", chain %llu\nran in sha256:%.64s\n"
           "released at block %llu, entry %llu of ",
           (unsigned long long) receipt->body.chain_id, (char *) image,
           (unsigned long long) receipt->body.block,
           (unsigned long long) receipt->body.entry);
    pserverctl_print_text(stdout, receipt->body.log);
    printf("\n");
}


/* the result that is in the answer, or the one that is named */

static int
pserverctl_receipt_output(pserverctl_args_t *args,
    const pserver_receipt_t *receipt, pserver_str_t answer,
    const pserver_json_t *root)
{
    int             rc;
    const char     *name;
    pserver_str_t   file, result, manifest;

    name = pserverctl_option(args, "output");
    file.data = NULL;

    if (name) {
        if (pserverctl_read(name, PSERVERCTL_RECEIPT_MAX, &file)
            != PSERVERCTL_OK)
        {
            return PSERVERCTL_FAILED;
        }

        result = file;

    } else {
        result = pserverctl_receipt_result(answer, root);

        if (result.data == NULL) {
            printf("there is no result to look at: use --output\n");
            return PSERVERCTL_OK;
        }
    }

    manifest = receipt->openings[PSERVER_RECEIPT_OUTPUT].value;

    rc = PSERVERCTL_OK;

    if (manifest.data == NULL) {
        pserverctl_error("the receipt does not open its output");
        rc = PSERVERCTL_FAILED;

    } else if (!pserverctl_receipt_listed(manifest, result)) {
        pserverctl_error("the result is another one");
        rc = PSERVERCTL_FAILED;

    } else {
        printf("of this result\n");
    }

    sodium_free(file.data);

    return rc;
}


/* a newline at the end of a file may be the result's, or not */

static int
pserverctl_receipt_listed(pserver_str_t manifest, pserver_str_t result)
{
    int               tries;
    u_char            digest[32];
    pserver_sha256_t  sha;

    static const pserver_str_t  path = pserver_string("result.json");

    for (tries = 0; tries < 2; tries++) {
        pserver_sha256_init(&sha);
        pserver_sha256_update(&sha, result.data, result.len);
        pserver_sha256_final(&sha, digest);

        if (pserver_receipt_lists(manifest, digest, path)) {
            return 1;
        }

        if (result.len == 0 || result.data[result.len - 1] != '\n') {
            break;
        }

        result.len--;
    }

    return 0;
}


/*
 * The bytes of the result in an answer: what is between two members as the
 * server writes them, if that is what the member "result" has.  data is
 * NULL: it has none.
 */

static pserver_str_t
pserverctl_receipt_result(pserver_str_t answer, const pserver_json_t *root)
{
    pserver_str_t   result;
    const u_char   *p, *start, *last;

    static const char  first[] = ",\"result\":";
    static const char  next[] = ",\"receipt\":{\"kind\":\"Receipt\"";

    result.data = NULL;
    result.len = 0;

    start = memmem(answer.data, answer.len, first, sizeof(first) - 1);

    if (start == NULL) {
        return result;
    }

    start += sizeof(first) - 1;
    last = NULL;

    for (p = start;
         (p = memmem(p, (size_t) (answer.data + answer.len - p), next,
                     sizeof(next) - 1))
         != NULL;
         p++)
    {
        last = p;
    }

    if (last) {
        result.data = (u_char *) start;
        result.len = (size_t) (last - start);

        if (!pserverctl_receipt_same(result,
                                     pserver_json_get(root, "result")))
        {
            result.data = NULL;
        }
    }

    return result;
}


static int
pserverctl_receipt_same(pserver_str_t text, const pserver_json_t *value)
{
    int                  same;
    size_t               one, two;
    u_char              *a, *b;
    pserver_json_doc_t  *doc;

    if (value == NULL
        || pserver_json_parse(text.data, text.len, &pserverctl_receipt_limits,
                              &doc)
           != PSERVER_OK)
    {
        return 0;
    }

    one = pserver_json_write(NULL, value);
    two = pserver_json_write(NULL, pserver_json_root(doc));

    a = malloc(one);
    b = malloc(two);
    same = 0;

    if (a && b) {
        (void) pserver_json_write(a, value);
        (void) pserver_json_write(b, pserver_json_root(doc));

        same = one == two && memcmp(a, b, one) == 0;
    }

    free(a);
    free(b);
    pserver_json_free(doc);

    return same;
}


static int
pserverctl_receipt_proof(pserverctl_args_t *args,
    const pserver_receipt_t *receipt)
{
    int                  rc;
    const char          *name;
    pserver_str_t        text;
    pserverctl_log_t    *log;
    pserver_opproof_t   *proof;
    pserver_json_doc_t  *doc;

    name = pserverctl_option(args, "proof");

    if (name == NULL) {
        return PSERVERCTL_OK;
    }

    log = calloc(1, sizeof(pserverctl_log_t));
    proof = calloc(1, sizeof(pserver_opproof_t));

    if (log == NULL || proof == NULL) {
        pserverctl_error("not enough memory");
        rc = PSERVERCTL_FAILED;
        goto done;
    }

    rc = pserverctl_log_key(&log->key, args);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_receipt_json(name, &text, &doc);
    }

    if (rc != PSERVERCTL_OK) {
        goto done;
    }

    if (pserver_opproof_parse(proof, pserver_json_root(doc)) != PSERVER_OK) {
        pserverctl_error("%s: no proof of an operation", name);
        rc = PSERVERCTL_FAILED;

    } else {
        rc = pserverctl_receipt_entry(receipt, proof, log);

        if (rc == PSERVERCTL_OK) {
            rc = pserverctl_proof_anchor(args, log, &proof->anchor);
        }
    }

    pserver_json_free(doc);
    sodium_free(text.data);

done:

    free(proof);
    free(log);

    return rc;
}


static int
pserverctl_receipt_entry(const pserver_receipt_t *receipt,
    const pserver_opproof_t *proof, pserverctl_log_t *log)
{
    u_char                    leaf[32];
    pserver_str_t             name;
    pserver_entry_view_t      view;
    pserver_opproof_fault_e   fault;

    fault = pserver_opproof_verify(proof, &log->key, &view,
                                   &log->checkpoint);

    if (fault != PSERVER_OPPROOF_OK) {
        pserverctl_error("%s", pserver_opproof_fault(fault));
        return PSERVERCTL_FAILED;
    }

    pserver_merkle_leaf(leaf, proof->entry.data, proof->entry.len);
    name = log->key.name;

    if (name.len != receipt->body.log.len
        || memcmp(name.data, receipt->body.log.data, name.len) != 0
        || view.sequence != receipt->body.entry
        || memcmp(leaf, receipt->body.leaf.bytes, 32) != 0)
    {
        pserverctl_error("the proof is of another entry");
        return PSERVERCTL_FAILED;
    }

    printf("the log has this entry, among %llu that were signed\n",
           (unsigned long long) log->checkpoint.size);

    return PSERVERCTL_OK;
}
