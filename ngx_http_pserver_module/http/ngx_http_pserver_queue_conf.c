/*
 * The queue of jobs: its limits, and its part of the zone.
 */


#include "ngx_http_pserver_queue.h"


static ngx_http_pserver_zone_engine_t *ngx_http_pserver_queue_slot(
    ngx_http_pserver_main_conf_t *pmcf, ngx_http_pserver_zone_t *zone,
    uint32_t id);
static ngx_uint_t ngx_http_pserver_queue_wanted(
    ngx_http_pserver_main_conf_t *pmcf, uint32_t id);


char *
ngx_http_pserver_queue_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_int_t   *limit;
    ngx_str_t   *value, s;
    ngx_uint_t   i;

    if (plcf->limit_owner != NGX_CONF_UNSET
        || plcf->limit_app != NGX_CONF_UNSET)
    {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "owner=", 6) == 0) {
            limit = &plcf->limit_owner;
            s.data = value[i].data + 6;

        } else if (ngx_strncmp(value[i].data, "app=", 4) == 0) {
            limit = &plcf->limit_app;
            s.data = value[i].data + 4;

        } else {
            goto invalid;
        }

        s.len = value[i].data + value[i].len - s.data;

        if (*limit != NGX_CONF_UNSET) {
            goto invalid;
        }

        *limit = ngx_atoi(s.data, s.len);

        if (*limit <= 0) {
            goto invalid;
        }
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       &value[i]);

    return NGX_CONF_ERROR;
}


/* one directive, so both or none are inherited */

void
ngx_http_pserver_queue_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev)
{
    if (conf->limit_owner == NGX_CONF_UNSET
        && conf->limit_app == NGX_CONF_UNSET)
    {
        conf->limit_owner = prev->limit_owner;
        conf->limit_app = prev->limit_app;
    }

    ngx_conf_init_value(conf->limit_owner, 0);
    ngx_conf_init_value(conf->limit_app, 0);
}


ngx_int_t
ngx_http_pserver_queue_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone)
{
    ngx_uint_t                       i, k;
    ngx_http_pserver_engine_t      **engine;
    ngx_http_pserver_zone_engine_t  *e;

    /* workers of the configuration before use it */

    ngx_shmtx_lock(&shpool->mutex);

    if (zone->queue.tickets.next == NULL) {
        ngx_rbtree_init(&zone->queue.parties, &zone->queue.sentinel,
                        ngx_rbtree_insert_value);
        ngx_queue_init(&zone->queue.tickets);
        ngx_queue_init(&zone->queue.ring);
        ngx_queue_init(&zone->queue.called);
    }

    engine = pmcf->engines.elts;

    for (i = 0; i < pmcf->engines.nelts; i++) {

        e = ngx_http_pserver_queue_slot(pmcf, zone, engine[i]->id);

        if (e == NULL) {
            ngx_shmtx_unlock(&shpool->mutex);

            ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                          "more than %d engines of \"pserver_engine\"",
                          NGX_HTTP_PSERVER_ENGINES);
            return NGX_ERROR;
        }

        engine[i]->slot = e - zone->engines;

        /* where it is named more than once, the most counts */

        e->jobs = engine[i]->jobs;
        e->weight = engine[i]->weight;

        for (k = 0; k < i; k++) {
            if (engine[k]->id == e->id) {
                e->jobs = ngx_max(e->jobs, engine[k]->jobs);
                e->weight = ngx_max(e->weight, engine[k]->weight);
            }
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return NGX_OK;
}


/* the one that it had before, else one that nobody has */

static ngx_http_pserver_zone_engine_t *
ngx_http_pserver_queue_slot(ngx_http_pserver_main_conf_t *pmcf,
    ngx_http_pserver_zone_t *zone, uint32_t id)
{
    ngx_uint_t                       i;
    ngx_http_pserver_zone_engine_t  *e, *spare;

    spare = NULL;

    for (i = 0; i < NGX_HTTP_PSERVER_ENGINES; i++) {
        e = &zone->engines[i];

        if (e->id == id) {
            return e;
        }

        if (spare == NULL
            && (e->id == 0
                || (e->tickets == 0 && e->running == 0
                    && !ngx_http_pserver_queue_wanted(pmcf, e->id))))
        {
            spare = e;
        }
    }

    if (spare) {
        ngx_memzero(spare, sizeof(ngx_http_pserver_zone_engine_t));
        spare->id = id;
    }

    return spare;
}


static ngx_uint_t
ngx_http_pserver_queue_wanted(ngx_http_pserver_main_conf_t *pmcf,
    uint32_t id)
{
    ngx_uint_t                   i;
    ngx_http_pserver_engine_t  **engine;

    engine = pmcf->engines.elts;

    for (i = 0; i < pmcf->engines.nelts; i++) {
        if (engine[i]->id == id) {
            return 1;
        }
    }

    return 0;
}
