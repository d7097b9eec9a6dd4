/*
 * The store: reading objects.
 */


#include "ngx_http_pserver_manifest.h"
#include "../core/encode.h"

#include <dirent.h>
#include <sodium.h>


static ngx_uint_t ngx_http_pserver_object_listed(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object,
    const u_char name[PSERVER_NAME_LEN], const pserver_version_t *version);
static ngx_fd_t ngx_http_pserver_object_file(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t version);
static ssize_t ngx_http_pserver_object_header(
    ngx_http_pserver_object_t *object, u_char *header, off_t size);
static ssize_t ngx_http_pserver_object_block(
    ngx_http_pserver_object_t *object, u_char *buf, size_t size, uint64_t i);
static ssize_t ngx_http_pserver_object_pread(ngx_fd_t fd, u_char *buf,
    size_t len, off_t offset);
static ssize_t ngx_http_pserver_object_pcached(ngx_fd_t fd, u_char *buf,
    size_t len, off_t offset);
static int ngx_libc_cdecl ngx_http_pserver_object_by_number(const void *one,
    const void *two);


void
ngx_http_pserver_object_path(u_char *path,
    const u_char name[PSERVER_NAME_LEN])
{
    u_char  *p;

    p = ngx_cpymem(path, "objects/", sizeof("objects/") - 1);

    *pserver_hex_encode(p, name, PSERVER_NAME_LEN) = '\0';
}


uint64_t
ngx_http_pserver_object_number(const char *name)
{
    size_t     len;
    ngx_int_t  n;

    len = ngx_strlen(name);

    if (len != 8) {
        return 0;
    }

    n = ngx_atoi((u_char *) name, len);

    return (n == NGX_ERROR) ? 0 : n;
}


ngx_uint_t
ngx_http_pserver_object_open(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, pserver_str_t scope,
    uint64_t version)
{
    u_char  name[PSERVER_NAME_LEN];

    pserver_keys_name(name, &owner->keys, "scope", scope);

    return ngx_http_pserver_object_open_name(owner, object, name, version);
}


/*
 * Between the look at the manifest and that at the file another process may
 * have changed both: then the manifest is another one, too.
 */

ngx_uint_t
ngx_http_pserver_object_open_name(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const u_char name[PSERVER_NAME_LEN],
    uint64_t version)
{
    uint64_t           counter;
    ngx_uint_t         rc, bad;
    pserver_version_t  listed;

    object->fd = -1;

    rc = ngx_http_pserver_manifest_find(owner, name, version, &listed);

    while (rc == NGX_HTTP_PSERVER_STORE_OK) {

        bad = ngx_http_pserver_object_listed(owner, object, name, &listed);

        if (!ngx_http_pserver_store_is_bad(bad)) {
            return bad;
        }

        counter = owner->head.counter;

        rc = ngx_http_pserver_manifest_find(owner, name, version, &listed);

        if (rc == NGX_HTTP_PSERVER_STORE_OK && owner->head.counter == counter)
        {
            return bad;
        }

        ngx_http_pserver_object_close(object);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_object_listed(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const u_char name[PSERVER_NAME_LEN],
    const pserver_version_t *version)
{
    ngx_uint_t  rc;

    rc = ngx_http_pserver_object_open_file(owner, object, name,
                                           version->number);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        return NGX_HTTP_PSERVER_STORE_MISSING;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && ngx_memcmp(object->open.id, version->id, PSERVER_SEAL_ID_LEN) != 0)
    {
        return NGX_HTTP_PSERVER_STORE_REPLACED;
    }

    return rc;
}


ngx_uint_t
ngx_http_pserver_object_open_file(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const u_char name[PSERVER_NAME_LEN],
    uint64_t version)
{
    u_char                 sealed[PSERVER_NAME_LEN];
    ngx_uint_t             rc;
    pserver_seal_place_t   place;

    place.owner = owner->address;
    ngx_memcpy(place.name, name, PSERVER_NAME_LEN);

    object->fd = ngx_http_pserver_object_file(owner, name, version);

    if (object->fd == -1) {
        return ngx_http_pserver_store_rc(owner->err);
    }

    rc = ngx_http_pserver_object_open_fd(owner, object, &place, version);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    pserver_keys_name(sealed, &owner->keys, "scope", object->open.meta.scope);

    return (ngx_memcmp(sealed, name, PSERVER_NAME_LEN) == 0)
           ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_BAD;
}


ngx_uint_t
ngx_http_pserver_object_open_fd(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const pserver_seal_place_t *place,
    uint64_t number)
{
    int          rc;
    u_char       header[PSERVER_SEAL_HEADER_LEN];
    ssize_t      n;
    uint32_t     generation;
    ngx_uint_t   renewed;
    struct stat  st;

    if (fstat(object->fd, &st) == -1) {
        owner->err = ngx_errno;
        return ngx_http_pserver_store_rc(owner->err);
    }

    if (!S_ISREG(st.st_mode)) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    n = ngx_http_pserver_object_header(object, header, st.st_size);

    if (n == -1) {
        owner->err = ngx_errno;
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    if (n != PSERVER_SEAL_HEADER_LEN) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    /* the owner may have a new data key since the keys were read */

    if (pserver_seal_generation(header, sizeof(header), &generation)
        == PSERVER_OK
        && generation > owner->keys.generation)
    {
        renewed = owner->quick ? NGX_HTTP_PSERVER_STORE_ERROR
                               : ngx_http_pserver_owner_renew(owner);

        if (renewed != NGX_HTTP_PSERVER_STORE_OK) {
            return renewed;
        }
    }

    rc = pserver_open_init(&object->open, header, st.st_size, &owner->keys,
                           place, number);

    if (rc != PSERVER_OK) {
        return (rc == PSERVER_INVALID) ? NGX_HTTP_PSERVER_STORE_BAD
                                       : NGX_HTTP_PSERVER_STORE_ERROR;
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


static ngx_fd_t
ngx_http_pserver_object_file(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t version)
{
    char  file[NGX_HTTP_PSERVER_OBJECT_FILE];

    ngx_http_pserver_object_file_path(file, name, version);

    return ngx_http_pserver_owner_openat(owner, file, 0);
}


void
ngx_http_pserver_object_file_path(char file[NGX_HTTP_PSERVER_OBJECT_FILE],
    const u_char name[PSERVER_NAME_LEN], uint64_t version)
{
    ngx_http_pserver_object_path((u_char *) file, name);

    (void) ngx_sprintf((u_char *) file + NGX_HTTP_PSERVER_OBJECT_PATH - 1,
                       "/%08uL%Z", version);
}


void
ngx_http_pserver_object_close(ngx_http_pserver_object_t *object)
{
    if (object->fd != -1) {
        (void) close(object->fd);
        object->fd = -1;
    }

    pserver_open_free(&object->open);
}


ngx_uint_t
ngx_http_pserver_object_numbers(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t **list, size_t *n)
{
    DIR            *dir;
    u_char          path[NGX_HTTP_PSERVER_OBJECT_PATH];
    size_t          allocated;
    uint64_t        number, *more;
    ngx_fd_t        fd;
    struct dirent  *entry;

    *list = NULL;
    *n = 0;

    ngx_http_pserver_object_path(path, name);

    fd = ngx_http_pserver_owner_openat(owner, (char *) path, O_DIRECTORY);

    if (fd == -1) {
        return ngx_http_pserver_store_rc(owner->err);
    }

    dir = fdopendir(fd);

    if (dir == NULL) {
        owner->err = ngx_errno;
        (void) close(fd);
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    allocated = 0;
    ngx_set_errno(0);

    while ((entry = readdir(dir)) != NULL) {

        number = ngx_http_pserver_object_number(entry->d_name);

        if (number == 0) {
            continue;
        }

        if (*n == allocated) {
            allocated = 2 * allocated + 16;
            more = realloc(*list, allocated * sizeof(uint64_t));

            if (more == NULL) {
                break;
            }

            *list = more;
        }

        (*list)[(*n)++] = number;
    }

    owner->err = ngx_errno;

    (void) closedir(dir);

    if (owner->err || *n == 0) {
        free(*list);
        *list = NULL;
        *n = 0;

        return owner->err ? NGX_HTTP_PSERVER_STORE_ERROR
                          : NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    ngx_qsort(*list, *n, sizeof(uint64_t), ngx_http_pserver_object_by_number);

    return NGX_HTTP_PSERVER_STORE_OK;
}


static int ngx_libc_cdecl
ngx_http_pserver_object_by_number(const void *one, const void *two)
{
    const uint64_t  *first = one;
    const uint64_t  *second = two;

    return (*first < *second) - (*first > *second);
}


ngx_uint_t
ngx_http_pserver_object_read(ngx_http_pserver_object_t *object, u_char *buf,
    uint64_t first, uint64_t count, size_t *len)
{
    int         rc;
    size_t      size;
    ssize_t     n;
    uint64_t    i;
    ngx_uint_t  found;

    *len = 0;

    found = NGX_HTTP_PSERVER_STORE_OK;

    for (i = first; i < first + count && i < object->open.chunks; i++) {

        /* the tag of a chunk makes room for the next one */

        size = pserver_open_block_len(&object->open, i);

        n = ngx_http_pserver_object_block(object, buf + *len, size, i);

        if (n == -1) {
            found = NGX_HTTP_PSERVER_STORE_ERROR;
            break;
        }

        if ((size_t) n != size) {
            found = NGX_HTTP_PSERVER_STORE_BAD;
            break;
        }

        rc = pserver_open_chunk(&object->open, buf + *len, buf + *len, i);

        if (rc != PSERVER_OK) {
            found = (rc == PSERVER_INVALID) ? NGX_HTTP_PSERVER_STORE_BAD
                                            : NGX_HTTP_PSERVER_STORE_ERROR;
            break;
        }

        *len += size - PSERVER_SEAL_TAG_LEN;
    }

    if (found != NGX_HTTP_PSERVER_STORE_OK) {
        sodium_memzero(buf, *len);
        *len = 0;
    }

    return found;
}


ngx_uint_t
ngx_http_pserver_object_size(ngx_http_pserver_object_t *object, off_t *size)
{
    struct stat  st;

    if (fstat(object->fd, &st) == -1) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    *size = st.st_size;

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_object_check(ngx_http_pserver_object_t *object)
{
    size_t      len;
    u_char      buf[PSERVER_SEAL_BLOCK];
    ngx_uint_t  rc;

    rc = ngx_http_pserver_object_read(object, buf, object->open.chunks - 1,
                                      1, &len);

    sodium_memzero(buf, len);

    return rc;
}


/* a small object is read at once */

static ssize_t
ngx_http_pserver_object_header(ngx_http_pserver_object_t *object,
    u_char *header, off_t size)
{
    ssize_t       n;
    struct iovec  iov[2];

    object->small_len = 0;

    iov[0].iov_base = header;
    iov[0].iov_len = PSERVER_SEAL_HEADER_LEN;
    iov[1].iov_base = object->small;
    iov[1].iov_len = NGX_HTTP_PSERVER_OBJECT_SMALL;

    if (size <= PSERVER_SEAL_HEADER_LEN + NGX_HTTP_PSERVER_OBJECT_SMALL) {

        n = preadv(object->fd, iov, 2, 0);

        if (n == size && size > PSERVER_SEAL_HEADER_LEN) {
            object->small_len = size - PSERVER_SEAL_HEADER_LEN;
            return PSERVER_SEAL_HEADER_LEN;
        }
    }

    return ngx_http_pserver_object_pread(object->fd, header,
                                         PSERVER_SEAL_HEADER_LEN, 0);
}


static ssize_t
ngx_http_pserver_object_block(ngx_http_pserver_object_t *object, u_char *buf,
    size_t size, uint64_t i)
{
    if (i == 0 && size == object->small_len) {
        ngx_memcpy(buf, object->small, size);
        return size;
    }

    if (object->cached) {
        return ngx_http_pserver_object_pcached(object->fd, buf, size,
                                               pserver_open_offset(i));
    }

    return ngx_http_pserver_object_pread(object->fd, buf, size,
                                         pserver_open_offset(i));
}


static ssize_t
ngx_http_pserver_object_pread(ngx_fd_t fd, u_char *buf, size_t len,
    off_t offset)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < len; done += n) {

        n = pread(fd, buf + done, len - done, offset + done);

        if (n == 0) {
            break;
        }

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                n = 0;
                continue;
            }

            return -1;
        }
    }

    return done;
}


static ssize_t
ngx_http_pserver_object_pcached(ngx_fd_t fd, u_char *buf, size_t len,
    off_t offset)
{
    ssize_t       n;
    struct iovec  iov;

    iov.iov_base = buf;
    iov.iov_len = len;

    n = preadv2(fd, &iov, 1, offset, RWF_NOWAIT);

    if (n >= 0 && (size_t) n < len) {
        ngx_set_errno(NGX_EAGAIN);
        return -1;
    }

    return n;
}
