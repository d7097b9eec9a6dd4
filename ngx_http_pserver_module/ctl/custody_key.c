/*
 * An owner's own key, opened on the owner's side, see custody.h.
 */

#include "custody.h"
#include "signed.h"
#include "../core/encode.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>


static int pserverctl_custody_phrase(pserverctl_custody_t *custody,
    const char *path);
static int pserverctl_custody_file(pserverctl_custody_t *custody,
    const char *path);


int
pserverctl_custody_sign(pserverctl_custody_t *custody, uint32_t epoch,
    pserver_signature_t *signature)
{
    int                 rc;
    pserver_word_t      digest;
    secp256k1_context  *secp;

    custody->place.epoch = epoch;

    pserver_custody_digest(&digest, &custody->place);

    secp = pserverctl_secp256k1();

    rc = pserver_signature_sign(secp, signature, custody->request.key,
                                &digest);

    secp256k1_context_destroy(secp);

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


/* our key, by the wallet or by the phrase */

int
pserverctl_custody_open(pserverctl_args_t *args,
    pserverctl_custody_t *custody)
{
    int                   rc;
    char                 *recovery, *file;
    pserver_signature_t   signature;

    rc = pserverctl_custody_ask(custody);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    file = pserverctl_option(args, "wrap");

    if (file) {
        rc = pserverctl_custody_file(custody, file);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }

    } else if (!custody->has_wrap) {
        pserverctl_error("you have no key of your own there; \"pserverctl "
                         "custody init\" makes one");
        return PSERVERCTL_FAILED;
    }

    recovery = pserverctl_option(args, "recovery");

    if (recovery) {
        rc = pserverctl_custody_phrase(custody, recovery);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }

        rc = pserver_custody_by_recovery(custody->key, custody->wrap,
                                         &custody->place.owner,
                                         custody->recovery);
        if (rc != PSERVER_OK) {
            pserverctl_error("the wrap does not open with this phrase");
        }

    } else {
        rc = pserverctl_custody_sign(custody,
                                     pserver_custody_epoch(custody->wrap),
                                     &signature);
        if (rc == PSERVERCTL_OK) {
            rc = pserver_custody_by_wallet(custody->key, custody->wrap,
                                           &custody->place.owner,
                                           &signature);
        }

        sodium_memzero(&signature, sizeof(signature));

        if (rc != PSERVER_OK) {
            pserverctl_error("the wrap does not open with this wallet: it "
                             "was made by another one, or for another "
                             "origin, chain or key of the server");
        }
    }

    return (rc == PSERVER_OK) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


static int
pserverctl_custody_phrase(pserverctl_custody_t *custody, const char *path)
{
    int                      rc;
    size_t                   len, word;
    pserver_str_t            text;
    pserver_phrase_reason_e  reason;

    rc = pserverctl_read(path, 4096, &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    reason = pserver_phrase_entropy(custody->recovery, &len, text, &word);

    sodium_free(text.data);

    if (reason == PSERVER_PHRASE_UNKNOWN_WORD) {
        pserverctl_error("word %zu of the phrase is not in the list of "
                         "BIP-39", word);
        return PSERVERCTL_FAILED;
    }

    if (reason != PSERVER_PHRASE_OK || len != sizeof(custody->recovery)) {
        pserverctl_error("this is not the phrase: it has 24 words, and their "
                         "checksum holds");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* a line of hex, as it was saved */

static int
pserverctl_custody_file(pserverctl_custody_t *custody, const char *path)
{
    int            rc;
    pserver_str_t  text, line;

    rc = pserverctl_read(path, 4096, &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    line = text;

    while (line.len && line.data[line.len - 1] == '\n') {
        line.len--;
    }

    rc = pserver_hex0x_decode(custody->wrap, PSERVER_CUSTODY_WRAP_LEN, line);

    sodium_free(text.data);

    if (rc != PSERVER_OK) {
        pserverctl_error("%s: not a wrap: one line, 0x and %d hex digits",
                         path, 2 * PSERVER_CUSTODY_WRAP_LEN);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}
