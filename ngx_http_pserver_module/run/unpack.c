/*
 * The input: from stdin to /job/in, see run.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"


static int unpack_archive(int fd, uint64_t length);
static int unpack_event(const pserver_tar_event_t *event, int *file);
static int unpack_parents(pserver_str_t name);
static ssize_t unpack_read(int fd, u_char *buf, size_t len);


int
run_unpack(int fd, pserver_payload_input_t *in, int *error)
{
    int      rc;
    size_t   have;
    ssize_t  n;
    u_char   head[PSERVER_PAYLOAD_HEAD_LEN];

    for (have = 0; have < sizeof(head); have += (size_t) n) {
        n = unpack_read(fd, head + have, sizeof(head) - have);

        if (n <= 0) {
            return (have == 0) ? PSERVER_DONE : PSERVER_INVALID;
        }
    }

    if (pserver_payload_input_decode(head, in) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    errno = 0;

    rc = PSERVER_INVALID;

    if (mkdir(RUN_IN, 0700) == 0
        && mkdir(RUN_OUT, 0700) == 0
        && mkdir(RUN_TMP, 0700) == 0
        && chdir(RUN_IN) == 0)
    {
        rc = unpack_archive(fd, in->length);
    }

    if (rc == PSERVER_OK && chdir(RUN_WORK) == -1) {
        rc = PSERVER_INVALID;
    }

    *error = errno;

    return rc;
}


static int
unpack_archive(int fd, uint64_t length)
{
    int                    rc, file;
    ssize_t                n;
    const u_char          *pos;
    pserver_tar_t          tar;
    pserver_tar_event_t    event;
    pserver_tar_limits_t   limits;

    limits.entries = PSERVER_PAYLOAD_ENTRIES;
    limits.depth = PSERVER_PAYLOAD_DEPTH;
    limits.file = length;
    limits.total = length;
    limits.sorted = 0;

    pserver_tar_init(&tar, &limits);

    file = -1;
    rc = PSERVER_AGAIN;

    while (length) {
        n = (length < RUN_BUF_LEN) ? (ssize_t) length : RUN_BUF_LEN;
        n = unpack_read(fd, run_buf, (size_t) n);

        if (n <= 0) {
            return PSERVER_INVALID;
        }

        length -= (uint64_t) n;
        pos = run_buf;

        do {
            rc = pserver_tar_next(&tar, &pos, run_buf + n, &event);

            if (rc == PSERVER_OK) {
                rc = unpack_event(&event, &file);
            }

        } while (rc == PSERVER_OK);

        if (rc != PSERVER_AGAIN && rc != PSERVER_DONE) {
            return PSERVER_INVALID;
        }
    }

    return (rc == PSERVER_DONE) ? PSERVER_OK : PSERVER_INVALID;
}


static int
unpack_event(const pserver_tar_event_t *event, int *file)
{
    int          fd;
    const char  *name;

    switch (event->type) {

    case PSERVER_TAR_DIRECTORY:
    case PSERVER_TAR_FILE:

        if (unpack_parents(event->name) != PSERVER_OK) {
            return PSERVER_ERROR;
        }

        name = (const char *) event->name.data;

        if (event->type == PSERVER_TAR_DIRECTORY) {
            return (mkdir(name, 0700) == -1 && errno != EEXIST)
                   ? PSERVER_ERROR : PSERVER_OK;
        }

        /* a name that comes twice is refused here */

        *file = open(name, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC,
                     0600);

        return (*file == -1) ? PSERVER_ERROR : PSERVER_OK;

    case PSERVER_TAR_DATA:
        return run_write(*file, event->data.data, event->data.len);

    default: /* PSERVER_TAR_FILE_END */

        fd = *file;
        *file = -1;

        return (close(fd) == -1) ? PSERVER_ERROR : PSERVER_OK;
    }
}


static int
unpack_parents(pserver_str_t name)
{
    char    path[PSERVER_TAR_NAME_MAX + 1];
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (name.data[i] == '/') {
            path[i] = '\0';

            if (mkdir(path, 0700) == -1 && errno != EEXIST) {
                return PSERVER_ERROR;
            }
        }

        path[i] = (char) name.data[i];
    }

    return PSERVER_OK;
}


static ssize_t
unpack_read(int fd, u_char *buf, size_t len)
{
    ssize_t  n;

    do {
        n = read(fd, buf, len);
    } while (n == -1 && errno == EINTR);

    return n;
}
