/*
 * The queue of jobs: the engines, which of them has a place, and which is
 * away.
 *
 * Times are ngx_current_msec, of a clock that all processes share and nobody
 * sets: that of the day is set just when a machine comes back.  Another
 * worker's may be some msec ahead, so differences have a sign.
 */


#include "ngx_http_pserver_queue.h"


/* msec that an engine which is away gets no new jobs, unless it is seen to be
   back before; then they find out */
#define NGX_HTTP_PSERVER_QUEUE_ASIDE  10000


ngx_uint_t
ngx_http_pserver_queue_place(ngx_http_pserver_zone_t *zone, uint32_t engines)
{
    ngx_msec_t                       now;
    ngx_uint_t                       i, best;
    ngx_http_pserver_zone_engine_t  *e, *b;

    now = ngx_current_msec;
    best = NGX_HTTP_PSERVER_QUEUE_NONE;

    for (i = 0; i < NGX_HTTP_PSERVER_ENGINES; i++) {
        e = &zone->engines[i];

        if (!(engines & ((uint32_t) 1 << i)) || e->id == 0
            || (e->away && (ngx_msec_int_t) (e->aside - now) > 0)
            || e->running >= e->jobs)
        {
            continue;
        }

        if (best == NGX_HTTP_PSERVER_QUEUE_NONE) {
            best = i;
            continue;
        }

        b = &zone->engines[best];

        if ((e->running + 1) * b->weight < (b->running + 1) * e->weight) {
            best = i;
        }
    }

    return best;
}


void
ngx_http_pserver_queue_engine(ngx_http_pserver_engine_t *engine,
    ngx_uint_t away)
{
    ngx_msec_t                       now;
    ngx_http_pserver_zone_engine_t  *e;

    e = &ngx_http_pserver_zone(NULL)->engines[engine->slot];

    if (!away) {

        if (e->away) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "pserver: engine \"%V\" is back", &engine->name);
        }

        e->away = 0;

        return;
    }

    now = ngx_current_msec;

    if (e->away == 0) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "pserver: engine \"%V\" is away", &engine->name);

        e->away = now;
    }

    e->aside = now + NGX_HTTP_PSERVER_QUEUE_ASIDE;
}


ngx_uint_t
ngx_http_pserver_queue_lost(ngx_http_pserver_engine_t *engine, ngx_uint_t n)
{
    ngx_msec_int_t                   since;
    ngx_uint_t                       i;
    ngx_http_pserver_zone_engine_t  *e;

    for (i = 0; i < n; i++) {
        e = &ngx_http_pserver_zone(NULL)->engines[engine[i].slot];

        since = (ngx_msec_int_t) (ngx_current_msec - e->away);

        if (e->away == 0 || since < (ngx_msec_int_t) engine[i].away) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_pserver_queue_running(void)
{
    ngx_uint_t                i, n;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(NULL);

    for (n = 0, i = 0; i < NGX_HTTP_PSERVER_ENGINES; i++) {
        n += zone->engines[i].running;
    }

    return n;
}
