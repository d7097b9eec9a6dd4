/*
 * The compute API: its routes.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_health.h"
#include "ngx_http_pserver_owner.h"


#define NGX_HTTP_PSERVER_NO_ID    0
#define NGX_HTTP_PSERVER_ANY_ID   1              /* all up to a slash */
#define NGX_HTTP_PSERVER_ID_LEN   64             /* 256 random bits, hex */


typedef struct {
    ngx_uint_t             method;
    ngx_str_t              head;
    size_t                 id;                   /* head/<id>tail */
    ngx_str_t              tail;
    ngx_http_handler_pt    handler;
} ngx_http_pserver_compute_route_t;


static ngx_uint_t ngx_http_pserver_compute_match(ngx_str_t *path,
    ngx_http_pserver_compute_route_t *route, ngx_str_t *id);


static ngx_http_pserver_compute_route_t  ngx_http_pserver_compute_routes[] = {

    { NGX_HTTP_GET, ngx_string("/api/v1/identity"), NGX_HTTP_PSERVER_NO_ID,
      ngx_null_string, ngx_http_pserver_identity_handler },

    { NGX_HTTP_GET, ngx_string("/api/v1/capabilities"),
      NGX_HTTP_PSERVER_NO_ID, ngx_null_string,
      ngx_http_pserver_capabilities },

    { NGX_HTTP_POST, ngx_string("/api/v1/operations"), NGX_HTTP_PSERVER_NO_ID,
      ngx_null_string, ngx_http_pserver_operation_create },

    { NGX_HTTP_GET, ngx_string("/api/v1/operations"), NGX_HTTP_PSERVER_NO_ID,
      ngx_null_string, ngx_http_pserver_operations },

    { NGX_HTTP_GET, ngx_string("/api/v1/operations/"), NGX_HTTP_PSERVER_ID_LEN,
      ngx_null_string, ngx_http_pserver_operation_status },

    { NGX_HTTP_GET, ngx_string("/api/v1/operations/"), NGX_HTTP_PSERVER_ID_LEN,
      ngx_string("/proof"), ngx_http_pserver_operation_proof },

    { NGX_HTTP_POST, ngx_string("/api/v1/operations/"), NGX_HTTP_PSERVER_ID_LEN,
      ngx_string("/cancel"), ngx_http_pserver_operation_cancel },

    { NGX_HTTP_POST, ngx_string("/api/v1/artifacts/"), NGX_HTTP_PSERVER_ID_LEN,
      ngx_string("/list"), ngx_http_pserver_artifact_list },

    { NGX_HTTP_POST, ngx_string("/api/v1/artifacts/download"),
      NGX_HTTP_PSERVER_NO_ID, ngx_null_string,
      ngx_http_pserver_artifact_download },

    { NGX_HTTP_POST, ngx_string("/api/v1/permissions/"),
      NGX_HTTP_PSERVER_ANY_ID, ngx_string("/check"),
      ngx_http_pserver_permission_explain },

    { 0, ngx_null_string, 0, ngx_null_string, NULL }
};


ngx_int_t
ngx_http_pserver_compute_handler(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_uint_t                         found;
    ngx_http_pserver_ctx_t            *ctx;
    ngx_http_pserver_compute_route_t  *route;

    ctx = ngx_http_pserver_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    found = 0;

    for (route = ngx_http_pserver_compute_routes; route->handler; route++) {

        if (!ngx_http_pserver_compute_match(&r->uri, route, &ctx->id)) {
            continue;
        }

        if (route->method == r->method) {
            rc = ngx_http_pserver_owner_any(r);

            return (rc == NGX_OK) ? route->handler(r) : rc;
        }

        found = 1;
    }

    return found ? ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_ALLOWED,
                                       "VALIDATION_ERROR",
                                       "No such method here", NULL)
                 : ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                       "NOT_FOUND_ERROR", "No such route",
                                       NULL);
}


static ngx_uint_t
ngx_http_pserver_compute_match(ngx_str_t *path,
    ngx_http_pserver_compute_route_t *route, ngx_str_t *id)
{
    size_t   len;
    u_char  *start, *tail;

    if (path->len < route->head.len + route->tail.len + route->id
        || ngx_memcmp(path->data, route->head.data, route->head.len) != 0)
    {
        return 0;
    }

    start = path->data + route->head.len;
    tail = path->data + path->len - route->tail.len;
    len = tail - start;

    if ((route->id == NGX_HTTP_PSERVER_ANY_ID)
        ? ngx_strlchr(start, tail, '/') != NULL : len != route->id)
    {
        return 0;
    }

    if (route->tail.len
        && ngx_memcmp(tail, route->tail.data, route->tail.len) != 0)
    {
        return 0;
    }

    if (route->id) {
        id->data = start;
        id->len = len;
    }

    return 1;
}
