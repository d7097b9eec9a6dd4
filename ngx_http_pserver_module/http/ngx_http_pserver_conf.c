/*
 * Directives: what they accept, how they inherit, what they need.
 */


#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_account.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_chain.h"
#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_exchange.h"
#include "ngx_http_pserver_fetch.h"
#include "ngx_http_pserver_guard.h"
#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_origin.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_remote.h"
#include "ngx_http_pserver_zone.h"


#define NGX_HTTP_PSERVER_ANY                                                  \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static char *ngx_http_pserver_merge_api(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf);
static char *ngx_http_pserver_requires(ngx_conf_t *cf, ngx_uint_t there,
    const char *directive);


static ngx_conf_post_t  ngx_http_pserver_path_post = {
    ngx_http_pserver_conf_path
};


/* blocks; what nodes still have, and more */

static ngx_conf_num_bounds_t  ngx_http_pserver_depth = {
    ngx_conf_check_num_bounds, 0, 10000
};


static ngx_conf_num_bounds_t  ngx_http_pserver_strangers = {
    ngx_conf_check_num_bounds, 1, 10000
};


static ngx_conf_enum_t  ngx_http_pserver_auth[] = {
    { ngx_string("off"), NGX_HTTP_PSERVER_AUTH_OFF },
    { ngx_string("optional"), NGX_HTTP_PSERVER_AUTH_OPTIONAL },
    { ngx_string("required"), NGX_HTTP_PSERVER_AUTH_REQUIRED },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_pserver_auth_body[] = {
    { ngx_string("memory"), NGX_HTTP_PSERVER_BODY_MEMORY },
    { ngx_string("file"), NGX_HTTP_PSERVER_BODY_FILE },
    { ngx_string("off"), NGX_HTTP_PSERVER_BODY_OFF },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_pserver_operation_access[] = {
    { ngx_string("signed"), NGX_HTTP_PSERVER_ACCESS_SIGNED },
    { ngx_string("capability"), NGX_HTTP_PSERVER_ACCESS_CAPABILITY },
    { ngx_null_string, 0 }
};


ngx_command_t  ngx_http_pserver_commands[] = {

    { ngx_string("pserver_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pserver_zone_directive,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pserver_conf_thread_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_identity"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pserver_main_conf_t, identity_file),
      &ngx_http_pserver_path_post },

    { ngx_string("pserver_root"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pserver_main_conf_t, root_file),
      &ngx_http_pserver_path_post },

    { ngx_string("pserver"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_pserver_conf_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_exchange"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_pserver_exchange,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_auth"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, auth),
      &ngx_http_pserver_auth },

    { ngx_string("pserver_auth_body"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, auth_body),
      &ngx_http_pserver_auth_body },

    { ngx_string("pserver_origin"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_1MORE,
      ngx_http_pserver_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_max_lifetime"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, max_lifetime),
      NULL },

    { ngx_string("pserver_accounts"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE12,
      ngx_http_pserver_account_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_owner"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_1MORE,
      ngx_http_pserver_owner_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_store"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, store),
      &ngx_http_pserver_path_post },

    { ngx_string("pserver_store_reserve"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, store_reserve),
      NULL },

    { ngx_string("pserver_quota"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_http_pserver_conf_quota,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_custody"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE12,
      ngx_http_pserver_custody_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_audit"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1|NGX_CONF_TAKE4,
      ngx_http_pserver_audit_conf,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_audit_commit"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pserver_main_conf_t, audit_commit),
      NULL },

    { ngx_string("pserver_audit_checkpoint"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pserver_main_conf_t, audit_checkpoint),
      NULL },

    { ngx_string("pserver_chain"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_2MORE,
      ngx_http_pserver_chain_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_chain_depth"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_depth),
      &ngx_http_pserver_depth },

    { ngx_string("pserver_chain_strangers"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_strangers),
      &ngx_http_pserver_strangers },

    { ngx_string("pserver_chain_valid"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_valid),
      NULL },

    { ngx_string("pserver_chain_bound"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_bound),
      NULL },

    { ngx_string("pserver_chain_poll"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_poll),
      NULL },

    { ngx_string("pserver_chain_stale"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, chain_stale),
      NULL },

    { ngx_string("pserver_contracts"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_1MORE,
      ngx_http_pserver_conf_contracts,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_gateway"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, gateway),
      NULL },

    { ngx_string("pserver_https"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_2MORE,
      ngx_http_pserver_https,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_inputs"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_1MORE,
      ngx_http_pserver_inputs,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_engine"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_1MORE,
      ngx_http_pserver_engine,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_operation_limit"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE12,
      ngx_http_pserver_queue_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_operation"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_2MORE,
      ngx_http_pserver_operation,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pserver_operation_access"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, operation_access),
      &ngx_http_pserver_operation_access },

    { ngx_string("pserver_require_nonce"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, require_nonce),
      NULL },

    { ngx_string("pserver_repeat_window"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, repeat_window),
      NULL },

    { ngx_string("pserver_result_valid"),
      NGX_HTTP_PSERVER_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pserver_loc_conf_t, result_valid),
      NULL },

      ngx_null_command
};


void *
ngx_http_pserver_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     pmcf->zone = NULL;
     *     pmcf->thread_pool_name = { 0, NULL };
     *     pmcf->thread_pool = NULL;
     *     pmcf->identity_file = { 0, NULL };
     *     pmcf->root_file = { 0, NULL };
     *     pmcf->keys = NULL;
     *     pmcf->secp256k1 = NULL;
     */

    if (ngx_array_init(&pmcf->exchanges, cf->pool, 4, sizeof(void *))
        != NGX_OK
        || ngx_array_init(&pmcf->audits, cf->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->nodes, cf->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->node_locations, cf->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->stores, cf->pool, 4, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->engines, cf->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->computes, cf->pool, 2, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&pmcf->watches, cf->pool, 2, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    pmcf->audit_commit = NGX_CONF_UNSET_MSEC;
    pmcf->audit_checkpoint = NGX_CONF_UNSET_MSEC;

    return pmcf;
}


char *
ngx_http_pserver_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_pserver_main_conf_t  *pmcf = conf;

    ngx_conf_init_msec_value(pmcf->audit_commit, 2);
    ngx_conf_init_msec_value(pmcf->audit_checkpoint, 1000);

    if (pmcf->thread_pool == NULL) {
        pmcf->thread_pool = ngx_thread_pool_add(cf, NULL);
        if (pmcf->thread_pool == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_pserver_keys_init_conf(cf, pmcf);
}


void *
ngx_http_pserver_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_pserver_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pserver_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->api = NGX_HTTP_PSERVER_NONE;
     *     conf->names = NULL;
     *     conf->store = { 0, NULL };
     *     conf->nodes = NULL;
     *     conf->chain_id = 0;
     *     conf->gateway = { 0, NULL };
     *     conf->gateway_loc = NULL;
     */

    conf->exchange = NGX_CONF_UNSET_UINT;
    conf->auth = NGX_CONF_UNSET_UINT;
    conf->auth_body = NGX_CONF_UNSET_UINT;
    conf->origins = NGX_CONF_UNSET_PTR;
    conf->max_lifetime = NGX_CONF_UNSET;
    conf->accounts = NGX_CONF_UNSET_UINT;
    conf->owners = NGX_CONF_UNSET_PTR;
    conf->store_reserve = NGX_CONF_UNSET;
    conf->quota = NGX_CONF_UNSET;
    conf->custody = NGX_CONF_UNSET_UINT;
    conf->audit = NGX_CONF_UNSET_PTR;
    conf->chain = NGX_CONF_UNSET_PTR;
    conf->chain_depth = NGX_CONF_UNSET;
    conf->chain_valid = NGX_CONF_UNSET_MSEC;
    conf->chain_bound = NGX_CONF_UNSET_MSEC;
    conf->chain_poll = NGX_CONF_UNSET_MSEC;
    conf->chain_stale = NGX_CONF_UNSET_MSEC;
    conf->chain_strangers = NGX_CONF_UNSET;
    conf->contracts = NGX_CONF_UNSET_PTR;
    conf->https = NGX_CONF_UNSET_PTR;
    conf->engines = NGX_CONF_UNSET_PTR;
    conf->limit_owner = NGX_CONF_UNSET;
    conf->limit_app = NGX_CONF_UNSET;
    conf->inputs = NGX_CONF_UNSET_PTR;
    conf->operations = NGX_CONF_UNSET_PTR;
    conf->operation_access = NGX_CONF_UNSET_UINT;
    conf->require_nonce = NGX_CONF_UNSET;
    conf->repeat_window = NGX_CONF_UNSET;
    conf->result_valid = NGX_CONF_UNSET;

    return conf;
}


char *
ngx_http_pserver_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_pserver_loc_conf_t  *prev = parent;
    ngx_http_pserver_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_uint_value(conf->auth, prev->auth,
                              NGX_HTTP_PSERVER_AUTH_OFF);
    ngx_conf_merge_uint_value(conf->auth_body, prev->auth_body,
                              NGX_HTTP_PSERVER_BODY_MEMORY);

    if (ngx_http_pserver_origin_merge(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_sec_value(conf->max_lifetime, prev->max_lifetime, 3600);
    ngx_conf_merge_uint_value(conf->accounts, prev->accounts,
                              PSERVER_ACCOUNTS_KEY);
    ngx_http_pserver_owner_merge(conf, prev);
    ngx_conf_merge_str_value(conf->store, prev->store, "");
    ngx_conf_merge_off_value(conf->store_reserve, prev->store_reserve,
                             64 * 1024 * 1024);
    ngx_conf_merge_off_value(conf->quota, prev->quota, 0);

    if (conf->custody == NGX_CONF_UNSET_UINT) {
        conf->custody_max = prev->custody_max;
    }

    ngx_conf_merge_uint_value(conf->custody, prev->custody,
                              NGX_HTTP_PSERVER_CUSTODY_SERVER);
    ngx_conf_merge_ptr_value(conf->audit, prev->audit, NULL);

    ngx_http_pserver_chain_conf_merge(conf, prev);
    ngx_conf_merge_msec_value(conf->chain_valid, prev->chain_valid, 6000);
    ngx_conf_merge_msec_value(conf->chain_bound, prev->chain_bound, 6000);
    ngx_conf_merge_msec_value(conf->chain_poll, prev->chain_poll, 2000);
    ngx_conf_merge_msec_value(conf->chain_stale, prev->chain_stale,
                              300000);
    ngx_conf_merge_value(conf->chain_strangers, prev->chain_strangers, 64);
    ngx_conf_merge_ptr_value(conf->contracts, prev->contracts, NULL);
    ngx_conf_merge_str_value(conf->gateway, prev->gateway, "");
    ngx_conf_merge_ptr_value(conf->https, prev->https, NULL);
    ngx_conf_merge_ptr_value(conf->inputs, prev->inputs,
                             &ngx_http_pserver_inputs_default);

    ngx_conf_merge_ptr_value(conf->engines, prev->engines, NULL);
    ngx_http_pserver_queue_merge(conf, prev);
    ngx_conf_merge_ptr_value(conf->operations, prev->operations, NULL);
    ngx_conf_merge_uint_value(conf->operation_access, prev->operation_access,
                              NGX_HTTP_PSERVER_ACCESS_SIGNED);
    ngx_conf_merge_value(conf->require_nonce, prev->require_nonce, 0);
    ngx_conf_merge_sec_value(conf->repeat_window, prev->repeat_window, 60);
    ngx_conf_merge_sec_value(conf->result_valid, prev->result_valid, 86400);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" and "limit_except" keep the handler of the location around them */

    if (clcf->noname && conf->api == NGX_HTTP_PSERVER_NONE) {
        conf->api = prev->api;
    }

    /* what is nested is closed as well, but it is no exchange by itself */

    if (conf->exchange != NGX_CONF_UNSET_UINT
        && ngx_http_pserver_exchange_merge(cf, conf->exchange,
                                           "pserver_exchange")
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_uint_value(conf->exchange, prev->exchange,
                              NGX_HTTP_PSERVER_EXCHANGE_OFF);

    if (conf->api == NGX_HTTP_PSERVER_NONE
        && prev->api == NGX_HTTP_PSERVER_GUARD)
    {
        conf->api = NGX_HTTP_PSERVER_GUARD;
    }

    if (conf->api == NGX_HTTP_PSERVER_GUARD) {
        return ngx_http_pserver_guard_merge(cf, conf);
    }

    if (conf->api != NGX_HTTP_PSERVER_NONE
        || conf->auth != NGX_HTTP_PSERVER_AUTH_OFF)
    {
        return ngx_http_pserver_merge_api(cf, conf);
    }

    return NGX_CONF_OK;
}


/* what a location that does something needs */

static char *
ngx_http_pserver_merge_api(ngx_conf_t *cf, ngx_http_pserver_loc_conf_t *conf)
{
    ngx_uint_t                     data, compute;
    ngx_http_pserver_loc_conf_t  **elt;
    ngx_http_pserver_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    data = (conf->api == NGX_HTTP_PSERVER_DATA);
    compute = (conf->api == NGX_HTTP_PSERVER_COMPUTE);

    if (ngx_http_pserver_requires(cf, pmcf->zone != NULL, "pserver_zone")
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->api == NGX_HTTP_PSERVER_AUDIT) {
        if (ngx_http_pserver_requires(cf, pmcf->root_file.len, "pserver_root")
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }

        return ngx_http_pserver_requires(cf, conf->audit != NULL,
                                         "pserver_audit");
    }

    if (conf->api == NGX_HTTP_PSERVER_STATUS) {
        return NGX_CONF_OK;
    }

    if (ngx_http_pserver_requires(cf, conf->origins != NULL,
                                 "pserver_origin")
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->api == NGX_HTTP_PSERVER_AUTH
        && ngx_http_pserver_requires(cf,
                                     conf->auth != NGX_HTTP_PSERVER_AUTH_OFF,
                                     "pserver_auth")
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (!data && !compute) {
        return ngx_http_pserver_account_merge(cf, conf);
    }

    if (ngx_http_pserver_requires(cf, pmcf->identity_file.len,
                                  "pserver_identity") != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, pmcf->root_file.len,
                                     "pserver_root") != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->owners != NULL,
                                     "pserver_owner") != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->store.len, "pserver_store")
           != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->audit != NULL,
                                     "pserver_audit") != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->chain != NULL, "pserver_chain")
           != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->contracts != NULL,
                                     "pserver_contracts") != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->gateway.len,
                                     "pserver_gateway") != NGX_CONF_OK
        || ngx_http_pserver_owner_requires(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->gateway_loc = ngx_http_pserver_exchange_find(cf, &conf->gateway,
                                                       "pserver_gateway", 0);

    if (conf->gateway_loc == NULL
        || ngx_http_pserver_chain_conf_find(cf, conf) != NGX_CONF_OK
        || ngx_http_pserver_https_find(cf, conf->https) != NGX_CONF_OK
        || ngx_http_pserver_chain_watch(cf, conf) != NGX_CONF_OK
        || ngx_http_pserver_custody_merge(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_pserver_audit_chain(conf);

    elt = ngx_array_push(&pmcf->stores);

    if (elt == NULL) {
        return NGX_CONF_ERROR;
    }

    *elt = conf;

    if (!compute) {
        return NGX_CONF_OK;
    }

    if (ngx_http_pserver_requires(cf, conf->engines != NULL,
                                  "pserver_engine")
        != NGX_CONF_OK
        || ngx_http_pserver_requires(cf, conf->operations != NULL,
                                     "pserver_operation") != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_pserver_engine_merge(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    elt = ngx_array_push(&pmcf->computes);

    if (elt == NULL) {
        return NGX_CONF_ERROR;
    }

    *elt = conf;

    return NGX_CONF_OK;
}


static char *
ngx_http_pserver_requires(ngx_conf_t *cf, ngx_uint_t there,
    const char *directive)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (there) {
        return NGX_CONF_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "pserver in location \"%V\" requires \"%s\"",
                       &clcf->name, directive);

    return NGX_CONF_ERROR;
}
