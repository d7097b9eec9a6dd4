/*
 * pserverctl custody: an owner's own key, on the owner's side.
 */

#include "custody.h"
#include "signed.h"
#include "url.h"
#include "../core/encode.h"
#include "../core/phrase.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define PSERVERCTL_CUSTODY_TIME  3600


static int pserverctl_custody_init(pserverctl_args_t *args);
static int pserverctl_custody_unlock(pserverctl_args_t *args);
static int pserverctl_custody_lock(pserverctl_args_t *args);
static int pserverctl_custody_rewrap(pserverctl_args_t *args);
static int pserverctl_custody_status(pserverctl_args_t *args);
static int pserverctl_custody_show(pserverctl_args_t *args);
static int pserverctl_custody_begin(pserverctl_args_t *args,
    pserverctl_custody_t **custody);
static void pserverctl_custody_end(pserverctl_custody_t *custody);
static int pserverctl_custody_read(pserverctl_custody_t *custody,
    const pserver_json_t *root);
static int pserverctl_custody_owner(pserverctl_custody_t *custody);
static int pserverctl_custody_set(pserverctl_args_t *args,
    pserverctl_custody_t *custody, uint32_t epoch);
static int pserverctl_custody_save(const char *path, const u_char *wrap);
static int pserverctl_custody_seal(pserverctl_custody_t *custody, FILE *out,
    const char *name, const u_char key[PSERVER_CUSTODY_KEY_LEN]);
static int pserverctl_custody_send(pserverctl_custody_t *custody,
    const char *method, const char *path, char *body, size_t len);


#define PSERVERCTL_CUSTODY_OPTIONS                                            \
    PSERVERCTL_KEY_OPTION,                                                    \
    PSERVERCTL_SERVER_OPTIONS

#define PSERVERCTL_CUSTODY_OPEN_OPTIONS                                       \
    { "recovery", "FILE", "opens with the phrase in it; \"-\" is stdin" },    \
    { "wrap", "FILE", "the wrap that was saved, not the server's copy" }

static const pserverctl_option_t  pserverctl_custody_init_options[] = {
    PSERVERCTL_CUSTODY_OPTIONS,
    { "save", "FILE", "a copy of the wrap goes there" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_custody_unlock_options[] = {
    PSERVERCTL_CUSTODY_OPTIONS,
    { "seconds", "N", "for so long; else 3600" },
    PSERVERCTL_CUSTODY_OPEN_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_custody_rewrap_options[] = {
    PSERVERCTL_CUSTODY_OPTIONS,
    { "save", "FILE", "a copy of the new wrap goes there" },
    PSERVERCTL_CUSTODY_OPEN_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_custody_plain_options[] = {
    PSERVERCTL_CUSTODY_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_custody_show_options[] = {
    PSERVERCTL_CUSTODY_OPTIONS,
    PSERVERCTL_CUSTODY_OPEN_OPTIONS,
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_custody_commands[] = {
    {
        "custody init", "--key KEY SERVER [--save FILE]",
        "makes a key of your own that the server can't do without\n"
        "\n"
        "What you store is then closed to the server until you unlock it. The\n"
        "key is kept in a wrap that your wallet opens, and, if that can't be,\n"
        "a phrase of 24 words, which is printed now and never again: write it\n"
        "down. The server keeps a copy of the wrap for your other devices;\n"
        "--save makes one for you.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_init_options, 1, 1, pserverctl_custody_init
    },
    {
        "custody unlock", "--key KEY SERVER [--seconds N]",
        "lets the server use your key for a time\n"
        "\n"
        "A server that is unlocked can read what you store.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_unlock_options, 1, 1, pserverctl_custody_unlock
    },
    {
        "custody lock", "--key KEY SERVER",
        "makes the server forget your key, now\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_plain_options, 1, 1, pserverctl_custody_lock
    },
    {
        "custody rewrap", "--key KEY SERVER [--save FILE]",
        "replaces your key, its wrap and the phrase by new ones\n"
        "\n"
        "After this the old wrap and the old phrase open nothing here. It\n"
        "locks. What lies in somebody's copy of the disk stays under the old\n"
        "key.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_rewrap_options, 1, 1, pserverctl_custody_rewrap
    },
    {
        "custody status", "--key KEY SERVER",
        "whether it is unlocked, and until when, as JSON\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_plain_options, 1, 1, pserverctl_custody_status
    },
    {
        "custody key", "--key KEY SERVER",
        "prints your key itself, to move elsewhere with it\n"
        "\n"
        "Whoever has it and the server's root opens all that you store. It is\n"
        "for --custody of \"pserverctl export\" and \"import\" and nothing\n"
        "else: when you have moved, \"custody rewrap\" at the new place.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_custody_show_options, 1, 1, pserverctl_custody_show
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_custody_init(pserverctl_args_t *args)
{
    int                    rc;
    pserverctl_custody_t  *custody;

    rc = pserverctl_custody_begin(args, &custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_custody_ask(custody);

    if (rc == PSERVERCTL_OK && !custody->offered) {
        pserverctl_error("this server does not offer it: it has no "
                         "\"pserver_custody owner\"");
        rc = PSERVERCTL_FAILED;

    } else if (rc == PSERVERCTL_OK && custody->has_wrap) {
        pserverctl_error("there is a key already; \"pserverctl custody "
                         "rewrap\" replaces it");
        rc = PSERVERCTL_FAILED;
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_custody_set(args, custody, 1);
    }

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_unlock(pserverctl_args_t *args)
{
    int                    rc;
    char                  *body;
    FILE                  *out;
    size_t                 len;
    uint64_t               seconds;
    pserverctl_custody_t  *custody;

    rc = pserverctl_number(args, "seconds", PSERVERCTL_CUSTODY_TIME,
                           &seconds);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_custody_begin(args, &custody);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_custody_open(args, custody);

    if (rc == PSERVERCTL_OK) {
        out = open_memstream(&body, &len);

        if (out == NULL) {
            abort();
        }

        rc = pserverctl_custody_seal(custody, out, "{\"key\"", custody->key);

        fprintf(out, ",\"seconds\":%llu}", (unsigned long long) seconds);
        fclose(out);

        if (rc == PSERVERCTL_OK) {
            rc = pserverctl_custody_send(custody, "POST",
                                         "/v1/custody/unlock", body, len);
        }

        free(body);
    }

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_lock(pserverctl_args_t *args)
{
    int                    rc;
    pserverctl_custody_t  *custody;

    rc = pserverctl_custody_begin(args, &custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_custody_send(custody, "POST", "/v1/custody/lock", "", 0);

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_rewrap(pserverctl_args_t *args)
{
    int                    rc;
    pserverctl_custody_t  *custody;

    rc = pserverctl_custody_begin(args, &custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_custody_open(args, custody);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_custody_set(args, custody,
                                pserver_custody_epoch(custody->wrap) + 1);
    }

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_status(pserverctl_args_t *args)
{
    int                    rc;
    pserverctl_answer_t    answer;
    pserverctl_custody_t  *custody;

    rc = pserverctl_custody_begin(args, &custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    custody->request.method = "GET";
    custody->request.path = "/v1/custody";

    rc = pserverctl_send_ok(&custody->request, &answer);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_print_line(answer.body.data, answer.body.len);
        free(answer.body.data);
    }

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_show(pserverctl_args_t *args)
{
    int                    rc;
    u_char                 hex[2 * PSERVER_CUSTODY_KEY_LEN];
    pserverctl_custody_t  *custody;

    rc = pserverctl_custody_begin(args, &custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_custody_open(args, custody);

    if (rc == PSERVERCTL_OK) {
        (void) pserver_hex_encode(hex, custody->key, sizeof(custody->key));
        rc = pserverctl_print_line(hex, sizeof(hex));
        sodium_memzero(hex, sizeof(hex));
    }

    pserverctl_custody_end(custody);

    return rc;
}


static int
pserverctl_custody_begin(pserverctl_args_t *args,
    pserverctl_custody_t **out)
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


static void
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


/* a new key, the first one if epoch is 1; the phrase is printed when it is in
   force */

static int
pserverctl_custody_set(pserverctl_args_t *args,
    pserverctl_custody_t *custody, uint32_t epoch)
{
    int                   rc;
    char                 *body, *save;
    FILE                 *out;
    u_char                hex[2 * PSERVER_CUSTODY_WRAP_LEN];
    size_t                len;
    pserver_signature_t   signature;

    rc = pserverctl_custody_sign(custody, epoch, &signature);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    randombytes_buf(custody->next, sizeof(custody->next));
    randombytes_buf(custody->recovery, sizeof(custody->recovery));

    pserver_custody_wrap(custody->wrap, custody->next, epoch,
                         &custody->place.owner, &signature,
                         custody->recovery);

    sodium_memzero(&signature, sizeof(signature));

    /* there before it is needed */

    save = pserverctl_option(args, "save");

    if (save) {
        rc = pserverctl_custody_save(save, custody->wrap);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    out = open_memstream(&body, &len);

    if (out == NULL) {
        abort();
    }

    rc = pserverctl_custody_seal(custody, out, "{\"key\"", custody->next);

    if (rc == PSERVERCTL_OK && epoch > 1) {
        rc = pserverctl_custody_seal(custody, out, ",\"current\"",
                                     custody->key);
    }

    pserver_hex_encode(hex, custody->wrap, PSERVER_CUSTODY_WRAP_LEN);

    fprintf(out, ",\"wrap\":\"0x%.*s\"}", (int) sizeof(hex), (char *) hex);
    fclose(out);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_custody_send(custody, "PUT", "/v1/custody", body,
                                     len);
    }

    free(body);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    fprintf(stderr, "Write these words down. They open your data if your "
            "wallet can't, and are not\nshown again:\n");

    custody->phrase_len =
        (size_t) (pserver_phrase_from_entropy(custody->phrase,
                                              custody->recovery,
                                              sizeof(custody->recovery))
                  - custody->phrase);

    return pserverctl_print_line(custody->phrase, custody->phrase_len);
}


static int
pserverctl_custody_save(const char *path, const u_char *wrap)
{
    int     fd;
    u_char  text[2 + 2 * PSERVER_CUSTODY_WRAP_LEN + 1];

    text[0] = '0';
    text[1] = 'x';
    *pserver_hex_encode(text + 2, wrap, PSERVER_CUSTODY_WRAP_LEN) = '\n';

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600);

    if (fd == -1
        || write(fd, text, sizeof(text)) != (ssize_t) sizeof(text)
        || fsync(fd) == -1)
    {
        pserverctl_error("%s: %s; nothing was changed", path,
                         strerror(errno));

        if (fd != -1) {
            close(fd);
        }

        return PSERVERCTL_FAILED;
    }

    close(fd);

    return PSERVERCTL_OK;
}


/* a member of a body: a key, sealed to the server */

static int
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


/* prints what became of it, to stderr: stdout is for what is to be kept */

static int
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
