/*
 * pserverctl init: the two secrets of a server.
 */

#include "ctl.h"
#include "../core/encode.h"
#include "../core/phrase.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_ENTROPY     32
#define PSERVERCTL_SECRET_MAX  512


static int pserverctl_init(pserverctl_args_t *args);
static int pserverctl_init_absent(const char *dir, const char *name);
static size_t pserverctl_init_identity(u_char *text);
static size_t pserverctl_init_root(u_char *text);
static int pserverctl_init_file(const char *dir, const char *name,
    size_t (*make)(u_char *text));
static int pserverctl_init_write(int fd, const u_char *text, size_t len);


static const pserverctl_option_t  pserverctl_init_options[] = {
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_init_commands[] = {
    {
        "init", "DIR",
        "makes the secrets of a new server\n"
        "\n"
        "DIR/identity is the phrase (BIP-39, 24 words) that the server's key\n"
        "for each owner comes from. These keys are registered on chain, so\n"
        "the phrase can't be changed later. DIR/root is the key that what is\n"
        "stored is sealed under. Copy both to a safe place: what was sealed\n"
        "under a lost root stays closed.\n"
        "\n"
        "DIR is made if it is not there. Files that are there are never\n"
        "written over.",
        pserverctl_init_options, 1, 1, pserverctl_init
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_init(pserverctl_args_t *args)
{
    int          fd;
    const char  *dir;

    dir = args->rest[0];

    if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
        pserverctl_error("%s: %s", dir, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_init_absent(dir, "identity") != PSERVERCTL_OK
        || pserverctl_init_absent(dir, "root") != PSERVERCTL_OK
        || pserverctl_init_file(dir, "identity", pserverctl_init_identity)
           != PSERVERCTL_OK
        || pserverctl_init_file(dir, "root", pserverctl_init_root)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    fd = open(dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1 || fsync(fd) == -1) {
        pserverctl_error("%s: %s", dir, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    close(fd);

    printf("%s/identity\n%s/root\n", dir, dir);

    return PSERVERCTL_OK;
}


/* so that none is made where only one of the two is missing */

static int
pserverctl_init_absent(const char *dir, const char *name)
{
    char         path[PATH_MAX];
    struct stat  st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (lstat(path, &st) == 0) {
        pserverctl_error("%s is already there, and is not written over; "
                         "nothing was changed", path);
        return PSERVERCTL_FAILED;
    }

    if (errno != ENOENT) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static size_t
pserverctl_init_identity(u_char *text)
{
    u_char  entropy[PSERVERCTL_ENTROPY], *p;

    randombytes_buf(entropy, sizeof(entropy));

    p = pserver_phrase_from_entropy(text, entropy, sizeof(entropy));
    *p++ = '\n';

    sodium_memzero(entropy, sizeof(entropy));

    return (size_t) (p - text);
}


/* a line "<id> <64 hex digits>" */

static size_t
pserverctl_init_root(u_char *text)
{
    u_char  root[32], *p;

    randombytes_buf(root, sizeof(root));

    p = text;
    *p++ = '1';
    *p++ = ' ';
    p = pserver_hex_encode(p, root, sizeof(root));
    *p++ = '\n';

    sodium_memzero(root, sizeof(root));

    return (size_t) (p - text);
}


static int
pserverctl_init_file(const char *dir, const char *name,
    size_t (*make)(u_char *text))
{
    int      fd, rc;
    char     path[PATH_MAX];
    u_char  *text;
    size_t   len;

    snprintf(path, sizeof(path), "%s/%s", dir, name);

    text = sodium_malloc(PSERVERCTL_SECRET_MAX);

    if (text == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    len = make(text);
    rc = PSERVERCTL_FAILED;

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd != -1) {
        rc = pserverctl_init_write(fd, text, len);

        if (close(fd) == -1) {
            rc = PSERVERCTL_FAILED;
        }
    }

    sodium_free(text);

    if (rc != PSERVERCTL_OK) {
        pserverctl_error("%s: %s", path, strerror(errno));

        if (fd != -1) {
            unlink(path);
        }
    }

    return rc;
}


static int
pserverctl_init_write(int fd, const u_char *text, size_t len)
{
    ssize_t  n;

    /* a umask can only have taken bits away */

    n = write(fd, text, len);

    if (n == -1 || fsync(fd) == -1) {
        return PSERVERCTL_FAILED;
    }

    if ((size_t) n != len) {
        errno = ENOSPC;
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}
