/*
 * The shared zone.
 */


#include "ngx_http_pserver_zone.h"
#include "ngx_http_pserver_auth_cache.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_warm.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_ZONE_MAGIC    0x50535256    /* "PSRV" */
#define NGX_HTTP_PSERVER_ZONE_VERSION  10

/* what part of it has the counters of manifests */
#define NGX_HTTP_PSERVER_ZONE_SHARE    64


static ngx_int_t ngx_http_pserver_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_pserver_zone_jobs(
    ngx_http_pserver_main_conf_t *pmcf, ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone);


ngx_http_pserver_zone_t *
ngx_http_pserver_zone(ngx_slab_pool_t **shpool)
{
    ngx_slab_pool_t               *pool;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    pool = (ngx_slab_pool_t *) pmcf->zone->shm.addr;

    if (shpool) {
        *shpool = pool;
    }

    return pool->data;
}


char *
ngx_http_pserver_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pserver_main_conf_t  *pmcf = conf;

    u_char     *p;
    ssize_t     size;
    ngx_str_t  *value, name, s;

    if (pmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, ':');

    if (p == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data;
    name.len = p - name.data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (name.len == 0 || size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small", &value[1]);
        return NGX_CONF_ERROR;
    }

    pmcf->zone = ngx_shared_memory_add(cf, &name, size,
                                       &ngx_http_pserver_module);
    if (pmcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    pmcf->zone->init = ngx_http_pserver_zone_init;
    pmcf->zone->data = pmcf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_pserver_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        zone = shpool->data;

        if (zone == NULL
            || zone->magic != NGX_HTTP_PSERVER_ZONE_MAGIC
            || zone->version != NGX_HTTP_PSERVER_ZONE_VERSION)
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "zone \"%V\" was made by another version: give it "
                          "another name", &shm_zone->shm.name);
            return NGX_ERROR;
        }

        ngx_http_pserver_node_init(shm_zone->data, zone);

        return ngx_http_pserver_zone_jobs(shm_zone->data, shpool, zone);
    }

    zone = ngx_slab_calloc(shpool, sizeof(ngx_http_pserver_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->magic = NGX_HTTP_PSERVER_ZONE_MAGIC;
    zone->version = NGX_HTTP_PSERVER_ZONE_VERSION;
    zone->started = ngx_time();

    ngx_rbtree_init(&zone->facts, &zone->facts_sentinel,
                    ngx_rbtree_insert_value);
    ngx_queue_init(&zone->facts_lru);

    zone->auth_cache = ngx_http_pserver_auth_cache_create(shpool,
                                                          shm_zone->shm.size);

    zone->nmanifests = shm_zone->shm.size / NGX_HTTP_PSERVER_ZONE_SHARE
                       / sizeof(ngx_http_pserver_zone_manifest_t);
    zone->manifests = ngx_slab_calloc(shpool, zone->nmanifests
                                  * sizeof(ngx_http_pserver_zone_manifest_t));
    if (zone->manifests == NULL) {
        return NGX_ERROR;
    }

    zone->custody = ngx_http_pserver_custody_create(shpool,
                                                    shm_zone->shm.size);
    if (zone->custody == NULL) {
        return NGX_ERROR;
    }

    randombytes_buf(zone->hash_key, NGX_HTTP_PSERVER_ZONE_HASH);

    ngx_http_pserver_node_init(shm_zone->data, zone);

    shpool->data = zone;

    shpool->log_ctx = (u_char *) " in pserver_zone";
    shpool->log_nomem = 0;

    return ngx_http_pserver_zone_jobs(shm_zone->data, shpool, zone);
}


static ngx_int_t
ngx_http_pserver_zone_jobs(ngx_http_pserver_main_conf_t *pmcf,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone)
{
    if (ngx_http_pserver_queue_init(pmcf, shpool, zone) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pserver_warm_init(pmcf, shpool, zone);
}
