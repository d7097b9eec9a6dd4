/*
 * pserverctl sign: signatures for other clients, curl among them.
 */

#include "signed.h"
#include "url.h"
#include "../core/eip712.h"
#include "../core/encode.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


#define PSERVERCTL_TEXT_MAX   (1024 * 1024)
#define PSERVERCTL_BODY_MAX   (1024 * 1024 * 1024)
#define PSERVERCTL_FILES_MAX  1024


static int pserverctl_sign_web3signed(pserverctl_args_t *args);
static int pserverctl_sign_target(const pserverctl_args_t *args,
    pserver_web3signed_t *claims);
static int pserverctl_sign_times(const pserverctl_args_t *args,
    pserver_web3signed_t *claims);
static int pserverctl_sign_issuer(const pserverctl_args_t *args,
    pserverctl_issuer_t *issuer);
static int pserverctl_sign_plain(pserverctl_args_t *args);
static int pserverctl_sign_operation(pserverctl_args_t *args);
static int pserverctl_sign_permission(pserverctl_args_t *args);
static int pserverctl_sign_domain(const pserverctl_args_t *args,
    pserver_eip712_domain_t *domain);
static int pserverctl_sign_word(const pserverctl_args_t *args,
    const char *name, pserver_word_t *word);


static const pserverctl_option_t  pserverctl_web3signed_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "aud", "ORIGIN", "origin of the server; else that of URL" },
    { "method", "METHOD", "of the request, in upper case" },
    { "uri", "PATH", "path of the request, without query" },
    { "body", "TEXT", "body of the request" },
    { "body-file", "FILE", "body of the request, \"-\" is stdin" },
    { "iat", "TIME", "issued at, in seconds since 1970; else now" },
    { "exp", "TIME", "valid until" },
    { "ttl", "SECONDS", "how long after iat, if there is no exp; else 300" },
    { "grant-id", "ID", "the permission that an app reads under" },
    { "nonce", "TEXT", "tells two equal requests apart" },
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_text_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "text", "TEXT", "what is signed; else all of stdin" },
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_operation_options[] = {
    PSERVERCTL_KEY_OPTION,
    PSERVERCTL_OPTEXT_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_permission_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "contract", "ADDRESS", "of DataPortabilityPermissions" },
    { "chain-id", "N", "of its chain" },
    { "name", "TEXT", "of its domain; else VanaDataPortabilityPermissions" },
    { "version", "TEXT", "of its domain; else 1" },
    { "nonce", "N", "the owner's next nonce at the contract" },
    { "grantee-id", "N", "of the app" },
    { "grant", "URL", "of the grant file" },
    { "file-ids", "N,N..", "files of the owner" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_sign_commands[] = {
    {
        "sign web3signed", "--key KEY METHOD URL [--body TEXT]",
        "the value of the header Authorization for one request\n"
        "\n"
        "URL is cut into its origin and path; its query is not signed. Where\n"
        "the request goes another way, --aud, --method and --uri say what\n"
        "is signed.\n"
        "\n"
        "  curl -H \"Authorization: $(pserverctl sign web3signed \\\n"
        "      --key owner.key GET https://me.example.org/v1/data)\" \\\n"
        "      https://me.example.org/v1/data\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_web3signed_options, 0, 2, pserverctl_sign_web3signed
    },
    {
        "sign text", "--key KEY [--text TEXT]",
        "a signature over a text, as wallets sign it (EIP-191)\n"
        "\n"
        "With --iss and --chain-id as that contract takes it (ERC-1271).\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_text_options, 0, 0, pserverctl_sign_plain
    },
    {
        "sign operation", "--key KEY --permission-id N [OPTION..]",
        "the body of POST /api/v1/operations\n"
        "\n"
        "A text without aud and chain-id is valid at other servers and on\n"
        "other chains too; without nonce and exp it can be sent again.\n"
        "With --iss and --chain-id it is signed for that contract.\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_operation_options, 0, 0, pserverctl_sign_operation
    },
    {
        "sign permission",
        "--key KEY --contract ADDRESS --chain-id N --nonce N\n"
        "           --grantee-id N --grant URL --file-ids N,N..",
        "the owner's signature for addPermission() (EIP-712)\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_permission_options, 0, 0, pserverctl_sign_permission
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_sign_web3signed(pserverctl_args_t *args)
{
    int                   rc;
    char                 *file;
    u_char               *key;
    pserver_str_t         body, value;
    pserverctl_issuer_t   issuer;
    pserver_web3signed_t  claims;

    memset(&claims, 0, sizeof(pserver_web3signed_t));

    claims.grant_id = pserverctl_value(args, "grant-id");
    claims.nonce = pserverctl_value(args, "nonce");

    if (pserverctl_sign_target(args, &claims) != PSERVERCTL_OK
        || pserverctl_sign_times(args, &claims) != PSERVERCTL_OK
        || pserverctl_sign_issuer(args, &issuer) != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    claims.iss = issuer.iss;
    claims.chain_id = issuer.chain_id;

    body = pserverctl_value(args, "body");
    file = pserverctl_option(args, "body-file");

    if (body.data && file) {
        return pserverctl_usage_error(args, "--body and --body-file exclude "
                                      "each other");
    }

    rc = pserverctl_key(args, &key);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (file
        && pserverctl_read(file, PSERVERCTL_BODY_MAX, &body)
           != PSERVERCTL_OK)
    {
        sodium_free(key);
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_sign_request(key, &claims, body, &value);

    if (file) {
        sodium_free(body.data);
    }

    sodium_free(key);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_print_line(value.data, value.len);

    free(value.data);

    return rc;
}


static int
pserverctl_sign_target(const pserverctl_args_t *args,
    pserver_web3signed_t *claims)
{
    pserverctl_url_t  url;

    if (args->count == 1) {
        return pserverctl_usage_error(args, "METHOD or URL is missing");
    }

    if (args->count == 2) {

        if (pserverctl_url_parse(&url, args->rest[1]) != PSERVER_OK) {
            return pserverctl_usage_error(args, "\"%s\" is no http or https "
                                          "URL", args->rest[1]);
        }

        claims->method = pserverctl_str(args->rest[0]);
        claims->aud = url.origin;
        claims->uri = url.path;
    }

    if (pserverctl_option(args, "aud")) {
        claims->aud = pserverctl_value(args, "aud");
    }

    if (pserverctl_option(args, "method")) {
        claims->method = pserverctl_value(args, "method");
    }

    if (pserverctl_option(args, "uri")) {
        claims->uri = pserverctl_value(args, "uri");
    }

    if (claims->aud.len == 0
        || claims->method.len == 0
        || claims->uri.len == 0)
    {
        return pserverctl_usage_error(args, "METHOD URL, or --aud, --method "
                                      "and --uri are missing");
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_sign_times(const pserverctl_args_t *args,
    pserver_web3signed_t *claims)
{
    uint64_t  ttl;

    if (pserverctl_number(args, "ttl", PSERVERCTL_TTL, &ttl) != PSERVERCTL_OK
        || pserverctl_number(args, "iat", (uint64_t) time(NULL),
                             &claims->iat)
           != PSERVERCTL_OK
        || pserverctl_number(args, "exp", claims->iat + ttl, &claims->exp)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_sign_issuer(const pserverctl_args_t *args,
    pserverctl_issuer_t *issuer)
{
    if (pserverctl_issuer(args, issuer) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    if (issuer->iss.data == NULL && pserverctl_option(args, "chain-id")) {
        return pserverctl_usage_error(args, "--chain-id goes with --iss");
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_sign_plain(pserverctl_args_t *args)
{
    int                   rc;
    u_char               *key, signature[PSERVER_SIGNATURE_LEN];
    pserver_str_t         text, input;
    pserverctl_issuer_t   issuer;

    if (pserverctl_sign_issuer(args, &issuer) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_key(args, &key);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    input.data = NULL;
    text = pserverctl_value(args, "text");

    if (text.data == NULL) {

        if (pserverctl_read("-", PSERVERCTL_TEXT_MAX, &input)
            != PSERVERCTL_OK)
        {
            sodium_free(key);
            return PSERVERCTL_FAILED;
        }

        text = input;
    }

    rc = pserverctl_sign_text(key, &issuer, text, signature);

    sodium_free(input.data);
    sodium_free(key);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    return pserverctl_print_line(signature, sizeof(signature));
}


static int
pserverctl_sign_operation(pserverctl_args_t *args)
{
    int             rc;
    u_char         *key;
    pserver_str_t   text, body;

    static const pserver_str_t  as_given = { 0, NULL };

    rc = pserverctl_optext(args, as_given, &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_key(args, &key);

    if (rc != PSERVERCTL_OK) {
        free(text.data);
        return rc;
    }

    rc = pserverctl_optext_body(args, key, text, &body);

    sodium_free(key);
    free(text.data);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_print_line(body.data, body.len);

    free(body.data);

    return rc;
}


static int
pserverctl_sign_permission(pserverctl_args_t *args)
{
    int                          rc;
    u_char                      *key, signature[PSERVER_SIGNATURE_LEN];
    pserver_str_t                ids, id;
    pserver_word_t               digest, files[PSERVERCTL_FILES_MAX];
    pserver_eip712_domain_t      domain;
    pserver_eip712_permission_t  permission;

    permission.file_ids = files;
    permission.files = 0;

    if (pserverctl_sign_domain(args, &domain) != PSERVERCTL_OK
        || pserverctl_sign_word(args, "nonce", &permission.nonce)
           != PSERVERCTL_OK
        || pserverctl_sign_word(args, "grantee-id", &permission.grantee_id)
           != PSERVERCTL_OK
        || pserverctl_required(args, "grant", &permission.grant)
           != PSERVERCTL_OK
        || pserverctl_required(args, "file-ids", &ids) != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    for ( ;; ) {
        id.data = ids.data;
        id.len = strcspn((char *) ids.data, ",");

        if (permission.files == PSERVERCTL_FILES_MAX
            || pserver_word_parse(&files[permission.files++], id)
               != PSERVER_OK)
        {
            return pserverctl_usage_error(args, "--file-ids are at most %d "
                                          "numbers with commas between",
                                          PSERVERCTL_FILES_MAX);
        }

        if (id.data[id.len] == '\0') {
            break;
        }

        ids.data = id.data + id.len + 1;
    }

    rc = pserverctl_key(args, &key);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserver_eip712_digest(&digest, &domain, &permission);

    rc = pserverctl_sign_digest(key, &digest, signature);

    sodium_free(key);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    return pserverctl_print_line(signature, sizeof(signature));
}


static int
pserverctl_sign_domain(const pserverctl_args_t *args,
    pserver_eip712_domain_t *domain)
{
    pserver_str_t  contract;

    static const pserver_str_t  name =
        pserver_string("VanaDataPortabilityPermissions");
    static const pserver_str_t  version = pserver_string("1");

    domain->name = pserverctl_value(args, "name");
    domain->version = pserverctl_value(args, "version");

    if (domain->name.data == NULL) {
        domain->name = name;
    }

    if (domain->version.data == NULL) {
        domain->version = version;
    }

    if (pserverctl_sign_word(args, "chain-id", &domain->chain_id)
        != PSERVERCTL_OK
        || pserverctl_required(args, "contract", &contract) != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    if (pserver_address_parse(&domain->contract, contract) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--contract is not 0x and 40 hex "
                                      "digits");
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_sign_word(const pserverctl_args_t *args, const char *name,
    pserver_word_t *word)
{
    pserver_str_t  text;

    if (pserverctl_required(args, name, &text) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    if (pserver_word_parse(word, text) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--%s is no number", name);
    }

    return PSERVERCTL_OK;
}
