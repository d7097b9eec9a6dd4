/*
 * How the nodes are doing, as all workers have seen it.
 */


#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_exchange.h"


/* msec until what a node lacks is tried again */
#define NGX_HTTP_PSERVER_NODE_LEARN  600000

#define NGX_HTTP_PSERVER_NODE_STATUS                                          \
    "\",\"state\":\"%s\",\"head\":%uA,\"answers\":%uA,"                        \
    "\"failures\":%uA,\"differed\":%uA}"


static ngx_http_pserver_zone_node_t *ngx_http_pserver_node_zone(
    ngx_http_pserver_node_t *node);
static ngx_atomic_t *ngx_http_pserver_node_lack(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack);


ngx_uint_t
ngx_http_pserver_node_is_aside(ngx_http_pserver_node_t *node)
{
    return ngx_http_pserver_node_zone(node)->aside
           > ngx_http_pserver_chain_now();
}


void
ngx_http_pserver_node_answered(ngx_http_pserver_node_t *node, uint64_t head)
{
    ngx_http_pserver_zone_node_t  *zn;

    zn = ngx_http_pserver_node_zone(node);

    zn->head = head;
    zn->aside = 0;

    (void) ngx_atomic_fetch_add(&zn->answers, 1);
}


void
ngx_http_pserver_node_failed(ngx_http_pserver_nodes_t *nodes,
    ngx_http_pserver_node_t *node, const char *why)
{
    uint64_t                       now;
    ngx_uint_t                     level;
    ngx_http_pserver_zone_node_t  *zn;

    zn = ngx_http_pserver_node_zone(node);
    now = ngx_http_pserver_chain_now();

    (void) ngx_atomic_fetch_add(&zn->failures, 1);

    level = NGX_LOG_INFO;

    if (zn->aside <= now) {
        level = NGX_LOG_ERR;
        zn->aside = now + nodes->aside;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "pserver: the chain node \"%V\" gave %s",
                  &node->location->name, why);
}


void
ngx_http_pserver_node_differed(ngx_http_pserver_node_t *node)
{
    (void) ngx_atomic_fetch_add(&ngx_http_pserver_node_zone(node)->differed,
                                1);
}


ngx_uint_t
ngx_http_pserver_node_lacks(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack)
{
    return *ngx_http_pserver_node_lack(node, lack)
           > ngx_http_pserver_chain_now();
}


void
ngx_http_pserver_node_learn(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack)
{
    *ngx_http_pserver_node_lack(node, lack) = ngx_http_pserver_chain_now()
                                              + NGX_HTTP_PSERVER_NODE_LEARN;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "pserver: the chain node \"%V\" takes %s",
                  &node->location->name,
                  lack == NGX_HTTP_PSERVER_NODE_NO_BATCH
                  ? "no batches" : "no block by its hash");
}


void
ngx_http_pserver_node_init(ngx_http_pserver_main_conf_t *pmcf,
    ngx_http_pserver_zone_t *zone)
{
    uint32_t                           name;
    ngx_uint_t                         i;
    ngx_http_pserver_exchange_loc_t  **location;

    location = pmcf->node_locations.elts;

    for (i = 0; i < pmcf->node_locations.nelts; i++) {
        name = ngx_crc32_short(location[i]->name.data,
                               location[i]->name.len);

        if (zone->nodes[i].name != name) {
            ngx_memzero(&zone->nodes[i],
                        sizeof(ngx_http_pserver_zone_node_t));
            zone->nodes[i].name = name;
        }
    }
}


size_t
ngx_http_pserver_node_status_len(ngx_http_pserver_main_conf_t *pmcf)
{
    size_t                             len;
    ngx_uint_t                         i;
    ngx_http_pserver_exchange_loc_t  **location;

    len = sizeof("[]");
    location = pmcf->node_locations.elts;

    for (i = 0; i < pmcf->node_locations.nelts; i++) {
        len += sizeof(",{\"location\":\"" NGX_HTTP_PSERVER_NODE_STATUS "aside")
               + location[i]->name.len + 4 * NGX_ATOMIC_T_LEN
               + ngx_escape_json(NULL, location[i]->name.data,
                                 location[i]->name.len);
    }

    return len;
}


u_char *
ngx_http_pserver_node_status(ngx_http_pserver_main_conf_t *pmcf, u_char *p)
{
    uint64_t                           now;
    ngx_uint_t                         i;
    ngx_http_pserver_zone_node_t      *zn;
    ngx_http_pserver_exchange_loc_t  **location;

    now = ngx_http_pserver_chain_now();
    location = pmcf->node_locations.elts;

    *p++ = '[';

    for (i = 0; i < pmcf->node_locations.nelts; i++) {
        zn = &ngx_http_pserver_zone(NULL)->nodes[i];

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, "{\"location\":\"", sizeof("{\"location\":\"") - 1);
        p = (u_char *) ngx_escape_json(p, location[i]->name.data,
                                       location[i]->name.len);
        p = ngx_sprintf(p, NGX_HTTP_PSERVER_NODE_STATUS,
                        zn->aside > now ? "aside" : "well", zn->head,
                        zn->answers, zn->failures, zn->differed);
    }

    *p++ = ']';

    return p;
}


static ngx_http_pserver_zone_node_t *
ngx_http_pserver_node_zone(ngx_http_pserver_node_t *node)
{
    return &ngx_http_pserver_zone(NULL)->nodes[node->number];
}


static ngx_atomic_t *
ngx_http_pserver_node_lack(ngx_http_pserver_node_t *node,
    ngx_http_pserver_node_lack_e lack)
{
    ngx_http_pserver_zone_node_t  *zn;

    zn = ngx_http_pserver_node_zone(node);

    return lack == NGX_HTTP_PSERVER_NODE_NO_BATCH ? &zn->no_batch
                                                  : &zn->no_hash;
}
