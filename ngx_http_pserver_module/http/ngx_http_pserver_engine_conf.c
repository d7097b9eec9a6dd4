/*
 * The directive "pserver_engine".
 *
 * An engine is known by the upstream that its location passes to: its limits
 * hold whatever location names it, and a row finds it again after a reload.
 */


#include "ngx_http_pserver_engine.h"


#define NGX_HTTP_PSERVER_ENGINE_JOBS    8
#define NGX_HTTP_PSERVER_ENGINE_QUEUE   256
#define NGX_HTTP_PSERVER_ENGINE_WEIGHT  1
#define NGX_HTTP_PSERVER_ENGINE_AWAY    120000


static ngx_int_t ngx_http_pserver_engine_parameter(
    ngx_http_pserver_engine_t *engine, ngx_str_t *value);
static uint32_t ngx_http_pserver_engine_id(
    ngx_http_pserver_engine_t *engine);


char *
ngx_http_pserver_engine(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_pserver_engine_t  *engine;

    if (plcf->engines == NGX_CONF_UNSET_PTR) {
        plcf->engines = ngx_array_create(cf->pool, 1,
                                         sizeof(ngx_http_pserver_engine_t));
        if (plcf->engines == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (plcf->engines->nelts == NGX_HTTP_PSERVER_ENGINES) {
        return "is given too often";
    }

    engine = ngx_array_push(plcf->engines);
    if (engine == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    ngx_memzero(engine, sizeof(ngx_http_pserver_engine_t));

    engine->name = value[1];
    engine->jobs = NGX_HTTP_PSERVER_ENGINE_JOBS;
    engine->queue = NGX_HTTP_PSERVER_ENGINE_QUEUE;
    engine->weight = NGX_HTTP_PSERVER_ENGINE_WEIGHT;
    engine->away = NGX_HTTP_PSERVER_ENGINE_AWAY;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_pserver_engine_parameter(engine, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_pserver_engine_parameter(ngx_http_pserver_engine_t *engine,
    ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "jobs=", 5) == 0) {
        n = ngx_atoi(value->data + 5, value->len - 5);
        engine->jobs = n;

        return (n > 0) ? NGX_OK : NGX_ERROR;
    }

    if (ngx_strncmp(value->data, "queue=", 6) == 0) {
        n = ngx_atoi(value->data + 6, value->len - 6);
        engine->queue = n;

        return (n != NGX_ERROR) ? NGX_OK : NGX_ERROR;
    }

    if (ngx_strncmp(value->data, "weight=", 7) == 0) {
        n = ngx_atoi(value->data + 7, value->len - 7);
        engine->weight = n;

        return (n > 0) ? NGX_OK : NGX_ERROR;
    }

    if (ngx_strncmp(value->data, "away=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        n = ngx_parse_time(&s, 0);
        engine->away = n;

        return (n != NGX_ERROR) ? NGX_OK : NGX_ERROR;
    }

    return NGX_ERROR;
}


/* the locations are this server's, whatever level names them */

char *
ngx_http_pserver_engine_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf)
{
    ngx_uint_t                      i, k;
    ngx_array_t                    *engines;
    ngx_http_pserver_engine_t      *engine, **elt;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    engines = ngx_array_create(cf->pool, conf->engines->nelts,
                               sizeof(ngx_http_pserver_engine_t));
    if (engines == NULL
        || ngx_array_push_n(engines, conf->engines->nelts) == NULL)
    {
        return NGX_CONF_ERROR;
    }

    engine = engines->elts;

    ngx_memcpy(engine, conf->engines->elts,
               engines->nelts * sizeof(ngx_http_pserver_engine_t));

    for (i = 0; i < engines->nelts; i++) {

        engine[i].location = ngx_http_pserver_exchange_find(cf,
                                                            &engine[i].name,
                                                            "pserver_engine",
                                                            0);
        elt = ngx_array_push(&pmcf->engines);

        if (engine[i].location == NULL || elt == NULL) {
            return NGX_CONF_ERROR;
        }

        *elt = &engine[i];

        engine[i].id = ngx_http_pserver_engine_id(&engine[i]);

        for (k = 0; k < i; k++) {
            if (engine[k].id == engine[i].id) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"pserver_engine\" names the same engine "
                                   "twice: \"%V\" and \"%V\"",
                                   &engine[k].name, &engine[i].name);
                return NGX_CONF_ERROR;
            }
        }
    }

    conf->engines = engines;

    return NGX_CONF_OK;
}


static uint32_t
ngx_http_pserver_engine_id(ngx_http_pserver_engine_t *engine)
{
    uint32_t                   id;
    ngx_str_t                 *name;
    ngx_http_upstream_conf_t  *uconf;

    uconf = engine->location->clcf->loc_conf[ngx_http_proxy_module.ctx_index];

    name = uconf->upstream ? &uconf->upstream->host : &engine->name;

    id = ngx_crc32_short(name->data, name->len);

    return id ? id : 1;
}


ngx_http_pserver_engine_t *
ngx_http_pserver_engine_find(ngx_http_pserver_loc_conf_t *plcf, uint32_t id)
{
    ngx_uint_t                  i;
    ngx_http_pserver_engine_t  *engine;

    engine = plcf->engines->elts;

    for (i = 0; i < plcf->engines->nelts; i++) {
        if (engine[i].id == id) {
            return &engine[i];
        }
    }

    return NULL;
}
