/*
 * Who has signed a text in the body of a request to the compute API.
 */

#ifndef _NGX_HTTP_PSERVER_SIGNER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_SIGNER_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_account.h"

#include "../core/signer.h"


/* NGX_OK, or the status of an error, which is set */
typedef void (*ngx_http_pserver_signer_pt)(void *data, ngx_int_t rc);


/* in r->pool, zeroed; the caller sets the first part, which stays as it is */

typedef struct {
    pserver_str_t                    text;
    pserver_str_t                    signature;
    const pserver_address_t         *iss;        /* NULL: of a key */

    ngx_http_pserver_signer_pt       handler;
    void                            *data;

    /* the result */
    pserver_address_t                address;

    /* private */
    ngx_http_pserver_account_t       account;
    ngx_uint_t                       by_key;
} ngx_http_pserver_signer_t;


/*
 * By the location's pserver_accounts.  NGX_OK, or the status of an error,
 * which is set; NGX_AGAIN: a contract is being asked, and the handler is
 * called with one of these, or not at all where the request ends before.
 */
ngx_int_t ngx_http_pserver_signer(ngx_http_request_t *r,
    ngx_http_pserver_signer_t *signer);


#endif /* _NGX_HTTP_PSERVER_SIGNER_H_INCLUDED_ */
