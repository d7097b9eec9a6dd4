/*
 * pserverctl export: an owner's folder, for another server.
 *
 * Objects never change under their name, so they are copied while nginx goes
 * on; then, under the owner's lock, what has come since, and what does
 * change: the manifest, markers, and the ledger.  What the archive has is
 * what there is at that moment.
 */

#include "export.h"
#include "../core/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_EXPORT_BEGUN  "begun"


static int pserverctl_recipient(pserverctl_args_t *args);
static int pserverctl_export(pserverctl_args_t *args);
static int pserverctl_export_args(pserverctl_export_t *export,
    pserverctl_args_t *args);
static int pserverctl_export_open(pserverctl_export_t *export);
static int pserverctl_export_begin(pserverctl_export_t *export);
static int pserverctl_export_copy(pserverctl_export_t *export,
    const char *log);
static int pserverctl_export_cut(pserverctl_export_t *export);


static const pserverctl_option_t  pserverctl_recipient_options[] = {
    { "root", "FILE", "the storage roots (pserver_root) of the new place" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_export_options[] = {
    { "root", "FILE", "the storage roots (pserver_root)" },
    { "chain", "ID", "the chain id of pserver_chain" },
    { "owner", "0x..", "who moves" },
    { "for", "TEXT", "the new place, as \"pserverctl recipient\" prints it" },
    { "log", "DIR", "the audit log (pserver_audit), for what it has of the "
      "owner" },
    { "custody", "FILE", "the owner's own key (pserverctl custody key)" },
    { "running", NULL, "leave operations out that have not ended" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_export_commands[] = {
    {
        "recipient", "--root FILE",
        "for whom an export is: the name of this server\n"
        "\n"
        "Printed at the new place, from its first storage root, and given to\n"
        "\"pserverctl export\" at the old one. It is no secret; pass it on in\n"
        "a way in which nobody can put another one in its place.",
        pserverctl_recipient_options, 0, 0, pserverctl_recipient
    },
    {
        "export",
        "--root FILE --chain ID --owner 0x.. --for TEXT STORE ARCHIVE",
        "an owner's data, for another server\n"
        "\n"
        "Writes the folder ARCHIVE: the objects, the manifest, operations\n"
        "that have ended, markers of signed requests, with --log what the\n"
        "audit log has of the owner and the proofs of it, and the owner's\n"
        "keys, closed to all but the server that --for names. nginx may go\n"
        "on; what the archive has is what there was when it was complete.\n"
        "\n"
        "To go on with an export that was cut off, or to bring an archive up\n"
        "to date, run it again: only what is missing is copied. Whatever it\n"
        "has is opened and checked before the archive counts. Prints its\n"
        "digest, which \"pserverctl import\" asks for.\n"
        "\n"
        "An owner with a key of its own can only be moved with that key:\n"
        "--custody. What the owner does at the old place after the export\n"
        "is not in it: take the owner out of pserver_owner there first.\n"
        "\n"
        "Status: 0 it is complete; 1 it could not be done, run it again; 4\n"
        "something in the store is not whole, see \"pserverctl fsck\".",
        pserverctl_export_options, 2, 2, pserverctl_export
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_recipient(pserverctl_args_t *args)
{
    int                rc;
    char               text[PSERVER_MOVE_TEXT_LEN + 1];
    u_char             public_key[PSERVER_MOVE_KEY_LEN];
    pserver_str_t      root;
    pserverctl_fsck_t  fsck;

    memset(&fsck, 0, sizeof(pserverctl_fsck_t));

    rc = pserverctl_required(args, "root", &root);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_roots(&fsck, (char *) root.data);
    }

    if (rc == PSERVERCTL_OK) {
        pserver_move_keys(public_key, NULL, &fsck.roots[0]);
        pserver_move_text(text, public_key);

        rc = pserverctl_print_line((u_char *) text, PSERVER_MOVE_TEXT_LEN);
    }

    pserverctl_fsck_done(&fsck);

    return rc;
}


static int
pserverctl_export(pserverctl_args_t *args)
{
    int                   rc;
    u_char                hex[64];
    pserverctl_export_t   export;

    memset(&export, 0, sizeof(pserverctl_export_t));

    export.fsck.fd = -1;
    export.owner.fd = -1;
    export.owner.lock = -1;
    export.dir = -1;

    rc = pserverctl_export_args(&export, args);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_open(&export);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_begin(&export);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_copy(&export, pserverctl_option(args, "log"));
    }

    pserverctl_items_free(&export.items);
    pserverctl_fsck_close(&export.owner);
    pserverctl_fsck_done(&export.fsck);

    if (rc == PSERVERCTL_OK) {
        (void) pserver_hex_encode(hex, export.digest, 32);
        rc = pserverctl_print_line(hex, sizeof(hex));
    }

    return rc;
}


static int
pserverctl_export_args(pserverctl_export_t *export, pserverctl_args_t *args)
{
    int            rc;
    pserver_str_t  root, chain, owner, to;

    rc = pserverctl_required(args, "root", &root);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "chain", &chain);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_number(args, "chain", 0, &export->fsck.chain_id);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "owner", &owner);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "for", &to);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserver_address_parse(&export->head.owner, owner) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--owner is no address");
    }

    if (pserver_move_parse(export->head.recipient, to) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--for is no recipient: something "
                                      "is missing, or wrong");
    }

    rc = pserverctl_fsck_roots(&export->fsck, (char *) root.data);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_custody(&export->fsck, args);
    }

    export->head.chain_id = export->fsck.chain_id;
    export->fsck.store = args->rest[0];
    export->archive = args->rest[1];
    export->running = (pserverctl_option(args, "running") != NULL);

    return rc;
}


/* the owner's folder and keys */

static int
pserverctl_export_open(pserverctl_export_t *export)
{
    char                      path[PATH_MAX];
    pserverctl_fsck_owner_t  *owner;

    owner = &export->owner;

    owner->fsck = &export->fsck;
    owner->address = export->head.owner;
    *pserver_hex_encode((u_char *) owner->hex, owner->address.bytes, 20)
        = '\0';

    snprintf(path, sizeof(path), "%s/owners/%s", export->fsck.store,
             owner->hex);

    owner->fd = open(path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (owner->fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_fsck_open(owner) == PSERVERCTL_OK) {
        return PSERVERCTL_OK;
    }

    return export->fsck.found ? PSERVERCTL_DAMAGED : PSERVERCTL_FAILED;
}


/* an empty folder, or one that was begun for the same owner */

static int
pserverctl_export_begin(pserverctl_export_t *export)
{
    char      text[128], **names;
    u_char    begun[128];
    size_t    len;
    ssize_t   n;

    if (mkdir(export->archive, 0700) == -1 && errno != EEXIST) {
        return pserverctl_export_failed(export, NULL);
    }

    export->dir = open(export->archive, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (export->dir == -1 || flock(export->dir, LOCK_EX|LOCK_NB) == -1) {
        return pserverctl_export_failed(export, NULL);
    }

    len = (size_t) snprintf(text, sizeof(text), "%s %llu\n",
                            export->owner.hex,
                            (unsigned long long) export->head.chain_id);

    n = pserverctl_move_read(export->dir, PSERVERCTL_EXPORT_BEGUN, begun,
                             sizeof(begun));

    if (n != -1 && ((size_t) n != len || memcmp(begun, text, len) != 0)) {
        pserverctl_error("%s: is of another owner, or chain",
                         export->archive);
        return PSERVERCTL_FAILED;
    }

    if (n == -1) {
        n = pserverctl_fsck_names(export->dir, ".", 1, &names);

        if (n == -1) {
            return pserverctl_export_failed(export, NULL);
        }

        pserverctl_fsck_free(names, (size_t) n);

        /* what a crash has left of its very beginning */

        if (n > 1 || (n == 1 && faccessat(export->dir,
                                          PSERVERCTL_EXPORT_BEGUN ".new",
                                          F_OK, AT_SYMLINK_NOFOLLOW)
                                == -1))
        {
            pserverctl_error("%s: is not empty, and no archive",
                             export->archive);
            return PSERVERCTL_FAILED;
        }

        if (pserverctl_move_write(export->dir, PSERVERCTL_EXPORT_BEGUN,
                                  (u_char *) text, len)
            == -1)
        {
            return pserverctl_export_failed(export, PSERVERCTL_EXPORT_BEGUN);
        }
    }

    /* from now on it is not complete */

    if (unlinkat(export->dir, PSERVERCTL_MOVE_LIST, 0) == -1
        && errno != ENOENT)
    {
        return pserverctl_export_failed(export, PSERVERCTL_MOVE_LIST);
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_export_copy(pserverctl_export_t *export, const char *log)
{
    int              rc;
    const char      *reason;
    pserver_root_t  *move;

    reason = pserverctl_fsck_load(&export->owner);

    if (reason) {
        pserverctl_fsck_noted(&export->owner, PSERVERCTL_MANIFEST, reason);
        return PSERVERCTL_DAMAGED;
    }

    pserverctl_progress_init(&export->progress, "copying",
                             export->owner.manifest.inventory.bytes);

    rc = pserverctl_export_objects(export, 0);

    if (rc == PSERVERCTL_OK) {
        pserverctl_fsck_lock(&export->owner);
        rc = pserverctl_export_cut(export);
        pserverctl_fsck_unlock(&export->owner);
    }

    pserverctl_progress_clear(&export->progress);

    if (rc == PSERVERCTL_OK && export->operations && !export->running) {
        pserverctl_error("%llu operations have not ended: wait for them, or "
                         "leave them out with --running",
                         (unsigned long long) export->operations);
        rc = PSERVERCTL_FAILED;
    }

    if (rc == PSERVERCTL_OK && log) {
        rc = pserverctl_export_log(&export->owner, log, export->dir,
                                   &export->items);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    move = sodium_malloc(sizeof(pserver_root_t));

    if (move == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_export_keys(export, move);

    if (rc == PSERVERCTL_OK
        && pserverctl_move_prune(export->dir, &export->items) == -1)
    {
        rc = pserverctl_export_failed(export, NULL);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_move_check(&export->fsck, &export->owner.address,
                                   export->dir, export->archive, move, 1,
                                   export->progress.done);
    }

    sodium_free(move);

    return (rc == PSERVERCTL_OK) ? pserverctl_export_list(export) : rc;
}


/* under the lock */

static int
pserverctl_export_cut(pserverctl_export_t *export)
{
    int          rc;
    const char  *reason;

    /* the file of keys may be another one by now */

    sodium_free(export->owner.keys);
    rc = pserverctl_fsck_open(&export->owner);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    reason = pserverctl_fsck_load(&export->owner);

    if (reason) {
        pserverctl_fsck_noted(&export->owner, PSERVERCTL_MANIFEST, reason);
        return PSERVERCTL_DAMAGED;
    }

    rc = pserverctl_export_objects(export, 1);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_manifest(export);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_links(export, "seen");
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_links(export, "jobs/repeats");
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_jobs(export);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_proofs(export);
    }

    return rc;
}


int
pserverctl_export_failed(const pserverctl_export_t *export, const char *path)
{
    int  err;

    err = errno;

    pserverctl_progress_clear(&export->progress);

    pserverctl_error("%s%s%s: %s", export->archive, path ? "/" : "",
                     path ? path : "",
                     (err == EWOULDBLOCK) ? "another export is at it"
                                          : strerror(err));
    return PSERVERCTL_FAILED;
}
