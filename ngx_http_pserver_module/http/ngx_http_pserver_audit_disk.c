/*
 * Files below pserver_audit.
 */

#include "ngx_http_pserver_audit_disk.h"

#include "../core/logkey.h"
#include "../core/tile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>


static int ngx_http_pserver_audit_disk_folders(char *path, size_t from);
static int ngx_http_pserver_audit_disk_sync(char *path);
static int ngx_http_pserver_audit_disk_put(int fd, const u_char *data,
    size_t len);


int
ngx_http_pserver_audit_disk_lock(const char *dir, const char *path)
{
    int   fd;
    char  name[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/%s", dir, path);

    fd = open(name, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        return -1;
    }

    while (flock(fd, LOCK_EX) == -1) {
        if (errno != EINTR) {
            (void) close(fd);
            return -1;
        }
    }

    return fd;
}


int
ngx_http_pserver_audit_disk_open(const char *dir, const char *path)
{
    char  name[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/%s", dir, path);

    return open(name, O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);
}


int
ngx_http_pserver_audit_disk_pread(int fd, u_char *buf, size_t len,
    uint64_t offset)
{
    ssize_t  n;

    while (len) {
        n = pread(fd, buf, len, offset);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == 0) {
            errno = EIO;
        }

        if (n <= 0) {
            return PSERVER_ERROR;
        }

        buf += n;
        len -= n;
        offset += n;
    }

    return PSERVER_OK;
}


int
ngx_http_pserver_audit_disk_read(const char *dir, const char *path,
    u_char *buf, size_t size, size_t *len)
{
    int          fd, rc;
    struct stat  st;

    fd = ngx_http_pserver_audit_disk_open(dir, path);

    if (fd == -1) {
        return (errno == ENOENT) ? PSERVER_DONE : PSERVER_ERROR;
    }

    if (fstat(fd, &st) == -1) {
        rc = PSERVER_ERROR;

    } else if ((uint64_t) st.st_size > size) {
        rc = PSERVER_INVALID;

    } else {
        *len = st.st_size;
        rc = ngx_http_pserver_audit_disk_pread(fd, buf, *len, 0);
    }

    (void) close(fd);

    return rc;
}


int
ngx_http_pserver_audit_disk_write(const char *dir, const char *path,
    const u_char *data, size_t len)
{
    int   fd, rc;
    char  name[PATH_MAX], temp[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/%s", dir, path);
    (void) snprintf(temp, sizeof(temp), "%s/temp", dir);

    fd = open(temp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        return PSERVER_ERROR;
    }

    rc = ngx_http_pserver_audit_disk_put(fd, data, len);

    if (close(fd) == -1) {
        rc = PSERVER_ERROR;
    }

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (rename(temp, name) == -1) {

        if (errno != ENOENT
            || ngx_http_pserver_audit_disk_folders(name, strlen(dir) + 1)
               != PSERVER_OK
            || rename(temp, name) == -1)
        {
            return PSERVER_ERROR;
        }
    }

    return ngx_http_pserver_audit_disk_sync(name);
}


void
ngx_http_pserver_audit_disk_unlink(const char *dir, const char *path)
{
    char  name[PATH_MAX];

    (void) snprintf(name, sizeof(name), "%s/%s", dir, path);
    (void) unlink(name);
}


int
ngx_http_pserver_audit_disk_bundle(int fd, unsigned n, size_t *len)
{
    int      rc;
    u_char  *data;

    data = malloc(*len + 1);

    if (data == NULL) {
        return PSERVER_ERROR;
    }

    rc = ngx_http_pserver_audit_disk_pread(fd, data, *len, 0);

    if (rc == PSERVER_OK) {
        *len = pserver_bundle_len(data, *len, n);

        if (*len == 0) {
            errno = ENOENT;
            rc = PSERVER_ERROR;
        }
    }

    free(data);

    return rc;
}


int
ngx_http_pserver_audit_disk_key(const char *dir, const u_char log_id[32],
    const pserver_root_t *roots, size_t nroots, u_char secret[64],
    pserver_note_key_t *key, u_char *name)
{
    int            rc;
    size_t         used, len;
    u_char         seed[32], public_key[32], *end;
    u_char         file[PSERVER_LOGKEY_FILE_LEN];
    u_char         text[PSERVER_NOTE_KEY_MAX + 1];
    u_char         old[PSERVER_NOTE_KEY_MAX + 1];
    pserver_str_t  str;

    if (nroots == 0) {
        return PSERVER_INVALID;
    }

    rc = ngx_http_pserver_audit_disk_read(dir, "key", file, sizeof(file),
                                          &str.len);

    if (rc == PSERVER_DONE) {
        randombytes_buf(seed, sizeof(seed));
        used = nroots;
        rc = PSERVER_OK;

    } else if (rc == PSERVER_OK) {
        str.data = file;
        rc = pserver_logkey_unwrap(seed, &used, str, roots, nroots, log_id);
    }

    if (rc != PSERVER_OK) {
        return (rc == PSERVER_ERROR) ? rc : PSERVER_INVALID;
    }

    (void) crypto_sign_seed_keypair(public_key, secret, seed);

    if (used) {
        pserver_logkey_wrap(file, seed, &roots[0], log_id);

        rc = ngx_http_pserver_audit_disk_write(dir, "key", file,
                                               sizeof(file));
    }

    sodium_memzero(seed, sizeof(seed));

    if (rc != PSERVER_OK) {
        return rc;
    }

    pserver_logkey_name(name, log_id);

    str.data = name;
    str.len = PSERVER_LOGKEY_NAME_LEN;

    (void) pserver_note_key(key, str, public_key);

    end = pserver_note_key_format(text, key);
    *end++ = '\n';

    rc = ngx_http_pserver_audit_disk_read(dir, "public/key", old, sizeof(old),
                                          &len);

    if (rc == PSERVER_OK
        && len == (size_t) (end - text)
        && memcmp(old, text, len) == 0)
    {
        return PSERVER_OK;
    }

    return ngx_http_pserver_audit_disk_write(dir, "public/key", text,
                                             end - text);
}


/* makes the folders on the way, behind the first "from" characters */

static int
ngx_http_pserver_audit_disk_folders(char *path, size_t from)
{
    char  *p;

    for (p = strchr(path + from, '/'); p; p = strchr(p + 1, '/')) {

        *p = '\0';

        if (mkdir(path, 0700) == 0) {

            if (ngx_http_pserver_audit_disk_sync(path) != PSERVER_OK) {
                return PSERVER_ERROR;
            }

        } else if (errno != EEXIST) {
            return PSERVER_ERROR;
        }

        *p = '/';
    }

    return PSERVER_OK;
}


/* the folder that the path is in */

static int
ngx_http_pserver_audit_disk_sync(char *path)
{
    int    fd, rc;
    char  *p;

    p = strrchr(path, '/');

    *p = '\0';
    fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    *p = '/';

    if (fd == -1) {
        return PSERVER_ERROR;
    }

    rc = (fsync(fd) == -1) ? PSERVER_ERROR : PSERVER_OK;

    (void) close(fd);

    return rc;
}


static int
ngx_http_pserver_audit_disk_put(int fd, const u_char *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, data, len);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return PSERVER_ERROR;
        }

        data += n;
        len -= n;
    }

    return (fsync(fd) == -1) ? PSERVER_ERROR : PSERVER_OK;
}
