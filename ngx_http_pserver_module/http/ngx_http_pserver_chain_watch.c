/*
 * The watch: follows the logs of a permissions contract from block to block
 * and drops the sets of the permissions that they name, so that a set may
 * live for longer than a revocation may take to be seen.
 *
 *   HEAD ──► [ BLOCKS ──► ] LOGS
 *
 * One worker polls, by a lease in the zone, where all that is known is as
 * well: another goes on where one that died or quits has stopped.  A poll
 * counts only if it was whole: each new block is linked by its hash to one
 * that was seen before, and the logs are those of exactly these blocks.  With
 * a gap that is too wide all sets are dropped that are older.  While nobody
 * uses a set, nobody polls.
 */


#include "ngx_http_pserver_chain_poll.h"
#include "../core/abi.h"

#include <signal.h>


/* msec on top of a poll's time that its worker may be late */
#define NGX_HTTP_PSERVER_WATCH_LATE    1000


/* of this process and one configuration */

typedef struct {
    ngx_http_pserver_loc_conf_t       *plcf;       /* one that needs it */
    ngx_event_t                        timer;
    ngx_connection_t                   dummy;
    ngx_http_pserver_watch_poll_t     *poll;       /* NULL: none */
} ngx_http_pserver_watch_t;


static void ngx_http_pserver_watch_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_pserver_watch_turn(
    ngx_http_pserver_loc_conf_t *plcf, ngx_http_pserver_zone_watch_t *old);
static ngx_http_pserver_zone_watch_t *ngx_http_pserver_watch_place(
    ngx_http_pserver_zone_t *zone, ngx_slab_pool_t *shpool,
    ngx_http_pserver_loc_conf_t *plcf);
static ngx_uint_t ngx_http_pserver_watch_is(
    ngx_http_pserver_zone_watch_t *place, ngx_http_pserver_loc_conf_t *plcf);
static ngx_int_t ngx_http_pserver_watch_start(ngx_http_pserver_watch_t *watch,
    ngx_http_pserver_zone_watch_t *old);
static ngx_http_pserver_node_t *ngx_http_pserver_watch_node(
    ngx_http_pserver_nodes_t *nodes);
static void ngx_http_pserver_watch_step(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_watch_commit(ngx_http_pserver_watch_poll_t *poll);


static const char  *ngx_http_pserver_watch_why[] = {
    "no head to follow",
    "no chain of blocks",
    "no whole logs"
};


/*
 * What a watch is of: the nodes, the chain, the contract.  Locations that
 * differ in the rest share one.  It believes one node at a time, as the
 * decisions do that it prolongs: where several have to agree, there is none.
 */

char *
ngx_http_pserver_chain_watch(ngx_conf_t *cf, ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_uint_t                      i;
    ngx_http_pserver_watch_t       *watch, **elt;
    ngx_http_pserver_loc_conf_t    *other;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (plcf->chain_valid <= plcf->chain_bound
        || plcf->chain_poll == 0
        || plcf->nodes->agree > 1)
    {
        return NGX_CONF_OK;
    }

    if (plcf->chain_poll >= plcf->chain_bound) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"pserver_chain_poll\" must be less than "
                           "\"pserver_chain_bound\"");
        return NGX_CONF_ERROR;
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);
    elt = pmcf->watches.elts;

    for (i = 0; i < pmcf->watches.nelts; i++) {
        other = elt[i]->plcf;

        if (other->nodes == plcf->nodes
            && other->chain_id == plcf->chain_id
            && ngx_memcmp(&other->contracts->permissions,
                          &plcf->contracts->permissions,
                          sizeof(pserver_address_t))
               == 0)
        {
            if (plcf->chain_poll < other->chain_poll) {
                elt[i]->plcf = plcf;
            }

            return NGX_CONF_OK;
        }
    }

    watch = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_watch_t));
    elt = ngx_array_push(&pmcf->watches);

    if (watch == NULL || elt == NULL) {
        return NGX_CONF_ERROR;
    }

    watch->plcf = plcf;
    *elt = watch;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_pserver_chain_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_event_t                    *timer;
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    ngx_http_pserver_watch_t      **watch;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    watch = pmcf->watches.elts;

    if (pmcf->watches.nelts == 0) {
        return NGX_OK;
    }

    zone = ngx_http_pserver_zone(&shpool);

    for (i = 0; i < pmcf->watches.nelts; i++) {
        timer = &watch[i]->timer;

        timer->handler = ngx_http_pserver_watch_timer;
        timer->data = &watch[i]->dummy;
        timer->log = cycle->log;
        timer->cancelable = 1;

        watch[i]->dummy.data = watch[i];

        /* the sets that come from now on are known to be watched */

        ngx_shmtx_lock(&shpool->mutex);
        (void) ngx_http_pserver_watch_place(zone, shpool, watch[i]->plcf);
        ngx_shmtx_unlock(&shpool->mutex);

        ngx_add_timer(timer, ngx_random() % watch[i]->plcf->chain_poll + 1);
    }

    return NGX_OK;
}


static void
ngx_http_pserver_watch_timer(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_pserver_watch_t       *watch;
    ngx_http_pserver_zone_watch_t   old;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    c = ev->data;
    watch = c->data;

    ngx_add_timer(ev, watch->plcf->chain_poll);

    if (watch->poll == NULL
        && ngx_http_pserver_watch_turn(watch->plcf, &old)
        && ngx_http_pserver_watch_start(watch, &old) != NGX_OK)
    {
        ngx_http_pserver_count(watch_errors, 1);
    }
}


/* 1 if it is for this worker to poll now */

static ngx_uint_t
ngx_http_pserver_watch_turn(ngx_http_pserver_loc_conf_t *plcf,
    ngx_http_pserver_zone_watch_t *old)
{
    uint64_t                        now;
    ngx_uint_t                      turn;
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    ngx_http_pserver_zone_watch_t  *watch;

    zone = ngx_http_pserver_zone(&shpool);
    now = ngx_http_pserver_chain_moment();
    turn = 0;

    ngx_shmtx_lock(&shpool->mutex);

    watch = ngx_http_pserver_watch_place(zone, shpool, plcf);

    if (watch == NULL
        || watch->wanted == 0
        || (now - watch->wanted) / 1000 >= plcf->chain_valid)
    {
        goto done;
    }

    if (watch->pid
        && watch->pid != ngx_pid
        && now < watch->lease
        && (kill(watch->pid, 0) == 0 || ngx_errno != NGX_ESRCH))
    {
        goto done;
    }

    watch->pid = ngx_pid;
    watch->lease = now + 1000 * (uint64_t) (plcf->chain_poll
                                            + plcf->chain_timeout
                                            + NGX_HTTP_PSERVER_WATCH_LATE);
    *old = *watch;
    turn = 1;

done:

    ngx_shmtx_unlock(&shpool->mutex);

    return turn;
}


/* under the lock: the place of this watch, which is made if need be */

static ngx_http_pserver_zone_watch_t *
ngx_http_pserver_watch_place(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_uint_t                       i;
    ngx_http_pserver_main_conf_t    *pmcf;
    ngx_http_pserver_zone_watch_t   *watch, **place;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    place = NULL;

    for (i = 0; i < NGX_HTTP_PSERVER_ZONE_WATCHES; i++) {
        watch = zone->watches[i];

        if (watch && ngx_http_pserver_watch_is(watch, plcf)) {
            return watch;
        }

        /* free, or the oldest of those of another configuration */

        if (watch && watch->configuration == pmcf->number) {
            continue;
        }

        if (place == NULL
            || (*place && (watch == NULL || watch->lease < (*place)->lease)))
        {
            place = &zone->watches[i];
        }
    }

    if (place == NULL) {
        return NULL;
    }

    if (*place == NULL) {
        *place = ngx_slab_alloc_locked(shpool,
                                       sizeof(ngx_http_pserver_zone_watch_t));
        if (*place == NULL) {
            return NULL;
        }
    }

    watch = *place;

    ngx_memzero(watch, sizeof(ngx_http_pserver_zone_watch_t));

    watch->configuration = pmcf->number;
    watch->nodes = (uintptr_t) plcf->nodes;
    watch->chain_id = plcf->chain_id;
    watch->contract = plcf->contracts->permissions;

    return watch;
}


static ngx_uint_t
ngx_http_pserver_watch_is(ngx_http_pserver_zone_watch_t *watch,
    ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    return watch->configuration == pmcf->number
           && watch->nodes == (uintptr_t) plcf->nodes
           && watch->chain_id == plcf->chain_id
           && ngx_memcmp(&watch->contract, &plcf->contracts->permissions,
                         sizeof(pserver_address_t))
              == 0;
}


static ngx_int_t
ngx_http_pserver_watch_start(ngx_http_pserver_watch_t *watch,
    ngx_http_pserver_zone_watch_t *old)
{
    ngx_pool_t                     *pool;
    ngx_http_pserver_watch_poll_t  *poll;

    pool = ngx_create_pool(16384, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    poll = ngx_pcalloc(pool, sizeof(ngx_http_pserver_watch_poll_t));
    if (poll == NULL) {
        goto failed;
    }

    poll->plcf = watch->plcf;
    poll->node = ngx_http_pserver_watch_node(watch->plcf->nodes);
    poll->pool = pool;
    poll->deadline = ngx_current_msec + watch->plcf->chain_timeout;
    poll->asked = ngx_http_pserver_chain_moment();
    poll->old = *old;

    if (ngx_array_init(&poll->logs, pool, 16,
                       sizeof(ngx_http_pserver_chain_log_t))
        != NGX_OK)
    {
        goto failed;
    }

    watch->poll = poll;

    if (ngx_http_pserver_watch_question(poll,
                                             ngx_http_pserver_watch_step,
                                             watch) != NGX_OK) {
        watch->poll = NULL;
        goto failed;
    }

    ngx_http_pserver_count(watch_polls, 1);

    return NGX_OK;

failed:

    ngx_destroy_pool(pool);

    return NGX_ERROR;
}


/* the first that does not stand aside; blocks link, whoever shows them */

static ngx_http_pserver_node_t *
ngx_http_pserver_watch_node(ngx_http_pserver_nodes_t *nodes)
{
    ngx_uint_t  i;

    for (i = 0; i < nodes->n; i++) {
        if (!ngx_http_pserver_node_is_aside(&nodes->node[i])) {
            return &nodes->node[i];
        }
    }

    return &nodes->node[0];
}


static void
ngx_http_pserver_watch_step(ngx_http_pserver_exchange_t *ex)
{
    ngx_int_t                       rc;
    ngx_http_pserver_watch_t       *watch;
    ngx_http_pserver_watch_poll_t  *poll;

    watch = ex->data;
    poll = watch->poll;

    rc = ngx_http_pserver_watch_answer(poll, ex);

    if (rc == NGX_AGAIN) {
        rc = ngx_http_pserver_watch_question(poll,
                                             ngx_http_pserver_watch_step,
                                             watch);
        if (rc == NGX_OK) {
            return;
        }
    }

    if (rc == NGX_OK) {
        ngx_http_pserver_watch_commit(poll);

    } else {
        ngx_http_pserver_count(watch_errors, 1);
        ngx_http_pserver_node_failed(poll->plcf->nodes, poll->node,
                                     ngx_http_pserver_watch_why[poll->round]);
    }

    watch->poll = NULL;

    ngx_destroy_pool(poll->pool);
}


static void
ngx_http_pserver_watch_commit(ngx_http_pserver_watch_poll_t *poll)
{
    uint64_t                        low;
    ngx_uint_t                      i;
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    pserver_jsonrpc_block_t        *block;
    ngx_http_pserver_zone_watch_t  *watch;
    ngx_http_pserver_chain_news_t  *news;

    zone = ngx_http_pserver_zone(&shpool);
    news = &poll->news;

    ngx_shmtx_lock(&shpool->mutex);

    watch = ngx_http_pserver_watch_place(zone, shpool, poll->plcf);

    /* another worker may have thought that this one is dead */

    if (watch == NULL
        || watch->pid != ngx_pid
        || watch->number != poll->old.number
        || watch->blocks != poll->old.blocks)
    {
        goto done;
    }

    if (news->n) {
        ngx_http_pserver_chain_cache_news(zone, shpool, watch, news);
    }

    low = news->whole ? watch->number - watch->blocks + 1 : news->fork + 1;

    for (i = 0; i < news->n; i++) {
        block = &news->blocks[i];

        watch->hash[block->number % NGX_HTTP_PSERVER_ZONE_BLOCKS]
            = block->hash;
    }

    watch->number = news->fork + news->n;
    watch->blocks = ngx_min(watch->number - low + 1,
                            NGX_HTTP_PSERVER_ZONE_BLOCKS);
    watch->seen = poll->asked;

done:

    ngx_shmtx_unlock(&shpool->mutex);
}
