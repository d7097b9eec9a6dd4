/*
 * The ledger: what of it can go.
 */


#include "ngx_http_pserver_ledger_dir.h"


static ngx_uint_t ngx_http_pserver_ledger_sweep_row(
    ngx_http_pserver_ledger_at_t *at, ngx_http_pserver_ledger_dir_t *dir,
    const pserver_ledger_row_t *row, time_t now, time_t valid,
    time_t window);


ngx_uint_t
ngx_http_pserver_ledger_sweep(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place, time_t now, time_t valid,
    time_t window)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_t      ledger;
    ngx_http_pserver_ledger_dir_t  dir;

    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_open(at, &place->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_lock(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_read(at, &dir, place->name, &ledger);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_sweep_row(at, &dir, &ledger.row, now,
                                               valid, window);
    }

    ngx_http_pserver_ledger_free(&ledger);
    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_ledger_sweep_row(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row,
    time_t now, time_t valid, time_t window)
{
    char               file[PSERVER_MARKER_NAME_LEN + 1];
    uint64_t           msec;
    ngx_uint_t         rc, named;
    pserver_started_t  started;

    ngx_http_pserver_ledger_key(&started, file, dir, row);

    rc = ngx_http_pserver_ledger_marker(at, dir, file, &started);

    named = rc == NGX_HTTP_PSERVER_STORE_OK
            && ngx_memcmp(started.id, row->id, PSERVER_LEDGER_ID_LEN) == 0;

    if (rc != NGX_HTTP_PSERVER_STORE_OK
        && rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND)
    {
        return rc;
    }

    if (pserver_job_terminal(row->state)) {
        msec = (uint64_t) now * 1000;

        if (row->finished + (uint64_t) valid * 1000 > msec
            || (row->exp == 0
                && row->created + (uint64_t) window * 1000 > msec))
        {
            return NGX_HTTP_PSERVER_STORE_OK;
        }

        if (named && row->exp == 0
            && unlinkat(dir->repeats, file, 0) == -1)
        {
            return ngx_http_pserver_ledger_failed(at, ngx_errno);
        }

    } else if (named) {

        /* somebody drives it */

        return NGX_HTTP_PSERVER_STORE_OK;
    }

    return ngx_http_pserver_ledger_remove(at, dir, row);
}


ngx_uint_t
ngx_http_pserver_ledger_sweep_marker(ngx_http_pserver_ledger_at_t *at,
    const pserver_address_t *address, const char *marker)
{
    u_char                         name[PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t                     rc, gone;
    pserver_started_t              started;
    ngx_http_pserver_ledger_t      ledger;
    ngx_http_pserver_ledger_dir_t  dir;

    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_open(at, address, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_lock(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_marker(at, &dir, marker, &started);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        pserver_ledger_name(name, started.id);

        rc = ngx_http_pserver_ledger_read(at, &dir, name, &ledger);

        /* without exp it goes with its row */

        gone = rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND
               || (rc == NGX_HTTP_PSERVER_STORE_OK && started.exp != 0
                   && pserver_job_terminal(ledger.row.state));

        if (gone) {
            rc = NGX_HTTP_PSERVER_STORE_OK;

            if (unlinkat(dir.repeats, marker, 0) == -1) {
                rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
            }
        }
    }

    ngx_http_pserver_ledger_free(&ledger);
    ngx_http_pserver_ledger_close(&dir);

    return rc;
}
