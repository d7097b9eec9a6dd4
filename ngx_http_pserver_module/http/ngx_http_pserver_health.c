/*
 * What anyone may know of the server.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_health.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_zone.h"
#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_PUBLIC_KEY_LEN  (2 + 2 * PSERVER_PUBLIC_KEY_LEN)


static ngx_int_t ngx_http_pserver_health_key(ngx_http_request_t *r,
    const pserver_address_t *owner, ngx_str_t *address,
    ngx_str_t *public_key);


ngx_int_t
ngx_http_pserver_health_handler(ngx_http_request_t *r)
{
    u_char             *p;
    ngx_int_t           rc;
    ngx_str_t           body, address, public_key;
    pserver_address_t   owner;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    body.data = ngx_pnalloc(r->pool, 512);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"status\":\"healthy\",\"version\":\""
                    NGX_HTTP_PSERVER_VERSION "\",\"uptime\":%T,",
                    ngx_time() - ngx_http_pserver_zone(NULL)->started);

    /* of several owners none is the one */

    if (ngx_http_pserver_owner_only(r, &owner) == NGX_OK) {

        if (ngx_http_pserver_health_key(r, &owner, &address, &public_key)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p = ngx_cpymem(p, "\"owner\":\"", sizeof("\"owner\":\"") - 1);
        p = pserver_address_format(p, &owner);
        p = ngx_sprintf(p, "\",\"identity\":{\"address\":\"%V\","
                        "\"publicKey\":\"%V\"}}", &address, &public_key);

    } else {
        p = ngx_sprintf(p, "\"owner\":null,\"identity\":null}");
    }

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


ngx_int_t
ngx_http_pserver_identity_handler(ngx_http_request_t *r)
{
    u_char             *p;
    ngx_int_t           rc;
    ngx_str_t           arg, body, address, public_key;
    pserver_str_t       s;
    pserver_address_t   owner;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_arg(r, (u_char *) "address", sizeof("address") - 1, &arg)
        != NGX_OK)
    {
        return ngx_http_pserver_error_query(r, "address", "Field required",
                                            "missing");
    }

    s.len = arg.len;
    s.data = arg.data;

    if (pserver_address_parse(&owner, s) != PSERVER_OK) {
        return ngx_http_pserver_error_query(r, "address",
                          "String should match pattern "
                          "'^0x[0-9a-fA-F]{40}$'", "string_pattern_mismatch");
    }

    if (ngx_http_pserver_health_key(r, &owner, &address, &public_key)
        != NGX_OK)
    {
        return ngx_http_pserver_error_compute(r,
                          NGX_HTTP_INTERNAL_SERVER_ERROR,
                          "INTERNAL_SERVER_ERROR",
                          "The server's key could not be derived", NULL);
    }

    body.data = ngx_pnalloc(r->pool, 512);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"kind\":\"Identity\",\"user_address\":\"");
    p = pserver_address_format(p, &owner);
    p = ngx_sprintf(p, "\",\"personal_server\":{\"kind\":\"PersonalServer\","
                    "\"address\":\"%V\",\"public_key\":\"%V\"}}",
                    &address, &public_key);

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


/* texts of the server's key for this owner, in r->pool */

static ngx_int_t
ngx_http_pserver_health_key(ngx_http_request_t *r,
    const pserver_address_t *owner, ngx_str_t *address,
    ngx_str_t *public_key)
{
    int                            rc;
    u_char                        *p;
    pserver_server_key_t           key;
    ngx_http_pserver_main_conf_t  *pmcf;

    p = ngx_pnalloc(r->pool, PSERVER_ADDRESS_LEN
                             + NGX_HTTP_PSERVER_PUBLIC_KEY_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    rc = pserver_identity_child(pmcf->secp256k1, &key,
                                &ngx_http_pserver_keys()->identity,
                                pserver_identity_index(owner));

    address->data = p;
    address->len = PSERVER_ADDRESS_LEN;

    p = pserver_address_format(p, &key.address);

    public_key->data = p;
    public_key->len = NGX_HTTP_PSERVER_PUBLIC_KEY_LEN;

    *p++ = '0';
    *p++ = 'x';

    pserver_hex_encode(p, key.public_key, PSERVER_PUBLIC_KEY_LEN);

    sodium_memzero(&key, sizeof(pserver_server_key_t));

    return (rc == PSERVER_OK) ? NGX_OK : NGX_ERROR;
}
