/*
 * A grant file behind an https:// URL is, for one permission, what it was
 * when this server first saw it: whoever has the host must not widen what
 * the owner agreed to.  It is kept sealed in the owner's folder,
 *
 *   grants/<keyed hash of contract ‖ permission>
 *
 * and is good from then on, also when the host is gone.
 */

#ifndef _NGX_HTTP_PSERVER_PIN_H_INCLUDED_
#define _NGX_HTTP_PSERVER_PIN_H_INCLUDED_


#include "ngx_http_pserver_store.h"

#include "../core/grant.h"


typedef enum {
    NGX_HTTP_PSERVER_PIN_SAME = 0,   /* as at first sight, which may be now */
    NGX_HTTP_PSERVER_PIN_OTHER,      /* another content than then */
    NGX_HTTP_PSERVER_PIN_NONE,       /* never seen, and there is no content */
    NGX_HTTP_PSERVER_PIN_LOCKED,     /* the owner's keys are */
    NGX_HTTP_PSERVER_PIN_ERROR
} ngx_http_pserver_pin_e;


typedef struct {
    u_char                          *store;      /* pserver_store */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_address_t                contract;   /* of the permission */
    pserver_word_t                   id;         /* the permission */

    /* what was fetched, or nothing; afterwards, where it is the SAME, what
       is pinned */
    size_t                           len;
    u_char                           content[PSERVER_GRANT_MAX];

    ngx_http_pserver_pin_e           result;
    ngx_err_t                        err;        /* of an ERROR, or 0 */
} ngx_http_pserver_pin_t;


/* for a thread: data is a ngx_http_pserver_pin_t */
void ngx_http_pserver_pin(void *data);


#endif /* _NGX_HTTP_PSERVER_PIN_H_INCLUDED_ */
