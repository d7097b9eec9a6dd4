/*
 * pserverctl fsck --rebuild: another manifest in the place of one that is
 * damaged or gone, from what it says up to the damage and from the objects.
 *
 * An object says by which record of the manifest it came to be.  So of those
 * that came later than the last record that can be read, it is known that
 * they did, and not whether they were deleted afterwards: what is on the disk
 * is taken for what the owner has.  Of those that came before, only what the
 * manifest has.
 */

#include "fsck.h"
#include "../core/bytes.h"
#include "../core/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_REBUILD_NEW  "manifest.new"


typedef struct {
    pserverctl_fsck_owner_t  *owner;
    pserver_inventory_t       inventory;
    uint64_t                  highest;   /* counter that is known of */
    uint64_t                  lost;      /* versions of the old manifest */
    uint64_t                  added;     /* that it does not have */
    int                       fd;
} pserverctl_rebuild_t;


static int pserverctl_rebuild_objects(pserverctl_rebuild_t *rebuild);
static int pserverctl_rebuild_object(pserverctl_rebuild_t *rebuild,
    const char *hex);
static int pserverctl_rebuild_version(pserverctl_rebuild_t *rebuild,
    const u_char name[PSERVER_NAME_LEN], uint32_t number, const char *path);
static int pserverctl_rebuild_keep(pserverctl_fsck_owner_t *owner);
static int pserverctl_rebuild_write(pserverctl_rebuild_t *rebuild);
static int pserverctl_rebuild_records(pserverctl_rebuild_t *rebuild);
static uint64_t pserverctl_rebuild_counter(
    const pserverctl_rebuild_t *rebuild);
static int pserverctl_rebuild_record(pserverctl_rebuild_t *rebuild,
    pserver_manifest_head_t *head, const pserver_manifest_record_t *record);


int
pserverctl_fsck_rebuild(pserverctl_fsck_owner_t *owner, const char *why)
{
    int                    rc;
    char                   text[160];
    pserverctl_rebuild_t   rebuild;

    memset(&rebuild, 0, sizeof(pserverctl_rebuild_t));

    rebuild.owner = owner;
    rebuild.highest = owner->manifest.head.counter;

    rc = pserverctl_rebuild_objects(&rebuild);

    if (rc == PSERVERCTL_OK && why == NULL) {

        if (rebuild.added == 0) {
            pserver_inventory_free(&rebuild.inventory);
            return PSERVERCTL_OK;
        }

        why = "is older than what it should have, or gone";
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_rebuild_keep(owner);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_rebuild_write(&rebuild);
    }

    if (rc != PSERVERCTL_OK) {
        pserverctl_fsck_failed(owner, "manifest");

        if (why) {
            pserverctl_fsck_noted(owner, "manifest", why);
        }

    } else {
        rebuild.lost = owner->manifest.inventory.versions + rebuild.added
                       - rebuild.inventory.versions;

        snprintf(text, sizeof(text), "%s (made anew: %llu versions, %llu of "
                 "them it did not have; %llu that it had are gone)", why,
                 (unsigned long long) rebuild.inventory.versions,
                 (unsigned long long) rebuild.added,
                 (unsigned long long) rebuild.lost);

        owner->fsck->moved++;
        pserverctl_fsck_noted(owner, "manifest", text);
    }

    pserver_inventory_free(&rebuild.inventory);

    return rc;
}


static int
pserverctl_rebuild_objects(pserverctl_rebuild_t *rebuild)
{
    int        rc;
    char     **names;
    ssize_t    i, n;

    n = pserverctl_fsck_names(rebuild->owner->fd, "objects", 0, &names);

    if (n == -1) {
        return PSERVERCTL_FAILED;
    }

    rc = PSERVERCTL_OK;

    for (i = 0; i < n && rc == PSERVERCTL_OK; i++) {
        rc = pserverctl_rebuild_object(rebuild, names[i]);
    }

    pserverctl_fsck_free(names, (size_t) n);

    return rc;
}


/* versions by their number, which is the order of their names */

static int
pserverctl_rebuild_object(pserverctl_rebuild_t *rebuild, const char *hex)
{
    int        rc;
    char       path[PATH_MAX], same[9], **names;
    u_char     name[PSERVER_NAME_LEN];
    ssize_t    i, n;
    uint32_t   number;

    snprintf(path, sizeof(path), "objects/%s", hex);

    if (pserver_hex_decode(name, sizeof(name), pserverctl_str(hex))
        != PSERVER_OK)
    {
        return PSERVERCTL_OK;
    }

    n = pserverctl_fsck_names(rebuild->owner->fd, path, 0, &names);

    if (n == -1) {
        return PSERVERCTL_FAILED;
    }

    rc = PSERVERCTL_OK;

    for (i = 0; i < n && rc == PSERVERCTL_OK; i++) {
        number = (uint32_t) strtoul(names[i], NULL, 10);

        snprintf(same, sizeof(same), "%08u", number % 100000000);

        if (number && strcmp(same, names[i]) == 0) {
            snprintf(path, sizeof(path), "objects/%s/%s", hex, names[i]);
            rc = pserverctl_rebuild_version(rebuild, name, number, path);
        }
    }

    pserverctl_fsck_free(names, (size_t) n);

    return rc;
}


/* what does not open is for the check that follows to say */

static int
pserverctl_rebuild_version(pserverctl_rebuild_t *rebuild,
    const u_char name[PSERVER_NAME_LEN], uint32_t number, const char *path)
{
    int                        known, later;
    uint64_t                   size, recorded;
    const char                *reason;
    pserver_open_t             open;
    pserver_version_t          version;
    const pserver_object_t    *object;
    const pserver_manifest_t  *old;
    const pserver_version_t   *listed;

    memset(&open, 0, sizeof(pserver_open_t));
    memset(&version, 0, sizeof(pserver_version_t));

    reason = pserverctl_fsck_sealed(rebuild->owner, path, name, number,
                                    &open, &size);
    recorded = open.meta.recorded;

    version.number = number;
    version.size = size;
    memcpy(version.id, open.id, PSERVER_SEAL_ID_LEN);

    pserver_open_free(&open);

    old = &rebuild->owner->manifest;

    object = pserver_inventory_object(&old->inventory, name);
    listed = object ? pserver_inventory_version(&old->inventory, object,
                                                number)
                    : NULL;

    if (reason && listed) {

        /* it is there, and to ask for it goes on being an error */

        return (pserver_inventory_add(&rebuild->inventory, name, listed)
                == PSERVER_OK)
               ? PSERVERCTL_OK : PSERVERCTL_FAILED;
    }

    if (reason) {
        return PSERVERCTL_OK;
    }

    if (recorded > rebuild->highest) {
        rebuild->highest = recorded;
    }

    known = listed && memcmp(listed->id, version.id,
                             PSERVER_SEAL_ID_LEN) == 0;
    later = old->records == 0 || recorded > old->head.counter;

    if (!known && !later) {
        return PSERVERCTL_OK;
    }

    if (pserver_inventory_add(&rebuild->inventory, name, &version)
        != PSERVER_OK)
    {
        errno = ENOMEM;
        return PSERVERCTL_FAILED;
    }

    if (!listed) {
        rebuild->added++;
    }

    return PSERVERCTL_OK;
}


/* the old one has a second name in quarantine before it loses its first */

static int
pserverctl_rebuild_keep(pserverctl_fsck_owner_t *owner)
{
    int   n;
    char  to[PATH_MAX];

    for (n = 0; n < 1000; n++) {
        snprintf(to, sizeof(to), n ? "quarantine/owners/%s/manifest.%d"
                                   : "quarantine/owners/%s/manifest",
                 owner->hex, n);

        if (pserverctl_fsck_parents(to, owner->fsck->fd) == -1) {
            return PSERVERCTL_FAILED;
        }

        if (linkat(owner->fd, "manifest", owner->fsck->fd, to, 0) == 0
            || errno == ENOENT)
        {
            return PSERVERCTL_OK;
        }

        if (errno != EEXIST) {
            break;
        }
    }

    return PSERVERCTL_FAILED;
}


static int
pserverctl_rebuild_write(pserverctl_rebuild_t *rebuild)
{
    int          fd, rc;
    struct stat  st;

    fd = rebuild->owner->fd;

    if (unlinkat(fd, PSERVERCTL_REBUILD_NEW, 0) == -1 && errno != ENOENT) {
        return PSERVERCTL_FAILED;
    }

    rebuild->fd = openat(fd, PSERVERCTL_REBUILD_NEW,
                         O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (rebuild->fd == -1) {
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_rebuild_records(rebuild);

    /* it belongs to whom the folder does */

    if (rc == PSERVERCTL_OK
        && (fstat(fd, &st) == -1
            || ((st.st_uid != geteuid() || st.st_gid != getegid())
                && fchown(rebuild->fd, st.st_uid, st.st_gid) == -1)
            || fsync(rebuild->fd) == -1
            || renameat(fd, PSERVERCTL_REBUILD_NEW, fd, "manifest") == -1
            || fsync(fd) == -1))
    {
        rc = PSERVERCTL_FAILED;
    }

    close(rebuild->fd);

    return rc;
}


/* as a file that takes the place of another one, whose last record is not
   known: zeros stand in its place */

static int
pserverctl_rebuild_records(pserverctl_rebuild_t *rebuild)
{
    int                         rc;
    size_t                      i;
    u_char                      header[PSERVER_MANIFEST_HEADER_LEN];
    const pserver_object_t     *object;
    const pserver_keys_t       *keys;
    pserver_manifest_head_t     head;
    const pserver_version_t    *version;
    pserver_manifest_record_t   record;

    memset(&head, 0, sizeof(pserver_manifest_head_t));
    memset(&record, 0, sizeof(pserver_manifest_record_t));

    keys = rebuild->owner->keys;
    head.counter = pserverctl_rebuild_counter(rebuild);

    pserver_manifest_header(header);

    if (write(rebuild->fd, header, sizeof(header))
        != (ssize_t) sizeof(header))
    {
        return PSERVERCTL_FAILED;
    }

    record.kind = PSERVER_MANIFEST_BASE;
    record.number = rebuild->inventory.versions;

    rc = pserverctl_rebuild_record(rebuild, &head, &record);

    if (rc == PSERVERCTL_OK && keys->generation > 1) {
        record.kind = PSERVER_MANIFEST_KEY;
        record.number = keys->generation;
        pserver_keys_data_id(record.name, keys->data);

        rc = pserverctl_rebuild_record(rebuild, &head, &record);
    }

    record.kind = PSERVER_MANIFEST_PUT;
    i = 0;

    while ((object = pserver_inventory_next(&rebuild->inventory, &i))
           != NULL)
    {
        memcpy(record.name, object->name, PSERVER_NAME_LEN);

        for (version = pserver_inventory_oldest(&rebuild->inventory, object);
             version && rc == PSERVERCTL_OK;
             version = pserver_inventory_newer(&rebuild->inventory, version))
        {
            record.number = version->number;
            record.size = version->size;
            memcpy(record.id, version->id, PSERVER_SEAL_ID_LEN);

            rc = pserverctl_rebuild_record(rebuild, &head, &record);
        }
    }

    return rc;
}


/*
 * Microseconds of the time: higher than what was counted one by one and is
 * lost, and than that of a manifest that was made anew before.
 */

static uint64_t
pserverctl_rebuild_counter(const pserverctl_rebuild_t *rebuild)
{
    uint64_t         now;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    now = (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;

    return (now > rebuild->highest) ? now : rebuild->highest;
}


static int
pserverctl_rebuild_record(pserverctl_rebuild_t *rebuild,
    pserver_manifest_head_t *head, const pserver_manifest_record_t *record)
{
    u_char  sealed[PSERVER_MANIFEST_RECORD_LEN];

    pserver_manifest_seal(sealed, head, record,
                          rebuild->owner->keys->ledger);

    return (write(rebuild->fd, sealed, sizeof(sealed))
            == (ssize_t) sizeof(sealed))
           ? PSERVERCTL_OK : PSERVERCTL_FAILED;
}
