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
#include "../core/encode.h"

#include <signal.h>
#include <sodium.h>


/* entries that are given up for one that does not fit */
#define NGX_HTTP_PSERVER_CHAIN_EVICT  16


/* a set in the zone */

typedef struct {
    uint64_t                          number;     /* of its flight */
    uint64_t                          observed;
    uint64_t                          block;
    pserver_word_t                    hash;       /* of the block */
    uint64_t                          due;        /* the block that ends it */
    ngx_http_pserver_chain_life_e     life;
    ngx_uint_t                        watched;    /* all logs after "block"
                                                     are looked at */
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
    ngx_uint_t                        over;       /* 1: of a permission, whose
                                                     end was seen */
} ngx_http_pserver_chain_entry_t;


static ngx_uint_t ngx_http_pserver_chain_holds(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_entry_t *entry, ngx_http_pserver_loc_conf_t *plcf,
    uint64_t now);
static void ngx_http_pserver_chain_watched(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_entry_t *entry);
static ngx_uint_t ngx_http_pserver_chain_touched(
    ngx_http_pserver_chain_entry_t *entry,
    ngx_http_pserver_zone_watch_t *watch, ngx_http_pserver_chain_news_t *news);
static ngx_http_pserver_zone_watch_t *ngx_http_pserver_chain_watch_of(
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_chain_key_t *key);
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
            && ngx_http_pserver_chain_holds(zone, entry, plcf, now))
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


ngx_uint_t
ngx_http_pserver_chain_cache_landed(ngx_http_pserver_chain_key_t *key,
    uint64_t number, const pserver_facts_t *facts,
    ngx_http_pserver_chain_life_e life)
{
    size_t                           len;
    ngx_uint_t                       over, first;
    ngx_slab_pool_t                 *shpool;
    ngx_http_pserver_zone_t         *zone;
    ngx_http_pserver_chain_kept_t   *kept;
    ngx_http_pserver_chain_entry_t  *entry;

    if (number == 0) {
        return 0;
    }

    zone = ngx_http_pserver_zone(&shpool);
    len = facts ? pserver_facts_len(facts) : 0;
    first = 0;

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

    if (key->kind == NGX_HTTP_PSERVER_CHAIN_PERMISSION) {
        over = !pserver_facts_none(&facts->grantor)
               && pserver_facts_when(&facts->start_block, &facts->end_block,
                                     facts->block)
                  == PSERVER_FACTS_AFTER;
        first = over && !entry->over;
        entry->over = over;
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
    kept->hash = facts->block_hash;
    kept->life = life;
    kept->watched = 0;
    kept->len = len;

    if (pserver_word_uint64(&facts->end_block, &kept->due) != PSERVER_OK
        || kept->due <= facts->block)
    {
        kept->due = UINT64_MAX;
    }

    (void) pserver_facts_pack(kept->data, facts);

    entry->kept = kept;

    if (life == NGX_HTTP_PSERVER_CHAIN_WATCHED) {
        ngx_http_pserver_chain_watched(zone, entry);
    }

done:

    ngx_shmtx_unlock(&shpool->mutex);

    return first;
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


/*
 * Without a watch nothing holds longer than the bound.  With one a yes does,
 * as long as what the watch knows is not older than the bound.
 */

static ngx_uint_t
ngx_http_pserver_chain_holds(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_entry_t *entry, ngx_http_pserver_loc_conf_t *plcf,
    uint64_t now)
{
    ngx_msec_t                      age, valid;
    ngx_http_pserver_chain_kept_t  *kept;
    ngx_http_pserver_zone_watch_t  *watch;

    kept = entry->kept;
    age = (now - kept->observed) / 1000;
    valid = ngx_min(plcf->chain_valid, plcf->chain_bound);

    switch (kept->life) {

    case NGX_HTTP_PSERVER_CHAIN_ONCE:
        return 0;

    case NGX_HTTP_PSERVER_CHAIN_NO:
        return age < valid / 2;

    case NGX_HTTP_PSERVER_CHAIN_YES:
        return age < valid;

    default: /* NGX_HTTP_PSERVER_CHAIN_WATCHED */
        break;
    }

    watch = ngx_http_pserver_chain_watch_of(zone, &entry->key);

    if (watch) {
        watch->wanted = now;
    }

    if (age < valid) {
        return 1;
    }

    return watch && kept->watched && age < plcf->chain_valid
           && (now - watch->seen) / 1000 < plcf->chain_bound;
}


/*
 * What comes after the block of this set will be looked at, unless the watch
 * is already further, or has seen another block there.
 */

static void
ngx_http_pserver_chain_watched(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_entry_t *entry)
{
    ngx_http_pserver_chain_kept_t  *kept;
    ngx_http_pserver_zone_watch_t  *watch;

    kept = entry->kept;
    watch = ngx_http_pserver_chain_watch_of(zone, &entry->key);

    if (watch == NULL) {
        return;
    }

    watch->wanted = ngx_http_pserver_chain_moment();

    if (kept->block > watch->number) {
        kept->watched = 1;

    } else if (kept->block == watch->number) {
        kept->watched = ngx_memcmp(&kept->hash,
                  &watch->hash[kept->block % NGX_HTTP_PSERVER_ZONE_BLOCKS],
                                   sizeof(pserver_word_t))
                        == 0;
    }
}


void
ngx_http_pserver_chain_cache_news(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_watch_t *watch,
    ngx_http_pserver_chain_news_t *news)
{
    ngx_queue_t                     *q;
    ngx_http_pserver_chain_entry_t  *entry;

    for (q = ngx_queue_head(&zone->facts_lru);
         q != ngx_queue_sentinel(&zone->facts_lru);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_http_pserver_chain_entry_t, queue);

        if (entry->kept == NULL
            || entry->key.kind != NGX_HTTP_PSERVER_CHAIN_PERMISSION
            || ngx_http_pserver_chain_watch_of(zone, &entry->key) != watch
            || !ngx_http_pserver_chain_touched(entry, watch, news))
        {
            continue;
        }

        ngx_slab_free_locked(shpool, entry->kept);
        entry->kept = NULL;

        (void) ngx_atomic_fetch_add(&zone->counters.chain_dropped, 1);
    }
}


static ngx_uint_t
ngx_http_pserver_chain_touched(ngx_http_pserver_chain_entry_t *entry,
    ngx_http_pserver_zone_watch_t *watch, ngx_http_pserver_chain_news_t *news)
{
    uint64_t                        head;
    ngx_uint_t                      i;
    pserver_jsonrpc_block_t        *block;
    ngx_http_pserver_chain_kept_t  *kept;

    kept = entry->kept;
    head = news->fork + news->n;

    if (kept->block > head) {
        kept->watched = 1;
        return 0;
    }

    if (kept->due <= head) {
        return 1;
    }

    if (kept->block > news->fork) {

        /* of one of the new blocks, or of one that is on no chain any more */

        block = &news->blocks[kept->block - news->fork - 1];

        if (ngx_memcmp(&kept->hash, &block->hash, sizeof(pserver_word_t))
            != 0)
        {
            return 1;
        }

        kept->watched = 1;

    } else if (!news->whole) {
        return 1;
    }

    for (i = 0; i < news->nlogs; i++) {
        if (news->logs[i].number > kept->block
            && ngx_memcmp(&news->logs[i].id, &entry->key.word,
                          sizeof(pserver_word_t))
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_http_pserver_zone_watch_t *
ngx_http_pserver_chain_watch_of(ngx_http_pserver_zone_t *zone,
    ngx_http_pserver_chain_key_t *key)
{
    ngx_uint_t                      i;
    ngx_http_pserver_zone_watch_t  *watch;

    for (i = 0; i < NGX_HTTP_PSERVER_ZONE_WATCHES; i++) {
        watch = zone->watches[i];

        if (watch
            && watch->configuration == key->configuration
            && watch->nodes == key->nodes
            && watch->chain_id == key->chain_id
            && ngx_memcmp(&watch->contract, &key->contracts.permissions,
                          sizeof(pserver_address_t))
               == 0)
        {
            return watch;
        }
    }

    return NULL;
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
