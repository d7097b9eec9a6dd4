/*
 * POST /api/v1/operations with an Idempotency-Key.
 */


#include "ngx_http_pserver_operation_create.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_thread.h"


static void ngx_http_pserver_create_key_run(void *data);
static void ngx_http_pserver_create_key_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_create_key_busy(ngx_http_request_t *r);


ngx_int_t
ngx_http_pserver_create_key(ngx_http_pserver_create_t *create)
{
    ngx_str_t                value;
    ngx_uint_t               n;
    pserver_str_t            str;
    ngx_http_pserver_key_t  *key;

    key = &create->key;

    n = ngx_http_pserver_header_find(create->request, "idempotency-key",
                                     &value);
    if (n == 0) {
        return NGX_OK;
    }

    str.len = value.len;
    str.data = value.data;

    if (n == 1
        && pserver_idempotency_parse(key->text, &key->len, str)
           == PSERVER_OK)
    {
        return NGX_OK;
    }

    return ngx_http_pserver_error_compute(create->request,
                                          NGX_HTTP_BAD_REQUEST,
                                          "VALIDATION_ERROR",
                                          "This is no Idempotency-Key",
                                          "Idempotency-Key");
}


ngx_int_t
ngx_http_pserver_create_key_find(ngx_http_pserver_create_t *create)
{
    return ngx_http_pserver_thread_run_request(create->request,
                                           ngx_http_pserver_create_key_run,
                                           ngx_http_pserver_create_key_done,
                                           create);
}


static void
ngx_http_pserver_create_key_run(void *data)
{
    ngx_http_pserver_create_t  *create = data;

    create->rc = ngx_http_pserver_key_find(&create->key, &create->at,
                                           &create->row);
}


static void
ngx_http_pserver_create_key_done(ngx_http_request_t *r, void *data)
{
    ngx_int_t                   rc;
    ngx_http_pserver_key_t     *key;
    ngx_http_pserver_create_t  *create = data;

    key = &create->key;

    rc = ngx_http_pserver_create_data_error(create);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    switch (key->found) {

    case NGX_HTTP_PSERVER_KEY_BUSY:
        ngx_http_finalize_request(r, ngx_http_pserver_create_key_busy(r));
        return;

    case NGX_HTTP_PSERVER_KEY_OTHER:
        ngx_http_finalize_request(r,
                       ngx_http_pserver_error_compute(r, 422,
                                       "VALIDATION_ERROR",
                                       "The Idempotency-Key is another "
                                       "request's", "Idempotency-Key"));
        return;

    case NGX_HTTP_PSERVER_KEY_SAME:

        /* where it is not served any more the rules say so */

        if (!ngx_http_pserver_owner_serves(r, &key->first.owner)) {
            break;
        }

        create->repeat = 1;
        create->first.created = key->first.created;
        ngx_memcpy(create->first.id, key->first.id, PSERVER_LEDGER_ID_LEN);

        ngx_http_pserver_key_release(key);

        create->state = NGX_HTTP_PSERVER_CREATE_ANSWER;
        ngx_http_pserver_create_next(create);
        return;

    default: /* NGX_HTTP_PSERVER_KEY_NEW */
        break;
    }

    create->state = NGX_HTTP_PSERVER_CREATE_CHECK;
    ngx_http_pserver_create_next(create);
}


static ngx_int_t
ngx_http_pserver_create_key_busy(ngx_http_request_t *r)
{
    if (ngx_http_pserver_retry_after(r, 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_compute(r, NGX_HTTP_CONFLICT,
                                          "CONFLICT_ERROR",
                                          "A request with this "
                                          "Idempotency-Key is under way",
                                          "Idempotency-Key");
}
