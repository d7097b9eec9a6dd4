/*
 * Calls to a Docker Engine, each an exchange.  A container is named after a
 * job and asked for by that name: so it can be removed by whoever adopts the
 * job, and a guard (core/guard) sees whose it is.
 */

#ifndef _NGX_HTTP_PSERVER_ENGINE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ENGINE_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_zone.h"

#include "../core/container.h"


#define NGX_HTTP_PSERVER_INSTANCE_LEN  32        /* hex */


typedef struct {
    ngx_str_t                        name;       /* of its location */
    ngx_http_pserver_exchange_loc_t *location;
    uint32_t                         id;         /* of its upstream; not 0 */
    ngx_uint_t                       slot;       /* in the zone */
    ngx_uint_t                       jobs;       /* at a time */
    ngx_uint_t                       queue;      /* that wait on top */
    ngx_uint_t                       weight;
    ngx_msec_t                       away;       /* so long jobs wait for it */
} ngx_http_pserver_engine_t;


/* the directive "pserver_engine", and after the merge; the first one counts
   what waits for all of them */
char *ngx_http_pserver_engine(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pserver_engine_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);

/* the engine of a row, NULL: there is none (any more) */
ngx_http_pserver_engine_t *ngx_http_pserver_engine_find(
    ngx_http_pserver_loc_conf_t *plcf, uint32_t id);


/*
 * All return an exchange that is yet to be sent, whose handler gets "data",
 * or NULL: no memory.  job: the hex digits of the container's name.
 */

/* action: "" or what follows the name, such as "/start" */
ngx_http_pserver_exchange_t *ngx_http_pserver_engine_call(
    ngx_http_pserver_engine_t *engine, ngx_uint_t method,
    const u_char job[PSERVER_CONTAINER_JOB_LEN], const char *action,
    ngx_http_pserver_exchange_handler_pt handler, void *data);

/* without its volumes, killed if it runs */
ngx_http_pserver_exchange_t *ngx_http_pserver_engine_remove(
    ngx_http_pserver_engine_t *engine,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data);

ngx_http_pserver_exchange_t *ngx_http_pserver_engine_create(
    ngx_http_pserver_engine_t *engine,
    const pserver_container_t *container,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data);

/* job: what the name is now; to: what it becomes, if that is not taken */
ngx_http_pserver_exchange_t *ngx_http_pserver_engine_rename(
    ngx_http_pserver_engine_t *engine,
    const u_char job[PSERVER_CONTAINER_JOB_LEN],
    const u_char to[PSERVER_CONTAINER_JOB_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data);

/* the containers of an instance */
ngx_http_pserver_exchange_t *ngx_http_pserver_engine_list(
    ngx_http_pserver_engine_t *engine,
    const u_char instance[NGX_HTTP_PSERVER_INSTANCE_LEN],
    ngx_http_pserver_exchange_handler_pt handler, void *data);


/* 1: the engine has answered with this status */
#define ngx_http_pserver_engine_said(ex, code)                                \
    ((ex)->rc == NGX_OK && (ex)->status == (code))

/* 1: it has said nothing, or whoever is before it says that it is away */
#define ngx_http_pserver_engine_away(ex)                                      \
    ((ex)->rc != NGX_OK || (ex)->status == NGX_HTTP_BAD_GATEWAY               \
     || (ex)->status == NGX_HTTP_GATEWAY_TIME_OUT)

/* 1: the container is gone, or there was none */
#define ngx_http_pserver_engine_removed(ex)                                   \
    (ngx_http_pserver_engine_said(ex, NGX_HTTP_NO_CONTENT)                    \
     || ngx_http_pserver_engine_said(ex, NGX_HTTP_NOT_FOUND))

/* logs what became of a call; job: NULL, if it is about no container */
void ngx_http_pserver_engine_failed(ngx_http_pserver_exchange_t *ex,
    const u_char *job, const char *action);


#endif /* _NGX_HTTP_PSERVER_ENGINE_H_INCLUDED_ */
