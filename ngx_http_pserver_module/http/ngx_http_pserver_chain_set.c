/*
 * Sets of facts as this worker has unpacked them: what is asked for often is
 * copied out of the shared zone and parsed once.  Whether a set still holds
 * is not known here: http/chain_cache says it by number, each time.
 */


#include "ngx_http_pserver_chain_flight.h"


/* a set has one place: by its number, which counts up */
#define NGX_HTTP_PSERVER_CHAIN_SETS  256


static ngx_http_pserver_chain_set_t
    *ngx_http_pserver_chain_sets[NGX_HTTP_PSERVER_CHAIN_SETS];

#define ngx_http_pserver_chain_set_place(number)                              \
    &ngx_http_pserver_chain_sets[(number) % NGX_HTTP_PSERVER_CHAIN_SETS]


ngx_http_pserver_chain_set_t *
ngx_http_pserver_chain_set_find(uint64_t number)
{
    ngx_http_pserver_chain_set_t  *set;

    set = *ngx_http_pserver_chain_set_place(number);

    if (set == NULL || set->number != number) {
        return NULL;
    }

    set->refs++;

    return set;
}


ngx_http_pserver_chain_set_t *
ngx_http_pserver_chain_set_copy(uint64_t number, u_char *data, size_t len)
{
    ngx_http_pserver_chain_set_t  *set;

    set = ngx_alloc(sizeof(ngx_http_pserver_chain_set_t) + len,
                    ngx_cycle->log);
    if (set == NULL) {
        return NULL;
    }

    set->refs = 1;
    set->number = number;
    set->len = len;

    ngx_memcpy(set + 1, data, len);

    return set;
}


ngx_http_pserver_chain_set_t *
ngx_http_pserver_chain_set_open(ngx_http_pserver_chain_set_t *set)
{
    ngx_http_pserver_chain_set_t  **place;

    if (pserver_facts_unpack((u_char *) (set + 1), set->len, &set->facts)
        != PSERVER_OK)
    {
        ngx_free(set);
        return NULL;
    }

    place = ngx_http_pserver_chain_set_place(set->number);

    if (*place) {
        ngx_http_pserver_chain_set_release(*place);
    }

    *place = set;
    set->refs++;

    return set;
}


void
ngx_http_pserver_chain_set_release(ngx_http_pserver_chain_set_t *set)
{
    if (--set->refs) {
        return;
    }

    pserver_facts_free(&set->facts);
    ngx_free(set);
}
