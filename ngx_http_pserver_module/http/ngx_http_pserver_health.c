/*
 * What anyone may know of the server.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_health.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_owner.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_known.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"
#include "../core/encode.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_PUBLIC_KEY_LEN  (2 + 2 * PSERVER_PUBLIC_KEY_LEN)


/* a key is not handed out before it is known whose it is */

typedef struct {
    u_char                           *root;
    pserver_address_t                 owner;
    ngx_uint_t                        take;      /* the index, for an owner */
    ngx_uint_t                        rc;
    ngx_err_t                         err;
    ngx_http_pserver_request_done_pt  done;
} ngx_http_pserver_health_t;


static ngx_int_t ngx_http_pserver_health_admit(ngx_http_request_t *r,
    const pserver_address_t *owner, ngx_http_pserver_request_done_pt done,
    ngx_http_pserver_health_t **admitted);
static void ngx_http_pserver_health_run(void *data);
static void ngx_http_pserver_health_done(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_health_answer(ngx_http_request_t *r,
    const pserver_address_t *owner);
static void ngx_http_pserver_identity_done(ngx_http_request_t *r,
    void *data);
static ngx_int_t ngx_http_pserver_identity_answer(ngx_http_request_t *r,
    ngx_http_pserver_health_t *health);
static ngx_int_t ngx_http_pserver_health_key(ngx_http_request_t *r,
    const pserver_address_t *owner, ngx_str_t *address,
    ngx_str_t *public_key);


ngx_int_t
ngx_http_pserver_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    pserver_address_t           owner;
    ngx_http_pserver_health_t  *health;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    /* of several owners none is the one */

    if (ngx_http_pserver_owner_only(r, &owner) != NGX_OK) {
        return ngx_http_pserver_health_answer(r, NULL);
    }

    switch (ngx_http_pserver_health_admit(r, &owner,
                                          ngx_http_pserver_health_done,
                                          &health))
    {
    case NGX_OK:
        return ngx_http_pserver_health_answer(r, &owner);

    case NGX_AGAIN:
        return NGX_DONE;

    default:
        return ngx_http_pserver_store_busy(r);
    }
}


/*
 * NGX_OK: the owner is known to have the index, which costs a poll nothing;
 * NGX_AGAIN: done is called later; both with health.  NGX_ERROR: no memory,
 * or no thread.
 */

static ngx_int_t
ngx_http_pserver_health_admit(ngx_http_request_t *r,
    const pserver_address_t *owner, ngx_http_pserver_request_done_pt done,
    ngx_http_pserver_health_t **admitted)
{
    ngx_http_pserver_health_t    *health;
    ngx_http_pserver_loc_conf_t  *plcf;

    health = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_health_t));
    if (health == NULL) {
        return NGX_ERROR;
    }

    *admitted = health;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    health->root = plcf->store.data;
    health->owner = *owner;
    health->take = ngx_http_pserver_owner_serves(r, owner);

    if (ngx_http_pserver_known_admitted(health->root, owner)) {
        return NGX_OK;
    }

    if (ngx_http_pserver_thread_run_request(r, ngx_http_pserver_health_run,
                                            done, health)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->main->count++;

    return NGX_AGAIN;
}


static void
ngx_http_pserver_health_run(void *data)
{
    ngx_http_pserver_health_t  *health = data;

    health->rc = ngx_http_pserver_owner_admit(health->root, &health->owner,
                                              health->take, &health->err);
}


static void
ngx_http_pserver_health_done(ngx_http_request_t *r, void *data)
{
    ngx_int_t                   rc;
    ngx_http_pserver_health_t  *health = data;

    rc = (health->rc == NGX_HTTP_PSERVER_STORE_OK)
         ? ngx_http_pserver_health_answer(r, &health->owner)
         : ngx_http_pserver_store_error(r, health->rc, health->err);

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_pserver_health_answer(ngx_http_request_t *r,
    const pserver_address_t *owner)
{
    u_char     *p;
    ngx_str_t   body, address, public_key;

    body.data = ngx_pnalloc(r->pool, 512);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"status\":\"healthy\",\"version\":\""
                    NGX_HTTP_PSERVER_VERSION "\",\"uptime\":%T,",
                    ngx_time() - ngx_http_pserver_zone(NULL)->started);

    if (owner) {
        if (ngx_http_pserver_health_key(r, owner, &address, &public_key)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p = ngx_cpymem(p, "\"owner\":\"", sizeof("\"owner\":\"") - 1);
        p = pserver_address_format(p, owner);
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
    ngx_int_t                   rc;
    ngx_str_t                   arg;
    pserver_str_t               s;
    pserver_address_t           owner;
    ngx_http_pserver_health_t  *health;

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

    switch (ngx_http_pserver_health_admit(r, &owner,
                                          ngx_http_pserver_identity_done,
                                          &health))
    {
    case NGX_OK:
        return ngx_http_pserver_identity_answer(r, health);

    case NGX_AGAIN:
        return NGX_DONE;

    default:
        return ngx_http_pserver_error_compute(r,
                          NGX_HTTP_SERVICE_UNAVAILABLE,
                          "INTERNAL_SERVER_ERROR",
                          "The server is overloaded", NULL);
    }
}


static void
ngx_http_pserver_identity_done(ngx_http_request_t *r, void *data)
{
    ngx_http_finalize_request(r, ngx_http_pserver_identity_answer(r, data));
}


static ngx_int_t
ngx_http_pserver_identity_answer(ngx_http_request_t *r,
    ngx_http_pserver_health_t *health)
{
    u_char     *p;
    ngx_str_t   body, address, public_key;

    if (health->rc == NGX_HTTP_PSERVER_STORE_TAKEN) {
        return ngx_http_pserver_error_compute(r, NGX_HTTP_CONFLICT,
                          "CONFLICT_ERROR", NGX_HTTP_PSERVER_STORE_TAKEN_TEXT,
                          NULL);
    }

    if (health->rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_log_error(NGX_LOG_CRIT, r->connection->log, health->err,
                      "pserver: the table of indexes failed");

        return ngx_http_pserver_error_compute(r,
                          NGX_HTTP_INTERNAL_SERVER_ERROR,
                          "INTERNAL_SERVER_ERROR",
                          "The table of owners can't be read", NULL);
    }

    if (ngx_http_pserver_health_key(r, &health->owner, &address, &public_key)
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
    p = pserver_address_format(p, &health->owner);
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
    u_char                *p;
    ngx_int_t              rc;
    pserver_server_key_t   key;

    p = ngx_pnalloc(r->pool, PSERVER_ADDRESS_LEN
                             + NGX_HTTP_PSERVER_PUBLIC_KEY_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_pserver_keys_server(owner, &key);

    address->data = p;
    address->len = PSERVER_ADDRESS_LEN;

    p = pserver_address_format(p, &key.address);

    public_key->data = p;
    public_key->len = NGX_HTTP_PSERVER_PUBLIC_KEY_LEN;

    *p++ = '0';
    *p++ = 'x';

    pserver_hex_encode(p, key.public_key, PSERVER_PUBLIC_KEY_LEN);

    sodium_memzero(&key, sizeof(pserver_server_key_t));

    return rc;
}
