/*
 * pserverctl export: an owner's folder, for another server.
 *
 * Objects never change under their name, so they are copied while nginx goes
 * on; then, under the owner's lock, what has come since, and what does
 * change: the manifest, markers, and the ledger.  What the archive has is
 * what there is at that moment.
 */

#include "move.h"
#include "../core/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_EXPORT_BEGUN  "begun"


typedef struct {
    pserverctl_fsck_t         fsck;
    pserverctl_fsck_owner_t   owner;
    pserver_archive_head_t    head;
    const char               *archive;
    int                       dir;
    int                       running;   /* leave such operations out */
    uint64_t                  operations;
    pserverctl_items_t        items;
    pserverctl_progress_t     progress;
    u_char                    digest[32];
} pserverctl_export_t;


/* the list, as it is written */

typedef struct {
    FILE                     *out;
    uint64_t                  count;
    uint64_t                  bytes;
} pserverctl_list_t;


static int pserverctl_recipient(pserverctl_args_t *args);
static int pserverctl_export(pserverctl_args_t *args);
static int pserverctl_export_args(pserverctl_export_t *export,
    pserverctl_args_t *args);
static int pserverctl_export_open(pserverctl_export_t *export);
static int pserverctl_export_begin(pserverctl_export_t *export);
static int pserverctl_export_copy(pserverctl_export_t *export,
    const char *log);
static int pserverctl_export_cut(pserverctl_export_t *export);
static int pserverctl_export_objects(pserverctl_export_t *export, int cut);
static int pserverctl_export_version(pserverctl_export_t *export,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version,
    int cut);
static int pserverctl_export_sealed(pserverctl_export_t *export,
    const char *path, const u_char *id);
static int pserverctl_export_same(pserverctl_export_t *export,
    const char *path);
static int pserverctl_export_manifest(pserverctl_export_t *export);
static int pserverctl_export_links(pserverctl_export_t *export,
    const char *folder);
static int pserverctl_export_jobs(pserverctl_export_t *export);
static int pserverctl_export_job(pserverctl_export_t *export,
    const char *path, const u_char name[PSERVER_LEDGER_NAME_LEN]);
static int pserverctl_export_proofs(pserverctl_export_t *export);
static int pserverctl_export_file(pserverctl_export_t *export,
    const char *path);
static int pserverctl_export_keys(pserverctl_export_t *export,
    pserver_root_t *move);
static int pserverctl_export_put(pserverctl_export_t *export,
    const char *path, const u_char *data, size_t len);
static int pserverctl_export_list(pserverctl_export_t *export);
static void pserverctl_export_line(const void *node, VISIT visit,
    void *data);
static int pserverctl_export_failed(const pserverctl_export_t *export,
    const char *path);


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


/* with "cut" what the manifest has has to be there */

static int
pserverctl_export_objects(pserverctl_export_t *export, int cut)
{
    int                         rc;
    size_t                      i;
    const pserver_object_t     *object;
    const pserver_version_t    *version;
    const pserver_inventory_t  *inventory;

    inventory = &export->owner.manifest.inventory;

    i = 0;

    while ((object = pserver_inventory_next(inventory, &i)) != NULL) {

        for (version = pserver_inventory_oldest(inventory, object);
             version;
             version = pserver_inventory_newer(inventory, version))
        {
            rc = pserverctl_export_version(export, object->name, version,
                                           cut);
            if (rc != PSERVERCTL_OK) {
                return rc;
            }
        }
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_export_version(pserverctl_export_t *export,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version,
    int cut)
{
    int                 rc;
    char                path[PSERVER_ARCHIVE_PATH_MAX];
    u_char              hex[2 * PSERVER_NAME_LEN + 1];
    pserverctl_item_t  *item;

    *pserver_hex_encode(hex, name, PSERVER_NAME_LEN) = '\0';
    snprintf(path, sizeof(path), "objects/%s/%08u", hex,
             version->number % 100000000);

    rc = pserverctl_export_sealed(export, path, version->id);

    if (rc == PSERVERCTL_FAILED && errno == ENOENT) {

        if (!cut) {
            return PSERVERCTL_OK;
        }

        pserverctl_fsck_noted(&export->owner, path,
                              "is gone, and the manifest has it");
        return PSERVERCTL_DAMAGED;
    }

    if (rc != PSERVERCTL_OK) {
        return pserverctl_export_failed(export, path);
    }

    item = pserverctl_item_find(&export->items, path);
    item->wanted = cut;

    return PSERVERCTL_OK;
}


/* copies a sealed file unless it is there already; errno */

static int
pserverctl_export_sealed(pserverctl_export_t *export, const char *path,
    const u_char *id)
{
    int                 rc;
    struct stat         st;
    pserverctl_item_t  *item;

    if (fstatat(export->owner.fd, path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return PSERVERCTL_FAILED;
    }

    /* under another key it is another file, of the same version */

    item = pserverctl_item_find(&export->items, path);

    if (item && item->ino == st.st_ino
        && memcmp(item->id, id, sizeof(item->id)) == 0)
    {
        return PSERVERCTL_OK;
    }

    item = pserverctl_item_add(&export->items, path, NULL);

    if (item == NULL) {
        errno = ENOMEM;
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_export_same(export, path)) {
        rc = pserverctl_move_hash(export->dir, path, &item->entry,
                                  &export->progress);
    } else {
        rc = pserverctl_move_copy(export->owner.fd, export->dir, path,
                                  &item->entry, &export->progress);
    }

    if (rc == 0) {
        memcpy(item->id, id, sizeof(item->id));
        item->ino = st.st_ino;
    }

    return (rc == 0) ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}


/* length and header: no two versions have the same header */

static int
pserverctl_export_same(pserverctl_export_t *export, const char *path)
{
    int          in, out, same;
    u_char       one[PSERVER_SEAL_HEADER_LEN], two[PSERVER_SEAL_HEADER_LEN];
    struct stat  st, copy;

    in = openat(export->owner.fd, path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);
    out = openat(export->dir, path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);

    same = in != -1 && out != -1
           && fstat(in, &st) == 0 && fstat(out, &copy) == 0
           && st.st_size == copy.st_size
           && pread(in, one, sizeof(one), 0) == (ssize_t) sizeof(one)
           && pread(out, two, sizeof(two), 0) == (ssize_t) sizeof(two)
           && memcmp(one, two, sizeof(one)) == 0;

    if (in != -1) {
        close(in);
    }

    if (out != -1) {
        close(out);
    }

    return same;
}


/* as far as it was read: a record behind that was torn is none */

static int
pserverctl_export_manifest(pserverctl_export_t *export)
{
    int       fd, rc;
    u_char   *data;
    size_t    len;
    ssize_t   n;

    len = (size_t) export->owner.size;

    if (len == 0) {
        return PSERVERCTL_OK;
    }

    data = malloc(len);
    fd = openat(export->owner.fd, PSERVERCTL_MANIFEST,
                O_RDONLY|O_NOFOLLOW|O_CLOEXEC);

    n = (data == NULL || fd == -1) ? -1 : pread(fd, data, len, 0);

    if (n == -1) {
        rc = pserverctl_export_failed(export, PSERVERCTL_MANIFEST);

    } else {
        rc = pserverctl_export_put(export, PSERVERCTL_MANIFEST, data,
                                   (size_t) n);
    }

    if (fd != -1) {
        close(fd);
    }

    free(data);

    return rc;
}


static int
pserverctl_export_links(pserverctl_export_t *export, const char *folder)
{
    char                path[PATH_MAX], text[PSERVER_ARCHIVE_TEXT_MAX + 1];
    char              **names;
    ssize_t             i, n, len;
    pserverctl_item_t  *item;

    n = pserverctl_fsck_names(export->owner.fd, folder, 1, &names);

    if (n == -1) {
        return pserverctl_export_failed(export, folder);
    }

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);

        if (pserver_archive_kind(pserverctl_str(path))
            != PSERVER_ARCHIVE_LINK)
        {
            continue;
        }

        len = readlinkat(export->owner.fd, path, text, sizeof(text) - 1);

        if (len == -1 && errno == ENOENT) {
            continue;                       /* it was swept */
        }

        item = NULL;

        if (len > 0) {
            text[len] = '\0';
            item = pserverctl_item_add(&export->items, path, text);
        }

        if (item == NULL) {
            pserverctl_fsck_free(names, (size_t) n);
            return pserverctl_export_failed(export, path);
        }

        item->wanted = 1;
    }

    pserverctl_fsck_free(names, (size_t) n);

    return PSERVERCTL_OK;
}


static int
pserverctl_export_jobs(pserverctl_export_t *export)
{
    int        rc;
    char       path[PATH_MAX], **names;
    u_char     name[PSERVER_LEDGER_NAME_LEN];
    ssize_t    i, n;

    n = pserverctl_fsck_names(export->owner.fd, "jobs", 1, &names);

    if (n == -1) {
        return pserverctl_export_failed(export, "jobs");
    }

    rc = PSERVERCTL_OK;

    for (i = 0; i < n && rc == PSERVERCTL_OK; i++) {
        snprintf(path, sizeof(path), "jobs/%s", names[i]);

        if (pserver_archive_kind(pserverctl_str(path)) == PSERVER_ARCHIVE_ROW
            && pserver_hex_decode(name, sizeof(name),
                                  pserverctl_str(names[i]))
               == PSERVER_OK)
        {
            rc = pserverctl_export_job(export, path, name);
        }
    }

    pserverctl_fsck_free(names, (size_t) n);

    return rc;
}


static int
pserverctl_export_job(pserverctl_export_t *export, const char *path,
    const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    int                    rc;
    char                   file[PATH_MAX + sizeof(".out/") + 10];
    size_t                 len;
    u_char                *plain;
    uint32_t               i, n;
    const char            *reason;
    pserverctl_item_t     *item;
    pserver_job_state_e    state;
    pserver_ledger_row_t   row;

    static const u_char  none[PSERVER_SEAL_ID_LEN];

    reason = pserverctl_fsck_row(&export->owner, path, name, &row, &plain,
                                 &len);

    if (reason && *reason) {
        pserverctl_fsck_noted(&export->owner, path, reason);
        return PSERVERCTL_DAMAGED;
    }

    if (reason) {
        return (errno == ENOENT) ? PSERVERCTL_OK
                                 : pserverctl_export_failed(export, path);
    }

    state = row.state;
    n = row.artifacts;

    sodium_memzero(plain, len);
    free(plain);

    if (!pserver_job_terminal(state)) {
        export->operations++;
        return PSERVERCTL_OK;
    }

    /* the row after what it names, as it is removed after that */

    for (i = 1; i <= n; i++) {
        snprintf(file, sizeof(file), "%s.out/%08u", path, i);

        rc = pserverctl_export_sealed(export, file, none);

        if (rc != PSERVERCTL_OK) {
            return (errno == ENOENT
                    && faccessat(export->owner.fd, path, F_OK,
                                 AT_SYMLINK_NOFOLLOW) == -1)
                   ? PSERVERCTL_OK : pserverctl_export_failed(export, file);
        }
    }

    rc = pserverctl_export_file(export, path);

    for (i = 1; i <= n && rc == PSERVERCTL_OK; i++) {
        snprintf(file, sizeof(file), "%s.out/%08u", path, i);

        item = pserverctl_item_find(&export->items, file);
        item->wanted = 1;
    }

    return rc;
}


/* of logs of other places, where the owner was before */

static int
pserverctl_export_proofs(pserverctl_export_t *export)
{
    int       rc;
    char      path[PATH_MAX], **names;
    size_t    k;
    ssize_t   i, n;

    static const char  *files[] = { "key", "checkpoint", "proofs" };

    n = pserverctl_fsck_names(export->owner.fd, "logs", 1, &names);

    if (n == -1) {
        return pserverctl_export_failed(export, "logs");
    }

    rc = PSERVERCTL_OK;

    for (i = 0; i < n; i++) {
        for (k = 0; k < 3 && rc == PSERVERCTL_OK; k++) {
            snprintf(path, sizeof(path), "logs/%s/%s", names[i], files[k]);

            if (pserver_archive_kind(pserverctl_str(path))
                == PSERVER_ARCHIVE_PROOF)
            {
                rc = pserverctl_export_file(export, path);
            }
        }
    }

    pserverctl_fsck_free(names, (size_t) n);

    return rc;
}


/* what may be another one the next time */

static int
pserverctl_export_file(pserverctl_export_t *export, const char *path)
{
    pserverctl_item_t  *item;

    item = pserverctl_item_add(&export->items, path, NULL);

    if (item == NULL
        || pserverctl_move_copy(export->owner.fd, export->dir, path,
                                &item->entry, &export->progress)
           == -1)
    {
        return pserverctl_export_failed(export, path);
    }

    item->wanted = 1;

    return PSERVERCTL_OK;
}


/* owner.key under a root of its own, and that root for the recipient */

static int
pserverctl_export_keys(pserverctl_export_t *export, pserver_root_t *move)
{
    int             rc;
    u_char          box[PSERVER_MOVE_LEN];
    u_char          file[PSERVER_KEYS_FILE_MAX], new[PSERVER_KEYS_FILE_MAX];
    size_t          len;
    ssize_t         n;
    const u_char   *wrap;
    pserver_str_t   old;

    if (pserver_move_seal(box, move, export->head.recipient,
                          export->head.chain_id, &export->head.owner)
        != PSERVER_OK)
    {
        pserverctl_error("--for is no key that can be sealed for");
        return PSERVERCTL_FAILED;
    }

    n = pserverctl_move_read(export->owner.fd, PSERVERCTL_OWNER_KEY, file,
                             sizeof(file));

    if (n == -1) {
        return pserverctl_export_failed(export, PSERVERCTL_OWNER_KEY);
    }

    old.data = file;
    old.len = (size_t) n;

    if (pserver_keys_owned(old, NULL, &wrap) == PSERVER_OK) {

        if (export->fsck.custody == NULL) {
            pserverctl_error("the owner has set a key in the meantime");
            return PSERVERCTL_FAILED;
        }

        len = pserver_keys_wrap_owned(new, export->owner.keys, move,
                                      export->head.chain_id,
                                      &export->head.owner,
                                      export->fsck.custody, wrap);
    } else {
        len = pserver_keys_wrap(new, export->owner.keys, move,
                                export->head.chain_id, &export->head.owner);
    }

    rc = pserverctl_export_put(export, PSERVERCTL_OWNER_KEY, new, len);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_put(export, PSERVERCTL_MOVE_KEY, box,
                                   sizeof(box));
    }

    return rc;
}


static int
pserverctl_export_put(pserverctl_export_t *export, const char *path,
    const u_char *data, size_t len)
{
    pserverctl_item_t  *item;

    item = pserverctl_item_add(&export->items, path, NULL);

    if (item == NULL
        || pserverctl_move_write(export->dir, path, data, len) == -1)
    {
        return pserverctl_export_failed(export, path);
    }

    item->wanted = 1;
    item->entry.size = len;
    (void) crypto_hash_sha256(item->entry.sha256, data, len);

    return PSERVERCTL_OK;
}


/* comes last, when all else is on the disk */

static int
pserverctl_export_list(pserverctl_export_t *export)
{
    int                      fd, rc;
    u_char                   text[4 * PSERVER_ARCHIVE_LINE_MAX];
    pserverctl_list_t        list;
    pserver_archive_entry_t  entry;

    memset(&list, 0, sizeof(pserverctl_list_t));

    fd = openat(export->dir, PSERVERCTL_MOVE_NEW,
                O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC, 0600);

    list.out = (fd == -1) ? NULL : fdopen(fd, "w");

    if (list.out == NULL) {
        return pserverctl_export_failed(export, PSERVERCTL_MOVE_NEW);
    }

    fwrite(text, 1, (size_t) (pserver_archive_write_head(text, &export->head)
                              - text), list.out);

    twalk_r(export->items.root, pserverctl_export_line, &list);

    fwrite(text, 1, (size_t) (pserver_archive_write_end(text, list.count)
                              - text), list.out);

    rc = (fflush(list.out) == 0 && !ferror(list.out)
          && syncfs(export->dir) == 0) ? 0 : -1;

    if (fclose(list.out) != 0 || rc == -1
        || pserverctl_move_hash(export->dir, PSERVERCTL_MOVE_NEW, &entry,
                                NULL) == -1
        || renameat(export->dir, PSERVERCTL_MOVE_NEW, export->dir,
                    PSERVERCTL_MOVE_LIST) == -1
        || fsync(export->dir) == -1)
    {
        return pserverctl_export_failed(export, PSERVERCTL_MOVE_LIST);
    }

    memcpy(export->digest, entry.sha256, 32);

    fprintf(stderr, "%llu files, %llu bytes\n",
            (unsigned long long) list.count, (unsigned long long) list.bytes);

    return PSERVERCTL_OK;
}


static void
pserverctl_export_line(const void *node, VISIT visit, void *data)
{
    u_char                   line[PSERVER_ARCHIVE_LINE_MAX];
    pserverctl_list_t       *list = data;
    const pserverctl_item_t *item;

    item = *(pserverctl_item_t *const *) node;

    if ((visit == postorder || visit == leaf) && item->wanted) {
        list->count++;
        list->bytes += item->entry.size;

        fwrite(line, 1, (size_t) (pserver_archive_write_entry(line,
                                                              &item->entry)
                                  - line), list->out);
    }
}


static int
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
