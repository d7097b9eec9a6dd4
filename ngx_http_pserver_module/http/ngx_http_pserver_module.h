/*
 * What the files of http/ share: configuration, the context of a request,
 * and the few calls by which one concern reaches another.  A concern with
 * more to say has a header of its own.
 */

#ifndef _NGX_HTTP_PSERVER_MODULE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include <secp256k1.h>

#include "../core/core.h"


#define NGX_HTTP_PSERVER_VERSION  "0.1.0"


typedef struct ngx_http_pserver_exchange_s      ngx_http_pserver_exchange_t;
typedef struct ngx_http_pserver_exchange_loc_s  ngx_http_pserver_exchange_loc_t;
typedef struct ngx_http_pserver_nodes_s         ngx_http_pserver_nodes_t;
typedef struct ngx_http_pserver_keys_s          ngx_http_pserver_keys_t;
typedef struct ngx_http_pserver_https_s         ngx_http_pserver_https_t;
typedef struct ngx_http_pserver_audit_s         ngx_http_pserver_audit_t;
typedef struct ngx_http_pserver_operation_s     ngx_http_pserver_operation_t;
typedef struct ngx_http_pserver_ticket_s        ngx_http_pserver_ticket_t;
typedef struct ngx_http_pserver_claims_s        ngx_http_pserver_claims_t;
typedef struct ngx_http_pserver_names_s         ngx_http_pserver_names_t;
typedef struct ngx_http_pserver_owners_s        ngx_http_pserver_owners_t;
typedef struct ngx_http_pserver_inputs_s        ngx_http_pserver_inputs_t;
typedef struct ngx_http_pserver_trust_s         ngx_http_pserver_trust_t;


/* what "pserver" makes of a location */

typedef enum {
    NGX_HTTP_PSERVER_NONE = 0,
    NGX_HTTP_PSERVER_DATA,              /* /health, /v1/ */
    NGX_HTTP_PSERVER_COMPUTE,           /* /api/v1/ */
    NGX_HTTP_PSERVER_AUDIT,             /* the public log */
    NGX_HTTP_PSERVER_STATUS,
    NGX_HTTP_PSERVER_AUTH,              /* for auth_request */
    NGX_HTTP_PSERVER_GUARD              /* before an engine */
} ngx_http_pserver_api_e;


#define NGX_HTTP_PSERVER_AUTH_OFF          0
#define NGX_HTTP_PSERVER_AUTH_OPTIONAL     1
#define NGX_HTTP_PSERVER_AUTH_REQUIRED     2

#define NGX_HTTP_PSERVER_BODY_MEMORY       0
#define NGX_HTTP_PSERVER_BODY_FILE         1
#define NGX_HTTP_PSERVER_BODY_OFF          2

#define NGX_HTTP_PSERVER_EXCHANGE_OFF      0
#define NGX_HTTP_PSERVER_EXCHANGE_ON       1
#define NGX_HTTP_PSERVER_EXCHANGE_HTTPS    2

#define NGX_HTTP_PSERVER_CUSTODY_SERVER    0
#define NGX_HTTP_PSERVER_CUSTODY_OWNER     1

#define NGX_HTTP_PSERVER_ACCESS_SIGNED     0
#define NGX_HTTP_PSERVER_ACCESS_CAPABILITY 1


typedef struct {
    uint64_t                         number;     /* random: of this
                                                    configuration */
    ngx_array_t                      exchanges;  /* of exchange_loc_t * */
    ngx_array_t                      nodes;      /* of nodes_t *, and of */
    ngx_array_t                      node_locations; /* exchange_loc_t *:
                                                        http/chain_conf */
    ngx_shm_zone_t                  *zone;
    ngx_str_t                        thread_pool_name;
    ngx_thread_pool_t               *thread_pool;

    ngx_str_t                        identity_file;
    ngx_str_t                        root_file;
    ngx_http_pserver_keys_t         *keys;       /* http/keys */

    ngx_array_t                      audits;     /* of audit_t *, http/audit */
    ngx_array_t                      engines;    /* of engine_t *, all */
    ngx_array_t                      computes;   /* of loc_conf_t *, http/job */
    ngx_array_t                      watches;    /* of watch_t *,
                                                    http/chain_watch */
    ngx_array_t                      stores;     /* the same, http/sweep */
    ngx_msec_t                       audit_commit;
    ngx_msec_t                       audit_checkpoint;

    secp256k1_context               *secp256k1;  /* for recovery, shared */
} ngx_http_pserver_main_conf_t;


typedef struct {
    pserver_address_t                permissions;
    pserver_address_t                grantees;
    pserver_address_t                registry;
    pserver_address_t                servers;
} ngx_http_pserver_contracts_t;


typedef struct {
    ngx_uint_t                       api;        /* ngx_http_pserver_api_e */
    ngx_uint_t                       auth;
    ngx_uint_t                       auth_body;  /* where it may wait */
    ngx_uint_t                       exchange;   /* is an exchange location */

    ngx_array_t                     *origins;    /* of complex_value_t,
                                                    http/origin */
    ngx_http_pserver_names_t        *names;      /* for those with variables */
    time_t                           max_lifetime;
    ngx_uint_t                       accounts;   /* pserver_accounts_e */
    ngx_http_pserver_owners_t       *owners;     /* NULL: none, http/owner */

    ngx_str_t                        store;      /* no trailing slash */
    off_t                            store_reserve;  /* bytes */
    off_t                            quota;          /* bytes; 0: none */
    ngx_uint_t                       custody;
    time_t                           custody_max;    /* seconds of an unlock */

    ngx_http_pserver_audit_t        *audit;

    ngx_array_t                     *chain;      /* of ngx_str_t: locations */
    ngx_http_pserver_nodes_t        *nodes;      /* http/chain_nodes */
    ngx_uint_t                       chain_id;
    ngx_uint_t                       chain_agree;
    ngx_int_t                        chain_depth;    /* blocks */
    ngx_msec_t                       chain_timeout;
    ngx_msec_t                       chain_aside;
    ngx_msec_t                       chain_valid;
    ngx_msec_t                       chain_bound;
    ngx_msec_t                       chain_poll;
    ngx_msec_t                       chain_stale;
    ngx_int_t                        chain_strangers;
    ngx_http_pserver_contracts_t    *contracts;

    ngx_str_t                        gateway;
    ngx_http_pserver_exchange_loc_t *gateway_loc;
    ngx_http_pserver_https_t        *https;      /* NULL: none, http/fetch */
    ngx_http_pserver_inputs_t       *inputs;     /* NULL: off, http/remote */

    ngx_array_t                     *engines;    /* of engine_t */
    ngx_int_t                        limit_owner;    /* operations at a */
    ngx_int_t                        limit_app;      /* time, 0: any number */

    ngx_array_t                     *operations; /* of operation_t *,
                                                    http/operation */
    ngx_uint_t                       operation_access;
    ngx_flag_t                       require_nonce;
    time_t                           repeat_window;
    time_t                           result_valid;
} ngx_http_pserver_loc_conf_t;


/* an error that is rendered when nginx renders the status: http/error */

typedef struct {
    ngx_uint_t                       status;     /* 0: none */
    ngx_str_t                        code;       /* $pserver_error */
    ngx_str_t                        body;       /* JSON */
    ngx_str_t                        challenge;  /* of a 401 */
    unsigned                         bare:1;     /* the text alone */
} ngx_http_pserver_error_t;


typedef struct {
    ngx_http_request_t              *request;    /* whose context it is */

    ngx_http_pserver_exchange_t     *exchange;   /* of a detached request */

    ngx_http_pserver_error_t         error;

    /* http/auth: who asks; NULL: no valid header */
    ngx_http_pserver_claims_t       *claims;

    /* http/guard: NGX_CONF_UNSET before the body has been looked at, then
       what the phase returns */
    ngx_int_t                        body_rc;

    /* http/data, http/compute: what is asked */
    ngx_uint_t                       route;
    ngx_str_t                        scope;
    uint64_t                         generation; /* of keys, of the path */
    ngx_str_t                        id;
    pserver_address_t                owner;      /* whose data; where known */
    pserver_word_t                   permission; /* if has_permission */

    /* of the content handler that runs */
    void                            *state;

    /* http/owner_trust: is the signer an owner?  NULL: not asked */
    ngx_http_pserver_trust_t        *trust;

    unsigned                         has_permission:1;
    unsigned                         is_owner:1; /* the signer is "owner" */
    unsigned                         replaced:1; /* body of error was sent */
} ngx_http_pserver_ctx_t;


extern ngx_module_t  ngx_http_pserver_module;
extern ngx_module_t  ngx_http_pserver_filter_module;


/* the context, made if there is none; NULL: no memory */
ngx_http_pserver_ctx_t *ngx_http_pserver_get_ctx(ngx_http_request_t *r);

/* the context, also where an internal redirect has cleared it, or NULL; the
   next one that is made still knows of its error, but does not render it */
ngx_http_pserver_ctx_t *ngx_http_pserver_kept_ctx(ngx_http_request_t *r);

/* a whole answer, header and body in one buffer; a content handler's rc */
ngx_int_t ngx_http_pserver_send_json(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body);


/* configuration */

extern ngx_command_t  ngx_http_pserver_commands[];

void *ngx_http_pserver_create_main_conf(ngx_conf_t *cf);
char *ngx_http_pserver_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_pserver_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_pserver_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

ngx_int_t ngx_http_pserver_add_variables(ngx_conf_t *cf);

/* adds those of a table that ends with ngx_http_null_variable */
ngx_int_t ngx_http_pserver_variables(ngx_conf_t *cf, ngx_http_variable_t *v);


/* content handlers, one an API */

ngx_int_t ngx_http_pserver_data_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_compute_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_audit_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_status_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_auth_ok_handler(ngx_http_request_t *r);

/* content handlers, one a route of the data API: in ctx the scope is valid,
   the signature is verified (the body is not: it may still stream in), and
   where ctx->is_owner the signer is ctx->owner */

ngx_int_t ngx_http_pserver_store_put(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_store_get(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_store_list(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_store_versions(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_store_delete(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_audit_access_logs(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_custody_state(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_custody_set(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_custody_unlock(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_custody_lock(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_keys_state(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_keys_renew(ngx_http_request_t *r);

/* content handlers, one a route of the compute API; ctx->id is the id */

ngx_int_t ngx_http_pserver_capabilities(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_operation_create(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_operations(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_operation_status(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_operation_proof(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_operation_cancel(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_artifact_list(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_artifact_download(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_permission_explain(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_MODULE_H_INCLUDED_ */
