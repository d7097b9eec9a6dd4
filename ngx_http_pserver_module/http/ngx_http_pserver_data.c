/*
 * The data API: its routes, and who may ask for what before anything of
 * the store is touched.
 */


#include "ngx_http_pserver_data.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_health.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_store_grant.h"
#include "../core/scope.h"


typedef enum {
    NGX_HTTP_PSERVER_DATA_UNPARSED = 0,
    NGX_HTTP_PSERVER_DATA_UNKNOWN,
    NGX_HTTP_PSERVER_DATA_HEALTH,
    NGX_HTTP_PSERVER_DATA_LIST,
    NGX_HTTP_PSERVER_DATA_SCOPE,
    NGX_HTTP_PSERVER_DATA_VERSIONS,
    NGX_HTTP_PSERVER_DATA_LOGS,
    NGX_HTTP_PSERVER_DATA_CUSTODY,
    NGX_HTTP_PSERVER_DATA_UNLOCK,
    NGX_HTTP_PSERVER_DATA_LOCK,
    NGX_HTTP_PSERVER_DATA_KEYS,
    NGX_HTTP_PSERVER_DATA_GENERATION
} ngx_http_pserver_data_path_e;


typedef struct {
    ngx_http_pserver_data_path_e  path;
    ngx_uint_t                    methods;
    ngx_http_handler_pt           handler;

    unsigned                      open:1;    /* to anyone */
    unsigned                      owner:1;   /* to the owner alone */
    unsigned                      early:1;   /* a bad scope shows before
                                                the signature is looked at */
} ngx_http_pserver_data_route_t;


static ngx_int_t ngx_http_pserver_data_signer(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx, ngx_http_pserver_data_route_t *route);
static ngx_http_pserver_data_route_t *ngx_http_pserver_data_route(
    ngx_http_request_t *r, ngx_http_pserver_ctx_t *ctx);
static ngx_http_pserver_data_path_e ngx_http_pserver_data_parse(
    ngx_http_request_t *r, ngx_http_pserver_ctx_t *ctx);
static ngx_http_pserver_data_path_e ngx_http_pserver_data_generation(
    ngx_http_pserver_ctx_t *ctx, u_char *p, size_t len);
static ngx_int_t ngx_http_pserver_data_scope(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx);
static ngx_int_t ngx_http_pserver_data_preflight(ngx_http_request_t *r);


static ngx_http_pserver_data_route_t  ngx_http_pserver_data_routes[] = {

    { NGX_HTTP_PSERVER_DATA_HEALTH, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_health_handler, 1, 0, 0 },

    { NGX_HTTP_PSERVER_DATA_LIST, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_store_list, 0, 0, 0 },

    { NGX_HTTP_PSERVER_DATA_SCOPE, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_store_get, 0, 0, 1 },

    { NGX_HTTP_PSERVER_DATA_SCOPE, NGX_HTTP_POST,
      ngx_http_pserver_store_put, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_SCOPE, NGX_HTTP_DELETE,
      ngx_http_pserver_store_delete, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_VERSIONS, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_store_versions, 0, 0, 0 },

    { NGX_HTTP_PSERVER_DATA_LOGS, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_audit_access_logs, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_CUSTODY, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_custody_state, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_CUSTODY, NGX_HTTP_PUT,
      ngx_http_pserver_custody_set, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_UNLOCK, NGX_HTTP_POST,
      ngx_http_pserver_custody_unlock, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_LOCK, NGX_HTTP_POST,
      ngx_http_pserver_custody_lock, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_KEYS, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_pserver_keys_state, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_GENERATION, NGX_HTTP_PUT,
      ngx_http_pserver_keys_renew, 0, 1, 0 },

    { NGX_HTTP_PSERVER_DATA_UNPARSED, 0, NULL, 0, 0, 0 }
};


ngx_int_t
ngx_http_pserver_data_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_pserver_ctx_t         *ctx;
    ngx_http_pserver_data_route_t  *route;

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_pserver_data_preflight(r);
    }

    ctx = ngx_http_pserver_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    route = ngx_http_pserver_data_route(r, ctx);

    if (route == NULL) {
        return (ctx->route == NGX_HTTP_PSERVER_DATA_UNKNOWN)
               ? ngx_http_pserver_error_content(r, NGX_HTTP_NOT_FOUND,
                                                "NOT_FOUND", "no such route")
               : ngx_http_pserver_error_content(r, NGX_HTTP_NOT_ALLOWED,
                                                "METHOD_NOT_ALLOWED",
                                                "no such method here");
    }

    rc = ngx_http_pserver_data_access(r);

    if (rc == NGX_AGAIN) {
        return ngx_http_pserver_auth_wait(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return route->handler(r);
}


ngx_int_t
ngx_http_pserver_data_access(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_pserver_ctx_t         *ctx;
    ngx_http_pserver_data_route_t  *route;

    ctx = ngx_http_pserver_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    route = ngx_http_pserver_data_route(r, ctx);

    if (route == NULL) {

        /* nothing to protect: the content handler has the answer */

        return NGX_OK;
    }

    rc = ngx_http_pserver_owner_any(r);

    if (rc != NGX_OK || route->open) {
        return rc;
    }

    if (route->early) {
        rc = ngx_http_pserver_data_scope(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_pserver_auth_require(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pserver_data_signer(r, ctx, route);

    if (rc == NGX_OK) {
        ctx->owner = ctx->claims->address;
        ctx->is_owner = 1;

    } else if (rc != NGX_DECLINED) {
        return rc;

    } else if (route->owner) {
        return ngx_http_pserver_error_data(r, NGX_HTTP_UNAUTHORIZED,
                                           "NOT_OWNER",
                                           "Only the owner may do this",
                                           NULL);
    }

    return ngx_http_pserver_data_scope(r, ctx);
}


/* who comes with a grant comes as an app, unless the configuration says that
   it is an owner: the chain need not be asked for that */

static ngx_int_t
ngx_http_pserver_data_signer(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx, ngx_http_pserver_data_route_t *route)
{
    pserver_word_t  id;

    if (!route->owner
        && ngx_http_pserver_grant_id(r, ctx->claims, &id) == NGX_OK)
    {
        return ngx_http_pserver_owner_serves(r, &ctx->claims->address)
               ? NGX_OK : NGX_DECLINED;
    }

    return ngx_http_pserver_owner_check(r);
}


/* NULL: ctx->route says whether the path or the method is the reason */

static ngx_http_pserver_data_route_t *
ngx_http_pserver_data_route(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx)
{
    ngx_http_pserver_data_route_t  *route;

    if (ctx->route == NGX_HTTP_PSERVER_DATA_UNPARSED) {
        ctx->route = ngx_http_pserver_data_parse(r, ctx);
    }

    for (route = ngx_http_pserver_data_routes; route->handler; route++) {
        if (route->path == ctx->route && (route->methods & r->method)) {
            return route;
        }
    }

    return NULL;
}


static ngx_http_pserver_data_path_e
ngx_http_pserver_data_parse(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   path;
    ngx_uint_t  i;

    static struct {
        ngx_str_t                     path;
        ngx_http_pserver_data_path_e  route;
    } fixed[] = {
        { ngx_string("/health"), NGX_HTTP_PSERVER_DATA_HEALTH },
        { ngx_string("/v1/access-logs"), NGX_HTTP_PSERVER_DATA_LOGS },
        { ngx_string("/v1/custody"), NGX_HTTP_PSERVER_DATA_CUSTODY },
        { ngx_string("/v1/custody/unlock"), NGX_HTTP_PSERVER_DATA_UNLOCK },
        { ngx_string("/v1/custody/lock"), NGX_HTTP_PSERVER_DATA_LOCK },
        { ngx_string("/v1/keys"), NGX_HTTP_PSERVER_DATA_KEYS },
        { ngx_null_string, NGX_HTTP_PSERVER_DATA_UNKNOWN }
    };

    static ngx_str_t  data = ngx_string("/v1/data");
    static ngx_str_t  keys = ngx_string("/v1/keys/");
    static ngx_str_t  versions = ngx_string("versions");

    path = r->uri;

    for (i = 0; fixed[i].path.len; i++) {
        if (path.len == fixed[i].path.len
            && ngx_memcmp(path.data, fixed[i].path.data, path.len) == 0)
        {
            return fixed[i].route;
        }
    }

    if (path.len > keys.len
        && ngx_memcmp(path.data, keys.data, keys.len) == 0)
    {
        return ngx_http_pserver_data_generation(ctx, path.data + keys.len,
                                                path.len - keys.len);
    }

    if (path.len < data.len
        || ngx_memcmp(path.data, data.data, data.len) != 0)
    {
        return NGX_HTTP_PSERVER_DATA_UNKNOWN;
    }

    path.data += data.len;
    path.len -= data.len;

    if (path.len == 0) {
        return NGX_HTTP_PSERVER_DATA_LIST;
    }

    if (path.data[0] != '/' || path.len == 1) {
        return NGX_HTTP_PSERVER_DATA_UNKNOWN;
    }

    path.data++;
    path.len--;

    ctx->scope = path;

    p = ngx_strlchr(path.data, path.data + path.len, '/');

    if (p == NULL) {
        return NGX_HTTP_PSERVER_DATA_SCOPE;
    }

    ctx->scope.len = p - path.data;

    path.len -= ctx->scope.len + 1;
    path.data = p + 1;

    if (path.len == versions.len
        && ngx_memcmp(path.data, versions.data, path.len) == 0)
    {
        return NGX_HTTP_PSERVER_DATA_VERSIONS;
    }

    return NGX_HTTP_PSERVER_DATA_UNKNOWN;
}


/* decimal, from 1, without leading zeros */

static ngx_http_pserver_data_path_e
ngx_http_pserver_data_generation(ngx_http_pserver_ctx_t *ctx, u_char *p,
    size_t len)
{
    ngx_int_t  n;

    n = (p[0] == '0' || len > NGX_INT32_LEN - 1) ? NGX_ERROR
                                                 : ngx_atoi(p, len);

    if (n == NGX_ERROR) {
        return NGX_HTTP_PSERVER_DATA_UNKNOWN;
    }

    ctx->generation = n;

    return NGX_HTTP_PSERVER_DATA_GENERATION;
}


static ngx_int_t
ngx_http_pserver_data_scope(ngx_http_request_t *r,
    ngx_http_pserver_ctx_t *ctx)
{
    pserver_str_t  scope;

    if (ctx->route != NGX_HTTP_PSERVER_DATA_SCOPE
        && ctx->route != NGX_HTTP_PSERVER_DATA_VERSIONS)
    {
        return NGX_OK;
    }

    scope.len = ctx->scope.len;
    scope.data = ctx->scope.data;

    if (pserver_scope_valid(scope)) {
        return NGX_OK;
    }

    return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                "INVALID_SCOPE",
                                "A scope is 2 or 3 segments joined by dots");
}


/* CORS: the headers themselves are added by http/filter */

static ngx_int_t
ngx_http_pserver_data_preflight(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->header_only = 1;
    r->headers_out.status = NGX_HTTP_NO_CONTENT;

    return ngx_http_send_header(r);
}
