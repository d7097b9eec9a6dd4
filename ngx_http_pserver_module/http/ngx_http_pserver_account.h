/*
 * Has this account signed?  The question to the chain for one signature,
 * which is asked again when there is a newer head than its answer's.
 */

#ifndef _NGX_HTTP_PSERVER_ACCOUNT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ACCOUNT_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_chain.h"
#include "../core/account.h"


/* the account could not be asked: answer is NULL */
typedef void (*ngx_http_pserver_account_handler_pt)(void *data,
    const pserver_account_answer_e *answer);


/*
 * Memory of the caller, who zeroes it and sets the first part.  As with
 * http/chain the handler is called exactly once, never from inside
 * ngx_http_pserver_account_ask(), or not at all where the request has ended
 * before.
 */

typedef struct {
    ngx_http_pserver_loc_conf_t          *plcf;
    ngx_http_request_t                   *request;
    const pserver_address_t              *address;
    pserver_str_t                         text;      /* what was signed */
    pserver_str_t                         signature; /* digits, 0x in front */

    ngx_http_pserver_account_handler_pt   handler;
    void                                 *data;

    /* private */
    ngx_http_pserver_chain_ask_t          ask;
} ngx_http_pserver_account_t;

/* NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_http_pserver_account_ask(ngx_http_pserver_account_t *account);


/* "pserver_accounts" */
char *ngx_http_pserver_account_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* what a gate that takes contracts needs */
char *ngx_http_pserver_account_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);


#endif /* _NGX_HTTP_PSERVER_ACCOUNT_H_INCLUDED_ */
