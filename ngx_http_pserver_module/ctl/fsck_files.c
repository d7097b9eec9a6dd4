/*
 * pserverctl fsck: sealed files, markers, rows, and what is temporary.
 */

#include "fsck.h"
#include "moved.h"
#include "../core/encode.h"
#include "../core/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_FSCK_ROW_MAX  (PSERVER_LEDGER_HEAD_LEN                     \
                                  + PSERVER_LEDGER_OPERATION_MAX              \
                                  + PSERVER_LEDGER_REQUEST_MAX                \
                                  + PSERVER_LEDGER_RESULT_MAX                 \
                                  + PSERVER_BOX_OVERHEAD)


typedef void (*pserverctl_fsck_each_pt)(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);


static const char *pserverctl_fsck_chunks(pserver_open_t *open, int fd);
static void pserverctl_fsck_each(pserverctl_fsck_owner_t *owner,
    const char *folder, pserverctl_fsck_each_pt each);
static void pserverctl_fsck_change(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);
static void pserverctl_fsck_started(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);
static int pserverctl_fsck_link(pserverctl_fsck_owner_t *owner,
    const char *path, pserver_str_t *text, size_t size);
static void pserverctl_fsck_marker(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name, uint64_t exp,
    const u_char hash[PSERVER_MARKER_HASH_LEN]);
static void pserverctl_fsck_job(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);
static void pserverctl_fsck_ledger(pserverctl_fsck_owner_t *owner,
    const char *path, const u_char name[PSERVER_LEDGER_NAME_LEN]);
static void pserverctl_fsck_artifacts(pserverctl_fsck_owner_t *owner,
    const char *row, const pserver_ledger_row_t *data,
    const u_char name[PSERVER_LEDGER_NAME_LEN]);
static void pserverctl_fsck_input(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);
static void pserverctl_fsck_proofs(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);
static void pserverctl_fsck_temporary(pserverctl_fsck_owner_t *owner,
    const char *path, const char *name);


const char *
pserverctl_fsck_sealed(pserverctl_fsck_owner_t *owner, const char *path,
    const u_char name[PSERVER_NAME_LEN], uint64_t number,
    pserver_open_t *open, uint64_t *size)
{
    int                    fd;
    u_char                 header[PSERVER_SEAL_HEADER_LEN];
    const char            *reason;
    struct stat            st;
    pserver_seal_place_t   place;

    fd = openat(owner->fd, path, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        return (errno == ELOOP) ? "is a symbolic link" : "can not be opened";
    }

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        close(fd);
        return "is no file";
    }

    place.owner = owner->address;
    memcpy(place.name, name, PSERVER_NAME_LEN);

    *size = (uint64_t) st.st_size;

    reason = "does not open";

    if (pread(fd, header, sizeof(header), 0) == (ssize_t) sizeof(header)
        && pserver_open_init(open, header, *size, owner->keys, &place, number)
           == PSERVER_OK)
    {
        reason = pserverctl_fsck_chunks(open, fd);
    }

    close(fd);

    pserverctl_fsck_read(owner->fsck, *size);

    return reason;
}


static const char *
pserverctl_fsck_chunks(pserver_open_t *open, int fd)
{
    size_t    len;
    u_char    block[PSERVER_SEAL_BLOCK];
    uint64_t  i;

    for (i = 0; i < open->chunks; i++) {
        len = pserver_open_block_len(open, i);

        if (pread(fd, block, len, (off_t) pserver_open_offset(i))
            != (ssize_t) len
            || pserver_open_chunk(open, block, block, i) != PSERVER_OK)
        {
            return "a part of it does not open";
        }
    }

    return NULL;
}


void
pserverctl_fsck_files(pserverctl_fsck_owner_t *owner)
{
    pserverctl_fsck_each(owner, "seen", pserverctl_fsck_change);
    pserverctl_fsck_each(owner, "jobs", pserverctl_fsck_job);
    pserverctl_fsck_each(owner, "jobs/repeats", pserverctl_fsck_started);
    pserverctl_fsck_each(owner, "tmp", pserverctl_fsck_temporary);
    pserverctl_fsck_each(owner, "inputs", pserverctl_fsck_input);
    pserverctl_fsck_each(owner, "logs", pserverctl_fsck_proofs);

    pserverctl_fsck_temporary(owner, "manifest.new", NULL);
}


static void
pserverctl_fsck_each(pserverctl_fsck_owner_t *owner, const char *folder,
    pserverctl_fsck_each_pt each)
{
    char      path[PATH_MAX], **names;
    ssize_t   i, n;

    n = pserverctl_fsck_names(owner->fd, folder, 1, &names);

    if (n == -1) {
        pserverctl_fsck_failed(owner, folder);
        return;
    }

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        each(owner, path, names[i]);
    }

    pserverctl_fsck_free(names, (size_t) n);
}


static void
pserverctl_fsck_change(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    u_char            text[PSERVER_CHANGE_TEXT_LEN + 1];
    pserver_str_t     str;
    pserver_change_t  change;

    str.data = text;

    if (pserverctl_fsck_link(owner, path, &str, sizeof(text)) == 0) {

        if (pserver_change_open(&change, str, owner->keys->ledger)
            != PSERVER_OK)
        {
            pserverctl_fsck_found(owner, path, "is no marker that opens");

        } else if (strcmp(name, "pending") != 0) {
            pserverctl_fsck_marker(owner, path, name, change.exp,
                                   change.hash);
        }
    }
}


static void
pserverctl_fsck_started(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    u_char             text[PSERVER_STARTED_TEXT_LEN + 1];
    pserver_str_t      str;
    pserver_started_t  started;

    str.data = text;

    if (pserverctl_fsck_link(owner, path, &str, sizeof(text)) == 0) {

        if (pserver_started_open(&started, str, owner->keys->ledger)
            != PSERVER_OK)
        {
            pserverctl_fsck_found(owner, path, "is no marker that opens");

        } else {
            pserverctl_fsck_marker(owner, path, name, started.exp,
                                   started.hash);
        }
    }
}


/* the text of a link, empty if it is none; -1: it was renamed or swept */

static int
pserverctl_fsck_link(pserverctl_fsck_owner_t *owner, const char *path,
    pserver_str_t *text, size_t size)
{
    ssize_t  n;

    n = readlinkat(owner->fd, path, (char *) text->data, size);

    if (n == -1 && errno == ENOENT) {
        return -1;
    }

    text->len = (n == -1) ? 0 : (size_t) n;

    return 0;
}


static void
pserverctl_fsck_marker(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name, uint64_t exp,
    const u_char hash[PSERVER_MARKER_HASH_LEN])
{
    char  same[PSERVER_MARKER_NAME_LEN + 1];

    pserver_marker_name(same, exp, hash);

    if (strcmp(name, same) != 0) {
        pserverctl_fsck_found(owner, path, "is the marker of another request");
    }
}


/* a row, or beside it: <row>.out, <row>.cancel, <row>.new */

static void
pserverctl_fsck_job(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    u_char         row[PSERVER_LEDGER_NAME_LEN];
    const char    *suffix;
    pserver_str_t  hex;

    if (strcmp(name, "repeats") == 0) {
        return;
    }

    hex.data = (u_char *) name;
    hex.len = 2 * PSERVER_LEDGER_NAME_LEN;

    if (strlen(name) < hex.len
        || pserver_hex_decode(row, sizeof(row), hex) != PSERVER_OK)
    {
        pserverctl_fsck_temporary(owner, path, name);
        return;
    }

    suffix = name + hex.len;

    if (*suffix == '\0') {
        pserverctl_fsck_ledger(owner, path, row);

    } else if (strcmp(suffix, ".out") != 0 && strcmp(suffix, ".cancel") != 0)
    {
        pserverctl_fsck_temporary(owner, path, name);
    }
}


static void
pserverctl_fsck_ledger(pserverctl_fsck_owner_t *owner, const char *path,
    const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    size_t                len;
    u_char               *plain;
    const char           *reason;
    pserver_ledger_row_t  row;

    reason = pserverctl_fsck_row(owner, path, name, &row, &plain, &len);

    if (reason == NULL) {
        pserverctl_fsck_read(owner->fsck, len + PSERVER_BOX_OVERHEAD);
        pserverctl_fsck_artifacts(owner, path, &row, name);

        sodium_memzero(plain, len);
        free(plain);

    } else if (*reason) {
        pserverctl_fsck_found(owner, path, reason);

    } else if (errno != ENOENT) {
        pserverctl_fsck_failed(owner, path);
    }
}


const char *
pserverctl_fsck_row(pserverctl_fsck_owner_t *owner, const char *path,
    const u_char name[PSERVER_LEDGER_NAME_LEN], pserver_ledger_row_t *row,
    u_char **plain, size_t *len)
{
    int           fd;
    u_char       *sealed;
    ssize_t       n;
    const char   *reason;
    struct stat   st;

    *plain = NULL;

    fd = openat(owner->fd, path, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1 && errno == ENOENT) {
        return "";
    }

    if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)
        || st.st_size > (off_t) PSERVERCTL_FSCK_ROW_MAX
        || st.st_size <= PSERVER_BOX_OVERHEAD)
    {
        if (fd != -1) {
            close(fd);
        }

        return "is no row of an operation";
    }

    sealed = malloc((size_t) st.st_size);
    *plain = malloc((size_t) st.st_size);

    n = (sealed && *plain) ? read(fd, sealed, (size_t) st.st_size) : -1;

    close(fd);

    if (n == -1) {
        reason = "";

    } else if (pserver_ledger_open(row, *plain, sealed, (size_t) n,
                                   owner->keys->ledger, &owner->address,
                                   name)
               != PSERVER_OK)
    {
        reason = "the row does not open";

    } else {
        *len = (size_t) n - PSERVER_BOX_OVERHEAD;
        reason = NULL;
    }

    free(sealed);

    if (reason) {
        free(*plain);
        *plain = NULL;
    }

    return reason;
}


/* a row that is gone by now took them along */

static void
pserverctl_fsck_artifacts(pserverctl_fsck_owner_t *owner, const char *row,
    const pserver_ledger_row_t *data,
    const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    char            path[PATH_MAX];
    u_char          hash[PSERVER_NAME_LEN];
    uint32_t        i;
    uint64_t        size;
    const char     *reason;
    pserver_str_t   text;
    pserver_open_t  open;

    text.data = (u_char *) name;
    text.len = PSERVER_LEDGER_NAME_LEN;

    pserver_keys_name(hash, owner->keys, "artifact", text);

    memset(&open, 0, sizeof(pserver_open_t));

    for (i = 1; i <= data->artifacts; i++) {
        snprintf(path, sizeof(path), "%s.out/%08u", row, i);

        reason = pserverctl_fsck_sealed(owner, path, hash, i, &open, &size);

        if (reason == NULL
            || faccessat(owner->fd, row, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
        {
            continue;
        }

        if (faccessat(owner->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            pserverctl_fsck_found(owner, path, reason);

        } else {
            pserverctl_fsck_noted(owner, path,
                                  "is gone, and its operation has it");
        }
    }

    pserver_open_free(&open);
}


/* a cache of what was fetched: one that is gone by now was in the way */

static void
pserverctl_fsck_input(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    u_char          hash[PSERVER_NAME_LEN];
    uint64_t        size;
    const char     *reason;
    pserver_open_t  open;

    if (pserver_hex_decode(hash, sizeof(hash), pserverctl_str(name))
        != PSERVER_OK)
    {
        pserverctl_fsck_temporary(owner, path, name);
        return;
    }

    memset(&open, 0, sizeof(pserver_open_t));

    reason = pserverctl_fsck_sealed(owner, path, hash, 1, &open, &size);

    pserver_open_free(&open);

    if (reason && faccessat(owner->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    {
        pserverctl_fsck_found(owner, path, reason);
    }
}


/* of an owner who has come from elsewhere */

static void
pserverctl_fsck_proofs(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    const char            *reason;
    pserverctl_moved_t    *moved;
    pserver_entry_keys_t   keys;

    (void) name;

    moved = malloc(sizeof(pserverctl_moved_t));

    if (moved == NULL) {
        pserverctl_fsck_failed(owner, path);
        return;
    }

    pserver_entry_keys(&keys, owner->keys->ledger);

    reason = pserverctl_moved(moved, owner->fd, path, &keys);

    sodium_memzero(&keys, sizeof(keys));
    free(moved);

    if (reason) {
        pserverctl_fsck_noted(owner, path, reason);
    }
}


/* by the disk's clock; what is not there is no fault */

static void
pserverctl_fsck_temporary(pserverctl_fsck_owner_t *owner, const char *path,
    const char *name)
{
    struct stat  st;

    (void) name;

    if (fstatat(owner->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0
        && st.st_mtime + PSERVERCTL_FSCK_STALE <= time(NULL))
    {
        pserverctl_fsck_found(owner, path, "is temporary, and a day old");
    }
}
