/*
 * pserverctl import: an owner's folder, from another server.
 *
 * All of it is copied into STORE/incoming/, where nginx does not look, and
 * opened; then the folder gets its name in one step.  Until then the owner
 * is not there, and the import can be run again.
 */

#include "import.h"
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


static int pserverctl_import(pserverctl_args_t *args);
static int pserverctl_import_args(pserverctl_import_t *import,
    pserverctl_args_t *args, u_char digest[32]);
static int pserverctl_import_list(pserverctl_import_t *import,
    const u_char digest[32]);
static int pserverctl_import_items(pserverctl_import_t *import);
static int pserverctl_import_run(pserverctl_import_t *import);
static int pserverctl_import_begin(pserverctl_import_t *import);
static void pserverctl_import_item(const void *node, VISIT visit, void *data);
static int pserverctl_import_file(pserverctl_import_t *import,
    pserverctl_item_t *item);
static int pserverctl_import_link(pserverctl_import_t *import,
    pserverctl_item_t *item);


static const pserverctl_option_t  pserverctl_import_options[] = {
    { "root", "FILE", "the storage roots (pserver_root)" },
    { "chain", "ID", "the chain id of pserver_chain" },
    { "digest", "HEX", "what the export has printed" },
    { "custody", "FILE", "the owner's own key (pserverctl custody key)" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_import_commands[] = {
    {
        "import", "--root FILE --chain ID --digest HEX ARCHIVE STORE",
        "an owner's data, from another server\n"
        "\n"
        "Copies what \"pserverctl export\" has written into STORE\n"
        "(pserver_store), opens and checks all of it, and then the owner is\n"
        "there, in one step: wholly or not at all. An owner who is there\n"
        "already is never touched. nginx may go on. One that was cut off goes\n"
        "on when it is run again.\n"
        "\n"
        "The digest says that the archive is the one that was exported: get\n"
        "it another way than the archive.\n"
        "\n"
        "Status: 0 the owner is there; 1 it could not be done, the owner is\n"
        "there already, or --digest is of another archive; 4 the archive is\n"
        "damaged, or not for this server.",
        pserverctl_import_options, 2, 2, pserverctl_import
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_import(pserverctl_args_t *args)
{
    int                   rc;
    u_char                digest[32];
    pserverctl_import_t   import;

    memset(&import, 0, sizeof(pserverctl_import_t));

    import.fsck.fd = -1;
    import.from = -1;
    import.to = -1;

    rc = pserverctl_import_args(&import, args, digest);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_import_list(&import, digest);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_import_items(&import);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_import_run(&import);
    }

    if (rc == PSERVERCTL_OK) {
        fprintf(stderr, "%zu files, %llu bytes\n", import.items.count,
                (unsigned long long) import.bytes);
    }

    free(import.list.data);
    pserverctl_items_free(&import.items);
    pserverctl_fsck_done(&import.fsck);

    return rc;
}


static int
pserverctl_import_args(pserverctl_import_t *import, pserverctl_args_t *args,
    u_char digest[32])
{
    int            rc;
    pserver_str_t  root, chain, text;

    rc = pserverctl_required(args, "root", &root);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "chain", &chain);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_number(args, "chain", 0, &import->fsck.chain_id);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "digest", &text);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserver_hex_decode(digest, 32, text) != PSERVER_OK) {
        return pserverctl_usage_error(args, "--digest is not 64 hex digits");
    }

    rc = pserverctl_fsck_roots(&import->fsck, (char *) root.data);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_custody(&import->fsck, args);
    }

    import->archive = args->rest[0];
    import->fsck.store = args->rest[1];

    return rc;
}


/* reads the list, if it is the one that was meant: what is parsed is what was
   hashed, whatever becomes of the file */

static int
pserverctl_import_list(pserverctl_import_t *import, const u_char digest[32])
{
    u_char                   *data;
    ssize_t                   n;
    pserver_archive_entry_t   list;

    import->from = open(import->archive, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (import->from == -1) {
        return pserverctl_import_failed(import, NULL);
    }

    /* before it takes memory */

    if (pserverctl_move_hash(import->from, PSERVERCTL_MOVE_LIST, &list, NULL)
        == -1)
    {
        if (errno != ENOENT) {
            return pserverctl_import_failed(import, PSERVERCTL_MOVE_LIST);
        }

        pserverctl_error("%s: the export is not complete, or this is none",
                         import->archive);
        return PSERVERCTL_FAILED;
    }

    if (memcmp(list.sha256, digest, 32) == 0) {
        data = malloc(list.size + 1);

        if (data == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        n = pserverctl_move_read(import->from, PSERVERCTL_MOVE_LIST, data,
                                 list.size);

        import->list.data = data;
        import->list.len = (n == -1) ? 0 : (size_t) n;

        (void) crypto_hash_sha256(list.sha256, data, import->list.len);
    }

    if (memcmp(list.sha256, digest, 32) != 0) {
        pserverctl_error("%s/%s: has another digest than --digest says: it "
                         "was changed, or is another archive",
                         import->archive, PSERVERCTL_MOVE_LIST);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_import_items(pserverctl_import_t *import)
{
    int                        rc;
    char                       path[PSERVER_ARCHIVE_PATH_MAX + 1];
    char                       text[PSERVER_ARCHIVE_TEXT_MAX + 1];
    pserver_archive_t          archive;
    pserverctl_item_t         *item;
    pserver_archive_entry_t    entry;

    rc = pserver_archive_init(&archive, &import->head, import->list);

    while (rc == PSERVER_OK) {
        rc = pserver_archive_next(&archive, &entry);

        if (rc != PSERVER_OK) {
            break;
        }

        snprintf(path, sizeof(path), "%.*s", (int) entry.path.len,
                 (char *) entry.path.data);
        snprintf(text, sizeof(text), "%.*s", (int) entry.text.len,
                 (char *) entry.text.data);

        item = pserverctl_item_add(&import->items, path, text);

        if (item == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        item->entry.size = entry.size;
        memcpy(item->entry.sha256, entry.sha256, 32);

        /* what is of the archive alone is not copied */

        item->wanted = (entry.kind != PSERVER_ARCHIVE_KEY);
        import->bytes += entry.size;
    }

    if (rc != PSERVER_DONE
        || pserverctl_item_find(&import->items, PSERVERCTL_MOVE_KEY) == NULL
        || pserverctl_item_find(&import->items, PSERVERCTL_OWNER_KEY) == NULL)
    {
        return pserverctl_import_bad(import, PSERVERCTL_MOVE_LIST,
                                     "is not the list of an archive");
    }

    if (import->head.chain_id != import->fsck.chain_id) {
        pserverctl_error("%s: is of another chain", import->archive);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_import_run(pserverctl_import_t *import)
{
    int  rc;

    rc = pserverctl_import_begin(import);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    /* first what says whether it is for us */

    rc = pserverctl_import_keys(import);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_progress_init(&import->progress, "copying", import->bytes);

    twalk_r(import->items.root, pserverctl_import_item, import);

    pserverctl_progress_clear(&import->progress);

    if (import->rc != PSERVERCTL_OK) {
        return import->rc;
    }

    if (pserverctl_move_prune(import->to, &import->items) == -1) {
        return pserverctl_import_failed(import, NULL);
    }

    rc = pserverctl_move_check(&import->fsck, &import->head.owner,
                               import->to, import->folder,
                               import->fsck.roots, import->fsck.nroots,
                               import->bytes);

    if (rc != PSERVERCTL_OK) {
        pserverctl_error("%s: is not whole, and the owner is not there",
                         import->archive);
        return rc;
    }

    if (syncfs(import->to) == -1) {
        return pserverctl_import_failed(import, NULL);
    }

    return pserverctl_import_place(&import->fsck, &import->head.owner,
                                   import->to, import->folder,
                                   &import->items);
}


static int
pserverctl_import_begin(pserverctl_import_t *import)
{
    int          rc;
    char         hex[41], path[sizeof(import->folder) + 1];
    struct stat  st;

    import->fsck.fd = open(import->fsck.store,
                           O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (import->fsck.fd == -1) {
        pserverctl_error("%s: %s", import->fsck.store, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_import_free(&import->fsck, &import->head.owner);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    *pserver_hex_encode((u_char *) hex, import->head.owner.bytes, 20) = '\0';

    snprintf(import->folder, sizeof(import->folder),
             PSERVERCTL_IMPORT_FOLDER "/%s", hex);
    snprintf(path, sizeof(path), "%s/", import->folder);

    if (pserverctl_fsck_parents(path, import->fsck.fd) == -1) {
        return pserverctl_import_failed(import, import->folder);
    }

    import->to = openat(import->fsck.fd, import->folder,
                        O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (import->to == -1 || flock(import->to, LOCK_EX|LOCK_NB) == -1) {
        return pserverctl_import_failed(import, import->folder);
    }

    /* who else could change names in it would choose what we write, and to
       what we give another user the right */

    if (fstat(import->to, &st) == -1 || st.st_uid != geteuid()
        || (st.st_mode & 077))
    {
        pserverctl_error("%s/%s: others could change it: remove it, and run "
                         "the import again", import->fsck.store,
                         import->folder);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static void
pserverctl_import_item(const void *node, VISIT visit, void *data)
{
    pserverctl_item_t    *item;
    pserverctl_import_t  *import = data;

    if ((visit != postorder && visit != leaf)
        || import->rc != PSERVERCTL_OK)
    {
        return;
    }

    item = *(pserverctl_item_t *const *) node;

    switch (item->entry.kind) {

    case PSERVER_ARCHIVE_KEY:
    case PSERVER_ARCHIVE_OWNER_KEY:
        break;

    case PSERVER_ARCHIVE_LINK:
        import->rc = pserverctl_import_link(import, item);
        break;

    default:
        import->rc = pserverctl_import_file(import, item);
        break;
    }
}


/* what an earlier run has brought is read again: it may be cut off */

static int
pserverctl_import_file(pserverctl_import_t *import, pserverctl_item_t *item)
{
    char                     *path;
    struct stat               st;
    pserver_archive_entry_t   got;

    path = (char *) item->entry.path.data;

    if (fstatat(import->to, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {

        if (S_ISREG(st.st_mode)
            && (uint64_t) st.st_size == item->entry.size
            && pserverctl_move_hash(import->to, path, &got,
                                    &import->progress) == 0
            && memcmp(got.sha256, item->entry.sha256, 32) == 0)
        {
            return PSERVERCTL_OK;
        }

        if (unlinkat(import->to, path, 0) == -1) {
            return pserverctl_import_failed(import, path);
        }
    }

    if (fstatat(import->from, path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return (errno == ENOENT)
               ? pserverctl_import_bad(import, path, "is not there")
               : pserverctl_import_failed(import, path);
    }

    if (!S_ISREG(st.st_mode) || (uint64_t) st.st_size != item->entry.size) {
        return pserverctl_import_bad(import, path, "has another size than "
                                     "the list says");
    }

    if (pserverctl_move_copy(import->from, import->to, path, &got,
                             &import->progress)
        == -1)
    {
        return pserverctl_import_failed(import, path);
    }

    if (got.size != item->entry.size
        || memcmp(got.sha256, item->entry.sha256, 32) != 0)
    {
        (void) unlinkat(import->to, path, 0);
        return pserverctl_import_bad(import, path, "was changed");
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_import_link(pserverctl_import_t *import, pserverctl_item_t *item)
{
    char  *path, *text, parents[PATH_MAX];

    path = (char *) item->entry.path.data;
    text = (char *) item->entry.text.data;

    snprintf(parents, sizeof(parents), "%s", path);

    if (pserverctl_fsck_parents(parents, import->to) == -1
        || (unlinkat(import->to, path, 0) == -1 && errno != ENOENT)
        || symlinkat(text, import->to, path) == -1)
    {
        return pserverctl_import_failed(import, path);
    }

    return PSERVERCTL_OK;
}


int
pserverctl_import_bad(const pserverctl_import_t *import, const char *path,
    const char *reason)
{
    pserverctl_progress_clear(&import->progress);

    pserverctl_error("%s/%s: %s", import->archive, path, reason);

    return PSERVERCTL_DAMAGED;
}


int
pserverctl_import_failed(const pserverctl_import_t *import, const char *path)
{
    int  err;

    err = errno;

    pserverctl_progress_clear(&import->progress);

    pserverctl_error("%s: %s", path ? path : import->archive,
                     (err == EWOULDBLOCK) ? "another import is at it"
                                          : strerror(err));
    return PSERVERCTL_FAILED;
}
