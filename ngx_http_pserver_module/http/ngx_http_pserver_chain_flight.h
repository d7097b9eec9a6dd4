/*
 * Between the files of http/chain: a flight is one question at one block,
 * for all who wait for its answer.  Who waits, what is kept and when it is
 * dropped is the matter of http/chain and http/chain_cache; how it is put to
 * the nodes, and what counts as an answer, of http/chain_nodes.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_FLIGHT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_FLIGHT_H_INCLUDED_


#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_zone.h"
#include "../core/jsonrpc.h"


/*
 * What a set of facts is of, and whom it was asked: no padding, it is
 * compared by bytes.  The pointers are never followed: they stand for what
 * they name in the configuration with this number.
 */

typedef struct {
    pserver_word_t                    word;
    uint64_t                          configuration;
    uint64_t                          nodes;      /* pserver_chain */
    uint64_t                          gateway;
    uint64_t                          https;
    uint64_t                          owners;
    pserver_word_t                    named;      /* http/owner */
    uint64_t                          chain_id;
    uint64_t                          kind;
    ngx_http_pserver_contracts_t      contracts;
} ngx_http_pserver_chain_key_t;


/* rc: NGX_OK: its facts are whole; NGX_ERROR: there was no answer */
typedef void (*ngx_http_pserver_chain_landed_pt)(
    ngx_http_pserver_chain_flight_t *flight, ngx_int_t rc);

/* rc: NGX_OK, with or without a grant file, or NGX_ERROR: no memory */
typedef void (*ngx_http_pserver_chain_granted_pt)(
    ngx_http_pserver_chain_flight_t *flight, ngx_int_t rc);


struct ngx_http_pserver_chain_flight_s {
    ngx_queue_t                       queue;      /* of this worker's */
    uint64_t                          number;     /* for others; 0: none */
    ngx_uint_t                        foreign;    /* 1: another worker's, of
                                                     which nothing more is
                                                     known here */
    ngx_queue_t                       waiters;    /* of ask_t */
    ngx_queue_t                       later;      /* of ask_t that need a head
                                                     which is yet to be asked
                                                     for */
    ngx_http_pserver_chain_key_t      key;
    ngx_http_pserver_loc_conf_t      *plcf;
    ngx_pool_t                       *pool;       /* holds the flight */
    ngx_msec_t                        started;
    ngx_msec_t                        deadline;   /* of all of it */
    ngx_http_pserver_chain_landed_pt  landed;

    ngx_http_pserver_chain_granted_pt granted;    /* http/chain_grant */
    ngx_uint_t                        no_grant;   /* 1: it could not be had,
                                                     and may be later */

    ngx_str_t                         call;       /* of the question */
    pserver_address_t                 named;      /* of a PERMISSION */
    pserver_facts_t                   facts;
};


/*
 * Puts flight->key to as many nodes as have to agree, and fetches the grant
 * file.  NGX_OK: flight->landed is called, once, by the deadline, from the
 * event loop and never from inside; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_chain_fly(ngx_http_pserver_chain_flight_t *flight);

/* msec that are left until the flight's deadline, at least 1 */
ngx_msec_t ngx_http_pserver_chain_left(
    ngx_http_pserver_chain_flight_t *flight);

/*
 * The grant file, once the rest of the facts is there.  NGX_OK: it is there,
 * or can't be had; NGX_AGAIN: granted is called, once, later; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_pserver_chain_grant(
    ngx_http_pserver_chain_flight_t *flight,
    ngx_http_pserver_chain_granted_pt granted);


/* blocks that good nodes may be apart */
#define NGX_HTTP_PSERVER_CHAIN_BACK  2

/* a head of this chain was seen; NGX_ERROR: it is too far below the highest
   to be believed */
ngx_int_t ngx_http_pserver_chain_head_seen(uint64_t chain_id,
    uint64_t number);


/*
 * A set of facts as this worker has unpacked it; in use while there are
 * references.  find and open give one; copy is for a caller that holds a
 * lock, and the rest of the work is open's, which takes the copy over.
 * NULL: there is none, no memory.
 */

struct ngx_http_pserver_chain_set_s {
    ngx_uint_t                        refs;
    uint64_t                          number;
    size_t                            len;        /* the bytes follow */
    pserver_facts_t                   facts;
};

ngx_http_pserver_chain_set_t *ngx_http_pserver_chain_set_find(
    uint64_t number);
ngx_http_pserver_chain_set_t *ngx_http_pserver_chain_set_copy(
    uint64_t number, u_char *data, size_t len);
ngx_http_pserver_chain_set_t *ngx_http_pserver_chain_set_open(
    ngx_http_pserver_chain_set_t *set);
void ngx_http_pserver_chain_set_release(ngx_http_pserver_chain_set_t *set);


/*
 * The shared zone: for each key the last set, and the flight that is under
 * way, which has a number; a set has that of the flight that brought it.
 */

/* how long a set holds */

typedef enum {
    NGX_HTTP_PSERVER_CHAIN_ONCE = 0,  /* for those who wait for it */
    NGX_HTTP_PSERVER_CHAIN_NO,        /* half as long as a yes */
    NGX_HTTP_PSERVER_CHAIN_YES,       /* pserver_chain_valid, and no longer
                                         than the bound */
    NGX_HTTP_PSERVER_CHAIN_WATCHED    /* longer than the bound, while the logs
                                         of the chain are followed: what else
                                         could change it has no log */
} ngx_http_pserver_chain_life_e;

typedef struct {
    ngx_http_pserver_chain_set_t     *set;        /* of NGX_OK: a reference */
    uint64_t                          number;     /* of the flight; 0: others
                                                     do not know of it */
    uint64_t                          asked;      /* its moment */
} ngx_http_pserver_chain_found_t;

/*
 * NGX_OK: found->set holds, and its head was asked for after not_before (0:
 * at any time); NGX_AGAIN: another worker asks; NGX_DECLINED: nobody does:
 * from now on, where fly is 1, it is the caller who must, and must say how it
 * ended.
 */
ngx_int_t ngx_http_pserver_chain_cache_find(ngx_http_pserver_chain_key_t *key,
    ngx_http_pserver_loc_conf_t *plcf, uint64_t not_before, ngx_uint_t fly,
    ngx_http_pserver_chain_found_t *found);

/*
 * The flight has landed; facts are NULL where there was no answer.  Returns
 * 1 if they show the end of a permission, and are the first that do.
 */
ngx_uint_t ngx_http_pserver_chain_cache_landed(
    ngx_http_pserver_chain_key_t *key, uint64_t number,
    const pserver_facts_t *facts, ngx_http_pserver_chain_life_e life);

/*
 * A flight of another worker.  NGX_AGAIN: it is under way; NGX_OK: *set has
 * what it brought; NGX_ERROR: there was no answer; NGX_DECLINED: it is not
 * known any more, or its worker has died.
 */
ngx_int_t ngx_http_pserver_chain_cache_await(
    ngx_http_pserver_chain_key_t *key, uint64_t number,
    ngx_http_pserver_chain_set_t **set);

/* of the blocks that a watch has seen */

typedef struct {
    uint64_t                          number;     /* of its block */
    pserver_word_t                    id;         /* of a permission */
} ngx_http_pserver_chain_log_t;

typedef struct {
    uint64_t                          fork;       /* the last block that is
                                                     still on the chain */
    pserver_jsonrpc_block_t          *blocks;     /* those after it */
    ngx_uint_t                        n;
    ngx_http_pserver_chain_log_t     *logs;       /* of these blocks */
    ngx_uint_t                        nlogs;
    ngx_uint_t                        whole;      /* 0: there may be others */
} ngx_http_pserver_chain_news_t;

/*
 * Drops the sets of this watch that the news could touch; under the lock of
 * the zone.
 */
void ngx_http_pserver_chain_cache_news(ngx_http_pserver_zone_t *zone,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_watch_t *watch,
    ngx_http_pserver_chain_news_t *news);

/* the last set, whatever its age: a reference, or NULL */
ngx_http_pserver_chain_set_t *ngx_http_pserver_chain_cache_last(
    ngx_http_pserver_chain_key_t *key);


#endif /* _NGX_HTTP_PSERVER_CHAIN_FLIGHT_H_INCLUDED_ */
