/*
 * GET /api/v1/operations/{id}/proof: that the log has an entry of an
 * operation, for its app and its owner.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_lookup.h"

#include "../core/encode.h"
#include "../core/opproof.h"

#include <sodium.h>


/* records that are looked through for an operation's first entry */

#define NGX_HTTP_PSERVER_PROOF_SCAN  65536

#define NGX_HTTP_PSERVER_PROOF_ANY   ((uint64_t) -1)


/* the node's own, never to be had as a request's rc */

typedef enum {
    NGX_HTTP_PSERVER_PROOF_OK = 0,
    NGX_HTTP_PSERVER_PROOF_NONE,                 /* no such entry */
    NGX_HTTP_PSERVER_PROOF_EARLY,                /* not published yet */
    NGX_HTTP_PSERVER_PROOF_ERROR
} ngx_http_pserver_proof_rc_e;


typedef struct {
    ngx_http_pserver_lookup_t        lookup;
    ngx_http_pserver_audit_t        *audit;
    uint64_t                         sequence;   /* ANY: of the acceptance */

    ngx_http_pserver_proof_rc_e      rc;
    ngx_str_t                        body;

    /* in the thread */
    pserver_opproof_t                proof;
    pserver_record_t                 record;
    pserver_entry_view_t             view;
    pserver_entry_opening_t          opening;
    u_char                           id[2 * PSERVER_LEDGER_ID_LEN];
    u_char                           note[PSERVER_NOTE_MAX];
    u_char                           plain[PSERVER_ENTRY_OPENING_MAX];
    u_char                           buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX];
} ngx_http_pserver_proof_t;


static void ngx_http_pserver_proof_cleanup(void *data);
static void ngx_http_pserver_proof_run(ngx_http_pserver_lookup_t *lookup);
static ngx_http_pserver_proof_rc_e ngx_http_pserver_proof_find(
    ngx_http_pserver_proof_t *proof, const pserver_entry_keys_t *keys);
static ngx_http_pserver_proof_rc_e ngx_http_pserver_proof_accepted(
    ngx_http_pserver_proof_t *proof, const pserver_entry_keys_t *keys);
static int ngx_http_pserver_proof_since(ngx_http_pserver_proof_t *proof,
    uint64_t msec, uint64_t *offset, uint64_t *count);
static ngx_http_pserver_proof_rc_e ngx_http_pserver_proof_open(
    ngx_http_pserver_proof_t *proof, uint64_t offset,
    const pserver_entry_keys_t *keys);
static void ngx_http_pserver_proof_fields(ngx_http_pserver_proof_t *proof);
static ngx_uint_t ngx_http_pserver_proof_theirs(
    ngx_http_pserver_proof_t *proof, u_char id);
static ngx_http_pserver_proof_rc_e ngx_http_pserver_proof_tree(
    ngx_http_pserver_proof_t *proof);
static void ngx_http_pserver_proof_anchor(ngx_http_pserver_proof_t *proof,
    const pserver_merkle_source_t *source);
static void ngx_http_pserver_proof_found(ngx_http_pserver_lookup_t *lookup);


ngx_int_t
ngx_http_pserver_operation_proof(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    pserver_str_t                 id;
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_proof_t     *proof;
    ngx_http_pserver_loc_conf_t  *plcf;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    rc = ngx_http_pserver_lookup_auth(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_pserver_proof_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    proof = cln->data;

    ngx_memzero(proof, sizeof(ngx_http_pserver_proof_t));

    cln->handler = ngx_http_pserver_proof_cleanup;

    if (ngx_http_pserver_audit_arg(r, "entry", NGX_HTTP_PSERVER_PROOF_ANY,
                                   &proof->sequence)
        != NGX_OK)
    {
        return ngx_http_pserver_error_query(r, "entry",
                                            "is the number of an entry",
                                            "int_parsing");
    }

    proof->audit = plcf->audit;

    if (plcf->operation_access == NGX_HTTP_PSERVER_ACCESS_SIGNED) {
        proof->lookup.signer = &ctx->claims->address;
    }

    proof->lookup.run = ngx_http_pserver_proof_run;
    proof->lookup.found = ngx_http_pserver_proof_found;

    id.len = ctx->id.len;
    id.data = ctx->id.data;

    rc = ngx_http_pserver_lookup(r, &proof->lookup, id);

    if (rc == NGX_OK) {
        r->main->count++;
        return NGX_DONE;
    }

    return rc;
}


static void
ngx_http_pserver_proof_cleanup(void *data)
{
    ngx_http_pserver_proof_t  *proof = data;

    free(proof->body.data);

    sodium_memzero(proof->plain, sizeof(proof->plain));
    sodium_memzero(&proof->proof, sizeof(proof->proof));
}


/* in a thread, down to found() */

static void
ngx_http_pserver_proof_run(ngx_http_pserver_lookup_t *lookup)
{
    u_char                    *end;
    pserver_entry_keys_t       keys;
    ngx_http_pserver_owner_t   owner;
    ngx_http_pserver_proof_t  *proof;

    proof = (ngx_http_pserver_proof_t *) lookup;

    if (ngx_http_pserver_owner_open(&owner, lookup->at.root,
                                    lookup->at.chain_id,
                                    &lookup->ledger.row.owner, 0)
        == NGX_HTTP_PSERVER_STORE_OK)
    {
        pserver_entry_keys(&keys, owner.keys.ledger);
        proof->rc = ngx_http_pserver_proof_find(proof, &keys);
        sodium_memzero(&keys, sizeof(keys));

    } else {
        proof->rc = NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    ngx_http_pserver_owner_close(&owner);

    if (proof->rc != NGX_HTTP_PSERVER_PROOF_OK) {
        return;
    }

    ngx_memcpy(proof->proof.id, lookup->ledger.row.id,
               PSERVER_LEDGER_ID_LEN);

    ngx_http_pserver_proof_fields(proof);

    proof->rc = ngx_http_pserver_proof_tree(proof);

    if (proof->rc != NGX_HTTP_PSERVER_PROOF_OK) {
        return;
    }

    proof->body.data = malloc(pserver_opproof_len(&proof->proof));

    if (proof->body.data == NULL) {
        proof->rc = NGX_HTTP_PSERVER_PROOF_ERROR;
        return;
    }

    end = pserver_opproof_write(proof->body.data, &proof->proof);

    proof->body.len = end - proof->body.data;
}


static ngx_http_pserver_proof_rc_e
ngx_http_pserver_proof_find(ngx_http_pserver_proof_t *proof,
    const pserver_entry_keys_t *keys)
{
    int       rc;
    uint64_t  offset, count;

    (void) pserver_hex_encode(proof->id, proof->lookup.ledger.row.id,
                              PSERVER_LEDGER_ID_LEN);

    if (proof->sequence == NGX_HTTP_PSERVER_PROOF_ANY) {
        return ngx_http_pserver_proof_accepted(proof, keys);
    }

    rc = ngx_http_pserver_audit_file_find(&proof->audit->file,
                                          proof->sequence, &offset, &count);
    if (rc == PSERVER_DONE) {
        return NGX_HTTP_PSERVER_PROOF_NONE;
    }

    return (rc == PSERVER_OK) ? ngx_http_pserver_proof_open(proof, offset,
                                                            keys)
                              : NGX_HTTP_PSERVER_PROOF_ERROR;
}


/* the entry was appended soon after the row says that it was created */

static ngx_http_pserver_proof_rc_e
ngx_http_pserver_proof_accepted(ngx_http_pserver_proof_t *proof,
    const pserver_entry_keys_t *keys)
{
    uint64_t                        offset, next, count;
    ngx_http_pserver_proof_rc_e     rc;
    ngx_http_pserver_audit_file_t  *file;

    file = &proof->audit->file;

    if (ngx_http_pserver_proof_since(proof, proof->lookup.ledger.row.created,
                                     &offset, &count)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    for (count = ngx_min(count, NGX_HTTP_PSERVER_PROOF_SCAN);
         count;
         count--)
    {
        if (ngx_http_pserver_audit_file_head(file, offset, &proof->record,
                                             &next)
            != PSERVER_OK)
        {
            return NGX_HTTP_PSERVER_PROOF_ERROR;
        }

        if (ngx_memcmp(proof->record.id, keys->id, 32) == 0) {

            rc = ngx_http_pserver_proof_open(proof, offset, keys);

            if (rc == NGX_HTTP_PSERVER_PROOF_ERROR
                || (rc == NGX_HTTP_PSERVER_PROOF_OK
                    && proof->view.type == PSERVER_ENTRY_OPERATION_ACCEPTED))
            {
                return rc;
            }
        }

        offset = next;
    }

    return NGX_HTTP_PSERVER_PROOF_NONE;
}


/* the bundle in which the first entry of this time or later may be: where it
   begins, and how many entries there are from it on */

static int
ngx_http_pserver_proof_since(ngx_http_pserver_proof_t *proof, uint64_t msec,
    uint64_t *offset, uint64_t *count)
{
    int                             rc;
    u_char                          leaf[PSERVER_MERKLE_LEN];
    uint64_t                        low, high, middle, at, next;
    ngx_http_pserver_audit_file_t  *file;

    file = &proof->audit->file;

    rc = ngx_http_pserver_audit_file_find(file, 0, &at, count);

    if (rc != PSERVER_OK) {
        return rc;
    }

    /* of bundles: low began before that time, if it is not 0; high did not */

    low = 0;
    high = (*count - 1) / NGX_HTTP_PSERVER_AUDIT_BUNDLE + 1;

    while (high - low > 1) {
        middle = low + (high - low) / 2;

        rc = ngx_http_pserver_audit_file_find(file,
                                      middle * NGX_HTTP_PSERVER_AUDIT_BUNDLE,
                                      &at, count);
        if (rc == PSERVER_OK) {
            rc = ngx_http_pserver_audit_file_read(file, at, proof->buf,
                                                  &proof->record, leaf,
                                                  &next);
        }

        if (rc != PSERVER_OK
            || pserver_entry_parse(&proof->view, proof->record.entry.data,
                                   proof->record.entry.len)
               != PSERVER_OK)
        {
            return PSERVER_ERROR;
        }

        if (proof->view.time < msec) {
            low = middle;

        } else {
            high = middle;
        }
    }

    return ngx_http_pserver_audit_file_find(file,
                                         low * NGX_HTTP_PSERVER_AUDIT_BUNDLE,
                                         offset, count);
}


/* NONE: it is not of this owner, or not of this operation */

static ngx_http_pserver_proof_rc_e
ngx_http_pserver_proof_open(ngx_http_pserver_proof_t *proof, uint64_t offset,
    const pserver_entry_keys_t *keys)
{
    u_char                leaf[PSERVER_MERKLE_LEN];
    uint64_t              next;
    pserver_record_t     *record;
    const pserver_str_t  *id;

    record = &proof->record;

    if (ngx_http_pserver_audit_file_read(&proof->audit->file, offset,
                                         proof->buf, record, leaf, &next)
        != PSERVER_OK
        || pserver_entry_parse(&proof->view, record->entry.data,
                               record->entry.len)
           != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    if (ngx_memcmp(record->id, keys->id, 32) != 0) {
        return NGX_HTTP_PSERVER_PROOF_NONE;
    }

    if (record->box.len > sizeof(proof->plain) + PSERVER_BOX_OVERHEAD
        || pserver_entry_open(&proof->opening, proof->plain, &proof->view,
                              record->box.data, record->box.len, keys->seal)
           != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    id = pserver_entry_field(&proof->opening, PSERVER_FIELD_OPERATION_ID);

    return (id && id->len == sizeof(proof->id)
            && ngx_memcmp(id->data, proof->id, sizeof(proof->id)) == 0)
           ? NGX_HTTP_PSERVER_PROOF_OK : NGX_HTTP_PSERVER_PROOF_NONE;
}


static void
ngx_http_pserver_proof_fields(ngx_http_pserver_proof_t *proof)
{
    size_t                    i;
    pserver_opproof_field_t  *field;

    proof->proof.entry = proof->record.entry;

    for (i = 0; i < proof->opening.n; i++) {

        if (!ngx_http_pserver_proof_theirs(proof,
                                           proof->opening.fields[i].id))
        {
            continue;
        }

        field = &proof->proof.fields[proof->proof.nfields++];

        field->id = proof->opening.fields[i].id;
        field->value = proof->opening.fields[i].value;
        ngx_memcpy(field->key, proof->opening.keys[i], sizeof(field->key));
    }
}


/*
 * Not for the app: where the owner has asked from, and with what; and the
 * digest of the input, by which guesses of the owner's data could be tried.
 */

static ngx_uint_t
ngx_http_pserver_proof_theirs(ngx_http_pserver_proof_t *proof, u_char id)
{
    const pserver_str_t        *app;
    const pserver_address_t    *signer;
    const pserver_ledger_row_t *row;

    row = &proof->lookup.ledger.row;
    signer = proof->lookup.signer;

    if (signer && ngx_memcmp(signer, &row->owner, 20) == 0) {
        return 1;
    }

    if (id == PSERVER_FIELD_INPUT) {
        return 0;
    }

    if (id != PSERVER_FIELD_IP && id != PSERVER_FIELD_USER_AGENT) {
        return 1;
    }

    app = pserver_entry_field(&proof->opening, PSERVER_FIELD_APP);

    return app && app->len == 20 && ngx_memcmp(app->data, &row->app, 20) == 0;
}


static ngx_http_pserver_proof_rc_e
ngx_http_pserver_proof_tree(ngx_http_pserver_proof_t *proof)
{
    char                     *dir;
    pserver_str_t             text, *note;
    pserver_checkpoint_t      checkpoint;
    pserver_merkle_source_t   source;

    dir = (char *) proof->audit->path.name.data;
    note = &proof->proof.checkpoint;

    note->data = proof->note;

    switch (ngx_http_pserver_audit_tiles_checkpoint(dir, proof->note,
                                                    &note->len))
    {
    case PSERVER_OK:
        break;

    case PSERVER_DONE:
        return NGX_HTTP_PSERVER_PROOF_EARLY;

    default:
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    if (pserver_note_text(&text, *note) != PSERVER_OK
        || pserver_checkpoint_parse(&checkpoint, text) != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    if (proof->view.sequence >= checkpoint.size) {
        return NGX_HTTP_PSERVER_PROOF_EARLY;
    }

    source.node = ngx_http_pserver_audit_tiles_node;
    source.data = dir;

    if (pserver_merkle_inclusion(proof->proof.proof, &proof->proof.n, &source,
                                 checkpoint.size, proof->view.sequence)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_PROOF_ERROR;
    }

    ngx_http_pserver_proof_anchor(proof, &source);

    return NGX_HTTP_PSERVER_PROOF_OK;
}


/* if one is known that has the entry */

static void
ngx_http_pserver_proof_anchor(ngx_http_pserver_proof_t *proof,
    const pserver_merkle_source_t *source)
{
    pserver_anchored_t         anchored;
    pserver_opproof_anchor_t  *anchor;

    anchor = &proof->proof.anchor;

    if (ngx_http_pserver_audit_anchored_read(source->data, &anchored)
        != PSERVER_OK
        || proof->view.sequence >= anchored.size
        || pserver_merkle_inclusion(anchor->proof, &anchor->n, source,
                                    anchored.size, proof->view.sequence)
           != PSERVER_OK)
    {
        anchor->n = 0;
        return;
    }

    anchor->size = anchored.size;
    ngx_memcpy(anchor->root, anchored.root, sizeof(anchor->root));
}


static void
ngx_http_pserver_proof_found(ngx_http_pserver_lookup_t *lookup)
{
    ngx_int_t                  rc;
    ngx_http_request_t        *r;
    ngx_http_pserver_proof_t  *proof;

    proof = (ngx_http_pserver_proof_t *) lookup;
    r = lookup->request;

    switch (proof->rc) {

    case NGX_HTTP_PSERVER_PROOF_OK:
        rc = ngx_http_pserver_send_json(r, NGX_HTTP_OK, &proof->body);
        break;

    case NGX_HTTP_PSERVER_PROOF_NONE:
        rc = ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                             "NOT_FOUND_ERROR",
                             "The operation has no such entry", "entry");
        break;

    case NGX_HTTP_PSERVER_PROOF_EARLY:
        (void) ngx_http_pserver_retry_after(r, 1);
        rc = ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "INTERNAL_SERVER_ERROR",
                             "The entry is not published yet", NULL);
        break;

    default: /* NGX_HTTP_PSERVER_PROOF_ERROR */
        rc = ngx_http_pserver_error_compute(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "INTERNAL_SERVER_ERROR",
                             "The log can't be read", NULL);
    }

    ngx_http_finalize_request(r, rc);
}
