/*
 * What the workers know together: an entry for each key, in a tree by a hash
 * of it, and in a queue by the time of its last use.  It has the set of facts
 * that the last flight brought, and says who asks for the next.
 *
 * What does not fit, or was pushed out, is asked for by each worker for
 * itself: slower, never wrong.
 */


#include "ngx_http_pserver_chain_flight.h"
#include "ngx_http_pserver_zone.h"

#include <signal.h>
#include <sodium.h>


/* entries that are given up for one that does not fit */
#define NGX_HTTP_PSERVER_CHAIN_EVICT  16


/* a set in the zone */

typedef struct {
    uint64_t                          number;     /* of its flight */
    uint64_t                          observed;
    uint64_t                          block;
    ngx_http_pserver_chain_life_e     life;
    size_t                            len;
    u_char                            data[1];
} ngx_http_pserver_chain_kept_t;


typedef struct {
    ngx_rbtree_node_t                 node;
    ngx_queue_t                       queue;
    ngx_http_pserver_chain_key_t      key;

    ngx_http_pserver_chain_kept_t    *kept;       /* NULL: none */

    /* the last flight */
    uint64_t                          number;     /* 0: there was none */
    uint64_t                          asked;
    uint64_t                          deadline;
    ngx_pid_t                         pid;        /* 0: it has landed */
    ngx_uint_t                        failed;
} ngx_http_pserver_chain_entry_t;


static ngx_uint_t ngx_http_pserver_chain_holds(
    ngx_http_pserver_chain_kept_t *kept, ngx_http_pserver_loc_conf_t *plcf,
    uint64_t now);
static ngx_uint_t ngx_http_pserver_chain_flying(
    ngx_http_pserver_chain_entry_t *entry, uint64_t now);
static ngx_http_pserver_chain_set_t *ngx_http_pserver_chain_take(
    ngx_http_pserver_chain_kept_t *kept, ngx_uint_t *copied);
static ngx_http_pserver_chain_entry_t *ngx_http_pserver_chain_entry(
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_chain_key_t *key);
static ngx_rbtree_key_t ngx_http_pserver_chain_hash(
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_chain_key_t *key);
static ngx_http_pserver_chain_entry_t *ngx_http_pserver_chain_entry_add(
    ngx_http_pserver_zone_t *zone, ngx_slab_pool_t *shpool,
    ngx_http_pserver_chain_key_t *key);
static void *ngx_http_pserver_chain_alloc(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, size_t size,
    ngx_http_pserver_chain_entry_t *keep);
static void ngx_http_pserver_chain_entry_drop(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_chain_entry_t *entry);


ngx_int_t
ngx_http_pserver_chain_cache_find(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_loc_conf_t *plcf, uint64_t not_before, ngx_uint_t fly,
    ngx_http_pserver_chain_found_t *found)
{
    uint64_t                         now;
    ngx_int_t                        rc;
    ngx_uint_t                       copied;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_entry_t  *entry;

    ngx_memzero(found, sizeof(ngx_http_pserver_chain_found_t));

    zone = ngx_http_pserver_zone(&shpool);
    now = ngx_http_pserver_chain_moment();
    rc = NGX_DECLINED;
    copied = 0;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_entry(zone, key);

    if (entry) {
        ngx_queue_remove(&entry->queue);
        ngx_queue_insert_head(&zone->facts_lru, &entry->queue);

        if (entry->kept
            && (not_before == 0 || entry->kept->observed > not_before)
            && ngx_http_pserver_chain_holds(entry->kept, plcf, now))
        {
            found->set = ngx_http_pserver_chain_take(entry->kept, &copied);

            if (found->set) {
                rc = NGX_OK;
                goto done;
            }
        }
    }

    if (!fly) {
        goto done;
    }

    if (entry == NULL) {
        entry = ngx_http_pserver_chain_entry_add(zone, shpool, key);
    }

    found->asked = now;

    if (entry == NULL) {
        goto done;
    }

    if (ngx_http_pserver_chain_flying(entry, now)) {
        found->number = entry->number;
        found->asked = entry->asked;
        rc = NGX_AGAIN;
        goto done;
    }

    entry->number = ++zone->flights;
    entry->asked = now;
    entry->deadline = now + (uint64_t) plcf->chain_timeout * 1000;
    entry->pid = ngx_pid;
    entry->failed = 0;

    found->number = entry->number;

done:

    ngx_shmtx_unlock(&shpool->mutex);

    if (copied) {
        found->set = ngx_http_pserver_chain_set_open(found->set);
        return found->set ? NGX_OK : NGX_ERROR;
    }

    return rc;
}


void
ngx_http_pserver_chain_cache_landed(ngx_http_pserver_chain_key_t *key,
    uint64_t number, const pserver_facts_t *facts,
    ngx_http_pserver_chain_life_e life)
{
    size_t                           len;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_kept_t   *kept;
    ngx_http_pserver_chain_entry_t  *entry;

    if (number == 0) {
        return;
    }

    zone = ngx_http_pserver_zone(&shpool);
    len = facts ? pserver_facts_len(facts) : 0;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_entry(zone, key);

    /* it may have been pushed out, or was given up and is asked for again */

    if (entry == NULL || entry->number != number) {
        goto done;
    }

    entry->pid = 0;
    entry->failed = (facts == NULL);

    zone->landings++;

    if (facts == NULL) {
        goto done;
    }

    if (entry->kept) {
        ngx_slab_free_locked(shpool, entry->kept);
        entry->kept = NULL;
    }

    kept = ngx_http_pserver_chain_alloc(zone, shpool,
                        offsetof(ngx_http_pserver_chain_kept_t, data) + len,
                        entry);
    if (kept == NULL) {
        goto done;
    }

    kept->number = number;
    kept->observed = facts->observed;
    kept->block = facts->block;
    kept->life = life;
    kept->len = len;

    (void) pserver_facts_pack(kept->data, facts);

    entry->kept = kept;

done:

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_pserver_chain_cache_await(ngx_http_pserver_chain_key_t *key,
    uint64_t number, ngx_http_pserver_chain_set_t **set)
{
    ngx_int_t                        rc;
    ngx_uint_t                       copied;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_entry_t  *entry;

    zone = ngx_http_pserver_zone(&shpool);
    rc = NGX_DECLINED;
    copied = 0;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_entry(zone, key);

    if (entry == NULL || entry->number != number) {
        goto done;
    }

    if (ngx_http_pserver_chain_flying(entry, ngx_http_pserver_chain_moment())) {
        rc = NGX_AGAIN;

    } else if (entry->failed) {
        rc = NGX_ERROR;

    } else if (entry->kept && entry->kept->number == number) {
        *set = ngx_http_pserver_chain_take(entry->kept, &copied);
        rc = *set ? NGX_OK : NGX_ERROR;
    }

done:

    ngx_shmtx_unlock(&shpool->mutex);

    if (copied) {
        *set = ngx_http_pserver_chain_set_open(*set);
        return *set ? NGX_OK : NGX_ERROR;
    }

    return rc;
}


ngx_http_pserver_chain_set_t *
ngx_http_pserver_chain_cache_last(ngx_http_pserver_chain_key_t *key)
{
    ngx_uint_t                       copied;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_set_t    *set;
    ngx_http_pserver_chain_entry_t  *entry;

    zone = ngx_http_pserver_zone(&shpool);
    copied = 0;
    set = NULL;

    ngx_shmtx_lock(&shpool->mutex);

    entry = ngx_http_pserver_chain_entry(zone, key);

    if (entry && entry->kept) {
        set = ngx_http_pserver_chain_take(entry->kept, &copied);
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return copied ? ngx_http_pserver_chain_set_open(set) : set;
}


static ngx_uint_t
ngx_http_pserver_chain_holds(ngx_http_pserver_chain_kept_t *kept,
    ngx_http_pserver_loc_conf_t *plcf, uint64_t now)
{
    ngx_msec_t  age;

    age = (now - kept->observed) / 1000;

    switch (kept->life) {

    case NGX_HTTP_PSERVER_CHAIN_ONCE:
        return 0;

    case NGX_HTTP_PSERVER_CHAIN_NO:
        return age < plcf->chain_valid / 2;

    default:
        return age < plcf->chain_valid;
    }
}


/* a worker that dies leaves its flights behind */

static ngx_uint_t
ngx_http_pserver_chain_flying(ngx_http_pserver_chain_entry_t *entry,
    uint64_t now)
{
    if (entry->pid == 0 || now >= entry->deadline) {
        return 0;
    }

    return kill(entry->pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


/* under the lock; what was copied has to be opened without it */

static ngx_http_pserver_chain_set_t *
ngx_http_pserver_chain_take(ngx_http_pserver_chain_kept_t *kept,
    ngx_uint_t *copied)
{
    ngx_http_pserver_chain_set_t  *set;

    set = ngx_http_pserver_chain_set_find(kept->number);

    if (set == NULL) {
        set = ngx_http_pserver_chain_set_copy(kept->number, kept->data,
                                              kept->len);
        *copied = (set != NULL);
    }

    return set;
}


static ngx_http_pserver_chain_entry_t *
ngx_http_pserver_chain_entry(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_key_t *key)
{
    ngx_rbtree_key_t                 hash;
    ngx_rbtree_node_t               *node, *sentinel;
    ngx_http_pserver_chain_entry_t  *entry;

    hash = ngx_http_pserver_chain_hash(zone, key);

    node = zone->facts.root;
    sentinel = zone->facts.sentinel;

    while (node != sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        entry = (ngx_http_pserver_chain_entry_t *) node;

        return ngx_memcmp(&entry->key, key,
                          sizeof(ngx_http_pserver_chain_key_t))
               == 0 ? entry : NULL;
    }

    return NULL;
}


/* 64 bits under a key of the zone's: who chooses ids can't make them meet */

static ngx_rbtree_key_t
ngx_http_pserver_chain_hash(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_key_t *key)
{
    uint64_t  hash;

    (void) crypto_shorthash((u_char *) &hash, (u_char *) key,
                            sizeof(ngx_http_pserver_chain_key_t),
                            zone->hash_key);

    return (ngx_rbtree_key_t) hash;
}


static ngx_http_pserver_chain_entry_t *
ngx_http_pserver_chain_entry_add(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_chain_key_t *key)
{
    ngx_http_pserver_chain_entry_t  *entry;

    entry = ngx_http_pserver_chain_alloc(zone, shpool,
                                       sizeof(ngx_http_pserver_chain_entry_t),
                                       NULL);
    if (entry == NULL) {
        return NULL;
    }

    ngx_memzero(entry, sizeof(ngx_http_pserver_chain_entry_t));

    entry->node.key = ngx_http_pserver_chain_hash(zone, key);
    entry->key = *key;

    ngx_rbtree_insert(&zone->facts, &entry->node);
    ngx_queue_insert_head(&zone->facts_lru, &entry->queue);

    return entry;
}


/* gives up what was not used for the longest time, but for one entry */

static void *
ngx_http_pserver_chain_alloc(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, size_t size,
    ngx_http_pserver_chain_entry_t *keep)
{
    void                            *p;
    ngx_uint_t                       i;
    ngx_queue_t                     *q;
    ngx_http_pserver_chain_entry_t  *entry;

    p = ngx_slab_alloc_locked(shpool, size);

    for (i = 0; p == NULL && i < NGX_HTTP_PSERVER_CHAIN_EVICT; i++) {

        if (ngx_queue_empty(&zone->facts_lru)) {
            break;
        }

        q = ngx_queue_last(&zone->facts_lru);
        entry = ngx_queue_data(q, ngx_http_pserver_chain_entry_t, queue);

        if (entry == keep) {
            break;
        }

        ngx_http_pserver_chain_entry_drop(zone, shpool, entry);

        p = ngx_slab_alloc_locked(shpool, size);
    }

    return p;
}


static void
ngx_http_pserver_chain_entry_drop(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_chain_entry_t *entry)
{
    ngx_rbtree_delete(&zone->facts, &entry->node);
    ngx_queue_remove(&entry->queue);

    if (entry->kept) {
        ngx_slab_free_locked(shpool, entry->kept);
    }

    ngx_slab_free_locked(shpool, entry);
}
