/*
 * Clients that wait for the end of a job.
 */


#include "ngx_http_pserver_wait.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_zone.h"


#define NGX_HTTP_PSERVER_WAIT_LOOK  50           /* msec */


static ngx_uint_t ngx_http_pserver_wait_over(ngx_http_pserver_wait_t *wait);
static void ngx_http_pserver_wait_look(ngx_event_t *ev);
static ngx_uint_t ngx_http_pserver_wait_parse(ngx_str_t *value);


/* of this process */

static ngx_queue_t       ngx_http_pserver_waiters;
static ngx_event_t       ngx_http_pserver_wait_timer;
static ngx_connection_t  ngx_http_pserver_wait_dummy;


void
ngx_http_pserver_wait_note(ngx_http_pserver_wait_t *wait)
{
    wait->since = ngx_http_pserver_zone(NULL)->ended;
}


void
ngx_http_pserver_wait_start(ngx_http_pserver_wait_t *wait)
{
    ngx_event_t  *ev;

    ev = &ngx_http_pserver_wait_timer;

    if (ngx_http_pserver_waiters.next == NULL) {
        ngx_queue_init(&ngx_http_pserver_waiters);

        ngx_http_pserver_wait_dummy.fd = (ngx_socket_t) -1;

        ev->handler = ngx_http_pserver_wait_look;
        ev->data = &ngx_http_pserver_wait_dummy;
        ev->log = ngx_cycle->log;
    }

    ngx_queue_insert_tail(&ngx_http_pserver_waiters, &wait->queue);
    wait->waiting = 1;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_WAIT_LOOK);
    }
}


void
ngx_http_pserver_wait_leave(ngx_http_pserver_wait_t *wait)
{
    if (wait->waiting) {
        wait->waiting = 0;
        ngx_queue_remove(&wait->queue);
    }
}


void
ngx_http_pserver_wait_ended(const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    ngx_memcpy(zone->ended_last[zone->ended % NGX_HTTP_PSERVER_ZONE_ENDED],
               name, NGX_HTTP_PSERVER_ZONE_ENDED_NAME);
    zone->ended++;

    ngx_shmtx_unlock(&shpool->mutex);

    /* those of this worker need not wait for the next look */

    if (ngx_http_pserver_wait_timer.timer_set) {
        ngx_add_timer(&ngx_http_pserver_wait_timer, 0);
    }
}


/* 1: it has ended since, or too many have to know */

static ngx_uint_t
ngx_http_pserver_wait_over(ngx_http_pserver_wait_t *wait)
{
    uint64_t                  n;
    ngx_uint_t                over;
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);

    if (zone->ended == wait->since) {
        return 0;
    }

    over = 0;

    ngx_shmtx_lock(&shpool->mutex);

    if (zone->ended - wait->since > NGX_HTTP_PSERVER_ZONE_ENDED) {
        over = 1;
    }

    for (n = wait->since; n != zone->ended && !over; n++) {
        over = ngx_memcmp(
                     zone->ended_last[n % NGX_HTTP_PSERVER_ZONE_ENDED],
                     wait->name, NGX_HTTP_PSERVER_ZONE_ENDED_NAME)
               == 0;
    }

    wait->since = zone->ended;

    ngx_shmtx_unlock(&shpool->mutex);

    return over;
}


static void
ngx_http_pserver_wait_look(ngx_event_t *ev)
{
    ngx_uint_t                ended;
    ngx_queue_t              *q, all;
    ngx_http_pserver_wait_t  *wait;

    /* a handler may start or leave others: each is looked at once */

    if (ngx_queue_empty(&ngx_http_pserver_waiters)) {
        return;
    }

    all = ngx_http_pserver_waiters;
    all.next->prev = &all;
    all.prev->next = &all;

    ngx_queue_init(&ngx_http_pserver_waiters);

    while (!ngx_queue_empty(&all)) {
        q = ngx_queue_head(&all);
        wait = ngx_queue_data(q, ngx_http_pserver_wait_t, queue);

        ngx_queue_remove(q);

        ended = ngx_http_pserver_wait_over(wait);

        if (!ended && !ngx_exiting
            && (ngx_msec_int_t) (wait->deadline - ngx_current_msec) > 0)
        {
            ngx_queue_insert_tail(&ngx_http_pserver_waiters, q);
            continue;
        }

        wait->waiting = 0;
        wait->handler(wait, ended);
    }

    if (!ngx_queue_empty(&ngx_http_pserver_waiters) && !ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_WAIT_LOOK);
    }
}


ngx_uint_t
ngx_http_pserver_wait_preferred(ngx_http_request_t *r)
{
    ngx_str_t  value;

    ngx_http_pserver_header_find(r, "prefer", &value);

    return ngx_http_pserver_wait_parse(&value);
}


/* preferences by commas, each with parameters by semicolons */

static ngx_uint_t
ngx_http_pserver_wait_parse(ngx_str_t *value)
{
    u_char     *p, *last, *end, *digits;
    ngx_int_t   n;

    p = value->data;
    last = p + value->len;

    for ( /* void */ ; p < last; p = end + 1) {

        for (end = p; end < last && *end != ','; end++) { /* void */ }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (end - p < 6
            || ngx_strncasecmp(p, (u_char *) "wait=", 5) != 0)
        {
            continue;
        }

        p += 5;

        for (digits = p; p < end && *p >= '0' && *p <= '9'; p++) {
            /* void */
        }

        if (p < end && *p != ' ' && *p != '\t' && *p != ';') {
            return 0;
        }

        n = ngx_atoi(digits, ngx_min(p - digits, 6));

        return (n == NGX_ERROR) ? 0
                                : ngx_min(n, NGX_HTTP_PSERVER_WAIT_MAX);
    }

    return 0;
}


ngx_int_t
ngx_http_pserver_wait_applied(ngx_http_request_t *r, ngx_uint_t seconds)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, sizeof("wait=") + NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "wait=%ui", seconds) - value.data;

    return ngx_http_pserver_header_add(r, "Preference-Applied", &value);
}
