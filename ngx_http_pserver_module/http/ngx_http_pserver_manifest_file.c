/*
 * The file of a manifest.
 */


#include "ngx_http_pserver_manifest_file.h"
#include "ngx_http_pserver_temp.h"


#define NGX_HTTP_PSERVER_MANIFEST_BATCH  1024


static ngx_uint_t ngx_http_pserver_manifest_file_pieces(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_file_t *file,
    ngx_fd_t fd, off_t end);
static ngx_uint_t ngx_http_pserver_manifest_file_base(
    ngx_http_pserver_owner_t *owner, ngx_fd_t fd,
    const pserver_manifest_t *manifest, pserver_manifest_head_t *head);
static ngx_uint_t ngx_http_pserver_manifest_file_failed(
    ngx_http_pserver_owner_t *owner);


ngx_uint_t
ngx_http_pserver_manifest_file_read(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_file_t *file)
{
    ngx_fd_t     fd;
    ngx_uint_t   rc;
    struct stat  st;

    fd = ngx_http_pserver_owner_openat(owner, NGX_HTTP_PSERVER_MANIFEST, 0);

    if (fd == -1) {
        rc = ngx_http_pserver_store_rc(owner->err);

        if (rc == NGX_HTTP_PSERVER_STORE_BAD) {
            rc = NGX_HTTP_PSERVER_STORE_MANIFEST;
        }

    } else if (fstat(fd, &st) == -1) {
        rc = ngx_http_pserver_manifest_file_failed(owner);

    } else if (!S_ISREG(st.st_mode)) {
        rc = NGX_HTTP_PSERVER_STORE_MANIFEST;

    } else if (file->size
               && (st.st_dev != file->dev || st.st_ino != file->ino))
    {
        rc = NGX_HTTP_PSERVER_STORE_NOT_FOUND;

    } else {
        file->dev = st.st_dev;
        file->ino = st.st_ino;

        rc = ngx_http_pserver_manifest_file_pieces(owner, file, fd,
                                                   st.st_size);
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc;
}


static ngx_uint_t
ngx_http_pserver_manifest_file_pieces(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_file_t *file, ngx_fd_t fd, off_t end)
{
    int      rc;
    size_t   used, size;
    u_char  *buf;
    ssize_t  n;

    size = (size_t) ngx_min(end - file->size,
                            NGX_HTTP_PSERVER_MANIFEST_BATCH
                            * PSERVER_MANIFEST_RECORD_LEN
                            + PSERVER_MANIFEST_HEADER_LEN);

    buf = malloc(size + 1);
    if (buf == NULL) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    do {
        n = pread(fd, buf, size, file->size);

        if (n == -1) {
            free(buf);
            return ngx_http_pserver_manifest_file_failed(owner);
        }

        rc = pserver_manifest_read(&file->manifest, buf, n, &used,
                                   owner->keys.ledger);

        file->size += used;

    } while (rc == PSERVER_OK && used);

    free(buf);

    if (rc == PSERVER_NOMEM) {
        owner->err = ENOMEM;
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    /* one record may be torn, and then it is the last */

    if (end - file->size > PSERVER_MANIFEST_RECORD_LEN
        || pserver_manifest_whole(&file->manifest) != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_MANIFEST;
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_manifest_file_write(ngx_http_pserver_owner_t *owner,
    ino_t ino, off_t offset,
    const u_char record[PSERVER_MANIFEST_RECORD_LEN])
{
    ngx_uint_t               rc;
    struct stat              st;
    ngx_http_pserver_temp_t  file;

    file.fd = ngx_http_pserver_owner_openat(owner, NGX_HTTP_PSERVER_MANIFEST,
                                            O_WRONLY);

    if (file.fd == -1) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    rc = NGX_HTTP_PSERVER_STORE_ERROR;

    if (fstat(file.fd, &st) == 0 && st.st_ino == ino
        && (st.st_size == offset || ftruncate(file.fd, offset) == 0))
    {
        if (ngx_http_pserver_temp_write(&file, record,
                                        PSERVER_MANIFEST_RECORD_LEN, offset)
            == NGX_OK
            && fdatasync(file.fd) == 0)
        {
            rc = NGX_HTTP_PSERVER_STORE_OK;

        } else {
            rc = ngx_http_pserver_manifest_file_failed(owner);

            if (ftruncate(file.fd, offset) == -1) {

                /* who comes next does it, or reads it */

                rc = NGX_HTTP_PSERVER_STORE_ERROR;
            }
        }
    }

    (void) close(file.fd);

    return rc;
}


/* nobody else makes this file, so one that is there is of a crash */

ngx_uint_t
ngx_http_pserver_manifest_file_replace(ngx_http_pserver_owner_t *owner,
    const pserver_manifest_t *manifest, pserver_manifest_head_t *head)
{
    ngx_fd_t    fd;
    ngx_uint_t  rc;

    if (unlinkat(owner->fd, NGX_HTTP_PSERVER_MANIFEST_NEW, 0) == -1
        && ngx_errno != NGX_ENOENT)
    {
        return ngx_http_pserver_manifest_file_failed(owner);
    }

    fd = openat(owner->fd, NGX_HTTP_PSERVER_MANIFEST_NEW,
                O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1) {
        return ngx_http_pserver_manifest_file_failed(owner);
    }

    rc = ngx_http_pserver_manifest_file_base(owner, fd, manifest, head);

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && (fsync(fd) == -1
            || renameat(owner->fd, NGX_HTTP_PSERVER_MANIFEST_NEW, owner->fd,
                        NGX_HTTP_PSERVER_MANIFEST)
               == -1
            || fsync(owner->fd) == -1))
    {
        rc = ngx_http_pserver_manifest_file_failed(owner);
    }

    (void) close(fd);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_manifest_file_base(ngx_http_pserver_owner_t *owner,
    ngx_fd_t fd, const pserver_manifest_t *manifest,
    pserver_manifest_head_t *head)
{
    size_t                      i;
    u_char                     *p, *buf;
    ngx_uint_t                  rc;
    const pserver_object_t     *object;
    ngx_http_pserver_temp_t     file;
    const pserver_version_t    *version;
    pserver_manifest_record_t   record;
    const pserver_inventory_t  *inventory;

    inventory = &manifest->inventory;

    buf = malloc(PSERVER_MANIFEST_HEADER_LEN
                 + (inventory->versions + 2) * PSERVER_MANIFEST_RECORD_LEN);
    if (buf == NULL) {
        owner->err = ENOMEM;
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    ngx_memzero(&record, sizeof(pserver_manifest_record_t));

    record.kind = PSERVER_MANIFEST_BASE;
    record.number = inventory->versions;

    pserver_manifest_header(buf);
    p = buf + PSERVER_MANIFEST_HEADER_LEN;

    pserver_manifest_seal(p, head, &record, owner->keys.ledger);
    p += PSERVER_MANIFEST_RECORD_LEN;

    if (manifest->generation) {
        record.kind = PSERVER_MANIFEST_KEY;
        record.number = manifest->generation;
        ngx_memcpy(record.name, manifest->key, PSERVER_NAME_LEN);

        pserver_manifest_seal(p, head, &record, owner->keys.ledger);
        p += PSERVER_MANIFEST_RECORD_LEN;
    }

    record.kind = PSERVER_MANIFEST_PUT;
    i = 0;

    while ((object = pserver_inventory_next(inventory, &i)) != NULL) {

        ngx_memcpy(record.name, object->name, PSERVER_NAME_LEN);

        for (version = pserver_inventory_oldest(inventory, object);
             version;
             version = pserver_inventory_newer(inventory, version))
        {
            record.number = version->number;
            record.size = version->size;
            ngx_memcpy(record.id, version->id, PSERVER_SEAL_ID_LEN);

            pserver_manifest_seal(p, head, &record, owner->keys.ledger);
            p += PSERVER_MANIFEST_RECORD_LEN;
        }
    }

    file.fd = fd;
    rc = NGX_HTTP_PSERVER_STORE_OK;

    if (ngx_http_pserver_temp_write(&file, buf, p - buf, 0) != NGX_OK) {
        rc = ngx_http_pserver_manifest_file_failed(owner);
    }

    free(buf);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_manifest_file_failed(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    owner->err = ngx_errno;

    rc = ngx_http_pserver_store_rc(owner->err);

    return (rc == NGX_HTTP_PSERVER_STORE_FULL) ? rc
                                               : NGX_HTTP_PSERVER_STORE_ERROR;
}
