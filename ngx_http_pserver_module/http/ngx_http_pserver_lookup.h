/*
 * An operation that a client asks for by its id: finding its row, and
 * releasing what came of it.
 */

#ifndef _NGX_HTTP_PSERVER_LOOKUP_H_INCLUDED_
#define _NGX_HTTP_PSERVER_LOOKUP_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_ledger.h"
#include "ngx_http_pserver_permission.h"
#include "ngx_http_pserver_wait.h"


typedef struct ngx_http_pserver_lookup_s  ngx_http_pserver_lookup_t;

typedef void (*ngx_http_pserver_lookup_pt)(ngx_http_pserver_lookup_t *lookup);


/* in r->pool, zeroed; the caller sets the first part */

struct ngx_http_pserver_lookup_s {
    const pserver_address_t         *signer;     /* NULL: the id is enough */
    ngx_http_pserver_lookup_pt       run;        /* in the thread, with the
                                                    row, sets rc; may be
                                                    NULL */
    ngx_http_pserver_lookup_pt       found;      /* rc is OK; finalizes the
                                                    request, or releases */
    ngx_http_pserver_lookup_pt       released;   /* finalizes the request */
    ngx_http_pserver_lookup_pt       failed;     /* the same in place of any
                                                    error; NULL: the error is
                                                    the answer */

    /* the result */
    ngx_http_request_t              *request;
    ngx_http_pserver_loc_conf_t     *plcf;
    u_char                           id[PSERVER_LEDGER_ID_LEN];
    ngx_http_pserver_ledger_at_t     at;
    ngx_http_pserver_ledger_t        ledger;
    ngx_uint_t                       rc;

    /* for the log, 32 bytes, or NULL */
    const u_char                    *object;
    const u_char                    *input;
    const u_char                    *output;

    /* of a release: at which block, and where the log says so */
    uint64_t                         block;
    pserver_word_t                   block_hash;
    ngx_http_pserver_audit_place_t   place;

    /* private */
    pserver_address_t                named;      /* http/owner */
    ngx_http_pserver_permission_t    check;
    ngx_http_pserver_wait_t          wait;
    unsigned                         checking:1;
    unsigned                         logged:1;   /* as released */
};


/*
 * Whose signature the request has, where pserver_operation_access wants one.
 * As ngx_http_pserver_auth_require().
 */
ngx_int_t ngx_http_pserver_lookup_auth(ngx_http_request_t *r);

/*
 * Looks for the operation, in a thread.  For others than its app and its
 * owner, with a signer, there is none.  NGX_OK: the caller holds the
 * request, which is finalized later; else a status.  ctx->state is the
 * lookup from here on.
 */
ngx_int_t ngx_http_pserver_lookup(ngx_http_request_t *r,
    ngx_http_pserver_lookup_t *lookup, pserver_str_t id);

/*
 * After "found": calls "released" once rules 3 to 8 of a permission were
 * seen to hold at a head after this moment, and the log has the entry; else
 * it finalizes the request.  The owner's own needs no permission.
 */
void ngx_http_pserver_lookup_release(ngx_http_pserver_lookup_t *lookup);

/*
 * In "found", of a job that has not ended: the client waits until it has,
 * and "found" is called again; 0: the time was over, it is not.
 */
ngx_uint_t ngx_http_pserver_lookup_wait(ngx_http_pserver_lookup_t *lookup,
    ngx_msec_t deadline);


#endif /* _NGX_HTTP_PSERVER_LOOKUP_H_INCLUDED_ */
