/*
 * The audit log: entries are collected in the event loop.
 */


#include "ngx_http_pserver_audit_conf.h"


#define NGX_HTTP_PSERVER_AUDIT_WAITING_MAX  8192


typedef struct {
    ngx_http_pserver_audit_wait_t    wait;
    ngx_http_pserver_audit_request_pt  handler;
    ngx_http_pserver_audit_place_t  *place;
} ngx_http_pserver_audit_held_t;


static void ngx_http_pserver_audit_statement(pserver_entry_t *statement,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry);
static void ngx_http_pserver_audit_field(pserver_entry_t *statement,
    u_char id, const void *data, size_t len);
static ngx_http_pserver_audit_pending_t *ngx_http_pserver_audit_copy(
    const pserver_entry_t *statement);
static void ngx_http_pserver_audit_request_done(
    ngx_http_pserver_audit_wait_t *wait);
static void ngx_http_pserver_audit_request_cleanup(void *data);


ngx_int_t
ngx_http_pserver_audit_append(ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_wait_t *wait)
{
    if (plcf->audit == NULL) {
        return NGX_OK;
    }

    if (entry->type == PSERVER_ENTRY_REQUEST_REFUSED && wait == NULL) {
        return ngx_http_pserver_audit_refused(plcf->audit, plcf, entry);
    }

    return ngx_http_pserver_audit_add(plcf->audit, plcf, entry, wait);
}


void
ngx_http_pserver_audit_cancel(ngx_http_pserver_audit_wait_t *wait)
{
    ngx_http_pserver_audit_pending_t  *pending;

    pending = wait->item;

    if (pending) {
        pending->wait = NULL;
        wait->item = NULL;
    }
}


ngx_int_t
ngx_http_pserver_audit_request(ngx_http_request_t *r,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_request_pt handler)
{
    ngx_int_t                       rc;
    ngx_http_cleanup_t             *cln;
    ngx_http_pserver_loc_conf_t    *plcf;
    ngx_http_pserver_audit_held_t  *held;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_pserver_audit_held_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    held = cln->data;

    held->wait.handler = ngx_http_pserver_audit_request_done;
    held->wait.data = r;
    held->wait.item = NULL;
    held->handler = handler;
    held->place = entry->place;

    cln->handler = ngx_http_pserver_audit_request_cleanup;

    rc = ngx_http_pserver_audit_append(plcf, entry, &held->wait);

    if (rc == NGX_OK) {
        handler(r, NGX_OK);
        return NGX_DONE;
    }

    return (rc == NGX_AGAIN) ? NGX_DONE : NGX_ERROR;
}


static void
ngx_http_pserver_audit_request_done(ngx_http_pserver_audit_wait_t *wait)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_pserver_audit_held_t  *held;

    held = (ngx_http_pserver_audit_held_t *) wait;

    r = wait->data;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (held->place) {
        *held->place = wait->place;
    }

    held->handler(r, wait->rc);

    ngx_http_run_posted_requests(c);
}


void
ngx_http_pserver_audit_log_name(ngx_http_pserver_audit_t *audit,
    u_char name[PSERVER_LOGKEY_NAME_LEN])
{
    pserver_logkey_name(name, audit->file.id);
}


static void
ngx_http_pserver_audit_request_cleanup(void *data)
{
    ngx_http_pserver_audit_cancel(data);
}


ngx_int_t
ngx_http_pserver_audit_add(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_wait_t *wait)
{
    pserver_entry_t                    statement;
    ngx_http_pserver_audit_pending_t  *pending;

    if (audit->nwaiting == NGX_HTTP_PSERVER_AUDIT_WAITING_MAX) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "audit log \"%V\": %ui entries wait, another one "
                      "is refused", &audit->path.name, audit->nwaiting);
        return NGX_ERROR;
    }

    ngx_http_pserver_audit_statement(&statement, plcf, entry);

    pending = ngx_http_pserver_audit_copy(&statement);
    if (pending == NULL) {
        return NGX_ERROR;
    }

    if (entry->owner && plcf->store.len) {
        pending->store = plcf->store.data;
        pending->chain_id = plcf->chain_id;
        pending->owner = *entry->owner;
    }

    pending->wait = wait;

    if (wait) {
        wait->item = pending;

    } else {
        pending->patient = (entry->type == PSERVER_ENTRY_DATA_READ
                            || entry->type == PSERVER_ENTRY_DATA_LISTED);
    }

    ngx_queue_insert_tail(&audit->waiting, &pending->queue);
    audit->nwaiting++;

    ngx_http_pserver_audit_schedule(audit, pending->patient);

    return NGX_AGAIN;
}


/* points to values of the caller */

static void
ngx_http_pserver_audit_statement(pserver_entry_t *statement,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry)
{
    ngx_str_t           *ip, *agent;
    ngx_http_request_t  *r;

    ngx_memzero(statement, sizeof(pserver_entry_t));

    statement->type = entry->type;
    statement->reason.data = entry->reason.data;
    statement->reason.len = entry->reason.len;
    statement->chain_id = plcf ? plcf->chain_id : 0;
    statement->block = entry->block;

    ip = NULL;
    agent = NULL;

    r = entry->r;

    if (r) {
        ip = &r->connection->addr_text;

        if (r->headers_in.user_agent) {
            agent = &r->headers_in.user_agent->value;
        }
    }

    /* in the order of their ids */

#define ngx_http_pserver_audit_bytes(id, p, len)                              \
    ngx_http_pserver_audit_field(statement, PSERVER_FIELD_##id, p, len)

#define ngx_http_pserver_audit_text(id, s)                                    \
    ngx_http_pserver_audit_bytes(id, (s)->len ? (s)->data : NULL, (s)->len)

    ngx_http_pserver_audit_bytes(OWNER, entry->owner, 20);
    ngx_http_pserver_audit_bytes(APP, entry->app, 20);
    ngx_http_pserver_audit_bytes(PERMISSION, entry->permission, 32);
    ngx_http_pserver_audit_text(OPERATION, &entry->operation);
    ngx_http_pserver_audit_text(OPERATION_ID, &entry->operation_id);
    ngx_http_pserver_audit_text(SCOPE, &entry->scope);

    if (ip) {
        ngx_http_pserver_audit_text(IP, ip);
    }

    if (agent) {
        ngx_http_pserver_audit_text(USER_AGENT, agent);
    }

    ngx_http_pserver_audit_bytes(REQUEST, entry->request, 32);
    ngx_http_pserver_audit_bytes(GRANT, entry->grant, 32);
    ngx_http_pserver_audit_bytes(INPUT, entry->input, 32);
    ngx_http_pserver_audit_bytes(OUTPUT, entry->output, 32);
    ngx_http_pserver_audit_bytes(OBJECT, entry->object, 32);
    ngx_http_pserver_audit_text(COUNT, &entry->count);
    ngx_http_pserver_audit_bytes(MANIFEST, entry->manifest,
                                 PSERVER_MANIFEST_HEAD_LEN);

#undef ngx_http_pserver_audit_bytes
#undef ngx_http_pserver_audit_text
}


static void
ngx_http_pserver_audit_field(pserver_entry_t *statement, u_char id,
    const void *data, size_t len)
{
    pserver_entry_field_t  *field;

    if (data == NULL) {
        return;
    }

    field = &statement->fields[statement->n++];

    field->id = id;
    field->value.data = (u_char *) data;
    field->value.len = ngx_min(len, PSERVER_ENTRY_VALUE_MAX);
}


static ngx_http_pserver_audit_pending_t *
ngx_http_pserver_audit_copy(const pserver_entry_t *statement)
{
    u_char                            *p;
    size_t                             len, entry_len, box_len;
    ngx_uint_t                         i;
    pserver_entry_field_t             *field;
    ngx_http_pserver_audit_pending_t  *pending;

    if (pserver_entry_lengths(statement, &entry_len, &box_len)
        != PSERVER_OK)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "entry of type %ui breaks the form of the audit log",
                      (ngx_uint_t) statement->type);
        return NULL;
    }

    len = sizeof(ngx_http_pserver_audit_pending_t) + entry_len + box_len
          + statement->reason.len;

    for (i = 0; i < statement->n; i++) {
        len += statement->fields[i].value.len;
    }

    pending = ngx_alloc(len, ngx_cycle->log);
    if (pending == NULL) {
        return NULL;
    }

    ngx_memzero(pending, sizeof(ngx_http_pserver_audit_pending_t));

    p = (u_char *) (pending + 1);

    pending->item.entry = p;
    pending->item.entry_len = entry_len;
    p += entry_len;

    pending->item.box = p;
    pending->item.box_len = box_len;
    p += box_len;

    pending->statement = *statement;

    pending->statement.reason.data = p;

    if (statement->reason.len) {
        p = ngx_cpymem(p, statement->reason.data, statement->reason.len);
    }

    for (i = 0; i < statement->n; i++) {
        field = &pending->statement.fields[i];
        field->value.data = p;
        p = ngx_cpymem(p, statement->fields[i].value.data, field->value.len);
    }

    return pending;
}
