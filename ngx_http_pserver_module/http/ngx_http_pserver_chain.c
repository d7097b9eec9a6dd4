/*
 * Questions to the chain: who waits for what.
 *
 * In a worker one flight at a time asks for one thing.  Who comes while it
 * is under way waits for it too, unless it needs a head that was asked for
 * later: then it waits for the next flight, which starts when this one is
 * over, with all who have come until then.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_zone.h"
#include "../core/permission.h"


static ngx_http_pserver_chain_flight_t *ngx_http_pserver_chain_find(
    ngx_http_pserver_chain_key_t *key);
static ngx_http_pserver_chain_flight_t *ngx_http_pserver_chain_start(
    ngx_http_pserver_chain_key_t *key, ngx_http_pserver_loc_conf_t *plcf);
static void ngx_http_pserver_chain_wait(ngx_http_pserver_chain_ask_t *ask,
    ngx_http_pserver_chain_flight_t *flight, ngx_queue_t *queue);
static void ngx_http_pserver_chain_key(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_chain_ask_t *ask);
static void ngx_http_pserver_chain_land(
    ngx_http_pserver_chain_flight_t *flight, ngx_int_t rc);
static void ngx_http_pserver_chain_keep(
    ngx_http_pserver_chain_flight_t *flight);
static void ngx_http_pserver_chain_post(ngx_http_pserver_chain_ask_t *ask);
static void ngx_http_pserver_chain_event(ngx_event_t *ev);


/* of this process; initialized by the first use */
static ngx_queue_t  ngx_http_pserver_chain_flights;


uint64_t
ngx_http_pserver_chain_moment(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


uint64_t
ngx_http_pserver_chain_now(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
}


void
ngx_http_pserver_chain_ask(ngx_http_pserver_chain_ask_t *ask)
{
    ngx_http_pserver_chain_key_t      key;
    ngx_http_pserver_loc_conf_t      *plcf;
    ngx_http_pserver_chain_flight_t  *flight;

    plcf = ask->plcf;

    ngx_memzero(&ask->event, sizeof(ngx_event_t));

    ask->event.handler = ngx_http_pserver_chain_event;
    ask->event.data = ask;
    ask->event.log = ngx_cycle->log;
    ask->flight = NULL;
    ask->set = NULL;

    ngx_http_pserver_chain_key(&key, ask);

    ask->set = ngx_http_pserver_chain_cache_get(&key, plcf->chain_valid,
                                                ask->not_before, &ask->len);

    if (ask->set) {
        ngx_http_pserver_count(chain_hits, 1);
        ngx_http_pserver_chain_post(ask);
        return;
    }

    ngx_http_pserver_count(chain_misses, 1);

    flight = ngx_http_pserver_chain_find(&key);

    if (flight && ask->not_before
        && flight->facts.observed <= ask->not_before)
    {
        ngx_http_pserver_chain_wait(ask, flight, &flight->later);
        return;
    }

    if (flight == NULL) {
        flight = ngx_http_pserver_chain_start(&key, plcf);
    }

    if (flight == NULL) {
        ngx_http_pserver_chain_post(ask);
        return;
    }

    ngx_http_pserver_chain_wait(ask, flight, &flight->waiters);
}


void
ngx_http_pserver_chain_cancel(ngx_http_pserver_chain_ask_t *ask)
{
    /* a flight goes on: what it brings is kept */

    if (ask->flight) {
        ngx_queue_remove(&ask->queue);
        ask->flight = NULL;
    }

    if (ask->event.posted) {
        ngx_delete_posted_event(&ask->event);
    }

    if (ask->set) {
        ngx_free(ask->set);
        ask->set = NULL;
    }
}


/*
 * Two locations may know the same chain through other nodes, or take other
 * grant files.
 */

static void
ngx_http_pserver_chain_key(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_chain_ask_t *ask)
{
    ngx_http_pserver_loc_conf_t   *plcf;
    ngx_http_pserver_main_conf_t  *pmcf;

    plcf = ask->plcf;
    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    key->configuration = pmcf->number;
    key->nodes = (uintptr_t) plcf->chain_loc;
    key->gateway = (uintptr_t) plcf->gateway_loc;
    key->https = (uintptr_t) plcf->https;
    key->owners = (uintptr_t) plcf->owners;
    key->chain_id = plcf->chain_id;
    key->kind = ask->kind;
    key->contracts = *plcf->contracts;
    key->word = ask->word;
}


static ngx_http_pserver_chain_flight_t *
ngx_http_pserver_chain_find(ngx_http_pserver_chain_key_t *key)
{
    ngx_queue_t                      *q;
    ngx_http_pserver_chain_flight_t  *flight;

    if (ngx_http_pserver_chain_flights.next == NULL) {
        ngx_queue_init(&ngx_http_pserver_chain_flights);
    }

    for (q = ngx_queue_head(&ngx_http_pserver_chain_flights);
         q != ngx_queue_sentinel(&ngx_http_pserver_chain_flights);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_http_pserver_chain_flight_t, queue);

        if (ngx_memcmp(&flight->key, key,
                       sizeof(ngx_http_pserver_chain_key_t))
            == 0)
        {
            return flight;
        }
    }

    return NULL;
}


static ngx_http_pserver_chain_flight_t *
ngx_http_pserver_chain_start(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_loc_conf_t *plcf)
{
    ngx_pool_t                       *pool;
    ngx_http_pserver_chain_flight_t  *flight;

    pool = ngx_create_pool(16384, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    flight = ngx_pcalloc(pool, sizeof(ngx_http_pserver_chain_flight_t));
    if (flight == NULL) {
        goto failed;
    }

    flight->key = *key;
    flight->plcf = plcf;
    flight->pool = pool;
    flight->deadline = ngx_current_msec + plcf->chain_timeout;
    flight->landed = ngx_http_pserver_chain_land;

    flight->facts.chain_id = key->chain_id;
    flight->facts.observed = ngx_http_pserver_chain_moment();

    ngx_queue_init(&flight->waiters);
    ngx_queue_init(&flight->later);

    if (ngx_http_pserver_chain_fly(flight) != NGX_OK) {
        goto failed;
    }

    ngx_queue_insert_tail(&ngx_http_pserver_chain_flights, &flight->queue);

    return flight;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


static void
ngx_http_pserver_chain_wait(ngx_http_pserver_chain_ask_t *ask,
    ngx_http_pserver_chain_flight_t *flight, ngx_queue_t *queue)
{
    ask->flight = flight;
    ngx_queue_insert_tail(queue, &ask->queue);
}


static void
ngx_http_pserver_chain_land(ngx_http_pserver_chain_flight_t *flight,
    ngx_int_t rc)
{
    ngx_uint_t                        whole;
    ngx_queue_t                      *q;
    ngx_http_pserver_chain_ask_t     *ask;
    ngx_http_pserver_chain_flight_t  *next;

    whole = (rc == NGX_OK);

    if (whole && flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION
        && pserver_facts_grant(&flight->facts) != PSERVER_OK)
    {
        whole = 0;
    }

    if (whole) {
        ngx_http_pserver_chain_keep(flight);

    } else {
        ngx_http_pserver_count(chain_errors, 1);
    }

    ngx_queue_remove(&flight->queue);

    next = NULL;

    if (!ngx_queue_empty(&flight->later)) {
        next = ngx_http_pserver_chain_start(&flight->key, flight->plcf);
    }

    while (!ngx_queue_empty(&flight->later)) {
        q = ngx_queue_head(&flight->later);
        ask = ngx_queue_data(q, ngx_http_pserver_chain_ask_t, queue);

        ngx_queue_remove(q);
        ask->flight = NULL;

        if (next) {
            ngx_http_pserver_chain_wait(ask, next, &next->waiters);

        } else {
            ngx_http_pserver_chain_post(ask);
        }
    }

    /* a handler may ask again, and cancel others that wait here */

    while (!ngx_queue_empty(&flight->waiters)) {
        q = ngx_queue_head(&flight->waiters);
        ask = ngx_queue_data(q, ngx_http_pserver_chain_ask_t, queue);

        ngx_queue_remove(q);
        ask->flight = NULL;

        ask->handler(ask->data, whole ? &flight->facts : NULL);
    }

    pserver_facts_free(&flight->facts);

    ngx_destroy_pool(flight->pool);
}


static void
ngx_http_pserver_chain_keep(ngx_http_pserver_chain_flight_t *flight)
{
    ngx_uint_t           no;
    pserver_facts_t     *facts;
    pserver_verdict_t    verdict;
    pserver_question_t   question;

    static const pserver_word_t  zero;

    facts = &flight->facts;

    if (flight->no_grant) {
        return;
    }

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_GRANTEE) {
        no = ngx_memcmp(&facts->grantee_id, &zero, sizeof(zero)) == 0;
        ngx_http_pserver_chain_cache_put(&flight->key, facts, no);
        return;
    }

    /* the best that anybody could hope for */

    ngx_memzero(&question, sizeof(pserver_question_t));

    question.app = facts->grantee;
    question.now = ngx_time();
    question.served = 1;

    pserver_permission_decide_again(facts, &question, &verdict);

    no = (verdict.reason != PSERVER_ALLOWED);
    ngx_http_pserver_chain_cache_put(&flight->key, facts, no);
}


static void
ngx_http_pserver_chain_post(ngx_http_pserver_chain_ask_t *ask)
{
    ngx_post_event(&ask->event, &ngx_posted_events);
}


/* a set that was kept; or there was no memory to ask */

static void
ngx_http_pserver_chain_event(ngx_event_t *ev)
{
    u_char                        *set;
    pserver_facts_t                facts;
    ngx_http_pserver_chain_ask_t  *ask;

    ask = ev->data;

    set = ask->set;
    ask->set = NULL;

    if (set == NULL) {
        ngx_http_pserver_count(chain_errors, 1);
        ask->handler(ask->data, NULL);
        return;
    }

    if (pserver_facts_unpack(set, ask->len, &facts) != PSERVER_OK) {
        ngx_free(set);
        ask->handler(ask->data, NULL);
        return;
    }

    ask->handler(ask->data, &facts);

    pserver_facts_free(&facts);
    ngx_free(set);
}
