/*
 * pserverctl fsck: what lies beside the owners' folders.  These are links and
 * locks, which name nothing that is not elsewhere; index/ alone can't be made
 * anew.
 */

#include "fsck.h"
#include "../core/encode.h"
#include "../core/identity.h"
#include "../core/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_STORE_ROW   (sizeof("../../owners//jobs/") - 1 + 40 + 64)


/* which entries a folder of folders has */

typedef struct {
    const char            *folder;
    size_t                 prefix;       /* digits of a folder's name */
    int                    marker;       /* entries are <created>-<row> */
    int                    named;        /* or are called as the row is */
} pserverctl_store_links_t;


static void pserverctl_store_index(pserverctl_fsck_t *fsck);
static void pserverctl_store_links(pserverctl_fsck_t *fsck,
    const pserverctl_store_links_t *links);
static void pserverctl_store_link(pserverctl_fsck_t *fsck,
    const pserverctl_store_links_t *links, const char *path,
    const char *name);
static void pserverctl_store_incoming(pserverctl_fsck_t *fsck);
static int pserverctl_store_hex(const char *text, size_t len);
static int pserverctl_store_old(pserverctl_fsck_t *fsck, const char *path);


static const pserverctl_store_links_t  pserverctl_store_folders[] = {
    { "jobs", 2, 0, 1 },
    { "lists", 64, 1, 0 },
    { "keys", 2, 0, 0 },
    { "leases", 0, 0, 1 }
};


void
pserverctl_fsck_beside(pserverctl_fsck_t *fsck)
{
    size_t  i;

    pserverctl_store_index(fsck);

    for (i = 0; i < sizeof(pserverctl_store_folders)
                    / sizeof(pserverctl_store_folders[0]); i++)
    {
        pserverctl_store_links(fsck, &pserverctl_store_folders[i]);
    }

    pserverctl_store_incoming(fsck);
}


/* says of whom it is, and an owner who is not there may have it */

static void
pserverctl_store_index(pserverctl_fsck_t *fsck)
{
    char                path[PATH_MAX], same[9], **names;
    u_char              text[41];
    ssize_t             i, n, len;
    pserver_str_t       hex;
    pserver_address_t   address;

    n = pserverctl_fsck_names(fsck->fd, "index", 1, &names);

    if (n == -1) {
        pserverctl_error("%s/index: %s", fsck->store, strerror(errno));
        fsck->failures++;
        return;
    }

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "index/%s", names[i]);

        len = readlinkat(fsck->fd, path, (char *) text, sizeof(text));

        hex.data = text;
        hex.len = (len > 0) ? (size_t) len : 0;

        same[0] = '\0';

        if (pserver_hex_decode(address.bytes, 20, hex) == PSERVER_OK) {
            snprintf(same, sizeof(same), "%08x",
                     (unsigned) pserver_identity_index(&address));
        }

        if (strcmp(same, names[i]) != 0) {

            /* who finds it there is not admitted: it is for people to see */

            pserverctl_fsck_store_found(fsck, path, "is not the index of "
                                        "the owner that it names", 0);
        }
    }

    pserverctl_fsck_free(names, (size_t) n);
}


void
pserverctl_fsck_indexed(pserverctl_fsck_owner_t *owner)
{
    char        path[32];
    struct stat st;

    snprintf(path, sizeof(path), "index/%08x",
             (unsigned) pserver_identity_index(&owner->address));

    if (owner->label == NULL
        && fstatat(owner->fsck->fd, path, &st, AT_SYMLINK_NOFOLLOW) == -1
        && errno == ENOENT)
    {
        pserverctl_fsck_store_found(owner->fsck, path, "is gone: another "
                                    "owner could take it", 0);
    }
}


static void
pserverctl_store_links(pserverctl_fsck_t *fsck,
    const pserverctl_store_links_t *links)
{
    char       folder[PATH_MAX], path[PATH_MAX + 256];
    char     **folders, **names;
    ssize_t    i, k, n, m;

    n = pserverctl_fsck_names(fsck->fd, links->folder, 0, &folders);

    if (n == -1) {
        pserverctl_error("%s/%s: %s", fsck->store, links->folder,
                         strerror(errno));
        fsck->failures++;
        return;
    }

    for (i = 0; i < n; i++) {

        if (strcmp(folders[i], "lock") == 0) {
            continue;
        }

        snprintf(folder, sizeof(folder), "%s/%s", links->folder, folders[i]);

        m = -1;

        if (links->prefix == 0
            || (strlen(folders[i]) == links->prefix
                && pserverctl_store_hex(folders[i], links->prefix)))
        {
            m = pserverctl_fsck_names(fsck->fd, folder, 0, &names);
        }

        if (m == -1) {
            pserverctl_fsck_store_found(fsck, folder, "has no place there",
                                        1);
            continue;
        }

        for (k = 0; k < m; k++) {
            if (strcmp(names[k], "lock") != 0) {
                snprintf(path, sizeof(path), "%s/%s", folder, names[k]);
                pserverctl_store_link(fsck, links, path, names[k]);
            }
        }

        pserverctl_fsck_free(names, (size_t) m);
    }

    pserverctl_fsck_free(folders, (size_t) n);
}


/* a link is there before its row, and goes before it or is left by a crash */

static void
pserverctl_store_link(pserverctl_fsck_t *fsck,
    const pserverctl_store_links_t *links, const char *path,
    const char *name)
{
    char         text[PSERVERCTL_STORE_ROW + 1], form[sizeof(text)], *row;
    ssize_t      n;
    uint64_t     created;
    struct stat  st;

    n = readlinkat(fsck->fd, path, text, sizeof(text));

    if (n == -1 && errno == ENOENT) {
        return;
    }

    text[n == (ssize_t) PSERVERCTL_STORE_ROW ? n : 0] = '\0';

    row = text;

    if (text[0]) {
        row += sizeof("../../owners/") - 1 + 40 + sizeof("/jobs/") - 1;

        snprintf(form, sizeof(form), "../../owners/%.40s/jobs/%s",
                 text + sizeof("../../owners/") - 1, row);
    }

    if (text[0] == '\0'
        || strcmp(text, form) != 0
        || !pserverctl_store_hex(text + sizeof("../../owners/") - 1, 40)
        || !pserverctl_store_hex(row, 64)
        || (links->named && strcmp(name, row) != 0)
        || (links->marker
            && (pserver_marker_exp(&created, name) != PSERVER_OK
                || strcmp(name + 17, row) != 0)))
    {
        pserverctl_fsck_store_found(fsck, path, "is no link to an operation",
                                    1);
        return;
    }

    /* relative to the store */

    if (fstatat(fsck->fd, text + sizeof("../../") - 1, &st,
                AT_SYMLINK_NOFOLLOW) == -1
        && errno == ENOENT
        && pserverctl_store_old(fsck, path))
    {
        pserverctl_fsck_store_found(fsck, path, "is orphaned: its operation "
                                    "is gone", 1);
    }
}


/* of "pserverctl import" */

static void
pserverctl_store_incoming(pserverctl_fsck_t *fsck)
{
    char       path[PATH_MAX], **names;
    ssize_t    i, n;

    n = pserverctl_fsck_names(fsck->fd, "incoming", 1, &names);

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "incoming/%s", names[i]);

        if (pserverctl_store_old(fsck, path)) {
            pserverctl_fsck_store_found(fsck, path, "is an import that was "
                                        "cut off, a day ago", 1);
        }
    }

    if (n > 0) {
        pserverctl_fsck_free(names, (size_t) n);
    }
}


/* exactly so many digits, up to what is none */

static int
pserverctl_store_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") == len;
}


static int
pserverctl_store_old(pserverctl_fsck_t *fsck, const char *path)
{
    struct stat  st;

    return fstatat(fsck->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0
           && st.st_mtime + PSERVERCTL_FSCK_STALE <= time(NULL);
}
