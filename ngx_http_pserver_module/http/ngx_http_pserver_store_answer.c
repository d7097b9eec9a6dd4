/*
 * What the routes of the store answer when they can't.
 */


#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_error.h"

#include "../core/encode.h"
#include "../core/web3signed.h"


static ngx_int_t ngx_http_pserver_store_fault(ngx_http_request_t *r,
    ngx_uint_t rc, ngx_err_t err, const char *path);
static ngx_int_t ngx_http_pserver_store_failed(ngx_http_request_t *r,
    const char *code, const char *text);


ngx_int_t
ngx_http_pserver_store_error(ngx_http_request_t *r, ngx_uint_t rc,
    ngx_err_t err)
{
    return ngx_http_pserver_store_fault(r, rc, err, "");
}


ngx_int_t
ngx_http_pserver_store_file_error(ngx_http_request_t *r, ngx_uint_t rc,
    ngx_err_t err, const pserver_address_t *owner, const char *file)
{
    char  path[NGX_HTTP_PSERVER_STORE_PATH];

    ngx_http_pserver_store_path(path, owner, file);

    return ngx_http_pserver_store_fault(r, rc, err, path);
}


void
ngx_http_pserver_store_path(char path[NGX_HTTP_PSERVER_STORE_PATH],
    const pserver_address_t *owner, const char *file)
{
    u_char  *p;

    p = ngx_cpymem(path, "owners/", sizeof("owners/") - 1);
    p = pserver_hex_encode(p, owner->bytes, sizeof(owner->bytes));
    *p++ = '/';

    (void) ngx_cpystrn(p, (u_char *) file, NGX_HTTP_PSERVER_OBJECT_FILE);
}


/* names in a path are keyed hashes: the log may have them */

static ngx_int_t
ngx_http_pserver_store_fault(ngx_http_request_t *r, ngx_uint_t rc,
    ngx_err_t err, const char *path)
{
    const pserver_web3signed_error_t  *error;

    switch (rc) {

    case NGX_HTTP_PSERVER_STORE_NOT_FOUND:
        return ngx_http_pserver_error_content(r, NGX_HTTP_NOT_FOUND,
                                              "NOT_FOUND", "no such data");

    case NGX_HTTP_PSERVER_STORE_TOO_LARGE:
        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                      "CONTENT_TOO_LARGE",
                                      "the body is too large");

    case NGX_HTTP_PSERVER_STORE_FULL:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, err,
                      "no space left in the store");

        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_INSUFFICIENT_STORAGE,
                                      "INSUFFICIENT_STORAGE",
                                      "no space left");

    case NGX_HTTP_PSERVER_STORE_QUOTA:
        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_INSUFFICIENT_STORAGE,
                                      "QUOTA_EXCEEDED",
                                      "the owner's quota does not allow "
                                      "that much");

    case NGX_HTTP_PSERVER_STORE_CONDITION:
        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_PRECONDITION_FAILED,
                                      "PRECONDITION_FAILED",
                                      "the version that is there is "
                                      "another one");

    case NGX_HTTP_PSERVER_STORE_TAKEN:
        return ngx_http_pserver_error_content(r, NGX_HTTP_CONFLICT,
                                      "OWNER_CONFLICT",
                                      NGX_HTTP_PSERVER_STORE_TAKEN_TEXT);

    case NGX_HTTP_PSERVER_STORE_EXPIRED:
        error = pserver_web3signed_error(PSERVER_WEB3SIGNED_EXPIRED);

        return ngx_http_pserver_error_data(r, error->status, error->code,
                                           error->message, error->reason);

    case NGX_HTTP_PSERVER_STORE_LOCKED:
        return ngx_http_pserver_error_locked(r);

    case NGX_HTTP_PSERVER_STORE_BAD:
    case NGX_HTTP_PSERVER_STORE_MISSING:
    case NGX_HTTP_PSERVER_STORE_REPLACED:
    case NGX_HTTP_PSERVER_STORE_MANIFEST:
    case NGX_HTTP_PSERVER_STORE_OLDER:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, err, "%s: \"%s\"",
                      ngx_http_pserver_store_why(rc), path);

        return ngx_http_pserver_store_failed(r, "DECRYPTION_ERROR",
                                             "the data can not be opened");

    default:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, err,
                      "the store failed: \"%s\"", path);

        return ngx_http_pserver_store_failed(r, "INTERNAL_SERVER_ERROR",
                                             "the store failed");
    }
}


/* artifacts are of the other API */

static ngx_int_t
ngx_http_pserver_store_failed(ngx_http_request_t *r, const char *code,
    const char *text)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->api == NGX_HTTP_PSERVER_COMPUTE) {
        return ngx_http_pserver_error_compute(r,
                                              NGX_HTTP_INTERNAL_SERVER_ERROR,
                                              code, text, NULL);
    }

    return ngx_http_pserver_error_content(r, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                          code, text);
}


const char *
ngx_http_pserver_store_why(ngx_uint_t rc)
{
    switch (rc) {

    case NGX_HTTP_PSERVER_STORE_MISSING:
        return "a version is gone from the store that the manifest has";

    case NGX_HTTP_PSERVER_STORE_REPLACED:
        return "a version in the store is not the one that the manifest has";

    case NGX_HTTP_PSERVER_STORE_MANIFEST:
        return "the manifest of the owner does not open";

    case NGX_HTTP_PSERVER_STORE_OLDER:
        return "the manifest of the owner is older than it was, or gone";

    default: /* BAD */
        return "a sealed file of the store does not open";
    }
}


ngx_int_t
ngx_http_pserver_store_busy(ngx_http_request_t *r)
{
    if (ngx_http_pserver_retry_after(r, 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_content(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                          "UNAVAILABLE",
                                          "the server is busy");
}
