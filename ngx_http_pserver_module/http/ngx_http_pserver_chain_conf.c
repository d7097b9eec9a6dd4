/*
 * The directive "pserver_chain": nodes, and how many have to agree.
 */


#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_exchange.h"


static ngx_int_t ngx_http_pserver_chain_conf_parameter(
    ngx_http_pserver_loc_conf_t *plcf, ngx_str_t *value);
static ngx_http_pserver_nodes_t *ngx_http_pserver_chain_conf_share(
    ngx_conf_t *cf, ngx_http_pserver_nodes_t *nodes);
static ngx_int_t ngx_http_pserver_chain_conf_number(ngx_conf_t *cf,
    ngx_http_pserver_node_t *node);


char *
ngx_http_pserver_chain_directive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t   *value, *name;
    ngx_uint_t   i, k;

    if (plcf->chain != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    plcf->chain = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (plcf->chain == NULL) {
        return NGX_CONF_ERROR;
    }

    plcf->chain_agree = 1;
    plcf->chain_timeout = 5000;
    plcf->chain_aside = 10000;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].data[0] != '/') {

            if (ngx_http_pserver_chain_conf_parameter(plcf, &value[i])
                != NGX_OK)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        name = plcf->chain->elts;

        for (k = 0; k < plcf->chain->nelts; k++) {
            if (name[k].len == value[i].len
                && ngx_memcmp(name[k].data, value[i].data, name[k].len) == 0)
            {
                return "names a location twice";
            }
        }

        name = ngx_array_push(plcf->chain);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    if (plcf->chain_id == 0) {
        return "requires the parameter \"id=\"";
    }

    if (plcf->chain->nelts == 0) {
        return "requires a location";
    }

    if (plcf->chain->nelts > NGX_HTTP_PSERVER_NODES) {
        return "has too many locations";
    }

    if (plcf->chain_agree > plcf->chain->nelts) {
        return "has fewer locations than have to agree";
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_pserver_chain_conf_parameter(ngx_http_pserver_loc_conf_t *plcf,
    ngx_str_t *value)
{
    ngx_int_t    n;
    ngx_str_t    s;
    ngx_msec_t  *msec;

    if (ngx_strncmp(value->data, "id=", 3) == 0) {
        n = ngx_atoi(value->data + 3, value->len - 3);

        if (n <= 0) {
            return NGX_ERROR;
        }

        plcf->chain_id = n;
        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "agree=", 6) == 0) {
        n = ngx_atoi(value->data + 6, value->len - 6);

        if (n <= 0) {
            return NGX_ERROR;
        }

        plcf->chain_agree = n;
        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        s.data = value->data + 8;
        msec = &plcf->chain_timeout;

    } else if (ngx_strncmp(value->data, "fail_timeout=", 13) == 0) {
        s.data = value->data + 13;
        msec = &plcf->chain_aside;

    } else {
        return NGX_ERROR;
    }

    s.len = value->data + value->len - s.data;

    n = ngx_parse_time(&s, 0);

    if (n <= 0) {
        return NGX_ERROR;
    }

    *msec = n;

    return NGX_OK;
}


void
ngx_http_pserver_chain_conf_merge(ngx_http_pserver_loc_conf_t *conf,
    ngx_http_pserver_loc_conf_t *prev)
{
    if (conf->chain == NGX_CONF_UNSET_PTR) {
        conf->chain = (prev->chain == NGX_CONF_UNSET_PTR) ? NULL
                                                          : prev->chain;
        conf->chain_id = prev->chain_id;
        conf->chain_agree = prev->chain_agree;
        conf->chain_timeout = prev->chain_timeout;
        conf->chain_aside = prev->chain_aside;
    }

    ngx_conf_merge_value(conf->chain_depth, prev->chain_depth, 0);
}


char *
ngx_http_pserver_chain_conf_find(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf)
{
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_http_pserver_node_t   *node;
    ngx_http_pserver_nodes_t   nodes;

    ngx_memzero(&nodes, sizeof(ngx_http_pserver_nodes_t));

    name = conf->chain->elts;

    for (i = 0; i < conf->chain->nelts; i++) {
        node = &nodes.node[i];

        node->location = ngx_http_pserver_exchange_find(cf, &name[i],
                                                        "pserver_chain", 0);
        if (node->location == NULL
            || ngx_http_pserver_chain_conf_number(cf, node) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        nodes.n++;
    }

    nodes.agree = conf->chain_agree;
    nodes.depth = conf->chain_depth;
    nodes.aside = conf->chain_aside;

    conf->nodes = ngx_http_pserver_chain_conf_share(cf, &nodes);

    return conf->nodes ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* sets of facts are shared where the nodes are */

static ngx_http_pserver_nodes_t *
ngx_http_pserver_chain_conf_share(ngx_conf_t *cf,
    ngx_http_pserver_nodes_t *nodes)
{
    ngx_uint_t                      i;
    ngx_http_pserver_nodes_t      **all;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    all = pmcf->nodes.elts;

    for (i = 0; i < pmcf->nodes.nelts; i++) {
        if (ngx_memcmp(all[i], nodes, sizeof(ngx_http_pserver_nodes_t)) == 0) {
            return all[i];
        }
    }

    all = ngx_array_push(&pmcf->nodes);
    if (all == NULL) {
        return NULL;
    }

    *all = ngx_palloc(cf->pool, sizeof(ngx_http_pserver_nodes_t));

    if (*all) {
        **all = *nodes;
    }

    return *all;
}


/* the number of a node is that of its location among all nodes */

static ngx_int_t
ngx_http_pserver_chain_conf_number(ngx_conf_t *cf,
    ngx_http_pserver_node_t *node)
{
    ngx_uint_t                         i;
    ngx_http_pserver_main_conf_t      *pmcf;
    ngx_http_pserver_exchange_loc_t  **location;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    location = pmcf->node_locations.elts;

    for (i = 0; i < pmcf->node_locations.nelts; i++) {
        if (location[i] == node->location) {
            node->number = i;
            return NGX_OK;
        }
    }

    if (i == NGX_HTTP_PSERVER_ZONE_NODES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too many nodes in \"pserver_chain\"");
        return NGX_ERROR;
    }

    location = ngx_array_push(&pmcf->node_locations);
    if (location == NULL) {
        return NGX_ERROR;
    }

    *location = node->location;
    node->number = i;

    return NGX_OK;
}
