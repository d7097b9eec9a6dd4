/*
 * The proof of an operation.
 */

#include "opproof.h"
#include "encode.h"
#include "json_write.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>


#define PSERVER_OPPROOF_BASE64  sodium_base64_VARIANT_ORIGINAL

/* with the zero that libsodium writes */
#define pserver_opproof_base64_len(n)  (((n) + 2) / 3 * 4 + 1)

#define pserver_opproof_literal(p, s)                                         \
    ((u_char *) memcpy(p, s, sizeof(s) - 1) + sizeof(s) - 1)


static u_char *pserver_opproof_bytes(u_char *dst, const void *data,
    size_t len);
static u_char *pserver_opproof_number(u_char *dst, uint64_t n);
static int pserver_opproof_fields(pserver_opproof_t *proof,
    const pserver_json_t *list, u_char *p);
static int pserver_opproof_field(pserver_opproof_field_t *field,
    const pserver_json_t *value, u_char **p);
static int pserver_opproof_read(const pserver_json_t *object,
    const char *name, u_char *data, size_t size, size_t *len);
static int pserver_opproof_path(const pserver_json_t *object,
    pserver_opproof_hashes_t hashes, size_t *n);
static const pserver_json_t *pserver_opproof_text(
    const pserver_json_t *object, const char *name);
static pserver_opproof_fault_e pserver_opproof_opened(
    const pserver_opproof_t *proof, const pserver_entry_view_t *view);


size_t
pserver_opproof_len(const pserver_opproof_t *proof)
{
    size_t  i, len;

    len = 512 + 2 * sizeof(proof->id)
          + pserver_opproof_base64_len(proof->entry.len)
          + pserver_opproof_base64_len(proof->n * PSERVER_MERKLE_LEN)
          + pserver_opproof_base64_len(proof->anchor.n * PSERVER_MERKLE_LEN)
          + pserver_json_quote(NULL, proof->checkpoint);

    for (i = 0; i < proof->nfields; i++) {
        len += 64 + pserver_opproof_base64_len(32)
               + pserver_opproof_base64_len(proof->fields[i].value.len);
    }

    return len;
}


u_char *
pserver_opproof_write(u_char *dst, const pserver_opproof_t *proof)
{
    size_t                          i;
    u_char                         *p;
    const pserver_opproof_field_t  *field;

    p = pserver_opproof_literal(dst, "{\"kind\":\"OperationProof\",\"id\":\"");
    p = pserver_hex_encode(p, proof->id, sizeof(proof->id));
    p = pserver_opproof_literal(p, "\",\"entry\":");
    p = pserver_opproof_bytes(p, proof->entry.data, proof->entry.len);
    p = pserver_opproof_literal(p, ",\"openings\":[");

    for (i = 0; i < proof->nfields; i++) {
        field = &proof->fields[i];

        if (i) {
            *p++ = ',';
        }

        p = pserver_opproof_literal(p, "{\"field\":");
        p = pserver_opproof_number(p, field->id);
        p = pserver_opproof_literal(p, ",\"key\":");
        p = pserver_opproof_bytes(p, field->key, sizeof(field->key));
        p = pserver_opproof_literal(p, ",\"value\":");
        p = pserver_opproof_bytes(p, field->value.data, field->value.len);
        *p++ = '}';
    }

    p = pserver_opproof_literal(p, "],\"proof\":");
    p = pserver_opproof_bytes(p, proof->proof,
                              proof->n * PSERVER_MERKLE_LEN);
    p = pserver_opproof_literal(p, ",\"checkpoint\":");
    p += pserver_json_quote(p, proof->checkpoint);
    p = pserver_opproof_literal(p, ",\"anchor\":");

    if (proof->anchor.size == 0) {
        return pserver_opproof_literal(p, "null}");
    }

    p = pserver_opproof_literal(p, "{\"size\":");
    p = pserver_opproof_number(p, proof->anchor.size);
    p = pserver_opproof_literal(p, ",\"root\":");
    p = pserver_opproof_bytes(p, proof->anchor.root, PSERVER_MERKLE_LEN);
    p = pserver_opproof_literal(p, ",\"proof\":");
    p = pserver_opproof_bytes(p, proof->anchor.proof,
                              proof->anchor.n * PSERVER_MERKLE_LEN);

    return pserver_opproof_literal(p, "}}");
}


static u_char *
pserver_opproof_bytes(u_char *dst, const void *data, size_t len)
{
    *dst++ = '"';

    (void) sodium_bin2base64((char *) dst, pserver_opproof_base64_len(len),
                             data, len, PSERVER_OPPROOF_BASE64);

    dst += pserver_opproof_base64_len(len) - 1;
    *dst++ = '"';

    return dst;
}


static u_char *
pserver_opproof_number(u_char *dst, uint64_t n)
{
    char  text[24];
    int   len;

    len = snprintf(text, sizeof(text), "%llu", (unsigned long long) n);

    return (u_char *) memcpy(dst, text, len) + len;
}


int
pserver_opproof_parse(pserver_opproof_t *proof, const pserver_json_t *object)
{
    const pserver_json_t  *value, *anchor;

    memset(proof, 0, sizeof(pserver_opproof_t));

    if (!pserver_json_is(pserver_json_get(object, "kind"), "OperationProof"))
    {
        return PSERVER_INVALID;
    }

    value = pserver_opproof_text(object, "id");

    if (value == NULL
        || pserver_hex_decode(proof->id, sizeof(proof->id), value->value)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    value = pserver_opproof_text(object, "checkpoint");

    if (value == NULL || value->value.len > PSERVER_NOTE_MAX) {
        return PSERVER_INVALID;
    }

    proof->checkpoint = value->value;
    proof->entry.data = proof->bytes;

    if (pserver_opproof_read(object, "entry", proof->bytes,
                             PSERVER_ENTRY_MAX, &proof->entry.len)
        != PSERVER_OK
        || pserver_opproof_path(object, proof->proof, &proof->n)
           != PSERVER_OK
        || pserver_opproof_fields(proof, pserver_json_get(object, "openings"),
                                  proof->bytes + proof->entry.len)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    anchor = pserver_json_get(object, "anchor");

    if (anchor == NULL) {
        return PSERVER_INVALID;
    }

    if (anchor->type == PSERVER_JSON_NULL) {
        return PSERVER_OK;
    }

    value = pserver_json_get(anchor, "size");

    if (value == NULL
        || pserver_json_uint(value, INT64_MAX, &proof->anchor.size)
           != PSERVER_OK
        || proof->anchor.size == 0)
    {
        return PSERVER_INVALID;
    }

    return (pserver_opproof_read(anchor, "root", proof->anchor.root,
                                 PSERVER_MERKLE_LEN, NULL)
            == PSERVER_OK)
           ? pserver_opproof_path(anchor, proof->anchor.proof,
                                  &proof->anchor.n)
           : PSERVER_INVALID;
}


/* their values go to p, where there is room for as many as an entry has */

static int
pserver_opproof_fields(pserver_opproof_t *proof, const pserver_json_t *list,
    u_char *p)
{
    const pserver_json_t  *value;

    if (list == NULL
        || list->type != PSERVER_JSON_ARRAY
        || list->count > PSERVER_ENTRY_FIELDS_MAX)
    {
        return PSERVER_INVALID;
    }

    for (value = list->child; value; value = value->next) {

        if (pserver_opproof_field(&proof->fields[proof->nfields++], value,
                                  &p)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


static int
pserver_opproof_field(pserver_opproof_field_t *field,
    const pserver_json_t *value, u_char **p)
{
    uint64_t               id;
    const pserver_json_t  *number;

    number = pserver_json_get(value, "field");

    if (number == NULL
        || pserver_json_uint(number, 255, &id) != PSERVER_OK
        || pserver_opproof_read(value, "key", field->key, sizeof(field->key),
                                NULL)
           != PSERVER_OK
        || pserver_opproof_read(value, "value", *p, PSERVER_ENTRY_VALUE_MAX,
                                &field->value.len)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    field->id = (u_char) id;
    field->value.data = *p;

    *p += field->value.len;

    return PSERVER_OK;
}


/* up to size bytes; exactly so many where nobody asks for their number */

static int
pserver_opproof_read(const pserver_json_t *object, const char *name,
    u_char *data, size_t size, size_t *len)
{
    size_t                 n;
    const pserver_json_t  *value;

    value = pserver_opproof_text(object, name);

    if (value == NULL
        || sodium_base642bin(data, size, (char *) value->value.data,
                             value->value.len, NULL, &n, NULL,
                             PSERVER_OPPROOF_BASE64)
           != 0)
    {
        return PSERVER_INVALID;
    }

    if (len == NULL) {
        return (n == size) ? PSERVER_OK : PSERVER_INVALID;
    }

    *len = n;

    return PSERVER_OK;
}


static int
pserver_opproof_path(const pserver_json_t *object,
    pserver_opproof_hashes_t hashes, size_t *n)
{
    size_t  len;

    if (pserver_opproof_read(object, "proof", (u_char *) hashes,
                             sizeof(pserver_opproof_hashes_t), &len)
        != PSERVER_OK
        || len % PSERVER_MERKLE_LEN)
    {
        return PSERVER_INVALID;
    }

    *n = len / PSERVER_MERKLE_LEN;

    return PSERVER_OK;
}


static const pserver_json_t *
pserver_opproof_text(const pserver_json_t *object, const char *name)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    return (value && value->type == PSERVER_JSON_STRING) ? value : NULL;
}


pserver_opproof_fault_e
pserver_opproof_verify(const pserver_opproof_t *proof,
    const pserver_note_key_t *key, pserver_entry_view_t *view,
    pserver_checkpoint_t *checkpoint)
{
    u_char                    leaf[PSERVER_MERKLE_LEN];
    pserver_opproof_fault_e   fault;

    if (pserver_entry_parse(view, proof->entry.data, proof->entry.len)
        != PSERVER_OK)
    {
        return PSERVER_OPPROOF_ENTRY;
    }

    fault = pserver_opproof_opened(proof, view);

    if (fault != PSERVER_OPPROOF_OK) {
        return fault;
    }

    if (pserver_checkpoint_open(checkpoint, proof->checkpoint, key)
        != PSERVER_OK)
    {
        return PSERVER_OPPROOF_CHECKPOINT;
    }

    pserver_merkle_leaf(leaf, proof->entry.data, proof->entry.len);

    if (pserver_merkle_verify_inclusion(proof->proof, proof->n, leaf,
                                        view->sequence, checkpoint->size,
                                        checkpoint->root)
        != PSERVER_OK)
    {
        return PSERVER_OPPROOF_PATH;
    }

    if (proof->anchor.size
        && pserver_merkle_verify_inclusion(proof->anchor.proof,
                                           proof->anchor.n, leaf,
                                           view->sequence,
                                           proof->anchor.size,
                                           proof->anchor.root)
           != PSERVER_OK)
    {
        return PSERVER_OPPROOF_ANCHOR;
    }

    return PSERVER_OPPROOF_OK;
}


/* each field that is shown opens its commitment, and one names the
   operation */

static pserver_opproof_fault_e
pserver_opproof_opened(const pserver_opproof_t *proof,
    const pserver_entry_view_t *view)
{
    size_t                          i;
    u_char                          id[2 * sizeof(proof->id)];
    pserver_opproof_fault_e         fault;
    const pserver_opproof_field_t  *field;

    (void) pserver_hex_encode(id, proof->id, sizeof(proof->id));

    fault = PSERVER_OPPROOF_OPERATION;

    for (i = 0; i < proof->nfields; i++) {
        field = &proof->fields[i];

        if (pserver_entry_field_opens(view, field->id, field->key,
                                      field->value)
            != PSERVER_OK)
        {
            return PSERVER_OPPROOF_OPENING;
        }

        if (field->id == PSERVER_FIELD_OPERATION_ID
            && field->value.len == sizeof(id)
            && memcmp(field->value.data, id, sizeof(id)) == 0)
        {
            fault = PSERVER_OPPROOF_OK;
        }
    }

    return fault;
}


const char *
pserver_opproof_fault(pserver_opproof_fault_e fault)
{
    switch (fault) {

    case PSERVER_OPPROOF_OK:
        return "it holds";

    case PSERVER_OPPROOF_ENTRY:
        return "what it shows is no entry of a log";

    case PSERVER_OPPROOF_OPENING:
        return "a value that it shows is not what the entry commits to";

    case PSERVER_OPPROOF_OPERATION:
        return "the entry is not shown to be of this operation";

    case PSERVER_OPPROOF_CHECKPOINT:
        return "its checkpoint is not signed by the log's key";

    case PSERVER_OPPROOF_PATH:
        return "the tree of the checkpoint does not have the entry";

    default: /* PSERVER_OPPROOF_ANCHOR */
        return "the tree that was anchored does not have the entry";
    }
}
