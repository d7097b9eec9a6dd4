/*
 * The audit log: entries are sealed, in a thread, with keys that are there
 * for that time only.
 */


#include "ngx_http_pserver_audit_conf.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_store.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUDIT_OWNERS  16


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


static ngx_http_pserver_audit_keyring_t *ngx_http_pserver_audit_keyring(
    void **keyring);
static void ngx_http_pserver_audit_log_keys(
    ngx_http_pserver_audit_keyring_t *ring);
static void ngx_http_pserver_audit_write(
    ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending);
static ngx_http_pserver_audit_owner_t *ngx_http_pserver_audit_owner(
    ngx_http_pserver_audit_keyring_t *ring,
    ngx_http_pserver_audit_pending_t *pending);


ngx_int_t
ngx_http_pserver_audit_seal(void **keyring, ngx_queue_t *entries)
{
    ngx_queue_t                       *q;
    ngx_http_pserver_audit_keyring_t  *ring;
    ngx_http_pserver_audit_pending_t  *pending;

    ring = NULL;

    for (q = ngx_queue_head(entries);
         q != ngx_queue_sentinel(entries);
         q = ngx_queue_next(q))
    {
        pending = ngx_queue_data(q, ngx_http_pserver_audit_pending_t, queue);

        if (pending->sealed) {
            continue;
        }

        if (ring == NULL) {
            ring = ngx_http_pserver_audit_keyring(keyring);

            if (ring == NULL) {
                return NGX_ERROR;
            }
        }

        ngx_http_pserver_audit_write(ring, pending);

        pending->sealed = 1;
    }

    if (ring) {
        sodium_memzero(ring, sizeof(ngx_http_pserver_audit_keyring_t));
    }

    return NGX_OK;
}


/* its memory is made once in a process: it takes ten system calls */

static ngx_http_pserver_audit_keyring_t *
ngx_http_pserver_audit_keyring(void **keyring)
{
    ngx_http_pserver_audit_keyring_t  *ring;

    if (*keyring == NULL) {
        *keyring = sodium_malloc(sizeof(ngx_http_pserver_audit_keyring_t));

        if (*keyring == NULL) {
            return NULL;
        }
    }

    ring = *keyring;

    ngx_memzero(ring, sizeof(ngx_http_pserver_audit_keyring_t));

    ngx_http_pserver_audit_log_keys(ring);
    pserver_random_init(&ring->random);

    return ring;
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
 * Where there are keys that can't be had, there is no entry: its length
 * is 0.
 */

static void
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
            return;
        }
    }

    pserver_entry_write(item->entry, item->box, item->link_key,
                        &pending->statement, seal, &ring->random);
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
