/*
 * "pserver_https": which hosts may be asked for an https:// URL.
 */


#include "ngx_http_pserver_fetch.h"


static char *ngx_http_pserver_https_add(ngx_conf_t *cf,
    ngx_http_pserver_https_t *https, ngx_str_t *value);


/* pserver_https location host[:port] ... [private=on|off] */

char *
ngx_http_pserver_https(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_pserver_https_t  *https;

    if (plcf->https != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    https = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_https_t));

    if (https == NULL
        || ngx_array_init(&https->hosts, cf->pool, 4,
                          sizeof(ngx_http_pserver_https_host_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    https->name = value[1];

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "private=on") == 0) {
            https->private = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "private=off") == 0) {
            https->private = 0;
            continue;
        }

        rv = ngx_http_pserver_https_add(cf, https, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (https->hosts.nelts == 0) {
        return "has no host";
    }

    plcf->https = https;

    return NGX_CONF_OK;
}


static char *
ngx_http_pserver_https_add(ngx_conf_t *cf, ngx_http_pserver_https_t *https,
    ngx_str_t *value)
{
    u_char                         *p;
    pserver_str_t                   url;
    pserver_https_t                 parts;
    ngx_http_pserver_https_host_t  *host;

    /* what stands in a URL between scheme and path */

    url.len = sizeof("https://") - 1 + value->len;
    url.data = ngx_pnalloc(cf->pool, url.len);
    host = ngx_array_push(&https->hosts);

    if (url.data == NULL || host == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(url.data, "https://", sizeof("https://") - 1);
    ngx_memcpy(p, value->data, value->len);

    if (pserver_https_parse(url, &parts) != PSERVER_OK || parts.path.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid host \"%V\" in \"pserver_https\"", value);
        return NGX_CONF_ERROR;
    }

    host->name.len = parts.host.len;
    host->name.data = parts.host.data;
    host->port = (in_port_t) parts.port;

    return NGX_CONF_OK;
}


char *
ngx_http_pserver_https_find(ngx_conf_t *cf, ngx_http_pserver_https_t *https)
{
    if (https == NULL) {
        return NGX_CONF_OK;
    }

    https->loc = ngx_http_pserver_exchange_find(cf, &https->name,
                                                "pserver_https", 1);

    return https->loc ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_http_pserver_https_host_t *
ngx_http_pserver_https_host(ngx_http_pserver_https_t *https,
    pserver_https_t *url)
{
    ngx_uint_t                      i;
    ngx_http_pserver_https_host_t  *host;

    host = https->hosts.elts;

    for (i = 0; i < https->hosts.nelts; i++) {

        if (host[i].port == url->port
            && host[i].name.len == url->host.len
            && ngx_strncasecmp(host[i].name.data, url->host.data,
                               url->host.len)
               == 0)
        {
            return &host[i];
        }
    }

    return NULL;
}
