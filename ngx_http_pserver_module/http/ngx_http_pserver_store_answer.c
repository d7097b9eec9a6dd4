/*
 * What the routes of the store answer when they can't.
 */


#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_error.h"

#include "../core/web3signed.h"


ngx_int_t
ngx_http_pserver_store_error(ngx_http_request_t *r, ngx_uint_t rc,
    ngx_err_t err)
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

    case NGX_HTTP_PSERVER_STORE_BAD:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a sealed file of the store does not open");

        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_INTERNAL_SERVER_ERROR,
                                      "DECRYPTION_ERROR",
                                      "the data can not be opened");

    default:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, err,
                      "the store failed");

        return ngx_http_pserver_error_content(r,
                                      NGX_HTTP_INTERNAL_SERVER_ERROR,
                                      "INTERNAL_SERVER_ERROR",
                                      "the store failed");
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
