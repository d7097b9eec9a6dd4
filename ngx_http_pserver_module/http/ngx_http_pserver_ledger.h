/*
 * The ledger: a row on disk for each job, which says all about it.
 *
 *   <pserver_store>/owners/<addr>/jobs/<row>       the row, sealed
 *                                     /<row>.cancel  a client cancels it
 *                                     /<row>.out/    see http/artifact
 *                                     /repeats/<marker> (core) -> its id
 *                                     /lock
 *                 /jobs/<2 digits>/<row> -> ../../owners/<addr>/jobs/<row>
 *                 /leases/..             see http/lease
 *                 /lists/.. /keys/..     see http/ledger_list, idempotency
 *
 * <row> is SHA-256 of the job's id, the marker's name a keyed hash of
 * (signer, digest) of the request: nothing there tells an id or a request.
 * A row is written beside and renamed into place; links are made and removed
 * whole, and are read but never followed.
 *
 * All functions do system calls and are called from a thread; they return
 * ngx_http_pserver_store_rc_e.
 */

#ifndef _NGX_HTTP_PSERVER_LEDGER_H_INCLUDED_
#define _NGX_HTTP_PSERVER_LEDGER_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_lease.h"
#include "ngx_http_pserver_store.h"

#include "../core/ledger.h"
#include "../core/marker.h"


/* a row that was read; zeroed memory is none */

typedef struct {
    pserver_ledger_row_t             row;        /* points into plain */
    u_char                          *plain;
    size_t                           len;
} ngx_http_pserver_ledger_t;


/* where the ledger is, and what went wrong there */

typedef struct {
    u_char                          *root;       /* pserver_store */
    uint64_t                         chain_id;
    ngx_err_t                        err;
} ngx_http_pserver_ledger_at_t;


/*
 * Records a new job: its row, its lease and the marker by which a repeat of
 * its request is known, all durable, or nothing of it.  Where the request
 * is a repeat (at the time row->created, window in seconds) nothing is
 * written, *repeat is 1 and "first" is the job that it started.
 */
ngx_uint_t ngx_http_pserver_ledger_accept(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, time_t window, pserver_started_t *first,
    ngx_uint_t *repeat);

/* the same question alone; nothing is written */
ngx_uint_t ngx_http_pserver_ledger_repeat(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, time_t window, pserver_started_t *first,
    ngx_uint_t *repeat);

/*
 * Whether the job of a row that has not ended was ever accepted; if not, a
 * crash came between, and nothing of it is left.
 */
ngx_uint_t ngx_http_pserver_ledger_settle(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_uint_t *accepted);

/*
 * The row of this place, free it in any case, and whether its job was ever
 * accepted; nothing is removed.
 */
ngx_uint_t ngx_http_pserver_ledger_accepted(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place,
    ngx_http_pserver_ledger_t *ledger, ngx_uint_t *accepted);

/* the row of an id, of a name, of a place; free it in any case */
ngx_uint_t ngx_http_pserver_ledger_find(ngx_http_pserver_ledger_at_t *at,
    const u_char id[PSERVER_LEDGER_ID_LEN],
    ngx_http_pserver_ledger_t *ledger);
ngx_uint_t ngx_http_pserver_ledger_named(ngx_http_pserver_ledger_at_t *at,
    const u_char name[PSERVER_LEDGER_NAME_LEN],
    ngx_http_pserver_ledger_t *ledger);
ngx_uint_t ngx_http_pserver_ledger_load(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place,
    ngx_http_pserver_ledger_t *ledger);
void ngx_http_pserver_ledger_free(ngx_http_pserver_ledger_t *ledger);

/*
 * Writes a row that is there already; one writer at a time: the driver.
 * Not durable is for what only a client looks at: then a power loss may
 * leave the one before.
 */
ngx_uint_t ngx_http_pserver_ledger_save(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_uint_t durable);

/* a client cancels: durable; who drives the job looks for it */
ngx_uint_t ngx_http_pserver_ledger_cancel(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place);
ngx_uint_t ngx_http_pserver_ledger_canceled(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place);

/*
 * For the sweep.  A row that ended "valid" seconds before now, and that no
 * repeat within the window needs, goes with all that belongs to it, but for
 * the marker of a request with exp; so does one that was never accepted.
 */
ngx_uint_t ngx_http_pserver_ledger_sweep(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place, time_t now, time_t valid,
    time_t window);

/* a marker whose request can't be repeated any more, if its job has ended */
ngx_uint_t ngx_http_pserver_ledger_sweep_marker(
    ngx_http_pserver_ledger_at_t *at, const pserver_address_t *address,
    const char *marker);

/*
 * 1: the job ended "valid" seconds ago or earlier: for clients it is gone,
 * also where the sweep has not come by yet.  From any thread.
 */
ngx_uint_t ngx_http_pserver_ledger_over(const pserver_ledger_row_t *row,
    time_t valid);

/* the place of a row */
void ngx_http_pserver_ledger_place(ngx_http_pserver_row_place_t *place,
    const pserver_ledger_row_t *row);


#endif /* _NGX_HTTP_PSERVER_LEDGER_H_INCLUDED_ */
