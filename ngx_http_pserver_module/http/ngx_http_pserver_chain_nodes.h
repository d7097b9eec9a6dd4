/*
 * The nodes of "pserver_chain": which there are, how they are doing, and
 * what a few of them say together.
 */

#ifndef _NGX_HTTP_PSERVER_CHAIN_NODES_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CHAIN_NODES_H_INCLUDED_


#include "ngx_http_pserver_zone.h"


/* of one "pserver_chain" */
#define NGX_HTTP_PSERVER_NODES  8


typedef struct {
    ngx_http_pserver_exchange_loc_t  *location;
    ngx_uint_t                        number;     /* in the zone */
} ngx_http_pserver_node_t;


/* one for all locations that say the same */

struct ngx_http_pserver_nodes_s {
    ngx_http_pserver_node_t           node[NGX_HTTP_PSERVER_NODES];
    ngx_uint_t                        n;
    ngx_uint_t                        agree;      /* so many have to */
    uint64_t                          depth;      /* blocks; 0: the head */
    ngx_msec_t                        aside;      /* msec, after a failure */
};


/* http/chain_conf */

char *ngx_http_pserver_chain_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_pserver_chain_conf_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev);

/* sets conf->nodes; in the merge of a location that needs them */
char *ngx_http_pserver_chain_conf_find(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);


/*
 * http/chain_node: how a node is doing, as all workers have seen it.  A node
 * that failed stands aside for a while: it is asked after all that do not.
 */

typedef enum {
    NGX_HTTP_PSERVER_NODE_NO_BATCH = 0,   /* it takes one call at a time */
    NGX_HTTP_PSERVER_NODE_NO_HASH         /* or blocks by their number only */
} ngx_http_pserver_node_lack_e;

ngx_uint_t ngx_http_pserver_node_is_aside(ngx_http_pserver_node_t *node);

void ngx_http_pserver_node_answered(ngx_http_pserver_node_t *node,
    uint64_t head);

/* logs why, once for each time that it stands aside */
void ngx_http_pserver_node_failed(ngx_http_pserver_nodes_t *nodes,
    ngx_http_pserver_node_t *node, const char *why);

void ngx_http_pserver_node_differed(ngx_http_pserver_node_t *node);

/* what it lacks is learned anew now and then */
ngx_uint_t ngx_http_pserver_node_lacks(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack);
void ngx_http_pserver_node_learn(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack);

/* a new configuration: what was known of other nodes is forgotten */
void ngx_http_pserver_node_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_http_pserver_zone_t *zone);

/* JSON for /status, an array; len: enough for it */
size_t ngx_http_pserver_node_status_len(ngx_http_pserver_main_conf_t *pmcf);
u_char *ngx_http_pserver_node_status(ngx_http_pserver_main_conf_t *pmcf,
    u_char *p);


#endif /* _NGX_HTTP_PSERVER_CHAIN_NODES_H_INCLUDED_ */
