/*
 * Web3Signed: after a byte 0 a payload's JSON, else the whole value of the
 * header.
 */

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/web3signed.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char  scheme[] = "Web3Signed ";

static const char  signature[] =
    ".0xdad52388ff647dfedae8edb9cf19861d9cbd13eb12ade692a512d7c87738a1ab"
    "5eba62a46d292d0f1a11c5f18a6f5492cf9a8f5eb82648b314eee2809fe829dd1c";


static pserver_str_t
header(const uint8_t *json, size_t size)
{
    u_char         *p;
    pserver_str_t   value;

    value.len = sizeof(scheme) - 1 + pserver_base64url_len(size)
                + sizeof(signature) - 1;
    value.data = malloc(value.len);

    if (value.data == NULL) {
        abort();
    }

    memcpy(value.data, scheme, sizeof(scheme) - 1);
    p = pserver_base64url_encode(value.data + sizeof(scheme) - 1, json, size);
    memcpy(p, signature, sizeof(signature) - 1);

    return value;
}


/* the question to a contract fits into what was made for it */

static void
ask(const pserver_web3signed_t *claims)
{
    size_t           len;
    u_char          *call;
    pserver_word_t   digest;

    len = pserver_account_call_len(
              pserver_account_signature_len(claims->signature));
    call = malloc(len);

    if (call == NULL) {
        abort();
    }

    pserver_account_digest(&digest, 1480, &claims->address, claims->payload);

    if (pserver_account_call(call, &claims->address, &digest,
                             claims->signature)
        != call + len)
    {
        abort();
    }

    free(call);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                              sha256[32];
    pserver_str_t                       value;
    pserver_web3signed_t                claims;
    pserver_web3signed_reason_e         reason;

    static secp256k1_context           *secp;
    static const pserver_str_t          origins[] = {
        pserver_string("http://localhost:8080")
    };
    static pserver_web3signed_request_t  request = {
        { origins, 1 },
        pserver_string("POST"),
        pserver_string("/v1/data/instagram.profile"),
        1700000100,
        3600,
        PSERVER_ACCOUNTS_KEY
    };

    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    if (size && data[0] == 0) {
        value = header(data + 1, size - 1);

    } else {
        value.len = size;
        value.data = malloc(size + 1);

        if (value.data == NULL) {
            abort();
        }

        if (size) {
            memcpy(value.data, data, size);
        }
    }

    request.accounts = size % 4;

    reason = pserver_web3signed_verify(secp, value, &request, &claims);

    if (pserver_web3signed_error(reason)->code == NULL) {
        abort();
    }

    if (reason == PSERVER_WEB3SIGNED_ASK) {
        ask(&claims);
    }

    if (reason == PSERVER_WEB3SIGNED_OK || reason == PSERVER_WEB3SIGNED_ASK) {

        if (claims.exp + PSERVER_WEB3SIGNED_SKEW < request.now
            || claims.iat > request.now + PSERVER_WEB3SIGNED_SKEW
            || claims.uri.len != request.uri.len)
        {
            abort();
        }

        memset(sha256, 0, sizeof(sha256));
        (void) pserver_web3signed_body(&claims, sha256);

    } else if (claims.doc != NULL) {
        abort();
    }

    pserver_web3signed_free(&claims);
    free(value.data);

    return 0;
}
