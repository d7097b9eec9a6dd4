/*
 * The queue of jobs, in the shared zone; all under the mutex of its slab
 * pool.
 */


#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_chain.h"


/* msec between two looks for processes that are gone */
#define NGX_HTTP_PSERVER_QUEUE_PURGE  1000


typedef enum {
    NGX_HTTP_PSERVER_TICKET_HELD = 0,   /* of a job that is being accepted */
    NGX_HTTP_PSERVER_TICKET_WAITING,
    NGX_HTTP_PSERVER_TICKET_CALLED,
    NGX_HTTP_PSERVER_TICKET_RUNNING
} ngx_http_pserver_ticket_state_e;


struct ngx_http_pserver_ticket_s {
    ngx_queue_t                      all;
    ngx_queue_t                      queue;      /* WAITING, CALLED */
    ngx_http_pserver_party_t        *owner;
    ngx_http_pserver_party_t        *app;
    ngx_pid_t                        pid;
    uint32_t                         engines;    /* a bit a slot */
    ngx_uint_t                       first;      /* where it is counted */
    ngx_uint_t                       engine;     /* where it has a place */
    ngx_http_pserver_ticket_state_e  state;
    u_char                           name[PSERVER_LEDGER_NAME_LEN];
};


static ngx_uint_t ngx_http_pserver_queue_over(
    ngx_http_pserver_loc_conf_t *plcf, ngx_http_pserver_zone_t *zone);
static ngx_http_pserver_ticket_t *ngx_http_pserver_queue_ticket(
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_loc_conf_t *plcf, const pserver_ledger_row_t *row);
static void ngx_http_pserver_queue_unlink(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_ticket_t *ticket);
static void ngx_http_pserver_queue_drop(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_ticket_t *ticket);
static void ngx_http_pserver_queue_call(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_ticket_t *ticket, ngx_uint_t slot);
static void ngx_http_pserver_queue_dispatch(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone);
static void ngx_http_pserver_queue_purge(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone);


ngx_int_t
ngx_http_pserver_queue_enter(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row, ngx_uint_t accepted,
    ngx_http_pserver_ticket_t **ticket)
{
    ngx_int_t                   rc;
    ngx_slab_pool_t            *shpool;
    ngx_http_pserver_zone_t    *zone;
    ngx_http_pserver_ticket_t  *t;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    rc = NGX_OK;
    t = NULL;

    if (!accepted && ngx_http_pserver_queue_over(plcf, zone)) {
        ngx_http_pserver_queue_purge(shpool, zone);

        if (ngx_http_pserver_queue_over(plcf, zone)) {
            rc = NGX_BUSY;
        }
    }

    if (rc == NGX_OK) {
        t = ngx_http_pserver_queue_ticket(shpool, zone, plcf, row);

        if (t == NULL) {
            rc = NGX_ERROR;

        } else if (!accepted
                   && ((plcf->limit_owner
                        && t->owner->tickets
                           > (ngx_uint_t) plcf->limit_owner)
                       || (plcf->limit_app
                           && t->app->tickets
                              > (ngx_uint_t) plcf->limit_app)))
        {
            ngx_http_pserver_queue_drop(shpool, zone, t);
            rc = NGX_BUSY;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "pserver: pserver_zone is too small for the queue");
    }

    *ticket = (rc == NGX_OK) ? t : NULL;

    return rc;
}


ngx_uint_t
ngx_http_pserver_queue_full(ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_uint_t                over;
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);

    if (!ngx_http_pserver_queue_over(plcf, zone)) {
        return 0;
    }

    ngx_shmtx_lock(&shpool->mutex);

    ngx_http_pserver_queue_purge(shpool, zone);
    over = ngx_http_pserver_queue_over(plcf, zone);

    ngx_shmtx_unlock(&shpool->mutex);

    return over;
}


static ngx_uint_t
ngx_http_pserver_queue_over(ngx_http_pserver_loc_conf_t *plcf,
    ngx_http_pserver_zone_t *zone)
{
    ngx_uint_t                  i, n;
    ngx_http_pserver_engine_t  *engine;

    engine = plcf->engines->elts;

    for (n = 0, i = 0; i < plcf->engines->nelts; i++) {
        n += engine[i].jobs + engine[i].queue;
    }

    return zone->engines[engine[0].slot].tickets >= n;
}


static ngx_http_pserver_ticket_t *
ngx_http_pserver_queue_ticket(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row)
{
    ngx_uint_t                  i;
    ngx_http_pserver_engine_t  *engine;
    ngx_http_pserver_ticket_t  *ticket;

    ticket = ngx_slab_calloc_locked(shpool,
                                    sizeof(ngx_http_pserver_ticket_t));
    if (ticket == NULL) {
        return NULL;
    }

    ticket->owner = ngx_http_pserver_queue_party(shpool, zone, 'o',
                                                 &row->owner);
    if (ticket->owner == NULL) {
        ngx_slab_free_locked(shpool, ticket);
        return NULL;
    }

    ticket->app = ngx_http_pserver_queue_party(shpool, zone, 'a', &row->app);

    if (ticket->app == NULL) {
        ngx_http_pserver_queue_part(shpool, zone, ticket->owner);
        ngx_slab_free_locked(shpool, ticket);
        return NULL;
    }

    engine = plcf->engines->elts;

    for (i = 0; i < plcf->engines->nelts; i++) {
        ticket->engines |= (uint32_t) 1 << engine[i].slot;
    }

    ticket->pid = ngx_pid;
    ticket->first = engine[0].slot;
    ticket->engine = NGX_HTTP_PSERVER_QUEUE_NONE;

    pserver_ledger_name(ticket->name, row->id);

    zone->engines[ticket->first].tickets++;
    ngx_queue_insert_tail(&zone->queue.tickets, &ticket->all);

    return ticket;
}


void
ngx_http_pserver_queue_wait(ngx_http_pserver_ticket_t *ticket)
{
    ngx_slab_pool_t           *shpool;
    ngx_http_pserver_zone_t   *zone;
    ngx_http_pserver_party_t  *owner;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    owner = ticket->owner;

    if (ticket->state == NGX_HTTP_PSERVER_TICKET_HELD) {
        ngx_queue_insert_tail(&owner->waiting, &ticket->queue);

    } else {
        ngx_http_pserver_queue_unlink(zone, ticket);
        ngx_queue_insert_head(&owner->waiting, &ticket->queue);
    }

    if (ngx_queue_head(&owner->waiting) == ngx_queue_last(&owner->waiting)) {
        ngx_queue_insert_tail(&zone->queue.ring, &owner->ring);
    }

    ticket->state = NGX_HTTP_PSERVER_TICKET_WAITING;

    ngx_http_pserver_queue_dispatch(shpool, zone);

    ngx_shmtx_unlock(&shpool->mutex);
}


void
ngx_http_pserver_queue_leave(ngx_http_pserver_ticket_t *ticket)
{
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    ngx_http_pserver_queue_drop(shpool, zone, ticket);
    ngx_http_pserver_queue_dispatch(shpool, zone);

    ngx_shmtx_unlock(&shpool->mutex);
}


void
ngx_http_pserver_queue_cancel(const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    ngx_queue_t                *q;
    ngx_slab_pool_t            *shpool;
    ngx_http_pserver_zone_t    *zone;
    ngx_http_pserver_ticket_t  *ticket;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    for (q = ngx_queue_head(&zone->queue.tickets);
         q != ngx_queue_sentinel(&zone->queue.tickets);
         q = ngx_queue_next(q))
    {
        ticket = ngx_queue_data(q, ngx_http_pserver_ticket_t, all);

        if (ticket->state == NGX_HTTP_PSERVER_TICKET_WAITING
            && ngx_memcmp(ticket->name, name, PSERVER_LEDGER_NAME_LEN) == 0)
        {
            ngx_http_pserver_queue_unlink(zone, ticket);
            ngx_http_pserver_queue_call(zone, ticket,
                                        NGX_HTTP_PSERVER_QUEUE_CANCELED);
            break;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_http_pserver_ticket_t *
ngx_http_pserver_queue_called(ngx_uint_t *slot)
{
    ngx_queue_t                *q;
    ngx_slab_pool_t            *shpool;
    ngx_http_pserver_zone_t    *zone;
    ngx_http_pserver_ticket_t  *ticket, *own;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    ngx_http_pserver_queue_dispatch(shpool, zone);

    own = NULL;

    for (q = ngx_queue_head(&zone->queue.called);
         q != ngx_queue_sentinel(&zone->queue.called);
         q = ngx_queue_next(q))
    {
        ticket = ngx_queue_data(q, ngx_http_pserver_ticket_t, queue);

        if (ticket->pid == ngx_pid) {
            own = ticket;
            break;
        }
    }

    if (own) {
        ngx_queue_remove(&own->queue);

        own->state = NGX_HTTP_PSERVER_TICKET_RUNNING;
        *slot = own->engine;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return own;
}


/* it neither waits nor has a place any more */

static void
ngx_http_pserver_queue_unlink(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_ticket_t *ticket)
{
    switch (ticket->state) {

    case NGX_HTTP_PSERVER_TICKET_WAITING:
        ngx_queue_remove(&ticket->queue);

        if (ngx_queue_empty(&ticket->owner->waiting)) {
            ngx_queue_remove(&ticket->owner->ring);
        }

        break;

    case NGX_HTTP_PSERVER_TICKET_CALLED:
        ngx_queue_remove(&ticket->queue);
        break;

    default: /* HELD, RUNNING */
        break;
    }

    if (ticket->engine < NGX_HTTP_PSERVER_ENGINES) {
        zone->engines[ticket->engine].running--;
    }

    ticket->engine = NGX_HTTP_PSERVER_QUEUE_NONE;
    ticket->state = NGX_HTTP_PSERVER_TICKET_HELD;
}


static void
ngx_http_pserver_queue_drop(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_ticket_t *ticket)
{
    ngx_http_pserver_queue_unlink(zone, ticket);

    ngx_queue_remove(&ticket->all);
    zone->engines[ticket->first].tickets--;

    ngx_http_pserver_queue_part(shpool, zone, ticket->owner);
    ngx_http_pserver_queue_part(shpool, zone, ticket->app);

    ngx_slab_free_locked(shpool, ticket);
}


/* a slot of an engine, or QUEUE_CANCELED */

static void
ngx_http_pserver_queue_call(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_ticket_t *ticket, ngx_uint_t slot)
{
    if (slot < NGX_HTTP_PSERVER_ENGINES) {
        zone->engines[slot].running++;
    }

    ticket->engine = slot;
    ticket->state = NGX_HTTP_PSERVER_TICKET_CALLED;

    ngx_queue_insert_tail(&zone->queue.called, &ticket->queue);
}


/* calls as many as there are places for */

static void
ngx_http_pserver_queue_dispatch(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone)
{
    uint64_t                    now;
    ngx_uint_t                  slot;
    ngx_queue_t                *q, *next;
    ngx_http_pserver_party_t   *owner;
    ngx_http_pserver_ticket_t  *ticket;

    if (ngx_queue_empty(&zone->queue.ring)) {
        return;
    }

    now = ngx_http_pserver_chain_now();

    if (now - zone->queue.purged >= NGX_HTTP_PSERVER_QUEUE_PURGE) {
        ngx_http_pserver_queue_purge(shpool, zone);
    }

    /* an owner whose turn it was is the last of the ring: it comes again, as
       long as it gets something */

    for (q = ngx_queue_head(&zone->queue.ring);
         q != ngx_queue_sentinel(&zone->queue.ring);
         q = next)
    {
        /* whoever waits: there is no place at all */

        if (ngx_http_pserver_queue_place(zone, (uint32_t) -1)
            == NGX_HTTP_PSERVER_QUEUE_NONE)
        {
            return;
        }

        next = ngx_queue_next(q);

        owner = ngx_queue_data(q, ngx_http_pserver_party_t, ring);
        ticket = ngx_queue_data(ngx_queue_head(&owner->waiting),
                                ngx_http_pserver_ticket_t, queue);

        slot = ngx_http_pserver_queue_place(zone, ticket->engines);

        if (slot == NGX_HTTP_PSERVER_QUEUE_NONE) {
            continue;
        }

        ngx_http_pserver_queue_unlink(zone, ticket);
        ngx_http_pserver_queue_call(zone, ticket, slot);

        if (!ngx_queue_empty(&owner->waiting)) {
            ngx_queue_remove(&owner->ring);
            ngx_queue_insert_tail(&zone->queue.ring, &owner->ring);
        }

        next = ngx_queue_head(&zone->queue.ring);
    }
}


/* tickets of processes that are gone */

static void
ngx_http_pserver_queue_purge(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone)
{
    ngx_pid_t                   pid;
    ngx_uint_t                  gone;
    ngx_queue_t                *q, *next;
    ngx_http_pserver_ticket_t  *ticket;

    zone->queue.purged = ngx_http_pserver_chain_now();

    pid = ngx_pid;
    gone = 0;

    for (q = ngx_queue_head(&zone->queue.tickets);
         q != ngx_queue_sentinel(&zone->queue.tickets);
         q = next)
    {
        next = ngx_queue_next(q);
        ticket = ngx_queue_data(q, ngx_http_pserver_ticket_t, all);

        if (ticket->pid != pid) {
            pid = ticket->pid;
            gone = (kill(pid, 0) == -1 && ngx_errno == NGX_ESRCH);
        }

        if (gone) {
            ngx_http_pserver_queue_drop(shpool, zone, ticket);
        }
    }
}


void
ngx_http_pserver_queue_init_process(ngx_cycle_t *cycle)
{
    ngx_queue_t                   *q, *next;
    ngx_slab_pool_t               *shpool;
    ngx_http_pserver_zone_t       *zone;
    ngx_http_pserver_ticket_t     *ticket;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    if (pmcf->zone == NULL) {
        return;
    }

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    for (q = ngx_queue_head(&zone->queue.tickets);
         q != ngx_queue_sentinel(&zone->queue.tickets);
         q = next)
    {
        next = ngx_queue_next(q);
        ticket = ngx_queue_data(q, ngx_http_pserver_ticket_t, all);

        if (ticket->pid == ngx_pid) {
            ngx_http_pserver_queue_drop(shpool, zone, ticket);
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);
}
