/*
 * A file that has no name until it is complete.
 */


#include "ngx_http_pserver_temp.h"
#include "../core/encode.h"

#include <sodium.h>


ngx_int_t
ngx_http_pserver_temp_open(ngx_http_pserver_temp_t *temp, ngx_fd_t folder)
{
    u_char  random[16];

    temp->folder = folder;
    temp->name[0] = '\0';

    temp->fd = openat(folder, ".", O_TMPFILE|O_RDWR|O_CLOEXEC, 0600);

    if (temp->fd != -1) {
        return NGX_OK;
    }

    /* EISDIR: a kernel that does not know O_TMPFILE */

    if (ngx_errno != EOPNOTSUPP && ngx_errno != EISDIR) {
        return NGX_ERROR;
    }

    randombytes_buf(random, sizeof(random));

    temp->name[0] = '.';
    *pserver_hex_encode((u_char *) temp->name + 1, random, sizeof(random))
        = '\0';

    temp->fd = openat(folder, temp->name,
                      O_RDWR|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (temp->fd == -1) {
        temp->name[0] = '\0';
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_temp_write(ngx_http_pserver_temp_t *temp,
    const u_char *data, size_t len, off_t offset)
{
    ssize_t  n;

    while (len) {
        n = pwrite(temp->fd, data, len, offset);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            return NGX_ERROR;
        }

        data += n;
        len -= n;
        offset += n;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_temp_link(ngx_http_pserver_temp_t *temp, ngx_fd_t folder,
    const char *name)
{
    int   rc;
    char  path[sizeof("/proc/self/fd/") + NGX_INT_T_LEN];

    if (temp->name[0]) {
        rc = linkat(temp->folder, temp->name, folder, name, 0);

    } else {
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", temp->fd);

        rc = linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
    }

    return (rc == 0) ? NGX_OK : NGX_ERROR;
}


void
ngx_http_pserver_temp_close(ngx_http_pserver_temp_t *temp)
{
    if (temp->fd == -1) {
        return;
    }

    (void) close(temp->fd);
    temp->fd = -1;

    if (temp->name[0]) {
        (void) unlinkat(temp->folder, temp->name, 0);
    }
}
