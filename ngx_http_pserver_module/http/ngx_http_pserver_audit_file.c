/*
 * The file of the audit log: opening and reading.
 */

#include "ngx_http_pserver_audit_file.h"
#include "ngx_http_pserver_audit_disk.h"
#include "ngx_http_pserver_audit_state.h"
#include "ngx_http_pserver_audit_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>


static int ngx_http_pserver_audit_file_stopped(
    ngx_http_pserver_audit_file_t *file);
static int ngx_http_pserver_audit_file_open(
    ngx_http_pserver_audit_file_t *file);
static int ngx_http_pserver_audit_file_header(
    ngx_http_pserver_audit_file_t *file);
static int ngx_http_pserver_audit_file_claim(
    ngx_http_pserver_audit_file_t *file);
static int ngx_http_pserver_audit_file_sync_dir(
    ngx_http_pserver_audit_file_t *file);


static const char  ngx_http_pserver_audit_magic[16] = "pserver-log-v1";


int
ngx_http_pserver_audit_file_init(ngx_http_pserver_audit_file_t *file,
    const char *dir)
{
    memset(file, 0, sizeof(ngx_http_pserver_audit_file_t));

    file->dir = dir;
    file->fd = -1;
    file->lock = -1;

    return (pthread_mutex_init(&file->mutex, NULL) == 0) ? PSERVER_OK
                                                         : PSERVER_ERROR;
}


void
ngx_http_pserver_audit_file_close(ngx_http_pserver_audit_file_t *file)
{
    if (file->fd != -1) {
        (void) close(file->fd);
    }

    if (file->lock != -1) {
        (void) close(file->lock);
    }

    ngx_http_pserver_audit_view_free(file);

    (void) pthread_mutex_destroy(&file->mutex);
}


int
ngx_http_pserver_audit_file_tree(ngx_http_pserver_audit_file_t *file,
    pserver_merkle_t *tree)
{
    int  rc;

    rc = ngx_http_pserver_audit_file_enter(file, LOCK_SH);

    if (rc == PSERVER_OK) {
        *tree = file->tree;
        ngx_http_pserver_audit_file_leave(file);
    }

    return rc;
}


int
ngx_http_pserver_audit_file_find(ngx_http_pserver_audit_file_t *file,
    uint64_t sequence, uint64_t *offset, uint64_t *count)
{
    int               rc;
    uint64_t          skip;
    pserver_record_t  record;

    rc = ngx_http_pserver_audit_file_enter(file, LOCK_SH);
    if (rc != PSERVER_OK) {
        return rc;
    }

    if (sequence < file->tree.size) {
        *offset = file->bundles[sequence / NGX_HTTP_PSERVER_AUDIT_BUNDLE];
        *count = file->tree.size - sequence;

    } else {
        rc = PSERVER_DONE;
    }

    ngx_http_pserver_audit_file_leave(file);

    skip = sequence % NGX_HTTP_PSERVER_AUDIT_BUNDLE;

    while (rc == PSERVER_OK && skip-- > 0) {
        rc = ngx_http_pserver_audit_file_head(file, *offset, &record, offset);
    }

    return rc;
}


int
ngx_http_pserver_audit_file_owner(ngx_http_pserver_audit_file_t *file,
    const u_char id[32], uint64_t *offset, uint64_t *counter)
{
    int                             rc;
    ngx_http_pserver_audit_head_t  *head;

    rc = ngx_http_pserver_audit_file_enter(file, LOCK_SH);
    if (rc != PSERVER_OK) {
        return rc;
    }

    head = ngx_http_pserver_audit_view_head(file, id, 0);

    if (head == NULL || head->counter == 0) {
        rc = PSERVER_DONE;

    } else {
        *offset = head->offset;
        *counter = head->counter;
    }

    ngx_http_pserver_audit_file_leave(file);

    return rc;
}


int
ngx_http_pserver_audit_file_head(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, pserver_record_t *record, uint64_t *next)
{
    size_t   len;
    ssize_t  n;
    u_char   head[PSERVER_RECORD_HEAD_LEN];

    n = pread(file->fd, head, sizeof(head), offset);

    if (n == -1) {
        return PSERVER_ERROR;
    }

    len = (n == sizeof(head)) ? pserver_record_head(record, head) : 0;

    if (len == 0) {
        return PSERVER_INVALID;
    }

    *next = offset + len;

    return PSERVER_OK;
}


int
ngx_http_pserver_audit_file_read(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, u_char *buf, pserver_record_t *record, u_char leaf[32],
    uint64_t *next)
{
    size_t   len;
    ssize_t  n;

    n = pread(file->fd, buf, NGX_HTTP_PSERVER_AUDIT_RECORD_MAX, offset);

    if (n == -1) {
        return PSERVER_ERROR;
    }

    if (pserver_record_parse(record, leaf, &len, buf, n) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    *next = offset + len;

    return PSERVER_OK;
}


/*
 * Within a process the mutex, between processes the lock: flock() is of the
 * open file, which the threads share.
 */

int
ngx_http_pserver_audit_file_enter(ngx_http_pserver_audit_file_t *file,
    int operation)
{
    int  rc;

    (void) pthread_mutex_lock(&file->mutex);

    rc = ngx_http_pserver_audit_file_open(file);

    if (rc != PSERVER_OK) {
        (void) pthread_mutex_unlock(&file->mutex);
        return rc;
    }

    while (flock(file->lock, operation) == -1) {
        if (errno != EINTR) {
            rc = ngx_http_pserver_audit_view_fail(file, "flock()", 0);
            (void) pthread_mutex_unlock(&file->mutex);
            return rc;
        }
    }

    if (ngx_http_pserver_audit_file_stopped(file)) {
        rc = ngx_http_pserver_audit_view_damaged(file, "was stopped", 0);

    } else {
        rc = ngx_http_pserver_audit_view_follow(file, operation == LOCK_EX);
    }

    if (rc != PSERVER_OK) {
        ngx_http_pserver_audit_file_leave(file);
    }

    return rc;
}


/* an operator, or who compared the log with the chain, has left a file */

static int
ngx_http_pserver_audit_file_stopped(ngx_http_pserver_audit_file_t *file)
{
    char  name[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/stopped", file->dir);

    return access(name, F_OK) == 0 || errno != ENOENT;
}


void
ngx_http_pserver_audit_file_leave(ngx_http_pserver_audit_file_t *file)
{
    (void) flock(file->lock, LOCK_UN);
    (void) pthread_mutex_unlock(&file->mutex);
}


static int
ngx_http_pserver_audit_file_open(ngx_http_pserver_audit_file_t *file)
{
    int   rc;
    char  name[PATH_MAX];

    if (file->fd != -1) {
        return PSERVER_OK;
    }

    if (file->lock == -1) {
        (void) snprintf(name, sizeof(name), "%s/lock", file->dir);

        file->lock = open(name, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
        if (file->lock == -1) {
            return ngx_http_pserver_audit_view_fail(file, "open() of the lock",
                                                    0);
        }
    }

    (void) snprintf(name, sizeof(name), "%s/log", file->dir);

    file->fd = open(name, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
    if (file->fd == -1) {
        return ngx_http_pserver_audit_view_fail(file, "open()", 0);
    }

    while (flock(file->lock, LOCK_EX) == -1) {
        if (errno != EINTR) {
            rc = ngx_http_pserver_audit_view_fail(file, "flock()", 0);
            goto failed;
        }
    }

    rc = ngx_http_pserver_audit_file_header(file);

    (void) flock(file->lock, LOCK_UN);

    if (rc == PSERVER_OK) {
        return PSERVER_OK;
    }

failed:

    (void) close(file->fd);
    file->fd = -1;

    return rc;
}


static int
ngx_http_pserver_audit_file_header(ngx_http_pserver_audit_file_t *file)
{
    u_char       header[NGX_HTTP_PSERVER_AUDIT_HEADER_LEN];
    struct stat  st;

    if (fstat(file->fd, &st) == -1) {
        return ngx_http_pserver_audit_view_fail(file, "fstat()", 0);
    }

    /* nothing is appended before the header is durable */

    if (st.st_size < NGX_HTTP_PSERVER_AUDIT_HEADER_LEN) {
        memset(header, 0, sizeof(header));
        memcpy(header, ngx_http_pserver_audit_magic, 16);
        randombytes_buf(header + 16, 32);

        if (pwrite(file->fd, header, sizeof(header), 0) != sizeof(header)) {
            return ngx_http_pserver_audit_view_fail(file, "pwrite()", 0);
        }

        if (fsync(file->fd) == -1) {
            return ngx_http_pserver_audit_view_fail(file, "fsync()", 0);
        }

        if (ngx_http_pserver_audit_file_sync_dir(file) != PSERVER_OK) {
            return PSERVER_ERROR;
        }

    } else if (pread(file->fd, header, sizeof(header), 0) != sizeof(header)) {
        return ngx_http_pserver_audit_view_fail(file, "pread()", 0);
    }

    if (memcmp(header, ngx_http_pserver_audit_magic, 16) != 0) {
        return ngx_http_pserver_audit_view_damaged(file, "no log", 0);
    }

    memcpy(file->id, header + 16, 32);

    ngx_http_pserver_audit_view_reset(file);
    ngx_http_pserver_audit_state_load(file, st.st_size);

    return ngx_http_pserver_audit_file_claim(file);
}


/* its signature is looked at by who publishes the next one */

static int
ngx_http_pserver_audit_file_claim(ngx_http_pserver_audit_file_t *file)
{
    int                   rc;
    u_char                buf[PSERVER_NOTE_MAX];
    pserver_str_t         note, text;
    pserver_checkpoint_t  checkpoint;

    rc = ngx_http_pserver_audit_disk_read(file->dir, "public/checkpoint", buf,
                                          sizeof(buf), &note.len);

    if (rc == PSERVER_DONE) {
        return PSERVER_OK;
    }

    if (rc == PSERVER_ERROR) {
        return ngx_http_pserver_audit_view_fail(file,
                                              "reading the checkpoint", 0);
    }

    note.data = buf;

    if (rc != PSERVER_OK
        || pserver_note_text(&text, note) != PSERVER_OK
        || pserver_checkpoint_parse(&checkpoint, text) != PSERVER_OK)
    {
        return ngx_http_pserver_audit_view_damaged(file, "has no checkpoint",
                                                   0);
    }

    ngx_http_pserver_audit_view_claim(file, &checkpoint);

    return PSERVER_OK;
}


static int
ngx_http_pserver_audit_file_sync_dir(ngx_http_pserver_audit_file_t *file)
{
    int  fd, rc;

    fd = open(file->dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return ngx_http_pserver_audit_view_fail(file, "open() of the folder",
                                                0);
    }

    rc = PSERVER_OK;

    if (fsync(fd) == -1) {
        rc = ngx_http_pserver_audit_view_fail(file, "fsync() of the folder",
                                              0);
    }

    (void) close(fd);

    return rc;
}
