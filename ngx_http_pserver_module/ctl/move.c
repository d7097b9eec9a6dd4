/*
 * What export and import do with files, see move.h.
 */

#include "move.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_MOVE_BUFFER  (1024 * 1024)
#define PSERVERCTL_MOVE_DEPTH   4


typedef struct {
    int                       dir;
    const pserverctl_items_t *items;
} pserverctl_prune_t;


static int pserverctl_item_compare(const void *one, const void *two);
static int pserverctl_move_open(int dir, const char *path, struct stat *st);
static int pserverctl_move_create(int dir, const char *path);
static int pserverctl_move_through(int in, int out,
    pserver_archive_entry_t *entry, pserverctl_progress_t *progress);
static int pserverctl_move_put(int fd, const u_char *data, size_t len);
static int pserverctl_move_folder(int dir, const char *folder, int depth,
    pserverctl_move_each_pt each, void *data);
static int pserverctl_move_unwanted(void *data, const char *path);


pserverctl_item_t *
pserverctl_item_find(const pserverctl_items_t *items, const char *path)
{
    void               *found;
    pserverctl_item_t   item;

    item.entry.path.data = (u_char *) path;

    found = tfind(&item, &items->root, pserverctl_item_compare);

    return found ? *(pserverctl_item_t **) found : NULL;
}


pserverctl_item_t *
pserverctl_item_add(pserverctl_items_t *items, const char *path,
    const char *text)
{
    void               *found;
    size_t              len, text_len;
    pserverctl_item_t  *item;

    len = strlen(path);
    text_len = text ? strlen(text) : 0;

    item = calloc(1, sizeof(pserverctl_item_t) + len + text_len + 2);

    if (item == NULL) {
        return NULL;
    }

    item->entry.path.data = (u_char *) (item + 1);
    item->entry.path.len = len;
    memcpy(item->entry.path.data, path, len + 1);

    item->entry.text.data = item->entry.path.data + len + 1;
    item->entry.text.len = text_len;
    memcpy(item->entry.text.data, text ? text : "", text_len + 1);

    item->entry.kind = pserver_archive_kind(item->entry.path);

    found = tsearch(item, &items->root, pserverctl_item_compare);

    if (found == NULL) {
        free(item);
        return NULL;
    }

    if (*(pserverctl_item_t **) found != item) {

        /* what it says now is what counts */

        free(*(pserverctl_item_t **) found);
        *(pserverctl_item_t **) found = item;

    } else {
        items->count++;
    }

    return item;
}


/* paths end with a zero here */

static int
pserverctl_item_compare(const void *one, const void *two)
{
    const pserverctl_item_t  *first = one, *second = two;

    return strcmp((char *) first->entry.path.data,
                  (char *) second->entry.path.data);
}


void
pserverctl_items_free(pserverctl_items_t *items)
{
    tdestroy(items->root, free);

    items->root = NULL;
    items->count = 0;
}


int
pserverctl_move_copy(int from, int to, const char *path,
    pserver_archive_entry_t *entry, pserverctl_progress_t *progress)
{
    int          in, out, rc, err;
    struct stat  st;

    in = pserverctl_move_open(from, path, &st);

    if (in == -1) {
        return -1;
    }

    out = pserverctl_move_create(to, path);

    rc = (out == -1) ? -1 : pserverctl_move_through(in, out, entry, progress);
    err = errno;

    if (out != -1 && close(out) == -1 && rc == 0) {
        err = errno;
        rc = -1;
    }

    close(in);
    errno = err;

    return rc;
}


int
pserverctl_move_hash(int dir, const char *path,
    pserver_archive_entry_t *entry, pserverctl_progress_t *progress)
{
    int          fd, rc, err;
    struct stat  st;

    fd = pserverctl_move_open(dir, path, &st);

    if (fd == -1) {
        return -1;
    }

    rc = pserverctl_move_through(fd, -1, entry, progress);
    err = errno;

    close(fd);
    errno = err;

    return rc;
}


static int
pserverctl_move_open(int dir, const char *path, struct stat *st)
{
    int  fd;

    fd = openat(dir, path, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd != -1 && (fstat(fd, st) == -1 || !S_ISREG(st->st_mode))) {
        close(fd);
        errno = EINVAL;
        fd = -1;
    }

    return fd;
}


static int
pserverctl_move_create(int dir, const char *path)
{
    int   fd;
    char  parents[PATH_MAX];

    fd = openat(dir, path, O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC,
                0600);

    if (fd == -1 && errno == ENOENT) {
        snprintf(parents, sizeof(parents), "%s", path);

        if (pserverctl_fsck_parents(parents, dir) == 0) {
            fd = openat(dir, path,
                        O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC, 0600);
        }
    }

    return fd;
}


static int
pserverctl_move_through(int in, int out, pserver_archive_entry_t *entry,
    pserverctl_progress_t *progress)
{
    int                       err;
    u_char                   *buf;
    ssize_t                   n;
    crypto_hash_sha256_state  sha;

    buf = malloc(PSERVERCTL_MOVE_BUFFER);

    if (buf == NULL) {
        return -1;
    }

    (void) crypto_hash_sha256_init(&sha);

    entry->size = 0;

    for ( ;; ) {
        n = read(in, buf, PSERVERCTL_MOVE_BUFFER);

        if (n <= 0) {
            break;
        }

        (void) crypto_hash_sha256_update(&sha, buf, (size_t) n);

        if (out != -1 && pserverctl_move_put(out, buf, (size_t) n) == -1) {
            n = -1;
            break;
        }

        entry->size += (uint64_t) n;

        if (progress) {
            pserverctl_progress(progress, (uint64_t) n);
        }
    }

    (void) crypto_hash_sha256_final(&sha, entry->sha256);

    err = errno;
    free(buf);
    errno = err;

    return (n == 0) ? 0 : -1;
}


static int
pserverctl_move_put(int fd, const u_char *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, data, len);

        if (n == -1) {
            return -1;
        }

        data += n;
        len -= (size_t) n;
    }

    return 0;
}


/* in one step, and for good */

int
pserverctl_move_write(int dir, const char *path, const u_char *data,
    size_t len)
{
    int   fd, rc;
    char  temp[PATH_MAX];

    snprintf(temp, sizeof(temp), "%s.new", path);

    fd = pserverctl_move_create(dir, temp);

    if (fd == -1) {
        return -1;
    }

    rc = (pserverctl_move_put(fd, data, len) == 0 && fsync(fd) == 0) ? 0 : -1;

    if (close(fd) == -1 || rc == -1) {
        return -1;
    }

    return renameat(dir, temp, dir, path);
}


ssize_t
pserverctl_move_read(int dir, const char *path, u_char *data, size_t size)
{
    int          fd;
    size_t       len;
    ssize_t      n;
    struct stat  st;

    fd = pserverctl_move_open(dir, path, &st);

    if (fd == -1) {
        return -1;
    }

    n = -1;
    len = 0;

    if (st.st_size > (off_t) size) {
        errno = EFBIG;

    } else {
        do {
            n = read(fd, data + len, (size_t) st.st_size - len);
            len += (n > 0) ? (size_t) n : 0;
        } while (n > 0 && len < (size_t) st.st_size);
    }

    close(fd);

    return (n == -1) ? -1 : (ssize_t) len;
}


int
pserverctl_move_walk(int dir, pserverctl_move_each_pt each, void *data)
{
    return pserverctl_move_folder(dir, ".", 0, each, data);
}


static int
pserverctl_move_folder(int dir, const char *folder, int depth,
    pserverctl_move_each_pt each, void *data)
{
    int           rc;
    char          path[PATH_MAX], **names;
    ssize_t       i, n;
    struct stat   st;

    n = pserverctl_fsck_names(dir, folder, 1, &names);

    if (n == -1) {
        return -1;
    }

    rc = 0;

    for (i = 0; i < n && rc == 0; i++) {

        snprintf(path, sizeof(path), depth ? "%s/%s" : "%.0s%s", folder,
                 names[i]);

        if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
            rc = -1;

        } else if (!S_ISDIR(st.st_mode)) {
            rc = each(data, path);

        } else if (depth < PSERVERCTL_MOVE_DEPTH) {
            rc = pserverctl_move_folder(dir, path, depth + 1, each, data);
        }
    }

    pserverctl_fsck_free(names, (size_t) n);

    return rc;
}


int
pserverctl_move_prune(int dir, const pserverctl_items_t *items)
{
    pserverctl_prune_t  prune;

    prune.dir = dir;
    prune.items = items;

    return pserverctl_move_walk(dir, pserverctl_move_unwanted, &prune);
}


/* and the folder above, when it is empty then */

static int
pserverctl_move_unwanted(void *data, const char *path)
{
    char                     folder[PATH_MAX], *slash;
    const pserverctl_item_t *item;
    pserverctl_prune_t      *prune = data;

    item = pserverctl_item_find(prune->items, path);

    if ((item && item->wanted)
        || pserver_archive_kind(pserverctl_str(path)) == PSERVER_ARCHIVE_NONE)
    {
        return 0;
    }

    if (unlinkat(prune->dir, path, 0) == -1) {
        return -1;
    }

    snprintf(folder, sizeof(folder), "%s", path);

    slash = strrchr(folder, '/');

    if (slash) {
        *slash = '\0';
        (void) unlinkat(prune->dir, folder, AT_REMOVEDIR);
    }

    return 0;
}


int
pserverctl_move_check(const pserverctl_fsck_t *like,
    const pserver_address_t *address, int fd, const char *label,
    pserver_root_t *roots, size_t nroots, uint64_t bytes)
{
    pserverctl_fsck_t         fsck;
    pserverctl_progress_t     progress;
    pserverctl_fsck_owner_t   owner;

    memset(&fsck, 0, sizeof(pserverctl_fsck_t));
    memset(&owner, 0, sizeof(pserverctl_fsck_owner_t));

    pserverctl_progress_init(&progress, "checking", bytes);

    fsck.store = like->store;
    fsck.fd = -1;
    fsck.chain_id = like->chain_id;
    fsck.custody = like->custody;
    fsck.roots = roots;
    fsck.nroots = nroots;
    fsck.bar = &progress;
    fsck.progress = progress.terminal;

    owner.fsck = &fsck;
    owner.fd = fd;
    owner.lock = -1;
    owner.address = *address;
    owner.label = label;

    pserverctl_fsck_owner(&owner);

    pserverctl_progress_clear(&progress);

    if (fsck.failures) {
        return PSERVERCTL_FAILED;
    }

    return fsck.found ? PSERVERCTL_DAMAGED : PSERVERCTL_OK;
}
