/*
 * Directives with a syntax of their own: their handlers.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_guard.h"
#include "../core/encode.h"


/* bytes of a file */
#define NGX_HTTP_PSERVER_CONF_SECRET  (1024 * 1024)
#define NGX_HTTP_PSERVER_CONF_LIST    (256 * 1024 * 1024)


typedef struct {
    ngx_str_t              name;
    ngx_uint_t             api;
    ngx_http_handler_pt    handler;
    ngx_uint_t             audited;          /* 1: 503 if the log is stopped */
} ngx_http_pserver_api_t;


static ngx_int_t ngx_http_pserver_api_handler(ngx_http_request_t *r);


static ngx_http_pserver_api_t  ngx_http_pserver_apis[] = {

    { ngx_string("data"), NGX_HTTP_PSERVER_DATA,
      ngx_http_pserver_data_handler, 1 },

    { ngx_string("compute"), NGX_HTTP_PSERVER_COMPUTE,
      ngx_http_pserver_compute_handler, 1 },

    { ngx_string("audit"), NGX_HTTP_PSERVER_AUDIT,
      ngx_http_pserver_audit_handler, 0 },

    { ngx_string("status"), NGX_HTTP_PSERVER_STATUS,
      ngx_http_pserver_status_handler, 0 },

    { ngx_string("auth"), NGX_HTTP_PSERVER_AUTH,
      ngx_http_pserver_auth_ok_handler, 0 },

    { ngx_string("guard"), NGX_HTTP_PSERVER_GUARD, NULL, 0 },

    { ngx_null_string, 0, NULL, 0 }
};


char *
ngx_http_pserver_conf_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                 *value;
    ngx_http_pserver_api_t    *api;
    ngx_http_core_loc_conf_t  *clcf;

    if (plcf->api != NGX_HTTP_PSERVER_NONE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (api = ngx_http_pserver_apis; api->name.len; api++) {

        if (api->name.len == value[1].len
            && ngx_strcmp(api->name.data, value[1].data) == 0)
        {
            plcf->api = api->api;

            if (plcf->api == NGX_HTTP_PSERVER_GUARD) {
                return ngx_http_pserver_guard(cf);
            }

            clcf = ngx_http_conf_get_module_loc_conf(cf,
                                                     ngx_http_core_module);
            clcf->handler = api->audited ? ngx_http_pserver_api_handler
                                         : api->handler;

            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                       &value[1]);

    return NGX_CONF_ERROR;
}


/* nothing is answered by a server whose log does not hold */

static ngx_int_t
ngx_http_pserver_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_pserver_api_t       *api;
    ngx_http_pserver_loc_conf_t  *plcf;

    rc = ngx_http_pserver_audit_open(r);

    if (rc != NGX_OK) {
        return rc;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    for (api = ngx_http_pserver_apis; api->api != plcf->api; api++) {
        /* void */
    }

    return api->handler(r);
}


char *
ngx_http_pserver_conf_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pserver_main_conf_t  *pmcf = conf;

    ngx_str_t  *value;

    if (pmcf->thread_pool) {
        return "is duplicate";
    }

    value = cf->args->elts;

    pmcf->thread_pool = ngx_thread_pool_add(cf, &value[1]);

    return pmcf->thread_pool ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* a file or a folder: relative to the prefix, without a slash at the end */

char *
ngx_http_pserver_conf_path(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t  *path = data;

    if (path->len == 0) {
        return "must not be empty";
    }

    if (ngx_conf_full_name(cf->cycle, path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->data[--path->len] = '\0';
    }

    return NGX_CONF_OK;
}


char *
ngx_http_pserver_conf_quota(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t  *value;

    if (plcf->quota != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        plcf->quota = 0;
        return NGX_CONF_OK;
    }

    plcf->quota = ngx_parse_offset(&value[1]);

    return (plcf->quota == NGX_ERROR) ? "invalid value" : NGX_CONF_OK;
}


char *
ngx_http_pserver_conf_contracts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    u_char        *address;
    ngx_str_t     *value;
    ngx_uint_t     i, j, seen;
    pserver_str_t  s;

    static struct {
        ngx_str_t  name;
        size_t     offset;
    } names[] = {
        { ngx_string("permissions="),
          offsetof(ngx_http_pserver_contracts_t, permissions) },
        { ngx_string("grantees="),
          offsetof(ngx_http_pserver_contracts_t, grantees) },
        { ngx_string("registry="),
          offsetof(ngx_http_pserver_contracts_t, registry) },
        { ngx_string("servers="),
          offsetof(ngx_http_pserver_contracts_t, servers) }
    };

    if (plcf->contracts != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    plcf->contracts = ngx_pcalloc(cf->pool,
                                  sizeof(ngx_http_pserver_contracts_t));
    if (plcf->contracts == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    seen = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        for (j = 0; j < 4; j++) {
            if (ngx_strncmp(value[i].data, names[j].name.data,
                            names[j].name.len) == 0)
            {
                break;
            }
        }

        if (j == 4 || (seen & (1 << j))) {
            goto invalid;
        }

        address = (u_char *) plcf->contracts + names[j].offset;

        s.len = value[i].len - names[j].name.len;
        s.data = value[i].data + names[j].name.len;

        if (pserver_hex0x_decode(address, 20, s) != PSERVER_OK) {
            goto invalid;
        }

        seen |= 1 << j;
    }

    /* "servers" is asked only for owners by trust */

    if ((seen & 7) != 7) {
        return "requires \"permissions=\", \"grantees=\" and \"registry=\"";
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       &value[i]);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_pserver_conf_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text, ngx_uint_t secret)
{
    off_t            max;
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    rc = NGX_ERROR;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    max = secret ? NGX_HTTP_PSERVER_CONF_SECRET : NGX_HTTP_PSERVER_CONF_LIST;

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no file of at most %O bytes", name,
                           max);
        goto done;
    }

    if (secret && (fi.st_mode & (S_IRWXG|S_IRWXO))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" holds a secret, but its mode lets "
                           "others than its owner in: chmod 600", name);
        goto done;
    }

    text->len = (size_t) ngx_file_size(&fi);
    text->data = ngx_pnalloc(cf->temp_pool, text->len + 1);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    if (n != (ssize_t) text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, (n == -1) ? ngx_errno : 0,
                           ngx_read_fd_n " \"%V\" failed", name);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}
