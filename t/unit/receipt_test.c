/*
 * core/receipt: t/vectors/receipt.json, which t/lib/receipt.mjs makes with
 * ethers; and everything that does not hold.
 */

#include "core/encode.h"
#include "core/json_write.h"
#include "core/keys.h"
#include "core/receipt.h"
#include "core/sha256.h"
#include "test.h"
#include "vector.h"

#include <stdlib.h>

TEST_MAIN


static secp256k1_context   *secp;
static pserver_json_doc_t  *doc;


static void
receipt_example(pserver_receipt_t *receipt)
{
    if (doc == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        doc = vector_open("t/vectors/receipt.json");
    }

    CHECK_INT(pserver_receipt_parse(receipt,
                                    vector_get(pserver_json_root(doc),
                                               "receipt")),
              PSERVER_OK);
}


TEST(vector)
{
    u_char                key[32], digest[32], *text;
    size_t                len, n;
    pserver_word_t        got;
    pserver_str_t         expected;
    pserver_receipt_t     receipt;
    pserver_signature_t   signature;
    const pserver_json_t  *top;

    receipt_example(&receipt);

    top = pserver_json_root(doc);

    CHECK_INT(pserver_hex0x_decode(digest, 32, vector_str(top, "digest")),
              PSERVER_OK);
    pserver_eip712_receipt_digest(&got, &receipt.body);
    CHECK_MEM(got.bytes, digest, 32);

    CHECK_INT(pserver_receipt_verify(secp, &receipt), PSERVER_RECEIPT_OK);

    /* the same signature, and the same text */

    CHECK_INT(pserver_hex0x_decode(key, 32, vector_str(top, "key")),
              PSERVER_OK);
    CHECK_INT(pserver_signature_sign(secp, &signature, key, &got),
              PSERVER_OK);
    CHECK_MEM(&signature, &receipt.signature, sizeof(signature));

    n = pserver_json_write(NULL, vector_get(top, "receipt"));
    expected.data = malloc(n);
    expected.len = pserver_json_write(expected.data,
                                      vector_get(top, "receipt"));

    text = malloc(pserver_receipt_len(&receipt));
    len = (size_t) (pserver_receipt_write(text, &receipt) - text);

    CHECK_INT(len, expected.len);
    CHECK_MEM(text, expected.data, len);

    free(text);
    free(expected.data);
}


/* one bit of each member that is signed, and of each opening */

TEST(changed)
{
    size_t             i;
    pserver_receipt_t  receipt;

    receipt_example(&receipt);

#define changed(member, fault)                                                \
    receipt_example(&receipt);                                                \
    receipt.member ^= 1;                                                      \
    CHECK_INT(pserver_receipt_verify(secp, &receipt), fault)

    for (i = 0; i < 32; i += 31) {
        changed(body.operation.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.image.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.permission.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.inputs.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.output.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.block_hash.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(body.leaf.bytes[i], PSERVER_RECEIPT_SIGNATURE);
        changed(openings[0].key[i], PSERVER_RECEIPT_OPENING);
        changed(openings[1].key[i], PSERVER_RECEIPT_OPENING);
        changed(openings[2].key[i], PSERVER_RECEIPT_OPENING);
        changed(permission.bytes[i], PSERVER_RECEIPT_OPENING);
    }

    changed(body.chain_id, PSERVER_RECEIPT_SIGNATURE);
    changed(body.block, PSERVER_RECEIPT_SIGNATURE);
    changed(body.entry, PSERVER_RECEIPT_SIGNATURE);
    changed(body.finished_at, PSERVER_RECEIPT_SIGNATURE);
    changed(body.origin.len, PSERVER_RECEIPT_SIGNATURE);
    changed(body.log.len, PSERVER_RECEIPT_SIGNATURE);
    changed(server.bytes[19], PSERVER_RECEIPT_SIGNATURE);
    changed(signature.rs[31], PSERVER_RECEIPT_SIGNATURE);
    changed(openings[1].value.len, PSERVER_RECEIPT_OPENING);
    changed(openings[2].value.len, PSERVER_RECEIPT_OPENING);

#undef changed

    /* what is closed is not looked at */

    receipt_example(&receipt);
    memset(receipt.openings, 0, sizeof(receipt.openings));
    CHECK_INT(pserver_receipt_verify(secp, &receipt), PSERVER_RECEIPT_OK);
}


TEST(manifests)
{
    u_char             digest[32], text[256], *p;
    pserver_str_t      manifest, path;
    pserver_receipt_t  receipt;

    static const pserver_str_t  result = pserver_string("result.json");
    static const pserver_str_t  other = pserver_string("a b.txt");
    static const pserver_str_t  part = pserver_string("b.txt");

    receipt_example(&receipt);

    manifest = receipt.openings[PSERVER_RECEIPT_OUTPUT].value;

    memset(digest, 0xcd, 32);

    CHECK_INT(pserver_receipt_lists(manifest, digest, other), 1);
    CHECK_INT(pserver_receipt_lists(manifest, digest, part), 0);
    CHECK_INT(pserver_receipt_lists(manifest, digest, result), 0);

    /* a line without its end is none */

    manifest.len--;
    CHECK_INT(pserver_receipt_lists(manifest, digest, other), 0);
    memset(&manifest, 0, sizeof(manifest));
    CHECK_INT(pserver_receipt_lists(manifest, digest, other), 0);

    path.data = (u_char *) "x";
    path.len = 1;

    p = pserver_receipt_line(text, digest, path);
    CHECK_INT(p - text, (int) PSERVER_RECEIPT_LINE_LEN(1));

    manifest.data = text;
    manifest.len = (size_t) (p - text);
    CHECK_INT(pserver_receipt_lists(manifest, digest, path), 1);
}


/* the keys are one for each field and operation: HKDF, from its own parts */

TEST(keys)
{
    u_char          ledger[32], id[32], keys[PSERVER_RECEIPT_OPENINGS][32];
    u_char          prk[32], out[32], info[18 + 32 + 2], zero[32];
    size_t          i;

    static const u_char  fields[] = { 3, 11, 12 };

    memset(ledger, 0x21, 32);
    memset(id, 0x42, 32);
    memset(zero, 0, 32);

    pserver_receipt_keys(keys, ledger, id);
    pserver_hmac(prk, zero, 32, ledger, 32);

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {
        memcpy(info, "pserver/v1/receipt", 18);
        memcpy(info + 18, id, 32);
        info[50] = fields[i];
        info[51] = 1;

        pserver_hmac(out, prk, 32, info, sizeof(info));
        CHECK_MEM(keys[i], out, 32);
    }
}


/* another form is none: a member that is missing, or of another type */

TEST(form)
{
    u_char                *text;
    size_t                 i, len;
    pserver_receipt_t      receipt;
    pserver_json_doc_t    *again;

    static const pserver_json_limits_t  limits = { 4, 256 };

    static const char  *names[] = {
        "\"kind\"", "\"server\"", "\"origin\"", "\"chain_id\"",
        "\"operation\"", "\"image\"", "\"permission\"", "\"inputs\"",
        "\"output\"", "\"block\"", "\"block_hash\"", "\"log\"", "\"entry\"",
        "\"leaf\"", "\"finished_at\"", "\"signature\"", "\"openings\"",
        "\"key\"", "\"id\"", "\"manifest\""
    };

    receipt_example(&receipt);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        text = calloc(1, pserver_receipt_len(&receipt) + 1);
        len = (size_t) (pserver_receipt_write(text, &receipt) - text);

        strstr((char *) text, names[i])[1] = '_';

        CHECK_INT(pserver_json_parse(text, len, &limits, &again),
                  PSERVER_OK);
        if (!CHECK_INT(pserver_receipt_parse(&receipt,
                                             pserver_json_root(again)),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    %s\n", names[i]);
        }

        pserver_json_free(again);
        free(text);

        receipt_example(&receipt);
    }

    CHECK_INT(pserver_receipt_parse(&receipt, NULL), PSERVER_INVALID);
}
