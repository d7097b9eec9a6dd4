/*
 * The directive "pserver_operation".
 */


#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_warm.h"


#define NGX_HTTP_PSERVER_OPERATION_TIMEOUT     60000
#define NGX_HTTP_PSERVER_OPERATION_INPUT       (64 * 1024 * 1024)
#define NGX_HTTP_PSERVER_OPERATION_OUTPUT      (1024 * 1024)
#define NGX_HTTP_PSERVER_OPERATION_OUTPUT_MAX  (16 * 1024 * 1024)

#define NGX_HTTP_PSERVER_OPERATION_ATTEMPTS_MAX  10


typedef ngx_int_t (*ngx_http_pserver_operation_set_pt)(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);


static ngx_int_t ngx_http_pserver_operation_set(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *arg, ngx_uint_t *seen);
static ngx_int_t ngx_http_pserver_operation_list(ngx_conf_t *cf,
    ngx_str_t *value, u_char separator, pserver_str_t **list, size_t *n);
static ngx_int_t ngx_http_pserver_operation_image(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_runtime(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_network(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_command(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_parameters(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_memory(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_tmpfs(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_number(ngx_int_t n,
    uint32_t *out);
static ngx_int_t ngx_http_pserver_operation_cpus(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_pids(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_nofile(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_time(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_warm(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_attempts(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_input(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);
static ngx_int_t ngx_http_pserver_operation_output(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value);


static struct {
    ngx_str_t                          name;
    ngx_http_pserver_operation_set_pt  set;
} ngx_http_pserver_operation_params[] = {
    { ngx_string("image="), ngx_http_pserver_operation_image },
    { ngx_string("command="), ngx_http_pserver_operation_command },
    { ngx_string("runtime="), ngx_http_pserver_operation_runtime },
    { ngx_string("network="), ngx_http_pserver_operation_network },
    { ngx_string("memory="), ngx_http_pserver_operation_memory },
    { ngx_string("tmpfs="), ngx_http_pserver_operation_tmpfs },
    { ngx_string("cpus="), ngx_http_pserver_operation_cpus },
    { ngx_string("pids="), ngx_http_pserver_operation_pids },
    { ngx_string("nofile="), ngx_http_pserver_operation_nofile },
    { ngx_string("timeout="), ngx_http_pserver_operation_time },
    { ngx_string("attempts="), ngx_http_pserver_operation_attempts },
    { ngx_string("warm="), ngx_http_pserver_operation_warm },
    { ngx_string("input="), ngx_http_pserver_operation_input },
    { ngx_string("output="), ngx_http_pserver_operation_output },
    { ngx_string("parameters="), ngx_http_pserver_operation_parameters },
    { ngx_null_string, NULL }
};


char *
ngx_http_pserver_operation(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i, seen;
    const char                     *what;
    pserver_str_t                   name;
    ngx_http_pserver_operation_t   *op, **elt;

    value = cf->args->elts;

    name.len = value[1].len;
    name.data = value[1].data;

    if (plcf->operations == NGX_CONF_UNSET_PTR) {
        plcf->operations = ngx_array_create(cf->pool, 4, sizeof(void *));
        if (plcf->operations == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_pserver_operation_find(plcf, &name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate operation \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    op = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_operation_t));
    elt = ngx_array_push(plcf->operations);

    if (op == NULL || elt == NULL) {
        return NGX_CONF_ERROR;
    }

    *elt = op;

    pserver_container_defaults(&op->container);

    op->container.name = name;
    op->container.work = 0;
    op->timeout = NGX_HTTP_PSERVER_OPERATION_TIMEOUT;
    op->attempts = NGX_HTTP_PSERVER_OPERATION_ATTEMPTS;
    op->input = NGX_HTTP_PSERVER_OPERATION_INPUT;
    op->output = NGX_HTTP_PSERVER_OPERATION_OUTPUT;

    seen = 0;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_pserver_operation_set(cf, op, &value[i], &seen)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of operation \"%V\"",
                               &value[i], &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    /* what is written to the tmpfs counts as memory */

    if (op->container.work == 0) {
        op->container.work = op->container.memory / 2;
    }

    if (pserver_container_check(&op->container, &what) != PSERVER_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "operation \"%V\" has no or a bad \"%s\"",
                           &value[1],
                           ngx_strcmp(what, "work") ? what : "tmpfs");
        return NGX_CONF_ERROR;
    }

    op->offer.name = op->container.name;
    op->offer.image = op->container.image;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_pserver_operation_set(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *arg, ngx_uint_t *seen)
{
    ngx_str_t    value, *name;
    ngx_uint_t   i;

    for (i = 0; ngx_http_pserver_operation_params[i].set; i++) {

        name = &ngx_http_pserver_operation_params[i].name;

        if (arg->len <= name->len
            || ngx_strncmp(arg->data, name->data, name->len) != 0)
        {
            continue;
        }

        if (*seen & (1 << i)) {
            return NGX_ERROR;
        }

        *seen |= 1 << i;

        value.len = arg->len - name->len;
        value.data = arg->data + name->len;

        return ngx_http_pserver_operation_params[i].set(cf, op, &value);
    }

    return NGX_ERROR;
}


ngx_http_pserver_operation_t *
ngx_http_pserver_operation_find(ngx_http_pserver_loc_conf_t *plcf,
    pserver_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_pserver_operation_t  **op;

    op = plcf->operations->elts;

    for (i = 0; i < plcf->operations->nelts; i++) {

        if (op[i]->container.name.len == name->len
            && ngx_memcmp(op[i]->container.name.data, name->data, name->len)
               == 0)
        {
            return op[i];
        }
    }

    return NULL;
}


pserver_offer_t *
ngx_http_pserver_operation_offers(ngx_http_pserver_loc_conf_t *plcf,
    ngx_pool_t *pool)
{
    ngx_uint_t                      i;
    pserver_offer_t                *offers;
    ngx_http_pserver_operation_t  **op;

    offers = ngx_palloc(pool,
                        plcf->operations->nelts * sizeof(pserver_offer_t));
    if (offers == NULL) {
        return NULL;
    }

    op = plcf->operations->elts;

    for (i = 0; i < plcf->operations->nelts; i++) {
        offers[i] = op[i]->offer;
    }

    return offers;
}


static ngx_int_t
ngx_http_pserver_operation_list(ngx_conf_t *cf, ngx_str_t *value,
    u_char separator, pserver_str_t **list, size_t *n)
{
    u_char         *p, *last, *start;
    ngx_array_t     items;
    pserver_str_t  *item;

    if (ngx_array_init(&items, cf->pool, 4, sizeof(pserver_str_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = value->data + value->len;

    for (p = value->data; p <= last; p++) {

        for (start = p; p < last && *p != separator; p++) { /* void */ }

        if (p == start) {
            return NGX_ERROR;
        }

        item = ngx_array_push(&items);
        if (item == NULL) {
            return NGX_ERROR;
        }

        item->data = start;
        item->len = p - start;
    }

    *list = items.elts;
    *n = items.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_image(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    op->container.image.len = value->len;
    op->container.image.data = value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_runtime(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    op->container.runtime.len = value->len;
    op->container.runtime.data = value->data;

    return NGX_OK;
}


/* the one hole that there may be, so it is said in words */

static ngx_int_t
ngx_http_pserver_operation_network(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    op->container.network.len = value->len;
    op->container.network.data = value->data;

    return NGX_OK;
}


/* a program and its arguments, between spaces */

static ngx_int_t
ngx_http_pserver_operation_command(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    return ngx_http_pserver_operation_list(cf, value, ' ',
                                           &op->container.argv,
                                           &op->container.argc);
}


static ngx_int_t
ngx_http_pserver_operation_parameters(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    pserver_str_t  *list;

    if (ngx_http_pserver_operation_list(cf, value, ',', &list, &op->offer.n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    op->offer.parameters = list;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_memory(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    off_t  size;

    size = ngx_parse_offset(value);

    if (size <= 0) {
        return NGX_ERROR;
    }

    op->container.memory = size;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_tmpfs(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    off_t  size;

    size = ngx_parse_offset(value);

    if (size <= 0) {
        return NGX_ERROR;
    }

    op->container.work = size;

    return NGX_OK;
}


/* n is what a parser of nginx returned: NGX_ERROR, or a number */

static ngx_int_t
ngx_http_pserver_operation_number(ngx_int_t n, uint32_t *out)
{
    if (n <= 0 || (ngx_uint_t) n > NGX_MAX_UINT32_VALUE) {
        return NGX_ERROR;
    }

    *out = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_cpus(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    return ngx_http_pserver_operation_number(ngx_atofp(value->data,
                                                       value->len, 3),
                                             &op->container.cpus);
}


static ngx_int_t
ngx_http_pserver_operation_pids(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    return ngx_http_pserver_operation_number(ngx_atoi(value->data,
                                                      value->len),
                                             &op->container.pids);
}


static ngx_int_t
ngx_http_pserver_operation_nofile(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    return ngx_http_pserver_operation_number(ngx_atoi(value->data,
                                                      value->len),
                                             &op->container.nofile);
}


static ngx_int_t
ngx_http_pserver_operation_time(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    ngx_int_t  msec;

    msec = ngx_parse_time(value, 0);

    if (msec <= 0) {
        return NGX_ERROR;
    }

    op->timeout = msec;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_warm(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n > NGX_HTTP_PSERVER_WARM_MAX) {
        return NGX_ERROR;
    }

    op->warm = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_attempts(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n <= 0 || n > NGX_HTTP_PSERVER_OPERATION_ATTEMPTS_MAX) {
        return NGX_ERROR;
    }

    op->attempts = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_input(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    ssize_t  size;

    size = ngx_parse_size(value);

    if (size <= 0) {
        return NGX_ERROR;
    }

    op->input = size;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_operation_output(ngx_conf_t *cf,
    ngx_http_pserver_operation_t *op, ngx_str_t *value)
{
    ssize_t  size;

    size = ngx_parse_size(value);

    if (size <= 0 || size > NGX_HTTP_PSERVER_OPERATION_OUTPUT_MAX) {
        return NGX_ERROR;
    }

    op->output = size;

    return NGX_OK;
}
