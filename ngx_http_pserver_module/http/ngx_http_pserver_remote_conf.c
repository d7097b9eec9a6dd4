/*
 * The directive "pserver_inputs".
 */


#include "ngx_http_pserver_remote.h"


ngx_http_pserver_inputs_t  ngx_http_pserver_inputs_default = {
    64 * 1024 * 1024,
    16 * 1024 * 1024,
    600,
    30000
};


static char *ngx_http_pserver_inputs_set(ngx_http_pserver_inputs_t *inputs,
    ngx_str_t *arg);


/* pserver_inputs off | [size=size] [file=size] [valid=time] [timeout=time] */

char *
ngx_http_pserver_inputs(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_pserver_inputs_t  *inputs;

    if (plcf->inputs != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        plcf->inputs = NULL;
        return NGX_CONF_OK;
    }

    inputs = ngx_palloc(cf->pool, sizeof(ngx_http_pserver_inputs_t));
    if (inputs == NULL) {
        return NGX_CONF_ERROR;
    }

    *inputs = ngx_http_pserver_inputs_default;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_pserver_inputs_set(inputs, &value[i]) != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    plcf->inputs = inputs;

    return NGX_CONF_OK;
}


static char *
ngx_http_pserver_inputs_set(ngx_http_pserver_inputs_t *inputs,
    ngx_str_t *arg)
{
    off_t       size;
    ngx_int_t   time;
    ngx_str_t   value;
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("size="),
        ngx_string("file="),
        ngx_string("valid="),
        ngx_string("timeout=")
    };

    for (i = 0; i < 4; i++) {
        if (ngx_strncmp(arg->data, names[i].data, names[i].len) == 0) {
            break;
        }
    }

    if (i == 4) {
        return NGX_CONF_ERROR;
    }

    value.data = arg->data + names[i].len;
    value.len = arg->len - names[i].len;

    if (i < 2) {
        size = ngx_parse_offset(&value);

        if (size <= 0 || (i == 1 && size > NGX_HTTP_PSERVER_INPUTS_FILE_MAX)) {
            return NGX_CONF_ERROR;
        }

        if (i == 0) {
            inputs->size = size;

        } else {
            inputs->file = size;
        }

        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value, i == 2);

    if (time == NGX_ERROR || time == 0) {
        return NGX_CONF_ERROR;
    }

    if (i == 2) {
        inputs->valid = time;

    } else {
        inputs->timeout = time;
    }

    return NGX_CONF_OK;
}
