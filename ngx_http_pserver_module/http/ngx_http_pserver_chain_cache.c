/*
 * Sets of facts in the shared zone: a tree by a hash of what they are of,
 * and a queue by the time of their last use.  There is one set of a hash:
 * where two keys meet, each pushes the other out.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_zone.h"


/* sets that are given up for one that does not fit */
#define NGX_HTTP_PSERVER_CHAIN_EVICT  16


typedef struct {
    ngx_rbtree_node_t                 node;
    ngx_queue_t                       queue;
    ngx_http_pserver_chain_key_t      key;
    uint64_t                          observed;
    ngx_uint_t                        no;
    size_t                            len;
    u_char                            set[1];
} ngx_http_pserver_chain_entry_t;


static ngx_http_pserver_chain_entry_t *ngx_http_pserver_chain_cache_find(
    ngx_http_pserver_zone_t *zone, ngx_rbtree_key_t hash);
static void ngx_http_pserver_chain_cache_drop(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_chain_entry_t *entry);

#define ngx_http_pserver_chain_cache_hash(key)                                \
    ngx_crc32_long((u_char *) (key), sizeof(ngx_http_pserver_chain_key_t))


u_char *
ngx_http_pserver_chain_cache_get(ngx_http_pserver_chain_key_t *key,
    uint64_t valid, uint64_t not_before, size_t *len)
{
    u_char                          *set;
    uint64_t                         now;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_entry_t  *entry;

    zone = ngx_http_pserver_zone(&shpool);
    now = ngx_http_pserver_chain_moment();
    set = NULL;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_cache_find(zone,
                                       ngx_http_pserver_chain_cache_hash(key));

    if (entry == NULL
        || ngx_memcmp(&entry->key, key, sizeof(ngx_http_pserver_chain_key_t))
           != 0
        || (now - entry->observed) / 1000 >= (entry->no ? valid / 2 : valid)
        || (not_before && entry->observed <= not_before))
    {
        goto done;
    }

    set = ngx_alloc(entry->len, ngx_cycle->log);

    if (set) {
        ngx_memcpy(set, entry->set, entry->len);
        *len = entry->len;

        ngx_queue_remove(&entry->queue);
        ngx_queue_insert_head(&zone->facts_lru, &entry->queue);
    }

done:

    ngx_shmtx_unlock(&shpool->mutex);

    return set;
}


void
ngx_http_pserver_chain_cache_put(ngx_http_pserver_chain_key_t *key,
    const pserver_facts_t *facts, ngx_uint_t no)
{
    size_t                           len, size;
    ngx_uint_t                       i;
    ngx_queue_t                     *q;
    ngx_slab_pool_t                 *shpool;
    ngx_rbtree_key_t                 hash;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_entry_t  *entry;

    zone = ngx_http_pserver_zone(&shpool);
    hash = ngx_http_pserver_chain_cache_hash(key);

    len = pserver_facts_len(facts);
    size = offsetof(ngx_http_pserver_chain_entry_t, set) + len;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_cache_find(zone, hash);

    if (entry) {

        /* another worker may have asked later and been answered earlier */

        if (entry->observed > facts->observed
            && ngx_memcmp(&entry->key, key,
                          sizeof(ngx_http_pserver_chain_key_t))
               == 0)
        {
            goto done;
        }

        ngx_http_pserver_chain_cache_drop(zone, shpool, entry);
    }

    entry = ngx_slab_alloc_locked(shpool, size);

    for (i = 0; entry == NULL && i < NGX_HTTP_PSERVER_CHAIN_EVICT; i++) {

        if (ngx_queue_empty(&zone->facts_lru)) {
            break;
        }

        q = ngx_queue_last(&zone->facts_lru);
        entry = ngx_queue_data(q, ngx_http_pserver_chain_entry_t, queue);

        ngx_http_pserver_chain_cache_drop(zone, shpool, entry);

        entry = ngx_slab_alloc_locked(shpool, size);
    }

    if (entry == NULL) {
        goto done;
    }

    entry->node.key = hash;
    entry->key = *key;
    entry->observed = facts->observed;
    entry->no = no;
    entry->len = len;

    (void) pserver_facts_pack(entry->set, facts);

    ngx_rbtree_insert(&zone->facts, &entry->node);
    ngx_queue_insert_head(&zone->facts_lru, &entry->queue);

done:

    ngx_shmtx_unlock(&shpool->mutex);
}


static ngx_http_pserver_chain_entry_t *
ngx_http_pserver_chain_cache_find(ngx_http_pserver_zone_t *zone,
    ngx_rbtree_key_t hash)
{
    ngx_rbtree_node_t  *node, *sentinel;

    node = zone->facts.root;
    sentinel = zone->facts.sentinel;

    while (node != sentinel) {

        if (hash < node->key) {
            node = node->left;
            continue;
        }

        if (hash > node->key) {
            node = node->right;
            continue;
        }

        return (ngx_http_pserver_chain_entry_t *) node;
    }

    return NULL;
}


static void
ngx_http_pserver_chain_cache_drop(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_chain_entry_t *entry)
{
    ngx_rbtree_delete(&zone->facts, &entry->node);
    ngx_queue_remove(&entry->queue);

    ngx_slab_free_locked(shpool, entry);
}
