/*
 * Who has which derivation index (core/identity): one owner an index.
 *
 *   <pserver_store>/index/<8 hex digits> -> <address>
 *
 * A symbolic link that is never followed; its text is the address as in
 * owners/.  It is made once, and never replaced: who comes second, and every
 * other process, finds it there.
 *
 * Nothing here knows nginx: these are system calls, made in threads and in
 * tests.
 */

#ifndef _NGX_HTTP_PSERVER_INDEX_H_INCLUDED_
#define _NGX_HTTP_PSERVER_INDEX_H_INCLUDED_


#include "../core/core.h"


typedef enum {
    NGX_HTTP_PSERVER_INDEX_OWN = 0,     /* it is this owner's */
    NGX_HTTP_PSERVER_INDEX_FREE,        /* nobody has it */
    NGX_HTTP_PSERVER_INDEX_TAKEN,       /* another owner has it */
    NGX_HTTP_PSERVER_INDEX_ERROR        /* errno is set */
} ngx_http_pserver_index_e;


/* "store" is pserver_store, terminated by a zero */
ngx_http_pserver_index_e ngx_http_pserver_index_find(const char *store,
    uint32_t index, const pserver_address_t *owner);

/*
 * Takes it for this owner if nobody has it.  After OWN it is so on the disk
 * for good, also where another process has only just made it so.
 */
ngx_http_pserver_index_e ngx_http_pserver_index_take(const char *store,
    uint32_t index, const pserver_address_t *owner);


#endif /* _NGX_HTTP_PSERVER_INDEX_H_INCLUDED_ */
