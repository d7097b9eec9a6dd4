/*
 * "pserver_exchange https": a way to more than one peer.  The question says
 * which: by an address that was looked at before (http/fetch), so that
 * nothing is resolved again, and by the name that the certificate must have.
 */


#include "ngx_http_pserver_exchange.h"


static ngx_int_t ngx_http_pserver_exchange_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


static ngx_http_variable_t  ngx_http_pserver_exchange_vars[] = {

    { ngx_string("pserver_peer"), NULL, ngx_http_pserver_exchange_variable,
      offsetof(ngx_http_pserver_peer_t, address), NGX_HTTP_VAR_NOCACHEABLE,
      0 },

    { ngx_string("pserver_peer_name"), NULL,
      ngx_http_pserver_exchange_variable,
      offsetof(ngx_http_pserver_peer_t, name), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_peer_host"), NULL,
      ngx_http_pserver_exchange_variable,
      offsetof(ngx_http_pserver_peer_t, host), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("pserver_peer_path"), NULL,
      ngx_http_pserver_exchange_variable,
      offsetof(ngx_http_pserver_peer_t, path), NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_pserver_exchange_add_variables(ngx_conf_t *cf)
{
    return ngx_http_pserver_variables(cf, ngx_http_pserver_exchange_vars);
}


/* set by "pserver_exchange https" before what the location says itself */

char *
ngx_http_pserver_exchange_https(ngx_conf_t *cf)
{
#if (NGX_HTTP_SSL)

    if (ngx_http_pserver_exchange_proxy(cf, "proxy_pass",
                                        "https://$pserver_peer"
                                        "$pserver_peer_path", NULL)
        != NGX_OK
        || ngx_http_pserver_exchange_proxy(cf, "proxy_set_header", "Host",
                                           "$pserver_peer_host") != NGX_OK
        || ngx_http_pserver_exchange_proxy(cf, "proxy_ssl_name",
                                           "$pserver_peer_name", NULL)
           != NGX_OK
        || ngx_http_pserver_exchange_proxy(cf, "proxy_ssl_server_name", "on",
                                           NULL) != NGX_OK
        || ngx_http_pserver_exchange_proxy(cf, "proxy_ssl_verify", "on",
                                           NULL) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;

#else

    return "requires an nginx that is built with ngx_http_ssl_module";

#endif
}


static ngx_int_t
ngx_http_pserver_exchange_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t               *value;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx == NULL || ctx->exchange == NULL || ctx->exchange->peer == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((u_char *) ctx->exchange->peer + data);

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
