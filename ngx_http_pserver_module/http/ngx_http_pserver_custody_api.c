/*
 * The owner's own key over HTTP: /v1/custody, for the owner alone.
 *
 *   GET   /v1/custody          what is there, and the owner's wrap
 *   PUT   /v1/custody          the key, the first time or a new one
 *   POST  /v1/custody/unlock   lets the server use it for a time
 *   POST  /v1/custody/lock     ends that
 *
 * An unlock is logged before it is answered, and undone if it can't be
 * logged; a lock is carried out whether it can be or not, and so is a key
 * that was set, after which it is locked.
 */


#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_custody_api.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_thread.h"
#include "../core/encode.h"


typedef ngx_http_pserver_custody_rc_e (*ngx_http_pserver_custody_parse_pt)(
    ngx_http_request_t *r, ngx_http_pserver_custody_t *custody,
    pserver_str_t text);


static ngx_http_pserver_custody_t *ngx_http_pserver_custody_request(
    ngx_http_request_t *r);
static void ngx_http_pserver_custody_body(ngx_http_request_t *r,
    ngx_str_t *body, ngx_http_pserver_custody_parse_pt parse,
    pserver_entry_type_e entry, ngx_http_pserver_thread_run_pt run);
static void ngx_http_pserver_custody_set_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_http_pserver_custody_rc_e ngx_http_pserver_custody_parse_set(
    ngx_http_request_t *r, ngx_http_pserver_custody_t *custody,
    pserver_str_t text);
static void ngx_http_pserver_custody_unlock_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_http_pserver_custody_rc_e ngx_http_pserver_custody_parse_unlock(
    ngx_http_request_t *r, ngx_http_pserver_custody_t *custody,
    pserver_str_t text);
static void ngx_http_pserver_custody_lock_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_http_pserver_custody_rc_e ngx_http_pserver_custody_parse_lock(
    ngx_http_request_t *r, ngx_http_pserver_custody_t *custody,
    pserver_str_t text);
static void ngx_http_pserver_custody_start(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_thread_run_pt run);
static void ngx_http_pserver_custody_log(ngx_http_request_t *r, void *data);
static void ngx_http_pserver_custody_logged(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_pserver_custody_done(ngx_http_request_t *r, void *data);
static ngx_int_t ngx_http_pserver_custody_error(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody);
static ngx_int_t ngx_http_pserver_custody_send(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody);


ngx_int_t
ngx_http_pserver_custody_state(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_pserver_custody_t  *custody;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    custody = ngx_http_pserver_custody_request(r);

    if (custody == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_pserver_custody_start(r, custody,
                                   ngx_http_pserver_custody_look);

    return NGX_DONE;
}


ngx_int_t
ngx_http_pserver_custody_set(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, PSERVER_CUSTODY_BODY_MAX,
                                      ngx_http_pserver_custody_set_body);
}


ngx_int_t
ngx_http_pserver_custody_unlock(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, PSERVER_CUSTODY_BODY_MAX,
                                      ngx_http_pserver_custody_unlock_body);
}


ngx_int_t
ngx_http_pserver_custody_lock(ngx_http_request_t *r)
{
    return ngx_http_pserver_body_read(r, PSERVER_CUSTODY_BODY_MAX,
                                      ngx_http_pserver_custody_lock_body);
}


static ngx_http_pserver_custody_t *
ngx_http_pserver_custody_request(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t        *ctx;
    ngx_http_pserver_custody_t    *custody;
    ngx_http_pserver_loc_conf_t   *plcf;
    ngx_http_pserver_main_conf_t  *pmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    custody = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_custody_t));
    if (custody == NULL) {
        return NULL;
    }

    ctx->state = custody;

    custody->at.root = plcf->store.data;
    custody->at.chain_id = plcf->chain_id;
    custody->at.owner = ctx->owner;
    custody->required = (plcf->custody == NGX_HTTP_PSERVER_CUSTODY_OWNER);
    custody->claims = &ctx->claims->verified;
    custody->secp256k1 = pmcf->secp256k1;

    return custody;
}


/* what each of the bodies has is checked after it is what was signed */

static void
ngx_http_pserver_custody_body(ngx_http_request_t *r, ngx_str_t *body,
    ngx_http_pserver_custody_parse_pt parse, pserver_entry_type_e entry,
    ngx_http_pserver_thread_run_pt run)
{
    ngx_int_t                    rc;
    pserver_str_t                text;
    ngx_http_pserver_custody_t  *custody;

    rc = ngx_http_pserver_auth_text(r, body);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    custody = ngx_http_pserver_custody_request(r);

    if (custody == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    text.len = body->len;
    text.data = body->data;

    custody->rc = parse(r, custody, text);

    if (custody->rc != NGX_HTTP_PSERVER_CUSTODY_OK) {
        ngx_http_finalize_request(r,
                              ngx_http_pserver_custody_error(r, custody));
        return;
    }

    custody->entry = entry;

    ngx_http_pserver_custody_start(r, custody, run);
}


static void
ngx_http_pserver_custody_set_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_http_pserver_custody_body(r, body, ngx_http_pserver_custody_parse_set,
                                  PSERVER_ENTRY_CUSTODY,
                                  ngx_http_pserver_custody_store);
}


static ngx_http_pserver_custody_rc_e
ngx_http_pserver_custody_parse_set(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody, pserver_str_t text)
{
    if (!custody->required) {
        return NGX_HTTP_PSERVER_CUSTODY_NOT_HERE;
    }

    return (pserver_custody_parse_set(&custody->body, text) == PSERVER_OK)
           ? NGX_HTTP_PSERVER_CUSTODY_OK : NGX_HTTP_PSERVER_CUSTODY_BODY;
}


static void
ngx_http_pserver_custody_unlock_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_http_pserver_custody_body(r, body,
                                  ngx_http_pserver_custody_parse_unlock,
                                  PSERVER_ENTRY_UNLOCKED,
                                  ngx_http_pserver_custody_open_run);
}


static ngx_http_pserver_custody_rc_e
ngx_http_pserver_custody_parse_unlock(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody, pserver_str_t text)
{
    ngx_http_pserver_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    switch (pserver_custody_parse_unlock(&custody->body, text,
                                         plcf->custody_max))
    {

    case PSERVER_OK:
        return NGX_HTTP_PSERVER_CUSTODY_OK;

    case PSERVER_NOSPACE:
        return NGX_HTTP_PSERVER_CUSTODY_TOO_LONG;

    default:
        return NGX_HTTP_PSERVER_CUSTODY_BODY;
    }
}


static void
ngx_http_pserver_custody_lock_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_http_pserver_custody_body(r, body,
                                  ngx_http_pserver_custody_parse_lock,
                                  PSERVER_ENTRY_LOCKED,
                                  ngx_http_pserver_custody_close_begin);
}


/* it says nothing, but it is signed all the same */

static ngx_http_pserver_custody_rc_e
ngx_http_pserver_custody_parse_lock(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody, pserver_str_t text)
{
    return NGX_HTTP_PSERVER_CUSTODY_OK;
}


static void
ngx_http_pserver_custody_start(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody, ngx_http_pserver_thread_run_pt run)
{
    if (ngx_http_pserver_thread_run_request(r, run,
                                            ngx_http_pserver_custody_log,
                                            custody)
        != NGX_OK)
    {
        ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
    }
}


static void
ngx_http_pserver_custody_log(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    u_char                          count[NGX_TIME_T_LEN];
    ngx_http_pserver_audit_entry_t  entry;

    if (custody->rc != NGX_HTTP_PSERVER_CUSTODY_OK || !custody->changed) {
        ngx_http_pserver_custody_done(r, custody);
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    entry.type = custody->entry;
    entry.owner = &custody->at.owner;
    entry.r = r;

    if (custody->entry == PSERVER_ENTRY_UNLOCKED) {
        entry.count.data = count;
        entry.count.len = ngx_sprintf(count, "%uL", custody->body.seconds)
                          - count;
    }

    if (ngx_http_pserver_audit_request(r, &entry,
                                       ngx_http_pserver_custody_logged)
        == NGX_ERROR)
    {
        ngx_http_pserver_custody_logged(r, NGX_ERROR);
    }
}


static void
ngx_http_pserver_custody_logged(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_pserver_ctx_t      *ctx;
    ngx_http_pserver_custody_t  *custody;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    custody = ctx->state;

    if (custody->entry != PSERVER_ENTRY_UNLOCKED) {

        /* what is set is locked; it was open only for its entry */

        if (ngx_http_pserver_thread_run_request(r,
                                         ngx_http_pserver_custody_close_end,
                                         ngx_http_pserver_custody_done,
                                         custody)
            == NGX_OK)
        {
            return;
        }

        ngx_http_pserver_custody_forget(&custody->at);

    } else if (rc == NGX_OK) {
        ngx_http_pserver_custody_done(r, custody);
        return;

    } else {
        ngx_http_pserver_custody_forget(&custody->at);
    }

    ngx_http_finalize_request(r, ngx_http_pserver_store_busy(r));
}


static void
ngx_http_pserver_custody_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_custody_t *custody = data;

    ngx_http_finalize_request(r,
                              custody->rc == NGX_HTTP_PSERVER_CUSTODY_OK
                              ? ngx_http_pserver_custody_send(r, custody)
                              : ngx_http_pserver_custody_error(r, custody));
}


static ngx_int_t
ngx_http_pserver_custody_error(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody)
{
    ngx_http_pserver_custody_rc_e  rc;

    static const struct {
        ngx_uint_t                 status;
        const char                *code;
        const char                *message;
    } errors[] = {

        { 0, NULL, NULL },                      /* CUSTODY_OK */

        { NGX_HTTP_BAD_REQUEST, "INVALID_BODY",
          "the body is not of the form that this route takes" },

        { NGX_HTTP_BAD_REQUEST, "TOO_LONG",
          "the server unlocks for a shorter time" },

        { NGX_HTTP_BAD_REQUEST, "INVALID_BOX",
          "a key is not sealed to this server's key for this owner" },

        { NGX_HTTP_BAD_REQUEST, "INVALID_WRAP",
          "the wrap is of another key" },

        { NGX_HTTP_FORBIDDEN, "WRONG_KEY",
          "the owner's keys are under another key" },

        { NGX_HTTP_FORBIDDEN, "NOT_OFFERED",
          "this server has no owners who hold a key of their own" },

        { NGX_HTTP_CONFLICT, "CUSTODY_UNSET",
          "the owner has not set a key yet: PUT /v1/custody" },

        { NGX_HTTP_CONFLICT, "CUSTODY_SET",
          "the owner has a key: the request has to bring it, and a wrap of a "
          "later epoch" },

        { NGX_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
          "too many owners are unlocked here" },

        { NGX_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
          "too much is still sealed under older keys of this owner" }
    };

    rc = custody->rc;

    if (rc == NGX_HTTP_PSERVER_CUSTODY_STORE) {
        return ngx_http_pserver_store_error(r, custody->store_rc,
                                            custody->err);
    }

    if (errors[rc].status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_pserver_retry_after(r, 60) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_pserver_error_data(r, errors[rc].status, errors[rc].code,
                                       errors[rc].message, NULL);
}


static ngx_int_t
ngx_http_pserver_custody_send(ngx_http_request_t *r,
    ngx_http_pserver_custody_t *custody)
{
    u_char      *p;
    time_t       until;
    ngx_str_t    body;
    const char  *state;

    until = ngx_http_pserver_custody_until(&custody->at);

    state = !custody->has_wrap ? "unset" : until ? "unlocked" : "locked";

    body.data = ngx_pnalloc(r->pool, 1024);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"custody\":\"%s\",\"state\":\"%s\","
                    "\"expires\":", custody->required ? "owner" : "server",
                    state);

    if (custody->has_wrap && until) {
        *p++ = '"';
        p = ngx_http_pserver_store_time(p, (uint64_t) until * 1000);
        *p++ = '"';

    } else {
        p = ngx_sprintf(p, "null");
    }

    p = ngx_sprintf(p, ",\"wrap\":");

    if (custody->has_wrap) {
        p = ngx_sprintf(p, "\"0x");
        p = pserver_hex_encode(p, custody->wrap, PSERVER_CUSTODY_WRAP_LEN);
        *p++ = '"';

    } else {
        p = ngx_sprintf(p, "null");
    }

    p = ngx_sprintf(p, ",\"chainId\":%uL,\"server\":{\"address\":\"",
                    custody->at.chain_id);
    p = pserver_address_format(p, &custody->server);
    p = ngx_sprintf(p, "\",\"publicKey\":\"0x");
    p = pserver_hex_encode(p, custody->public_key, PSERVER_PUBLIC_KEY_LEN);
    p = ngx_sprintf(p, "\"}}");

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}
