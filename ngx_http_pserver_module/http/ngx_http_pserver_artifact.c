/*
 * Artifacts on disk.
 */


#include "ngx_http_pserver_artifact.h"
#include "ngx_http_pserver_writer.h"

#include "../core/encode.h"
#include "../core/tar.h"


static ngx_uint_t ngx_http_pserver_artifacts_write(
    ngx_http_pserver_writer_t *writer, ngx_fd_t folder,
    const pserver_ledger_row_t *row, const u_char *name,
    const ngx_http_pserver_output_t *output);
static ngx_fd_t ngx_http_pserver_artifacts_folder(int jobs,
    const u_char *name);


void
ngx_http_pserver_artifacts_name(char file[NGX_HTTP_PSERVER_ARTIFACTS_NAME],
    const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    u_char  *p;

    p = pserver_hex_encode((u_char *) file, name, PSERVER_LEDGER_NAME_LEN);

    ngx_memcpy(p, ".out", sizeof(".out"));
}


ngx_uint_t
ngx_http_pserver_artifacts_save(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, const ngx_http_pserver_output_t *output)
{
    int                         jobs;
    u_char                      name[PSERVER_LEDGER_NAME_LEN];
    ngx_fd_t                    folder;
    ngx_uint_t                  rc;
    ngx_http_pserver_writer_t  *writer;

    writer = ngx_http_pserver_writer_create();
    if (writer == NULL) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    pserver_ledger_name(name, row->id);

    jobs = -1;
    folder = -1;

    rc = ngx_http_pserver_writer_open(writer, at->root, at->chain_id,
                                      &row->owner);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = NGX_HTTP_PSERVER_STORE_ERROR;

        jobs = ngx_http_pserver_owner_folder(&writer->owner, "jobs");

        if (jobs != -1) {
            folder = ngx_http_pserver_artifacts_folder(jobs, name);
            writer->owner.err = ngx_errno;
        }
    }

    if (folder != -1) {
        rc = ngx_http_pserver_artifacts_write(writer, folder, row, name,
                                              output);

        if (rc == NGX_HTTP_PSERVER_STORE_OK
            && (fsync(folder) == -1 || fsync(jobs) == -1))
        {
            writer->owner.err = ngx_errno;
            rc = NGX_HTTP_PSERVER_STORE_ERROR;
        }

        (void) close(folder);
    }

    if (jobs != -1) {
        (void) close(jobs);
    }

    at->err = writer->owner.err;

    ngx_http_pserver_writer_destroy(writer);

    return rc;
}


/* a new one, empty: an fd, or -1 */

static ngx_fd_t
ngx_http_pserver_artifacts_folder(int jobs, const u_char *name)
{
    char  file[NGX_HTTP_PSERVER_ARTIFACTS_NAME];

    ngx_http_pserver_artifacts_name(file, name);

    ngx_http_pserver_store_empty(jobs, file);

    if (mkdirat(jobs, file, 0700) == -1) {
        return -1;
    }

    return openat(jobs, file, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
}


static ngx_uint_t
ngx_http_pserver_artifacts_write(ngx_http_pserver_writer_t *writer,
    ngx_fd_t folder, const pserver_ledger_row_t *row, const u_char *name,
    const ngx_http_pserver_output_t *output)
{
    size_t               pos;
    uint64_t             number;
    ngx_uint_t           rc;
    pserver_str_t        data, place;
    pserver_seal_meta_t  meta;

    ngx_memzero(&meta, sizeof(pserver_seal_meta_t));

    meta.kind = PSERVER_SEAL_BINARY;
    meta.collected_at = row->finished;

    place.data = (u_char *) name;
    place.len = PSERVER_LEDGER_NAME_LEN;

    pos = 0;
    number = 0;

    while (ngx_http_pserver_output_file(output, &pos, &meta.filename, &data))
    {
        rc = ngx_http_pserver_writer_begin(writer, "artifact", place);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_writer_write(writer, data.data, data.len,
                                               1);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_writer_link(writer, &meta, folder,
                                              ++number);
        }

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_artifacts_open(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_http_pserver_artifacts_t *artifacts)
{
    int            jobs;
    char           file[NGX_HTTP_PSERVER_ARTIFACTS_NAME];
    u_char         name[PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t     rc;
    pserver_str_t  text;

    artifacts->folder = -1;
    artifacts->n = row->artifacts;

    rc = ngx_http_pserver_owner_open(&artifacts->owner, at->root,
                                     at->chain_id, &row->owner, 0);

    if (rc != NGX_HTTP_PSERVER_STORE_OK || artifacts->n == 0) {
        at->err = artifacts->owner.err;
        return rc;
    }

    pserver_ledger_name(name, row->id);

    text.data = name;
    text.len = PSERVER_LEDGER_NAME_LEN;

    artifacts->place.owner = row->owner;
    pserver_keys_name(artifacts->place.name, &artifacts->owner.keys,
                      "artifact", text);

    jobs = ngx_http_pserver_owner_folder(&artifacts->owner, "jobs");

    if (jobs == -1) {
        at->err = artifacts->owner.err;
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    ngx_http_pserver_artifacts_name(file, name);

    (void) snprintf(artifacts->owner.file, sizeof(artifacts->owner.file),
                    "jobs/%s", file);

    artifacts->folder = openat(jobs, file,
                               O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (artifacts->folder == -1) {
        at->err = ngx_errno;
        rc = NGX_HTTP_PSERVER_STORE_BAD;
    }

    (void) close(jobs);

    return rc;
}


void
ngx_http_pserver_artifacts_close(ngx_http_pserver_artifacts_t *artifacts)
{
    if (artifacts->folder != -1) {
        (void) close(artifacts->folder);
        artifacts->folder = -1;
    }

    ngx_http_pserver_owner_close(&artifacts->owner);
}


ngx_uint_t
ngx_http_pserver_artifact_open(ngx_http_pserver_artifacts_t *artifacts,
    ngx_uint_t number, ngx_http_pserver_object_t *object)
{
    char  file[NGX_INT_T_LEN + 1];

    (void) snprintf(file, sizeof(file), "%08u", (unsigned) number);

    object->fd = openat(artifacts->folder, file,
                        O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (object->fd == -1) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    return ngx_http_pserver_object_open_fd(&artifacts->owner, object,
                                           &artifacts->place, number);
}


ngx_uint_t
ngx_http_pserver_artifact_find(ngx_http_pserver_artifacts_t *artifacts,
    pserver_str_t path, ngx_http_pserver_object_t *object)
{
    int         order;
    ngx_uint_t  rc, first, last, middle;

    /* they are numbered in order; [first, last) is what is left of them */

    object->fd = -1;

    first = 1;
    last = artifacts->n + 1;

    while (first < last) {
        middle = first + (last - first) / 2;

        rc = ngx_http_pserver_artifact_open(artifacts, middle, object);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }

        order = pserver_tar_compare(path, object->open.meta.filename);

        if (order == 0) {
            return NGX_HTTP_PSERVER_STORE_OK;
        }

        ngx_http_pserver_object_close(object);

        if (order < 0) {
            last = middle;

        } else {
            first = middle + 1;
        }
    }

    return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
}
