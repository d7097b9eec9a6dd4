/*
 * A module that goes wrong on purpose: "location /x { plant; }" makes the
 * fault that the request's arguments name.  scripts/asan shows by it that a
 * report of a sanitizer, in a worker, would be seen.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


static ngx_int_t ngx_http_plant_handler(ngx_http_request_t *r);
static char *ngx_http_plant(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


static ngx_command_t  ngx_http_plant_commands[] = {

    { ngx_string("plant"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_plant,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_plant_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_plant_module = {
    NGX_MODULE_V1,
    &ngx_http_plant_module_ctx,            /* module context */
    ngx_http_plant_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_plant_handler(ngx_http_request_t *r)
{
    int      shift;
    u_char  *p;

    shift = (int) r->args.len;

    if (ngx_strncmp(r->args.data, "pool", 4) == 0) {

        /* found only where each ngx_palloc() is a malloc() of its own */

        p = ngx_palloc(r->pool, 16);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p[12 + shift] = 'x';

    } else if (ngx_strncmp(r->args.data, "shift", 5) == 0) {
        shift = 1 << (shift + 27);

    } else if (ngx_strncmp(r->args.data, "leak", 4) == 0) {
        p = ngx_alloc(1000, r->connection->log);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p[0] = (u_char) shift;
        p = NULL;
    }

    return NGX_HTTP_NO_CONTENT;
}


static char *
ngx_http_plant(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_plant_handler;

    return NGX_CONF_OK;
}
