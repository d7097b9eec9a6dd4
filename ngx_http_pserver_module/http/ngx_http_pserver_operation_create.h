/*
 * POST /api/v1/operations: what its files share.
 */

#ifndef _NGX_HTTP_PSERVER_OPERATION_CREATE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_OPERATION_CREATE_H_INCLUDED_


#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_account.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_idempotency.h"
#include "ngx_http_pserver_input.h"
#include "ngx_http_pserver_ledger.h"
#include "ngx_http_pserver_permission.h"
#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_remote.h"

#include "../core/optext.h"


typedef struct ngx_http_pserver_accept_s  ngx_http_pserver_accept_t;


/* what the request waits for */

typedef enum {
    NGX_HTTP_PSERVER_CREATE_ACCOUNT = 0,    /* has its contract signed? */
    NGX_HTTP_PSERVER_CREATE_KEY,        /* is its key known? */
    NGX_HTTP_PSERVER_CREATE_CHECK,      /* may it? */
    NGX_HTTP_PSERVER_CREATE_BRING,      /* the data that is elsewhere */
    NGX_HTTP_PSERVER_CREATE_DATA,       /* is the data there; is it new? */
    NGX_HTTP_PSERVER_CREATE_AUDIT,      /* the decision, in the log */
    NGX_HTTP_PSERVER_CREATE_ACCEPT,     /* the job, in the ledger */
    NGX_HTTP_PSERVER_CREATE_ANSWER
} ngx_http_pserver_create_state_e;


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_create_state_e  state;

    pserver_optext_t                 text;
    ngx_http_pserver_account_t       account;
    ngx_http_pserver_key_t           key;
    pserver_ledger_row_t             row;

    ngx_http_pserver_permission_t    check;
    ngx_http_pserver_input_t         input;
    ngx_http_pserver_remote_t       *remote;     /* of BRING */

    ngx_http_pserver_ledger_at_t     at;
    pserver_started_t                first;
    ngx_uint_t                       repeat;
    ngx_uint_t                       rc;

    ngx_http_pserver_ticket_t       *ticket;     /* before ACCEPT */
    ngx_http_pserver_accept_t       *accept;

    unsigned                         ask:1;      /* the contract */
    unsigned                         checking:1;
} ngx_http_pserver_create_t;


/* starts what create->state waits for, or ends the request */
void ngx_http_pserver_create_next(ngx_http_pserver_create_t *create);

/* the same when it is known who has signed */
void ngx_http_pserver_create_signed(ngx_http_pserver_create_t *create);

/* http/operation_account; NGX_ERROR: no memory */
ngx_int_t ngx_http_pserver_create_account(ngx_http_pserver_create_t *create);

/*
 * http/operation_key: from the header, if there is one.  NGX_OK, or the
 * status of an error, which is set.
 */
ngx_int_t ngx_http_pserver_create_key(ngx_http_pserver_create_t *create);

/* NGX_ERROR: there is no thread for it */
ngx_int_t ngx_http_pserver_create_key_find(ngx_http_pserver_create_t *create);

/* http/operation_accept; the same */
ngx_int_t ngx_http_pserver_create_accept(ngx_http_pserver_create_t *create);

/* the request ends; what is being accepted is accepted all the same */
void ngx_http_pserver_create_accept_leave(ngx_http_pserver_create_t *create);

/*
 * http/operation_answer.  What the request is to be finalized with;
 * data_error returns NGX_OK where there is none.
 */
ngx_int_t ngx_http_pserver_create_full(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_create_text_error(ngx_http_request_t *r,
    pserver_optext_reason_e reason);
ngx_int_t ngx_http_pserver_create_data_error(
    ngx_http_pserver_create_t *create);

/* finalize the request: it was accepted, now or before; or it is refused,
   which is noted in the log */
void ngx_http_pserver_create_answer(ngx_http_pserver_create_t *create);
void ngx_http_pserver_create_refuse(ngx_http_pserver_create_t *create,
    ngx_int_t status);

/* an entry of the log, but its type */
void ngx_http_pserver_create_entry(ngx_http_pserver_create_t *create,
    ngx_http_pserver_audit_entry_t *entry);


#endif /* _NGX_HTTP_PSERVER_OPERATION_CREATE_H_INCLUDED_ */
