/*
 * The receipt of a result.
 */

#include "receipt.h"
#include "encode.h"
#include "json_write.h"
#include "keys.h"
#include "sha256.h"

#include <stdio.h>
#include <string.h>
#include <sodium.h>


/* members, quotes, and numbers of 20 digits */
#define PSERVER_RECEIPT_FIXED_LEN  2048


/* what the openings are called, and their ids as fields of the log */

static const struct {
    const char           *name;
    u_char                field;
} pserver_receipt_openings[PSERVER_RECEIPT_OPENINGS] = {
    { "permission", PSERVER_FIELD_PERMISSION },
    { "inputs", PSERVER_FIELD_INPUT },
    { "output", PSERVER_FIELD_OUTPUT }
};


static const pserver_word_t *pserver_receipt_commitment(
    const pserver_eip712_receipt_t *body, pserver_receipt_opening_e i);
static u_char *pserver_receipt_text(u_char *p, const char *text);
static u_char *pserver_receipt_string(u_char *p, const char *name,
    pserver_str_t text);
static u_char *pserver_receipt_number(u_char *p, const char *name,
    uint64_t value);
static u_char *pserver_receipt_word(u_char *p, const char *name,
    const u_char word[32]);
static u_char *pserver_receipt_opening(u_char *p, pserver_receipt_opening_e i,
    const pserver_receipt_opening_t *opening);
static int pserver_receipt_body(pserver_eip712_receipt_t *body,
    const pserver_json_t *object);
static int pserver_receipt_open(pserver_receipt_t *receipt,
    pserver_receipt_opening_e i, const pserver_json_t *openings);
static int pserver_receipt_get_string(pserver_str_t *text,
    const pserver_json_t *object, const char *name);
static int pserver_receipt_get_word(u_char word[32],
    const pserver_json_t *object, const char *name);


u_char *
pserver_receipt_line(u_char *dst, const u_char sha256[32], pserver_str_t path)
{
    u_char  *p;

    p = pserver_hex_encode(dst, sha256, 32);

    *p++ = ' ';
    *p++ = ' ';

    memcpy(p, path.data, path.len);
    p += path.len;

    *p++ = '\n';

    return p;
}


int
pserver_receipt_lists(pserver_str_t manifest, const u_char sha256[32],
    pserver_str_t path)
{
    u_char         hex[64];
    size_t         len;
    const u_char  *p, *last, *end;

    if (manifest.len == 0) {
        return 0;
    }

    (void) pserver_hex_encode(hex, sha256, 32);

    len = PSERVER_RECEIPT_LINE_LEN(path.len) - 1;
    last = manifest.data + manifest.len;

    for (p = manifest.data; p < last; p = end + 1) {

        end = memchr(p, '\n', (size_t) (last - p));

        if (end == NULL) {
            return 0;
        }

        if ((size_t) (end - p) == len
            && memcmp(p, hex, 64) == 0
            && memcmp(p + 64, "  ", 2) == 0
            && memcmp(p + 66, path.data, path.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
pserver_receipt_keys(u_char keys[PSERVER_RECEIPT_OPENINGS][32],
    const u_char ledger[32], const u_char id[32])
{
    int            i;
    u_char         text[sizeof("pserver/v1/receipt") - 1 + 32 + 1];
    pserver_str_t  key, info;

    static const pserver_str_t  none;

    memcpy(text, "pserver/v1/receipt", sizeof("pserver/v1/receipt") - 1);
    memcpy(text + sizeof("pserver/v1/receipt") - 1, id, 32);

    key.data = (u_char *) ledger;
    key.len = 32;
    info.data = text;
    info.len = sizeof(text);

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {
        text[sizeof(text) - 1] = pserver_receipt_openings[i].field;

        (void) pserver_hkdf(keys[i], 32, key, none, info);
    }
}


void
pserver_receipt_commit(pserver_word_t *out, pserver_receipt_opening_e i,
    const u_char key[32], pserver_str_t value)
{
    u_char            digest[32];
    pserver_hmac_t    hmac;
    pserver_sha256_t  sha;

    pserver_hmac_init(&hmac, key, 32);
    pserver_hmac_update(&hmac, &pserver_receipt_openings[i].field, 1);

    if (i == PSERVER_RECEIPT_PERMISSION) {
        pserver_hmac_update(&hmac, value.data, value.len);

    } else {
        pserver_sha256_init(&sha);
        pserver_sha256_update(&sha, value.data, value.len);
        pserver_sha256_final(&sha, digest);

        pserver_hmac_update(&hmac, digest, 32);
    }

    pserver_hmac_final(&hmac, out->bytes);
}


static const pserver_word_t *
pserver_receipt_commitment(const pserver_eip712_receipt_t *body,
    pserver_receipt_opening_e i)
{
    switch (i) {

    case PSERVER_RECEIPT_PERMISSION:
        return &body->permission;

    case PSERVER_RECEIPT_INPUTS:
        return &body->inputs;

    default: /* PSERVER_RECEIPT_OUTPUT */
        return &body->output;
    }
}


size_t
pserver_receipt_len(const pserver_receipt_t *receipt)
{
    int     i;
    size_t  len;

    len = PSERVER_RECEIPT_FIXED_LEN + receipt->body.origin.len
          + receipt->body.log.len;

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {

        if (receipt->openings[i].value.data == NULL) {
            continue;
        }

        len += 256 + (i == PSERVER_RECEIPT_PERMISSION
                      ? PSERVER_WORD_DEC_LEN
                      : pserver_json_quote(NULL,
                                           receipt->openings[i].value));
    }

    return len;
}


u_char *
pserver_receipt_write(u_char *dst, const pserver_receipt_t *receipt)
{
    int                              i;
    u_char                          *p;
    const pserver_eip712_receipt_t  *body;

    body = &receipt->body;

    p = pserver_receipt_text(dst, "{\"kind\":\"Receipt\",\"server\":\"");
    p = pserver_address_format(p, &receipt->server);
    p = pserver_receipt_text(p, "\"");
    p = pserver_receipt_string(p, "origin", body->origin);
    p = pserver_receipt_number(p, "chain_id", body->chain_id);
    p = pserver_receipt_word(p, "operation", body->operation.bytes);
    p = pserver_receipt_word(p, "image", body->image.bytes);
    p = pserver_receipt_word(p, "permission", body->permission.bytes);
    p = pserver_receipt_word(p, "inputs", body->inputs.bytes);
    p = pserver_receipt_word(p, "output", body->output.bytes);
    p = pserver_receipt_number(p, "block", body->block);
    p = pserver_receipt_word(p, "block_hash", body->block_hash.bytes);
    p = pserver_receipt_string(p, "log", body->log);
    p = pserver_receipt_number(p, "entry", body->entry);
    p = pserver_receipt_word(p, "leaf", body->leaf.bytes);
    p = pserver_receipt_number(p, "finished_at", body->finished_at);
    p = pserver_receipt_text(p, ",\"signature\":\"");
    p = pserver_signature_format(p, &receipt->signature);
    p = pserver_receipt_text(p, "\",\"openings\":{");

    dst = p;

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {

        if (receipt->openings[i].value.data) {

            if (p != dst) {
                *p++ = ',';
            }

            p = pserver_receipt_opening(p, i, &receipt->openings[i]);
        }
    }

    return pserver_receipt_text(p, "}}");
}


static u_char *
pserver_receipt_text(u_char *p, const char *text)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);

    return p + len;
}


static u_char *
pserver_receipt_string(u_char *p, const char *name, pserver_str_t text)
{
    p = pserver_receipt_text(p, ",\"");
    p = pserver_receipt_text(p, name);
    p = pserver_receipt_text(p, "\":");

    return p + pserver_json_quote(p, text);
}


static u_char *
pserver_receipt_number(u_char *p, const char *name, uint64_t value)
{
    char  number[32];

    (void) snprintf(number, sizeof(number), "%llu",
                    (unsigned long long) value);

    p = pserver_receipt_text(p, ",\"");
    p = pserver_receipt_text(p, name);
    p = pserver_receipt_text(p, "\":");

    return pserver_receipt_text(p, number);
}


static u_char *
pserver_receipt_word(u_char *p, const char *name, const u_char word[32])
{
    p = pserver_receipt_text(p, ",\"");
    p = pserver_receipt_text(p, name);
    p = pserver_receipt_text(p, "\":\"0x");
    p = pserver_hex_encode(p, word, 32);

    return pserver_receipt_text(p, "\"");
}


static u_char *
pserver_receipt_opening(u_char *p, pserver_receipt_opening_e i,
    const pserver_receipt_opening_t *opening)
{
    pserver_word_t  id;

    p = pserver_receipt_text(p, "\"");
    p = pserver_receipt_text(p, pserver_receipt_openings[i].name);
    p = pserver_receipt_text(p, "\":{\"key\":\"0x");
    p = pserver_hex_encode(p, opening->key, 32);
    p = pserver_receipt_text(p, "\"");

    if (i == PSERVER_RECEIPT_PERMISSION) {
        memcpy(id.bytes, opening->value.data, 32);

        p = pserver_receipt_text(p, ",\"id\":\"");
        p = pserver_word_decimal(p, &id);
        p = pserver_receipt_text(p, "\"");

    } else {
        p = pserver_receipt_string(p, "manifest", opening->value);
    }

    return pserver_receipt_text(p, "}");
}


int
pserver_receipt_parse(pserver_receipt_t *receipt,
    const pserver_json_t *object)
{
    int                    i;
    pserver_str_t          text;
    const pserver_json_t  *openings;

    memset(receipt, 0, sizeof(pserver_receipt_t));

    openings = pserver_json_get(object, "openings");

    if (!pserver_json_is(pserver_json_get(object, "kind"), "Receipt")
        || openings == NULL
        || openings->type != PSERVER_JSON_OBJECT
        || pserver_receipt_get_string(&text, object, "server") != PSERVER_OK
        || pserver_address_parse(&receipt->server, text) != PSERVER_OK
        || pserver_receipt_get_string(&text, object, "signature")
           != PSERVER_OK
        || pserver_signature_parse(&receipt->signature, text)
           != PSERVER_SIGNATURE_OK
        || pserver_receipt_body(&receipt->body, object) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {
        if (pserver_receipt_open(receipt, i, openings) != PSERVER_OK) {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


static int
pserver_receipt_body(pserver_eip712_receipt_t *body,
    const pserver_json_t *object)
{
    size_t  i;

    const struct {
        const char      *name;
        pserver_word_t  *word;
    } words[] = {
        { "operation", &body->operation },
        { "image", &body->image },
        { "permission", &body->permission },
        { "inputs", &body->inputs },
        { "output", &body->output },
        { "block_hash", &body->block_hash },
        { "leaf", &body->leaf }
    };

    const struct {
        const char      *name;
        uint64_t        *number;
    } numbers[] = {
        { "chain_id", &body->chain_id },
        { "block", &body->block },
        { "entry", &body->entry },
        { "finished_at", &body->finished_at }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (pserver_receipt_get_word(words[i].word->bytes, object,
                                     words[i].name)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }
    }

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (pserver_json_uint(pserver_json_get(object, numbers[i].name),
                              UINT64_MAX, numbers[i].number)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }
    }

    if (pserver_receipt_get_string(&body->origin, object, "origin")
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return pserver_receipt_get_string(&body->log, object, "log");
}


/* one that is not there is closed */

static int
pserver_receipt_open(pserver_receipt_t *receipt, pserver_receipt_opening_e i,
    const pserver_json_t *openings)
{
    pserver_str_t               text;
    const pserver_json_t       *value;
    pserver_receipt_opening_t  *opening;

    value = pserver_json_get(openings, pserver_receipt_openings[i].name);

    if (value == NULL) {
        return PSERVER_OK;
    }

    opening = &receipt->openings[i];

    if (pserver_receipt_get_word(opening->key, value, "key") != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    if (i != PSERVER_RECEIPT_PERMISSION) {
        return pserver_receipt_get_string(&opening->value, value, "manifest");
    }

    if (pserver_receipt_get_string(&text, value, "id") != PSERVER_OK
        || pserver_word_parse(&receipt->permission, text) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    opening->value.data = receipt->permission.bytes;
    opening->value.len = 32;

    return PSERVER_OK;
}


static int
pserver_receipt_get_string(pserver_str_t *text, const pserver_json_t *object,
    const char *name)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    if (value == NULL || value->type != PSERVER_JSON_STRING) {
        return PSERVER_INVALID;
    }

    *text = value->value;

    return PSERVER_OK;
}


static int
pserver_receipt_get_word(u_char word[32], const pserver_json_t *object,
    const char *name)
{
    pserver_str_t  text;

    if (pserver_receipt_get_string(&text, object, name) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    return pserver_hex0x_decode(word, 32, text);
}


pserver_receipt_fault_e
pserver_receipt_verify(const secp256k1_context *secp,
    const pserver_receipt_t *receipt)
{
    int                               i;
    pserver_word_t                    digest, commitment;
    pserver_address_t                 address;
    const pserver_receipt_opening_t  *opening;

    pserver_eip712_receipt_digest(&digest, &receipt->body);

    if (pserver_signature_recover(secp, &receipt->signature, &digest,
                                  &address)
        != PSERVER_SIGNATURE_OK
        || memcmp(address.bytes, receipt->server.bytes, 20) != 0)
    {
        return PSERVER_RECEIPT_SIGNATURE;
    }

    for (i = 0; i < PSERVER_RECEIPT_OPENINGS; i++) {

        opening = &receipt->openings[i];

        if (opening->value.data == NULL) {
            continue;
        }

        pserver_receipt_commit(&commitment, i, opening->key, opening->value);

        if (memcmp(commitment.bytes,
                   pserver_receipt_commitment(&receipt->body, i)->bytes, 32)
            != 0)
        {
            return PSERVER_RECEIPT_OPENING;
        }
    }

    return PSERVER_RECEIPT_OK;
}
