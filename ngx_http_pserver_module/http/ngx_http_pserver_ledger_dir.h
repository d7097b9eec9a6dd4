/*
 * The ledger of one owner, open: what its files share.
 */

#ifndef _NGX_HTTP_PSERVER_LEDGER_DIR_H_INCLUDED_
#define _NGX_HTTP_PSERVER_LEDGER_DIR_H_INCLUDED_


#include "ngx_http_pserver_ledger.h"


#define NGX_HTTP_PSERVER_LEDGER_NAME   (2 * PSERVER_LEDGER_NAME_LEN)


/* the folders of one owner; -1: not open */

typedef struct {
    ngx_http_pserver_owner_t         owner;
    int                              jobs;
    int                              repeats;
    int                              lock;
} ngx_http_pserver_ledger_dir_t;


/*
 * Opens the owner's folder of jobs; the owner's folder is made with
 * "create".  Close it in any case.
 */
ngx_uint_t ngx_http_pserver_ledger_open(ngx_http_pserver_ledger_at_t *at,
    const pserver_address_t *address, ngx_http_pserver_ledger_dir_t *dir,
    ngx_uint_t create);
void ngx_http_pserver_ledger_close(ngx_http_pserver_ledger_dir_t *dir);

/* the folder of markers, too; then one process at a time until it is closed */
ngx_uint_t ngx_http_pserver_ledger_repeats(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir);
ngx_uint_t ngx_http_pserver_ledger_lock(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir);

/* the row under this name */
ngx_uint_t ngx_http_pserver_ledger_read(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const u_char *name,
    ngx_http_pserver_ledger_t *ledger);
ngx_uint_t ngx_http_pserver_ledger_write(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row,
    ngx_uint_t durable);

/* the folder of the index where the link to this row stands: an fd, or -1 */
int ngx_http_pserver_ledger_index(ngx_http_pserver_ledger_at_t *at,
    const u_char *name);

/* the file of a row, with a zero */
void ngx_http_pserver_ledger_file(char file[NGX_HTTP_PSERVER_LEDGER_NAME + 1],
    const u_char *name);

/* removes the row and what belongs to it, but its marker; the row last */
ngx_uint_t ngx_http_pserver_ledger_remove(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row);

/* http/ledger_accept: the marker of this name */
ngx_uint_t ngx_http_pserver_ledger_marker(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const char *file,
    pserver_started_t *started);

/* the marker by which a repeat of the row's request is known */
void ngx_http_pserver_ledger_key(pserver_started_t *started,
    char file[PSERVER_MARKER_NAME_LEN + 1],
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row);

ngx_uint_t ngx_http_pserver_ledger_failed(ngx_http_pserver_ledger_at_t *at,
    ngx_err_t err);


#endif /* _NGX_HTTP_PSERVER_LEDGER_DIR_H_INCLUDED_ */
