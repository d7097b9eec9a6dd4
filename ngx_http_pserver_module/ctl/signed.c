/*
 * What is signed.
 */

#include "signed.h"
#include "../core/encode.h"
#include "../core/json_write.h"
#include "../core/optext.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


static void pserverctl_put(FILE *out, const char *name, pserver_str_t value,
    int quoted);
static int pserverctl_buffer(FILE *out, pserver_str_t *text);
static int pserverctl_optext_check(const pserverctl_args_t *args,
    pserver_str_t body);


int
pserverctl_issuer(const pserverctl_args_t *args, pserverctl_issuer_t *issuer)
{
    memset(issuer, 0, sizeof(pserverctl_issuer_t));

    issuer->iss = pserverctl_value(args, "iss");

    if (issuer->iss.data == NULL) {
        return PSERVERCTL_OK;
    }

    if (pserver_address_parse(&issuer->address, issuer->iss) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--iss is no address");
    }

    return pserverctl_number(args, "chain-id", 0, &issuer->chain_id);
}


int
pserverctl_sign_request(const u_char key[32], pserver_web3signed_t *claims,
    pserver_str_t body, pserver_str_t *value)
{
    int                 rc;
    u_char              sha256[32], hash[7 + 64];
    secp256k1_context  *secp;

    crypto_hash_sha256(sha256, body.data, body.len);

    memcpy(hash, "sha256:", 7);
    pserver_hex_encode(hash + 7, sha256, 32);

    claims->body_hash.data = hash;
    claims->body_hash.len = sizeof(hash);

    secp = pserverctl_secp256k1();

    rc = pserver_web3signed_sign(secp, claims, key, value);

    secp256k1_context_destroy(secp);

    claims->body_hash.data = NULL;
    claims->body_hash.len = 0;

    if (rc != PSERVER_OK) {
        pserverctl_error("not signed: the key is none of secp256k1, or what "
                         "is to be signed is not UTF-8");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_sign_text(const u_char key[32], const pserverctl_issuer_t *issuer,
    pserver_str_t text, u_char out[PSERVER_SIGNATURE_LEN])
{
    pserver_word_t  digest;

    if (issuer->chain_id) {
        pserver_account_digest(&digest, issuer->chain_id, &issuer->address,
                               text);

    } else {
        pserver_eip191_digest(&digest, text);
    }

    return pserverctl_sign_digest(key, &digest, out);
}


int
pserverctl_sign_digest(const u_char key[32], const pserver_word_t *digest,
    u_char out[PSERVER_SIGNATURE_LEN])
{
    int                  rc;
    secp256k1_context   *secp;
    pserver_signature_t  signature;

    secp = pserverctl_secp256k1();

    rc = pserver_signature_sign(secp, &signature, key, digest);

    secp256k1_context_destroy(secp);

    if (rc != PSERVER_OK) {
        pserverctl_error("not signed: the key is none of secp256k1");
        return PSERVERCTL_FAILED;
    }

    pserver_signature_format(out, &signature);

    return PSERVERCTL_OK;
}


int
pserverctl_optext(const pserverctl_args_t *args, pserver_str_t aud,
    pserver_str_t *text)
{
    FILE           *out;
    char            nonce[33], exp[32];
    size_t          i;
    pserver_str_t   values[8], whole;

    static const struct {
        const char  *option;
        const char  *member;
        int          quoted;
    } members[] = {
        { "permission-id", "permission_id", 0 },
        { "operation", "operation", 1 },
        { "parameters", "parameters", 0 },
        { "aud", "aud", 1 },
        { "chain-id", "chain_id", 0 },
        { "nonce", "nonce", 1 },
        { "exp", "exp", 0 },
        { "iss", "iss", 1 }
    };

    for (i = 0; i < 8; i++) {
        values[i] = pserverctl_value(args, members[i].option);
    }

    whole = pserverctl_value(args, "text");

    if (whole.data == NULL && values[0].data == NULL) {
        return pserverctl_usage_error(args, "--permission-id is missing");
    }

    if (whole.data == NULL && aud.data) {

        if (values[3].data == NULL) {
            values[3] = aud;
        }

        if (values[5].data == NULL) {
            pserverctl_nonce(nonce);
            values[5] = pserverctl_str(nonce);
        }

        if (values[6].data == NULL) {
            snprintf(exp, sizeof(exp), "%lld",
                     (long long) time(NULL) + PSERVERCTL_TTL);
            values[6] = pserverctl_str(exp);
        }
    }

    out = open_memstream((char **) &text->data, &text->len);

    if (out == NULL) {
        return pserverctl_buffer(out, text);
    }

    if (whole.data) {
        fwrite(whole.data, 1, whole.len, out);
        return pserverctl_buffer(out, text);
    }

    for (i = 0; i < 8; i++) {
        if (values[i].data) {
            fputc(i ? ',' : '{', out);

            /* beyond 15 digits JavaScript might take it for another */

            pserverctl_put(out, members[i].member, values[i],
                           members[i].quoted
                           || (i == 0 && values[0].len > 15));
        }
    }

    fputc('}', out);

    return pserverctl_buffer(out, text);
}


int
pserverctl_optext_body(const pserverctl_args_t *args, const u_char key[32],
    pserver_str_t text, pserver_str_t *body)
{
    int                   rc;
    FILE                 *out;
    u_char                signature[PSERVER_SIGNATURE_LEN];
    pserver_str_t         value;
    pserverctl_issuer_t   issuer;

    if (pserverctl_issuer(args, &issuer) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    if (pserverctl_sign_text(key, &issuer, text, signature)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    value.data = signature;
    value.len = sizeof(signature);

    out = open_memstream((char **) &body->data, &body->len);

    if (out) {
        fputc('{', out);
        pserverctl_put(out, "app_signature", value, 1);
        fputc(',', out);
        pserverctl_put(out, "operation_request_json", text, 1);
        fputc('}', out);
    }

    rc = pserverctl_buffer(out, body);

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "text") == NULL) {
        rc = pserverctl_optext_check(args, *body);
    }

    return rc;
}


/* frees the body if it is not good */

static int
pserverctl_optext_check(const pserverctl_args_t *args, pserver_str_t body)
{
    pserver_optext_t         optext;
    pserver_optext_reason_e  reason;

    reason = pserver_optext_parse(&optext, body.data, body.len);

    pserver_optext_free(&optext);

    if (reason == PSERVER_OPTEXT_OK) {
        return PSERVERCTL_OK;
    }

    free(body.data);

    return pserverctl_usage_error(args, "no server would take this: %s",
                                  pserver_optext_error(reason)->message);
}


/* "name":value, the value as it is or as a string */

static void
pserverctl_put(FILE *out, const char *name, pserver_str_t value, int quoted)
{
    size_t   len;
    u_char  *text;

    fprintf(out, "\"%s\":", name);

    if (!quoted) {
        fwrite(value.data, 1, value.len, out);
        return;
    }

    len = pserver_json_quote(NULL, value);
    text = malloc(len);

    if (text == NULL) {
        abort();
    }

    pserver_json_quote(text, value);
    fwrite(text, 1, len, out);

    free(text);
}


/* ends a buffer of open_memstream() */

static int
pserverctl_buffer(FILE *out, pserver_str_t *text)
{
    int  failed;

    if (out) {
        failed = ferror(out);

        if (fclose(out) == 0 && !failed) {
            return PSERVERCTL_OK;
        }

        free(text->data);
    }

    text->data = NULL;
    text->len = 0;

    pserverctl_error("not enough memory");

    return PSERVERCTL_FAILED;
}
