/*
 * The store: an owner's folder and its keys.
 */


#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_index.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_store_known.h"
#include "ngx_http_pserver_temp.h"
#include "../core/encode.h"

#include <sodium.h>
#include <linux/openat2.h>
#include <sys/syscall.h>


#define NGX_HTTP_PSERVER_OWNER_KEY  "owner.key"
#define NGX_HTTP_PSERVER_OWNER_NEW  "owner.key.new"


static ngx_uint_t ngx_http_pserver_owner_enter(
    ngx_http_pserver_owner_t *owner);
static ngx_fd_t ngx_http_pserver_owner_make(u_char *root,
    const char *address);
static void ngx_http_pserver_owner_at(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_at_t *at);
static ngx_uint_t ngx_http_pserver_owner_load(
    ngx_http_pserver_owner_t *owner, u_char buf[NGX_HTTP_PSERVER_OWNER_FILE],
    pserver_str_t *file, struct stat *st);
static ngx_uint_t ngx_http_pserver_owner_make_key(
    ngx_http_pserver_owner_t *owner, uint64_t chain_id);
static ngx_int_t ngx_http_pserver_owner_put(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_temp_t *temp, ngx_uint_t replace);


ngx_uint_t
ngx_http_pserver_store_rc(ngx_err_t err)
{
    switch (err) {

    case NGX_ENOENT:
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;

    case ENOSPC:
    case EDQUOT:
        return NGX_HTTP_PSERVER_STORE_FULL;

    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case ENXIO:
        return NGX_HTTP_PSERVER_STORE_BAD;

    default:
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }
}


DIR *
ngx_http_pserver_store_dir(ngx_fd_t folder, const char *path)
{
    DIR        *dir;
    ngx_fd_t    fd;
    ngx_err_t   err;

    fd = openat(folder, path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1) {
        return NULL;
    }

    dir = fdopendir(fd);

    if (dir == NULL) {
        err = ngx_errno;
        (void) close(fd);
        ngx_set_errno(err);
    }

    return dir;
}


ngx_uint_t
ngx_http_pserver_owner_open(ngx_http_pserver_owner_t *owner, u_char *root,
    uint64_t chain_id, const pserver_address_t *address, ngx_uint_t create)
{
    ngx_uint_t  rc, own;

    own = ngx_http_pserver_custody_required(root);

    rc = ngx_http_pserver_owner_find(owner, root, chain_id, address, 0);

    if (rc != NGX_HTTP_PSERVER_STORE_OK
        && !(create && rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND))
    {
        return rc;
    }

    if (ngx_http_pserver_owner_known(owner, chain_id)
        && (!create || ngx_http_pserver_known_admitted(root, address)))
    {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (owner->fd == -1 && own) {

        /* who has to bring a key first has nothing before */

        return NGX_HTTP_PSERVER_STORE_LOCKED;
    }

    if (create) {
        rc = ngx_http_pserver_owner_enter(owner);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    rc = ngx_http_pserver_owner_reload(owner);

    if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND || !create) {
        return rc;
    }

    if (own) {
        return NGX_HTTP_PSERVER_STORE_LOCKED;
    }

    rc = ngx_http_pserver_owner_make_key(owner, chain_id);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        /* another process may have been first: its keys are the keys */

        rc = ngx_http_pserver_owner_reload(owner);
    }

    return rc;
}


ngx_uint_t
ngx_http_pserver_owner_find(ngx_http_pserver_owner_t *owner, u_char *root,
    uint64_t chain_id, const pserver_address_t *address, ngx_uint_t create)
{
    char  path[NGX_MAX_PATH];

    ngx_http_pserver_owner_init(owner, root, chain_id, address);
    ngx_http_pserver_owner_path(path, root, address);

    owner->fd = open(path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (owner->fd == -1 && !(create && ngx_errno == NGX_ENOENT)) {
        owner->err = ngx_errno;
        return ngx_http_pserver_store_rc(owner->err);
    }

    return create ? ngx_http_pserver_owner_enter(owner)
                  : NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_owner_init(ngx_http_pserver_owner_t *owner, u_char *root,
    uint64_t chain_id, const pserver_address_t *address)
{
    ngx_memzero(owner, sizeof(ngx_http_pserver_owner_t));

    owner->fd = -1;
    owner->address = *address;
    owner->root = root;
    owner->chain_id = chain_id;
    owner->store = ngx_crc32_long(root, ngx_strlen(root));
}


/* what nginx takes for a path is much shorter, nothing is cut off */

void
ngx_http_pserver_owner_path(char path[NGX_MAX_PATH], const u_char *root,
    const pserver_address_t *address)
{
    u_char  *p;

    p = ngx_cpystrn((u_char *) path, (u_char *) root,
                    NGX_MAX_PATH - sizeof("/owners/") - 40);
    p = ngx_cpymem(p, "/owners/", sizeof("/owners/") - 1);

    *pserver_hex_encode(p, address->bytes, 20) = '\0';
}


/* takes the index, and makes the folder if there is none */

static ngx_uint_t
ngx_http_pserver_owner_enter(ngx_http_pserver_owner_t *owner)
{
    char        hex[41];
    ngx_uint_t  rc;

    rc = ngx_http_pserver_owner_admit(owner->root, &owner->address, 1,
                                      &owner->err);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (owner->fd != -1) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    *pserver_hex_encode((u_char *) hex, owner->address.bytes, 20) = '\0';

    owner->fd = ngx_http_pserver_owner_make(owner->root, hex);

    if (owner->fd == -1) {
        owner->err = ngx_errno;
        return ngx_http_pserver_store_rc(owner->err);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


void
ngx_http_pserver_owner_close(ngx_http_pserver_owner_t *owner)
{
    if (owner->fd != -1) {
        (void) close(owner->fd);
        owner->fd = -1;
    }

    sodium_memzero(&owner->keys, sizeof(pserver_keys_t));
}


ngx_uint_t
ngx_http_pserver_owner_admit(u_char *root, const pserver_address_t *address,
    ngx_uint_t take, ngx_err_t *err)
{
    uint32_t                  index;
    ngx_http_pserver_index_e  rc;

    if (ngx_http_pserver_known_admitted(root, address)) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    index = pserver_identity_index(address);

    rc = take ? ngx_http_pserver_index_take((char *) root, index, address)
              : ngx_http_pserver_index_find((char *) root, index, address);

    switch (rc) {

    case NGX_HTTP_PSERVER_INDEX_OWN:

        /* who has only looked does not know that it is on the disk */

        if (take) {
            ngx_http_pserver_know_admitted(root, address);
        }

        return NGX_HTTP_PSERVER_STORE_OK;

    case NGX_HTTP_PSERVER_INDEX_FREE:
        return NGX_HTTP_PSERVER_STORE_OK;

    case NGX_HTTP_PSERVER_INDEX_TAKEN:
        *err = 0;
        return NGX_HTTP_PSERVER_STORE_TAKEN;

    default: /* NGX_HTTP_PSERVER_INDEX_ERROR */
        *err = ngx_errno;
        return (ngx_http_pserver_store_rc(*err) == NGX_HTTP_PSERVER_STORE_FULL)
               ? NGX_HTTP_PSERVER_STORE_FULL : NGX_HTTP_PSERVER_STORE_ERROR;
    }
}


/* the folder, and on the disk for good */

static ngx_fd_t
ngx_http_pserver_owner_make(u_char *root, const char *address)
{
    ngx_fd_t   fd, owners, owner;
    ngx_err_t  err;

    owners = -1;
    owner = -1;

    fd = open((char *) root, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    if ((mkdirat(fd, "owners", 0700) == -1 && ngx_errno != NGX_EEXIST)
        || fsync(fd) == -1)
    {
        goto done;
    }

    owners = openat(fd, "owners", O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
    if (owners == -1) {
        goto done;
    }

    if ((mkdirat(owners, address, 0700) == -1 && ngx_errno != NGX_EEXIST)
        || fsync(owners) == -1)
    {
        goto done;
    }

    owner = openat(owners, address,
                   O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

done:

    err = ngx_errno;

    if (owners != -1) {
        (void) close(owners);
    }

    (void) close(fd);

    ngx_set_errno(err);

    return owner;
}


ngx_uint_t
ngx_http_pserver_owner_known(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id)
{
    struct stat  st;

    return owner->fd != -1
           && fstatat(owner->fd, NGX_HTTP_PSERVER_OWNER_KEY, &st,
                      AT_SYMLINK_NOFOLLOW)
              == 0
           && ngx_http_pserver_known_keys(owner, chain_id, &st);
}


ngx_uint_t
ngx_http_pserver_owner_reload(ngx_http_pserver_owner_t *owner)
{
    u_char                          buf[NGX_HTTP_PSERVER_OWNER_FILE];
    ngx_uint_t                      rc;
    struct stat                     st;
    pserver_str_t                   file;
    ngx_http_pserver_custody_at_t   at;
    const ngx_http_pserver_keys_t  *keys;

    rc = ngx_http_pserver_owner_load(owner, buf, &file, &st);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (pserver_keys_owned(file, NULL, NULL) == PSERVER_OK) {
        ngx_http_pserver_owner_at(owner, &at);

        return ngx_http_pserver_custody_unwrap(&at, file, &owner->keys);
    }

    if (ngx_http_pserver_custody_required(owner->root)) {
        return NGX_HTTP_PSERVER_STORE_LOCKED;
    }

    keys = ngx_http_pserver_keys();

    if (pserver_keys_unwrap(&owner->keys, NULL, file, keys->roots,
                            keys->nroots, owner->chain_id, &owner->address)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    ngx_http_pserver_know_keys(owner, owner->chain_id, &st);

    return NGX_HTTP_PSERVER_STORE_OK;
}


static void
ngx_http_pserver_owner_at(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_custody_at_t *at)
{
    at->root = owner->root;
    at->chain_id = owner->chain_id;
    at->owner = owner->address;
}


ngx_uint_t
ngx_http_pserver_owner_renew(ngx_http_pserver_owner_t *owner)
{
    u_char         buf[NGX_HTTP_PSERVER_OWNER_FILE];
    uint32_t       newest, oldest;
    ngx_uint_t     rc;
    pserver_str_t  file;

    rc = ngx_http_pserver_owner_file(owner, buf, &file);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (pserver_keys_generations(file, &newest, &oldest) != PSERVER_OK) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    return (newest > owner->keys.generation)
           ? ngx_http_pserver_owner_reload(owner)
           : NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_owner_save(ngx_http_pserver_owner_t *owner)
{
    u_char                          buf[NGX_HTTP_PSERVER_OWNER_FILE];
    u_char                          new[PSERVER_KEYS_FILE_MAX];
    size_t                          len;
    ngx_uint_t                      rc;
    pserver_str_t                   file;
    ngx_http_pserver_custody_at_t   at;
    const ngx_http_pserver_keys_t  *keys;

    rc = ngx_http_pserver_owner_file(owner, buf, &file);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (pserver_keys_owned(file, NULL, NULL) == PSERVER_OK) {
        ngx_http_pserver_owner_at(owner, &at);

        rc = ngx_http_pserver_custody_wrap(&at, file, &owner->keys, new,
                                           &len);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }

    } else {
        keys = ngx_http_pserver_keys();

        len = pserver_keys_wrap(new, &owner->keys, &keys->roots[0],
                                owner->chain_id, &owner->address);
    }

    return ngx_http_pserver_owner_write(owner, new, len, 1);
}


ngx_uint_t
ngx_http_pserver_owner_file(ngx_http_pserver_owner_t *owner,
    u_char buf[NGX_HTTP_PSERVER_OWNER_FILE], pserver_str_t *file)
{
    struct stat  st;

    return ngx_http_pserver_owner_load(owner, buf, file, &st);
}


static ngx_uint_t
ngx_http_pserver_owner_load(ngx_http_pserver_owner_t *owner,
    u_char buf[NGX_HTTP_PSERVER_OWNER_FILE], pserver_str_t *file,
    struct stat *st)
{
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_http_pserver_owner_openat(owner, NGX_HTTP_PSERVER_OWNER_KEY, 0);

    if (fd == -1) {
        return ngx_http_pserver_store_rc(owner->err);
    }

    n = (fstat(fd, st) == 0) ? read(fd, buf, NGX_HTTP_PSERVER_OWNER_FILE)
                             : -1;

    if (n == -1) {
        owner->err = ngx_errno;
        (void) close(fd);
        return ngx_http_pserver_store_rc(owner->err);
    }

    (void) close(fd);

    file->len = n;
    file->data = buf;

    return NGX_HTTP_PSERVER_STORE_OK;
}


static ngx_uint_t
ngx_http_pserver_owner_make_key(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id)
{
    u_char                          file[PSERVER_KEYS_FILE_MAX];
    size_t                          len;
    ngx_uint_t                      rc;
    pserver_keys_t                  random;
    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    pserver_keys_generate(&random);
    len = pserver_keys_wrap(file, &random, &keys->roots[0], chain_id,
                            &owner->address);
    sodium_memzero(&random, sizeof(random));

    rc = ngx_http_pserver_owner_write(owner, file, len, 0);

    return (rc == NGX_HTTP_PSERVER_STORE_CONDITION)
           ? NGX_HTTP_PSERVER_STORE_OK : rc;
}


ngx_uint_t
ngx_http_pserver_owner_write(ngx_http_pserver_owner_t *owner,
    const u_char *file, size_t len, ngx_uint_t replace)
{
    ngx_uint_t               rc;
    ngx_http_pserver_temp_t  temp;

    rc = NGX_HTTP_PSERVER_STORE_OK;

    if (ngx_http_pserver_temp_open(&temp, owner->fd) != NGX_OK
        || ngx_http_pserver_temp_write(&temp, file, len, 0) != NGX_OK
        || fsync(temp.fd) == -1
        || ngx_http_pserver_owner_put(owner, &temp, replace) != NGX_OK
        || fsync(owner->fd) == -1)
    {
        owner->err = ngx_errno;
        rc = ngx_http_pserver_store_rc(owner->err);

        if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
            rc = NGX_HTTP_PSERVER_STORE_ERROR;
        }

        /* the other one's may not be on the disk for good */

        if (owner->err == NGX_EEXIST && fsync(owner->fd) == 0) {
            rc = NGX_HTTP_PSERVER_STORE_CONDITION;
        }
    }

    ngx_http_pserver_temp_close(&temp);

    return rc;
}


/*
 * A name takes the place of another only by rename(), and a file without a
 * name can't be renamed.
 */

static ngx_int_t
ngx_http_pserver_owner_put(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_temp_t *temp, ngx_uint_t replace)
{
    if (!replace) {
        return ngx_http_pserver_temp_link(temp, owner->fd,
                                          NGX_HTTP_PSERVER_OWNER_KEY);
    }

    /* what a crash has left was never in force */

    if (unlinkat(owner->fd, NGX_HTTP_PSERVER_OWNER_NEW, 0) == -1
        && ngx_errno != NGX_ENOENT)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pserver_temp_link(temp, owner->fd,
                                   NGX_HTTP_PSERVER_OWNER_NEW)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (renameat(owner->fd, NGX_HTTP_PSERVER_OWNER_NEW, owner->fd,
                     NGX_HTTP_PSERVER_OWNER_KEY)
            == 0)
           ? NGX_OK : NGX_ERROR;
}


ngx_fd_t
ngx_http_pserver_owner_openat(ngx_http_pserver_owner_t *owner,
    const char *path, int flags)
{
    ngx_fd_t         fd;
    struct open_how  how;

    (void) ngx_cpystrn((u_char *) owner->file, (u_char *) path,
                       NGX_HTTP_PSERVER_OBJECT_FILE);

    ngx_memzero(&how, sizeof(struct open_how));

    how.flags = O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC|flags;
    how.resolve = RESOLVE_NO_SYMLINKS;

    fd = syscall(SYS_openat2, owner->fd, path, &how, sizeof(how));

    if (fd == -1 && ngx_errno == ENOSYS) {

        /* Linux before 5.6: of the folders the last one alone is looked at */

        fd = openat(owner->fd, path, (int) how.flags);
    }

    owner->err = (fd == -1) ? ngx_errno : 0;

    return fd;
}


int
ngx_http_pserver_owner_folder(ngx_http_pserver_owner_t *owner,
    const char *name)
{
    ngx_fd_t  fd;

    fd = ngx_http_pserver_owner_openat(owner, name, O_DIRECTORY);

    if (fd == -1 && owner->err == NGX_ENOENT) {

        if ((mkdirat(owner->fd, name, 0700) == 0 || ngx_errno == NGX_EEXIST)
            && fsync(owner->fd) == 0)
        {
            fd = ngx_http_pserver_owner_openat(owner, name, O_DIRECTORY);

        } else {
            owner->err = ngx_errno;
        }
    }

    return fd;
}


u_char *
ngx_http_pserver_store_time(u_char *p, uint64_t msec)
{
    ngx_tm_t  tm;

    ngx_gmtime((time_t) (msec / 1000), &tm);

    return ngx_sprintf(p, "%4d-%02d-%02dT%02d:%02d:%02dZ",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}


uint64_t
ngx_http_pserver_store_parse_time(ngx_str_t *text)
{
    char       *p, *end, buf[32];
    time_t      sec;
    struct tm   tm;

    if (text->len < sizeof("2026-01-31T12:00:00Z") - 1
        || text->len >= sizeof(buf))
    {
        return 0;
    }

    ngx_memcpy(buf, text->data, text->len);
    buf[text->len] = '\0';
    end = buf + text->len;

    ngx_memzero(&tm, sizeof(struct tm));

    p = strptime(buf, "%Y-%m-%dT%H:%M:%S", &tm);

    if (p == NULL) {
        return 0;
    }

    if (*p == '.') {
        do {
            p++;
        } while (*p >= '0' && *p <= '9');
    }

    if (*p != 'Z' || p + 1 != end) {
        return 0;
    }

    sec = timegm(&tm);

    return (sec > 0) ? (uint64_t) sec * 1000 : 0;
}
