/*
 * pserverctl custody: an owner's own key, on the owner's side.
 */

#include "custody.h"
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
static int pserverctl_custody_set(pserverctl_args_t *args,
    pserverctl_custody_t *custody, uint32_t epoch);
static int pserverctl_custody_save(const char *path, const u_char *wrap);


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
