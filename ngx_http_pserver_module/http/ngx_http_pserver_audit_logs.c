/*
 * GET /v1/access-logs: an owner reads the owner's own entries, opened,
 * newest first.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_thread.h"
#include "../core/box.h"
#include "../core/encode.h"
#include "../core/eth.h"
#include "../core/json_write.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUDIT_LIMIT      50
#define NGX_HTTP_PSERVER_AUDIT_LIMIT_MAX  500


typedef struct {
    ngx_http_pserver_audit_t        *audit;
    u_char                          *store;
    uint64_t                         chain_id;
    pserver_address_t                owner;
    uint64_t                         limit;
    uint64_t                         offset;
    uint64_t                         openings;   /* 1: with proofs */
    u_char                           tag[32];    /* the owner's tag key */
    unsigned                         tagged:1;
    unsigned                         locked:1;   /* the owner's keys are */

    int                              rc;         /* PSERVER_* */
    uint64_t                         total;

    u_char                          *data;       /* the answer's body */
    size_t                           len;
    size_t                           allocated;
} ngx_http_pserver_audit_logs_t;


static void ngx_http_pserver_audit_logs_run(void *data);
static int ngx_http_pserver_audit_logs_read(
    ngx_http_pserver_audit_logs_t *logs, const pserver_entry_keys_t *keys);
static int ngx_http_pserver_audit_logs_entry(
    ngx_http_pserver_audit_logs_t *logs, const pserver_record_t *record,
    const pserver_entry_keys_t *keys);
static u_char *ngx_http_pserver_audit_logs_put(u_char *p, const char *name,
    const char *text);
static u_char *ngx_http_pserver_audit_logs_bytes(u_char *p, const char *name,
    u_char *data, size_t len);
static u_char *ngx_http_pserver_audit_logs_text(u_char *p, const char *name,
    const pserver_entry_opening_t *opening, u_char id);
static int ngx_http_pserver_audit_logs_room(
    ngx_http_pserver_audit_logs_t *logs, size_t len);
static void ngx_http_pserver_audit_logs_done(ngx_http_request_t *r,
    void *data);
static void ngx_http_pserver_audit_logs_cleanup(void *data);


ngx_int_t
ngx_http_pserver_audit_access_logs(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_pool_cleanup_t             *cln;
    ngx_http_pserver_ctx_t         *ctx;
    ngx_http_pserver_loc_conf_t    *plcf;
    ngx_http_pserver_audit_logs_t  *logs;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_pserver_audit_logs_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    logs = cln->data;

    ngx_memzero(logs, sizeof(ngx_http_pserver_audit_logs_t));

    cln->handler = ngx_http_pserver_audit_logs_cleanup;

    if (ngx_http_pserver_audit_arg(r, "limit", NGX_HTTP_PSERVER_AUDIT_LIMIT,
                                   &logs->limit)
        != NGX_OK
        || ngx_http_pserver_audit_arg(r, "offset", 0, &logs->offset)
           != NGX_OK
        || ngx_http_pserver_audit_arg(r, "openings", 0, &logs->openings)
           != NGX_OK
        || logs->limit == 0)
    {
        return ngx_http_pserver_error_content(r, NGX_HTTP_BAD_REQUEST,
                                              "INVALID_PAGE",
                                              "limit or offset is no number");
    }

    logs->limit = ngx_min(logs->limit, NGX_HTTP_PSERVER_AUDIT_LIMIT_MAX);

    logs->audit = plcf->audit;
    logs->store = plcf->store.data;
    logs->chain_id = plcf->chain_id;
    logs->owner = ctx->owner;

    if (ngx_http_pserver_thread_run_request(r,
                                            ngx_http_pserver_audit_logs_run,
                                            ngx_http_pserver_audit_logs_done,
                                            logs)
        != NGX_OK)
    {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    r->main->count++;

    return NGX_DONE;
}


/* in a thread, down to done() */

static void
ngx_http_pserver_audit_logs_run(void *data)
{
    ngx_http_pserver_audit_logs_t *logs = data;

    u_char                    *p;
    ngx_uint_t                 rc;
    pserver_entry_keys_t       keys;
    ngx_http_pserver_owner_t   owner;

    logs->rc = ngx_http_pserver_audit_logs_room(logs, 16);
    if (logs->rc != PSERVER_OK) {
        return;
    }

    logs->len = ngx_cpymem(logs->data, "{\"logs\":[", 9) - logs->data;

    rc = ngx_http_pserver_owner_open(&owner, logs->store, logs->chain_id,
                                     &logs->owner, 0);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        pserver_entry_keys(&keys, owner.keys.ledger);
        logs->rc = ngx_http_pserver_audit_logs_read(logs, &keys);
        ngx_memcpy(logs->tag, keys.tag, sizeof(logs->tag));
        logs->tagged = 1;
        sodium_memzero(&keys, sizeof(keys));

    } else if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        logs->rc = PSERVER_ERROR;
        logs->locked = (rc == NGX_HTTP_PSERVER_STORE_LOCKED);
    }

    ngx_http_pserver_owner_close(&owner);

    if (logs->rc == PSERVER_OK) {
        logs->rc = ngx_http_pserver_audit_logs_room(logs, 256);
    }

    if (logs->rc != PSERVER_OK) {
        return;
    }

    p = ngx_sprintf(logs->data + logs->len,
                    "],\"total\":%uL,\"limit\":%uL,\"offset\":%uL",
                    logs->total, logs->limit, logs->offset);

    if (logs->openings && logs->tagged) {
        p = ngx_http_pserver_audit_logs_bytes(p, "tagKey", logs->tag,
                                              sizeof(logs->tag));
    }

    *p++ = '}';

    logs->len = p - logs->data;
}


/* each record says where the owner's previous one is */

static int
ngx_http_pserver_audit_logs_read(ngx_http_pserver_audit_logs_t *logs,
    const pserver_entry_keys_t *keys)
{
    int                             rc;
    u_char                          leaf[PSERVER_MERKLE_LEN];
    u_char                          buf[NGX_HTTP_PSERVER_AUDIT_RECORD_MAX];
    uint64_t                        at, next, i;
    pserver_record_t                record;
    ngx_http_pserver_audit_file_t  *file;

    file = &logs->audit->file;

    rc = ngx_http_pserver_audit_file_owner(file, keys->id, &at,
                                           &logs->total);
    if (rc != PSERVER_OK) {
        return (rc == PSERVER_DONE) ? PSERVER_OK : rc;
    }

    if (logs->offset >= logs->total) {
        return PSERVER_OK;
    }

    for (i = 0; i < logs->offset; i++) {

        rc = ngx_http_pserver_audit_file_head(file, at, &record, &next);
        if (rc != PSERVER_OK) {
            return rc;
        }

        at = record.previous;
    }

    for (i = 0; i < logs->limit && at; i++) {

        rc = ngx_http_pserver_audit_file_read(file, at, buf, &record, leaf,
                                              &next);
        if (rc != PSERVER_OK) {
            return rc;
        }

        rc = ngx_http_pserver_audit_logs_entry(logs, &record, keys);
        if (rc != PSERVER_OK) {
            return rc;
        }

        at = record.previous;
    }

    return PSERVER_OK;
}


static int
ngx_http_pserver_audit_logs_entry(ngx_http_pserver_audit_logs_t *logs,
    const pserver_record_t *record, const pserver_entry_keys_t *keys)
{
    u_char                   *p;
    u_char                    plain[PSERVER_ENTRY_OPENING_MAX];
    ngx_tm_t                  tm;
    const char               *name;
    pserver_word_t            permission;
    const pserver_str_t      *value;
    pserver_address_t         app;
    pserver_entry_view_t      view;
    pserver_entry_opening_t   opening;

    if (pserver_entry_parse(&view, record->entry.data, record->entry.len)
        != PSERVER_OK
        || record->box.len > sizeof(plain) + PSERVER_BOX_OVERHEAD)
    {
        return PSERVER_INVALID;
    }

    if (pserver_entry_open(&opening, plain, &view, record->box.data,
                           record->box.len, keys->seal)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    /* a character takes six at most, and the opening in base64 two */

    if (ngx_http_pserver_audit_logs_room(logs, 2048 + 8 * sizeof(plain))
        != PSERVER_OK)
    {
        return PSERVER_NOMEM;
    }

    p = logs->data + logs->len;

    if (p[-1] != '[') {
        *p++ = ',';
    }

    p = ngx_sprintf(p, "{\"logId\":\"%uL\",\"grantId\":\"", view.sequence);

    value = pserver_entry_field(&opening, PSERVER_FIELD_PERMISSION);

    if (value && value->len == sizeof(permission)) {
        ngx_memcpy(&permission, value->data, sizeof(permission));
        p = pserver_word_decimal(p, &permission);
    }

    p = ngx_cpymem(p, "\",\"builder\":\"", 13);

    value = pserver_entry_field(&opening, PSERVER_FIELD_APP);

    if (value && value->len == sizeof(app)) {
        ngx_memcpy(&app, value->data, sizeof(app));
        p = pserver_address_format(p, &app);
    }

    *p++ = '"';

    name = pserver_entry_type_name(view.type);

    p = ngx_http_pserver_audit_logs_put(p, "action", name ? name : "");
    p = ngx_http_pserver_audit_logs_text(p, "scope", &opening,
                                         PSERVER_FIELD_SCOPE);

    ngx_gmtime((time_t) (view.time / 1000), &tm);

    p = ngx_sprintf(p, ",\"timestamp\":\"%4d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
                    tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                    tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                    (int) (view.time % 1000));

    p = ngx_http_pserver_audit_logs_text(p, "ipAddress", &opening,
                                         PSERVER_FIELD_IP);
    p = ngx_http_pserver_audit_logs_text(p, "userAgent", &opening,
                                         PSERVER_FIELD_USER_AGENT);

    /* more than other servers know */

    p = ngx_http_pserver_audit_logs_text(p, "operation", &opening,
                                         PSERVER_FIELD_OPERATION);
    p = ngx_http_pserver_audit_logs_text(p, "operationId", &opening,
                                         PSERVER_FIELD_OPERATION_ID);

    p = ngx_sprintf(p, ",\"reason\":\"%*s\"", view.reason.len,
                    view.reason.data);

    if (logs->openings) {
        p = ngx_http_pserver_audit_logs_bytes(p, "entry", record->entry.data,
                                              record->entry.len);
        p = ngx_http_pserver_audit_logs_bytes(p, "opening", plain,
                                  record->box.len - PSERVER_BOX_OVERHEAD);
    }

    *p++ = '}';

    logs->len = p - logs->data;

    sodium_memzero(plain, sizeof(plain));

    return PSERVER_OK;
}


static u_char *
ngx_http_pserver_audit_logs_put(u_char *p, const char *name, const char *text)
{
    return ngx_sprintf(p, ",\"%s\":\"%s\"", name, text);
}


/* base64 */

static u_char *
ngx_http_pserver_audit_logs_bytes(u_char *p, const char *name, u_char *data,
    size_t len)
{
    ngx_str_t  src, dst;

    p = ngx_sprintf(p, ",\"%s\":\"", name);

    src.data = data;
    src.len = len;
    dst.data = p;

    ngx_encode_base64(&dst, &src);

    p = dst.data + dst.len;
    *p++ = '"';

    return p;
}


/* an empty text where there is none; what is no UTF-8 becomes "?" */

static u_char *
ngx_http_pserver_audit_logs_text(u_char *p, const char *name,
    const pserver_entry_opening_t *opening, u_char id)
{
    u_char               *s, *last;
    pserver_str_t         text;
    const pserver_str_t  *value;

    value = pserver_entry_field(opening, id);

    if (value == NULL) {
        return ngx_http_pserver_audit_logs_put(p, name, "");
    }

    text = *value;
    last = text.data + text.len;

    for (s = text.data; s < last; /* void */ ) {
        if (ngx_utf8_decode(&s, last - s) > 0x10ffff) {
            break;
        }
    }

    if (s < last) {
        for (s = text.data; s < last; s++) {
            if (*s >= 0x80) {
                *s = '?';
            }
        }
    }

    p = ngx_sprintf(p, ",\"%s\":", name);

    return p + pserver_json_quote(p, text);
}


static int
ngx_http_pserver_audit_logs_room(ngx_http_pserver_audit_logs_t *logs,
    size_t len)
{
    u_char  *data;
    size_t   allocated;

    if (logs->allocated - logs->len >= len) {
        return PSERVER_OK;
    }

    allocated = 2 * logs->allocated + len;

    data = realloc(logs->data, allocated);
    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    logs->data = data;
    logs->allocated = allocated;

    return PSERVER_OK;
}


static void
ngx_http_pserver_audit_logs_done(ngx_http_request_t *r, void *data)
{
    ngx_http_pserver_audit_logs_t *logs = data;

    ngx_int_t  rc;
    ngx_str_t  body;

    if (logs->locked) {
        ngx_http_finalize_request(r, ngx_http_pserver_error_locked(r));
        return;
    }

    if (logs->rc != PSERVER_OK) {
        rc = ngx_http_pserver_error_content(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "LOG_UNAVAILABLE",
                                            "the log cannot be read");
        ngx_http_finalize_request(r, rc);
        return;
    }

    body.data = logs->data;
    body.len = logs->len;

    ngx_http_finalize_request(r, ngx_http_pserver_send_json(r, NGX_HTTP_OK,
                                                            &body));
}


static void
ngx_http_pserver_audit_logs_cleanup(void *data)
{
    ngx_http_pserver_audit_logs_t *logs = data;

    sodium_memzero(logs->tag, sizeof(logs->tag));

    free(logs->data);
}


ngx_int_t
ngx_http_pserver_audit_arg(ngx_http_request_t *r, const char *name,
    uint64_t missing, uint64_t *value)
{
    size_t     i;
    ngx_str_t  arg;

    *value = missing;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK) {
        return NGX_OK;
    }

    if (arg.len == 0 || arg.len > 18) {
        return NGX_ERROR;
    }

    *value = 0;

    for (i = 0; i < arg.len; i++) {
        if (arg.data[i] < '0' || arg.data[i] > '9') {
            return NGX_ERROR;
        }

        *value = *value * 10 + (arg.data[i] - '0');
    }

    return NGX_OK;
}
