/*
 * The warm pool: worker 0 tends it.
 */


#include "ngx_http_pserver_warm.h"
#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_lease.h"
#include "ngx_http_pserver_thread.h"

#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_WARM_TEND    100
#define NGX_HTTP_PSERVER_WARM_PAUSE   5000       /* after a failure */
#define NGX_HTTP_PSERVER_WARM_STILL   300        /* after a claim */

/* calls at a time: jobs come first */
#define NGX_HTTP_PSERVER_WARM_CALLS   2

/* msec that a worker which quits waits for the next one's, before it takes
   that for the end of nginx; and how long it then removes */
#define NGX_HTTP_PSERVER_WARM_SUCCESSOR  500
#define NGX_HTTP_PSERVER_WARM_DRAIN      10000


/* what is wanted: of an operation at an engine */

typedef struct {
    ngx_http_pserver_engine_t       *engine;
    ngx_http_pserver_operation_t    *operation;
    ngx_http_pserver_loc_conf_t     *plcf;
    u_char                           key[NGX_HTTP_PSERVER_WARM_KEY];
    u_char                           instance[NGX_HTTP_PSERVER_INSTANCE_LEN];
    ngx_uint_t                       n;          /* that there are */
    ngx_msec_t                       pause;      /* no new ones before then */
} ngx_http_pserver_warm_pool_t;


/* a container that is made, or removed */

typedef struct {
    ngx_http_pserver_warm_t         *warm;
    ngx_http_pserver_engine_t       *engine;
    ngx_http_pserver_warm_pool_t    *pool;       /* NULL: it is removed */
    u_char                           hex[PSERVER_CONTAINER_JOB_LEN];
} ngx_http_pserver_warm_call_t;


static ngx_int_t ngx_http_pserver_warm_pools_create(ngx_cycle_t *cycle,
    ngx_http_pserver_main_conf_t *pmcf);
static void ngx_http_pserver_warm_instances(void *data);
static void ngx_http_pserver_warm_known(void *data);
static void ngx_http_pserver_warm_tend(ngx_event_t *ev);
static void ngx_http_pserver_warm_count(void);
static ngx_uint_t ngx_http_pserver_warm_drain(void);
static void ngx_http_pserver_warm_make(ngx_http_pserver_warm_pool_t *pool);
static void ngx_http_pserver_warm_drop(void);
static ngx_http_pserver_warm_call_t *ngx_http_pserver_warm_call(
    ngx_http_pserver_warm_t *warm, ngx_http_pserver_engine_t *engine,
    ngx_http_pserver_warm_pool_t *pool);
static void ngx_http_pserver_warm_send(ngx_http_pserver_warm_call_t *call,
    ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_warm_created(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_warm_examined(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_warm_started(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_warm_failed(ngx_http_pserver_exchange_t *ex,
    const char *action);
static void ngx_http_pserver_warm_remove(ngx_http_pserver_warm_call_t *call);
static void ngx_http_pserver_warm_removed(ngx_http_pserver_exchange_t *ex);
static void ngx_http_pserver_warm_end(ngx_http_pserver_warm_call_t *call,
    ngx_http_pserver_warm_state_e state);


/* of this process */

static ngx_http_pserver_warm_pool_t  *ngx_http_pserver_warm_pools;
static ngx_uint_t                     ngx_http_pserver_warm_npools;
static ngx_uint_t                     ngx_http_pserver_warm_ready;
static ngx_uint_t                     ngx_http_pserver_warm_calls;
static ngx_msec_t                     ngx_http_pserver_warm_quit;
static ngx_event_t                    ngx_http_pserver_warm_timer;
static ngx_connection_t               ngx_http_pserver_warm_dummy;


ngx_int_t
ngx_http_pserver_warm_init_process(ngx_cycle_t *cycle)
{
    ngx_event_t                   *ev;
    ngx_http_pserver_zone_t       *zone;
    ngx_http_pserver_main_conf_t  *pmcf;

    if ((ngx_process != NGX_PROCESS_WORKER
         && ngx_process != NGX_PROCESS_SINGLE)
        || ngx_worker != 0)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);

    if (pmcf->zone == NULL) {
        return NGX_OK;
    }

    zone = ngx_http_pserver_zone(NULL);

    if (zone->warm == NULL) {
        return NGX_OK;
    }

    zone->warm->number = pmcf->number;

    if (ngx_http_pserver_warm_pools_create(cycle, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_pserver_warm_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_warm_timer;

    /* not cancelable: the worker does not quit before it was called */

    ev->handler = ngx_http_pserver_warm_tend;
    ev->data = &ngx_http_pserver_warm_dummy;
    ev->log = cycle->log;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_WARM_TEND);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_warm_pools_create(ngx_cycle_t *cycle,
    ngx_http_pserver_main_conf_t *pmcf)
{
    ngx_uint_t                       i, j, k, n;
    ngx_http_pserver_engine_t       *engine;
    ngx_http_pserver_loc_conf_t    **plcf;
    ngx_http_pserver_operation_t   **op;
    ngx_http_pserver_warm_pool_t    *pool;

    plcf = pmcf->computes.elts;

    for (n = 0, i = 0; i < pmcf->computes.nelts; i++) {
        n += plcf[i]->operations->nelts * plcf[i]->engines->nelts;
    }

    pool = ngx_pcalloc(cycle->pool,
                       ngx_max(n, 1) * sizeof(ngx_http_pserver_warm_pool_t));
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pserver_warm_pools = pool;

    for (i = 0; i < pmcf->computes.nelts; i++) {
        op = plcf[i]->operations->elts;
        engine = plcf[i]->engines->elts;

        for (k = 0; k < plcf[i]->operations->nelts; k++) {

            if (op[k]->warm == 0) {
                continue;
            }

            for (j = 0; j < plcf[i]->engines->nelts; j++) {
                pool->engine = &engine[j];
                pool->operation = op[k];
                pool->plcf = plcf[i];
                pool++;
            }
        }
    }

    ngx_http_pserver_warm_npools = pool - ngx_http_pserver_warm_pools;

    return NGX_OK;
}


/* in a thread, once */

static void
ngx_http_pserver_warm_instances(void *data)
{
    ngx_uint_t                    *known = data;

    ngx_err_t                      err;
    ngx_uint_t                     i;
    ngx_http_pserver_warm_pool_t  *pool;

    *known = 1;

    for (i = 0; i < ngx_http_pserver_warm_npools; i++) {
        pool = &ngx_http_pserver_warm_pools[i];

        if (ngx_http_pserver_instance(pool->plcf->store.data, pool->instance,
                                      &err)
            != NGX_OK
            || ngx_http_pserver_warm_key(pool->key, pool->engine,
                                         &pool->operation->container,
                                         pool->instance)
               != NGX_OK)
        {
            *known = 0;
        }
    }
}


static void
ngx_http_pserver_warm_known(void *data)
{
    ngx_uint_t  *known = data;

    ngx_http_pserver_warm_ready = *known;

    ngx_add_timer(&ngx_http_pserver_warm_timer,
                  *known ? NGX_HTTP_PSERVER_WARM_TEND
                         : NGX_HTTP_PSERVER_WARM_PAUSE);
}


static void
ngx_http_pserver_warm_tend(ngx_event_t *ev)
{
    ngx_uint_t                     i, still;
    ngx_http_pserver_warm_pool_t  *pool;

    static ngx_uint_t  known;

    if (ngx_exiting) {

        if (ngx_http_pserver_warm_drain()) {
            ngx_http_pserver_warm_drop();
            ngx_add_timer(ev, NGX_HTTP_PSERVER_WARM_TEND);
        }

        return;
    }

    if (!ngx_http_pserver_warm_ready) {

        if (ngx_http_pserver_thread_run(ngx_http_pserver_warm_instances,
                                        ngx_http_pserver_warm_known, &known)
            != NGX_OK)
        {
            ngx_add_timer(ev, NGX_HTTP_PSERVER_WARM_PAUSE);
        }

        return;
    }

    ngx_http_pserver_warm_count();
    ngx_http_pserver_warm_drop();

    /* not beside a job that has just begun */

    still = ngx_http_pserver_chain_now()
            - ngx_http_pserver_zone(NULL)->warm->claimed
            >= NGX_HTTP_PSERVER_WARM_STILL;

    for (i = 0; i < ngx_http_pserver_warm_npools; i++) {
        pool = &ngx_http_pserver_warm_pools[i];

        if (pool->n < pool->operation->warm
            && (ngx_msec_int_t) (ngx_current_msec - pool->pause) >= 0
            && (pool->n == 0 || still)
            && ngx_http_pserver_warm_calls < NGX_HTTP_PSERVER_WARM_CALLS)
        {
            ngx_http_pserver_warm_make(pool);
        }
    }

    ngx_add_timer(ev, NGX_HTTP_PSERVER_WARM_TEND);
}


/*
 * A worker that quits: 1: it goes on, because it is the end of nginx and
 * there are containers; 0: the pool is its successor's, or empty.
 */

static ngx_uint_t
ngx_http_pserver_warm_drain(void)
{
    uint64_t                       number;
    ngx_uint_t                     i, left;
    ngx_msec_t                     past;
    ngx_http_pserver_warm_t       *warm;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    if (ngx_http_pserver_warm_quit == 0) {
        ngx_http_pserver_warm_quit = ngx_current_msec;
    }

    past = ngx_current_msec - ngx_http_pserver_warm_quit;

    warm = ngx_http_pserver_warm_table();
    number = ngx_http_pserver_zone(NULL)->warm->number;

    for (left = 0, i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++, warm++) {

        if (warm->state == NGX_HTTP_PSERVER_WARM_FREE) {
            continue;
        }

        left++;

        if (number == pmcf->number
            && past >= NGX_HTTP_PSERVER_WARM_SUCCESSOR
            && warm->state == NGX_HTTP_PSERVER_WARM_READY)
        {
            warm->state = NGX_HTTP_PSERVER_WARM_UNWANTED;
        }
    }

    ngx_http_pserver_warm_unlock();

    return left && number == pmcf->number
           && past < NGX_HTTP_PSERVER_WARM_DRAIN;
}


/* what there is, and what is not wanted of it */

static void
ngx_http_pserver_warm_count(void)
{
    ngx_uint_t                     i, k;
    ngx_http_pserver_warm_t       *warm;
    ngx_http_pserver_warm_pool_t  *pool;

    for (k = 0; k < ngx_http_pserver_warm_npools; k++) {
        ngx_http_pserver_warm_pools[k].n = 0;
    }

    warm = ngx_http_pserver_warm_table();

    for (i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++, warm++) {

        switch (warm->state) {

        case NGX_HTTP_PSERVER_WARM_MAKING:
        case NGX_HTTP_PSERVER_WARM_CLAIMED:
        case NGX_HTTP_PSERVER_WARM_LEAVING:

            if (warm->pid != ngx_pid
                && kill(warm->pid, 0) == -1 && ngx_errno == NGX_ESRCH)
            {
                warm->state = NGX_HTTP_PSERVER_WARM_UNWANTED;
            }

            break;

        default: /* FREE, READY, UNWANTED */
            break;
        }

        if (warm->state != NGX_HTTP_PSERVER_WARM_MAKING
            && warm->state != NGX_HTTP_PSERVER_WARM_READY)
        {
            continue;
        }

        for (k = 0; k < ngx_http_pserver_warm_npools; k++) {
            pool = &ngx_http_pserver_warm_pools[k];

            if (ngx_memcmp(pool->key, warm->key, NGX_HTTP_PSERVER_WARM_KEY)
                == 0)
            {
                break;
            }
        }

        if (k < ngx_http_pserver_warm_npools
            && pool->n < pool->operation->warm)
        {
            pool->n++;

        } else if (warm->state == NGX_HTTP_PSERVER_WARM_READY) {
            warm->state = NGX_HTTP_PSERVER_WARM_UNWANTED;
        }
    }

    ngx_http_pserver_warm_unlock();
}


static void
ngx_http_pserver_warm_make(ngx_http_pserver_warm_pool_t *pool)
{
    u_char                         id[PSERVER_CONTAINER_JOB_LEN / 2];
    ngx_uint_t                     i;
    ngx_http_pserver_warm_t       *warm;
    ngx_http_pserver_warm_call_t  *call;

    randombytes_buf(id, sizeof(id));

    warm = ngx_http_pserver_warm_table();

    for (i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++, warm++) {

        if (warm->state == NGX_HTTP_PSERVER_WARM_FREE) {
            warm->state = NGX_HTTP_PSERVER_WARM_MAKING;
            warm->pid = ngx_pid;
            warm->engine = pool->engine->id;

            ngx_memcpy(warm->key, pool->key, NGX_HTTP_PSERVER_WARM_KEY);
            (void) pserver_hex_encode(warm->hex, id, sizeof(id));
            break;
        }
    }

    ngx_http_pserver_warm_unlock();

    if (i == NGX_HTTP_PSERVER_WARM_MAX) {
        return;
    }

    call = ngx_http_pserver_warm_call(warm, pool->engine, pool);

    if (call) {
        pool->n++;

        ngx_http_pserver_warm_send(call,
                     ngx_http_pserver_engine_create(call->engine,
                                            &pool->operation->container,
                                            call->hex, pool->instance,
                                            ngx_http_pserver_warm_created,
                                            call));
    }
}


/* removes what is not wanted */

static void
ngx_http_pserver_warm_drop(void)
{
    ngx_uint_t                      i, k;
    ngx_http_pserver_warm_t        *warm;
    ngx_http_pserver_engine_t     **engine;
    ngx_http_pserver_warm_call_t   *call;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    engine = pmcf->engines.elts;

    for (i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++) {

        if (ngx_http_pserver_warm_calls >= NGX_HTTP_PSERVER_WARM_CALLS) {
            return;
        }

        warm = ngx_http_pserver_warm_table() + i;

        if (warm->state != NGX_HTTP_PSERVER_WARM_UNWANTED) {
            ngx_http_pserver_warm_unlock();
            continue;
        }

        /* one of an engine that is not there any more is forgotten */

        for (k = 0; k < pmcf->engines.nelts; k++) {
            if (engine[k]->id == warm->engine) {
                break;
            }
        }

        warm->pid = ngx_pid;
        warm->state = (k < pmcf->engines.nelts)
                      ? NGX_HTTP_PSERVER_WARM_LEAVING
                      : NGX_HTTP_PSERVER_WARM_FREE;

        ngx_http_pserver_warm_unlock();

        if (k < pmcf->engines.nelts) {
            call = ngx_http_pserver_warm_call(warm, engine[k], NULL);

            if (call) {
                ngx_http_pserver_warm_remove(call);
            }
        }
    }
}


static ngx_http_pserver_warm_call_t *
ngx_http_pserver_warm_call(ngx_http_pserver_warm_t *warm,
    ngx_http_pserver_engine_t *engine, ngx_http_pserver_warm_pool_t *pool)
{
    ngx_http_pserver_warm_call_t  *call;

    call = ngx_calloc(sizeof(ngx_http_pserver_warm_call_t), ngx_cycle->log);

    if (call == NULL) {
        ngx_http_pserver_warm_release(warm, 0);
        return NULL;
    }

    call->warm = warm;
    call->engine = engine;
    call->pool = pool;
    ngx_memcpy(call->hex, warm->hex, PSERVER_CONTAINER_JOB_LEN);

    ngx_http_pserver_warm_calls++;

    return call;
}


static void
ngx_http_pserver_warm_send(ngx_http_pserver_warm_call_t *call,
    ngx_http_pserver_exchange_t *ex)
{
    if (ex == NULL) {
        ngx_http_pserver_warm_end(call, NGX_HTTP_PSERVER_WARM_UNWANTED);
        return;
    }

    ngx_http_pserver_exchange_send(ex);
}


static void
ngx_http_pserver_warm_created(ngx_http_pserver_exchange_t *ex)
{
    u_char                         id[PSERVER_CONTAINER_ID_LEN];
    ngx_http_pserver_warm_call_t  *call = ex->data;

    if (!ngx_http_pserver_engine_said(ex, NGX_HTTP_CREATED)
        || pserver_container_created(ex->answer.data, ex->answer.len, id)
           != PSERVER_OK)
    {
        ngx_http_pserver_warm_failed(ex, "create");
        return;
    }

    ngx_http_pserver_warm_send(call,
                 ngx_http_pserver_engine_call(call->engine, NGX_HTTP_GET,
                                              call->hex, "/json",
                                              ngx_http_pserver_warm_examined,
                                              call));
}


static void
ngx_http_pserver_warm_examined(ngx_http_pserver_exchange_t *ex)
{
    pserver_container_state_t      state;
    ngx_http_pserver_warm_call_t  *call = ex->data;

    if (!ngx_http_pserver_engine_said(ex, NGX_HTTP_OK)
        || pserver_container_inspected(ex->answer.data, ex->answer.len,
                                       &state)
           != PSERVER_OK
        || state.volumes)
    {
        ngx_http_pserver_warm_failed(ex, "inspect");
        return;
    }

    ngx_http_pserver_warm_send(call,
                 ngx_http_pserver_engine_call(call->engine, NGX_HTTP_POST,
                                              call->hex, "/start",
                                              ngx_http_pserver_warm_started,
                                              call));
}


static void
ngx_http_pserver_warm_started(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_warm_call_t  *call = ex->data;

    if (!ngx_http_pserver_engine_said(ex, NGX_HTTP_NO_CONTENT)) {
        ngx_http_pserver_warm_failed(ex, "start");
        return;
    }

    ngx_http_pserver_warm_end(call, NGX_HTTP_PSERVER_WARM_READY);
}


/* whatever came of it is removed, and the engine is left alone for a while */

static void
ngx_http_pserver_warm_failed(ngx_http_pserver_exchange_t *ex,
    const char *action)
{
    ngx_http_pserver_warm_call_t  *call = ex->data;

    ngx_http_pserver_engine_failed(ex, call->hex, action);

    call->pool->pause = ngx_current_msec + NGX_HTTP_PSERVER_WARM_PAUSE;

    ngx_http_pserver_warm_remove(call);
}


static void
ngx_http_pserver_warm_remove(ngx_http_pserver_warm_call_t *call)
{
    ngx_http_pserver_warm_send(call,
                 ngx_http_pserver_engine_remove(call->engine, call->hex,
                                                ngx_http_pserver_warm_removed,
                                                call));
}


static void
ngx_http_pserver_warm_removed(ngx_http_pserver_exchange_t *ex)
{
    ngx_http_pserver_warm_call_t  *call = ex->data;

    /* one that an engine which is away has is the reaper's */

    if (!ngx_http_pserver_engine_removed(ex)) {
        ngx_http_pserver_engine_failed(ex, call->hex, "remove");
    }

    ngx_http_pserver_warm_end(call, NGX_HTTP_PSERVER_WARM_FREE);
}


static void
ngx_http_pserver_warm_end(ngx_http_pserver_warm_call_t *call,
    ngx_http_pserver_warm_state_e state)
{
    (void) ngx_http_pserver_warm_table();

    call->warm->state = state;

    ngx_http_pserver_warm_unlock();

    ngx_http_pserver_warm_calls--;

    ngx_free(call);
}
