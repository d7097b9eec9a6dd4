/*
 * The body of POST /api/v1/operations: after a byte 0 the inner text, else
 * the whole body.  Which accounts are taken goes by its length.
 */

#include <stdlib.h>
#include <string.h>

#include "core/json_write.h"
#include "core/optext.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char  start[] =
    "{\"app_signature\":\"0x2f714a86b7e8ddb7c4324923c3e55f303ff90043a38a07c9"
    "e982ae9c591cc0152f714a86b7e8ddb7c4324923c3e55f303ff90043a38a07c9e982ae9"
    "c591cc0151b\",\"operation_request_json\":";


static u_char *
envelope(const uint8_t *text, size_t size, size_t *len)
{
    u_char         *body;
    pserver_str_t   str;

    str.data = (u_char *) text;
    str.len = size;

    body = malloc(sizeof(start) + pserver_json_quote(NULL, str));

    if (body == NULL) {
        abort();
    }

    *len = sizeof(start) - 1;
    memcpy(body, start, *len);
    *len += pserver_json_quote(body + *len, str);
    body[(*len)++] = '}';

    return body;
}


/* the question to a contract fits into what was made for it */

static void
ask(const pserver_optext_t *optext)
{
    size_t           len;
    u_char          *call;
    pserver_word_t   digest;

    len = pserver_account_signature_len(optext->signature);

    if (len == 0 || (!optext->has_iss && len != 65)) {
        abort();
    }

    len = pserver_account_call_len(len);
    call = malloc(len);

    if (call == NULL) {
        abort();
    }

    pserver_account_digest(&digest, 1480, &optext->address, optext->text);

    if (pserver_account_call(call, &optext->address, &digest,
                             optext->signature)
        != call + len)
    {
        abort();
    }

    free(call);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                             len;
    u_char                            *body;
    pserver_optext_t                   optext;
    pserver_optext_reason_e            reason;

    static secp256k1_context          *secp;
    static const pserver_word_t        zero;
    static const pserver_str_t         origins[] = {
        pserver_string("https://me")
    };
    static pserver_optext_request_t    request = {
        { origins, 1 }, 1480, 1700000000, 1
    };

    if (secp == NULL) {
        secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }

    body = NULL;

    if (size && data[0] == 0) {
        body = envelope(data + 1, size - 1, &len);
        reason = pserver_optext_parse(&optext, body, len);

    } else {
        reason = pserver_optext_parse(&optext, data, size);
    }

    if (pserver_optext_error(reason)->message == NULL) {
        abort();
    }

    if (reason == PSERVER_OPTEXT_OK) {

        if (memcmp(&optext.permission_id, &zero, sizeof(zero)) == 0
            || (optext.parameters
                && optext.parameters->type != PSERVER_JSON_OBJECT))
        {
            abort();
        }

        if (pserver_optext_signer(secp, size % 4, &optext)
            == PSERVER_OPTEXT_ASK)
        {
            ask(&optext);
        }

        (void) pserver_optext_check(&optext, &request);

    } else if (optext.doc != NULL || optext.envelope != NULL) {
        abort();
    }

    pserver_optext_free(&optext);
    free(body);

    return 0;
}
