/*
 * What an export copies from the owner's folder: objects, the manifest,
 * markers, operations and proofs.
 */

#include "export.h"
#include "../core/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


static int pserverctl_export_version(pserverctl_export_t *export,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version,
    int cut);
static int pserverctl_export_sealed(pserverctl_export_t *export,
    const char *path, const u_char *id);
static int pserverctl_export_same(pserverctl_export_t *export,
    const char *path);
static int pserverctl_export_job(pserverctl_export_t *export,
    const char *path, const u_char name[PSERVER_LEDGER_NAME_LEN]);
static int pserverctl_export_file(pserverctl_export_t *export,
    const char *path);


/* with "cut" what the manifest has has to be there */

int
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

int
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


int
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


int
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

int
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
