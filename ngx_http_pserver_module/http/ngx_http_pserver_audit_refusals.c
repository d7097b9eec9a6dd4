/*
 * The audit log: a flood of refusals is counted.  Of one app at one owner,
 * for one reason, the first of a minute are entries of their own; those that
 * follow become one entry with their number.  What there is no room for is
 * counted without names, so an attacker with many wallets fills neither the
 * table nor the disk.
 */


#include "ngx_http_pserver_audit_conf.h"


#define NGX_HTTP_PSERVER_REFUSALS_WINDOW  60000
#define NGX_HTTP_PSERVER_REFUSALS_SINGLE  3
#define NGX_HTTP_PSERVER_REFUSALS_LOOK    1000


static ngx_http_pserver_refusal_t *ngx_http_pserver_refusal_find(
    ngx_http_pserver_audit_t *audit, ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry);
static ngx_uint_t ngx_http_pserver_refusal_is(
    const ngx_http_pserver_refusal_t *refusal,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry);
static void ngx_http_pserver_refusal_flush(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_refusal_t *refusal);


ngx_int_t
ngx_http_pserver_audit_refused(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry)
{
    ngx_http_pserver_refusal_t  *refusal;

    refusal = ngx_http_pserver_refusal_find(audit, plcf, entry);

    if (refusal != &audit->refusals[0]
        && refusal->single < NGX_HTTP_PSERVER_REFUSALS_SINGLE)
    {
        refusal->single++;

        return ngx_http_pserver_audit_add(audit, plcf, entry, NULL);
    }

    refusal->counted++;

    if (!audit->counting.timer_set) {
        ngx_add_timer(&audit->counting, NGX_HTTP_PSERVER_REFUSALS_LOOK);
    }

    return NGX_AGAIN;
}


void
ngx_http_pserver_audit_refusals_timer(ngx_event_t *ev)
{
    ngx_uint_t                   i, more;
    ngx_connection_t            *dummy;
    ngx_http_pserver_audit_t    *audit;
    ngx_http_pserver_refusal_t  *refusal;

    dummy = ev->data;
    audit = dummy->data;
    more = 0;

    for (i = 0; i < NGX_HTTP_PSERVER_REFUSALS; i++) {
        refusal = &audit->refusals[i];

        if (refusal->counted == 0) {
            continue;
        }

        if (ngx_exiting
            || ngx_current_msec - refusal->since
               >= NGX_HTTP_PSERVER_REFUSALS_WINDOW)
        {
            ngx_http_pserver_refusal_flush(audit, refusal);

        } else {
            more = 1;
        }
    }

    if (more) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_REFUSALS_LOOK);
    }
}


void
ngx_http_pserver_audit_refusals_flush(ngx_http_pserver_audit_t *audit)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_PSERVER_REFUSALS; i++) {
        ngx_http_pserver_refusal_flush(audit, &audit->refusals[i]);
    }
}


/* the first row is for what has no row of its own */

static ngx_http_pserver_refusal_t *
ngx_http_pserver_refusal_find(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry)
{
    ngx_uint_t                   i;
    ngx_http_pserver_refusal_t  *refusal, *row;

    row = NULL;

    for (i = 1; i < NGX_HTTP_PSERVER_REFUSALS; i++) {
        refusal = &audit->refusals[i];

        if (ngx_current_msec - refusal->since
            >= NGX_HTTP_PSERVER_REFUSALS_WINDOW)
        {
            ngx_http_pserver_refusal_flush(audit, refusal);
        }

        if (refusal->plcf == NULL) {
            row = refusal;

        } else if (ngx_http_pserver_refusal_is(refusal, plcf, entry)) {
            return refusal;
        }
    }

    if (row == NULL || entry->reason.len > sizeof(row->reason)) {
        row = &audit->refusals[0];

        if (row->counted == 0) {
            row->since = ngx_current_msec;
        }

        return row;
    }

    ngx_memzero(row, sizeof(ngx_http_pserver_refusal_t));

    row->plcf = plcf;
    row->since = ngx_current_msec;

    if (entry->owner) {
        row->owned = 1;
        row->owner = *entry->owner;
    }

    if (entry->app) {
        row->named = 1;
        row->app = *entry->app;
    }

    row->reason_len = entry->reason.len;

    if (entry->reason.len) {
        ngx_memcpy(row->reason, entry->reason.data, entry->reason.len);
    }

    return row;
}


static ngx_uint_t
ngx_http_pserver_refusal_is(const ngx_http_pserver_refusal_t *refusal,
    ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry)
{
    return refusal->plcf == plcf
           && refusal->owned == (entry->owner != NULL)
           && refusal->named == (entry->app != NULL)
           && refusal->reason_len == entry->reason.len
           && ngx_memcmp(refusal->reason, entry->reason.data,
                         entry->reason.len)
              == 0
           && (entry->owner == NULL
               || ngx_memcmp(&refusal->owner, entry->owner,
                             sizeof(pserver_address_t))
                  == 0)
           && (entry->app == NULL
               || ngx_memcmp(&refusal->app, entry->app,
                             sizeof(pserver_address_t))
                  == 0);
}


/* the row is free then; what can't be taken in is in nginx's log */

static void
ngx_http_pserver_refusal_flush(ngx_http_pserver_audit_t *audit,
    ngx_http_pserver_refusal_t *refusal)
{
    u_char                          count[NGX_INT_T_LEN];
    ngx_http_pserver_audit_entry_t  entry;

    if (refusal->counted) {
        ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

        entry.type = PSERVER_ENTRY_REFUSALS;
        entry.reason.data = refusal->reason;
        entry.reason.len = refusal->reason_len;
        entry.owner = refusal->owned ? &refusal->owner : NULL;
        entry.app = refusal->named ? &refusal->app : NULL;

        entry.count.data = count;
        entry.count.len = ngx_sprintf(count, "%ui", refusal->counted) - count;

        (void) ngx_http_pserver_audit_add(audit, refusal->plcf, &entry, NULL);
    }

    ngx_memzero(refusal, sizeof(ngx_http_pserver_refusal_t));
}
