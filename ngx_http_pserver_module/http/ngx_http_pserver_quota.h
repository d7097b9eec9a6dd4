/*
 * How much may be stored: of the disk, and of what is an owner's.
 */

#ifndef _NGX_HTTP_PSERVER_QUOTA_H_INCLUDED_
#define _NGX_HTTP_PSERVER_QUOTA_H_INCLUDED_


#include "ngx_http_pserver_store.h"


/*
 * For threads.  FULL, with owner->err: with "len" bytes more, the file
 * system of the owner's folder would have less than "reserve" bytes left
 * for those who have no privileges; 0 reserves nothing.
 */
ngx_uint_t ngx_http_pserver_quota_reserve(ngx_http_pserver_owner_t *owner,
    off_t reserve, off_t len);

/*
 * For threads.  QUOTA: with one object of "len" bytes more, sealed, what the
 * manifest has would be more than the quota; 0 is none.  Under the lock of
 * the owner that is so until the object is there.
 */
ngx_uint_t ngx_http_pserver_quota_holds(ngx_http_pserver_owner_t *owner,
    off_t quota, uint64_t len);


#endif /* _NGX_HTTP_PSERVER_QUOTA_H_INCLUDED_ */
