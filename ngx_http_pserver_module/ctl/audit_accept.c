/*
 * pserverctl audit accept: an operator lets a node go on that has stopped,
 * since its log does not match its last anchor.
 */

#include "audit.h"
#include "http.h"

#include "../core/anchored.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>


static int pserverctl_accept_lock(const char *folder);
static int pserverctl_accept_anchor(const char *folder);
static int pserverctl_accept_write(const char *folder, const u_char *text,
    size_t len);
static int pserverctl_accept_file(const char *name, const u_char *text,
    size_t len, const struct stat *folder);


int
pserverctl_audit_accept(pserverctl_args_t *args)
{
    int            rc, lock;
    char           name[4096];
    const char    *folder;
    pserver_str_t  reason;

    folder = args->rest[0];

    snprintf(name, sizeof(name), "%s/stopped", folder);

    if (access(name, F_OK) != 0 && errno == ENOENT) {
        pserverctl_error("%s: it is not stopped", folder);
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_read(name, 4096, &reason) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    if (reason.len && reason.data[reason.len - 1] == '\n') {
        reason.len--;
    }

    printf("it was stopped: ");
    pserverctl_print_text(stdout, reason);
    printf("\n");

    sodium_free(reason.data);

    lock = pserverctl_accept_lock(folder);

    if (lock == -1) {
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_accept_anchor(folder);

    if (rc == PSERVERCTL_OK && unlink(name) != 0) {
        pserverctl_error("%s: %s", name, strerror(errno));
        rc = PSERVERCTL_FAILED;
    }

    (void) close(lock);

    if (rc == PSERVERCTL_OK) {
        printf("it goes on\n");
    }

    return rc;
}


/* no worker stops it anew meanwhile */

static int
pserverctl_accept_lock(const char *folder)
{
    int   fd;
    char  name[4096];

    snprintf(name, sizeof(name), "%s/publish", folder);

    fd = open(name, O_RDWR|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 || flock(fd, LOCK_EX) != 0) {
        pserverctl_error("%s: %s", name, strerror(errno));

        if (fd != -1) {
            (void) close(fd);
        }

        return -1;
    }

    return fd;
}


/* that anchor is held against nothing any more; the next one is */

static int
pserverctl_accept_anchor(const char *folder)
{
    int                 rc;
    char                name[4096];
    pserver_str_t       text;
    pserver_anchored_t  anchor;

    snprintf(name, sizeof(name), "%s/anchored", folder);

    if (access(name, F_OK) != 0 && errno == ENOENT) {
        return PSERVERCTL_OK;
    }

    if (pserverctl_read(name, PSERVER_ANCHORED_MAX, &text) != PSERVERCTL_OK) {
        return PSERVERCTL_FAILED;
    }

    if (pserver_anchored_parse(&anchor, text) != PSERVER_OK) {
        pserverctl_error("%s: no anchor; remove it, and the node asks the "
                         "chain again", name);
        rc = PSERVERCTL_FAILED;

    } else {
        rc = pserverctl_accept_write(folder, text.data, text.len);
    }

    if (rc == PSERVERCTL_OK) {
        printf("the anchor of %llu entries does not count any more\n",
               (unsigned long long) anchor.size);
    }

    sodium_free(text.data);

    return rc;
}


static int
pserverctl_accept_write(const char *folder, const u_char *text, size_t len)
{
    int          rc;
    char         name[4096], temp[4096 + 4];
    struct stat  st;

    if (stat(folder, &st) != 0) {
        pserverctl_error("%s: %s", folder, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    snprintf(name, sizeof(name), "%s/accepted", folder);
    snprintf(temp, sizeof(temp), "%s.new", name);

    rc = pserverctl_accept_file(temp, text, len, &st);

    if (rc == PSERVERCTL_OK && rename(temp, name) != 0) {
        pserverctl_error("%s: %s", name, strerror(errno));
        rc = PSERVERCTL_FAILED;
    }

    return rc;
}


/* the workers' as the folder is, whoever the operator is */

static int
pserverctl_accept_file(const char *name, const u_char *text, size_t len,
    const struct stat *folder)
{
    int  fd;

    fd = open(name, O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1
        || write(fd, text, len) != (ssize_t) len
        || (geteuid() != folder->st_uid
            && fchown(fd, folder->st_uid, folder->st_gid) != 0)
        || fsync(fd) != 0)
    {
        pserverctl_error("%s: %s", name, strerror(errno));

        if (fd != -1) {
            (void) close(fd);
        }

        return PSERVERCTL_FAILED;
    }

    (void) close(fd);

    return PSERVERCTL_OK;
}
