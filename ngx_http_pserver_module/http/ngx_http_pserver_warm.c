/*
 * The warm pool: its table in the zone, and how a job takes from it.
 */


#include "ngx_http_pserver_warm.h"
#include "ngx_http_pserver_chain.h"

#include <sodium.h>


ngx_int_t
ngx_http_pserver_warm_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone)
{
    ngx_uint_t                      i, k, n;
    ngx_http_pserver_loc_conf_t   **plcf;
    ngx_http_pserver_operation_t  **op;

    plcf = pmcf->computes.elts;

    for (n = 0, i = 0; i < pmcf->computes.nelts; i++) {
        op = plcf[i]->operations->elts;

        for (k = 0; k < plcf[i]->operations->nelts; k++) {
            n += op[k]->warm * plcf[i]->engines->nelts;
        }
    }

    if (n > NGX_HTTP_PSERVER_WARM_MAX) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "\"warm=\" of all operations is more than %d",
                      NGX_HTTP_PSERVER_WARM_MAX);
        return NGX_ERROR;
    }

    /* what is there is kept, for it to be removed */

    if (n == 0 || zone->warm) {
        return NGX_OK;
    }

    zone->warm = ngx_slab_calloc(shpool,
                                 sizeof(ngx_http_pserver_zone_warm_t));

    if (zone->warm == NULL) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "pserver_zone is too small for \"warm=\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_http_pserver_warm_t *
ngx_http_pserver_warm_table(void)
{
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);

    if (zone->warm == NULL) {
        return NULL;
    }

    ngx_shmtx_lock(&shpool->mutex);

    return zone->warm->table;
}


void
ngx_http_pserver_warm_unlock(void)
{
    ngx_slab_pool_t  *shpool;

    (void) ngx_http_pserver_zone(&shpool);

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_pserver_warm_key(u_char key[NGX_HTTP_PSERVER_WARM_KEY],
    ngx_http_pserver_engine_t *engine, const pserver_container_t *container,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN])
{
    size_t                      len;
    u_char                      body[PSERVER_CONTAINER_BODY_MAX];
    pserver_container_labels_t  labels;

    labels.instance.data = (u_char *) instance;
    labels.instance.len = NGX_HTTP_PSERVER_INSTANCE_LEN;
    labels.job.data = (u_char *) "warm";
    labels.job.len = sizeof("warm") - 1;

    if (pserver_container_body(container, &labels, body, sizeof(body), &len)
        != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    return crypto_generichash(key, NGX_HTTP_PSERVER_WARM_KEY, body, len,
                              (u_char *) &engine->id, sizeof(engine->id))
           == 0 ? NGX_OK : NGX_ERROR;
}


ngx_http_pserver_warm_t *
ngx_http_pserver_warm_claim(ngx_http_pserver_engine_t *engine,
    const pserver_container_t *container,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN])
{
    u_char                    key[NGX_HTTP_PSERVER_WARM_KEY];
    ngx_uint_t                i;
    ngx_http_pserver_warm_t  *warm;

    if (ngx_http_pserver_warm_key(key, engine, container, instance)
        != NGX_OK)
    {
        return NULL;
    }

    warm = ngx_http_pserver_warm_table();

    if (warm == NULL) {
        return NULL;
    }

    for (i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++, warm++) {

        if (warm->state == NGX_HTTP_PSERVER_WARM_READY
            && ngx_memcmp(warm->key, key, NGX_HTTP_PSERVER_WARM_KEY) == 0)
        {
            warm->state = NGX_HTTP_PSERVER_WARM_CLAIMED;
            warm->pid = ngx_pid;

            ngx_http_pserver_zone(NULL)->warm->claimed =
                                               ngx_http_pserver_chain_now();
            break;
        }
    }

    ngx_http_pserver_warm_unlock();

    return (i < NGX_HTTP_PSERVER_WARM_MAX) ? warm : NULL;
}


void
ngx_http_pserver_warm_release(ngx_http_pserver_warm_t *warm, ngx_uint_t gone)
{
    (void) ngx_http_pserver_warm_table();

    warm->state = gone ? NGX_HTTP_PSERVER_WARM_FREE
                       : NGX_HTTP_PSERVER_WARM_UNWANTED;

    ngx_http_pserver_warm_unlock();
}


ngx_uint_t
ngx_http_pserver_warm_has(const u_char hex[PSERVER_CONTAINER_JOB_LEN],
    ngx_uint_t running)
{
    ngx_uint_t                i;
    ngx_http_pserver_warm_t  *warm;

    warm = ngx_http_pserver_warm_table();

    if (warm == NULL) {
        return 0;
    }

    for (i = 0; i < NGX_HTTP_PSERVER_WARM_MAX; i++, warm++) {

        if (warm->state != NGX_HTTP_PSERVER_WARM_FREE
            && ngx_memcmp(warm->hex, hex, PSERVER_CONTAINER_JOB_LEN) == 0)
        {
            if (!running && warm->state == NGX_HTTP_PSERVER_WARM_READY) {
                warm->state = NGX_HTTP_PSERVER_WARM_UNWANTED;
            }

            break;
        }
    }

    ngx_http_pserver_warm_unlock();

    return i < NGX_HTTP_PSERVER_WARM_MAX;
}
