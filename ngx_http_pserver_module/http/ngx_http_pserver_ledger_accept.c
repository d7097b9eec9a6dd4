/*
 * The ledger: which requests were accepted.
 *
 * A job is accepted once the marker of its request names it; the marker is
 * made last, after the row, the links to it and the lease.  What a crash
 * leaves before that was never acknowledged: who finds it, by the lease or
 * in a sweep, sees that no marker names it, and removes it.
 */


#include "ngx_http_pserver_idempotency.h"
#include "ngx_http_pserver_ledger_dir.h"
#include "ngx_http_pserver_ledger_list.h"


static ngx_uint_t ngx_http_pserver_ledger_marked(
    ngx_http_pserver_ledger_at_t *at, ngx_http_pserver_ledger_dir_t *dir,
    const pserver_ledger_row_t *row, ngx_uint_t *marked);
static ngx_uint_t ngx_http_pserver_ledger_new(
    ngx_http_pserver_ledger_at_t *at, ngx_http_pserver_ledger_dir_t *dir,
    const pserver_ledger_row_t *row);
static ngx_uint_t ngx_http_pserver_ledger_first(
    ngx_http_pserver_ledger_at_t *at, ngx_http_pserver_ledger_dir_t *dir,
    const pserver_ledger_row_t *row, time_t window, pserver_started_t *first,
    ngx_uint_t *repeat);


ngx_uint_t
ngx_http_pserver_ledger_accept(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, time_t window, pserver_started_t *first,
    ngx_uint_t *repeat)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    *repeat = 0;

    rc = ngx_http_pserver_ledger_open(at, &row->owner, &dir, 1);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_lock(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_first(at, &dir, row, window, first,
                                           repeat);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !*repeat) {
        rc = ngx_http_pserver_ledger_new(at, &dir, row);
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_repeat(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, time_t window, pserver_started_t *first,
    ngx_uint_t *repeat)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    *repeat = 0;

    rc = ngx_http_pserver_ledger_open(at, &row->owner, &dir, 1);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_repeats(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_first(at, &dir, row, window, first,
                                           repeat);
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_settle(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_uint_t *accepted)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    *accepted = 0;

    rc = ngx_http_pserver_ledger_open(at, &row->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_lock(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_marked(at, &dir, row, accepted);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK && !*accepted) {
        rc = ngx_http_pserver_ledger_remove(at, &dir, row);
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


/* one that has ended was, also where another has its marker since */

ngx_uint_t
ngx_http_pserver_ledger_accepted(ngx_http_pserver_ledger_at_t *at,
    const ngx_http_pserver_row_place_t *place,
    ngx_http_pserver_ledger_t *ledger, ngx_uint_t *accepted)
{
    ngx_uint_t                     rc;
    ngx_http_pserver_ledger_dir_t  dir;

    *accepted = 0;

    rc = ngx_http_pserver_ledger_open(at, &place->owner, &dir, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_repeats(at, &dir);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_ledger_read(at, &dir, place->name, ledger);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        if (pserver_job_terminal(ledger->row.state)) {
            *accepted = 1;

        } else {
            rc = ngx_http_pserver_ledger_marked(at, &dir, &ledger->row,
                                                accepted);
        }
    }

    ngx_http_pserver_ledger_close(&dir);

    return rc;
}


/* 1: the marker of its request names this row */

static ngx_uint_t
ngx_http_pserver_ledger_marked(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row,
    ngx_uint_t *marked)
{
    char               file[PSERVER_MARKER_NAME_LEN + 1];
    ngx_uint_t         rc;
    pserver_started_t  started;

    ngx_http_pserver_ledger_key(&started, file, dir, row);

    rc = ngx_http_pserver_ledger_marker(at, dir, file, &started);

    *marked = rc == NGX_HTTP_PSERVER_STORE_OK
              && ngx_memcmp(started.id, row->id, PSERVER_LEDGER_ID_LEN) == 0;

    return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
           ? NGX_HTTP_PSERVER_STORE_OK : rc;
}


/*
 * The row is there before any link to it; where one of them fails all are
 * taken back, so that nothing is left of a job that was not accepted.
 */

static ngx_uint_t
ngx_http_pserver_ledger_new(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row)
{
    int                           index;
    char                          file[NGX_HTTP_PSERVER_LEDGER_NAME + 1];
    char                          key[PSERVER_MARKER_NAME_LEN + 1];
    u_char                        text[PSERVER_STARTED_TEXT_LEN + 1];
    u_char                        link[NGX_HTTP_PSERVER_LINK_LEN + 1];
    ngx_uint_t                    rc;
    pserver_started_t             started;
    ngx_http_pserver_row_place_t  place;

    ngx_http_pserver_ledger_place(&place, row);
    ngx_http_pserver_ledger_file(file, place.name);
    ngx_http_pserver_link_write(link, &place);

    ngx_http_pserver_ledger_key(&started, key, dir, row);
    pserver_started_seal(text, &started, dir->owner.keys.ledger);

    rc = ngx_http_pserver_ledger_write(at, dir, row, 1);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    index = ngx_http_pserver_ledger_index(at, place.name);

    if (index == -1) {
        rc = ngx_http_pserver_ledger_failed(at, at->err);
        (void) unlinkat(dir->jobs, file, 0);
        return rc;
    }

    if (symlinkat((char *) link, index, file) == -1 || fsync(index) == -1) {
        rc = ngx_http_pserver_ledger_failed(at, ngx_errno);

    } else {
        rc = ngx_http_pserver_ledger_list_add(at, row);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        rc = ngx_http_pserver_key_add(at, row);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && ngx_http_pserver_lease_take(at->root, &place, &at->err) != NGX_OK)
    {
        rc = ngx_http_pserver_ledger_failed(at, at->err);
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        /* an old key is one that does not count any more */

        (void) unlinkat(dir->repeats, key, 0);

        if (symlinkat((char *) text, dir->repeats, key) == -1
            || fsync(dir->repeats) == -1)
        {
            rc = ngx_http_pserver_ledger_failed(at, ngx_errno);
        }
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        (void) unlinkat(dir->repeats, key, 0);
        ngx_http_pserver_lease_drop(at->root, &place);
        (void) ngx_http_pserver_key_remove(at, row);
        (void) ngx_http_pserver_ledger_list_remove(at, row);
        (void) unlinkat(index, file, 0);
        (void) unlinkat(dir->jobs, file, 0);
    }

    (void) close(index);

    return rc;
}


static ngx_uint_t
ngx_http_pserver_ledger_first(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row,
    time_t window, pserver_started_t *first, ngx_uint_t *repeat)
{
    char                       key[PSERVER_MARKER_NAME_LEN + 1];
    u_char                     name[PSERVER_LEDGER_NAME_LEN];
    uint64_t                   between;
    ngx_uint_t                 rc;
    ngx_http_pserver_ledger_t  ledger;

    ngx_http_pserver_ledger_key(first, key, dir, row);

    rc = ngx_http_pserver_ledger_marker(at, dir, key, first);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
               ? NGX_HTTP_PSERVER_STORE_OK : rc;
    }

    /* a clock that was set back does not make the window longer */

    between = (row->created > first->created) ? row->created - first->created
                                              : first->created - row->created;

    if (row->exp != 0 || between < 1000 * (uint64_t) window) {
        *repeat = 1;
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    pserver_ledger_name(name, first->id);
    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_read(at, dir, name, &ledger);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        *repeat = !pserver_job_terminal(ledger.row.state);

    } else if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_http_pserver_ledger_free(&ledger);

    return rc;
}


ngx_uint_t
ngx_http_pserver_ledger_marker(ngx_http_pserver_ledger_at_t *at,
    ngx_http_pserver_ledger_dir_t *dir, const char *file,
    pserver_started_t *started)
{
    char           own[PSERVER_MARKER_NAME_LEN + 1];
    ssize_t        n;
    u_char         text[PSERVER_STARTED_TEXT_LEN + 1];
    pserver_str_t  str;

    n = readlinkat(dir->repeats, file, (char *) text, sizeof(text));

    if (n == -1) {
        return ngx_http_pserver_ledger_failed(at, ngx_errno);
    }

    str.data = text;
    str.len = n;

    if (pserver_started_open(started, str, dir->owner.keys.ledger)
        != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    pserver_marker_name(own, started->exp, started->hash);

    return (ngx_strcmp(own, file) == 0) ? NGX_HTTP_PSERVER_STORE_OK
                                        : NGX_HTTP_PSERVER_STORE_BAD;
}


void
ngx_http_pserver_ledger_key(pserver_started_t *started,
    char file[PSERVER_MARKER_NAME_LEN + 1],
    ngx_http_pserver_ledger_dir_t *dir, const pserver_ledger_row_t *row)
{
    u_char         data[20 + 32];
    pserver_str_t  name;

    ngx_memcpy(data, row->app.bytes, 20);
    ngx_memcpy(data + 20, row->digest.bytes, 32);

    name.data = data;
    name.len = sizeof(data);

    started->exp = row->exp;
    started->created = row->created;
    ngx_memcpy(started->id, row->id, PSERVER_LEDGER_ID_LEN);
    pserver_keys_name(started->hash, &dir->owner.keys, "repeat", name);

    pserver_marker_name(file, started->exp, started->hash);
}
