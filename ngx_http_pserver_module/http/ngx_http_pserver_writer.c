/*
 * The store: a new version of an object.
 */


#include "ngx_http_pserver_writer.h"
#include "ngx_http_pserver_manifest.h"

#include <sodium.h>
#include <sys/file.h>


static ngx_uint_t ngx_http_pserver_writer_failed(
    ngx_http_pserver_writer_t *writer);
static ngx_fd_t ngx_http_pserver_writer_folder(
    ngx_http_pserver_writer_t *writer);
static ngx_uint_t ngx_http_pserver_writer_record(
    ngx_http_pserver_writer_t *writer, uint64_t number);
static ngx_uint_t ngx_http_pserver_writer_renew(
    ngx_http_pserver_writer_t *writer);
static ngx_uint_t ngx_http_pserver_writer_put(
    ngx_http_pserver_writer_t *writer, const pserver_seal_meta_t *meta,
    ngx_fd_t folder, const char *name, uint64_t number);
static void ngx_http_pserver_writer_name(char name[9], uint64_t number);


ngx_http_pserver_writer_t *
ngx_http_pserver_writer_create(void)
{
    ngx_http_pserver_writer_t  *writer;

    writer = calloc(1, sizeof(ngx_http_pserver_writer_t));
    if (writer == NULL) {
        return NULL;
    }

    writer->owner.fd = -1;
    writer->temp.fd = -1;
    writer->folder = -1;

    return writer;
}


ngx_uint_t
ngx_http_pserver_writer_open(ngx_http_pserver_writer_t *writer, u_char *root,
    uint64_t chain_id, const pserver_address_t *address)
{
    ngx_uint_t  rc;

    rc = ngx_http_pserver_owner_open(&writer->owner, root, chain_id, address,
                                     1);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    writer->folder = ngx_http_pserver_owner_folder(&writer->owner, "tmp");

    return (writer->folder == -1) ? ngx_http_pserver_writer_failed(writer)
                                  : NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_writer_begin(ngx_http_pserver_writer_t *writer,
    const char *label, pserver_str_t text)
{
    u_char                id[PSERVER_SEAL_ID_LEN];
    pserver_seal_place_t  place;

    randombytes_buf(id, sizeof(id));

    place.owner = writer->owner.address;
    pserver_keys_name(place.name, &writer->owner.keys, label, text);

    return ngx_http_pserver_writer_begin_again(writer, &place, id);
}


ngx_uint_t
ngx_http_pserver_writer_begin_again(ngx_http_pserver_writer_t *writer,
    const pserver_seal_place_t *place, const u_char id[PSERVER_SEAL_ID_LEN])
{
    ngx_http_pserver_temp_close(&writer->temp);
    pserver_seal_free(&writer->seal);

    writer->place = *place;

    if (ngx_http_pserver_temp_open(&writer->temp, writer->folder) != NGX_OK) {
        return ngx_http_pserver_writer_failed(writer);
    }

    writer->offset = PSERVER_SEAL_HEADER_LEN;

    if (pserver_seal_init_again(&writer->seal, &writer->owner.keys,
                                &writer->place, id)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* what errno says; that something is not there is a fault of the disk */

static ngx_uint_t
ngx_http_pserver_writer_failed(ngx_http_pserver_writer_t *writer)
{
    ngx_uint_t  rc;

    writer->owner.err = ngx_errno;

    rc = ngx_http_pserver_store_rc(writer->owner.err);

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_ERROR : rc;
}


ngx_uint_t
ngx_http_pserver_writer_write(ngx_http_pserver_writer_t *writer,
    const u_char *data, size_t len, ngx_uint_t last)
{
    int         rc;
    size_t      size;
    ngx_uint_t  ended;

    do {
        ended = (last && len < PSERVER_SEAL_CHUNK);
        size = ended ? len : PSERVER_SEAL_CHUNK;

        rc = pserver_seal_chunk(&writer->seal, writer->block, data, size,
                                ended);

        if (rc != PSERVER_OK) {
            return (rc == PSERVER_NOSPACE) ? NGX_HTTP_PSERVER_STORE_TOO_LARGE
                                           : NGX_HTTP_PSERVER_STORE_ERROR;
        }

        data += size;
        len -= size;
        size += PSERVER_SEAL_TAG_LEN;

        if (ngx_http_pserver_temp_write(&writer->temp, writer->block, size,
                                        writer->offset)
            != NGX_OK)
        {
            return ngx_http_pserver_writer_failed(writer);
        }

        writer->offset += size;

    } while (len || (last && !ended));

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_writer_next(ngx_http_pserver_writer_t *writer,
    uint64_t *number)
{
    ngx_uint_t         rc;
    pserver_version_t  latest;

    latest.number = 0;

    rc = ngx_http_pserver_manifest_find(&writer->owner, writer->place.name, 0,
                                        &latest);

    if (rc != NGX_HTTP_PSERVER_STORE_OK
        && rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND)
    {
        return rc;
    }

    /* a header is made once a number */

    *number = ngx_max(latest.number, writer->seal.number) + 1;

    return NGX_HTTP_PSERVER_STORE_OK;
}


/*
 * What fails here was not answered, so no one may see it.  That the record
 * fails and is on the disk all the same is left to who comes next: without
 * the file it is an error, and never another version.
 */

ngx_uint_t
ngx_http_pserver_writer_publish(ngx_http_pserver_writer_t *writer,
    const pserver_seal_meta_t *meta, uint64_t number)
{
    char                  name[9];
    ngx_fd_t              folder;
    ngx_uint_t            rc;
    pserver_seal_meta_t   recorded;

    folder = ngx_http_pserver_writer_folder(writer);

    if (folder == -1) {
        return ngx_http_pserver_writer_failed(writer);
    }

    recorded = *meta;
    recorded.recorded = writer->owner.head.counter + 1;

    rc = ngx_http_pserver_writer_link(writer, &recorded, folder, number);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        if (fsync(folder) == -1) {
            rc = ngx_http_pserver_writer_failed(writer);

        } else {
            rc = ngx_http_pserver_writer_record(writer, number);
        }

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            ngx_http_pserver_writer_name(name, number);
            (void) unlinkat(folder, name, 0);
        }
    }

    (void) close(folder);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_writer_record(ngx_http_pserver_writer_t *writer,
    uint64_t number)
{
    pserver_manifest_record_t  record;

    record.kind = PSERVER_MANIFEST_PUT;
    record.number = number;
    record.size = writer->offset;

    ngx_memcpy(record.name, writer->place.name, PSERVER_NAME_LEN);
    ngx_memcpy(record.id, pserver_seal_id(&writer->seal),
               PSERVER_SEAL_ID_LEN);

    return ngx_http_pserver_manifest_append(&writer->owner, &record);
}


/* the object's folder, made if need be */

static ngx_fd_t
ngx_http_pserver_writer_folder(ngx_http_pserver_writer_t *writer)
{
    u_char     path[NGX_HTTP_PSERVER_OBJECT_PATH];
    ngx_fd_t   fd, objects;
    ngx_err_t  err;

    ngx_http_pserver_object_path(path, writer->place.name);

    fd = ngx_http_pserver_owner_openat(&writer->owner, (char *) path,
                                       O_DIRECTORY);

    if (fd != -1 || ngx_errno != NGX_ENOENT) {
        return fd;
    }

    objects = ngx_http_pserver_owner_folder(&writer->owner, "objects");

    if (objects == -1) {
        return -1;
    }

    if ((mkdirat(writer->owner.fd, (char *) path, 0700) == 0
         || ngx_errno == NGX_EEXIST)
        && fsync(objects) == 0)
    {
        fd = ngx_http_pserver_owner_openat(&writer->owner, (char *) path,
                                           O_DIRECTORY);
    }

    err = ngx_errno;

    (void) close(objects);

    ngx_set_errno(err);

    return fd;
}


ngx_uint_t
ngx_http_pserver_writer_link(ngx_http_pserver_writer_t *writer,
    const pserver_seal_meta_t *meta, ngx_fd_t folder, uint64_t number)
{
    char  name[9];

    ngx_http_pserver_writer_name(name, number);

    return ngx_http_pserver_writer_link_name(writer, meta, folder, name,
                                             number);
}


/*
 * Who starts a generation of keys waits for the lock; so no file gets its
 * name under a key that has just become an older one.
 */

ngx_uint_t
ngx_http_pserver_writer_link_name(ngx_http_pserver_writer_t *writer,
    const pserver_seal_meta_t *meta, ngx_fd_t folder, const char *name,
    uint64_t number)
{
    ngx_uint_t  rc;

    if (flock(writer->folder, LOCK_SH) == -1) {
        return ngx_http_pserver_writer_failed(writer);
    }

    rc = ngx_http_pserver_writer_renew(writer);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_writer_put(writer, meta, folder, name, number);
    }

    (void) flock(writer->folder, LOCK_UN);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_writer_renew(ngx_http_pserver_writer_t *writer)
{
    ngx_uint_t  rc;

    rc = ngx_http_pserver_owner_renew(&writer->owner);

    /* the keys may have been renewed before, with a look at the manifest */

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && writer->seal.generation != writer->owner.keys.generation)
    {
        pserver_seal_rekey(&writer->seal, &writer->owner.keys);
    }

    /* without a file of keys: the caller takes NOT_FOUND for a number */

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_ERROR : rc;
}


static ngx_uint_t
ngx_http_pserver_writer_put(ngx_http_pserver_writer_t *writer,
    const pserver_seal_meta_t *meta, ngx_fd_t folder, const char *name,
    uint64_t number)
{
    u_char  header[PSERVER_SEAL_HEADER_LEN];

    if (pserver_seal_header(&writer->seal, header, number, meta)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    if (ngx_http_pserver_temp_write(&writer->temp, header, sizeof(header), 0)
        != NGX_OK
        || fsync(writer->temp.fd) == -1)
    {
        return ngx_http_pserver_writer_failed(writer);
    }

    if (ngx_http_pserver_temp_link(&writer->temp, folder, name) != NGX_OK) {

        if (ngx_errno == NGX_EEXIST || ngx_errno == NGX_ENOENT) {
            return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
        }

        return ngx_http_pserver_writer_failed(writer);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


static void
ngx_http_pserver_writer_name(char name[9], uint64_t number)
{
    (void) snprintf(name, 9, "%08u", (unsigned) number);
}


void
ngx_http_pserver_writer_destroy(ngx_http_pserver_writer_t *writer)
{
    ngx_http_pserver_temp_close(&writer->temp);

    if (writer->folder != -1) {
        (void) close(writer->folder);
    }

    ngx_http_pserver_owner_close(&writer->owner);

    pserver_seal_free(&writer->seal);

    free(writer);
}
