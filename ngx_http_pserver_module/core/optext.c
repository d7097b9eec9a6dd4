/*
 * The body of POST /api/v1/operations.
 */

#include "optext.h"
#include "encode.h"
#include "signer.h"

#include <string.h>


/* integers that JavaScript keeps apart */

#define PSERVER_OPTEXT_MAX_INTEGER  ((1ULL << 53) - 1)


static const pserver_json_limits_t  pserver_optext_envelope_limits = {
    4, 64
};

static const pserver_json_limits_t  pserver_optext_limits = { 32, 20000 };


static pserver_optext_reason_e pserver_optext_envelope(
    pserver_optext_t *optext, const u_char *body, size_t len);
static pserver_optext_reason_e pserver_optext_text(pserver_optext_t *optext);
static size_t pserver_optext_characters(pserver_str_t text);
static pserver_optext_reason_e pserver_optext_members(
    pserver_optext_t *optext);
static pserver_optext_reason_e pserver_optext_permission(
    pserver_optext_t *optext, const pserver_json_t *value);
static const pserver_json_t *pserver_optext_get(const pserver_json_t *object,
    const char *name);


static const pserver_optext_error_t  pserver_optext_errors[] = {

    { 202, NULL, "", NULL, NULL },

    { 422, NULL, "JSON decode error", "json_invalid", NULL },
    { 422, NULL, "Value error, a member is given twice", "value_error",
      NULL },
    { 422, NULL, "Input should be a valid dictionary", "dict_type", NULL },

    { 422, "app_signature", "Field required", "missing", NULL },
    { 422, "app_signature", "Input should be a valid string", "string_type",
      NULL },
    { 422, "app_signature",
      "String should match pattern '^0x[0-9a-fA-F]{130}$'",
      "string_pattern_mismatch", NULL },

    { 422, "operation_request_json", "Field required", "missing", NULL },
    { 422, "operation_request_json", "Input should be a valid string",
      "string_type", NULL },
    { 422, "operation_request_json",
      "String should have at least 2 characters", "string_too_short", NULL },
    { 422, "operation_request_json",
      "String should have at most 100000 characters", "string_too_long",
      NULL },

    { 422, "operation_request_json", "Value error, the text is not JSON",
      "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, a member is given twice", "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, the text is not a JSON object", "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, permission_id is missing", "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, permission_id is not an integer below 2^53 or a decimal "
      "string", "value_error", NULL },
    { 400, "permission_id", "permission_id must be greater than 0", NULL,
      "VALIDATION_ERROR_PERMISSION_ID" },
    { 422, "operation_request_json",
      "Value error, operation is not a non-empty string", "value_error",
      NULL },
    { 422, "operation_request_json",
      "Value error, parameters is not an object", "value_error", NULL },
    { 422, "operation_request_json", "Value error, aud is not a string",
      "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, chain_id is not an integer", "value_error", NULL },
    { 422, "operation_request_json",
      "Value error, nonce is not a string of 1 to 128 bytes", "value_error",
      NULL },
    { 422, "operation_request_json", "Value error, exp is not an integer",
      "value_error", NULL },
    { 422, "operation_request_json", "Value error, iss is not an address",
      "value_error", NULL },

    { 422, "operation_request_json",
      "Value error, this server asks for aud, chain_id, nonce and exp",
      "value_error", NULL },
    { 401, NULL, "The request is signed for another server", NULL,
      "AUTHENTICATION_ERROR" },
    { 401, NULL, "The request is signed for another chain", NULL,
      "AUTHENTICATION_ERROR" },
    { 401, NULL, "The request has expired", NULL, "AUTHENTICATION_ERROR" },

    { 401, NULL, "The signature is not valid", NULL,
      "AUTHENTICATION_ERROR" },
    { 401, NULL, "The account has not signed this", NULL,
      "AUTHENTICATION_ERROR" },

    { 500, NULL, "Internal server error", NULL, "INTERNAL_SERVER_ERROR" },
    { 503, NULL, "The blockchain can't be asked at the moment", NULL,
      "BLOCKCHAIN_ERROR" },
    { 503, NULL, "Too many questions to the blockchain are under way", NULL,
      "BLOCKCHAIN_ERROR" },

    { 500, NULL, "Internal server error", NULL, "INTERNAL_SERVER_ERROR" }
};


pserver_optext_reason_e
pserver_optext_parse(pserver_optext_t *optext, const u_char *body, size_t len)
{
    pserver_optext_reason_e  reason;

    memset(optext, 0, sizeof(pserver_optext_t));

    reason = pserver_optext_envelope(optext, body, len);

    if (reason == PSERVER_OPTEXT_OK) {
        reason = pserver_optext_text(optext);

        /* only an account that the text names signs in another form */

        if (reason != PSERVER_OPTEXT_NOMEM
            && !optext->has_iss
            && optext->signature.len != PSERVER_SIGNATURE_LEN)
        {
            reason = PSERVER_OPTEXT_SIGNATURE_PATTERN;
        }
    }

    if (reason != PSERVER_OPTEXT_OK) {
        pserver_optext_free(optext);
        return reason;
    }

    pserver_eip191_digest(&optext->digest, optext->text);

    return PSERVER_OPTEXT_OK;
}


void
pserver_optext_free(pserver_optext_t *optext)
{
    pserver_json_free(optext->doc);
    pserver_json_free(optext->envelope);

    memset(optext, 0, sizeof(pserver_optext_t));
}


pserver_optext_reason_e
pserver_optext_signer(const secp256k1_context *secp,
    pserver_accounts_e accounts, pserver_optext_t *optext)
{
    pserver_signer_e  found;
    pserver_signer_t  signer;

    signer.signature = optext->signature;
    signer.digest = &optext->digest;
    signer.iss = optext->has_iss ? &optext->iss : NULL;

    found = pserver_signer_find(secp, accounts, &signer);

    optext->address = signer.address;
    optext->by_key = signer.by_key;

    switch (found) {

    case PSERVER_SIGNER_OK:
        return PSERVER_OPTEXT_OK;

    case PSERVER_SIGNER_ASK:
        return PSERVER_OPTEXT_ASK;

    case PSERVER_SIGNER_NONE:
        return PSERVER_OPTEXT_SIGNER;

    default: /* PSERVER_SIGNER_OTHER */
        return PSERVER_OPTEXT_ISSUER;
    }
}


pserver_optext_reason_e
pserver_optext_answered(const pserver_optext_t *optext,
    pserver_accounts_e accounts, pserver_account_answer_e answer)
{
    return (pserver_signer_answered(accounts, optext->by_key, answer)
            == PSERVER_SIGNER_OK)
           ? PSERVER_OPTEXT_OK : PSERVER_OPTEXT_ISSUER;
}


pserver_optext_reason_e
pserver_optext_check(const pserver_optext_t *optext,
    const pserver_optext_request_t *request)
{
    if (request->require
        && (optext->aud.data == NULL
            || optext->nonce.data == NULL
            || !optext->has_chain_id
            || !optext->has_exp))
    {
        return PSERVER_OPTEXT_REQUIRED;
    }

    if (optext->aud.data
        && !pserver_origins_have(&request->aud, optext->aud))
    {
        return PSERVER_OPTEXT_OTHER_AUD;
    }

    if (optext->has_chain_id && optext->chain_id != request->chain_id) {
        return PSERVER_OPTEXT_OTHER_CHAIN;
    }

    if (optext->has_exp && request->now > optext->exp + PSERVER_OPTEXT_SKEW) {
        return PSERVER_OPTEXT_EXPIRED;
    }

    return PSERVER_OPTEXT_OK;
}


const pserver_optext_error_t *
pserver_optext_error(pserver_optext_reason_e reason)
{
    return &pserver_optext_errors[reason];
}


static pserver_optext_reason_e
pserver_optext_envelope(pserver_optext_t *optext, const u_char *body,
    size_t len)
{
    int                    rc, duplicate;
    const pserver_json_t  *root, *value;

    rc = pserver_json_parse_members(body, len,
                                    &pserver_optext_envelope_limits,
                                    &optext->envelope, &duplicate);
    if (rc != PSERVER_OK) {

        if (rc == PSERVER_NOMEM) {
            return PSERVER_OPTEXT_NOMEM;
        }

        return duplicate ? PSERVER_OPTEXT_BODY_DUPLICATE
                         : PSERVER_OPTEXT_BODY_JSON;
    }

    root = pserver_json_root(optext->envelope);

    if (root->type != PSERVER_JSON_OBJECT) {
        return PSERVER_OPTEXT_BODY_OBJECT;
    }

    value = pserver_json_get(root, "app_signature");

    if (value == NULL) {
        return PSERVER_OPTEXT_SIGNATURE_MISSING;
    }

    if (value->type != PSERVER_JSON_STRING) {
        return PSERVER_OPTEXT_SIGNATURE_STRING;
    }

    if (pserver_account_signature_len(value->value) == 0) {
        return PSERVER_OPTEXT_SIGNATURE_PATTERN;
    }

    optext->signature = value->value;

    value = pserver_json_get(root, "operation_request_json");

    if (value == NULL) {
        return PSERVER_OPTEXT_TEXT_MISSING;
    }

    if (value->type != PSERVER_JSON_STRING) {
        return PSERVER_OPTEXT_TEXT_STRING;
    }

    optext->text = value->value;

    return PSERVER_OPTEXT_OK;
}


static pserver_optext_reason_e
pserver_optext_text(pserver_optext_t *optext)
{
    int     rc, duplicate;
    size_t  characters;

    characters = pserver_optext_characters(optext->text);

    if (characters < PSERVER_OPTEXT_MIN) {
        return PSERVER_OPTEXT_TEXT_SHORT;
    }

    if (characters > PSERVER_OPTEXT_MAX) {
        return PSERVER_OPTEXT_TEXT_LONG;
    }

    rc = pserver_json_parse_members(optext->text.data, optext->text.len,
                                    &pserver_optext_limits, &optext->doc,
                                    &duplicate);
    if (rc != PSERVER_OK) {

        if (rc == PSERVER_NOMEM) {
            return PSERVER_OPTEXT_NOMEM;
        }

        return duplicate ? PSERVER_OPTEXT_TEXT_DUPLICATE
                         : PSERVER_OPTEXT_TEXT_JSON;
    }

    if (pserver_json_root(optext->doc)->type != PSERVER_JSON_OBJECT) {
        return PSERVER_OPTEXT_TEXT_OBJECT;
    }

    return pserver_optext_members(optext);
}


/* of valid UTF-8 */

static size_t
pserver_optext_characters(pserver_str_t text)
{
    size_t  i, n;

    for (i = 0, n = 0; i < text.len; i++) {
        n += ((text.data[i] & 0xc0) != 0x80);
    }

    return n;
}


static pserver_optext_reason_e
pserver_optext_members(pserver_optext_t *optext)
{
    const pserver_json_t     *root, *value;
    pserver_optext_reason_e   reason;

    root = pserver_json_root(optext->doc);

    reason = pserver_optext_permission(optext,
                                  pserver_json_get(root, "permission_id"));
    if (reason != PSERVER_OPTEXT_OK) {
        return reason;
    }

    value = pserver_optext_get(root, "operation");

    if (value) {
        if (value->type != PSERVER_JSON_STRING || value->value.len == 0) {
            return PSERVER_OPTEXT_OPERATION;
        }

        optext->operation = value->value;
    }

    value = pserver_optext_get(root, "parameters");

    if (value) {
        if (value->type != PSERVER_JSON_OBJECT) {
            return PSERVER_OPTEXT_PARAMETERS;
        }

        optext->parameters = value;
    }

    value = pserver_optext_get(root, "aud");

    if (value) {
        if (value->type != PSERVER_JSON_STRING) {
            return PSERVER_OPTEXT_AUD;
        }

        optext->aud = value->value;
    }

    value = pserver_optext_get(root, "chain_id");

    if (value) {
        if (pserver_json_uint(value, PSERVER_OPTEXT_MAX_INTEGER,
                              &optext->chain_id)
            != PSERVER_OK)
        {
            return PSERVER_OPTEXT_CHAIN_ID;
        }

        optext->has_chain_id = 1;
    }

    value = pserver_optext_get(root, "nonce");

    if (value) {
        if (value->type != PSERVER_JSON_STRING
            || value->value.len == 0
            || value->value.len > PSERVER_OPTEXT_NONCE_MAX)
        {
            return PSERVER_OPTEXT_NONCE;
        }

        optext->nonce = value->value;
    }

    value = pserver_optext_get(root, "exp");

    if (value) {
        if (pserver_json_uint(value, PSERVER_OPTEXT_MAX_INTEGER,
                              &optext->exp)
            != PSERVER_OK)
        {
            return PSERVER_OPTEXT_EXP;
        }

        optext->has_exp = 1;
    }

    value = pserver_optext_get(root, "iss");

    if (value) {
        if (value->type != PSERVER_JSON_STRING
            || pserver_address_parse(&optext->iss, value->value)
               != PSERVER_OK)
        {
            return PSERVER_OPTEXT_ISS;
        }

        optext->has_iss = 1;
    }

    return PSERVER_OPTEXT_OK;
}


static pserver_optext_reason_e
pserver_optext_permission(pserver_optext_t *optext,
    const pserver_json_t *value)
{
    size_t         i;
    uint64_t       n;
    pserver_str_t  digits;

    static const pserver_word_t  zero;

    if (value == NULL) {
        return PSERVER_OPTEXT_PERMISSION_MISSING;
    }

    if (value->type != PSERVER_JSON_NUMBER
        && value->type != PSERVER_JSON_STRING)
    {
        return PSERVER_OPTEXT_PERMISSION_TYPE;
    }

    digits = value->value;

    if (digits.len > 1 && digits.data[0] == '-') {
        digits.data++;
        digits.len--;
    }

    for (i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return PSERVER_OPTEXT_PERMISSION_TYPE;
        }
    }

    if (digits.len && digits.data != value->value.data) {
        return PSERVER_OPTEXT_PERMISSION_ZERO;
    }

    if (value->type == PSERVER_JSON_NUMBER
        && pserver_json_uint(value, PSERVER_OPTEXT_MAX_INTEGER, &n)
           != PSERVER_OK)
    {
        return PSERVER_OPTEXT_PERMISSION_TYPE;
    }

    if (pserver_word_parse(&optext->permission_id, digits) != PSERVER_OK) {
        return PSERVER_OPTEXT_PERMISSION_TYPE;
    }

    if (memcmp(&optext->permission_id, &zero, sizeof(pserver_word_t)) == 0) {
        return PSERVER_OPTEXT_PERMISSION_ZERO;
    }

    return PSERVER_OPTEXT_OK;
}


static const pserver_json_t *
pserver_optext_get(const pserver_json_t *object, const char *name)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    return (value && value->type != PSERVER_JSON_NULL) ? value : NULL;
}
