/*
 * Questions to the chain: who waits for what.
 *
 * Over all workers one flight at a time asks for one thing.  Who comes while
 * it is under way waits for it too, unless it needs a head that was asked for
 * later: then it waits for the next flight, which starts when this one is
 * over, with all who have come until then.
 *
 * Of a flight of another worker this one keeps a shadow, which has no
 * question: now and then it looks into the zone whether the flight has
 * landed, soon after the start often, later seldom, so that what it finds is
 * at most an eighth older than the flight took.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_zone.h"
#include "../core/abi.h"
#include "../core/account.h"
#include "../core/permission.h"


/* msec between two looks for flights of other workers */
#define NGX_HTTP_PSERVER_CHAIN_LOOK_MIN  1
#define NGX_HTTP_PSERVER_CHAIN_LOOK_MAX  50

/* msec that the flight which starts with a question has the last word */
#define NGX_HTTP_PSERVER_CHAIN_GRACE     50


static void ngx_http_pserver_chain_seek(ngx_http_pserver_chain_ask_t *ask);
static void ngx_http_pserver_chain_key(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_chain_ask_t *ask);
static ngx_uint_t ngx_http_pserver_chain_strange(
    ngx_http_pserver_chain_key_t *key);
static ngx_http_pserver_chain_flight_t *ngx_http_pserver_chain_find(
    ngx_http_pserver_chain_key_t *key);
static ngx_http_pserver_chain_flight_t *ngx_http_pserver_chain_start(
    ngx_http_pserver_chain_key_t *key, ngx_http_pserver_chain_ask_t *ask,
    ngx_http_pserver_chain_found_t *found, ngx_uint_t foreign);
static void ngx_http_pserver_chain_land(
    ngx_http_pserver_chain_flight_t *flight, ngx_int_t rc);
static ngx_http_pserver_chain_life_e ngx_http_pserver_chain_life(
    ngx_http_pserver_chain_flight_t *flight);
static void ngx_http_pserver_chain_close(
    ngx_http_pserver_chain_flight_t *flight, ngx_int_t rc,
    const pserver_facts_t *facts);
static ngx_http_pserver_chain_ask_t *ngx_http_pserver_chain_next(
    ngx_queue_t *queue);
static void ngx_http_pserver_chain_look(ngx_event_t *ev);
static void ngx_http_pserver_chain_look_again(void);
static void ngx_http_pserver_chain_event(ngx_event_t *ev);
static void ngx_http_pserver_chain_end(ngx_http_pserver_chain_ask_t *ask,
    const pserver_facts_t *facts);


/* of this process; initialized by the first use */
static ngx_queue_t        ngx_http_pserver_chain_flights;
static ngx_uint_t         ngx_http_pserver_chain_strangers;

static ngx_event_t        ngx_http_pserver_chain_look_event;
static ngx_connection_t   ngx_http_pserver_chain_look_dummy;
static ngx_msec_t         ngx_http_pserver_chain_looked;
static ngx_atomic_uint_t  ngx_http_pserver_chain_landings;


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
    ngx_memzero(&ask->event, sizeof(ngx_event_t));

    ask->event.handler = ngx_http_pserver_chain_event;
    ask->event.data = ask;
    ask->event.log = ngx_cycle->log;
    ask->flight = NULL;
    ask->set = NULL;
    ask->busy = 0;

    ngx_http_pserver_chain_seek(ask);

    if (ask->set) {
        ngx_http_pserver_count(chain_hits, 1);
        return;
    }

    ngx_http_pserver_count(chain_misses, 1);

    if (ask->flight) {
        ngx_add_timer(&ask->event, ask->plcf->chain_timeout
                                   + NGX_HTTP_PSERVER_CHAIN_GRACE);
    }
}


void
ngx_http_pserver_chain_cancel(ngx_http_pserver_chain_ask_t *ask)
{
    /* a flight goes on: what it brings is kept */

    if (ask->flight) {
        ngx_queue_remove(&ask->queue);
        ask->flight = NULL;
    }

    if (ask->event.timer_set) {
        ngx_del_timer(&ask->event);
    }

    if (ask->event.posted) {
        ngx_delete_posted_event(&ask->event);
    }

    if (ask->set) {
        ngx_http_pserver_chain_set_release(ask->set);
        ask->set = NULL;
    }
}


/* a set that holds, or a flight to wait for; else there was no memory */

static void
ngx_http_pserver_chain_seek(ngx_http_pserver_chain_ask_t *ask)
{
    ngx_int_t                         rc;
    ngx_uint_t                        full;
    ngx_queue_t                      *queue;
    ngx_http_pserver_chain_key_t      key;
    ngx_http_pserver_chain_found_t    found;
    ngx_http_pserver_chain_flight_t  *flight;

    ngx_http_pserver_chain_key(&key, ask);

    flight = ngx_http_pserver_chain_find(&key);

    full = flight == NULL
           && ngx_http_pserver_chain_strange(&key)
           && ngx_http_pserver_chain_strangers
              >= (ngx_uint_t) ask->plcf->chain_strangers;

    rc = ngx_http_pserver_chain_cache_find(&key, ask->plcf, ask->not_before,
                                           flight == NULL && !full, &found);

    if (rc == NGX_OK) {
        ask->set = found.set;
        goto post;
    }

    if (rc == NGX_ERROR) {
        goto post;
    }

    if (full) {
        ask->busy = 1;
        goto post;
    }

    if (flight == NULL) {
        flight = ngx_http_pserver_chain_start(&key, ask, &found,
                                              rc == NGX_AGAIN);
        if (flight == NULL) {
            goto post;
        }
    }

    queue = (flight->facts.observed > ask->not_before) ? &flight->waiters
                                                       : &flight->later;
    ask->flight = flight;
    ngx_queue_insert_tail(queue, &ask->queue);

    return;

post:

    if (ask->event.timer_set) {
        ngx_del_timer(&ask->event);
    }

    ngx_post_event(&ask->event, &ngx_posted_events);
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

    ngx_memzero(key, sizeof(ngx_http_pserver_chain_key_t));

    key->word = ask->word;
    key->configuration = pmcf->number;
    key->nodes = (uintptr_t) plcf->nodes;
    key->gateway = (uintptr_t) plcf->gateway_loc;
    key->https = (uintptr_t) plcf->https;
    key->owners = (uintptr_t) plcf->owners;
    key->chain_id = plcf->chain_id;
    key->kind = ask->kind;

    if (plcf->contracts) {
        key->contracts = *plcf->contracts;
    }

    if (ask->kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION
        && plcf->owners && plcf->owners->variable)
    {
        pserver_abi_address(&key->named, &ask->named);
    }
}


/* a question that anybody can put by signing something: there may be any
   number of different ones */

static ngx_uint_t
ngx_http_pserver_chain_strange(ngx_http_pserver_chain_key_t *key)
{
    return key->kind == NGX_HTTP_PSERVER_CHAIN_ACCOUNT
           || key->kind == NGX_HTTP_PSERVER_CHAIN_OWNER;
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
    ngx_http_pserver_chain_ask_t *ask, ngx_http_pserver_chain_found_t *found,
    ngx_uint_t foreign)
{
    ngx_pool_t                       *pool;
    ngx_http_pserver_chain_flight_t  *flight;

    flight = NULL;

    pool = ngx_create_pool(foreign ? 1024 : 16384, ngx_cycle->log);

    if (pool) {
        flight = ngx_pcalloc(pool, sizeof(ngx_http_pserver_chain_flight_t));
    }

    if (flight == NULL) {
        goto failed;
    }

    flight->key = *key;
    flight->number = found->number;
    flight->foreign = foreign;
    flight->plcf = ask->plcf;
    flight->named = ask->named;
    flight->pool = pool;
    flight->started = ngx_current_msec;
    flight->deadline = ngx_current_msec + ask->plcf->chain_timeout;
    flight->landed = ngx_http_pserver_chain_land;

    flight->facts.chain_id = key->chain_id;
    flight->facts.observed = found->asked;

    ngx_queue_init(&flight->waiters);
    ngx_queue_init(&flight->later);

    if (ask->call.len) {
        flight->call.len = ask->call.len;
        flight->call.data = ngx_pstrdup(pool, &ask->call);
        if (flight->call.data == NULL) {
            goto failed;
        }
    }

    if (!foreign && ngx_http_pserver_chain_fly(flight) != NGX_OK) {
        goto failed;
    }

    ngx_queue_insert_tail(&ngx_http_pserver_chain_flights, &flight->queue);

    ngx_http_pserver_chain_strangers += ngx_http_pserver_chain_strange(key);

    if (foreign) {
        ngx_http_pserver_chain_look_again();
    }

    return flight;

failed:

    if (!foreign) {
        (void) ngx_http_pserver_chain_cache_landed(key, found->number, NULL,
                                               NGX_HTTP_PSERVER_CHAIN_ONCE);
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }

    return NULL;
}


static void
ngx_http_pserver_chain_land(ngx_http_pserver_chain_flight_t *flight,
    ngx_int_t rc)
{
    pserver_facts_t  *facts;

    facts = &flight->facts;

    if (rc == NGX_OK && flight->key.kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION
        && pserver_facts_grant(facts) != PSERVER_OK)
    {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        facts = NULL;
        ngx_http_pserver_count(chain_errors, 1);
    }

    if (ngx_http_pserver_chain_cache_landed(&flight->key, flight->number,
                                        facts,
                                        facts
                                        ? ngx_http_pserver_chain_life(flight)
                                        : NGX_HTTP_PSERVER_CHAIN_ONCE))
    {
        ngx_http_pserver_audit_revoked(flight->plcf, &flight->named, facts);
    }

    ngx_http_pserver_chain_close(flight, rc, facts);
}


static ngx_http_pserver_chain_life_e
ngx_http_pserver_chain_life(ngx_http_pserver_chain_flight_t *flight)
{
    pserver_facts_t     *facts;
    pserver_verdict_t    verdict;
    pserver_question_t   question;

    static const pserver_word_t  zero;

    facts = &flight->facts;

    if (flight->no_grant) {
        return NGX_HTTP_PSERVER_CHAIN_ONCE;
    }

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_GRANTEE) {
        return ngx_memcmp(&facts->grantee_id, &zero, sizeof(zero)) == 0
               ? NGX_HTTP_PSERVER_CHAIN_NO : NGX_HTTP_PSERVER_CHAIN_YES;
    }

    /* of a no nothing is kept: anybody can ask for any number of them */

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_ACCOUNT) {
        return facts->account == PSERVER_ACCOUNT_REFUSES
               ? NGX_HTTP_PSERVER_CHAIN_ONCE : NGX_HTTP_PSERVER_CHAIN_YES;
    }

    /* where there is no key, its owner may be about to give it */

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_FILE_KEY) {
        return facts->box.len == 0
               ? NGX_HTTP_PSERVER_CHAIN_ONCE : NGX_HTTP_PSERVER_CHAIN_YES;
    }

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_ANCHOR) {
        return NGX_HTTP_PSERVER_CHAIN_ONCE;
    }

    if (flight->key.kind == NGX_HTTP_PSERVER_CHAIN_OWNER) {
        return facts->trust == PSERVER_FACTS_NOT_TRUSTED
               ? NGX_HTTP_PSERVER_CHAIN_ONCE : NGX_HTTP_PSERVER_CHAIN_YES;
    }

    if (facts->trust == PSERVER_FACTS_NOT_TRUSTED) {
        return NGX_HTTP_PSERVER_CHAIN_NO;
    }

    /* the best that anybody could hope for */

    ngx_memzero(&question, sizeof(pserver_question_t));

    question.app = facts->grantee;
    question.now = ngx_time();
    question.served = 1;

    pserver_permission_decide(PSERVER_DECIDE_AGAIN, facts, &question,
                              &verdict);

    if (verdict.reason != PSERVER_ALLOWED) {
        return NGX_HTTP_PSERVER_CHAIN_NO;
    }

    /* a trust that ends has no log that is watched */

    return facts->trust == PSERVER_FACTS_TRUSTED
           ? NGX_HTTP_PSERVER_CHAIN_YES : NGX_HTTP_PSERVER_CHAIN_WATCHED;
}


/* NGX_DECLINED: whoever waits has to ask again */

static void
ngx_http_pserver_chain_close(ngx_http_pserver_chain_flight_t *flight,
    ngx_int_t rc, const pserver_facts_t *facts)
{
    ngx_http_pserver_chain_ask_t  *ask;

    ngx_queue_remove(&flight->queue);

    ngx_http_pserver_chain_strangers
        -= ngx_http_pserver_chain_strange(&flight->key);

    while ((ask = ngx_http_pserver_chain_next(&flight->later))) {
        ngx_http_pserver_chain_seek(ask);
    }

    /* a handler may ask again, and cancel others that wait here */

    while ((ask = ngx_http_pserver_chain_next(&flight->waiters))) {

        if (rc == NGX_DECLINED) {
            ngx_http_pserver_chain_seek(ask);

        } else {
            ngx_http_pserver_chain_end(ask, facts);
        }
    }

    pserver_facts_free(&flight->facts);

    ngx_destroy_pool(flight->pool);
}


static ngx_http_pserver_chain_ask_t *
ngx_http_pserver_chain_next(ngx_queue_t *queue)
{
    ngx_queue_t                   *q;
    ngx_http_pserver_chain_ask_t  *ask;

    if (ngx_queue_empty(queue)) {
        return NULL;
    }

    q = ngx_queue_head(queue);
    ngx_queue_remove(q);

    ask = ngx_queue_data(q, ngx_http_pserver_chain_ask_t, queue);
    ask->flight = NULL;

    return ask;
}


/* flights of other workers */

static void
ngx_http_pserver_chain_look(ngx_event_t *ev)
{
    ngx_int_t                         rc;
    ngx_queue_t                      *q, *next;
    ngx_atomic_uint_t                 landings;
    ngx_http_pserver_chain_set_t     *set;
    ngx_http_pserver_chain_flight_t  *flight;

    /* without a landing there is at most a worker that died */

    landings = ngx_http_pserver_zone(NULL)->landings;

    if (landings == ngx_http_pserver_chain_landings
        && ngx_current_msec - ngx_http_pserver_chain_looked
           < NGX_HTTP_PSERVER_CHAIN_LOOK_MAX)
    {
        ngx_http_pserver_chain_look_again();
        return;
    }

    ngx_http_pserver_chain_landings = landings;
    ngx_http_pserver_chain_looked = ngx_current_msec;

    for (q = ngx_queue_head(&ngx_http_pserver_chain_flights);
         q != ngx_queue_sentinel(&ngx_http_pserver_chain_flights);
         q = next)
    {
        next = ngx_queue_next(q);

        flight = ngx_queue_data(q, ngx_http_pserver_chain_flight_t, queue);

        if (!flight->foreign) {
            continue;
        }

        if (ngx_queue_empty(&flight->waiters)
            && ngx_queue_empty(&flight->later))
        {
            ngx_http_pserver_chain_close(flight, NGX_ERROR, NULL);
            continue;
        }

        set = NULL;
        rc = ngx_http_pserver_chain_cache_await(&flight->key, flight->number,
                                                &set);
        if (rc != NGX_AGAIN) {
            ngx_http_pserver_chain_close(flight, rc, set ? &set->facts : NULL);
        }

        if (set) {
            ngx_http_pserver_chain_set_release(set);
        }
    }

    ngx_http_pserver_chain_look_again();
}


static void
ngx_http_pserver_chain_look_again(void)
{
    ngx_msec_t                        wait;
    ngx_queue_t                      *q;
    ngx_event_t                      *ev;
    ngx_http_pserver_chain_flight_t  *flight;

    wait = NGX_TIMER_INFINITE;

    for (q = ngx_queue_head(&ngx_http_pserver_chain_flights);
         q != ngx_queue_sentinel(&ngx_http_pserver_chain_flights);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_http_pserver_chain_flight_t, queue);

        if (flight->foreign) {
            wait = ngx_min(wait, (ngx_current_msec - flight->started) / 8);
        }
    }

    if (wait == NGX_TIMER_INFINITE) {
        return;
    }

    wait = ngx_max(wait, NGX_HTTP_PSERVER_CHAIN_LOOK_MIN);
    wait = ngx_min(wait, NGX_HTTP_PSERVER_CHAIN_LOOK_MAX);

    ev = &ngx_http_pserver_chain_look_event;

    ev->handler = ngx_http_pserver_chain_look;
    ev->data = &ngx_http_pserver_chain_look_dummy;
    ev->log = ngx_cycle->log;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, wait);
}


/* a set that was kept, no memory to ask, or the time is over */

static void
ngx_http_pserver_chain_event(ngx_event_t *ev)
{
    ngx_http_pserver_chain_ask_t  *ask;
    ngx_http_pserver_chain_set_t  *set;

    ask = ev->data;
    set = ask->set;

    if (ask->flight) {
        ngx_queue_remove(&ask->queue);
        ask->flight = NULL;
    }

    if (set == NULL) {
        ngx_http_pserver_count(chain_errors, 1);
        ask->handler(ask->data, NULL);
        return;
    }

    ask->set = NULL;
    ask->handler(ask->data, &set->facts);

    ngx_http_pserver_chain_set_release(set);
}


static void
ngx_http_pserver_chain_end(ngx_http_pserver_chain_ask_t *ask,
    const pserver_facts_t *facts)
{
    if (ask->event.timer_set) {
        ngx_del_timer(&ask->event);
    }

    ask->handler(ask->data, facts);
}
