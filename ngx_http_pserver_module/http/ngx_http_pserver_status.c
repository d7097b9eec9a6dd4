/*
 * GET of a "pserver status" location: counters, for the operator.
 */


#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_queue.h"


static u_char *ngx_http_pserver_status_watches(u_char *p);


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   offset;
} ngx_http_pserver_status_counter_t;


#define ngx_http_pserver_status_counter(name)                                 \
    { ngx_string(#name), offsetof(ngx_http_pserver_counters_t, name) }


static ngx_http_pserver_status_counter_t  ngx_http_pserver_status[] = {
    ngx_http_pserver_status_counter(auth_ok),
    ngx_http_pserver_status_counter(auth_failed),
    ngx_http_pserver_status_counter(auth_remembered),
    ngx_http_pserver_status_counter(exchanges),
    ngx_http_pserver_status_counter(exchanges_failed),
    ngx_http_pserver_status_counter(chain_hits),
    ngx_http_pserver_status_counter(chain_misses),
    ngx_http_pserver_status_counter(chain_errors),
    ngx_http_pserver_status_counter(chain_dropped),
    ngx_http_pserver_status_counter(watch_polls),
    ngx_http_pserver_status_counter(watch_errors),
    ngx_http_pserver_status_counter(jobs_accepted),
    ngx_http_pserver_status_counter(jobs_succeeded),
    ngx_http_pserver_status_counter(jobs_failed),
    ngx_http_pserver_status_counter(jobs_canceled),
    ngx_http_pserver_status_counter(audit_entries),
    ngx_http_pserver_status_counter(audit_commits),
    ngx_http_pserver_status_counter(audit_errors),
    ngx_http_pserver_status_counter(keys_rewrapped),
    ngx_http_pserver_status_counter(keys_old),
    ngx_http_pserver_status_counter(versions_resealed),
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_http_pserver_status_handler(ngx_http_request_t *r)
{
    u_char                             *p;
    size_t                              len;
    ngx_int_t                           rc;
    ngx_str_t                           body;
    ngx_atomic_t                       *value;
    ngx_http_pserver_zone_t            *zone;
    ngx_http_pserver_loc_conf_t        *plcf;
    ngx_http_pserver_main_conf_t       *pmcf;
    ngx_http_pserver_status_counter_t  *c;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    zone = ngx_http_pserver_zone(NULL);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    len = sizeof("{\"version\":\"" NGX_HTTP_PSERVER_VERSION "\","
                 "\"head\":,\"revocation_bound\":,\"watches\":[],"
                 "\"nodes\":,\"counters\":{\"jobs_running\":}}")
          + 2 * NGX_INT64_LEN + NGX_INT_T_LEN
          + NGX_HTTP_PSERVER_ZONE_WATCHES
            * (sizeof("{\"chain\":,\"head\":,\"age\":},") + 3 * NGX_INT64_LEN)
          + ngx_http_pserver_node_status_len(pmcf);

    for (c = ngx_http_pserver_status; c->name.len; c++) {
        len += sizeof(",\"\":") + c->name.len + NGX_ATOMIC_T_LEN;
    }

    body.data = ngx_pnalloc(r->pool, len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"version\":\"" NGX_HTTP_PSERVER_VERSION
                    "\",\"head\":%uL,\"revocation_bound\":%M,"
                    "\"watches\":[",
                    zone->head_number,
                    ngx_min(plcf->chain_valid, plcf->chain_bound));

    p = ngx_http_pserver_status_watches(p);
    p = ngx_sprintf(p, "],\"nodes\":");
    p = ngx_http_pserver_node_status(pmcf, p);
    p = ngx_sprintf(p, ",\"counters\":{\"jobs_running\":%ui",
                    ngx_http_pserver_queue_running());

    for (c = ngx_http_pserver_status; c->name.len; c++) {
        value = (ngx_atomic_t *) ((u_char *) &zone->counters + c->offset);

        p = ngx_sprintf(p, ",\"%V\":%uA", &c->name, *value);
    }

    *p++ = '}';
    *p++ = '}';

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


/* those of this configuration; age: msec since they knew everything */

static u_char *
ngx_http_pserver_status_watches(u_char *p)
{
    u_char                         *first;
    uint64_t                        now;
    ngx_uint_t                      i;
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    ngx_http_pserver_main_conf_t   *pmcf;
    ngx_http_pserver_zone_watch_t  *watch;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    zone = ngx_http_pserver_zone(&shpool);
    now = ngx_http_pserver_chain_moment();
    first = p;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_HTTP_PSERVER_ZONE_WATCHES; i++) {
        watch = zone->watches[i];

        if (watch == NULL || watch->configuration != pmcf->number
            || watch->seen == 0)
        {
            continue;
        }

        p = ngx_sprintf(p, "%s{\"chain\":%uL,\"head\":%uL,\"age\":%uL}",
                        p == first ? "" : ",", watch->chain_id,
                        watch->number, (now - watch->seen) / 1000);
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return p;
}
