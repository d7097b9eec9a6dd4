/*
 * A signed request that changes something takes effect once.
 */


#include "ngx_http_pserver_once.h"
#include "../core/box.h"
#include "../core/bytes.h"
#include "../core/encode.h"

#include <dirent.h>
#include <sys/file.h>


#define NGX_HTTP_PSERVER_ONCE_LEN    (8 + PSERVER_BOX_OVERHEAD)

/* that a clock may be off, as in Web3Signed */

#define NGX_HTTP_PSERVER_ONCE_SLACK  60


static ngx_uint_t ngx_http_pserver_once_failed(
    ngx_http_pserver_owner_t *owner);
static void ngx_http_pserver_once_sweep(ngx_http_pserver_once_t *once);


ngx_uint_t
ngx_http_pserver_once_begin(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, const pserver_web3signed_t *claims,
    ngx_uint_t *repeat, uint64_t *value)
{
    u_char         hash[PSERVER_NAME_LEN], plain[8], *p;
    u_char         box[NGX_HTTP_PSERVER_ONCE_LEN], exp[8];
    ssize_t        n;
    ngx_fd_t       fd;
    pserver_str_t  digest, ad;

    *repeat = 0;
    *value = 0;

    once->record.fd = -1;

    once->folder = ngx_http_pserver_owner_folder(owner, "seen");

    if (once->folder == -1 || flock(once->folder, LOCK_EX) == -1) {
        return ngx_http_pserver_once_failed(owner);
    }

    digest.data = (u_char *) claims->digest.bytes;
    digest.len = sizeof(claims->digest.bytes);

    pserver_keys_name(hash, &owner->keys, "seen", digest);

    (void) pserver_put_be(exp, claims->exp, sizeof(exp));

    p = pserver_hex_encode((u_char *) once->name, exp, sizeof(exp));
    *p++ = '-';
    p = pserver_hex_encode(p, hash, sizeof(hash));
    *p = '\0';

    fd = openat(once->folder, once->name, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1) {
        return (ngx_errno == NGX_ENOENT)
               ? NGX_HTTP_PSERVER_STORE_OK
               : ngx_http_pserver_once_failed(owner);
    }

    n = read(fd, box, sizeof(box));

    (void) close(fd);

    ad.data = (u_char *) once->name;
    ad.len = ngx_strlen(once->name);

    if (n != sizeof(box)
        || pserver_box_open(plain, box, sizeof(box), owner->keys.ledger, ad)
           != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    *repeat = 1;
    *value = pserver_get_be(plain, sizeof(plain));

    return NGX_HTTP_PSERVER_STORE_OK;
}


static ngx_uint_t
ngx_http_pserver_once_failed(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t  rc;

    owner->err = ngx_errno;

    rc = ngx_http_pserver_store_rc(owner->err);

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_ERROR : rc;
}


ngx_uint_t
ngx_http_pserver_once_prepare(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner, uint64_t value)
{
    u_char         box[NGX_HTTP_PSERVER_ONCE_LEN], plain[8];
    pserver_str_t  ad;

    (void) pserver_put_be(plain, value, sizeof(plain));

    ad.data = (u_char *) once->name;
    ad.len = ngx_strlen(once->name);

    pserver_box_seal(box, plain, sizeof(plain), owner->keys.ledger, ad);

    if (ngx_http_pserver_temp_open(&once->record, once->folder) != NGX_OK
        || ngx_http_pserver_temp_write(&once->record, box, sizeof(box), 0)
           != NGX_OK
        || fsync(once->record.fd) == -1)
    {
        return ngx_http_pserver_once_failed(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_once_done(ngx_http_pserver_once_t *once,
    ngx_http_pserver_owner_t *owner)
{
    if (ngx_http_pserver_temp_link(&once->record, once->folder, once->name)
        != NGX_OK
        || fsync(once->folder) == -1)
    {
        return ngx_http_pserver_once_failed(owner);
    }

    /* now and then */

    if ((once->name[17] & 0x0f) == 0) {
        ngx_http_pserver_once_sweep(once);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* removes what no signature can repeat any more */

static void
ngx_http_pserver_once_sweep(ngx_http_pserver_once_t *once)
{
    DIR            *dir;
    char            limit[17];
    u_char          exp[8];
    ngx_fd_t        fd;
    struct dirent  *entry;

    fd = openat(once->folder, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    dir = fdopendir(fd);

    if (dir == NULL) {
        (void) close(fd);
        return;
    }

    (void) pserver_put_be(exp, time(NULL) - NGX_HTTP_PSERVER_ONCE_SLACK,
                          sizeof(exp));
    *pserver_hex_encode((u_char *) limit, exp, sizeof(exp)) = '\0';

    while ((entry = readdir(dir)) != NULL) {

        if (ngx_strlen(entry->d_name) == sizeof(once->name) - 1
            && ngx_strncmp(entry->d_name, limit, sizeof(limit) - 1) < 0)
        {
            (void) unlinkat(once->folder, entry->d_name, 0);
        }
    }

    (void) closedir(dir);
}


void
ngx_http_pserver_once_end(ngx_http_pserver_once_t *once)
{
    ngx_http_pserver_temp_close(&once->record);

    if (once->folder != -1) {
        (void) close(once->folder);
        once->folder = -1;
    }
}
