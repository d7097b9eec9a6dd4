/*
 * pserverctl custody: what the server is asked, and told.
 */

#include "custody.h"
#include "url.h"
#include "../core/encode.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


static int pserverctl_custody_owner(pserverctl_custody_t *custody);
static int pserverctl_custody_read(pserverctl_custody_t *custody,
    const pserver_json_t *root);


int
pserverctl_custody_begin(pserverctl_args_t *args, pserverctl_custody_t **out)
{
    int                    rc;
    pserverctl_url_t       url;
    pserverctl_custody_t  *custody;

    custody = sodium_malloc(sizeof(pserverctl_custody_t));

    if (custody == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    memset(custody, 0, sizeof(pserverctl_custody_t));

    rc = pserverctl_request_init(&custody->request, args, 1);

    if (rc != PSERVERCTL_OK) {
        sodium_free(custody);
        return rc;
    }

    (void) pserverctl_url_parse(&url, custody->request.server);

    custody->place.origin = custody->request.aud.data ? custody->request.aud
                                                      : url.origin;

    *out = custody;

    return pserverctl_custody_owner(custody);
}


void
pserverctl_custody_end(pserverctl_custody_t *custody)
{
    pserverctl_request_done(&custody->request);
    sodium_free(custody);
}


/* whose key it is that signs */

static int
pserverctl_custody_owner(pserverctl_custody_t *custody)
{
    int                 rc;
    u_char              public_key[PSERVER_PUBLIC_KEY_LEN];
    secp256k1_context  *secp;

    secp = pserverctl_secp256k1();

    rc = pserver_public_key(secp, public_key, custody->request.key);

    secp256k1_context_destroy(secp);

    if (rc != PSERVER_OK) {
        pserverctl_error("the key is 0 or not below the order of secp256k1");
        pserverctl_custody_end(custody);
        return PSERVERCTL_FAILED;
    }

    pserver_address_from_public_key(&custody->place.owner, public_key);

    return PSERVERCTL_OK;
}


int
pserverctl_custody_ask(pserverctl_custody_t *custody)
{
    int                  rc;
    pserver_json_doc_t  *doc;
    pserverctl_answer_t  answer;

    custody->request.method = "GET";
    custody->request.path = "/v1/custody";

    rc = pserverctl_send_ok(&custody->request, &answer);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_custody_read(custody, pserver_json_root(doc));

    pserver_json_free(doc);

    if (rc != PSERVERCTL_OK) {
        pserverctl_error("the answer is not that of a server with custody");
    }

    return rc;
}


static int
pserverctl_custody_read(pserverctl_custody_t *custody,
    const pserver_json_t *root)
{
    const pserver_json_t  *server, *public_key, *wrap;

    server = pserver_json_get(root, "server");
    public_key = pserver_json_get(server, "publicKey");
    wrap = pserver_json_get(root, "wrap");

    if (public_key == NULL || public_key->type != PSERVER_JSON_STRING
        || pserver_hex0x_decode(custody->public_key, PSERVER_PUBLIC_KEY_LEN,
                                public_key->value)
           != PSERVER_OK
        || pserver_json_uint(pserver_json_get(root, "chainId"), UINT64_MAX,
                             &custody->place.chain_id)
           != PSERVER_OK)
    {
        return PSERVERCTL_FAILED;
    }

    pserver_address_from_public_key(&custody->place.server,
                                    custody->public_key);

    custody->offered = pserver_json_get(root, "custody") != NULL
                       && pserver_json_is(pserver_json_get(root, "custody"),
                                          "owner");

    if (wrap && wrap->type == PSERVER_JSON_STRING) {

        if (pserver_hex0x_decode(custody->wrap, PSERVER_CUSTODY_WRAP_LEN,
                                 wrap->value)
            != PSERVER_OK)
        {
            return PSERVERCTL_FAILED;
        }

        custody->has_wrap = 1;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_custody_seal(pserverctl_custody_t *custody, FILE *out,
    const char *name, const u_char key[PSERVER_CUSTODY_KEY_LEN])
{
    int                 rc;
    u_char              box[PSERVER_CUSTODY_BOX_LEN];
    u_char              hex[2 * PSERVER_CUSTODY_BOX_LEN];
    pserver_str_t       in;
    secp256k1_context  *secp;

    in.data = (u_char *) key;
    in.len = PSERVER_CUSTODY_KEY_LEN;

    secp = pserverctl_secp256k1();

    rc = pserver_ecies_seal(secp, box, in, custody->public_key);

    secp256k1_context_destroy(secp);

    if (rc != PSERVER_OK) {
        pserverctl_error("the server's public key is none");
        return PSERVERCTL_FAILED;
    }

    pserver_hex_encode(hex, box, sizeof(box));

    fprintf(out, "%s:\"0x%.*s\"", name, (int) sizeof(hex), (char *) hex);

    return PSERVERCTL_OK;
}


int
pserverctl_custody_send(pserverctl_custody_t *custody, const char *method,
    const char *path, char *body, size_t len)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    pserverctl_answer_t    answer;
    const pserver_json_t  *state, *expires;

    custody->request.method = method;
    custody->request.path = path;
    custody->request.type = len ? "application/json" : NULL;
    custody->request.body.data = (u_char *) body;
    custody->request.body.len = len;

    rc = pserverctl_send_ok(&custody->request, &answer);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    state = pserver_json_get(pserver_json_root(doc), "state");
    expires = pserver_json_get(pserver_json_root(doc), "expires");

    if (state && state->type == PSERVER_JSON_STRING) {
        pserverctl_print_text(stderr, state->value);
    }

    if (expires && expires->type == PSERVER_JSON_STRING) {
        fprintf(stderr, " until ");
        pserverctl_print_text(stderr, expires->value);
    }

    fputc('\n', stderr);

    pserver_json_free(doc);

    return PSERVERCTL_OK;
}
