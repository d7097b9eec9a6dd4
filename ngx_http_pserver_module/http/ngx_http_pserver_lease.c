/*
 * Leases of workers on the jobs of a store.
 */


#include "ngx_http_pserver_lease.h"
#include "ngx_http_pserver_custody.h"
#include "../core/encode.h"

#include <sys/file.h>
#include <pthread.h>
#include <sodium.h>


#define NGX_HTTP_PSERVER_LEASE_LEN   16
#define NGX_HTTP_PSERVER_LEASE_NAME  (2 * NGX_HTTP_PSERVER_LEASE_LEN)


typedef struct ngx_http_pserver_lease_s  ngx_http_pserver_lease_t;

struct ngx_http_pserver_lease_s {
    ngx_http_pserver_lease_t        *next;
    int                              fd;         /* of the folder */
    int                              lock;       /* held while we live */
    char                             root[1];
};


static ngx_http_pserver_lease_t *ngx_http_pserver_lease_create(u_char *root,
    ngx_err_t *err);
static int ngx_http_pserver_leases(u_char *root, ngx_err_t *err);
static ngx_int_t ngx_http_pserver_lease_inherit(
    ngx_http_pserver_custody_at_t *at, int leases, int own, const char *name,
    ngx_http_pserver_row_place_t *places, ngx_uint_t max, ngx_uint_t *n);
static void ngx_http_pserver_row_file(char *file, const u_char *name);


/* of this process; threads come here, so under a mutex */

static pthread_mutex_t            ngx_http_pserver_lease_mutex =
    PTHREAD_MUTEX_INITIALIZER;

static ngx_http_pserver_lease_t  *ngx_http_pserver_lease_list;


int
ngx_http_pserver_lease_folder(u_char *root, ngx_err_t *err)
{
    ngx_http_pserver_lease_t  *lease;

    pthread_mutex_lock(&ngx_http_pserver_lease_mutex);

    for (lease = ngx_http_pserver_lease_list; lease; lease = lease->next) {
        if (ngx_strcmp(lease->root, root) == 0) {
            break;
        }
    }

    if (lease == NULL) {
        lease = ngx_http_pserver_lease_create(root, err);

        if (lease) {
            lease->next = ngx_http_pserver_lease_list;
            ngx_http_pserver_lease_list = lease;
        }
    }

    pthread_mutex_unlock(&ngx_http_pserver_lease_mutex);

    return lease ? lease->fd : -1;
}


/* under a name that nobody adopts, until its lock is held */

static ngx_http_pserver_lease_t *
ngx_http_pserver_lease_create(u_char *root, ngx_err_t *err)
{
    int                        leases;
    char                       name[NGX_HTTP_PSERVER_LEASE_NAME + 2];
    u_char                     id[NGX_HTTP_PSERVER_LEASE_LEN];
    ngx_http_pserver_lease_t  *lease;

    leases = ngx_http_pserver_leases(root, err);
    if (leases == -1) {
        return NULL;
    }

    lease = calloc(1, sizeof(ngx_http_pserver_lease_t) + ngx_strlen(root));
    if (lease == NULL) {
        *err = ENOMEM;
        (void) close(leases);
        return NULL;
    }

    (void) strcpy(lease->root, (char *) root);
    lease->lock = -1;

    randombytes_buf(id, sizeof(id));

    name[0] = '.';
    *pserver_hex_encode((u_char *) name + 1, id, sizeof(id)) = '\0';

    lease->fd = ngx_http_pserver_folder(leases, name, err);
    if (lease->fd == -1) {
        goto failed;
    }

    lease->lock = openat(lease->fd, "lock",
                         O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (lease->lock == -1
        || flock(lease->lock, LOCK_EX|LOCK_NB) == -1
        || renameat(leases, name, leases, name + 1) == -1
        || fsync(leases) == -1)
    {
        *err = ngx_errno;
        goto failed;
    }

    (void) close(leases);

    return lease;

failed:

    if (lease->lock != -1) {
        (void) unlinkat(lease->fd, "lock", 0);
        (void) close(lease->lock);
    }

    if (lease->fd != -1) {
        (void) unlinkat(leases, name, AT_REMOVEDIR);
        (void) close(lease->fd);
    }

    (void) close(leases);
    free(lease);

    return NULL;
}


ngx_int_t
ngx_http_pserver_lease_take(u_char *root,
    const ngx_http_pserver_row_place_t *place, ngx_err_t *err)
{
    int     fd;
    char    file[2 * PSERVER_LEDGER_NAME_LEN + 1];
    u_char  text[NGX_HTTP_PSERVER_LINK_LEN + 1];

    fd = ngx_http_pserver_lease_folder(root, err);
    if (fd == -1) {
        return NGX_ERROR;
    }

    ngx_http_pserver_row_file(file, place->name);
    ngx_http_pserver_link_write(text, place);

    if (symlinkat((char *) text, fd, file) == -1 || fsync(fd) == -1) {
        *err = ngx_errno;
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_pserver_lease_drop(u_char *root,
    const ngx_http_pserver_row_place_t *place)
{
    int        fd;
    char       file[2 * PSERVER_LEDGER_NAME_LEN + 1];
    ngx_err_t  err;

    fd = ngx_http_pserver_lease_folder(root, &err);

    if (fd != -1) {
        ngx_http_pserver_row_file(file, place->name);
        (void) unlinkat(fd, file, 0);
    }
}


ngx_int_t
ngx_http_pserver_lease_adopt(u_char *root, uint64_t chain_id,
    ngx_http_pserver_row_place_t *places, ngx_uint_t max, ngx_uint_t *n)
{
    int                             fd, own;
    DIR                            *dir;
    ngx_int_t                       rc;
    ngx_err_t                       err;
    struct dirent                  *de;
    ngx_http_pserver_custody_at_t   at;

    *n = 0;

    at.root = root;
    at.chain_id = chain_id;

    own = ngx_http_pserver_lease_folder(root, &err);
    if (own == -1) {
        return NGX_ERROR;
    }

    fd = ngx_http_pserver_leases(root, &err);
    if (fd == -1) {
        return NGX_ERROR;
    }

    dir = fdopendir(fd);
    if (dir == NULL) {
        (void) close(fd);
        return NGX_ERROR;
    }

    rc = NGX_OK;

    while (rc == NGX_OK) {

        de = readdir(dir);
        if (de == NULL) {
            break;
        }

        if (de->d_name[0] != '.') {
            rc = ngx_http_pserver_lease_inherit(&at, fd, own, de->d_name,
                                                places, max, n);
        }
    }

    (void) closedir(dir);

    if (*n && fsync(own) == -1) {
        return NGX_ERROR;
    }

    return rc;
}


/* one lease: nothing if somebody holds it, and so if it is our own */

static ngx_int_t
ngx_http_pserver_lease_inherit(ngx_http_pserver_custody_at_t *at, int leases,
    int own, const char *name, ngx_http_pserver_row_place_t *places,
    ngx_uint_t max, ngx_uint_t *n)
{
    int             fd, lock;
    DIR            *dir;
    ngx_int_t       rc;
    ngx_err_t       err;
    ngx_uint_t      left;
    struct dirent  *de;

    fd = openat(leases, name, O_RDONLY|O_DIRECTORY|O_CLOEXEC|O_NOFOLLOW);
    if (fd == -1) {
        return NGX_OK;
    }

    lock = openat(fd, "lock", O_RDWR|O_CLOEXEC|O_NOFOLLOW);
    if (lock == -1) {
        (void) close(fd);
        return NGX_OK;
    }

    dir = NULL;

    if (flock(lock, LOCK_EX|LOCK_NB) == 0) {
        dir = fdopendir(fd);
    }

    if (dir == NULL) {
        (void) close(lock);
        (void) close(fd);
        return NGX_OK;
    }

    rc = NGX_OK;
    left = 0;

    for ( ;; ) {

        de = readdir(dir);
        if (de == NULL) {
            break;
        }

        if (de->d_name[0] == '.' || ngx_strcmp(de->d_name, "lock") == 0) {
            continue;
        }

        if (*n == max) {
            rc = NGX_AGAIN;
            break;
        }

        if (ngx_http_pserver_link_read(fd, de->d_name, &places[*n], &err)
            != NGX_OK)
        {
            (void) unlinkat(fd, de->d_name, 0);
            continue;
        }

        at->owner = places[*n].owner;

        if (ngx_http_pserver_custody_locked(at)) {
            left = 1;
            continue;
        }

        if (renameat(fd, de->d_name, own, de->d_name) == 0) {
            (*n)++;
        }
    }

    if (rc == NGX_OK && !left) {
        (void) unlinkat(fd, "lock", 0);
        (void) unlinkat(leases, name, AT_REMOVEDIR);
    }

    (void) closedir(dir);
    (void) close(lock);

    return rc;
}


static int
ngx_http_pserver_leases(u_char *root, ngx_err_t *err)
{
    int  fd, leases;

    fd = open((char *) root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        *err = ngx_errno;
        return -1;
    }

    leases = ngx_http_pserver_folder(fd, "leases", err);

    (void) close(fd);

    return leases;
}


/* written beside and linked into place: the first one to do so counts */

ngx_int_t
ngx_http_pserver_instance(u_char *root, u_char instance[32], ngx_err_t *err)
{
    int      fd, file;
    char     temp[NGX_HTTP_PSERVER_LEASE_NAME + 2];
    u_char   id[NGX_HTTP_PSERVER_LEASE_LEN];
    ssize_t  n;

    fd = open((char *) root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        *err = ngx_errno;
        return NGX_ERROR;
    }

    n = 0;
    file = openat(fd, "instance", O_RDONLY|O_CLOEXEC|O_NOFOLLOW);

    if (file == -1 && ngx_errno == NGX_ENOENT) {

        randombytes_buf(id, sizeof(id));

        temp[0] = '.';
        *pserver_hex_encode((u_char *) temp + 1, id, sizeof(id)) = '\0';

        file = openat(fd, temp, O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW,
                      0600);

        if (file == -1
            || write(file, temp + 1, NGX_HTTP_PSERVER_LEASE_NAME)
               != NGX_HTTP_PSERVER_LEASE_NAME
            || fsync(file) == -1
            || (linkat(fd, temp, fd, "instance", 0) == -1
                && ngx_errno != NGX_EEXIST))
        {
            *err = ngx_errno;
        }

        if (file != -1) {
            (void) close(file);
        }

        (void) unlinkat(fd, temp, 0);
        (void) fsync(fd);

        file = openat(fd, "instance", O_RDONLY|O_CLOEXEC|O_NOFOLLOW);
    }

    if (file != -1) {
        n = pread(file, instance, NGX_HTTP_PSERVER_LEASE_NAME, 0);
    }

    *err = (file == -1 || n == -1) ? ngx_errno : 0;

    if (file != -1) {
        (void) close(file);
    }

    (void) close(fd);

    return (n == NGX_HTTP_PSERVER_LEASE_NAME) ? NGX_OK : NGX_ERROR;
}


int
ngx_http_pserver_folder(int fd, const char *name, ngx_err_t *err)
{
    int  folder;

    if (mkdirat(fd, name, 0700) == -1) {
        if (ngx_errno != NGX_EEXIST) {
            *err = ngx_errno;
            return -1;
        }

    } else if (fsync(fd) == -1) {
        *err = ngx_errno;
        return -1;
    }

    folder = openat(fd, name, O_RDONLY|O_DIRECTORY|O_CLOEXEC|O_NOFOLLOW);

    if (folder == -1) {
        *err = ngx_errno;
    }

    return folder;
}


void
ngx_http_pserver_link_write(u_char text[NGX_HTTP_PSERVER_LINK_LEN + 1],
    const ngx_http_pserver_row_place_t *place)
{
    u_char  *p;

    p = ngx_cpymem(text, "../../owners/", sizeof("../../owners/") - 1);
    p = pserver_hex_encode(p, place->owner.bytes, 20);
    p = ngx_cpymem(p, "/jobs/", sizeof("/jobs/") - 1);
    p = pserver_hex_encode(p, place->name, PSERVER_LEDGER_NAME_LEN);
    *p = '\0';
}


/* strictly the form that link_write() gives */

ngx_int_t
ngx_http_pserver_link_read(int fd, const char *path,
    ngx_http_pserver_row_place_t *place, ngx_err_t *err)
{
    ssize_t        n;
    u_char         text[NGX_HTTP_PSERVER_LINK_LEN + 1];
    u_char         same[NGX_HTTP_PSERVER_LINK_LEN + 1];
    pserver_str_t  owner, name;

    n = readlinkat(fd, path, (char *) text, sizeof(text));

    if (n == -1) {
        *err = ngx_errno;
        return NGX_ERROR;
    }

    *err = NGX_EINVAL;

    if (n != NGX_HTTP_PSERVER_LINK_LEN) {
        return NGX_ERROR;
    }

    owner.data = text + sizeof("../../owners/") - 1;
    owner.len = 40;
    name.data = owner.data + 40 + sizeof("/jobs/") - 1;
    name.len = 2 * PSERVER_LEDGER_NAME_LEN;

    if (pserver_hex_decode(place->owner.bytes, 20, owner) != PSERVER_OK
        || pserver_hex_decode(place->name, PSERVER_LEDGER_NAME_LEN, name)
           != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pserver_link_write(same, place);

    if (ngx_memcmp(same, text, NGX_HTTP_PSERVER_LINK_LEN) != 0) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_pserver_row_file(char *file, const u_char *name)
{
    *pserver_hex_encode((u_char *) file, name, PSERVER_LEDGER_NAME_LEN)
        = '\0';
}
