/*
 * The audit log: waiting entries are committed, by one thread at a time.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_store.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUDIT_BATCH    1024
#define NGX_HTTP_PSERVER_AUDIT_COLLECT  100      /* msec, if patient */
#define NGX_HTTP_PSERVER_AUDIT_OWNERS   16


/* keys of an owner, for the time of a commit */

typedef struct {
    u_char                          *store;      /* NULL: an empty slot */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    ngx_uint_t                       rc;         /* of opening the folder */
    pserver_entry_keys_t             keys;
} ngx_http_pserver_audit_owner_t;


typedef struct {
    uint32_t                         root;
    pserver_entry_keys_t             log;        /* for entries of no owner */
    pserver_random_t                 random;
    ngx_uint_t                       next;
    ngx_http_pserver_audit_owner_t   owners[NGX_HTTP_PSERVER_AUDIT_OWNERS];
} ngx_http_pserver_audit_keyring_t;


static void ngx_http_pserver_audit_run(void *data);
static void ngx_http_pserver_audit_log_keys(
    ngx_http_pserver_audit_keyring_t *ring);
static ngx_int_t ngx_http_pserver_audit_write(
    ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending);
static ngx_http_pserver_audit_owner_t *ngx_http_pserver_audit_owner(
    ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending);
static void ngx_http_pserver_audit_done(void *data);
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
ngx_http_pserver_audit_commit(ngx_http_pserver_audit_t *audit)
{
    size_t                             size, len;
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_item_t     *item;
    ngx_http_pserver_audit_pending_t  *pending;

    size = 0;

    while (audit->nwaiting && audit->nbatch < NGX_HTTP_PSERVER_AUDIT_BATCH) {

        q = ngx_queue_head(&audit->waiting);
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

    if (ngx_http_pserver_thread_run(ngx_http_pserver_audit_run,
                                    ngx_http_pserver_audit_done, audit)
        != NGX_OK)
    {
        audit->rc = PSERVER_NOMEM;
        ngx_http_pserver_audit_done(audit);
    }
}


/* in a thread */

static void
ngx_http_pserver_audit_run(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    size_t                             n;
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_item_t     *items[NGX_HTTP_PSERVER_AUDIT_BATCH];
    ngx_http_pserver_audit_keyring_t  *ring;
    ngx_http_pserver_audit_pending_t  *pending;

    /* made once in a process: it takes ten system calls */

    if (audit->keyring == NULL) {
        audit->keyring =
            sodium_malloc(sizeof(ngx_http_pserver_audit_keyring_t));

        if (audit->keyring == NULL) {
            audit->rc = PSERVER_NOMEM;
            return;
        }
    }

    ring = audit->keyring;

    ngx_memzero(ring, sizeof(ngx_http_pserver_audit_keyring_t));

    ngx_http_pserver_audit_log_keys(ring);
    pserver_random_init(&ring->random);

    n = 0;

    for (q = ngx_queue_head(&audit->batch);
         q != ngx_queue_sentinel(&audit->batch);
         q = ngx_queue_next(q))
    {
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        if (ngx_http_pserver_audit_write(ring, pending) == NGX_OK) {
            items[n++] = &pending->item;
        }
    }

    sodium_memzero(ring, sizeof(ngx_http_pserver_audit_keyring_t));

    audit->rc = n ? ngx_http_pserver_audit_file_append(&audit->file, items, n)
                  : PSERVER_OK;
}


static void
ngx_http_pserver_audit_log_keys(ngx_http_pserver_audit_keyring_t *ring)
{
    u_char                          key[PSERVER_KEY_LEN];
    const ngx_http_pserver_keys_t  *keys;

    keys = ngx_http_pserver_keys();

    if (keys == NULL || keys->nroots == 0) {

        /* what is sealed now is closed for ever */

        randombytes_buf(&ring->log, sizeof(ring->log));
        return;
    }

    pserver_keys_log(key, &keys->roots[0]);
    pserver_entry_keys(&ring->log, key);

    ring->root = keys->roots[0].id;

    sodium_memzero(key, sizeof(key));
}


/*
 * An owner who has nothing here yet has no keys, and who has locked them
 * gives none: the entry is the node's.
 * Where there are keys that can't be had, there is no entry.
 */

static ngx_int_t
ngx_http_pserver_audit_write(ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending)
{
    u_char                          *seal;
    ngx_http_pserver_audit_item_t   *item;
    ngx_http_pserver_audit_owner_t  *owner;

    item = &pending->item;

    item->root = ring->root;
    seal = ring->log.seal;

    if (pending->store) {
        owner = ngx_http_pserver_audit_owner(ring, pending);

        if (owner->rc == NGX_HTTP_PSERVER_STORE_OK) {
            item->root = 0;
            item->owned = 1;
            ngx_memcpy(item->id, owner->keys.id, 32);
            ngx_memcpy(item->tag, owner->keys.tag, 32);
            seal = owner->keys.seal;

        } else if (owner->rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND
                   && owner->rc != NGX_HTTP_PSERVER_STORE_LOCKED)
        {
            item->entry_len = 0;
            return NGX_ERROR;
        }
    }

    pserver_entry_write(item->entry, item->box, item->link_key,
                        &pending->statement, seal, &ring->random);

    return NGX_OK;
}


static ngx_http_pserver_audit_owner_t *
ngx_http_pserver_audit_owner(ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending)
{
    ngx_uint_t                       i;
    ngx_http_pserver_owner_t         folder;
    ngx_http_pserver_audit_owner_t  *owner;

    for (i = 0; i < NGX_HTTP_PSERVER_AUDIT_OWNERS; i++) {
        owner = &ring->owners[i];

        if (owner->store == pending->store
            && owner->chain_id == pending->chain_id
            && ngx_memcmp(&owner->owner, &pending->owner,
                          sizeof(pserver_address_t))
               == 0)
        {
            return owner;
        }
    }

    owner = &ring->owners[ring->next++ % NGX_HTTP_PSERVER_AUDIT_OWNERS];

    owner->store = pending->store;
    owner->chain_id = pending->chain_id;
    owner->owner = pending->owner;

    owner->rc = ngx_http_pserver_owner_open(&folder, pending->store,
                                            pending->chain_id,
                                            &pending->owner, 0);

    if (owner->rc == NGX_HTTP_PSERVER_STORE_OK) {
        pserver_entry_keys(&owner->keys, folder.keys.ledger);
    }

    ngx_http_pserver_owner_close(&folder);

    return owner;
}


/* in the event loop; handlers may append, and cancel each other */

static void
ngx_http_pserver_audit_done(void *data)
{
    ngx_http_pserver_audit_t *audit = data;

    ngx_int_t                          rc;
    ngx_uint_t                         written, patient;
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


/* by anybody; *patient: all of them may be collected */

static ngx_uint_t
ngx_http_pserver_audit_awaited(ngx_http_pserver_audit_t *audit,
    ngx_uint_t *patient)
{
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_pending_t  *pending;

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
