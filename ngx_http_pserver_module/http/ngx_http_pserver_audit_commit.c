/*
 * The audit log: waiting entries are committed, by one thread at a time.
 * While that waits for the disk, another one seals those that come next.
 *
 *     waiting -------------------------> batch --> on disk
 *        |                                 |
 *        +------> ahead ----> sealed ------+
 *     a commit runs
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUDIT_BATCH    1024
#define NGX_HTTP_PSERVER_AUDIT_COLLECT  100      /* msec, if patient */


static void ngx_http_pserver_audit_ahead_run(void *data);
static void ngx_http_pserver_audit_ahead_done(void *data);
static void ngx_http_pserver_audit_take(ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_run(void *data);
static void ngx_http_pserver_audit_done(void *data);
static ngx_uint_t ngx_http_pserver_audit_settle(
    ngx_http_pserver_audit_t *audit);
static void ngx_http_pserver_audit_abandon(ngx_queue_t *entries);
static ngx_uint_t ngx_http_pserver_audit_awaited(
    ngx_http_pserver_audit_t *audit, ngx_uint_t *patient);
static void ngx_http_pserver_audit_log_error(
    ngx_http_pserver_audit_t *audit);


void
ngx_http_pserver_audit_schedule(ngx_http_pserver_audit_t *audit,
    ngx_uint_t patient)
{
    ngx_msec_t                     delay;
    ngx_http_pserver_main_conf_t  *pmcf;

    if (audit->running) {

        /* after the others of this round of the event loop */

        if (!patient) {
            ngx_post_event(&audit->next, &ngx_posted_events);
        }

        return;
    }

    if (audit->due) {
        return;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    delay = pmcf->audit_commit;

    if (patient && audit->nwaiting < NGX_HTTP_PSERVER_AUDIT_BATCH) {
        delay = ngx_max(delay, NGX_HTTP_PSERVER_AUDIT_COLLECT);
    }

    if (audit->timer.timer_set) {

        if ((ngx_msec_int_t) (audit->timer.timer.key - ngx_current_msec)
            <= (ngx_msec_int_t) delay)
        {
            return;
        }

        /* nginx does not move a timer by so little */

        ngx_del_timer(&audit->timer);
    }

    ngx_add_timer(&audit->timer, delay);
}


void
ngx_http_pserver_audit_timer(ngx_event_t *ev)
{
    ngx_connection_t  *dummy;

    dummy = ev->data;

    ngx_http_pserver_audit_commit(dummy->data);
}


void
ngx_http_pserver_audit_ahead(ngx_event_t *ev)
{
    ngx_connection_t          *dummy;
    ngx_http_pserver_audit_t  *audit;

    dummy = ev->data;
    audit = dummy->data;

    if (!audit->running
        || audit->sealing
        || ngx_queue_empty(&audit->waiting))
    {
        return;
    }

    ngx_queue_add(&audit->ahead, &audit->waiting);
    ngx_queue_init(&audit->waiting);

    audit->sealing = 1;

    if (ngx_http_pserver_thread_run(ngx_http_pserver_audit_ahead_run,
                                    ngx_http_pserver_audit_ahead_done, audit)
        != NGX_OK)
    {
        ngx_http_pserver_audit_ahead_done(audit);
    }
}


/* in a thread; what is not sealed now is sealed with its commit */

static void
ngx_http_pserver_audit_ahead_run(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    (void) ngx_http_pserver_audit_seal(&audit->keyring_ahead, &audit->ahead);
}


static void
ngx_http_pserver_audit_ahead_done(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_queue_add(&audit->sealed, &audit->ahead);
    ngx_queue_init(&audit->ahead);

    audit->sealing = 0;

    if (audit->due) {
        audit->due = 0;
        ngx_http_pserver_audit_commit(audit);

    } else if (!ngx_queue_empty(&audit->waiting)) {
        ngx_post_event(&audit->next, &ngx_posted_events);
    }
}


void
ngx_http_pserver_audit_commit(ngx_http_pserver_audit_t *audit)
{
    if (audit->sealing) {
        audit->due = 1;
        return;
    }

    ngx_http_pserver_audit_take(audit);

    if (ngx_http_pserver_thread_run(ngx_http_pserver_audit_run,
                                    ngx_http_pserver_audit_done, audit)
        != NGX_OK)
    {
        audit->rc = PSERVER_NOMEM;
        ngx_http_pserver_audit_done(audit);
    }
}


/* as much as one commit may have, the oldest first */

static void
ngx_http_pserver_audit_take(ngx_http_pserver_audit_t *audit)
{
    size_t                             size, len;
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_item_t     *item;
    ngx_http_pserver_audit_pending_t  *pending;

    size = 0;

    while (audit->nwaiting && audit->nbatch < NGX_HTTP_PSERVER_AUDIT_BATCH) {

        q = ngx_queue_empty(&audit->sealed) ? ngx_queue_head(&audit->waiting)
                                            : ngx_queue_head(&audit->sealed);

        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);
        item = &pending->item;

        len = pserver_record_len(item->entry_len, item->box_len);

        if (size + len > NGX_HTTP_PSERVER_AUDIT_BATCH_MAX) {
            break;
        }

        size += len;

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&audit->batch, q);

        audit->nwaiting--;
        audit->nbatch++;
    }

    audit->running = 1;
    audit->file.what = NULL;
}


/* in a thread */

static void
ngx_http_pserver_audit_run(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    size_t                             n;
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_item_t     *items[NGX_HTTP_PSERVER_AUDIT_BATCH];
    ngx_http_pserver_audit_pending_t  *pending;

    if (ngx_http_pserver_audit_seal(&audit->keyring, &audit->batch)
        != NGX_OK)
    {
        audit->rc = PSERVER_NOMEM;
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&audit->batch);
         q != ngx_queue_sentinel(&audit->batch);
         q = ngx_queue_next(q))
    {
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        if (pending->item.entry_len) {
            items[n++] = &pending->item;
        }
    }

    audit->rc = n ? ngx_http_pserver_audit_file_append(&audit->file, items, n)
                  : PSERVER_OK;
}


/* in the event loop */

static void
ngx_http_pserver_audit_done(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_uint_t  written, patient;

    written = ngx_http_pserver_audit_settle(audit);

    if (written) {
        ngx_http_pserver_audit_checkpoint(audit);
    }

    if (audit->nwaiting == 0) {
        return;
    }

    if (ngx_http_pserver_audit_awaited(audit, &patient)) {
        ngx_http_pserver_audit_commit(audit);

    } else {
        ngx_http_pserver_audit_schedule(audit, patient);
    }
}


/* handlers may append, and cancel each other; how many were written */

static ngx_uint_t
ngx_http_pserver_audit_settle(ngx_http_pserver_audit_t *audit)
{
    ngx_int_t                          rc;
    ngx_uint_t                         written;
    ngx_queue_t                       *q;
    ngx_http_pserver_main_conf_t      *pmcf;
    ngx_http_pserver_audit_wait_t     *wait;
    ngx_http_pserver_audit_pending_t  *pending;

    if (audit->rc != PSERVER_OK) {
        ngx_http_pserver_audit_log_error(audit);
    }

    written = 0;

    while (audit->nbatch) {

        q = ngx_queue_head(&audit->batch);
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        ngx_queue_remove(q);
        audit->nbatch--;

        rc = (audit->rc == PSERVER_OK && pending->item.entry_len) ? NGX_OK
                                                                  : NGX_ERROR;
        if (rc == NGX_OK) {
            written++;

        } else if (pending->item.entry_len == 0) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "an owner's keys in \"%s\" do not open, "
                          "audit log \"%V\" lacks an entry",
                          pending->store, &audit->path.name);
        }

        wait = pending->wait;

        if (wait) {
            wait->item = NULL;
            wait->rc = rc;
            wait->place.sequence = pending->item.sequence;
            ngx_memcpy(wait->place.leaf, pending->item.leaf, 32);
        }

        sodium_memzero(pending, (u_char *) (pending + 1) - (u_char *) pending);
        ngx_free(pending);

        if (wait) {
            wait->handler(wait);
        }
    }

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);

    if (pmcf->zone) {
        ngx_http_pserver_count(audit_commits, audit->rc == PSERVER_OK);
        ngx_http_pserver_count(audit_errors, audit->rc != PSERVER_OK);
        ngx_http_pserver_count(audit_entries, written);
    }

    audit->running = 0;

    return written;
}


ngx_uint_t
ngx_http_pserver_audit_flush(ngx_http_pserver_audit_t *audit)
{
    ngx_uint_t  written;

    written = 0;

    if (audit->running) {
        ngx_http_pserver_audit_abandon(&audit->batch);
        written += ngx_http_pserver_audit_settle(audit);
    }

    if (audit->sealing) {
        ngx_queue_add(&audit->sealed, &audit->ahead);
        ngx_queue_init(&audit->ahead);
        audit->sealing = 0;
    }

    ngx_http_pserver_audit_abandon(&audit->sealed);
    ngx_http_pserver_audit_abandon(&audit->waiting);

    while (audit->nwaiting) {
        ngx_http_pserver_audit_take(audit);
        ngx_http_pserver_audit_run(audit);
        written += ngx_http_pserver_audit_settle(audit);
    }

    return written;
}


/* nobody is told any more */

static void
ngx_http_pserver_audit_abandon(ngx_queue_t *entries)
{
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_pending_t  *pending;

    for (q = ngx_queue_head(entries);
         q != ngx_queue_sentinel(entries);
         q = ngx_queue_next(q))
    {
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        if (pending->wait) {
            pending->wait->item = NULL;
            pending->wait = NULL;
        }
    }
}


/* by anybody; *patient: all of them may be collected */

static ngx_uint_t
ngx_http_pserver_audit_awaited(ngx_http_pserver_audit_t *audit,
    ngx_uint_t *patient)
{
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_pending_t  *pending;

    if (audit->sealing || !ngx_queue_empty(&audit->sealed)) {
        return 1;
    }

    *patient = 1;

    for (q = ngx_queue_head(&audit->waiting);
         q != ngx_queue_sentinel(&audit->waiting);
         q = ngx_queue_next(q))
    {
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        if (pending->wait) {
            return 1;
        }

        *patient &= pending->patient;
    }

    return 0;
}


static void
ngx_http_pserver_audit_log_error(ngx_http_pserver_audit_t *audit)
{
    ngx_http_pserver_audit_file_t  *file;

    file = &audit->file;

    if (file->what == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%ui entries of audit log \"%V\" were not written",
                      audit->nbatch, &audit->path.name);

    } else if (audit->rc == PSERVER_INVALID) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "audit log \"%V/log\" %s at %uL, nothing is appended",
                      &audit->path.name, file->what, file->where);

    } else {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, file->err,
                      "%s \"%V/log\" failed at %uL",
                      file->what, &audit->path.name, file->where);
    }
}
