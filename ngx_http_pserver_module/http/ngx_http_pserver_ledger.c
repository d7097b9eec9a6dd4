/*
 * The ledger of jobs on disk: its rows.
 */


#include "ngx_http_pserver_ledger_dir.h"
#include "ngx_http_pserver_artifact.h"
#include "ngx_http_pserver_idempotency.h"
#include "ngx_http_pserver_ledger_list.h"
#include "../core/encode.h"

#include <sys/file.h>
#include <sodium.h>


#define NGX_HTTP_PSERVER_LEDGER_MAX                                           \
    (PSERVER_LEDGER_HEAD_LEN + PSERVER_LEDGER_OPERATION_MAX                   \
     + PSERVER_LEDGER_REQUEST_MAX + PSERVER_LEDGER_RESULT_MAX                 \
     + PSERVER_LEDGER_INPUTS_MAX + PSERVER_LEDGER_OUTPUTS_MAX                 \
     + PSERVER_BOX_OVERHEAD)


static ngx_uint_t ngx_http_pserver_ledger_put(
    ngx_http_pserver_ledger_at_t *at, int folder, const char *file,
    const u_char *data, size_t len, ngx_uint_t durable);


ngx_uint_t
ngx_http_pserver_ledger_find(ngx_http_pserver_ledger_at_t *at,
    const u_char id[PSERVER_LEDGER_ID_LEN], ngx_http_pserver_ledger_t *ledger)
{
    u_char  name[PSERVER_LEDGER_NAME_LEN];

    pserver_ledger_name(name, id);

    return ngx_http_pserver_ledger_named(at, name, ledger);
}


ngx_uint_t
ngx_http_pserver_ledger_named(ngx_http_pserver_ledger_at_t *at,
    const u_char name[PSERVER_LEDGER_NAME_LEN],
    ngx_http_pserver_ledger_t *ledger)
{
    int                           fd;
    char                          file[NGX_HTTP_PSERVER_LEDGER_NAME + 1];
    char                          path[sizeof("jobs/00/") + sizeof(file)];
    ngx_int_t                     rc;
    ngx_http_pserver_row_place_t  place;

    ngx_http_pserver_ledger_file(file, name);
    (void) snprintf(path, sizeof(path), "jobs/%.2s/%s", file, file);

    fd = open((char *) at->root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    rc = ngx_http_pserver_link_read(fd, path, &place, &at->err);

    (void) close(fd);

    if (rc != NGX_OK) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    if (ngx_memcmp(place.name, name, PSERVER_LEDGER_NAME_LEN) != 0) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    return ngx_http_pserver_ledger_load(at, &place, ledger);
}


ngx_uint_t
ngx_http_pserver_ledger_load(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place,
    ngx_http_pserver_ledger_t *ledger)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    rc = ngx_http_pserver_ledger_open(at, &place->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_read(at, &dir, place->name, ledger);
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


void
ngx_http_pserver_ledger_free(ngx_http_pserver_ledger_t *ledger)
{
    if (ledger->plain) {
        sodium_memzero(ledger->plain, ledger->len);
        free(ledger->plain);
    }

    ngx_memzero(ledger, sizeof(ngx_http_pserver_ledger_t));
}


ngx_uint_t
ngx_http_pserver_ledger_save(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_uint_t durable)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    rc = ngx_http_pserver_ledger_open(at, &row->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_write(at, &dir, row, durable);
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_cancel(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place)
{
    int                            fd;
    char                           file[NGX_HTTP_PSERVER_LEDGER_NAME
                                        + sizeof(".cancel")];
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    rc = ngx_http_pserver_ledger_open(at, &place->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        (void) strcpy((char *) pserver_hex_encode((u_char *) file,
                                   place->name, PSERVER_LEDGER_NAME_LEN),
                      ".cancel");

        fd = openat(dir.jobs, file,
                    O_WRONLY|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);

        if (fd == -1 || fsync(dir.jobs) == -1) {
            rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
        }

        if (fd != -1) {
            (void) close(fd);
        }
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_canceled(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place)
{
    u_char       *p, *path;
    size_t        len;
    ngx_uint_t    rc;
    struct stat   st;

    /* without the owner's keys, since it is asked often */

    len = ngx_strlen(at->root) + NGX_HTTP_PSERVER_LINK_LEN
          + sizeof("/.cancel");

    path = malloc(len);
    if (path == NULL) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    p = ngx_cpymem(path, at->root, ngx_strlen(at->root));
    p = ngx_cpymem(p, "/owners/", sizeof("/owners/") - 1);
    p = pserver_hex_encode(p, place->owner.bytes, 20);
    p = ngx_cpymem(p, "/jobs/", sizeof("/jobs/") - 1);
    p = pserver_hex_encode(p, place->name, PSERVER_LEDGER_NAME_LEN);
    ngx_memcpy(p, ".cancel", sizeof(".cancel"));

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if (lstat((char *) path, &st) == -1) {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    free(path);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_over(const pserver_ledger_row_t *row, time_t valid)
{
    return pserver_job_terminal(row->state)
           && row->finished / 1000 + (uint64_t) valid
              <= (uint64_t) time(NULL);
}


void
ngx_http_pserver_ledger_place(ngx_http_pserver_row_place_t *place,
    const pserver_ledger_row_t *row)
{
    place->owner = row->owner;
    pserver_ledger_name(place->name, row->id);
}


ngx_uint_t
ngx_http_pserver_ledger_open(ngx_http_pserver_ledger_at_t *at,
    const pserver_address_t *address, ngx_http_pserver_ledger_dir_t *dir,
    ngx_uint_t create)
{
    ngx_uint_t  rc;

    dir->jobs = -1;
    dir->repeats = -1;
    dir->lock = -1;

    rc = ngx_http_pserver_owner_open(&dir->owner, at->root, at->chain_id,
                                     address, create);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        at->err = dir->owner.err;
        return rc;
    }

    dir->jobs = ngx_http_pserver_owner_folder(&dir->owner, "jobs");

    return (dir->jobs == -1)
           ? ngx_http_pserver_ledger_failed(at, dir->owner.err)
           : NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_ledger_close(ngx_http_pserver_ledger_dir_t *dir)
{
    if (dir->lock != -1) {
        (void) close(dir->lock);
    }

    if (dir->repeats != -1) {
        (void) close(dir->repeats);
    }

    if (dir->jobs != -1) {
        (void) close(dir->jobs);
    }

    ngx_http_pserver_owner_close(&dir->owner);
}


ngx_uint_t
ngx_http_pserver_ledger_repeats(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir)
{
    dir->repeats = ngx_http_pserver_folder(dir->jobs, "repeats", &at->err);

    return (dir->repeats == -1) ? ngx_http_pserver_ledger_failed(at, at->err)
                                : NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_ledger_lock(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir)
{
    dir->lock = openat(dir->jobs, "lock",
                       O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (dir->lock == -1 || flock(dir->lock, LOCK_EX) == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    return ngx_http_pserver_ledger_repeats(at, dir);
}


ngx_uint_t
ngx_http_pserver_ledger_read(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const u_char *name,
    ngx_http_pserver_ledger_t *ledger)
{
    int           fd, rc;
    char          file[NGX_HTTP_PSERVER_LEDGER_NAME + 1];
    size_t        len;
    u_char       *sealed;
    ssize_t       n;
    struct stat   st;

    ngx_http_pserver_ledger_file(file, name);

    fd = openat(dir->jobs, file,
                O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    sealed = NULL;

    if (fstat(fd, &st) == -1) {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
        goto done;
    }

    if (st.st_size <= PSERVER_BOX_OVERHEAD
        || st.st_size > NGX_HTTP_PSERVER_LEDGER_MAX)
    {
        rc = NGX_HTTP_PSERVER_STORE_BAD;
        goto done;
    }

    len = st.st_size;
    sealed = malloc(len);

    ledger->len = len - PSERVER_BOX_OVERHEAD;
    ledger->plain = malloc(ledger->len);

    if (sealed == NULL || ledger->plain == NULL) {
        rc = ngx_http_pserver_ledger_failed(at, ENOMEM);
        goto done;
    }

    n = pread(fd, sealed, len, 0);

    if (n != (ssize_t) len) {
        rc = ngx_http_pserver_ledger_failed(at, n == -1 ? ngx_errno : EIO);
        goto done;
    }

    rc = pserver_ledger_open(&ledger->row, ledger->plain, sealed, len,
                             dir->owner.keys.ledger, &dir->owner.address,
                             name);

    rc = (rc == PSERVER_OK) ? NGX_HTTP_PSERVER_STORE_OK
                            : NGX_HTTP_PSERVER_STORE_BAD;

done:

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        free(ledger->plain);
        ngx_memzero(ledger, sizeof(ngx_http_pserver_ledger_t));
    }

    free(sealed);
    (void) close(fd);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_write(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row,
    ngx_uint_t durable)
{
    char        file[NGX_HTTP_PSERVER_LEDGER_NAME + 1];
    size_t      len;
    u_char     *sealed, name[PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t  rc;

    len = pserver_ledger_len(row) + PSERVER_BOX_OVERHEAD;

    sealed = malloc(len);
    if (sealed == NULL) {
        return ngx_http_pserver_ledger_failed(at, ENOMEM);
    }

    if (pserver_ledger_seal(sealed, row, dir->owner.keys.ledger)
        != PSERVER_OK)
    {
        free(sealed);
        return ngx_http_pserver_ledger_failed(at, NGX_EINVAL);
    }

    pserver_ledger_name(name, row->id);
    ngx_http_pserver_ledger_file(file, name);

    rc = ngx_http_pserver_ledger_put(at, dir->jobs, file, sealed, len,
                                     durable);
    free(sealed);

    return rc;
}


/* beside, then into place: a reader sees the old one or the new one */

static ngx_uint_t
ngx_http_pserver_ledger_put(ngx_http_pserver_ledger_at_t *at, int folder,
    const char *file, const u_char *data, size_t len, ngx_uint_t durable)
{
    int      fd;
    char     new[NGX_HTTP_PSERVER_LEDGER_NAME + sizeof(".new")];
    ssize_t  n;

    (void) snprintf(new, sizeof(new), "%s.new", file);

    fd = openat(folder, new, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|O_NOFOLLOW,
                0600);
    if (fd == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    do {
        n = write(fd, data, len);

        if (n > 0) {
            data += n;
            len -= n;
        }

    } while (len && (n > 0 || (n == -1 && ngx_errno == NGX_EINTR)));

    /* its bytes before its name: a power loss leaves the old one or this */

    if (len || fsync(fd) == -1) {
        goto failed;
    }

    if (renameat(folder, new, folder, file) == -1) {
        goto failed;
    }

    (void) close(fd);

    if (durable && fsync(folder) == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    return NGX_HTTP_PSERVER_STORE_OK;

failed:

    at->err = ngx_errno;

    (void) close(fd);
    (void) unlinkat(folder, new, 0);

    return ngx_http_pserver_ledger_failed(at, at->err);
}


int
ngx_http_pserver_ledger_index(ngx_http_pserver_ledger_at_t *at,
    const u_char *name)
{
    int   fd, jobs, index;
    char  folder[3];

    fd = open((char *) at->root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        at->err = ngx_errno;
        return -1;
    }

    jobs = ngx_http_pserver_folder(fd, "jobs", &at->err);
    index = -1;

    if (jobs != -1) {
        *pserver_hex_encode((u_char *) folder, name, 1) = '\0';
        index = ngx_http_pserver_folder(jobs, folder, &at->err);
        (void) close(jobs);
    }

    (void) close(fd);

    return index;
}


ngx_uint_t
ngx_http_pserver_ledger_remove(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row)
{
    int         index;
    char        file[NGX_HTTP_PSERVER_LEDGER_NAME + 1];
    char        cancel[sizeof(file) + sizeof(".cancel")];
    char        out[NGX_HTTP_PSERVER_ARTIFACTS_NAME];
    u_char      name[PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t  rc;

    rc = ngx_http_pserver_key_remove(at, row);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_list_remove(at, row);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    pserver_ledger_name(name, row->id);
    ngx_http_pserver_ledger_file(file, name);
    (void) snprintf(cancel, sizeof(cancel), "%s.cancel", file);
    ngx_http_pserver_artifacts_name(out, name);

    index = ngx_http_pserver_ledger_index(at, name);

    if (index == -1) {
        return ngx_http_pserver_ledger_failed(at, at->err);
    }

    ngx_http_pserver_store_empty(dir->jobs, out);

    if ((unlinkat(dir->jobs, out, AT_REMOVEDIR) == -1
         && ngx_errno != NGX_ENOENT)
        || (unlinkat(index, file, 0) == -1 && ngx_errno != NGX_ENOENT)
        || fsync(index) == -1
        || (unlinkat(dir->jobs, cancel, 0) == -1 && ngx_errno != NGX_ENOENT)
        || (unlinkat(dir->jobs, file, 0) == -1 && ngx_errno != NGX_ENOENT))
    {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    (void) close(index);

    return rc;
}


void
ngx_http_pserver_ledger_file(char file[NGX_HTTP_PSERVER_LEDGER_NAME + 1],
    const u_char *name)
{
    *pserver_hex_encode((u_char *) file, name, PSERVER_LEDGER_NAME_LEN)
        = '\0';
}


ngx_uint_t
ngx_http_pserver_ledger_failed(ngx_http_pserver_ledger_at_t *at,
    ngx_err_t err)
{
    at->err = err;

    switch (err) {

    case NGX_ENOENT:
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;

    case NGX_ENOSPC:
    case EDQUOT:
        return NGX_HTTP_PSERVER_STORE_FULL;

    default:
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }
}
