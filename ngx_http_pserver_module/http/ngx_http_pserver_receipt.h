/*
 * The receipt that comes with a result (core/receipt).
 */

#ifndef _NGX_HTTP_PSERVER_RECEIPT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_RECEIPT_H_INCLUDED_


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_lookup.h"

#include "../core/receipt.h"


/* what a thread finds out for it; zeroed, wiped by who has it */

typedef struct {
    u_char                           keys[PSERVER_RECEIPT_OPENINGS][32];
    u_char                           inputs[32];     /* of the manifests */
    u_char                           output[32];
    unsigned                         ready:1;
} ngx_http_pserver_receipt_t;


/*
 * In a thread: for a row that is SUCCEEDED.  Returns
 * ngx_http_pserver_store_rc_e.
 */
ngx_uint_t ngx_http_pserver_receipt_prepare(
    ngx_http_pserver_receipt_t *receipt, ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row);

/*
 * The receipt of what the lookup releases, in r->pool, signed: with all
 * openings for the owner, with the output's for others.  NGX_DECLINED: none
 * was prepared, or this request has no origin; NGX_ERROR.
 */
ngx_int_t ngx_http_pserver_receipt_text(ngx_http_pserver_receipt_t *receipt,
    ngx_http_pserver_lookup_t *lookup, ngx_str_t *text);

/* the manifest of an output, malloc'd; NGX_ERROR: no memory */
ngx_int_t ngx_http_pserver_receipt_outputs(
    const ngx_http_pserver_output_t *output, pserver_str_t *manifest);


#endif /* _NGX_HTTP_PSERVER_RECEIPT_H_INCLUDED_ */
