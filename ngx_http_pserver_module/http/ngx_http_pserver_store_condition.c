/*
 * If-Match and If-None-Match of a request that changes an object.
 */


#include "ngx_http_pserver_store_condition.h"
#include "ngx_http_pserver_error.h"
#include "../core/etag.h"


static ngx_int_t ngx_http_pserver_condition_header(ngx_table_elt_t *header,
    pserver_str_t *value);


ngx_int_t
ngx_http_pserver_condition_init(ngx_http_request_t *r,
    ngx_http_pserver_condition_t *condition)
{
    if (ngx_http_pserver_condition_header(r->headers_in.if_match,
                                          &condition->match)
        != NGX_OK
        || ngx_http_pserver_condition_header(r->headers_in.if_none_match,
                                             &condition->none_match)
           != NGX_OK)
    {
        return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                       "INVALID_HEADER",
                                       "If-Match or If-None-Match is no "
                                       "list of tags");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_condition_header(ngx_table_elt_t *header,
    pserver_str_t *value)
{
    if (header == NULL) {
        value->len = 0;
        return NGX_OK;
    }

    value->len = header->value.len;
    value->data = header->value.data;

    return (pserver_etag_valid(*value) == PSERVER_OK) ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_http_pserver_condition_holds(
    const ngx_http_pserver_condition_t *condition,
    ngx_http_pserver_owner_t *owner, pserver_str_t scope)
{
    u_char                     *id;
    ngx_uint_t                  rc;
    ngx_http_pserver_object_t   object;

    if (condition->match.len == 0 && condition->none_match.len == 0) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));

    rc = ngx_http_pserver_object_open(owner, &object, scope, 0);

    id = (rc == NGX_HTTP_PSERVER_STORE_OK) ? object.open.id : NULL;

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        || rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND)
    {
        rc = NGX_HTTP_PSERVER_STORE_OK;

        if ((condition->match.len
             && !pserver_etag_names(condition->match, id, 1))
            || (condition->none_match.len
                && pserver_etag_names(condition->none_match, id, 0)))
        {
            rc = NGX_HTTP_PSERVER_STORE_CONDITION;
        }
    }

    ngx_http_pserver_object_close(&object);

    return rc;
}
