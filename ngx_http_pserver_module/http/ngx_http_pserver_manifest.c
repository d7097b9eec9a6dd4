/*
 * What a process knows of manifests: one slot for each hash of an owner,
 * where who comes later takes the place.
 */


#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_manifest_file.h"
#include "ngx_http_pserver_zone.h"

#include <pthread.h>
#include <sys/file.h>


#define NGX_HTTP_PSERVER_MANIFEST_SLOTS   64

/* records that the event loop reads at once */
#define NGX_HTTP_PSERVER_MANIFEST_QUICK   8

/* bytes that those of all slots take, apart from the one last read */
#define NGX_HTTP_PSERVER_MANIFEST_MEMORY  (64 * 1024 * 1024)


typedef struct {
    pthread_mutex_t                   mutex;
    pserver_address_t                 owner;
    uint32_t                          store;
    ngx_http_pserver_manifest_file_t  file;      /* size 0: an empty slot */
    ngx_atomic_t                      memory;
} ngx_http_pserver_manifest_slot_t;


static ngx_uint_t ngx_http_pserver_manifest_open(
    ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t **opened);
static void ngx_http_pserver_manifest_close(
    ngx_http_pserver_manifest_slot_t *slot);
static ngx_uint_t ngx_http_pserver_manifest_lock(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_slot_t *slot);
static ngx_uint_t ngx_http_pserver_manifest_key(
    ngx_http_pserver_owner_t *owner, const pserver_manifest_t *manifest);
static ngx_uint_t ngx_http_pserver_manifest_make(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_slot_t *slot);
static ngx_uint_t ngx_http_pserver_manifest_follow(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_slot_t *slot);
static ngx_uint_t ngx_http_pserver_manifest_load(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_manifest_slot_t *slot,
    ngx_uint_t same, uint64_t seen);
static void ngx_http_pserver_manifest_bound(
    ngx_http_pserver_manifest_slot_t *last);
static void ngx_http_pserver_manifest_empty(
    ngx_http_pserver_manifest_slot_t *slot);
static ngx_http_pserver_zone_manifest_t *ngx_http_pserver_manifest_seen(
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_zone_t *zone);
static uint64_t ngx_http_pserver_manifest_seen_get(
    ngx_http_pserver_owner_t *owner);
static void ngx_http_pserver_manifest_seen_set(
    ngx_http_pserver_owner_t *owner, uint64_t counter);
static ngx_uint_t ngx_http_pserver_manifest_compact(
    ngx_http_pserver_owner_t *owner);


static ngx_http_pserver_manifest_slot_t
    ngx_http_pserver_manifest_slots[NGX_HTTP_PSERVER_MANIFEST_SLOTS];


ngx_int_t
ngx_http_pserver_manifest_init_process(ngx_cycle_t *cycle)
{
    int         err;
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_PSERVER_MANIFEST_SLOTS; i++) {

        err = pthread_mutex_init(&ngx_http_pserver_manifest_slots[i].mutex,
                                 NULL);
        if (err) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, err,
                          "pthread_mutex_init() failed");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_pserver_manifest_find(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t number,
    pserver_version_t *version)
{
    ngx_uint_t                         rc;
    const pserver_object_t            *object;
    const pserver_version_t           *found;
    const pserver_inventory_t         *inventory;
    ngx_http_pserver_manifest_slot_t  *slot;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    inventory = &slot->file.manifest.inventory;

    object = pserver_inventory_object(inventory, name);
    found = object ? pserver_inventory_version(inventory, object, number)
                   : NULL;

    if (found) {
        *version = *found;
    }

    ngx_http_pserver_manifest_close(slot);

    return found ? NGX_HTTP_PSERVER_STORE_OK
                 : NGX_HTTP_PSERVER_STORE_NOT_FOUND;
}


ngx_uint_t
ngx_http_pserver_manifest_head(ngx_http_pserver_owner_t *owner,
    u_char head[PSERVER_MANIFEST_HEAD_LEN])
{
    ngx_uint_t                         rc;
    ngx_http_pserver_manifest_slot_t  *slot;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_manifest_close(slot);

    } else if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    pserver_manifest_head(head, &owner->head);

    return rc;
}


ngx_uint_t
ngx_http_pserver_manifest_bytes(ngx_http_pserver_owner_t *owner,
    uint64_t *bytes)
{
    ngx_uint_t                         rc;
    ngx_http_pserver_manifest_slot_t  *slot;

    *bytes = 0;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        *bytes = slot->file.manifest.inventory.bytes;
        ngx_http_pserver_manifest_close(slot);
    }

    return rc;
}


ngx_uint_t
ngx_http_pserver_manifest_objects(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_item_t **list, size_t *n)
{
    size_t                             i;
    ngx_uint_t                         rc;
    const pserver_object_t            *object;
    const pserver_inventory_t         *inventory;
    ngx_http_pserver_manifest_slot_t  *slot;
    ngx_http_pserver_manifest_item_t  *item;

    *list = NULL;
    *n = 0;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    inventory = &slot->file.manifest.inventory;

    *list = calloc(inventory->objects + 1,
                   sizeof(ngx_http_pserver_manifest_item_t));

    if (*list == NULL) {
        owner->err = ENOMEM;
        rc = NGX_HTTP_PSERVER_STORE_ERROR;

    } else {
        i = 0;

        while ((object = pserver_inventory_next(inventory, &i)) != NULL) {
            item = &(*list)[(*n)++];

            ngx_memcpy(item->name, object->name, PSERVER_NAME_LEN);
            item->latest = pserver_inventory_version(inventory, object, 0)
                           ->number;
            item->versions = object->count;
        }
    }

    ngx_http_pserver_manifest_close(slot);

    return rc;
}


ngx_uint_t
ngx_http_pserver_manifest_versions(ngx_http_pserver_owner_t *owner,
    const u_char name[PSERVER_NAME_LEN], uint64_t **list, size_t *n)
{
    ngx_uint_t                         rc;
    const pserver_object_t            *object;
    const pserver_version_t           *version;
    const pserver_inventory_t         *inventory;
    ngx_http_pserver_manifest_slot_t  *slot;

    *list = NULL;
    *n = 0;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    inventory = &slot->file.manifest.inventory;
    object = pserver_inventory_object(inventory, name);

    if (object == NULL) {
        rc = NGX_HTTP_PSERVER_STORE_NOT_FOUND;

    } else {
        *list = malloc(object->count * sizeof(uint64_t));

        if (*list == NULL) {
            owner->err = ENOMEM;
            rc = NGX_HTTP_PSERVER_STORE_ERROR;
        }
    }

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {

        for (version = pserver_inventory_version(inventory, object, 0);
             version;
             version = pserver_inventory_older(inventory, version))
        {
            (*list)[(*n)++] = version->number;
        }
    }

    ngx_http_pserver_manifest_close(slot);

    return rc;
}


/*
 * On OK the slot is the owner's, as the manifest now is, until it is closed.
 * The lock of the owner comes before that of the slot.
 */

static ngx_uint_t
ngx_http_pserver_manifest_open(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t **opened)
{
    ngx_uint_t                         rc;
    ngx_http_pserver_manifest_slot_t  *slot;

    slot = &ngx_http_pserver_manifest_slots[owner->address.bytes[19]
                                          % NGX_HTTP_PSERVER_MANIFEST_SLOTS];

    rc = ngx_http_pserver_manifest_lock(owner, slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    rc = ngx_http_pserver_manifest_follow(owner, slot);

    if (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND && !owner->quick) {
        ngx_http_pserver_manifest_close(slot);

        rc = ngx_http_pserver_manifest_make(owner, slot);

        (void) ngx_http_pserver_manifest_lock(owner, slot);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            rc = ngx_http_pserver_manifest_follow(owner, slot);
        }
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_manifest_close(slot);

        if (ngx_http_pserver_store_is_bad(rc)) {
            (void) ngx_cpystrn((u_char *) owner->file,
                               (u_char *) NGX_HTTP_PSERVER_MANIFEST,
                               NGX_HTTP_PSERVER_OBJECT_FILE);
        }

        return rc;
    }

    rc = ngx_http_pserver_manifest_key(owner, &slot->file.manifest);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_manifest_close(slot);
        return rc;
    }

    owner->head = slot->file.manifest.head;
    *opened = slot;

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* a file of keys that does not have the newest one is an older file */

static ngx_uint_t
ngx_http_pserver_manifest_key(ngx_http_pserver_owner_t *owner,
    const pserver_manifest_t *manifest)
{
    u_char         id[PSERVER_KEY_LEN];
    ngx_uint_t     rc;
    const u_char  *key;

    if (manifest->generation > owner->keys.generation) {

        /* it may have come since the keys were read */

        rc = owner->quick ? NGX_HTTP_PSERVER_STORE_ERROR
                          : ngx_http_pserver_owner_renew(owner);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    if (manifest->generation == 0) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    key = pserver_keys_data(&owner->keys, manifest->generation);

    if (key) {
        pserver_keys_data_id(id, key);

        if (ngx_memcmp(id, manifest->key, sizeof(id)) == 0) {
            return NGX_HTTP_PSERVER_STORE_OK;
        }
    }

    (void) ngx_cpystrn((u_char *) owner->file, (u_char *) "owner.key",
                       NGX_HTTP_PSERVER_OBJECT_FILE);

    return NGX_HTTP_PSERVER_STORE_OLDER;
}


static void
ngx_http_pserver_manifest_close(ngx_http_pserver_manifest_slot_t *slot)
{
    (void) pthread_mutex_unlock(&slot->mutex);
}


static ngx_uint_t
ngx_http_pserver_manifest_lock(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t *slot)
{
    if (!owner->quick) {
        (void) pthread_mutex_lock(&slot->mutex);
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    return (pthread_mutex_trylock(&slot->mutex) == 0)
           ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_ERROR;
}


/*
 * There was no manifest a moment ago.  Who only reads needs none where there
 * are no objects.
 */

static ngx_uint_t
ngx_http_pserver_manifest_make(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t *slot)
{
    ngx_fd_t     lock;
    ngx_uint_t   rc;
    struct stat  st;

    if (owner->locked) {
        return ngx_http_pserver_manifest_file_make(owner);
    }

    if (fstatat(owner->fd, "objects", &st, AT_SYMLINK_NOFOLLOW) == -1) {
        owner->err = ngx_errno;
        return ngx_http_pserver_store_rc(owner->err);
    }

    lock = ngx_http_pserver_owner_folder(owner, "seen");

    if (lock == -1 || flock(lock, LOCK_EX) == -1) {
        rc = NGX_HTTP_PSERVER_STORE_ERROR;

    } else if (fstatat(owner->fd, NGX_HTTP_PSERVER_MANIFEST, &st,
                       AT_SYMLINK_NOFOLLOW)
               == -1
               && ngx_errno == NGX_ENOENT)
    {
        rc = ngx_http_pserver_manifest_file_make(owner);

    } else {

        /* another one was first */

        rc = NGX_HTTP_PSERVER_STORE_OK;
    }

    if (lock != -1) {
        (void) close(lock);
    }

    return rc;
}


/*
 * What any process has seen is looked up before the file, since who appends
 * says so afterwards.  A process that is behind can't know by itself that
 * the file has been further.
 */

static ngx_uint_t
ngx_http_pserver_manifest_follow(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t *slot)
{
    uint64_t                           seen;
    ngx_uint_t                         rc, same;
    struct stat                        st;
    ngx_http_pserver_manifest_file_t  *file;

    file = &slot->file;

    same = file->size
           && slot->store == owner->store
           && ngx_memcmp(&slot->owner, &owner->address,
                         sizeof(pserver_address_t))
              == 0;

    seen = ngx_http_pserver_manifest_seen_get(owner);

    if (fstatat(owner->fd, NGX_HTTP_PSERVER_MANIFEST, &st,
                AT_SYMLINK_NOFOLLOW)
        == -1)
    {
        owner->err = ngx_errno;
        rc = ngx_http_pserver_store_rc(owner->err);

        return (rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND
                && (same || seen))
               ? NGX_HTTP_PSERVER_STORE_OLDER : rc;
    }

    if (same && st.st_dev == file->dev && st.st_ino == file->ino
        && st.st_size >= file->size)
    {
        if (st.st_size == file->size) {
            return (file->manifest.head.counter < seen)
                   ? NGX_HTTP_PSERVER_STORE_OLDER : NGX_HTTP_PSERVER_STORE_OK;
        }

        if (owner->quick
            && st.st_size - file->size > NGX_HTTP_PSERVER_MANIFEST_QUICK
                                         * PSERVER_MANIFEST_RECORD_LEN)
        {
            return NGX_HTTP_PSERVER_STORE_ERROR;
        }

        rc = ngx_http_pserver_manifest_file_read(owner, file);

        slot->memory = pserver_inventory_memory(&file->manifest.inventory);

        if (rc == NGX_HTTP_PSERVER_STORE_OK
            && file->manifest.head.counter < seen)
        {
            return NGX_HTTP_PSERVER_STORE_OLDER;
        }

        if (rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND
            && rc != NGX_HTTP_PSERVER_STORE_MANIFEST)
        {
            return rc;
        }
    }

    return owner->quick ? NGX_HTTP_PSERVER_STORE_ERROR
                        : ngx_http_pserver_manifest_load(owner, slot, same,
                                                         seen);
}


/* from the beginning; what is older than what is known takes no place */

static ngx_uint_t
ngx_http_pserver_manifest_load(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_manifest_slot_t *slot, ngx_uint_t same, uint64_t seen)
{
    ngx_uint_t                        rc;
    pserver_manifest_head_t          *old, *new;
    ngx_http_pserver_manifest_file_t  file;

    ngx_memzero(&file, sizeof(ngx_http_pserver_manifest_file_t));

    rc = ngx_http_pserver_manifest_file_read(owner, &file);

    old = &slot->file.manifest.head;
    new = &file.manifest.head;

    if (rc == NGX_HTTP_PSERVER_STORE_OK
        && (new->counter < seen
            || (same
                && (new->counter < old->counter
                    || (new->counter == old->counter
                        && ngx_memcmp(new->digest, old->digest,
                                      PSERVER_MANIFEST_DIGEST_LEN)
                           != 0)))))
    {
        rc = NGX_HTTP_PSERVER_STORE_OLDER;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        pserver_manifest_free(&file.manifest);
        return rc;
    }

    ngx_http_pserver_manifest_empty(slot);

    slot->owner = owner->address;
    slot->store = owner->store;
    slot->file = file;
    slot->memory = pserver_inventory_memory(&file.manifest.inventory);

    ngx_http_pserver_manifest_seen_set(owner, new->counter);
    ngx_http_pserver_manifest_bound(slot);

    return NGX_HTTP_PSERVER_STORE_OK;
}


/* others go, in no order, if they take too much; not who is in use */

static void
ngx_http_pserver_manifest_bound(ngx_http_pserver_manifest_slot_t *last)
{
    size_t                             memory;
    ngx_uint_t                         i;
    ngx_http_pserver_manifest_slot_t  *slot;

    memory = 0;

    for (i = 0; i < NGX_HTTP_PSERVER_MANIFEST_SLOTS; i++) {
        slot = &ngx_http_pserver_manifest_slots[i];
        memory += slot->memory;
    }

    for (i = 0;
         i < NGX_HTTP_PSERVER_MANIFEST_SLOTS
         && memory > NGX_HTTP_PSERVER_MANIFEST_MEMORY;
         i++)
    {
        slot = &ngx_http_pserver_manifest_slots[i];

        if (slot != last && slot->memory
            && pthread_mutex_trylock(&slot->mutex) == 0)
        {
            memory -= slot->memory;
            ngx_http_pserver_manifest_empty(slot);
            ngx_http_pserver_manifest_close(slot);
        }
    }
}


static void
ngx_http_pserver_manifest_empty(ngx_http_pserver_manifest_slot_t *slot)
{
    pserver_manifest_free(&slot->file.manifest);

    slot->file.size = 0;
    slot->memory = 0;
}


/* the zone has the highest counter of an owner, of all processes */

static ngx_http_pserver_zone_manifest_t *
ngx_http_pserver_manifest_seen(ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_zone_t *zone)
{
    uint32_t  n;

    ngx_memcpy(&n, owner->address.bytes, sizeof(n));

    return &zone->manifests[(n ^ owner->store) % zone->nmanifests];
}


static uint64_t
ngx_http_pserver_manifest_seen_get(ngx_http_pserver_owner_t *owner)
{
    uint64_t                           counter;
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_manifest_t  *seen;

    seen = ngx_http_pserver_manifest_seen(owner,
                                          ngx_http_pserver_zone(&shpool));

    ngx_shmtx_lock(&shpool->mutex);

    counter = (seen->store == owner->store
               && ngx_memcmp(&seen->owner, &owner->address,
                             sizeof(pserver_address_t))
                  == 0)
              ? seen->counter : 0;

    ngx_shmtx_unlock(&shpool->mutex);

    return counter;
}


static void
ngx_http_pserver_manifest_seen_set(ngx_http_pserver_owner_t *owner,
    uint64_t counter)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_manifest_t  *seen;

    seen = ngx_http_pserver_manifest_seen(owner,
                                          ngx_http_pserver_zone(&shpool));

    ngx_shmtx_lock(&shpool->mutex);

    if (seen->store != owner->store
        || ngx_memcmp(&seen->owner, &owner->address,
                      sizeof(pserver_address_t))
           != 0)
    {
        seen->counter = 0;
        seen->store = owner->store;
        seen->owner = owner->address;
    }

    seen->counter = ngx_max(seen->counter, counter);

    ngx_shmtx_unlock(&shpool->mutex);
}


/* nobody else appends meanwhile, so the slot need not be held */

ngx_uint_t
ngx_http_pserver_manifest_append(ngx_http_pserver_owner_t *owner,
    const pserver_manifest_record_t *record)
{
    ino_t                              ino;
    off_t                              offset;
    u_char                             sealed[PSERVER_MANIFEST_RECORD_LEN];
    ngx_uint_t                         rc, stale;
    pserver_manifest_head_t            head;
    ngx_http_pserver_manifest_slot_t  *slot;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ino = slot->file.ino;
    offset = slot->file.size;
    head = slot->file.manifest.head;
    stale = pserver_manifest_stale(&slot->file.manifest);

    ngx_http_pserver_manifest_close(slot);

    pserver_manifest_seal(sealed, &head, record, owner->keys.ledger);

    rc = ngx_http_pserver_manifest_file_write(owner, ino, offset, sealed);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    ngx_http_pserver_manifest_seen_set(owner, head.counter);

    if (stale) {

        /* the record is there; what fails now is tried again */

        (void) ngx_http_pserver_manifest_compact(owner);
    }

    return NGX_HTTP_PSERVER_STORE_OK;
}


ngx_uint_t
ngx_http_pserver_manifest_tell(ngx_http_pserver_owner_t *owner)
{
    uint32_t                           told;
    ngx_uint_t                         rc;
    pserver_manifest_record_t          record;
    ngx_http_pserver_manifest_slot_t  *slot;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    told = ngx_max(slot->file.manifest.generation, 1);

    ngx_http_pserver_manifest_close(slot);

    if (told == owner->keys.generation) {
        return NGX_HTTP_PSERVER_STORE_OK;
    }

    ngx_memzero(&record, sizeof(pserver_manifest_record_t));

    record.kind = PSERVER_MANIFEST_KEY;
    record.number = owner->keys.generation;
    pserver_keys_data_id(record.name, owner->keys.data);

    return ngx_http_pserver_manifest_append(owner, &record);
}


static ngx_uint_t
ngx_http_pserver_manifest_compact(ngx_http_pserver_owner_t *owner)
{
    ngx_uint_t                         rc;
    pserver_manifest_head_t            head;
    ngx_http_pserver_manifest_slot_t  *slot;

    rc = ngx_http_pserver_manifest_open(owner, &slot);

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        return rc;
    }

    head = slot->file.manifest.head;

    rc = ngx_http_pserver_manifest_file_replace(owner, &slot->file.manifest,
                                                &head);

    ngx_http_pserver_manifest_close(slot);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_manifest_seen_set(owner, head.counter);
    }

    return rc;
}
