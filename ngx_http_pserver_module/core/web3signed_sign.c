/*
 * The client's side of Web3Signed.
 */

#include "web3signed.h"
#include "encode.h"
#include "json_write.h"

#include <stdlib.h>
#include <string.h>


static const char  pserver_web3signed_scheme[] = "Web3Signed ";


static size_t pserver_web3signed_json(u_char *dst,
    const pserver_web3signed_t *claims);
static size_t pserver_web3signed_member(u_char *dst, size_t len,
    const char *name, pserver_str_t value);
static size_t pserver_web3signed_number(u_char *dst, size_t len,
    const char *name, uint64_t value);
static size_t pserver_web3signed_name(u_char *dst, size_t len,
    const char *name);
static int pserver_web3signed_check(const u_char *json, size_t len);


int
pserver_web3signed_sign(const secp256k1_context *secp,
    const pserver_web3signed_t *claims, const u_char key[32],
    pserver_str_t *value)
{
    int                   rc;
    size_t                len;
    u_char               *json, *p;
    pserver_str_t         payload;
    pserver_word_t        digest;
    pserver_address_t     account;
    pserver_signature_t   signature;

    if (claims->chain_id
        && pserver_address_parse(&account, claims->iss) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    len = pserver_web3signed_json(NULL, claims);

    json = malloc(len);
    if (json == NULL) {
        return PSERVER_NOMEM;
    }

    pserver_web3signed_json(json, claims);

    rc = pserver_web3signed_check(json, len);

    if (rc != PSERVER_OK) {
        free(json);
        return rc;
    }

    value->len = sizeof(pserver_web3signed_scheme) - 1
                 + pserver_base64url_len(len) + 1 + PSERVER_SIGNATURE_LEN;
    value->data = malloc(value->len);

    if (value->data == NULL) {
        free(json);
        return PSERVER_NOMEM;
    }

    p = value->data;

    memcpy(p, pserver_web3signed_scheme,
           sizeof(pserver_web3signed_scheme) - 1);

    payload.data = p + sizeof(pserver_web3signed_scheme) - 1;

    p = pserver_base64url_encode(payload.data, json, len);

    payload.len = (size_t) (p - payload.data);

    free(json);

    if (claims->chain_id) {
        pserver_account_digest(&digest, claims->chain_id, &account, payload);

    } else {
        pserver_eip191_digest(&digest, payload);
    }

    rc = pserver_signature_sign(secp, &signature, key, &digest);

    if (rc != PSERVER_OK) {
        free(value->data);
        value->data = NULL;
        value->len = 0;
        return rc;
    }

    *p++ = '.';
    pserver_signature_format(p, &signature);

    return PSERVER_OK;
}


static size_t
pserver_web3signed_json(u_char *dst, const pserver_web3signed_t *claims)
{
    size_t  len;

    len = pserver_web3signed_member(dst, 0, "aud", claims->aud);
    len = pserver_web3signed_member(dst, len, "bodyHash", claims->body_hash);
    len = pserver_web3signed_number(dst, len, "exp", claims->exp);

    if (claims->grant_id.data) {
        len = pserver_web3signed_member(dst, len, "grantId",
                                        claims->grant_id);
    }

    len = pserver_web3signed_number(dst, len, "iat", claims->iat);

    if (claims->iss.data) {
        len = pserver_web3signed_member(dst, len, "iss", claims->iss);
    }

    len = pserver_web3signed_member(dst, len, "method", claims->method);

    if (claims->nonce.data) {
        len = pserver_web3signed_member(dst, len, "nonce", claims->nonce);
    }

    len = pserver_web3signed_member(dst, len, "uri", claims->uri);

    if (dst) {
        dst[len] = '}';
    }

    return len + 1;
}


static size_t
pserver_web3signed_member(u_char *dst, size_t len, const char *name,
    pserver_str_t value)
{
    len = pserver_web3signed_name(dst, len, name);

    return len + pserver_json_quote(dst ? dst + len : NULL, value);
}


static size_t
pserver_web3signed_number(u_char *dst, size_t len, const char *name,
    uint64_t value)
{
    u_char          text[PSERVER_WORD_DEC_LEN], *end;
    pserver_word_t  word;

    len = pserver_web3signed_name(dst, len, name);

    pserver_word_from_uint64(&word, value);
    end = pserver_word_decimal(text, &word);

    if (dst) {
        memcpy(dst + len, text, (size_t) (end - text));
    }

    return len + (size_t) (end - text);
}


static size_t
pserver_web3signed_name(u_char *dst, size_t len, const char *name)
{
    pserver_str_t  text;

    text.data = (u_char *) name;
    text.len = strlen(name);

    if (dst) {
        dst[len] = len ? ',' : '{';
    }

    len += 1 + pserver_json_quote(dst ? dst + len + 1 : NULL, text);

    if (dst) {
        dst[len] = ':';
    }

    return len + 1;
}


/* refuses strings that are not UTF-8 */

static int
pserver_web3signed_check(const u_char *json, size_t len)
{
    int                  rc;
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 1, 10 };

    rc = pserver_json_parse(json, len, &limits, &doc);

    if (rc == PSERVER_OK) {
        pserver_json_free(doc);
    }

    return rc;
}
