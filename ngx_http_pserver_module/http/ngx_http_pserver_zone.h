/*
 * The shared zone: what can be lost.  No pointer into a process, no fd;
 * magic and version first, so that a layout of another binary is refused.
 */

#ifndef _NGX_HTTP_PSERVER_ZONE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ZONE_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* for /status and tests; changed with ngx_http_pserver_count() */

typedef struct {
    ngx_atomic_t                     auth_ok;
    ngx_atomic_t                     auth_failed;
    ngx_atomic_t                     auth_remembered;
    ngx_atomic_t                     exchanges;
    ngx_atomic_t                     exchanges_failed;
    ngx_atomic_t                     chain_hits;
    ngx_atomic_t                     chain_misses;
    ngx_atomic_t                     chain_errors;
    ngx_atomic_t                     chain_dropped;
    ngx_atomic_t                     watch_polls;
    ngx_atomic_t                     watch_errors;
    ngx_atomic_t                     jobs_accepted;
    ngx_atomic_t                     jobs_succeeded;
    ngx_atomic_t                     jobs_failed;
    ngx_atomic_t                     jobs_canceled;
    ngx_atomic_t                     audit_entries;
    ngx_atomic_t                     audit_commits;
    ngx_atomic_t                     audit_errors;
    ngx_atomic_t                     keys_rewrapped;
    ngx_atomic_t                     keys_old;   /* found by the last sweep */
    ngx_atomic_t                     versions_resealed;
} ngx_http_pserver_counters_t;


/* the highest block of a chain that was seen, and when last, unix msec */

typedef struct {
    uint64_t                         chain_id;
    uint64_t                         number;
    uint64_t                         seen;
} ngx_http_pserver_zone_head_t;

#define NGX_HTTP_PSERVER_ZONE_HEADS  8


/*
 * How far the logs of a permissions contract were followed, as the nodes of
 * a configuration show them; moments are those of http/chain.
 */

#define NGX_HTTP_PSERVER_ZONE_WATCHES  4
#define NGX_HTTP_PSERVER_ZONE_BLOCKS   32

typedef struct {
    uint64_t                         configuration;  /* as in the keys */
    uint64_t                         nodes;
    uint64_t                         chain_id;
    pserver_address_t                contract;

    ngx_pid_t                        pid;        /* of the worker that polls */
    uint64_t                         lease;      /* and until when */
    uint64_t                         wanted;     /* a set was used last */
    uint64_t                         seen;       /* the head was asked for, of
                                                    the last poll that came
                                                    through */
    uint64_t                         number;     /* of the head */
    uint64_t                         blocks;     /* whose hashes are there,
                                                    the head's with them */
    pserver_word_t                   hash[NGX_HTTP_PSERVER_ZONE_BLOCKS];
} ngx_http_pserver_zone_watch_t;

#define NGX_HTTP_PSERVER_ZONE_HASH   16     /* crypto_shorthash_KEYBYTES */


/* what is known of a chain node, http/chain_node; moments in unix msec */

typedef struct {
    uint32_t                         name;       /* crc32 of its location */
    ngx_atomic_t                     answers;
    ngx_atomic_t                     failures;   /* of any kind */
    ngx_atomic_t                     differed;   /* from other nodes */
    ngx_atomic_t                     head;
    ngx_atomic_t                     aside;      /* not asked before then,
                                                    while there are others */
    ngx_atomic_t                     no_batch;   /* until then it is asked */
    ngx_atomic_t                     no_hash;    /* in another way */
} ngx_http_pserver_zone_node_t;

#define NGX_HTTP_PSERVER_ZONE_NODES  32

#define NGX_HTTP_PSERVER_ENGINES  32

/* an engine, http/queue; under the mutex of the slab pool */

typedef struct {
    uint32_t                         id;         /* 0: of none */
    ngx_uint_t                       jobs;       /* as the last configuration */
    ngx_uint_t                       weight;     /* has it */
    ngx_uint_t                       tickets;    /* counted here */
    ngx_uint_t                       running;
    ngx_msec_t                       away;       /* since when; 0: it is
                                                    there */
    ngx_msec_t                       aside;      /* if away, until then it
                                                    gets no new jobs */
} ngx_http_pserver_zone_engine_t;


/* http/queue: the jobs of all workers; under the mutex of the slab pool */

typedef struct {
    ngx_rbtree_t                     parties;    /* owners and apps */
    ngx_rbtree_node_t                sentinel;
    ngx_queue_t                      tickets;    /* all of them */
    ngx_queue_t                      ring;       /* owners who wait, the next
                                                    one first */
    ngx_queue_t                      called;
    uint64_t                         purged;     /* unix msec */
} ngx_http_pserver_zone_queue_t;

typedef struct ngx_http_pserver_zone_warm_s  ngx_http_pserver_zone_warm_t;

/* the highest counter of an owner's manifest that was seen, http/manifest */

typedef struct {
    pserver_address_t                owner;
    uint32_t                         store;      /* crc32 of its path */
    uint64_t                         counter;
} ngx_http_pserver_zone_manifest_t;

#define NGX_HTTP_PSERVER_ZONE_ENDED       256
#define NGX_HTTP_PSERVER_ZONE_ENDED_NAME  8


typedef struct {
    uint32_t                         magic;
    uint32_t                         version;
    time_t                           started;

    /* http/chain: sets of facts by permission, the least recently used
       last; under the mutex of the slab pool */
    ngx_rbtree_t                     facts;
    ngx_rbtree_node_t                facts_sentinel;
    ngx_queue_t                      facts_lru;
    u_char                           hash_key[NGX_HTTP_PSERVER_ZONE_HASH];

    /* http/chain: the number of the last flight, how many have landed */
    uint64_t                         flights;
    ngx_atomic_t                     landings;
    ngx_http_pserver_zone_watch_t   *watches[NGX_HTTP_PSERVER_ZONE_WATCHES];

    /* http/auth_cache: NULL where the zone is small */
    struct ngx_http_pserver_auth_cache_s  *auth_cache;

    /* http/custody: owners' keys that are unlocked */
    struct ngx_http_pserver_custody_table_s  *custody;

    /* http/manifest: a slot for each hash; under the mutex of the slab pool */
    ngx_http_pserver_zone_manifest_t  *manifests;
    ngx_uint_t                       nmanifests;

    /* http/chain: the head of each chain, and that of the one asked last,
       for /status */
    ngx_http_pserver_zone_head_t     heads[NGX_HTTP_PSERVER_ZONE_HEADS];
    uint64_t                         head_number;

    ngx_http_pserver_zone_node_t     nodes[NGX_HTTP_PSERVER_ZONE_NODES];

    ngx_http_pserver_zone_engine_t   engines[NGX_HTTP_PSERVER_ENGINES];
    ngx_http_pserver_zone_queue_t    queue;

    /* http/warm: NULL where no operation had "warm="; under the mutex of the
       slab pool */
    ngx_http_pserver_zone_warm_t    *warm;

    /* http/wait: how many jobs have ended, and the beginnings of the names of
       the last; under the mutex of the slab pool */
    uint64_t                         ended;
    u_char                           ended_last[NGX_HTTP_PSERVER_ZONE_ENDED]
                                         [NGX_HTTP_PSERVER_ZONE_ENDED_NAME];

    ngx_http_pserver_counters_t      counters;
} ngx_http_pserver_zone_t;


/* never NULL in a worker: a location with "pserver" needs a zone; shpool
   may be NULL */
ngx_http_pserver_zone_t *ngx_http_pserver_zone(ngx_slab_pool_t **shpool);

#define ngx_http_pserver_count(name, n)                                       \
    (void) ngx_atomic_fetch_add(                                              \
                        &ngx_http_pserver_zone(NULL)->counters.name, n)


char *ngx_http_pserver_zone_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_PSERVER_ZONE_H_INCLUDED_ */
