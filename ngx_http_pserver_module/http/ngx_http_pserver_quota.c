/*
 * How much may be stored.
 */


#include "ngx_http_pserver_quota.h"

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
