/*
 * The reaper: removes from the engines the containers that carry the label
 * of this instance and that no row of the ledger owns.  Such a one is left
 * where the engine finishes a call that was cut off, or was away when the
 * job ended.
 *
 * A container belongs to a row that is there, has not ended, and names this
 * engine; a row does so before there is a container, so what the ledger does
 * not know has no owner.
 * Worker 0 looks, when it starts and then again and again.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_warm.h"

#include "../core/encode.h"


#define NGX_HTTP_PSERVER_REAP_SOON      1000
#define NGX_HTTP_PSERVER_REAP_INTERVAL  5000

/* seconds, by the engine's clock */
#define NGX_HTTP_PSERVER_REAP_AGE       5

/* containers of an instance in one pass */
#define NGX_HTTP_PSERVER_REAP_MAX       1024


/* a pass over one store and engine after the other */

typedef struct {
    ngx_uint_t                       n;          /* of the location, */
    ngx_uint_t                       k;          /* of its engine */
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_engine_t       *engine;
    ngx_http_pserver_ledger_at_t     at;
    ngx_int_t                        rc;         /* of the thread */
    u_char                           instance[NGX_HTTP_PSERVER_INSTANCE_LEN];

    size_t                           count;
    size_t                           next;       /* to be removed */
    pserver_container_entry_t        entries[NGX_HTTP_PSERVER_REAP_MAX];
} ngx_http_pserver_reap_t;


static void ngx_http_pserver_reap_event(ngx_event_t *ev);
static void ngx_http_pserver_reap_location(ngx_http_pserver_reap_t *reap);
static ngx_uint_t ngx_http_pserver_reap_first(
    ngx_http_pserver_main_conf_t *pmcf, ngx_uint_t n);
static void ngx_http_pserver_reap_instance(void *data);
static void ngx_http_pserver_reap_list(void *data);
static void ngx_http_pserver_reap_listed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_reap_rows(void *data);
static ngx_uint_t ngx_http_pserver_reap_owned(ngx_http_pserver_reap_t *reap,
    const pserver_container_entry_t *entry);
static void ngx_http_pserver_reap_orphans(void *data);
static void ngx_http_pserver_reap_remove(ngx_http_pserver_reap_t *reap);
static void ngx_http_pserver_reap_removed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_reap_next(ngx_http_pserver_reap_t *reap);


/* of this process */

static ngx_event_t       ngx_http_pserver_reap_timer;
static ngx_connection_t  ngx_http_pserver_reap_dummy;


ngx_int_t
ngx_http_pserver_reap_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                   *ev;
    ngx_http_pserver_main_conf_t  *pmcf;

    if ((ngx_process != NGX_PROCESS_WORKER
         && ngx_process != NGX_PROCESS_SINGLE)
        || ngx_worker != 0)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    if (pmcf->computes.nelts == 0) {
        return NGX_OK;
    }

    ngx_http_pserver_reap_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_reap_timer;

    ev->handler = ngx_http_pserver_reap_event;
    ev->data = &ngx_http_pserver_reap_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_REAP_SOON);

    return NGX_OK;
}


static void
ngx_http_pserver_reap_event(ngx_event_t *ev)
{
    ngx_http_pserver_reap_t  *reap;

    if (ngx_exiting) {
        return;
    }

    reap = ngx_calloc(sizeof(ngx_http_pserver_reap_t), ev->log);

    if (reap == NULL) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_REAP_INTERVAL);
        return;
    }

    ngx_http_pserver_reap_location(reap);
}


static void
ngx_http_pserver_reap_location(ngx_http_pserver_reap_t *reap)
{
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    plcf = pmcf->computes.elts;

    while (reap->n < pmcf->computes.nelts
           && (reap->k == plcf[reap->n]->engines->nelts
               || !ngx_http_pserver_reap_first(pmcf, reap->n)))
    {
        reap->n++;
        reap->k = 0;
    }

    if (ngx_exiting) {
        ngx_free(reap);
        return;
    }

    if (reap->n == pmcf->computes.nelts) {
        ngx_free(reap);
        ngx_add_timer(&ngx_http_pserver_reap_timer,
                      NGX_HTTP_PSERVER_REAP_INTERVAL);
        return;
    }

    reap->plcf = plcf[reap->n];
    reap->engine = (ngx_http_pserver_engine_t *) reap->plcf->engines->elts
                   + reap->k;
    reap->at.root = reap->plcf->store.data;
    reap->at.chain_id = reap->plcf->chain_id;

    if (ngx_http_pserver_thread_run(ngx_http_pserver_reap_instance,
                                    ngx_http_pserver_reap_list, reap)
        != NGX_OK)
    {
        ngx_http_pserver_reap_next(reap);
    }
}


/* the same store and engines are looked at once */

static ngx_uint_t
ngx_http_pserver_reap_first(ngx_http_pserver_main_conf_t *pmcf, ngx_uint_t n)
{
    ngx_uint_t                      i, k;
    ngx_http_pserver_engine_t      *engine;
    ngx_http_pserver_loc_conf_t   **plcf;

    plcf = pmcf->computes.elts;

    for (i = 0; i < n; i++) {

        if (ngx_strcmp(plcf[i]->store.data, plcf[n]->store.data) != 0) {
            continue;
        }

        engine = plcf[n]->engines->elts;

        for (k = 0; k < plcf[n]->engines->nelts; k++) {
            if (ngx_http_pserver_engine_find(plcf[i], engine[k].id) == NULL) {
                break;
            }
        }

        if (k == plcf[n]->engines->nelts) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_pserver_reap_instance(void *data)
{
    ngx_http_pserver_reap_t  *reap = data;

    reap->rc = ngx_http_pserver_instance(reap->at.root, reap->instance,
                                         &reap->at.err);
}


static void
ngx_http_pserver_reap_list(void *data)
{
    ngx_http_pserver_reap_t  *reap = data;

    ngx_http_pserver_exchange_t  *ex;

    ex = NULL;

    if (reap->rc == NGX_OK) {
        ex = ngx_http_pserver_engine_list(reap->engine,
                                          reap->instance,
                                          ngx_http_pserver_reap_listed,
                                          reap);
    }

    if (ex == NULL) {
        ngx_http_pserver_reap_next(reap);
        return;
    }

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_reap_listed(ngx_http_pserver_exchange_t *ex)
{
    size_t                      i, n;
    uint64_t                    now;
    pserver_str_t               instance;
    pserver_container_entry_t  *entry;
    ngx_http_pserver_reap_t    *reap = ex->data;

    instance.data = reap->instance;
    instance.len = NGX_HTTP_PSERVER_INSTANCE_LEN;

    n = 0;

    /* that an engine is away is said by the jobs that want it */

    ngx_http_pserver_queue_engine(reap->engine,
                                  ngx_http_pserver_engine_away(ex));

    if (ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        && pserver_container_listed(ex->answer.data, ex->answer.len, instance,
                                    reap->entries, NGX_HTTP_PSERVER_REAP_MAX,
                                    &n)
           != PSERVER_OK)
    {
        ngx_http_pserver_engine_failed(ex, NULL, "list");
        n = 0;
    }

    now = ngx_time();
    reap->count = 0;

    /* those of the warm pool are not looked at, but one that has ended is
       not warm any more */

    for (i = 0; i < n; i++) {
        entry = &reap->entries[i];

        if (ngx_http_pserver_warm_has(entry->job, entry->running)) {
            continue;
        }

        /* an engine whose clock is ahead does not keep it for ever */

        if (entry->created > now
            || now - entry->created >= NGX_HTTP_PSERVER_REAP_AGE)
        {
            reap->entries[reap->count++] = *entry;
        }
    }

    if (reap->count == 0
        || ngx_http_pserver_thread_run(ngx_http_pserver_reap_rows,
                                       ngx_http_pserver_reap_orphans, reap)
           != NGX_OK)
    {
        ngx_http_pserver_reap_next(reap);
    }
}


/* keeps those that have no owner */

static void
ngx_http_pserver_reap_rows(void *data)
{
    ngx_http_pserver_reap_t  *reap = data;

    size_t  i, n;

    for (n = 0, i = 0; i < reap->count; i++) {
        if (!ngx_http_pserver_reap_owned(reap, &reap->entries[i])) {
            reap->entries[n++] = reap->entries[i];
        }
    }

    reap->count = n;
}


/* a row that can't be read may be one that owns it */

static ngx_uint_t
ngx_http_pserver_reap_owned(ngx_http_pserver_reap_t *reap,
    const pserver_container_entry_t *entry)
{
    u_char                     name[PSERVER_LEDGER_NAME_LEN];
    ngx_uint_t                 rc, owned;
    pserver_str_t              hex;
    ngx_http_pserver_ledger_t  ledger;

    hex.data = (u_char *) entry->job;
    hex.len = PSERVER_CONTAINER_JOB_LEN;

    if (pserver_hex_decode(name, PSERVER_LEDGER_NAME_LEN, hex)
        != PSERVER_OK)
    {
        return 1;
    }

    ngx_memzero(&ledger, sizeof(ngx_http_pserver_ledger_t));

    rc = ngx_http_pserver_ledger_named(&reap->at, name, &ledger);

    owned = (rc == NGX_HTTP_PSERVER_STORE_OK)
            ? (!pserver_job_terminal(ledger.row.state)
               && ledger.row.engine == reap->engine->id)
            : (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND);

    ngx_http_pserver_ledger_free(&ledger);

    return owned;
}


static void
ngx_http_pserver_reap_orphans(void *data)
{
    ngx_http_pserver_reap_t  *reap = data;

    reap->next = 0;

    ngx_http_pserver_reap_remove(reap);
}


static void
ngx_http_pserver_reap_remove(ngx_http_pserver_reap_t *reap)
{
    const u_char                 *job;
    ngx_http_pserver_exchange_t  *ex;

    if (reap->next == reap->count || ngx_exiting) {
        ngx_http_pserver_reap_next(reap);
        return;
    }

    job = reap->entries[reap->next].job;

    ex = ngx_http_pserver_engine_remove(reap->engine, job,
                                        ngx_http_pserver_reap_removed, reap);
    if (ex == NULL) {
        ngx_http_pserver_reap_next(reap);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "pserver: the container of no job is removed: \"%*s\"",
                  (size_t) PSERVER_CONTAINER_JOB_LEN, job);

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_reap_removed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_reap_t  *reap = ex->data;

    /* what is still there is found again by the next pass */

    if (!ngx_http_pserver_engine_removed(ex)) {
        ngx_http_pserver_engine_failed(ex, reap->entries[reap->next].job,
                                       "remove");
    }

    reap->next++;

    ngx_http_pserver_reap_remove(reap);
}


static void
ngx_http_pserver_reap_next(ngx_http_pserver_reap_t *reap)
{
    reap->k++;

    ngx_http_pserver_reap_location(reap);
}
