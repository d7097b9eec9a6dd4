/*
 * The warm pool: started, blank containers of operations with "warm=", whose
 * pserver-run waits for its input.  A job takes one over by giving it its own
 * name, by which from then on it is removed like any other; so each serves
 * one job.
 *
 * The pool is a table in the shared zone.  A container is in it before the
 * engine is asked to create it and until it is renamed or removed, with the
 * process that has it in hand: what a dead process had is removed.  Worker 0
 * tends the pool: fills it, and removes what the configuration does not ask
 * for any more, and all of it when nginx quits.
 */

#ifndef _NGX_HTTP_PSERVER_WARM_H_INCLUDED_
#define _NGX_HTTP_PSERVER_WARM_H_INCLUDED_


#include "ngx_http_pserver_engine.h"
#include "ngx_http_pserver_operation.h"


/* containers of all operations and engines together */
#define NGX_HTTP_PSERVER_WARM_MAX  256

#define NGX_HTTP_PSERVER_WARM_KEY  16


typedef enum {
    NGX_HTTP_PSERVER_WARM_FREE = 0,
    NGX_HTTP_PSERVER_WARM_MAKING,
    NGX_HTTP_PSERVER_WARM_READY,
    NGX_HTTP_PSERVER_WARM_CLAIMED,
    NGX_HTTP_PSERVER_WARM_UNWANTED,     /* to be removed, by whoever tends */
    NGX_HTTP_PSERVER_WARM_LEAVING       /* is being removed */
} ngx_http_pserver_warm_state_e;


typedef struct {
    ngx_http_pserver_warm_state_e    state;
    ngx_pid_t                        pid;        /* MAKING, CLAIMED, LEAVING */
    uint32_t                         engine;     /* its id */
    u_char                           key[NGX_HTTP_PSERVER_WARM_KEY];
    u_char                           hex[PSERVER_CONTAINER_JOB_LEN];
} ngx_http_pserver_warm_t;

struct ngx_http_pserver_zone_warm_s {
    uint64_t                         number;     /* of the newest
                                                    configuration */
    uint64_t                         claimed;    /* unix msec, the last one */
    ngx_http_pserver_warm_t          table[NGX_HTTP_PSERVER_WARM_MAX];
};


/*
 * What makes a container fit a job: the engine, and every byte that it would
 * be created from.  NGX_ERROR: there is no such container.
 */
ngx_int_t ngx_http_pserver_warm_key(u_char key[NGX_HTTP_PSERVER_WARM_KEY],
    ngx_http_pserver_engine_t *engine, const pserver_container_t *container,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN]);

/*
 * A container for a job, which this process then has in hand; NULL: there is
 * none.  release() ends that: gone, 1: it has another name now, or is not
 * there; 0: it is to be removed.
 */
ngx_http_pserver_warm_t *ngx_http_pserver_warm_claim(
    ngx_http_pserver_engine_t *engine, const pserver_container_t *container,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN]);
void ngx_http_pserver_warm_release(ngx_http_pserver_warm_t *warm,
    ngx_uint_t gone);

/* 1: the container is in the pool; not running, it will not stay there */
ngx_uint_t ngx_http_pserver_warm_has(
    const u_char hex[PSERVER_CONTAINER_JOB_LEN], ngx_uint_t running);


/* within the pool; table() locks it, and is NULL, unlocked, where there is
   none */
ngx_http_pserver_warm_t *ngx_http_pserver_warm_table(void);
void ngx_http_pserver_warm_unlock(void);

/* the parameter "warm=", the zone, the process */
ngx_int_t ngx_http_pserver_warm_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_slab_pool_t *shpool, ngx_http_pserver_zone_t *zone);
ngx_int_t ngx_http_pserver_warm_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_PSERVER_WARM_H_INCLUDED_ */
