/*
 * kill -9 at every call by which a commit changes the disk: the append, the
 * tiles, the checkpoint, the state.  What comes next opens the log and goes
 * on; what was told to be durable is there, and nothing is there twice.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>


/* a call at which this process dies; 0: none */

static unsigned    crash_at, crash_calls;
static const char  *crash_names[256];


static int
crash(const char *name)
{
    if (crash_calls < 255) {
        crash_names[crash_calls] = name;
    }

    return ++crash_calls == crash_at;
}


static void
crash_now(void)
{
    (void) raise(SIGKILL);
}


/* of what is written half may have arrived */

static ssize_t
crash_write(int fd, const void *data, size_t len)
{
    if (crash("write")) {
        crash_now();
    }

    if (crash("write, half")) {
        (void) !write(fd, data, len / 2);
        crash_now();
    }

    return write(fd, data, len);
}


static ssize_t
crash_pwrite(int fd, const void *data, size_t len, off_t offset)
{
    if (crash("pwrite")) {
        crash_now();
    }

    if (crash("pwrite, half")) {
        (void) !pwrite(fd, data, len / 2, offset);
        crash_now();
    }

    return pwrite(fd, data, len, offset);
}


#define crash_call(name, ...)                                                 \
    ((crash(#name) ? crash_now() : (void) 0), name(__VA_ARGS__))

#define open(...)          crash_call(open, __VA_ARGS__)
#define flock(...)         crash_call(flock, __VA_ARGS__)
#define fsync(...)         crash_call(fsync, __VA_ARGS__)
#define fdatasync(...)     crash_call(fdatasync, __VA_ARGS__)
#define ftruncate(...)     crash_call(ftruncate, __VA_ARGS__)
#define mkdir(...)         crash_call(mkdir, __VA_ARGS__)
#define rename(...)        crash_call(rename, __VA_ARGS__)
#define unlink(...)        crash_call(unlink, __VA_ARGS__)
#define write              crash_write
#define pwrite             crash_pwrite

#include "http/ngx_http_pserver_audit_append.c"
#include "http/ngx_http_pserver_audit_disk.c"
#include "http/ngx_http_pserver_audit_file.c"
#include "http/ngx_http_pserver_audit_publish.c"
#include "http/ngx_http_pserver_audit_state.c"
#include "http/ngx_http_pserver_audit_tiles.c"
#include "http/ngx_http_pserver_audit_view.c"

#undef open
#undef flock
#undef fsync
#undef fdatasync
#undef ftruncate
#undef mkdir
#undef rename
#undef unlink
#undef write
#undef pwrite

#include "audit.h"


/* so many that the state is kept, and a batch fills a tile */

#define CRASH_BEFORE  16500
#define CRASH_BATCH   256
#define CRASH_MAX     (CRASH_BEFORE + 257 * (CRASH_BATCH + 1))


static char  released[CRASH_MAX];


/* a commit in another process; 1: it was told that it is durable */

static int
commit(unsigned at, unsigned *calls, int *died)
{
    int      fds[2], status;
    char     told;
    pid_t    pid;
    file_t   file;
    tiles_t  tiles;

    CHECK_INT(pipe(fds), 0);

    pid = fork();

    if (pid == 0) {
        crash_calls = 0;
        crash_at = at;

        memset(&tiles, 0, sizeof(tiles_t));
        tiles.dir = dir;

        (void) ngx_http_pserver_audit_file_init(&file, dir);
        append(&file, CRASH_BATCH);
        (void) !write(fds[1], "R", 1);

        if (publish(&tiles, &file) != PSERVER_OK
            || ngx_http_pserver_audit_state_save(&file) != PSERVER_OK)
        {
            _exit(1);
        }

        crash_at = 0;
        (void) !write(fds[1], &crash_calls, sizeof(crash_calls));
        _exit(0);
    }

    (void) close(fds[1]);

    told = 0;
    *calls = 0;

    if (read(fds[0], &told, 1) == 1) {
        (void) !read(fds[0], calls, sizeof(*calls));
    }

    (void) close(fds[0]);
    (void) waitpid(pid, &status, 0);

    *died = WIFSIGNALED(status);
    CHECK(*died || WEXITSTATUS(status) == 0);

    return told == 'R';
}


/* each entry's number: none twice, and none missing that was released */

static void
numbers(uint64_t size)
{
    u_char                buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX], leaf[32];
    char                  reason[PSERVER_ENTRY_REASON_MAX + 1];
    size_t                i, n;
    file_t                file;
    uint64_t              offset, count, k;
    pserver_record_t      record;
    pserver_entry_view_t  view;

    static char  seen[CRASH_MAX];

    CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
    CHECK_INT(ngx_http_pserver_audit_file_find(&file, 0, &offset, &count),
              PSERVER_OK);
    CHECK_INT(count, size);

    for (k = 0; k < size; k++) {
        CHECK_INT(ngx_http_pserver_audit_file_read(&file, offset, buf,
                                                   &record, leaf, &offset),
                  PSERVER_OK);
        CHECK_INT(pserver_entry_parse(&view, record.entry.data,
                                      record.entry.len),
                  PSERVER_OK);

        memcpy(reason, view.reason.data, view.reason.len);
        reason[view.reason.len] = '\0';
        n = strtoul(reason, NULL, 10);

        CHECK(n < CRASH_MAX && !seen[n]);
        seen[n] = 1;
    }

    for (i = 0; i < CRASH_MAX; i++) {
        CHECK(seen[i] || !released[i]);
    }

    ngx_http_pserver_audit_file_close(&file);
}


TEST(killed_at_each_call)
{
    int               told, died;
    char              name[128];
    file_t            file;
    tiles_t           tiles;
    unsigned          at, calls, first;
    uint64_t          size;
    pserver_merkle_t  tree;

    pserver_merkle_init(&tree);
    fresh(&file, &tiles);

    for (size = 0; size < CRASH_BEFORE; size += 1000) {
        append(&file, size + 1000 > CRASH_BEFORE ? CRASH_BEFORE - size : 1000);
    }

    CHECK_INT(publish(&tiles, &file), PSERVER_OK);
    ngx_http_pserver_audit_file_close(&file);

    memset(released, 1, appended);
    size = CRASH_BEFORE;

    for (at = 1; /* void */ ; at++) {

        (void) snprintf(name, sizeof(name), "%s/state", dir);
        (void) unlink(name);

        first = appended;
        told = commit(at, &calls, &died);
        appended += CRASH_BATCH;

        if (told) {
            memset(released + first, 1, CRASH_BATCH);
        }

        /* who comes next sees all of it, or a beginning if nobody was told */

        CHECK_INT(ngx_http_pserver_audit_file_init(&file, dir), PSERVER_OK);
        CHECK_INT(ngx_http_pserver_audit_file_tree(&file, &tree), PSERVER_OK);
        CHECK(tree.size >= size && tree.size <= size + CRASH_BATCH);
        CHECK(!told || tree.size == size + CRASH_BATCH);

        released[appended] = 1;
        append(&file, 1);
        CHECK_INT(publish(&tiles, &file), PSERVER_OK);

        size = tree.size + 1;
        CHECK_INT(tiles.size, size);
        ngx_http_pserver_audit_file_close(&file);

        if (at % 16 == 0 || !died) {
            verify(size);
        }

        if (!died) {
            break;
        }
    }

    numbers(size);

    printf("killed at %u calls\n", at - 1);

    CHECK_INT(calls, at - 1);
    CHECK(at > 60);
}


TEST_MAIN
