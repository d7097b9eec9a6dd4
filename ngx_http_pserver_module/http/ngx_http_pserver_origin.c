/*
 * Origins of a location.
 */


#include "ngx_http_pserver_origin.h"
#include "ngx_http_pserver_names.h"


static ngx_uint_t ngx_http_pserver_origin_named(ngx_http_request_t *r,
    ngx_http_pserver_names_t *names, const pserver_origin_t *origin);


char *
ngx_http_pserver_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    pserver_str_t                      text;
    pserver_origin_t                   origin;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    if (plcf->origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    plcf->origins = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                     sizeof(ngx_http_complex_value_t));
    if (plcf->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        cv = ngx_array_push(plcf->origins);
        if (cv == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[i];
        ccv.complex_value = cv;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (cv->lengths) {
            continue;
        }

        text.len = cv->value.len;
        text.data = cv->value.data;

        if (pserver_origin_parse(&origin, text) != PSERVER_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\", it must be scheme, "
                               "lower-case host and port only", &value[i]);
            return NGX_CONF_ERROR;
        }

        cv->value.len = origin.text.len;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_pserver_origin_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *prev, ngx_http_pserver_loc_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *cv;

    ngx_conf_merge_ptr_value(conf->origins, prev->origins, NULL);

    conf->names = prev->names;

    if (conf->origins == NULL || conf->names) {
        return NGX_CONF_OK;
    }

    cv = conf->origins->elts;

    for (i = 0; i < conf->origins->nelts; i++) {

        if (cv[i].lengths) {
            conf->names = ngx_http_pserver_names(cf);

            return conf->names ? NGX_CONF_OK : NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_pserver_origins(ngx_http_request_t *r, pserver_origins_t *origins)
{
    ngx_str_t                     value;
    ngx_uint_t                    i;
    pserver_str_t                *elts, text;
    pserver_origin_t              origin;
    ngx_http_complex_value_t     *cv;
    ngx_http_pserver_loc_conf_t  *plcf;

    origins->elts = NULL;
    origins->n = 0;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->origins == NULL) {
        return NGX_OK;
    }

    elts = ngx_palloc(r->pool, plcf->origins->nelts * sizeof(pserver_str_t));
    if (elts == NULL) {
        return NGX_ERROR;
    }

    origins->elts = elts;

    cv = plcf->origins->elts;

    for (i = 0; i < plcf->origins->nelts; i++) {

        if (ngx_http_complex_value(r, &cv[i], &value) != NGX_OK) {
            return NGX_ERROR;
        }

        text.len = value.len;
        text.data = value.data;

        if (cv[i].lengths) {

            if (pserver_origin_parse(&origin, text) != PSERVER_OK
                || !ngx_http_pserver_origin_named(r, plcf->names, &origin))
            {
                ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                              "pserver: \"%V\" is no origin of this server",
                              &value);
                continue;
            }

            text = origin.text;
        }

        elts[origins->n++] = text;
    }

    return NGX_OK;
}


/*
 * The host is asked for, not the header "Host": a variable may take it from
 * elsewhere, and where the request line has a host nginx goes by that one.
 */

static ngx_uint_t
ngx_http_pserver_origin_named(ngx_http_request_t *r,
    ngx_http_pserver_names_t *names, const pserver_origin_t *origin)
{
    ngx_str_t  host;

    if (origin->port
        && origin->port != ngx_inet_get_port(r->connection->local_sockaddr))
    {
        return 0;
    }

    host.len = origin->host.len;
    host.data = origin->host.data;

    return ngx_http_pserver_names_have(names, &host);
}


ngx_uint_t
ngx_http_pserver_origin_own(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_origin_t *origin)
{
    ngx_str_t                  host;
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *cv;

    cv = plcf->origins->elts;

    for (i = 0; i < plcf->origins->nelts; i++) {

        if (cv[i].lengths == NULL
            && cv[i].value.len == origin->text.len
            && ngx_memcmp(cv[i].value.data, origin->text.data,
                          origin->text.len)
               == 0)
        {
            return 1;
        }
    }

    host.len = origin->host.len;
    host.data = origin->host.data;

    return plcf->names && ngx_http_pserver_names_have(plcf->names, &host);
}
