/*
 * Who drives a job.  Each worker holds one lease on a store: a folder whose
 * lock it holds as long as it lives, with a link to the row of each job that
 * it drives.
 *
 *   <pserver_store>/leases/<lease>/lock
 *                                 /<row>  -> ../../owners/<addr>/jobs/<row>
 *
 * The kernel gives back the lock however a worker ends, so a lease whose
 * lock is free belongs to nobody, and its jobs may be adopted: over reloads,
 * kill -9, and two masters at a binary upgrade.
 *
 * All functions do system calls and are called from a thread.
 */

#ifndef _NGX_HTTP_PSERVER_LEASE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_LEASE_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/ledger.h"


#define NGX_HTTP_PSERVER_LINK_LEN                                             \
    (sizeof("../../owners//jobs/") - 1 + 40 + 2 * PSERVER_LEDGER_NAME_LEN)


/* where a row is */

typedef struct {
    pserver_address_t                owner;
    u_char                           name[PSERVER_LEDGER_NAME_LEN];
} ngx_http_pserver_row_place_t;


/*
 * The folder of this process's lease on the store; made at first use.  An
 * fd that stays open, or -1 with *err.
 */
int ngx_http_pserver_lease_folder(u_char *root, ngx_err_t *err);

/* a row is driven by this worker; durable before NGX_OK */
ngx_int_t ngx_http_pserver_lease_take(u_char *root,
    const ngx_http_pserver_row_place_t *place, ngx_err_t *err);

/* its job is over */
void ngx_http_pserver_lease_drop(u_char *root,
    const ngx_http_pserver_row_place_t *place);

/*
 * Takes over what leases that nobody holds have left behind: at most max
 * places, of which *n is the number; NGX_AGAIN: there are more.  Where the
 * owner's keys are locked, it stays behind.
 */
ngx_int_t ngx_http_pserver_lease_adopt(u_char *root, uint64_t chain_id,
    ngx_http_pserver_row_place_t *places, ngx_uint_t max, ngx_uint_t *n);


/*
 * The name of this nginx for its containers, 32 hex digits: those of the
 * store, made at first use.
 */
ngx_int_t ngx_http_pserver_instance(u_char *root, u_char instance[32],
    ngx_err_t *err);

/* links to rows: read, never followed */
void ngx_http_pserver_link_write(
    u_char text[NGX_HTTP_PSERVER_LINK_LEN + 1],
    const ngx_http_pserver_row_place_t *place);
ngx_int_t ngx_http_pserver_link_read(int fd, const char *path,
    ngx_http_pserver_row_place_t *place, ngx_err_t *err);

/*
 * Opens a folder below fd, which is made if need be, durably; the fd, or -1
 * with *err.
 */
int ngx_http_pserver_folder(int fd, const char *name, ngx_err_t *err);


#endif /* _NGX_HTTP_PSERVER_LEASE_H_INCLUDED_ */
