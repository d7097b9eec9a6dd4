/*
 * What dead workers have left: each worker looks for it when it starts, and
 * worker 0 now and then, since a worker that was killed while it quit has no
 * successor.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"


#define NGX_HTTP_PSERVER_ADOPT_SOON      100
#define NGX_HTTP_PSERVER_ADOPT_INTERVAL  10000
#define NGX_HTTP_PSERVER_ADOPT_BATCH     32


typedef struct {
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_uint_t                       more;       /* than one batch */
    ngx_uint_t                       bad;        /* that do not open */
    ngx_http_pserver_row_place_t     place;      /* of one of them */
    ngx_uint_t                       n;
    ngx_http_pserver_ledger_t        rows[NGX_HTTP_PSERVER_ADOPT_BATCH];
} ngx_http_pserver_adopt_t;


static void ngx_http_pserver_adopt_event(ngx_event_t *ev);
static ngx_uint_t ngx_http_pserver_adopt_first(
    ngx_http_pserver_main_conf_t *pmcf, ngx_uint_t i);
static void ngx_http_pserver_adopt_run(void *data);
static ngx_uint_t ngx_http_pserver_adopt_row(
    ngx_http_pserver_ledger_at_t *at, const pserver_ledger_row_t *row);
static void ngx_http_pserver_adopt_done(void *data);


/* of this process */

static ngx_event_t       ngx_http_pserver_adopt_timer;
static ngx_connection_t  ngx_http_pserver_adopt_dummy;


ngx_int_t
ngx_http_pserver_job_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                   *ev;
    ngx_http_pserver_main_conf_t  *pmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    if (pmcf->computes.nelts == 0) {
        return NGX_OK;
    }

    ngx_http_pserver_adopt_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_adopt_timer;

    ev->handler = ngx_http_pserver_adopt_event;
    ev->data = &ngx_http_pserver_adopt_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_ADOPT_SOON);

    return NGX_OK;
}


static void
ngx_http_pserver_adopt_event(ngx_event_t *ev)
{
    ngx_uint_t                      i;
    ngx_http_pserver_adopt_t       *adopt;
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (ngx_exiting) {
        return;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    plcf = pmcf->computes.elts;

    for (i = 0; i < pmcf->computes.nelts; i++) {

        if (!ngx_http_pserver_adopt_first(pmcf, i)) {
            continue;
        }

        adopt = ngx_calloc(sizeof(ngx_http_pserver_adopt_t), ev->log);
        if (adopt == NULL) {
            break;
        }

        adopt->plcf = plcf[i];

        if (ngx_http_pserver_thread_run(ngx_http_pserver_adopt_run,
                                        ngx_http_pserver_adopt_done, adopt)
            != NGX_OK)
        {
            ngx_free(adopt);
        }
    }

    if (ngx_worker == 0) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_ADOPT_INTERVAL);
    }
}


/* a store is looked at once, by the first location that has it */

static ngx_uint_t
ngx_http_pserver_adopt_first(ngx_http_pserver_main_conf_t *pmcf, ngx_uint_t n)
{
    ngx_uint_t                     i;
    ngx_http_pserver_loc_conf_t  **plcf;

    plcf = pmcf->computes.elts;

    for (i = 0; i < n; i++) {
        if (plcf[i]->store.len == plcf[n]->store.len
            && ngx_memcmp(plcf[i]->store.data, plcf[n]->store.data,
                          plcf[n]->store.len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_pserver_adopt_run(void *data)
{
    ngx_http_pserver_adopt_t *adopt = data;

    ngx_uint_t                     i, n, rc;
    ngx_http_pserver_ledger_t     *ledger;
    ngx_http_pserver_ledger_at_t   at;
    ngx_http_pserver_row_place_t   places[NGX_HTTP_PSERVER_ADOPT_BATCH];

    at.root = adopt->plcf->store.data;
    at.chain_id = adopt->plcf->chain_id;

    adopt->more = (ngx_http_pserver_lease_adopt(at.root, at.chain_id,
                                                places,
                                                NGX_HTTP_PSERVER_ADOPT_BATCH,
                                                &n)
                   == NGX_AGAIN);

    for (i = 0; i < n; i++) {

        ledger = &adopt->rows[adopt->n];

        rc = ngx_http_pserver_ledger_load(&at, &places[i], ledger);

        if (rc == NGX_HTTP_PSERVER_STORE_OK
            && !pserver_job_terminal(ledger->row.state))
        {
            rc = ngx_http_pserver_adopt_row(&at, &ledger->row);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            adopt->n++;
            continue;
        }

        ngx_http_pserver_ledger_free(ledger);

        /* what can't be read now is in our lease, for who comes after us: a
           row of another version of the module, too */

        if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
            ngx_http_pserver_lease_drop(at.root, &places[i]);
        }

        if (rc == NGX_HTTP_PSERVER_STORE_BAD) {
            adopt->place = places[i];
            adopt->bad++;
        }
    }
}


/* NOT_FOUND: it was never accepted */

static ngx_uint_t
ngx_http_pserver_adopt_row(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row)
{
    ngx_uint_t            rc, accepted;
    pserver_ledger_row_t  next;

    rc = ngx_http_pserver_ledger_settle(at, row, &accepted);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    if (!accepted) {
        return NGX_HTTP_PSERVER_STORE_NOT_FOUND;
    }

    /* the attempt counts before it is made, whatever it does to us */

    if (row->state != PSERVER_JOB_QUEUED) {
        next = *row;
        next.attempts++;

        (void) ngx_http_pserver_ledger_save(at, &next, 0);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


static void
ngx_http_pserver_adopt_done(void *data)
{
    ngx_http_pserver_adopt_t *adopt = data;

    u_char      owner[2 * 20], name[2 * PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t  i;

    if (adopt->bad) {
        (void) pserver_hex_encode(owner, adopt->place.owner.bytes, 20);
        (void) pserver_hex_encode(name, adopt->place.name,
                                  PSERVER_LEDGER_NAME_LEN);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pserver: %ui jobs are left alone, whose rows were "
                      "changed or are of another version of the module, such "
                      "as \"owners/%*s/jobs/%*s\"", adopt->bad,
                      sizeof(owner), owner, sizeof(name), name);
    }

    for (i = 0; i < adopt->n; i++) {

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "pserver: a job without a driver is adopted");

        if (ngx_http_pserver_job_adopt(adopt->plcf, &adopt->rows[i].row)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                          "pserver: a job could not be adopted");
        }

        ngx_http_pserver_ledger_free(&adopt->rows[i]);
    }

    if (adopt->more && !ngx_exiting) {
        ngx_add_timer(&ngx_http_pserver_adopt_timer,
                      NGX_HTTP_PSERVER_ADOPT_SOON);
    }

    ngx_free(adopt);
}
