/*
 * pserverctl root: rotation of the storage root, the operator's part.  A
 * server finds a root by its id wherever the line stands; the first line is
 * what it seals under.
 */

#include "ctl.h"
#include "../core/encode.h"
#include "../core/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* of PSERVER_ROOTS_MAX lines "<id> <64 hex digits>" */
#define PSERVERCTL_ROOTS_MAX  (PSERVER_ROOTS_MAX * (10 + 1 + 64 + 1))


typedef struct {
    pserver_root_t        roots[PSERVER_ROOTS_MAX];
    size_t                count;
    uint32_t              added;         /* an id, or 0 */
    u_char                text[PSERVERCTL_ROOTS_MAX];
} pserverctl_roots_t;


static int pserverctl_root_add(pserverctl_args_t *args);
static int pserverctl_root_use(pserverctl_args_t *args);
static int pserverctl_root_remove(pserverctl_args_t *args);
static int pserverctl_root_change(pserverctl_args_t *args,
    int (*change)(pserverctl_args_t *args, pserverctl_roots_t *roots));
static int pserverctl_root_added(pserverctl_args_t *args,
    pserverctl_roots_t *roots);
static int pserverctl_root_used(pserverctl_args_t *args,
    pserverctl_roots_t *roots);
static int pserverctl_root_removed(pserverctl_args_t *args,
    pserverctl_roots_t *roots);
static int pserverctl_root_find(pserverctl_args_t *args,
    const pserverctl_roots_t *roots, size_t *n);
static int pserverctl_root_read(const char *path, pserverctl_roots_t *roots);
static int pserverctl_root_write(const char *path,
    pserverctl_roots_t *roots);
static int pserverctl_root_replace(const char *path, const char *temp,
    int fd, const u_char *text, size_t len);
static int pserverctl_root_sync(const char *path);


static const pserverctl_option_t  pserverctl_root_options[] = {
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_root_commands[] = {
    {
        "root add", "FILE",
        "adds a new storage root, at the end\n"
        "\n"
        "The first of three steps, each followed by a reload: when every\n"
        "worker knows the new root, \"root use\" has it used, and owners'\n"
        "keys are sealed again under it, in the background; when /status has\n"
        "keys_old at 0, \"root remove\" takes the old one away. FILE is\n"
        "replaced in one step. Prints the new root's id.",
        pserverctl_root_options, 1, 1, pserverctl_root_add
    },
    {
        "root use", "FILE ID",
        "moves a storage root to the first line",
        pserverctl_root_options, 2, 2, pserverctl_root_use
    },
    {
        "root remove", "FILE ID",
        "removes a storage root that is not the first\n"
        "\n"
        "What is still sealed under it stays closed for ever.",
        pserverctl_root_options, 2, 2, pserverctl_root_remove
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_root_add(pserverctl_args_t *args)
{
    return pserverctl_root_change(args, pserverctl_root_added);
}


static int
pserverctl_root_use(pserverctl_args_t *args)
{
    return pserverctl_root_change(args, pserverctl_root_used);
}


static int
pserverctl_root_remove(pserverctl_args_t *args)
{
    return pserverctl_root_change(args, pserverctl_root_removed);
}


static int
pserverctl_root_change(pserverctl_args_t *args,
    int (*change)(pserverctl_args_t *args, pserverctl_roots_t *roots))
{
    int                  rc;
    pserverctl_roots_t  *roots;

    roots = sodium_malloc(sizeof(pserverctl_roots_t));

    if (roots == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    roots->added = 0;

    rc = pserverctl_root_read(args->rest[0], roots);

    if (rc == PSERVERCTL_OK) {
        rc = change(args, roots);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_root_write(args->rest[0], roots);
    }

    if (rc == PSERVERCTL_OK && roots->added) {
        printf("%u\n", (unsigned) roots->added);
    }

    sodium_free(roots);

    return rc;
}


static int
pserverctl_root_added(pserverctl_args_t *args, pserverctl_roots_t *roots)
{
    size_t    i;
    uint32_t  id;

    if (roots->count == PSERVER_ROOTS_MAX) {
        pserverctl_error("%s has %d roots already, which is all there may "
                         "be", args->rest[0], PSERVER_ROOTS_MAX);
        return PSERVERCTL_FAILED;
    }

    id = 0;

    for (i = 0; i < roots->count; i++) {
        if (roots->roots[i].id > id) {
            id = roots->roots[i].id;
        }
    }

    if (id == UINT32_MAX) {
        pserverctl_error("there is no higher id than %u", (unsigned) id);
        return PSERVERCTL_FAILED;
    }

    roots->roots[i].id = id + 1;
    randombytes_buf(roots->roots[i].key, PSERVER_KEY_LEN);
    roots->count++;

    roots->added = id + 1;

    return PSERVERCTL_OK;
}


static int
pserverctl_root_used(pserverctl_args_t *args, pserverctl_roots_t *roots)
{
    int             rc;
    size_t          n;
    pserver_root_t  root;

    rc = pserverctl_root_find(args, roots, &n);

    if (rc == PSERVERCTL_OK) {
        root = roots->roots[n];
        memmove(&roots->roots[1], &roots->roots[0],
                n * sizeof(pserver_root_t));
        roots->roots[0] = root;
        sodium_memzero(&root, sizeof(root));
    }

    return rc;
}


static int
pserverctl_root_removed(pserverctl_args_t *args, pserverctl_roots_t *roots)
{
    int     rc;
    size_t  n;

    rc = pserverctl_root_find(args, roots, &n);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (n == 0) {
        pserverctl_error("root %s is in use; \"root use\" another one first",
                         args->rest[1]);
        return PSERVERCTL_FAILED;
    }

    roots->count--;
    memmove(&roots->roots[n], &roots->roots[n + 1],
            (roots->count - n) * sizeof(pserver_root_t));

    return PSERVERCTL_OK;
}


static int
pserverctl_root_find(pserverctl_args_t *args,
    const pserverctl_roots_t *roots, size_t *n)
{
    char    id[16];
    size_t  i;

    for (i = 0; i < roots->count; i++) {
        snprintf(id, sizeof(id), "%u", (unsigned) roots->roots[i].id);

        if (strcmp(id, args->rest[1]) == 0) {
            *n = i;
            return PSERVERCTL_OK;
        }
    }

    pserverctl_error("%s has no root %s", args->rest[0], args->rest[1]);

    return PSERVERCTL_FAILED;
}


static int
pserverctl_root_read(const char *path, pserverctl_roots_t *roots)
{
    int            rc;
    pserver_str_t  text;

    rc = pserverctl_read(path, PSERVERCTL_ROOTS_MAX, &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserver_roots_parse(roots->roots, &roots->count, text)
        != PSERVER_OK)
    {
        pserverctl_error("%s: line %zu is no root", path, roots->count);
        rc = PSERVERCTL_FAILED;
    }

    sodium_free(text.data);

    return rc;
}


/* another file takes its place, so that it is whole at any time */

static int
pserverctl_root_write(const char *path, pserverctl_roots_t *roots)
{
    int      fd;
    char     temp[PATH_MAX];
    u_char  *p;
    size_t   i;

    p = roots->text;

    for (i = 0; i < roots->count; i++) {
        p += sprintf((char *) p, "%u ", (unsigned) roots->roots[i].id);
        p = pserver_hex_encode(p, roots->roots[i].key, PSERVER_KEY_LEN);
        *p++ = '\n';
    }

    if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int) sizeof(temp)) {
        pserverctl_error("%s: the name is too long", path);
        return PSERVERCTL_FAILED;
    }

    fd = open(temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1) {
        pserverctl_error("%s: %s", temp, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_root_replace(path, temp, fd, roots->text,
                                (size_t) (p - roots->text))
        != PSERVERCTL_OK)
    {
        pserverctl_error("%s: %s; it is as it was", path, strerror(errno));
        unlink(temp);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* closes fd; the new file belongs to whom the old one did */

static int
pserverctl_root_replace(const char *path, const char *temp, int fd,
    const u_char *text, size_t len)
{
    int          rc;
    ssize_t      n;
    struct stat  st;

    rc = PSERVERCTL_FAILED;

    if (stat(path, &st) == 0
        && fchown(fd, st.st_uid, st.st_gid) == 0
        && fchmod(fd, st.st_mode & 0777) == 0)
    {
        n = write(fd, text, len);

        if (n != -1 && (size_t) n != len) {
            errno = ENOSPC;

        } else if (n != -1
                   && fsync(fd) == 0
                   && rename(temp, path) == 0)
        {
            rc = pserverctl_root_sync(path);
        }
    }

    if (close(fd) == -1) {
        rc = PSERVERCTL_FAILED;
    }

    return rc;
}


/* the folder, which has another name in it now */

static int
pserverctl_root_sync(const char *path)
{
    int    fd, rc;
    char   folder[PATH_MAX], *slash;

    snprintf(folder, sizeof(folder), "%s", path);

    slash = strrchr(folder, '/');

    if (slash == NULL) {
        strcpy(folder, ".");

    } else {
        slash[slash == folder] = '\0';
    }

    fd = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    rc = (fd != -1 && fsync(fd) == 0) ? PSERVERCTL_OK : PSERVERCTL_FAILED;

    if (fd != -1) {
        close(fd);
    }

    return rc;
}
