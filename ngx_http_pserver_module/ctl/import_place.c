/*
 * pserverctl import: the owner's place in the store.
 *
 * Links to the owner's operations come first, as nginx does it with new ones:
 * what they name counts when it is there.  Then the folder gets its name.
 */

#include "move.h"
#include "../core/encode.h"
#include "../core/identity.h"
#include "../core/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


typedef struct {
    pserverctl_fsck_t        *fsck;
    pserverctl_fsck_owner_t   owner;
    struct stat               st;        /* of the store: whose files are */
    int                       rc;
} pserverctl_place_in_t;


static int pserverctl_import_index(const pserverctl_fsck_t *fsck,
    const pserver_address_t *address, char path[32], char text[41]);
static void pserverctl_import_row(const void *node, VISIT visit, void *data);
static int pserverctl_import_listed(pserverctl_place_in_t *in,
    const pserver_address_t *account, const char *name, const char *text);
static int pserverctl_import_symlink(pserverctl_place_in_t *in,
    const char *path, const char *text);
static int pserverctl_import_leads(int fd, const char *path,
    const char *text);
static int pserverctl_import_chown(pserverctl_place_in_t *in, int fd,
    const char *path);
static int pserverctl_import_give(void *data, const char *path);
static int pserverctl_import_sync(int fd, const char *path);


int
pserverctl_import_free(const pserverctl_fsck_t *fsck,
    const pserver_address_t *address)
{
    char         path[64], text[41];
    struct stat  st;

    *pserver_hex_encode((u_char *) text, address->bytes, 20) = '\0';
    snprintf(path, sizeof(path), "owners/%s", text);

    if (fstatat(fsck->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        pserverctl_error("%s/%s: the owner is there already", fsck->store,
                         path);
        return PSERVERCTL_FAILED;
    }

    return pserverctl_import_index(fsck, address, path, text);
}


/* the entry of the owner's derivation index, unless another one has it */

static int
pserverctl_import_index(const pserverctl_fsck_t *fsck,
    const pserver_address_t *address, char path[32], char text[41])
{
    char     has[42];
    ssize_t  n;

    snprintf(path, 32, "index/%08x", pserver_identity_index(address));
    *pserver_hex_encode((u_char *) text, address->bytes, 20) = '\0';

    n = readlinkat(fsck->fd, path, has, sizeof(has));

    if (n == -1 && errno == ENOENT) {
        return PSERVERCTL_OK;
    }

    if (n != 40 || memcmp(has, text, 40) != 0) {
        pserverctl_error("%s/%s: another owner of this server has the same "
                         "derivation index", fsck->store, path);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_import_place(pserverctl_fsck_t *fsck,
    const pserver_address_t *address, int fd, const char *from,
    const pserverctl_items_t *items)
{
    int                     rc;
    char                    path[64], text[41];
    pserverctl_place_in_t   in;

    memset(&in, 0, sizeof(pserverctl_place_in_t));

    in.fsck = fsck;
    in.owner.fsck = fsck;
    in.owner.lock = -1;
    in.owner.address = *address;
    in.owner.label = from;
    in.owner.fd = fd;

    if (fstat(fsck->fd, &in.st) == -1) {
        pserverctl_error("%s: %s", fsck->store, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_fsck_open(&in.owner);

    if (rc == PSERVERCTL_OK) {
        twalk_r(items->root, pserverctl_import_row, &in);
        rc = in.rc;
    }

    pserverctl_fsck_close(&in.owner);

    /* nobody else is in the folder until it is given away itself, at last:
       none of these names leads elsewhere */

    if (rc == PSERVERCTL_OK
        && pserverctl_move_walk(fd, pserverctl_import_give, &in) == -1)
    {
        pserverctl_error("%s: can not be given to who owns the store: %s",
                         from, strerror(errno));
        rc = PSERVERCTL_FAILED;
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_import_index(fsck, address, path, text);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_import_symlink(&in, path, text);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    snprintf(path, sizeof(path), "owners/%s", text);

    if (faccessat(fsck->fd, "owners", F_OK, AT_SYMLINK_NOFOLLOW) == -1
        && (mkdirat(fsck->fd, "owners", 0700) == -1
            || pserverctl_import_chown(&in, fsck->fd, "owners") == -1))
    {
        pserverctl_error("%s/owners: %s", fsck->store, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    /* with the links durable before it, and the folder afterwards */

    if (syncfs(fsck->fd) == -1
        || pserverctl_import_chown(&in, fd, ".") == -1
        || fsync(fd) == -1
        || renameat2(fsck->fd, from, fsck->fd, path, RENAME_NOREPLACE) == -1
        || pserverctl_import_sync(fsck->fd, "owners") == -1
        || fsync(fsck->fd) == -1)
    {
        pserverctl_error("%s/%s: %s", fsck->store, path,
                         (errno == EEXIST) ? "the owner is there by now"
                                           : strerror(errno));
        return PSERVERCTL_FAILED;
    }

    (void) unlinkat(fsck->fd, "incoming", AT_REMOVEDIR);

    return PSERVERCTL_OK;
}


/* jobs/<2 digits>/<row>, and lists/<account>/<created>-<row> twice */

static void
pserverctl_import_row(const void *node, VISIT visit, void *data)
{
    char                      path[128], text[160], hex[65];
    char                      marker[PSERVER_MARKER_NAME_LEN + 1];
    char                      owner[41];
    u_char                    name[PSERVER_LEDGER_NAME_LEN], *plain;
    size_t                    len;
    const char               *reason;
    const pserverctl_item_t  *item;
    pserver_ledger_row_t      row;
    pserverctl_place_in_t    *in = data;

    item = *(pserverctl_item_t *const *) node;

    if ((visit != postorder && visit != leaf)
        || in->rc != PSERVERCTL_OK
        || item->entry.kind != PSERVER_ARCHIVE_ROW)
    {
        return;
    }

    snprintf(hex, sizeof(hex), "%s",
             (char *) item->entry.path.data + sizeof("jobs/") - 1);

    (void) pserver_hex_decode(name, sizeof(name), pserverctl_str(hex));

    reason = pserverctl_fsck_row(&in->owner, (char *) item->entry.path.data,
                                 name, &row, &plain, &len);
    if (reason) {
        pserverctl_error("%s: %s", (char *) item->entry.path.data,
                         *reason ? reason : strerror(errno));
        in->rc = PSERVERCTL_DAMAGED;
        return;
    }

    *pserver_hex_encode((u_char *) owner, in->owner.address.bytes, 20) = '\0';

    snprintf(path, sizeof(path), "jobs/%.2s/%s", hex, hex);
    snprintf(text, sizeof(text), "../../owners/%s/jobs/%s", owner, hex);

    in->rc = pserverctl_import_symlink(in, path, text);

    pserver_marker_name(marker, row.created, name);

    if (in->rc == PSERVERCTL_OK) {
        in->rc = pserverctl_import_listed(in, &row.app, marker, text);
    }

    if (in->rc == PSERVERCTL_OK) {
        in->rc = pserverctl_import_listed(in, &row.owner, marker, text);
    }

    sodium_memzero(plain, len);
    free(plain);
}


static int
pserverctl_import_listed(pserverctl_place_in_t *in,
    const pserver_address_t *account, const char *name, const char *text)
{
    char           path[192];
    u_char         hash[PSERVER_NAME_LEN], hex[2 * PSERVER_NAME_LEN + 1];
    pserver_str_t  address;

    address.data = (u_char *) account->bytes;
    address.len = sizeof(account->bytes);

    pserver_keys_node_name(hash, &in->fsck->roots[0], "list", address);
    *pserver_hex_encode(hex, hash, PSERVER_NAME_LEN) = '\0';

    snprintf(path, sizeof(path), "lists/%s/%s", hex, name);

    return pserverctl_import_symlink(in, path, text);
}


/* one that is there with the same text is of an import that was cut off; with
   another it is somebody else's, and stays */

static int
pserverctl_import_symlink(pserverctl_place_in_t *in, const char *path,
    const char *text)
{
    int   rc;
    char  parents[192], *p;

    snprintf(parents, sizeof(parents), "%s", path);

    for (p = strchr(parents, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';

        if (mkdirat(in->fsck->fd, parents, 0700) == 0) {

            if (pserverctl_import_chown(in, in->fsck->fd, parents) == -1) {
                break;
            }

        } else if (errno != EEXIST) {
            break;
        }

        *p = '/';
    }

    rc = p ? -1 : symlinkat(text, in->fsck->fd, path);

    if (rc == -1 && errno == EEXIST) {

        if (!pserverctl_import_leads(in->fsck->fd, path, text)) {
            pserverctl_error("%s/%s: is there already, and leads elsewhere",
                             in->fsck->store, path);
            return PSERVERCTL_FAILED;
        }

        rc = 0;
    }

    if (rc == -1 || pserverctl_import_chown(in, in->fsck->fd, path) == -1) {
        pserverctl_error("%s/%s: %s", in->fsck->store, path,
                         strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_import_leads(int fd, const char *path, const char *text)
{
    char     has[160];
    size_t   len;
    ssize_t  n;

    len = strlen(text);
    n = readlinkat(fd, path, has, sizeof(has));

    return n != -1 && (size_t) n == len && memcmp(has, text, len) == 0;
}


/* files belong to the workers' user, as the store does */

static int
pserverctl_import_chown(pserverctl_place_in_t *in, int fd, const char *path)
{
    if (in->st.st_uid == geteuid() && in->st.st_gid == getegid()) {
        return 0;
    }

    return fchownat(fd, path, in->st.st_uid, in->st.st_gid,
                    AT_SYMLINK_NOFOLLOW);
}


/* with the folders above */

static int
pserverctl_import_give(void *data, const char *path)
{
    char                    folder[PATH_MAX], *p;
    pserverctl_place_in_t  *in = data;

    snprintf(folder, sizeof(folder), "%s", path);

    for (p = strchr(folder, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';

        if (pserverctl_import_chown(in, in->owner.fd, folder) == -1) {
            return -1;
        }

        *p = '/';
    }

    return pserverctl_import_chown(in, in->owner.fd, path);
}


static int
pserverctl_import_sync(int fd, const char *path)
{
    int  folder, rc;

    folder = openat(fd, path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    rc = (folder == -1) ? -1 : fsync(folder);

    if (folder != -1) {
        close(folder);
    }

    return rc;
}
