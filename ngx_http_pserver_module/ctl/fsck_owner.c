/*
 * pserverctl fsck: an owner's keys, manifest and objects.
 *
 * A version is looked at without a lock, and once more under the owner's
 * before anything is said: then neither manifest nor files change.
 */

#include "fsck.h"
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


#define PSERVERCTL_FSCK_KEY       "owner.key"
#define PSERVERCTL_FSCK_MANIFEST  "manifest"
#define PSERVERCTL_FSCK_BATCH     (1024 * PSERVER_MANIFEST_RECORD_LEN)

#define PSERVERCTL_FSCK_PATH      (sizeof("objects/") + 64 + 1 + 8)


/* a version that the manifest has, or a file that there is */

typedef struct {
    u_char                name[PSERVER_NAME_LEN];
    uint32_t              number;
} pserverctl_fsck_version_t;


static int pserverctl_fsck_keys(pserverctl_fsck_owner_t *owner);
static int pserverctl_fsck_manifest(pserverctl_fsck_owner_t *owner);
static const char *pserverctl_fsck_records(pserverctl_fsck_owner_t *owner,
    int fd);
static void pserverctl_fsck_listed(pserverctl_fsck_owner_t *owner);
static void pserverctl_fsck_objects(pserverctl_fsck_owner_t *owner);
static void pserverctl_fsck_object(pserverctl_fsck_owner_t *owner,
    const char *hex);
static void pserverctl_fsck_version(pserverctl_fsck_owner_t *owner,
    const pserverctl_fsck_version_t *version);
static const char *pserverctl_fsck_state(pserverctl_fsck_owner_t *owner,
    const char *path, const pserverctl_fsck_version_t *version);


/* then it is not the version that has to go */

static const char  pserverctl_fsck_older[] =
    "the manifest is older than this version, or gone";


int
pserverctl_fsck_open(pserverctl_fsck_owner_t *owner)
{
    owner->keys = sodium_malloc(sizeof(pserver_keys_t));

    if (owner->keys == NULL) {
        pserverctl_fsck_failed(owner, PSERVERCTL_FSCK_KEY);
        return PSERVERCTL_FAILED;
    }

    return pserverctl_fsck_keys(owner);
}


void
pserverctl_fsck_close(pserverctl_fsck_owner_t *owner)
{
    pserver_manifest_free(&owner->manifest);
    sodium_free(owner->keys);
    owner->keys = NULL;
}


void
pserverctl_fsck_owner(pserverctl_fsck_owner_t *owner)
{
    pserverctl_fsck_indexed(owner);

    if (pserverctl_fsck_open(owner) == PSERVERCTL_OK) {

        if (pserverctl_fsck_manifest(owner) == PSERVERCTL_OK) {
            pserverctl_fsck_listed(owner);
            pserverctl_fsck_objects(owner);
        }

        pserverctl_fsck_files(owner);
    }

    pserverctl_fsck_close(owner);
}


static int
pserverctl_fsck_keys(pserverctl_fsck_owner_t *owner)
{
    int                  fd, rc, owned;
    u_char               buf[PSERVER_KEYS_FILE_MAX + 1];
    ssize_t              n;
    pserver_str_t        file;
    pserverctl_fsck_t   *fsck;

    fsck = owner->fsck;

    fd = openat(owner->fd, PSERVERCTL_FSCK_KEY,
                O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    n = (fd == -1) ? -1 : read(fd, buf, sizeof(buf));

    if (n == -1) {
        pserverctl_fsck_noted(owner, PSERVERCTL_FSCK_KEY,
                              errno == ENOENT ? "is gone: nothing of this "
                              "owner can be opened" : "can not be read");
    }

    if (fd != -1) {
        close(fd);
    }

    if (n == -1) {
        return PSERVERCTL_FAILED;
    }

    file.data = buf;
    file.len = (size_t) n;

    owned = pserver_keys_owned(file, NULL, NULL) == PSERVER_OK;

    if (owned && fsck->custody == NULL) {
        pserverctl_error("owners/%s: needs the owner's own key, and is not "
                         "looked at", owner->hex);
        return PSERVERCTL_FAILED;
    }

    rc = owned ? pserver_keys_unwrap_owned(owner->keys, NULL, file,
                                           fsck->roots, fsck->nroots,
                                           fsck->chain_id, &owner->address,
                                           fsck->custody)
               : pserver_keys_unwrap(owner->keys, NULL, file, fsck->roots,
                                     fsck->nroots, fsck->chain_id,
                                     &owner->address);

    if (rc == PSERVER_OK) {
        pserverctl_fsck_read(fsck, file.len);
        return PSERVERCTL_OK;
    }

    pserverctl_fsck_noted(owner, PSERVERCTL_FSCK_KEY,
                          rc == PSERVER_DONE ? "the root that it names is "
                          "not there" : "does not open");

    return PSERVERCTL_FAILED;
}


/* PSERVERCTL_OK: there is one, or there may yet be none */

static int
pserverctl_fsck_manifest(pserverctl_fsck_owner_t *owner)
{
    const char  *reason;

    reason = pserverctl_fsck_load(owner);

    if (reason || owner->fsck->rebuild) {
        pserverctl_fsck_lock(owner);

        reason = pserverctl_fsck_load(owner);

        if (!owner->fsck->rebuild) {

            if (reason) {
                pserverctl_fsck_noted(owner, PSERVERCTL_FSCK_MANIFEST,
                                      reason);
            }

        } else if (pserverctl_fsck_rebuild(owner, reason) == PSERVERCTL_OK) {
            reason = pserverctl_fsck_load(owner);
        }

        pserverctl_fsck_unlock(owner);
    }

    if (reason) {
        return PSERVERCTL_FAILED;
    }

    reason = pserverctl_fsck_log(owner);

    if (reason) {
        pserverctl_fsck_noted(owner, PSERVERCTL_FSCK_MANIFEST, reason);
    }

    return PSERVERCTL_OK;
}


const char *
pserverctl_fsck_load(pserverctl_fsck_owner_t *owner)
{
    int           fd;
    const char   *reason;
    struct stat   st;

    fd = openat(owner->fd, PSERVERCTL_FSCK_MANIFEST,
                O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {

        /* of versions that had one pserverctl_fsck_state() says more */

        return (errno == ENOENT) ? NULL : "can not be opened";
    }

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        close(fd);
        return "is no file";
    }

    if (st.st_dev != owner->dev || st.st_ino != owner->ino
        || st.st_size < owner->size)
    {
        pserver_manifest_free(&owner->manifest);

        owner->dev = st.st_dev;
        owner->ino = st.st_ino;
        owner->size = 0;
    }

    reason = pserverctl_fsck_records(owner, fd);

    close(fd);

    return reason;
}


static const char *
pserverctl_fsck_records(pserverctl_fsck_owner_t *owner, int fd)
{
    int          rc;
    size_t       used;
    u_char      *buf;
    ssize_t      n;
    const char  *reason;

    buf = malloc(PSERVERCTL_FSCK_BATCH);

    if (buf == NULL) {
        return "there is not enough memory for it";
    }

    do {
        n = pread(fd, buf, PSERVERCTL_FSCK_BATCH, owner->size);

        if (n == -1) {
            free(buf);
            return "can not be read";
        }

        rc = pserver_manifest_read(&owner->manifest, buf, (size_t) n, &used,
                                   owner->keys->ledger);

        owner->size += (off_t) used;

    } while (rc == PSERVER_OK && used);

    free(buf);

    reason = NULL;

    /* one record may be torn, and then it is the last */

    if (rc == PSERVER_NOMEM) {
        reason = "there is not enough memory for it";

    } else if (n - (ssize_t) used > PSERVER_MANIFEST_RECORD_LEN
               || pserver_manifest_whole(&owner->manifest) != PSERVER_OK)
    {
        reason = "does not open";
    }

    return reason;
}


void
pserverctl_fsck_lock(pserverctl_fsck_owner_t *owner)
{
    owner->lock = openat(owner->fd, "seen",
                         O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (owner->lock != -1 && flock(owner->lock, LOCK_EX) == -1) {
        pserverctl_fsck_failed(owner, "seen");
    }
}


void
pserverctl_fsck_unlock(pserverctl_fsck_owner_t *owner)
{
    if (owner->lock != -1) {
        close(owner->lock);
        owner->lock = -1;
    }
}


/* each version that the manifest has: a copy, since it may go on */

static void
pserverctl_fsck_listed(pserverctl_fsck_owner_t *owner)
{
    size_t                       i, n;
    const pserver_object_t      *object;
    const pserver_version_t     *version;
    const pserver_inventory_t   *inventory;
    pserverctl_fsck_version_t   *list;

    inventory = &owner->manifest.inventory;

    list = calloc(inventory->versions + 1, sizeof(pserverctl_fsck_version_t));

    if (list == NULL) {
        pserverctl_fsck_failed(owner, PSERVERCTL_FSCK_MANIFEST);
        return;
    }

    i = 0;
    n = 0;

    while ((object = pserver_inventory_next(inventory, &i)) != NULL) {

        for (version = pserver_inventory_oldest(inventory, object);
             version;
             version = pserver_inventory_newer(inventory, version))
        {
            memcpy(list[n].name, object->name, PSERVER_NAME_LEN);
            list[n++].number = version->number;
        }
    }

    for (i = 0; i < n; i++) {
        pserverctl_fsck_version(owner, &list[i]);
    }

    free(list);
}


/* and each file that it does not have */

static void
pserverctl_fsck_objects(pserverctl_fsck_owner_t *owner)
{
    char      **names;
    ssize_t     i, n;

    n = pserverctl_fsck_names(owner->fd, "objects", 1, &names);

    if (n == -1) {
        pserverctl_fsck_failed(owner, "objects");
        return;
    }

    for (i = 0; i < n; i++) {
        pserverctl_fsck_object(owner, names[i]);
    }

    pserverctl_fsck_free(names, (size_t) n);
}


static void
pserverctl_fsck_object(pserverctl_fsck_owner_t *owner, const char *hex)
{
    char                         path[PATH_MAX], same[9], **names;
    ssize_t                      i, n;
    const pserver_object_t      *object;
    pserverctl_fsck_version_t    version;

    snprintf(path, sizeof(path), "objects/%s", hex);

    if (pserver_hex_decode(version.name, PSERVER_NAME_LEN,
                           pserverctl_str(hex))
        != PSERVER_OK
        || (n = pserverctl_fsck_names(owner->fd, path, 1, &names)) == -1)
    {
        pserverctl_fsck_found(owner, path, "is not the folder of an object");
        return;
    }

    for (i = 0; i < n; i++) {
        version.number = (uint32_t) strtoul(names[i], NULL, 10);

        snprintf(same, sizeof(same), "%08u", version.number % 100000000);

        if (version.number == 0 || strcmp(same, names[i]) != 0) {
            snprintf(path, sizeof(path), "objects/%s/%s", hex, names[i]);
            pserverctl_fsck_found(owner, path, "is not the name of a version");
            continue;
        }

        object = pserver_inventory_object(&owner->manifest.inventory,
                                          version.name);

        if (object == NULL
            || pserver_inventory_version(&owner->manifest.inventory, object,
                                         version.number)
               == NULL)
        {
            pserverctl_fsck_version(owner, &version);
        }
    }

    pserverctl_fsck_free(names, (size_t) n);
}


static void
pserverctl_fsck_version(pserverctl_fsck_owner_t *owner,
    const pserverctl_fsck_version_t *version)
{
    char         path[PSERVERCTL_FSCK_PATH], hex[2 * PSERVER_NAME_LEN + 1];
    const char  *reason;

    *pserver_hex_encode((u_char *) hex, version->name, PSERVER_NAME_LEN)
        = '\0';

    snprintf(path, sizeof(path), "objects/%s/%08u", hex,
             version->number % 100000000);

    if (pserverctl_fsck_state(owner, path, version) == NULL) {
        return;
    }

    pserverctl_fsck_lock(owner);

    if (pserverctl_fsck_load(owner) == NULL) {
        reason = pserverctl_fsck_state(owner, path, version);

        if (reason
            && (reason == pserverctl_fsck_older
                || faccessat(owner->fd, path, F_OK, AT_SYMLINK_NOFOLLOW)
                   == -1))
        {
            pserverctl_fsck_noted(owner, path, reason);

        } else if (reason) {
            pserverctl_fsck_found(owner, path, reason);
        }
    }

    pserverctl_fsck_unlock(owner);
}


/* NULL: it is as the manifest says, or neither of them has it */

static const char *
pserverctl_fsck_state(pserverctl_fsck_owner_t *owner, const char *path,
    const pserverctl_fsck_version_t *version)
{
    uint64_t                  size, recorded;
    const char               *reason;
    pserver_open_t            open;
    const pserver_object_t   *object;
    const pserver_version_t  *listed;

    object = pserver_inventory_object(&owner->manifest.inventory,
                                      version->name);
    listed = object ? pserver_inventory_version(&owner->manifest.inventory,
                                                object, version->number)
                    : NULL;

    if (faccessat(owner->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1
        && errno == ENOENT)
    {
        return listed ? "is gone, and the manifest has it" : NULL;
    }

    memset(&open, 0, sizeof(pserver_open_t));

    reason = pserverctl_fsck_sealed(owner, path, version->name,
                                    version->number, &open, &size);
    recorded = open.meta.recorded;

    if (reason == NULL && listed
        && (memcmp(open.id, listed->id, PSERVER_SEAL_ID_LEN) != 0
            || size != listed->size))
    {
        reason = "is not the version that the manifest has";
    }

    pserver_open_free(&open);

    if (reason || listed) {
        return reason;
    }

    if (recorded > owner->manifest.head.counter) {
        return pserverctl_fsck_older;
    }

    /* before there was a manifest, each file is a version */

    return (owner->manifest.records || recorded)
           ? "is not in the manifest: left by a crash, or put there" : NULL;
}
