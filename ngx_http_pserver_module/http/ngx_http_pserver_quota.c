/*
 * How much may be stored.
 */


#include "ngx_http_pserver_quota.h"
#include "ngx_http_pserver_manifest.h"

#include <sys/statvfs.h>


ngx_uint_t
ngx_http_pserver_quota_reserve(ngx_http_pserver_owner_t *owner,
    off_t reserve, off_t len)
{
    uint64_t        room;
    struct statvfs  fs;

    if (reserve == 0) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    if (fstatvfs(owner->fd, &fs) == -1) {
        owner->err = ngx_errno;
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    room = (uint64_t) fs.f_bavail * fs.f_frsize;

    if (room < (uint64_t) reserve || room - reserve < (uint64_t) len) {
        owner->err = ENOSPC;
        return NGX_HTTP_PSERVER_STORE_FULL;
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_quota_holds(ngx_http_pserver_owner_t *owner, off_t quota,
    uint64_t len)
{
    uint64_t    used, size;
    ngx_uint_t  rc;

    if (quota == 0) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    rc = ngx_http_pserver_manifest_bytes(owner, &used);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    size = pserver_seal_file_len(len);

    return (used <= (uint64_t) quota && size <= (uint64_t) quota - used)
           ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_QUOTA;
}
