/*
 * pserverctl audit: its commands, and the log that they are about.
 */

#include "audit.h"

#include "../core/tile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>


static int pserverctl_log_node(void *data, u_char hash[PSERVER_MERKLE_LEN],
    unsigned level, uint64_t index);


static const pserverctl_option_t  pserverctl_verify_options[] = {
    { "key", "FILE|0x..", "an owner's: that none of the owner's is withheld" },
    { "aud", "ORIGIN", "what is signed, if LOG has another name for it" },
    { "log-key", "TEXT|FILE", "the log's public key, as LOG/key has it" },
    { "state", "FILE", "the checkpoint verified last, and what becomes it" },
    { "with", "FILE", "another checkpoint that must fit, as others saw it" },
    { "tiles", "URL|FOLDER", "old tiles, in cold storage" },
    { "rpc", "URL", "a chain node: anchors are verified too" },
    { "from-block", "N", "where to begin to look for anchors; else 0" },
    { "stop", "FOLDER", "pserver_audit: where it does not hold, stops it" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_anchor_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "log-key", "TEXT|FILE", "the log's public key, as LOG/key has it" },
    { "rpc", "URL", "a chain node" },
    { "every", "TIME", "goes on, and anchors as often: 600, 10m, 1h" },
    { "resend", "TIME", "offers more for what is not mined by then; else 60" },
    { "timeout", "TIME", "gives a round up after this; else 10m" },
    { "confirmations", "N", "blocks above an anchor that counts; else 2" },
    { "max-fee", "GWEI", "pays no more a gas; else 100" },
    { "stop", "FOLDER", "pserver_audit: where it does not hold, stops it" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_no_options[] = {
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_proof_options[] = {
    { "log-key", "TEXT|FILE", "the log's public key, as LOG/key has it" },
    { "rpc", "URL", "a chain node: the anchor is looked for, too" },
    { "from-block", "N", "where to begin to look for it; else 0" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_moved_options[] = {
    { "log-key", "TEXT|FILE", "the key of that log, as its LOG/key had it" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_audit_commands[] = {
    {
        "audit verify", "--log-key KEY LOG",
        "whether a log is whole, what it was, and what it anchored\n"
        "\n"
        "LOG is where it is served, as https://me.example.org/log. Every\n"
        "entry is read. What does not hold is named by the entry's number,\n"
        "and ends it with 1. Ends with 3 if a server or the node can't be\n"
        "asked: then nothing is known.\n",
        pserverctl_verify_options, 1, 1, pserverctl_audit_verify
    },
    {
        "audit anchor", "--key KEY --log-key KEY --rpc URL LOG",
        "puts the root of a log on chain\n"
        "\n"
        "Contract, chain and sender are those of the log's checkpoint\n"
        "(pserver_audit); the key must be the sender's. One transaction,\n"
        "whatever the number of entries, and none if there are no new ones.\n"
        "It keeps no state: what is on chain is all that it goes by. Ends\n"
        "with 0 once it is there, 3 if a server or the node can't be asked or\n"
        "time is up, which another run may mend, and 1 if it can't be.\n"
        PSERVERCTL_KEY_TEXT,
        pserverctl_anchor_options, 1, 1, pserverctl_audit_anchor
    },
    {
        "audit accept", "FOLDER",
        "lets a node go on whose log does not match its anchor\n"
        "\n"
        "FOLDER is pserver_audit, on the node. Says why it was stopped, and\n"
        "that the anchor it was held against counts no more. What others\n"
        "have seen of the log is not mended by this.\n",
        pserverctl_no_options, 1, 1, pserverctl_audit_accept
    },
    {
        "audit proof", "--log-key KEY FILE",
        "whether the proof of an operation holds\n"
        "\n"
        "FILE is what \"operation proof\" printed, \"-\" is stdin.\n",
        pserverctl_proof_options, 1, 1, pserverctl_audit_proof
    },
    {
        "audit moved", "--log-key KEY FOLDER",
        "whether the log of another place has the entries of who moved\n"
        "\n"
        "FOLDER is ARCHIVE/logs/.. of an export, or the same in the folder\n"
        "of the owner afterwards. Nothing else is needed, and nobody asked.\n"
        "That none is missing, and that they open, is for \"fsck\" to say.\n",
        pserverctl_moved_options, 1, 1, pserverctl_audit_moved
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


int
pserverctl_log_init(pserverctl_log_t *log, pserverctl_args_t *args)
{
    int  rc;

    rc = pserverctl_log_key(&log->key, args);

    return (rc == PSERVERCTL_OK)
           ? pserverctl_place_init(&log->place, args->rest[0],
                                   pserverctl_option(args, "cacert"))
           : rc;
}


int
pserverctl_log_key(pserver_note_key_t *key, pserverctl_args_t *args)
{
    int            rc;
    pserver_str_t  text, file;

    rc = pserverctl_required(args, "log-key", &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    /* a name has no "+" before its id */

    if (memchr(text.data, '+', text.len) == NULL) {

        if (pserverctl_read((char *) text.data, PSERVER_NOTE_MAX, &file)
            != PSERVERCTL_OK)
        {
            return PSERVERCTL_FAILED;
        }

        text = file;

        if (text.len && text.data[text.len - 1] == '\n') {
            text.len--;
        }
    }

    if (pserver_note_key_parse(key, text) != PSERVER_OK) {
        pserverctl_error("--log-key: this is no key of a log");
        return PSERVERCTL_USAGE;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_log_checkpoint(pserverctl_log_t *log)
{
    int            rc;
    pserver_str_t  note, text;

    rc = pserverctl_get(&log->place, "checkpoint");

    if (rc != PSERVER_OK) {
        pserverctl_error("the checkpoint can't be had: %s",
                         (rc == PSERVER_DONE) ? "there is none"
                                              : log->place.error);
        return PSERVER_ERROR;
    }

    note = log->place.body;

    if (pserver_note_text(&text, note) != PSERVER_OK
        || pserver_checkpoint_parse(&log->checkpoint, text) != PSERVER_OK)
    {
        pserverctl_error("the checkpoint is none");
        return PSERVER_INVALID;
    }

    if (pserver_checkpoint_open(&log->checkpoint, note, &log->key)
        != PSERVER_OK)
    {
        pserverctl_error("the checkpoint is of another log, \"%.*s\", or was "
                         "changed: the key did not sign it",
                         (int) log->checkpoint.name.len,
                         (char *) log->checkpoint.name.data);
        return PSERVER_INVALID;
    }

    memcpy(log->note, note.data, note.len);
    log->len = note.len;
    log->checkpoint.name = log->key.name;

    return PSERVER_OK;
}


void
pserverctl_log_stop(const pserverctl_args_t *args, const char *text)
{
    char         name[4096];
    FILE        *f;
    const char  *folder;

    folder = pserverctl_option(args, "stop");

    if (folder == NULL) {
        return;
    }

    snprintf(name, sizeof(name), "%s/stopped", folder);

    f = fopen(name, "w");

    if (f == NULL || fprintf(f, "%s\n", text) < 0 || fclose(f) != 0) {
        pserverctl_error("%s: %s", name, strerror(errno));
    }
}


int
pserverctl_log_continues(pserverctl_log_t *log,
    const pserver_anchored_t *anchor)
{
    int     rc;
    u_char  root[PSERVER_MERKLE_LEN], old[PSERVER_MERKLE_LEN];

    pserver_merkle_source_t  source = { pserverctl_log_node, log };

    rc = pserver_merkle_root_of(root, &source, log->checkpoint.size);

    if (rc == PSERVER_OK) {
        rc = pserver_merkle_root_of(old, &source, anchor->size);
    }

    if (rc != PSERVER_OK) {
        pserverctl_error("a tile can't be had: %s", log->place.error);
        return PSERVER_ERROR;
    }

    return (memcmp(root, log->checkpoint.root, sizeof(root)) == 0
            && memcmp(old, anchor->root, sizeof(old)) == 0)
           ? PSERVER_OK : PSERVER_INVALID;
}


static int
pserverctl_log_node(void *data, u_char hash[PSERVER_MERKLE_LEN],
    unsigned level, uint64_t index)
{
    int                rc;
    char               path[PSERVER_TILE_PATH_MAX + 1];
    unsigned           first, count;
    pserver_tile_t     tile;
    pserverctl_log_t  *log = data;

    pserver_tile_of_node(&tile, &first, &count, level, index);

    tile.width = pserver_tile_width(&tile, log->checkpoint.size);

    *pserver_tile_path((u_char *) path, &tile) = '\0';

    rc = pserverctl_get(&log->place, path);

    if (rc == PSERVER_OK
        && log->place.body.len != tile.width * PSERVER_MERKLE_LEN)
    {
        rc = PSERVER_DONE;
    }

    if (rc == PSERVER_DONE) {
        snprintf(log->place.error, sizeof(log->place.error),
                 "%s is not there", path);
        return PSERVER_ERROR;
    }

    if (rc == PSERVER_OK) {
        pserver_merkle_list(hash, log->place.body.data
                                  + first * PSERVER_MERKLE_LEN, count);
    }

    return rc;
}
