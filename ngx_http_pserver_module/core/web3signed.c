/*
 * Requests that a wallet signed.
 */

#include "web3signed.h"
#include "encode.h"
#include "signer.h"

#include <stdlib.h>
#include <string.h>


/* integers that JavaScript keeps apart */

#define PSERVER_WEB3SIGNED_MAX_TIME  ((1ULL << 53) - 1)


typedef struct {
    pserver_str_t         payload;
    pserver_str_t         signature;
} pserver_web3signed_header_t;


static const pserver_json_limits_t  pserver_web3signed_limits = { 8, 256 };

static const u_char  pserver_web3signed_prefix[] = "Web3Signed ";


static pserver_web3signed_reason_e pserver_web3signed_header(
    pserver_web3signed_header_t *header, pserver_str_t value);
static pserver_web3signed_reason_e pserver_web3signed_payload(
    pserver_web3signed_t *claims, pserver_str_t payload);
static pserver_web3signed_reason_e pserver_web3signed_claims(
    pserver_web3signed_t *claims);
static int pserver_web3signed_string(pserver_str_t *claim,
    const pserver_json_t *object, const char *name);
static pserver_web3signed_reason_e pserver_web3signed_signer(
    const secp256k1_context *secp, const pserver_web3signed_header_t *header,
    pserver_accounts_e accounts, pserver_web3signed_t *claims);
static int pserver_web3signed_equal(pserver_str_t a, pserver_str_t b);


pserver_web3signed_reason_e
pserver_web3signed_verify(const secp256k1_context *secp, pserver_str_t value,
    const pserver_web3signed_request_t *request, pserver_web3signed_t *claims)
{
    pserver_web3signed_header_t  header;
    pserver_web3signed_reason_e  reason, signer;

    memset(claims, 0, sizeof(pserver_web3signed_t));

    signer = PSERVER_WEB3SIGNED_OK;
    reason = pserver_web3signed_header(&header, value);

    if (reason == PSERVER_WEB3SIGNED_OK) {
        reason = pserver_web3signed_payload(claims, header.payload);
    }

    if (reason == PSERVER_WEB3SIGNED_OK) {
        reason = pserver_web3signed_claims(claims);
    }

    if (reason == PSERVER_WEB3SIGNED_OK) {
        signer = pserver_web3signed_signer(secp, &header, request->accounts,
                                           claims);
        reason = (signer == PSERVER_WEB3SIGNED_ASK) ? PSERVER_WEB3SIGNED_OK
                                                    : signer;
    }

    if (reason == PSERVER_WEB3SIGNED_OK) {
        reason = pserver_web3signed_match(claims, request);
    }

    if (reason != PSERVER_WEB3SIGNED_OK) {
        pserver_web3signed_free(claims);
        return reason;
    }

    return signer;
}


pserver_web3signed_reason_e
pserver_web3signed_match(const pserver_web3signed_t *claims,
    const pserver_web3signed_request_t *request)
{
    if (!pserver_origins_have(&request->aud, claims->aud)) {
        return PSERVER_WEB3SIGNED_AUDIENCE;
    }

    if (!pserver_web3signed_equal(claims->method, request->method)) {
        return PSERVER_WEB3SIGNED_METHOD;
    }

    if (!pserver_web3signed_equal(claims->uri, request->uri)) {
        return PSERVER_WEB3SIGNED_URI;
    }

    if (request->now > claims->exp + PSERVER_WEB3SIGNED_SKEW) {
        return PSERVER_WEB3SIGNED_EXPIRED;
    }

    if (claims->iat > request->now + PSERVER_WEB3SIGNED_SKEW) {
        return PSERVER_WEB3SIGNED_FUTURE;
    }

    if (claims->exp > claims->iat
        && claims->exp - claims->iat > request->max_lifetime)
    {
        return PSERVER_WEB3SIGNED_LIFETIME;
    }

    return PSERVER_WEB3SIGNED_OK;
}


pserver_web3signed_reason_e
pserver_web3signed_answered(const pserver_web3signed_t *claims,
    pserver_accounts_e accounts, pserver_account_answer_e answer)
{
    return (pserver_signer_answered(accounts, claims->by_key, answer)
            == PSERVER_SIGNER_OK)
           ? PSERVER_WEB3SIGNED_OK : PSERVER_WEB3SIGNED_ISSUER;
}


void
pserver_web3signed_free(pserver_web3signed_t *claims)
{
    pserver_json_free(claims->doc);

    memset(claims, 0, sizeof(pserver_web3signed_t));
}


pserver_web3signed_reason_e
pserver_web3signed_body(const pserver_web3signed_t *claims,
    const u_char sha256[32])
{
    u_char         text[7 + 64];
    pserver_str_t  expected;

    if (pserver_web3signed_bodiless(claims)) {
        return PSERVER_WEB3SIGNED_OK;
    }

    memcpy(text, "sha256:", 7);
    pserver_hex_encode(text + 7, sha256, 32);

    expected.data = text;
    expected.len = sizeof(text);

    return pserver_web3signed_equal(claims->body_hash, expected)
           ? PSERVER_WEB3SIGNED_OK : PSERVER_WEB3SIGNED_BODY;
}


int
pserver_web3signed_bodiless(const pserver_web3signed_t *claims)
{
    static const pserver_str_t  get = pserver_string("GET");
    static const pserver_str_t  head = pserver_string("HEAD");

    return pserver_web3signed_equal(claims->method, get)
           || pserver_web3signed_equal(claims->method, head);
}


const pserver_web3signed_error_t *
pserver_web3signed_error(pserver_web3signed_reason_e reason)
{
#define pserver_invalid_signature(reason)                                     \
    { 401, "INVALID_SIGNATURE", "Invalid signature", reason }

    static const pserver_web3signed_error_t  errors[] = {
        { 200, "", "", NULL },
        { 401, "MISSING_AUTH", "Missing authentication", NULL },
        pserver_invalid_signature("Missing Web3Signed prefix"),
        pserver_invalid_signature("Invalid header format"),
        pserver_invalid_signature("Invalid signature format"),
        pserver_invalid_signature("Invalid payload encoding"),
        pserver_invalid_signature("Invalid payload shape"),
        pserver_invalid_signature("Invalid payload claims"),
        pserver_invalid_signature("Invalid grantId claim"),
        pserver_invalid_signature("Signature recovery failed"),
        pserver_invalid_signature("Issuer mismatch"),
        pserver_invalid_signature("Audience mismatch"),
        pserver_invalid_signature("Method mismatch"),
        pserver_invalid_signature("URI mismatch"),
        pserver_invalid_signature("Body hash mismatch"),
        { 401, "EXPIRED_TOKEN", "Token expired", "Token expired" },
        { 401, "EXPIRED_TOKEN", "Token expired",
          "Token issued in the future" },
        pserver_invalid_signature("Lifetime too long"),
        { 500, "INTERNAL_ERROR", "Internal error", NULL },
        { 503, "BLOCKCHAIN_ERROR",
          "the blockchain can't be asked at the moment", NULL },
        { 503, "BLOCKCHAIN_ERROR",
          "too many questions to the blockchain are under way", NULL },
        { 500, "INTERNAL_ERROR", "Internal error", NULL }
    };

    return &errors[reason];
}


static pserver_web3signed_reason_e
pserver_web3signed_header(pserver_web3signed_header_t *header,
    pserver_str_t value)
{
    size_t   len;
    u_char  *dot;

    if (value.len == 0) {
        return PSERVER_WEB3SIGNED_MISSING;
    }

    len = sizeof(pserver_web3signed_prefix) - 1;

    if (value.len < len
        || memcmp(value.data, pserver_web3signed_prefix, len) != 0)
    {
        return PSERVER_WEB3SIGNED_PREFIX;
    }

    value.data += len;
    value.len -= len;

    dot = memchr(value.data, '.', value.len);
    if (dot == NULL) {
        return PSERVER_WEB3SIGNED_FORM;
    }

    header->payload.data = value.data;
    header->payload.len = (size_t) (dot - value.data);

    header->signature.data = dot + 1;
    header->signature.len = value.len - header->payload.len - 1;

    if (header->payload.len == 0 || header->signature.len == 0) {
        return PSERVER_WEB3SIGNED_FORM;
    }

    if (header->signature.len < 2
        || header->signature.data[0] != '0'
        || header->signature.data[1] != 'x')
    {
        return PSERVER_WEB3SIGNED_SIGNATURE_FORM;
    }

    return PSERVER_WEB3SIGNED_OK;
}


static pserver_web3signed_reason_e
pserver_web3signed_payload(pserver_web3signed_t *claims,
    pserver_str_t payload)
{
    int      rc, duplicate;
    size_t   len;
    u_char  *json;

    json = malloc(payload.len);
    if (json == NULL) {
        return PSERVER_WEB3SIGNED_NOMEM;
    }

    duplicate = 0;

    rc = pserver_base64url_decode(json, payload.len, &len, payload);

    if (rc == PSERVER_OK) {
        rc = pserver_json_parse_members(json, len,
                                        &pserver_web3signed_limits,
                                        &claims->doc, &duplicate);
    }

    free(json);

    if (rc == PSERVER_NOMEM) {
        return PSERVER_WEB3SIGNED_NOMEM;
    }

    if (rc != PSERVER_OK) {
        return duplicate ? PSERVER_WEB3SIGNED_CLAIMS
                         : PSERVER_WEB3SIGNED_ENCODING;
    }

    if (pserver_json_root(claims->doc)->type != PSERVER_JSON_OBJECT) {
        return PSERVER_WEB3SIGNED_SHAPE;
    }

    return PSERVER_WEB3SIGNED_OK;
}


static pserver_web3signed_reason_e
pserver_web3signed_claims(pserver_web3signed_t *claims)
{
    pserver_address_t      address;
    const pserver_json_t  *root;

    root = pserver_json_root(claims->doc);

    if (pserver_web3signed_string(&claims->aud, root, "aud") != PSERVER_OK
        || pserver_web3signed_string(&claims->body_hash, root, "bodyHash")
           != PSERVER_OK
        || pserver_web3signed_string(&claims->method, root, "method")
           != PSERVER_OK
        || pserver_web3signed_string(&claims->uri, root, "uri") != PSERVER_OK
        || pserver_json_uint(pserver_json_get(root, "exp"),
                             PSERVER_WEB3SIGNED_MAX_TIME, &claims->exp)
           != PSERVER_OK
        || pserver_json_uint(pserver_json_get(root, "iat"),
                             PSERVER_WEB3SIGNED_MAX_TIME, &claims->iat)
           != PSERVER_OK)
    {
        return PSERVER_WEB3SIGNED_CLAIMS;
    }

    if (pserver_json_get(root, "nonce")
        && pserver_web3signed_string(&claims->nonce, root, "nonce")
           != PSERVER_OK)
    {
        return PSERVER_WEB3SIGNED_CLAIMS;
    }

    if (pserver_json_get(root, "iss")
        && (pserver_web3signed_string(&claims->iss, root, "iss")
            != PSERVER_OK
            || pserver_address_parse(&address, claims->iss) != PSERVER_OK))
    {
        return PSERVER_WEB3SIGNED_CLAIMS;
    }

    if (pserver_json_get(root, "grantId")
        && pserver_web3signed_string(&claims->grant_id, root, "grantId")
           != PSERVER_OK)
    {
        return PSERVER_WEB3SIGNED_GRANT_ID;
    }

    return PSERVER_WEB3SIGNED_OK;
}


static int
pserver_web3signed_string(pserver_str_t *claim, const pserver_json_t *object,
    const char *name)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    if (value == NULL || value->type != PSERVER_JSON_STRING) {
        return PSERVER_INVALID;
    }

    *claim = value->value;

    return PSERVER_OK;
}


/* OK, ASK, or why it is nobody's */

static pserver_web3signed_reason_e
pserver_web3signed_signer(const secp256k1_context *secp,
    const pserver_web3signed_header_t *header, pserver_accounts_e accounts,
    pserver_web3signed_t *claims)
{
    pserver_signer_e   found;
    pserver_signer_t   signer;
    pserver_address_t  iss;

    claims->payload = header->payload;
    claims->signature = header->signature;

    pserver_eip191_digest(&claims->digest, header->payload);

    signer.signature = header->signature;
    signer.digest = &claims->digest;
    signer.iss = NULL;

    if (claims->iss.data) {
        (void) pserver_address_parse(&iss, claims->iss);
        signer.iss = &iss;
    }

    found = pserver_signer_find(secp, accounts, &signer);

    claims->address = signer.address;
    claims->by_key = signer.by_key;

    switch (found) {

    case PSERVER_SIGNER_OK:
        return PSERVER_WEB3SIGNED_OK;

    case PSERVER_SIGNER_ASK:
        return PSERVER_WEB3SIGNED_ASK;

    case PSERVER_SIGNER_NONE:
        return PSERVER_WEB3SIGNED_RECOVERY;

    default: /* PSERVER_SIGNER_OTHER */
        return PSERVER_WEB3SIGNED_ISSUER;
    }
}


static int
pserver_web3signed_equal(pserver_str_t a, pserver_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len)
                                            == 0);
}
