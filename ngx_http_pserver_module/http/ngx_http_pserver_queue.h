/*
 * The queue of jobs, of all workers together: which job runs next, and at
 * which engine.
 *
 * Each job that is accepted has a ticket in the shared zone, and waits there
 * until one of its engines has a place.  Owners take turns, the jobs of one
 * owner go in their order.  A ticket belongs to the worker that drives the
 * job, by whom it is called; those of a process that is gone are dropped, and
 * their jobs get new ones from who adopts them.
 */

#ifndef _NGX_HTTP_PSERVER_QUEUE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_QUEUE_H_INCLUDED_


#include "ngx_http_pserver_engine.h"
#include "ngx_http_pserver_zone.h"

#include "../core/ledger.h"


/*
 * A ticket for the job of a row.  NGX_BUSY: there are as many as the engines
 * take, or as pserver_operation_limit allows this owner or app; NGX_ERROR:
 * the zone is full.  accepted: 1: the job was accepted before, the limits do
 * not count.
 */
ngx_int_t ngx_http_pserver_queue_enter(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row, ngx_uint_t accepted,
    ngx_http_pserver_ticket_t **ticket);

/* 1: the engines take no more; for who has not asked anything yet */
ngx_uint_t ngx_http_pserver_queue_full(ngx_http_pserver_loc_conf_t *plcf);

/* it waits for a place; one that it has goes back, and it is the next of its
   owner's */
void ngx_http_pserver_queue_wait(ngx_http_pserver_ticket_t *ticket);

void ngx_http_pserver_queue_leave(ngx_http_pserver_ticket_t *ticket);

/* a job that waits in another worker was canceled: that one is called */
void ngx_http_pserver_queue_cancel(
    const u_char name[PSERVER_LEDGER_NAME_LEN]);

/*
 * The next ticket that this process was called for, NULL: none.  *slot is
 * that of the engine where it has a place, or
 * NGX_HTTP_PSERVER_QUEUE_CANCELED.
 */
#define NGX_HTTP_PSERVER_QUEUE_CANCELED  NGX_HTTP_PSERVER_ENGINES

ngx_http_pserver_ticket_t *ngx_http_pserver_queue_called(ngx_uint_t *slot);


/* what an engine has done with a call: one that is away gets no new jobs for
   a while, or until it is known to be back */
void ngx_http_pserver_queue_engine(ngx_http_pserver_engine_t *engine,
    ngx_uint_t away);

/* 1: each of n engines is away, for longer than jobs wait for it */
ngx_uint_t ngx_http_pserver_queue_lost(ngx_http_pserver_engine_t *engine,
    ngx_uint_t n);

/* how many jobs run */
ngx_uint_t ngx_http_pserver_queue_running(void);


/*
 * Within the queue, under the mutex.  An owner, or an app, is known by a keyed
 * hash, while it has tickets.
 */

typedef struct {
    ngx_rbtree_node_t                node;
    ngx_uint_t                       tickets;

    /* of an owner */
    ngx_queue_t                      ring;       /* if somebody waits */
    ngx_queue_t                      waiting;    /* of its tickets */
} ngx_http_pserver_party_t;

/* one more ticket of a kind ('o', 'a'), NULL: no memory; and one less */
ngx_http_pserver_party_t *ngx_http_pserver_queue_party(
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone, u_char kind,
    const pserver_address_t *address);
void ngx_http_pserver_queue_part(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_party_t *party);

/* the slot of the engine, of these (a bit a slot), with a place that is used
   least for its weight, or QUEUE_NONE */
#define NGX_HTTP_PSERVER_QUEUE_NONE  NGX_HTTP_PSERVER_ENGINES

ngx_uint_t ngx_http_pserver_queue_place(ngx_http_pserver_zone_t *zone,
    uint32_t engines);


/* the directive "pserver_operation_limit", the merge, the zone */
char *ngx_http_pserver_queue_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_pserver_queue_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev);
ngx_int_t ngx_http_pserver_queue_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone);

/* a process begins: what one with the same number had is dropped */
void ngx_http_pserver_queue_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_PSERVER_QUEUE_H_INCLUDED_ */
