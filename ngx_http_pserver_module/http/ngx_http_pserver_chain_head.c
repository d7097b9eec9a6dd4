/*
 * The heads of the chains as all workers have seen them.
 *
 * Nodes behind one name need not be equally far: one that lags would bring
 * back a permission that another has already shown as revoked.  So a head
 * may be a little below the highest that was seen, as a reorganisation or
 * two nodes in turn make it, and no more.  A chain that was cut back for
 * good is believed again after a while.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_zone.h"


/* msec since the highest was seen last */
#define NGX_HTTP_PSERVER_CHAIN_FORGET  600000


ngx_int_t
ngx_http_pserver_chain_head_seen(uint64_t chain_id, uint64_t number)
{
    uint64_t                       now;
    ngx_int_t                      rc;
    ngx_uint_t                     i, oldest;
    ngx_slab_pool_t               *shpool;
    ngx_http_pserver_zone_t       *zone;
    ngx_http_pserver_zone_head_t  *head;

    zone = ngx_http_pserver_zone(&shpool);
    now = ngx_http_pserver_chain_now();

    ngx_shmtx_lock(&shpool->mutex);

    oldest = 0;

    for (i = 0; i < NGX_HTTP_PSERVER_ZONE_HEADS; i++) {

        if (zone->heads[i].chain_id == chain_id) {
            break;
        }

        if (zone->heads[i].seen < zone->heads[oldest].seen) {
            oldest = i;
        }
    }

    if (i == NGX_HTTP_PSERVER_ZONE_HEADS) {
        i = oldest;
        ngx_memzero(&zone->heads[i], sizeof(ngx_http_pserver_zone_head_t));
        zone->heads[i].chain_id = chain_id;
    }

    head = &zone->heads[i];

    if (number >= head->number
        || now - head->seen > NGX_HTTP_PSERVER_CHAIN_FORGET)
    {
        head->number = number;
        head->seen = now;
    }

    rc = (head->number - number > NGX_HTTP_PSERVER_CHAIN_BACK) ? NGX_ERROR
                                                               : NGX_OK;

    zone->head_number = head->number;

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


uint64_t
ngx_http_pserver_chain_highest(uint64_t chain_id)
{
    uint64_t                  number;
    ngx_uint_t                i;
    ngx_slab_pool_t          *shpool;
    ngx_http_pserver_zone_t  *zone;

    zone = ngx_http_pserver_zone(&shpool);
    number = 0;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_HTTP_PSERVER_ZONE_HEADS; i++) {

        if (zone->heads[i].chain_id == chain_id) {
            number = zone->heads[i].number;
            break;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return number;
}
