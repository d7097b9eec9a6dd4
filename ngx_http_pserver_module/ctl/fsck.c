/*
 * pserverctl fsck: whether a store is whole.
 */

#include "fsck.h"
#include "../core/encode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_FSCK_ROOTS_MAX  4096


static int pserverctl_fsck(pserverctl_args_t *args);
static void pserverctl_fsck_store(pserverctl_fsck_t *fsck,
    const char *only);
static void pserverctl_fsck_folder(pserverctl_fsck_t *fsck, int owners,
    const char *name);
static void pserverctl_fsck_print(const pserverctl_fsck_owner_t *owner,
    const char *path, const char *reason, const char *more);
static int pserverctl_fsck_move(pserverctl_fsck_t *fsck, const char *path);
static int pserverctl_fsck_by_name(const void *one, const void *two);


static const pserverctl_option_t  pserverctl_fsck_options[] = {
    { "root", "FILE", "the storage roots (pserver_root)" },
    { "chain", "ID", "the chain id of pserver_chain" },
    { "log", "DIR", "compare manifests with this audit log (pserver_audit)" },
    { "owner", "0x..", "only this owner" },
    { "custody", "FILE", "the owner's own key (pserverctl custody key)" },
    { "quarantine", NULL, "move what is found to STORE/quarantine/" },
    { "rebuild", NULL, "make a manifest that is damaged or gone anew; needs "
      "--owner" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_fsck_commands[] = {
    {
        "fsck", "--root FILE --chain ID STORE",
        "whether a store is whole\n"
        "\n"
        "Opens all that lies in STORE (pserver_store): keys of owners,\n"
        "the manifest, every version that it has, to the last chunk, and that\n"
        "it is the one that the manifest has; markers of changes, operations\n"
        "and what they left, inputs from elsewhere, proofs of other logs; and\n"
        "without --owner the entries of index/, and links to operations. What\n"
        "does not open, is gone, or has no place there is a line\n"
        "\"PATH: REASON\" on stdout. Temporary and orphaned files count when\n"
        "they are a day old. With --log a manifest must also be as far as the\n"
        "owner's last entry in the audit log has seen it.\n"
        "\n"
        "nginx may go on meanwhile. Nothing is locked while it reads; before\n"
        "a version is reported it is looked at once more under the lock of\n"
        "its owner, so that no change that is under way is taken for damage.\n"
        "\n"
        "--quarantine moves what was found to STORE/quarantine/, under the\n"
        "same path. Nothing is ever deleted, and keys and manifests stay.\n"
        "\n"
        "--rebuild makes another manifest in the place of one that is damaged\n"
        "or gone, from what can be read of it and from the objects that came\n"
        "later. What was deleted later, and is on the disk again, it takes\n"
        "for there: put a backup of the manifest back if you have one that is\n"
        "new enough. The old one is kept in quarantine.\n"
        "\n"
        "Status: 0 nothing was found; 1 all that was found is in quarantine;\n"
        "4 something is left; 8 it could not look everywhere; sums of these.",
        pserverctl_fsck_options, 1, 1, pserverctl_fsck
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_fsck(pserverctl_args_t *args)
{
    int                 rc;
    pserver_str_t       root, chain;
    pserverctl_fsck_t   fsck;

    memset(&fsck, 0, sizeof(pserverctl_fsck_t));

    rc = pserverctl_required(args, "root", &root);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_required(args, "chain", &chain);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_number(args, "chain", 0, &fsck.chain_id);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_roots(&fsck, (char *) root.data);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_custody(&fsck, args);
    }

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "rebuild")
        && pserverctl_option(args, "owner") == NULL)
    {
        rc = pserverctl_usage_error(args, "--rebuild is of one --owner");
    }

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "log")) {
        rc = pserverctl_fsck_log_open(&fsck, pserverctl_option(args, "log"));
    }

    if (rc != PSERVERCTL_OK) {
        pserverctl_fsck_done(&fsck);
        return rc;
    }

    fsck.store = args->rest[0];
    fsck.quarantine = (pserverctl_option(args, "quarantine") != NULL);
    fsck.rebuild = (pserverctl_option(args, "rebuild") != NULL);
    fsck.progress = isatty(STDERR_FILENO);

    fsck.fd = open(fsck.store, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fsck.fd == -1) {
        pserverctl_error("%s: %s", fsck.store, strerror(errno));
        fsck.failures++;

    } else {
        pserverctl_fsck_store(&fsck, pserverctl_option(args, "owner"));
        close(fsck.fd);
    }

    pserverctl_fsck_done(&fsck);

    fprintf(stderr, "%s%llu owners, %llu files, %llu bytes; %llu found, "
            "%llu moved\n", fsck.progress ? "\r\033[K" : "",
            (unsigned long long) fsck.owners, (unsigned long long) fsck.files,
            (unsigned long long) fsck.bytes, (unsigned long long) fsck.found,
            (unsigned long long) fsck.moved);

    return (fsck.moved ? PSERVERCTL_FSCK_MOVED : 0)
           + (fsck.found > fsck.moved ? PSERVERCTL_FSCK_LEFT : 0)
           + (fsck.failures ? PSERVERCTL_FSCK_FAILED : 0);
}


int
pserverctl_fsck_roots(pserverctl_fsck_t *fsck, const char *path)
{
    int            rc;
    size_t         n;
    pserver_str_t  text;

    if (pserverctl_read(path, PSERVERCTL_FSCK_ROOTS_MAX, &text)
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    fsck->roots = sodium_malloc(PSERVER_ROOTS_MAX * sizeof(pserver_root_t));

    if (fsck->roots == NULL) {
        sodium_free(text.data);
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    rc = pserver_roots_parse(fsck->roots, &n, text);

    sodium_free(text.data);

    if (rc != PSERVER_OK) {
        pserverctl_error("%s: line %zu is no root", path, n);
        return PSERVERCTL_FAILED;
    }

    fsck->nroots = n;

    return PSERVERCTL_OK;
}


int
pserverctl_fsck_custody(pserverctl_fsck_t *fsck,
    const pserverctl_args_t *args)
{
    int            rc;
    char          *path;
    pserver_str_t  text, line;

    path = pserverctl_option(args, "custody");

    if (path == NULL) {
        return PSERVERCTL_OK;
    }

    if (pserverctl_read(path, 4096, &text) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    line = text;

    if (line.len && line.data[line.len - 1] == '\n') {
        line.len--;
    }

    fsck->custody = sodium_malloc(PSERVER_CUSTODY_KEY_LEN);

    rc = (fsck->custody
          && pserver_hex_decode(fsck->custody, PSERVER_CUSTODY_KEY_LEN, line)
             == PSERVER_OK)
         ? PSERVERCTL_OK : PSERVERCTL_FAILED;

    sodium_free(text.data);

    if (rc != PSERVERCTL_OK) {
        pserverctl_error("%s: is not what \"pserverctl custody key\" writes",
                         path);
    }

    return rc;
}


void
pserverctl_fsck_done(pserverctl_fsck_t *fsck)
{
    sodium_free(fsck->roots);
    sodium_free(fsck->custody);

    fsck->roots = NULL;
    fsck->custody = NULL;
}


static void
pserverctl_fsck_store(pserverctl_fsck_t *fsck, const char *only)
{
    int       owners;
    char    **names;
    ssize_t   i, n;

    owners = openat(fsck->fd, "owners",
                    O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    n = (owners == -1) ? -1 : pserverctl_fsck_names(owners, ".", 1, &names);

    if (n == -1) {
        pserverctl_error("%s/owners: %s", fsck->store, strerror(errno));
        fsck->failures++;

    } else {
        for (i = 0; i < n; i++) {

            if (only == NULL || strncmp(only, "0x", 2) != 0
                || strcasecmp(only + 2, names[i]) == 0)
            {
                pserverctl_fsck_folder(fsck, owners, names[i]);
            }
        }

        pserverctl_fsck_free(names, (size_t) n);
    }

    if (only == NULL) {
        pserverctl_fsck_beside(fsck);
    }

    if (owners != -1) {
        close(owners);
    }
}


static void
pserverctl_fsck_folder(pserverctl_fsck_t *fsck, int owners, const char *name)
{
    pserver_str_t             hex;
    pserverctl_fsck_owner_t   owner;

    memset(&owner, 0, sizeof(pserverctl_fsck_owner_t));

    owner.fsck = fsck;
    owner.lock = -1;
    owner.fd = openat(owners, name,
                      O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    hex = pserverctl_str(name);

    if (owner.fd == -1
        || pserver_hex_decode(owner.address.bytes, 20, hex) != PSERVER_OK)
    {
        printf("owners/%s: not the folder of an owner\n", name);
        fflush(stdout);
        fsck->found++;

        if (owner.fd != -1) {
            close(owner.fd);
        }

        return;
    }

    *pserver_hex_encode((u_char *) owner.hex, owner.address.bytes, 20) = '\0';

    fsck->owners++;

    pserverctl_fsck_owner(&owner);

    close(owner.fd);
}


void
pserverctl_fsck_found(pserverctl_fsck_owner_t *owner, const char *path,
    const char *reason)
{
    char  full[PATH_MAX];

    owner->fsck->found++;

    snprintf(full, sizeof(full), "owners/%s/%s", owner->hex, path);

    if (!owner->fsck->quarantine) {
        pserverctl_fsck_print(owner, path, reason, "");

        if (owner->label) {

            /* a copy, and the next one has to be made anew */

            (void) unlinkat(owner->fd, path, 0);
        }

    } else if (pserverctl_fsck_move(owner->fsck, full) == 0) {
        owner->fsck->moved++;
        pserverctl_fsck_print(owner, path, reason, " (moved)");

    } else {
        pserverctl_fsck_print(owner, path, reason, "");
        pserverctl_fsck_failed(owner, path);
    }
}


void
pserverctl_fsck_noted(pserverctl_fsck_owner_t *owner, const char *path,
    const char *reason)
{
    owner->fsck->found++;

    pserverctl_fsck_print(owner, path, reason, "");
}


static void
pserverctl_fsck_print(const pserverctl_fsck_owner_t *owner, const char *path,
    const char *reason, const char *more)
{
    if (owner->fsck->progress) {
        fprintf(stderr, "\r\033[K");
    }

    if (owner->label) {
        printf("%s/%s: %s%s\n", owner->label, path, reason, more);

    } else {
        printf("owners/%s/%s: %s%s\n", owner->hex, path, reason, more);
    }

    fflush(stdout);
}


void
pserverctl_fsck_failed(pserverctl_fsck_owner_t *owner, const char *path)
{
    owner->fsck->failures++;

    if (owner->label) {
        pserverctl_error("%s/%s: %s", owner->label, path, strerror(errno));

    } else {
        pserverctl_error("%s/owners/%s/%s: %s", owner->fsck->store,
                         owner->hex, path, strerror(errno));
    }
}


void
pserverctl_fsck_store_found(pserverctl_fsck_t *fsck, const char *path,
    const char *reason, int moves)
{
    const char  *more;

    fsck->found++;
    more = "";

    if (fsck->quarantine && moves) {

        if (pserverctl_fsck_move(fsck, path) == 0) {
            fsck->moved++;
            more = " (moved)";

        } else {
            pserverctl_error("%s/%s: %s", fsck->store, path,
                             strerror(errno));
            fsck->failures++;
        }
    }

    if (fsck->progress) {
        fprintf(stderr, "\r\033[K");
    }

    printf("%s: %s%s\n", path, reason, more);
    fflush(stdout);
}


/* to the same path below quarantine/; what is there already stays */

static int
pserverctl_fsck_move(pserverctl_fsck_t *fsck, const char *path)
{
    int          n;
    char         to[PATH_MAX];
    struct stat  st;

    for (n = 0; n < 1000; n++) {

        if (snprintf(to, sizeof(to), n ? "quarantine/%s.%d"
                                       : "quarantine/%s", path, n)
            >= (int) sizeof(to))
        {
            errno = ENAMETOOLONG;
            return -1;
        }

        if (fstatat(fsck->fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            continue;
        }

        if (errno != ENOENT || pserverctl_fsck_parents(to, fsck->fd) == -1) {
            return -1;
        }

        return renameat(fsck->fd, path, fsck->fd, to);
    }

    errno = EEXIST;

    return -1;
}


int
pserverctl_fsck_parents(char *path, int fd)
{
    int    rc;
    char  *p;

    for (p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        rc = mkdirat(fd, path, 0700);
        *p = '/';

        if (rc == -1 && errno != EEXIST) {
            return -1;
        }
    }

    return 0;
}


void
pserverctl_fsck_read(pserverctl_fsck_t *fsck, uint64_t bytes)
{
    time_t  now;

    fsck->files++;
    fsck->bytes += bytes;

    if (fsck->bar) {
        pserverctl_progress(fsck->bar, bytes);
        return;
    }

    now = time(NULL);

    if (fsck->progress && now != fsck->shown) {
        fsck->shown = now;

        fprintf(stderr, "\r\033[K%llu owners, %llu files, %llu MB; "
                "%llu found", (unsigned long long) fsck->owners,
                (unsigned long long) fsck->files,
                (unsigned long long) (fsck->bytes / 1000000),
                (unsigned long long) fsck->found);
    }
}


ssize_t
pserverctl_fsck_names(int fd, const char *path, int hidden, char ***names)
{
    int             folder;
    DIR            *dir;
    char          **more;
    size_t          n, allocated;
    struct dirent  *de;

    *names = NULL;
    n = 0;
    allocated = 0;

    folder = openat(fd, path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (folder == -1) {
        return (errno == ENOENT) ? 0 : -1;
    }

    dir = fdopendir(folder);

    if (dir == NULL) {
        close(folder);
        return -1;
    }

    errno = 0;

    while ((de = readdir(dir)) != NULL) {

        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0
            || (de->d_name[0] == '.' && !hidden))
        {
            continue;
        }

        if (n == allocated) {
            allocated = 2 * allocated + 16;
            more = realloc(*names, allocated * sizeof(char *));

            if (more == NULL) {
                break;
            }

            *names = more;
        }

        (*names)[n] = strdup(de->d_name);

        if ((*names)[n] == NULL) {
            break;
        }

        n++;
    }

    closedir(dir);

    if (errno) {
        pserverctl_fsck_free(*names, n);
        *names = NULL;
        return -1;
    }

    if (n) {
        qsort(*names, n, sizeof(char *), pserverctl_fsck_by_name);
    }

    return (ssize_t) n;
}


static int
pserverctl_fsck_by_name(const void *one, const void *two)
{
    return strcmp(*(char *const *) one, *(char *const *) two);
}


void
pserverctl_fsck_free(char **names, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        free(names[i]);
    }

    free(names);
}
