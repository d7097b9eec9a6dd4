/*
 * The ledger: for each account the operations that it may see, as their app
 * or as their owner, in the order of their acceptance.
 *
 *   <pserver_store>/lists/<account>/<created>-<row>
 *                                   -> ../../owners/<addr>/jobs/<row>
 *
 * <account> is a keyed hash of the address (core/keys), <created> 16 hex
 * digits, milliseconds.  A link is there before its job is accepted and goes
 * before its row, so that each row has its links; what is in a row is read
 * from the row and stands nowhere else.
 *
 * All functions do system calls and are called from a thread; they return
 * ngx_http_pserver_store_rc_e.
 */

#ifndef _NGX_HTTP_PSERVER_LEDGER_LIST_H_INCLUDED_
#define _NGX_HTTP_PSERVER_LEDGER_LIST_H_INCLUDED_


#include "ngx_http_pserver_ledger.h"


/* rows that a question about states may open: the newest */
#define NGX_HTTP_PSERVER_LIST_LOOKS  10000


/* the links of a row, durable; or nothing of them */
ngx_uint_t ngx_http_pserver_ledger_list_add(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row);
ngx_uint_t ngx_http_pserver_ledger_list_remove(
    ngx_http_pserver_ledger_at_t *at, const pserver_ledger_row_t *row);


/* a row without its texts but the operation's name, which is in "name" */

typedef struct {
    pserver_ledger_row_t             row;
    u_char                           name[PSERVER_LEDGER_OPERATION_MAX];
} ngx_http_pserver_list_row_t;


/* zeroed; the caller sets the first part */

typedef struct {
    ngx_http_pserver_ledger_at_t     at;
    ngx_http_pserver_loc_conf_t     *plcf;       /* whose owners are served */
    pserver_address_t                named;      /* by the request */
    pserver_address_t                account;
    const char                      *status;     /* of pserver_job_status(),
                                                    or NULL: of any */
    uint64_t                         limit;
    uint64_t                         offset;

    /* the result */
    ngx_http_pserver_list_row_t     *rows;       /* the page, the newest first;
                                                    malloc'd */
    size_t                           count;
    uint64_t                         total;
    uint64_t                         bad;        /* rows that do not open */
} ngx_http_pserver_ledger_list_t;


ngx_uint_t ngx_http_pserver_ledger_list_read(
    ngx_http_pserver_ledger_list_t *list);
void ngx_http_pserver_ledger_list_free(ngx_http_pserver_ledger_list_t *list);


#endif /* _NGX_HTTP_PSERVER_LEDGER_LIST_H_INCLUDED_ */
