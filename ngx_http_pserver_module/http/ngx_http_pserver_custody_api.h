/*
 * A request to /v1/custody, and what is done for it in threads.
 */

#ifndef _NGX_HTTP_PSERVER_CUSTODY_API_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CUSTODY_API_H_INCLUDED_


#include "ngx_http_pserver_custody.h"

#include "../core/entry.h"
#include "../core/web3signed.h"


typedef enum {
    NGX_HTTP_PSERVER_CUSTODY_OK = 0,
    NGX_HTTP_PSERVER_CUSTODY_BODY,       /* it is not in its form */
    NGX_HTTP_PSERVER_CUSTODY_TOO_LONG,
    NGX_HTTP_PSERVER_CUSTODY_BOX,        /* does not open */
    NGX_HTTP_PSERVER_CUSTODY_WRAP,       /* of another key */
    NGX_HTTP_PSERVER_CUSTODY_WRONG_KEY,
    NGX_HTTP_PSERVER_CUSTODY_NOT_HERE,
    NGX_HTTP_PSERVER_CUSTODY_UNSET,
    NGX_HTTP_PSERVER_CUSTODY_IS_SET,
    NGX_HTTP_PSERVER_CUSTODY_FULL,
    NGX_HTTP_PSERVER_CUSTODY_OLDER,      /* data keys, too many of them */
    NGX_HTTP_PSERVER_CUSTODY_STORE       /* store_rc and err say why */
} ngx_http_pserver_custody_rc_e;


typedef struct {
    ngx_http_pserver_custody_at_t    at;
    ngx_uint_t                       required;   /* by this location */
    pserver_custody_body_t           body;
    const pserver_web3signed_t      *claims;
    const secp256k1_context         *secp256k1;
    pserver_entry_type_e             entry;      /* if there was a change */

    ngx_http_pserver_custody_rc_e    rc;
    ngx_uint_t                       store_rc;
    ngx_err_t                        err;

    u_char                           wrap[PSERVER_CUSTODY_WRAP_LEN];
    pserver_address_t                server;     /* our key for this owner */
    u_char                           public_key[PSERVER_PUBLIC_KEY_LEN];

    unsigned                         has_wrap:1;
    unsigned                         changed:1;
} ngx_http_pserver_custody_t;


/* in threads, data is a ngx_http_pserver_custody_t */

/* what is there */
void ngx_http_pserver_custody_look(void *data);

/* makes or rewraps the owner's file of keys; unlocked for its entry */
void ngx_http_pserver_custody_store(void *data);

void ngx_http_pserver_custody_open_run(void *data);

/* is there something to lock?  And the lock, once that is logged */
void ngx_http_pserver_custody_close_begin(void *data);
void ngx_http_pserver_custody_close_end(void *data);


#endif /* _NGX_HTTP_PSERVER_CUSTODY_API_H_INCLUDED_ */
