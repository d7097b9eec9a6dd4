/*
 * The receipt that comes with a result.
 */


#include "ngx_http_pserver_receipt.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_origin.h"

#include "../core/logkey.h"
#include "../core/sha256.h"

#include <sodium.h>


static void ngx_http_pserver_receipt_digest(u_char digest[32],
    pserver_str_t text);
static void ngx_http_pserver_receipt_body(pserver_eip712_receipt_t *body,
    ngx_http_pserver_lookup_t *lookup);
static ngx_int_t ngx_http_pserver_receipt_sign(pserver_receipt_t *receipt,
    ngx_http_pserver_lookup_t *lookup);


ngx_uint_t
ngx_http_pserver_receipt_prepare(ngx_http_pserver_receipt_t *receipt,
    ngx_http_pserver_ledger_at_t *at, const pserver_ledger_row_t *row)
{
    ngx_uint_t                rc;
    ngx_http_pserver_owner_t  owner;

    rc = ngx_http_pserver_owner_open(&owner, at->root, at->chain_id,
                                     &row->owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        pserver_receipt_keys(receipt->keys, owner.keys.ledger, row->id);

        ngx_http_pserver_receipt_digest(receipt->inputs, row->inputs);
        ngx_http_pserver_receipt_digest(receipt->output, row->outputs);

        receipt->ready = 1;
    }

    at->err = owner.err;

    ngx_http_pserver_owner_close(&owner);

    return rc;
}


static void
ngx_http_pserver_receipt_digest(u_char digest[32], pserver_str_t text)
{
    pserver_sha256_t  sha;

    pserver_sha256_init(&sha);
    pserver_sha256_update(&sha, text.data, text.len);
    pserver_sha256_final(&sha, digest);
}


ngx_int_t
ngx_http_pserver_receipt_text(ngx_http_pserver_receipt_t *receipt,
    ngx_http_pserver_lookup_t *lookup, ngx_str_t *text)
{
    int                   i;
    u_char                log[PSERVER_LOGKEY_NAME_LEN];
    ngx_uint_t            is_owner;
    pserver_word_t       *commitments[PSERVER_RECEIPT_OPENINGS];
    pserver_origins_t     origins;
    pserver_receipt_t     r;
    pserver_ledger_row_t *row;

    if (!receipt->ready || lookup->plcf->audit == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_pserver_origins(lookup->request, &origins) != NGX_OK) {
        return NGX_ERROR;
    }

    if (origins.n == 0) {
        return NGX_DECLINED;
    }

    row = &lookup->ledger.row;

    ngx_memzero(&r, sizeof(pserver_receipt_t));

    ngx_http_pserver_receipt_body(&r.body, lookup);
    ngx_http_pserver_audit_log_name(lookup->plcf->audit, log);

    r.body.origin = origins.elts[0];
    r.body.log.data = log;
    r.body.log.len = sizeof(log);

    is_owner = lookup->signer
               && ngx_memcmp(lookup->signer, &row->owner, 20) == 0;

    commitments[PSERVER_RECEIPT_PERMISSION] = &r.body.permission;
    commitments[PSERVER_RECEIPT_INPUTS] = &r.body.inputs;
    commitments[PSERVER_RECEIPT_OUTPUT] = &r.body.output;

    r.openings[PSERVER_RECEIPT_PERMISSION].value.data = row->permission.bytes;
    r.openings[PSERVER_RECEIPT_PERMISSION].value.len = 32;
    r.openings[PSERVER_RECEIPT_INPUTS].value = row->inputs;
    r.openings[PSERVER_RECEIPT_OUTPUT].value = row->outputs;

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {
        ngx_memcpy(r.openings[i].key, receipt->keys[i], 32);

        pserver_receipt_commit(commitments[i], i, receipt->keys[i],
                               r.openings[i].value);

        if (!is_owner && i != PSERVER_RECEIPT_OUTPUT) {
            ngx_str_null(&r.openings[i].value);
        }
    }

    if (ngx_http_pserver_receipt_sign(&r, lookup) != NGX_OK) {
        return NGX_ERROR;
    }

    text->data = ngx_pnalloc(lookup->request->pool, pserver_receipt_len(&r));
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = pserver_receipt_write(text->data, &r) - text->data;

    sodium_memzero(&r, sizeof(pserver_receipt_t));

    return NGX_OK;
}


static void
ngx_http_pserver_receipt_body(pserver_eip712_receipt_t *body,
    ngx_http_pserver_lookup_t *lookup)
{
    pserver_ledger_row_t  *row;

    row = &lookup->ledger.row;

    /* not the id, which some clients use as a capability */

    pserver_ledger_name(body->operation.bytes, row->id);

    body->chain_id = lookup->plcf->chain_id;
    body->image = row->image;
    body->block = lookup->block;
    body->block_hash = lookup->block_hash;
    body->entry = lookup->place.sequence;
    body->finished_at = row->finished;

    ngx_memcpy(body->leaf.bytes, lookup->place.leaf, 32);
}


static ngx_int_t
ngx_http_pserver_receipt_sign(pserver_receipt_t *receipt,
    ngx_http_pserver_lookup_t *lookup)
{
    int                            rc;
    pserver_word_t                 digest;
    pserver_server_key_t           key;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(lookup->request,
                                         ngx_http_pserver_module);

    if (ngx_http_pserver_keys_server(&lookup->ledger.row.owner, &key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    receipt->server = key.address;

    pserver_eip712_receipt_digest(&digest, &receipt->body);

    rc = pserver_signature_sign(pmcf->secp256k1, &receipt->signature, key.key,
                                &digest);

    sodium_memzero(&key, sizeof(pserver_server_key_t));

    return (rc == PSERVER_OK) ? NGX_OK : NGX_ERROR;
}


/* the result, then the others in the order of their paths */

ngx_int_t
ngx_http_pserver_receipt_outputs(const ngx_http_pserver_output_t *output,
    pserver_str_t *manifest)
{
    u_char         *p, digest[32];
    size_t          pos, len;
    pserver_str_t   path, data;

    static const pserver_str_t  result = pserver_string("result.json");

    len = PSERVER_RECEIPT_LINE_LEN(result.len);
    pos = 0;

    while (ngx_http_pserver_output_file(output, &pos, &path, &data)) {
        len += PSERVER_RECEIPT_LINE_LEN(path.len);
    }

    p = malloc(len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    manifest->data = p;
    manifest->len = len;

    data.data = output->result.data;
    data.len = output->result.len;

    ngx_http_pserver_receipt_digest(digest, data);
    p = pserver_receipt_line(p, digest, result);

    pos = 0;

    while (ngx_http_pserver_output_file(output, &pos, &path, &data)) {
        ngx_http_pserver_receipt_digest(digest, data);
        p = pserver_receipt_line(p, digest, path);
    }

    return NGX_OK;
}
