/*
 * pserverctl data import: what older clients of the protocol have sealed, an
 * OpenPGP message under the key of its scope (core/scope_key), is opened here
 * and stored.
 */

#include "http.h"
#include "../core/json_write.h"
#include "../core/openpgp.h"
#include "../core/scope_key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_LEGACY_MAX    (1024 * 1024 * 1024)
#define PSERVERCTL_LEGACY_PATH   2048
#define PSERVERCTL_LEGACY_MASTER "vana-master-key-v1"


static int pserverctl_legacy(pserverctl_args_t *args);
static int pserverctl_legacy_master(pserverctl_args_t *args,
    const u_char key[32], pserver_signature_t *signature);
static int pserverctl_legacy_signed(const secp256k1_context *secp,
    pserver_signature_t *signature, const char *path);
static int pserverctl_legacy_open(const char *file, const char *scope,
    const pserver_signature_t *signature, pserver_str_t *content);
static int pserverctl_legacy_send(pserverctl_args_t *args,
    pserverctl_request_t *request, pserver_str_t content);
static int pserverctl_legacy_data(pserver_str_t *body, pserver_str_t content,
    const char *scope);
static int pserverctl_legacy_post(pserverctl_request_t *request);


static const pserverctl_option_t  pserverctl_legacy_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "master", "FILE", "the master signature, 0x and 130 hex digits, of a "
      "wallet whose key is elsewhere" },
    { "type", "TYPE", "media type of data that is not JSON" },
    { "filename", "NAME", "is kept with such data" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_legacy_commands[] = {
    {
        "data import", "--key KEY SERVER SCOPE FILE",
        "stores what an older client has sealed for a scope\n"
        "\n"
        "FILE is an OpenPGP message, whose passphrase is the scope's key.\n"
        "That comes from one signature of the owner, over the text\n"
        "\"" PSERVERCTL_LEGACY_MASTER "\"; --key makes it, or it is in\n"
        "--master. The message is opened here and what was in it is sent to\n"
        "SERVER, which keeps it under keys of its own. Of an envelope\n"
        "(version, scope, collectedAt, data) the data are stored; the time is\n"
        "that of the import.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_legacy_options, 3, 3, pserverctl_legacy
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_legacy(pserverctl_args_t *args)
{
    int                    rc;
    pserver_str_t          content;
    pserver_signature_t   *signature;
    pserverctl_request_t   request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    content.data = NULL;
    content.len = 0;

    signature = sodium_malloc(sizeof(pserver_signature_t));

    if (signature == NULL) {
        pserverctl_error("not enough memory");
        rc = PSERVERCTL_FAILED;

    } else {
        rc = pserverctl_legacy_master(args, request.key, signature);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_legacy_open(args->rest[2], args->rest[1], signature,
                                    &content);
    }

    sodium_free(signature);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_legacy_send(args, &request, content);

        sodium_memzero(content.data, content.len);
        free(content.data);
    }

    pserverctl_request_done(&request);

    return rc;
}


/* RFC 6979: whatever has made it, it is the same signature each time */

static int
pserverctl_legacy_master(pserverctl_args_t *args, const u_char key[32],
    pserver_signature_t *signature)
{
    int                 rc;
    char               *path;
    pserver_word_t      digest;
    secp256k1_context  *secp;

    static const pserver_str_t  text =
        pserver_string(PSERVERCTL_LEGACY_MASTER);

    secp = pserverctl_secp256k1();
    path = pserverctl_option(args, "master");

    if (path) {
        rc = pserverctl_legacy_signed(secp, signature, path);

    } else {
        pserver_eip191_digest(&digest, text);

        rc = (pserver_signature_sign(secp, signature, key, &digest)
              == PSERVER_OK)
             ? PSERVERCTL_OK : PSERVERCTL_FAILED;
    }

    secp256k1_context_destroy(secp);

    return rc;
}


static int
pserverctl_legacy_signed(const secp256k1_context *secp,
    pserver_signature_t *signature, const char *path)
{
    int                rc;
    pserver_str_t      text, line;
    pserver_address_t  owner;

    if (pserverctl_read(path, 4096, &text) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    line = text;

    if (line.len && line.data[line.len - 1] == '\n') {
        line.len--;
    }

    rc = PSERVERCTL_OK;

    if (pserver_signature_parse(signature, line) != PSERVER_SIGNATURE_OK
        || pserver_scope_key_owner(secp, signature, &owner)
           != PSERVER_SIGNATURE_OK)
    {
        pserverctl_error("%s: is no signature", path);
        rc = PSERVERCTL_FAILED;
    }

    sodium_free(text.data);

    return rc;
}


static int
pserverctl_legacy_open(const char *file, const char *scope,
    const pserver_signature_t *signature, pserver_str_t *content)
{
    u_char                    *key;
    pserver_str_t              message, passphrase;
    pserver_openpgp_reason_e   reason;

    key = sodium_malloc(PSERVER_SCOPE_KEY_LEN);

    if (key == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    if (pserver_scope_key(key, signature, pserverctl_str(scope))
        != PSERVER_OK)
    {
        pserverctl_error("\"%s\" is not a scope", scope);
        sodium_free(key);
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_read(file, PSERVERCTL_LEGACY_MAX, &message)
        != PSERVERCTL_OK)
    {
        sodium_free(key);
        return PSERVERCTL_FAILED;
    }

    passphrase.data = key;
    passphrase.len = PSERVER_SCOPE_KEY_LEN;

    reason = pserver_openpgp_open(message.data, message.len, passphrase,
                                  PSERVERCTL_LEGACY_MAX, content);

    sodium_free(message.data);
    sodium_free(key);

    if (reason == PSERVER_OPENPGP_CHANGED) {
        pserverctl_error("%s: was changed, or sealed for another scope or by "
                         "another owner", file);

    } else if (reason != PSERVER_OPENPGP_OK) {
        pserverctl_error("%s: %s", file, pserver_openpgp_reason(reason));
    }

    return (reason == PSERVER_OPENPGP_OK) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


static int
pserverctl_legacy_send(pserverctl_args_t *args,
    pserverctl_request_t *request, pserver_str_t content)
{
    int            rc;
    char           path[PSERVERCTL_LEGACY_PATH];
    pserver_str_t  body;

    pserverctl_path(path, sizeof(path), "/v1/data/", args->rest[1], "");

    request->method = "POST";
    request->path = path;
    request->type = pserverctl_option(args, "type");
    request->filename = pserverctl_option(args, "filename");

    if (request->type) {
        request->body = content;
        return pserverctl_legacy_post(request);
    }

    rc = pserverctl_legacy_data(&body, content, args->rest[1]);

    if (rc == PSERVERCTL_OK) {
        request->type = "application/json";
        request->body = body;

        rc = pserverctl_legacy_post(request);

        sodium_memzero(body.data, body.len);
        free(body.data);
    }

    return rc;
}


/* a JSON object, or that in its envelope; malloc'd */

static int
pserverctl_legacy_data(pserver_str_t *body, pserver_str_t content,
    const char *scope)
{
    int                     rc;
    pserver_json_doc_t     *doc;
    const pserver_json_t   *root, *data;

    static const pserver_json_limits_t  limits = { 256, 16 * 1024 * 1024 };

    if (pserver_json_parse(content.data, content.len, &limits, &doc)
        != PSERVER_OK)
    {
        pserverctl_error("what is in it is no JSON: what is it, --type?");
        return PSERVERCTL_FAILED;
    }

    root = pserver_json_root(doc);
    data = pserver_json_get(root, "data");

    rc = PSERVERCTL_OK;

    if (root->type != PSERVER_JSON_OBJECT) {
        pserverctl_error("what is in it is no JSON object: what is it, "
                         "--type?");
        rc = PSERVERCTL_FAILED;

    } else if (root->count == 4 && data && data->type == PSERVER_JSON_OBJECT
               && pserver_json_get(root, "version")
               && pserver_json_get(root, "collectedAt")
               && pserver_json_get(root, "scope"))
    {
        if (!pserver_json_is(pserver_json_get(root, "scope"), scope)) {
            pserverctl_error("its envelope is of another scope");
            rc = PSERVERCTL_FAILED;
        }

        root = data;
    }

    if (rc == PSERVERCTL_OK) {
        body->len = pserver_json_write(NULL, root);
        body->data = malloc(body->len);

        if (body->data == NULL) {
            pserverctl_error("not enough memory");
            rc = PSERVERCTL_FAILED;

        } else {
            (void) pserver_json_write(body->data, root);
        }
    }

    pserver_json_free(doc);

    return rc;
}


static int
pserverctl_legacy_post(pserverctl_request_t *request)
{
    int                  rc;
    pserverctl_answer_t  answer;

    rc = pserverctl_send_ok(request, &answer);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_print_line(answer.body.data, answer.body.len);
        free(answer.body.data);
    }

    return rc;
}
