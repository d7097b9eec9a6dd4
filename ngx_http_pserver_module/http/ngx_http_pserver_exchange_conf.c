/*
 * Exchange locations: the directive, what it makes of a location, and the
 * gate that keeps everybody else out.
 */


#include "ngx_http_pserver_exchange.h"


static ngx_command_t *ngx_http_pserver_exchange_command(
    const char *directive);


char *
ngx_http_pserver_exchange(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                         *value;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_core_srv_conf_t          *cscf;
    ngx_http_pserver_main_conf_t      *pmcf;
    ngx_http_pserver_exchange_loc_t  **elp, *el;

    if (plcf->exchange != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    if (clcf->named || clcf->name.len == 0 || clcf->name.data[0] != '/'
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return "is allowed only in a location given by a prefix";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "https") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    el = ngx_palloc(cf->pool, sizeof(ngx_http_pserver_exchange_loc_t));
    elp = ngx_array_push(&pmcf->exchanges);

    if (el == NULL || elp == NULL) {
        return NGX_CONF_ERROR;
    }

    el->name = clcf->name;
    el->clcf = clcf;
    el->ctx = cscf->ctx;
    el->https = (cf->args->nelts == 2);
    *elp = el;

    plcf->exchange = el->https ? NGX_HTTP_PSERVER_EXCHANGE_HTTPS
                               : NGX_HTTP_PSERVER_EXCHANGE_ON;

    if (ngx_http_pserver_exchange_upgrade(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return el->https ? ngx_http_pserver_exchange_https(cf) : NGX_CONF_OK;
}


/*
 * Setting headers also cuts off the proxy_set_header of outer levels.  An
 * empty value is not sent.
 */

ngx_int_t
ngx_http_pserver_exchange_upgrade(ngx_conf_t *cf)
{
    if (ngx_http_pserver_exchange_proxy(cf, "proxy_set_header", "Connection",
                                        "$pserver_connection")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pserver_exchange_proxy(cf, "proxy_set_header", "Upgrade",
                                           "$http_upgrade");
}


ngx_int_t
ngx_http_pserver_exchange_proxy(ngx_conf_t *cf, const char *directive,
    const char *first, const char *second)
{
    char           *rv;
    ngx_str_t      *value;
    ngx_array_t    *saved, args;
    ngx_command_t  *cmd;

    cmd = ngx_http_pserver_exchange_command(directive);

    if (cmd == NULL
        || ngx_array_init(&args, cf->pool, 3, sizeof(ngx_str_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = ngx_array_push_n(&args, second ? 3 : 2);

    value[0] = cmd->name;
    value[1].len = ngx_strlen(first);
    value[1].data = (u_char *) first;

    if (second) {
        value[2].len = ngx_strlen(second);
        value[2].data = (u_char *) second;
    }

    saved = cf->args;
    cf->args = &args;

    rv = cmd->set(cf, cmd,
                  cf->ctx ? ngx_http_conf_get_module_loc_conf(cf,
                                               ngx_http_proxy_module) : NULL);

    cf->args = saved;

    if (rv != NGX_CONF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" %s", directive,
                           rv == NGX_CONF_ERROR ? "failed" : rv);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_command_t *
ngx_http_pserver_exchange_command(const char *directive)
{
    ngx_command_t  *cmd;

    for (cmd = ngx_http_proxy_module.commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, directive) == 0) {
            return cmd;
        }
    }

    return NULL;
}


/*
 * Runs after the merge of ngx_http_core_module and ngx_http_proxy_module,
 * whose configuration begins with that of the upstream.  What an exchange
 * can't do without is set; what contradicts it fails the configuration.
 */

char *
ngx_http_pserver_exchange_merge(ngx_conf_t *cf, ngx_uint_t kind,
    const char *directive)
{
    u_char                    *conf;
    ngx_command_t             *cmd;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *uconf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    uconf = (ngx_http_upstream_conf_t *) conf;

    if (clcf->handler == NULL
        || (uconf->upstream == NULL
            && kind != NGX_HTTP_PSERVER_EXCHANGE_HTTPS))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" in location \"%V\" requires "
                           "\"proxy_pass\" without variables", directive,
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

#if (NGX_HTTP_CACHE)
    if (uconf->cache) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" in location \"%V\" excludes "
                           "\"proxy_cache\"", directive, &clcf->name);
        return NGX_CONF_ERROR;
    }
#endif

    if (uconf->store) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" in location \"%V\" excludes "
                           "\"proxy_store\"", directive, &clcf->name);
        return NGX_CONF_ERROR;
    }

    /* the rest of the proxy's configuration is its own: ask its commands */

    cmd = ngx_http_pserver_exchange_command("proxy_http_version");
    if (cmd == NULL) {
        return NGX_CONF_ERROR;
    }

    *(ngx_uint_t *) (conf + cmd->offset) = NGX_HTTP_VERSION_11;

    /* answers stay in memory, and decide nothing about where they go */

    uconf->buffering = 0;
    uconf->intercept_errors = 0;
    uconf->ignore_client_abort = 1;
    uconf->ignore_headers = NGX_CONF_BITMASK_SET
                            |NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                            |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                            |NGX_HTTP_UPSTREAM_IGN_EXPIRES
                            |NGX_HTTP_UPSTREAM_IGN_CACHE_CONTROL
                            |NGX_HTTP_UPSTREAM_IGN_SET_COOKIE
                            |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                            |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                            |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET
                            |NGX_HTTP_UPSTREAM_IGN_VARY;

    /* nor does a detached request wander off or stay */

    clcf->error_pages = NULL;
    ngx_str_null(&clcf->post_action);
    clcf->lingering_close = NGX_HTTP_LINGERING_OFF;
    clcf->client_body_in_file_only = 0;

    return NGX_CONF_OK;
}


ngx_http_pserver_exchange_loc_t *
ngx_http_pserver_exchange_find(ngx_conf_t *cf, ngx_str_t *name,
    const char *directive, unsigned https)
{
    ngx_uint_t                         i;
    ngx_http_core_srv_conf_t          *cscf;
    ngx_http_pserver_main_conf_t      *pmcf;
    ngx_http_pserver_exchange_loc_t  **el;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    el = pmcf->exchanges.elts;

    for (i = 0; i < pmcf->exchanges.nelts; i++) {

        if (el[i]->ctx == cscf->ctx
            && el[i]->https == https
            && el[i]->name.len == name->len
            && ngx_memcmp(el[i]->name.data, name->data, name->len) == 0)
        {
            return el[i];
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%s\" names \"%V\", but server \"%V\" has no such "
                       "location with \"pserver_exchange%s\"",
                       directive, name, &cscf->server_name,
                       https ? " https" : "");

    return NULL;
}


ngx_int_t
ngx_http_pserver_exchange_guard(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    /* a detached request runs no phases: whoever comes here is another */

    return plcf->exchange ? NGX_HTTP_NOT_FOUND : NGX_DECLINED;
}
