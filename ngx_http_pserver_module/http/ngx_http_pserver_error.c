/*
 * Errors of the two APIs.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_origin.h"


static ngx_int_t ngx_http_pserver_error_set(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, size_t size, const char *fmt, ...);
static ngx_int_t ngx_http_pserver_error_challenge(ngx_http_request_t *r,
    ngx_str_t *challenge);
static ngx_int_t ngx_http_pserver_add_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value, ngx_table_elt_t **slot);


ngx_int_t
ngx_http_pserver_error_compute(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *detail, const char *field)
{
    const char              *q;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx && ctx->error.bare) {
        return ngx_http_pserver_error_set(r, status, code,
                                          ngx_strlen(detail),
                                          "{\"detail\":\"%s\"}", detail);
    }

    q = field ? "\"" : "";
    field = field ? field : "null";

    return ngx_http_pserver_error_set(r, status, code,
                       ngx_strlen(detail) + ngx_strlen(field),
                       "{\"detail\":{\"kind\":\"Error\",\"detail\":\"%s\","
                       "\"error_code\":\"%s\",\"field\":%s%s%s}}",
                       detail, code, q, field, q);
}


ngx_int_t
ngx_http_pserver_error_validation(ngx_http_request_t *r, const char *loc,
    const char *msg, const char *type)
{
    return ngx_http_pserver_error_set(r, 422, "VALIDATION_ERROR",
                       ngx_strlen(msg) + ngx_strlen(type)
                       + (loc ? ngx_strlen(loc) : 0),
                       "{\"detail\":[{\"loc\":[\"body\"%s%s%s],\"msg\":\"%s\","
                       "\"type\":\"%s\"}]}",
                       loc ? ",\"" : "", loc ? loc : "", loc ? "\"" : "",
                       msg, type);
}


ngx_int_t
ngx_http_pserver_error_query(ngx_http_request_t *r, const char *loc,
    const char *msg, const char *type)
{
    return ngx_http_pserver_error_set(r, 422, "VALIDATION_ERROR",
                       ngx_strlen(loc) + ngx_strlen(msg) + ngx_strlen(type),
                       "{\"detail\":[{\"loc\":[\"query\",\"%s\"],"
                       "\"msg\":\"%s\",\"type\":\"%s\"}]}",
                       loc, msg, type);
}


ngx_int_t
ngx_http_pserver_error_data(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message, const char *reason)
{
    if (reason) {
        return ngx_http_pserver_error_set(r, status, code,
                       ngx_strlen(message) + ngx_strlen(reason),
                       "{\"error\":{\"code\":%ui,\"errorCode\":\"%s\","
                       "\"message\":\"%s\",\"details\":{\"reason\":\"%s\"}}}",
                       status, code, message, reason);
    }

    return ngx_http_pserver_error_set(r, status, code, ngx_strlen(message),
                       "{\"error\":{\"code\":%ui,\"errorCode\":\"%s\","
                       "\"message\":\"%s\"}}",
                       status, code, message);
}


ngx_int_t
ngx_http_pserver_error_content(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message)
{
    return ngx_http_pserver_error_set(r, status, code, ngx_strlen(message),
                       "{\"error\":\"%s\",\"message\":\"%s\"}",
                       code, message);
}


ngx_int_t
ngx_http_pserver_error_locked(ngx_http_request_t *r)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    static const char  message[] =
        "The owner's keys are locked: nothing of this owner can be read, "
        "written or run until the owner unlocks them, "
        "POST /v1/custody/unlock";

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    return (plcf->api == NGX_HTTP_PSERVER_COMPUTE)
           ? ngx_http_pserver_error_compute(r, NGX_HTTP_PSERVER_LOCKED,
                                            "LOCKED_ERROR", message, NULL)
           : ngx_http_pserver_error_data(r, NGX_HTTP_PSERVER_LOCKED, "LOCKED",
                                         message, "locked");
}


ngx_int_t
ngx_http_pserver_error_engine(ngx_http_request_t *r, const char *message)
{
    return ngx_http_pserver_error_set(r, NGX_HTTP_FORBIDDEN, "GUARD",
                                      ngx_strlen(message),
                                      "{\"message\":\"pserver guard: %s\"}",
                                      message);
}


/* size: of the arguments beside code and status */

static ngx_int_t
ngx_http_pserver_error_set(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, size_t size, const char *fmt, ...)
{
    va_list                  args;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_pserver_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    size += ngx_strlen(fmt) + ngx_strlen(code) + NGX_INT_T_LEN;

    ctx->error.body.data = ngx_pnalloc(r->pool, size);
    if (ctx->error.body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    va_start(args, fmt);
    ctx->error.body.len = ngx_vslprintf(ctx->error.body.data,
                                        ctx->error.body.data + size, fmt, args)
                          - ctx->error.body.data;
    va_end(args);

    ctx->error.code.len = ngx_strlen(code);
    ctx->error.code.data = (u_char *) code;
    ctx->error.status = status;

    if (status == NGX_HTTP_UNAUTHORIZED
        && ngx_http_pserver_error_challenge(r, &ctx->error.challenge)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status;
}


/*
 * RFC 9110, section 11.6.1.  The realm is what a client has to sign as the
 * audience here; an origin has no character that would have to be escaped.
 */

static ngx_int_t
ngx_http_pserver_error_challenge(ngx_http_request_t *r,
    ngx_str_t *challenge)
{
    u_char             *p;
    pserver_origins_t   origins;

    static ngx_str_t  bare = ngx_string("Web3Signed");

    if (ngx_http_pserver_origins(r, &origins) != NGX_OK) {
        return NGX_ERROR;
    }

    if (origins.n == 0) {
        *challenge = bare;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, bare.len + sizeof(" realm=\"\"") - 1
                             + origins.elts[0].len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    challenge->data = p;

    p = ngx_cpymem(p, bare.data, bare.len);
    p = ngx_cpymem(p, " realm=\"", sizeof(" realm=\"") - 1);
    p = ngx_cpymem(p, origins.elts[0].data, origins.elts[0].len);
    *p++ = '"';

    challenge->len = p - challenge->data;

    return NGX_OK;
}


/*
 * Where the status is rendered, not where it is found: another module of
 * "satisfy any" may still let the request in.
 */

ngx_int_t
ngx_http_pserver_error_authenticate(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t  *ctx;

    if (r->headers_out.status != NGX_HTTP_UNAUTHORIZED
        || r->err_status != NGX_HTTP_UNAUTHORIZED)
    {
        return NGX_OK;
    }

    ctx = ngx_http_pserver_kept_ctx(r);

    if (ctx == NULL || ctx->error.challenge.len == 0
        || ctx->error.status != NGX_HTTP_UNAUTHORIZED)
    {
        return NGX_OK;
    }

    return ngx_http_pserver_add_header(r, "WWW-Authenticate",
                                       &ctx->error.challenge,
                                       &r->headers_out.www_authenticate);
}


ngx_int_t
ngx_http_pserver_retry_after(ngx_http_request_t *r, ngx_uint_t seconds)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui", seconds) - value.data;

    return ngx_http_pserver_add_header(r, "Retry-After", &value, NULL);
}


static ngx_int_t
ngx_http_pserver_add_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value, ngx_table_elt_t **slot)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    if (slot) {
        *slot = h;
    }

    return NGX_OK;
}
