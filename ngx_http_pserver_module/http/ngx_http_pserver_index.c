/*
 * Who has which derivation index, see ngx_http_pserver_index.h.
 */


#include "ngx_http_pserver_index.h"
#include "../core/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define NGX_HTTP_PSERVER_INDEX_FOLDER  "index"
#define NGX_HTTP_PSERVER_INDEX_NAME    sizeof("0badcafe")
#define NGX_HTTP_PSERVER_INDEX_TEXT    (2 * sizeof(pserver_address_t))


static int ngx_http_pserver_index_open(const char *store, int create);
static ngx_http_pserver_index_e ngx_http_pserver_index_read(int folder,
    const char *name, const pserver_address_t *owner);


ngx_http_pserver_index_e
ngx_http_pserver_index_find(const char *store, uint32_t index,
    const pserver_address_t *owner)
{
    int                       folder;
    char                      name[NGX_HTTP_PSERVER_INDEX_NAME];
    ngx_http_pserver_index_e  rc;

    folder = ngx_http_pserver_index_open(store, 0);

    if (folder == -1) {
        return (errno == ENOENT) ? NGX_HTTP_PSERVER_INDEX_FREE
                                 : NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    (void) snprintf(name, sizeof(name), "%08x", index);

    rc = ngx_http_pserver_index_read(folder, name, owner);

    (void) close(folder);

    return rc;
}


ngx_http_pserver_index_e
ngx_http_pserver_index_take(const char *store, uint32_t index,
    const pserver_address_t *owner)
{
    int                       folder, err;
    char                      name[NGX_HTTP_PSERVER_INDEX_NAME];
    char                      text[NGX_HTTP_PSERVER_INDEX_TEXT + 1];
    ngx_http_pserver_index_e  rc;

    folder = ngx_http_pserver_index_open(store, 1);
    if (folder == -1) {
        return NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    (void) snprintf(name, sizeof(name), "%08x", index);

    *pserver_hex_encode((u_char *) text, owner->bytes, sizeof(owner->bytes))
        = '\0';

    if (symlinkat(text, folder, name) == 0) {
        rc = NGX_HTTP_PSERVER_INDEX_OWN;

    } else if (errno == EEXIST) {
        rc = ngx_http_pserver_index_read(folder, name, owner);

    } else {
        rc = NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    if (rc == NGX_HTTP_PSERVER_INDEX_OWN && fsync(folder) == -1) {
        rc = NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    err = errno;
    (void) close(folder);
    errno = err;

    return rc;
}


/* the folder, with "create" for good; -1: errno is set */

static int
ngx_http_pserver_index_open(const char *store, int create)
{
    int  fd, folder, err;

    fd = open(store, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    folder = openat(fd, NGX_HTTP_PSERVER_INDEX_FOLDER,
                    O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (folder == -1 && create && errno == ENOENT
        && (mkdirat(fd, NGX_HTTP_PSERVER_INDEX_FOLDER, 0700) == 0
            || errno == EEXIST)
        && fsync(fd) == 0)
    {
        folder = openat(fd, NGX_HTTP_PSERVER_INDEX_FOLDER,
                        O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
    }

    err = errno;
    (void) close(fd);
    errno = err;

    return folder;
}


/* what is no address of anybody is nobody's to take */

static ngx_http_pserver_index_e
ngx_http_pserver_index_read(int folder, const char *name,
    const pserver_address_t *owner)
{
    u_char             text[NGX_HTTP_PSERVER_INDEX_TEXT + 1];
    ssize_t            n;
    pserver_str_t      s;
    pserver_address_t  address;

    n = readlinkat(folder, name, (char *) text, sizeof(text));

    if (n == -1) {
        return (errno == ENOENT) ? NGX_HTTP_PSERVER_INDEX_FREE
                                 : NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    s.data = text;
    s.len = (size_t) n;

    if (pserver_hex_decode(address.bytes, sizeof(address.bytes), s)
        != PSERVER_OK)
    {
        errno = EINVAL;
        return NGX_HTTP_PSERVER_INDEX_ERROR;
    }

    return memcmp(&address, owner, sizeof(address)) == 0
           ? NGX_HTTP_PSERVER_INDEX_OWN : NGX_HTTP_PSERVER_INDEX_TAKEN;
}
