/*
 * Objects that were opened a moment ago: a few slots, of which the one not
 * used for the longest time is given away.
 */


#include "ngx_http_pserver_store_recent.h"
#include "ngx_http_pserver_manifest.h"
#include "ngx_http_pserver_store_known.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_RECENT_SLOTS  32
#define NGX_HTTP_PSERVER_RECENT_IDLE   3000      /* msec */


typedef struct {
    u_char                          *root;       /* NULL: an empty slot */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    uint64_t                         version;
    u_char                           name[PSERVER_NAME_LEN];
    ngx_msec_t                       used;
    ngx_fd_t                         folder;
    struct stat                      folder_st;
    struct stat                      st;         /* of the file */
    pserver_kept_t                   kept;
    size_t                           small_len;  /* 0: it is not small */
    u_char                          *small;      /* not secret */
} ngx_http_pserver_recent_slot_t;


static void ngx_http_pserver_recent_cleanup(void *data);
static void ngx_http_pserver_recent_sweep(ngx_event_t *ev);
static ngx_http_pserver_recent_slot_t *ngx_http_pserver_recent_find(
    const ngx_http_pserver_recent_t *key);
static ngx_uint_t ngx_http_pserver_recent_listed(
    ngx_http_pserver_recent_slot_t *slot, ngx_http_pserver_owner_t *owner);
static ngx_uint_t ngx_http_pserver_recent_file(
    ngx_http_pserver_recent_slot_t *slot, ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object, const char *file);
static ngx_uint_t ngx_http_pserver_recent_same(const struct stat *a,
    const struct stat *b);
static ngx_http_pserver_recent_slot_t *ngx_http_pserver_recent_oldest(void);
static void ngx_http_pserver_recent_forget(
    ngx_http_pserver_recent_slot_t *slot);


/* secret memory; NULL: nothing is remembered */

static ngx_http_pserver_recent_slot_t  *ngx_http_pserver_recent_slots;

static u_char  ngx_http_pserver_recent_small[NGX_HTTP_PSERVER_RECENT_SLOTS]
                                            [NGX_HTTP_PSERVER_OBJECT_SMALL];

static ngx_event_t       ngx_http_pserver_recent_timer;
static ngx_connection_t  ngx_http_pserver_recent_dummy;


ngx_int_t
ngx_http_pserver_recent_init_process(ngx_cycle_t *cycle)
{
    size_t               size;
    ngx_event_t         *ev;
    ngx_pool_cleanup_t  *cln;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_pserver_recent_cleanup;

    size = NGX_HTTP_PSERVER_RECENT_SLOTS
           * sizeof(ngx_http_pserver_recent_slot_t);

    ngx_http_pserver_recent_slots = sodium_malloc(size);
    if (ngx_http_pserver_recent_slots == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "sodium_malloc() failed");
        return NGX_ERROR;
    }

    ngx_memzero(ngx_http_pserver_recent_slots, size);

    ngx_http_pserver_recent_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_recent_timer;

    ev->handler = ngx_http_pserver_recent_sweep;
    ev->data = &ngx_http_pserver_recent_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    return NGX_OK;
}


static void
ngx_http_pserver_recent_cleanup(void *data)
{
    ngx_uint_t  i;

    if (ngx_http_pserver_recent_slots == NULL) {
        return;
    }

    for (i = 0; i < NGX_HTTP_PSERVER_RECENT_SLOTS; i++) {
        ngx_http_pserver_recent_forget(&ngx_http_pserver_recent_slots[i]);
    }

    sodium_free(ngx_http_pserver_recent_slots);
    ngx_http_pserver_recent_slots = NULL;
}


static void
ngx_http_pserver_recent_sweep(ngx_event_t *ev)
{
    ngx_uint_t                       i, left;
    ngx_http_pserver_recent_slot_t  *slot;

    left = 0;

    for (i = 0; i < NGX_HTTP_PSERVER_RECENT_SLOTS; i++) {
        slot = &ngx_http_pserver_recent_slots[i];

        if (slot->root == NULL) {
            continue;
        }

        if (ngx_current_msec - slot->used >= NGX_HTTP_PSERVER_RECENT_IDLE) {
            ngx_http_pserver_recent_forget(slot);

        } else {
            left++;
        }
    }

    if (left && !ngx_exiting) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_RECENT_IDLE);
    }
}


ngx_uint_t
ngx_http_pserver_recent_open(const ngx_http_pserver_recent_t *key,
    ngx_http_pserver_object_t *object, u_char head[PSERVER_MANIFEST_HEAD_LEN],
    char file[NGX_HTTP_PSERVER_OBJECT_FILE])
{
    ngx_uint_t                       found;
    ngx_http_pserver_owner_t         owner;
    ngx_http_pserver_recent_slot_t  *slot;

    slot = ngx_http_pserver_recent_find(key);

    if (slot == NULL) {
        return 0;
    }

    object->fd = -1;

    ngx_http_pserver_object_file_path(file, slot->name, slot->kept.number);

    found = ngx_http_pserver_recent_listed(slot, &owner)
            && ngx_http_pserver_recent_file(slot, &owner, object, file)
            && pserver_open_again(&object->open, &slot->kept) == PSERVER_OK;

    pserver_manifest_head(head, &owner.head);

    sodium_memzero(&owner.keys, sizeof(pserver_keys_t));

    if (!found) {
        ngx_http_pserver_object_close(object);
        ngx_http_pserver_recent_forget(slot);
        return 0;
    }

    slot->used = ngx_current_msec;

    return 1;
}


void
ngx_http_pserver_recent_add(const ngx_http_pserver_recent_t *key,
    ngx_http_pserver_owner_t *owner, const ngx_http_pserver_object_t *object)
{
    struct timespec                  now;
    ngx_http_pserver_recent_slot_t  *slot;

    if (ngx_http_pserver_recent_slots == NULL || ngx_exiting
        || !ngx_http_pserver_owner_known(owner, key->chain_id))
    {
        return;
    }

    slot = ngx_http_pserver_recent_find(key);

    if (slot == NULL) {
        slot = ngx_http_pserver_recent_oldest();
    }

    ngx_http_pserver_recent_forget(slot);

    /* as for keys: what came a moment ago could change within its time */

    if (fstat(owner->fd, &slot->folder_st) == -1
        || fstat(object->fd, &slot->st) == -1
        || clock_gettime(CLOCK_REALTIME, &now) == -1
        || now.tv_sec - slot->st.st_ctim.tv_sec < 2
        || pserver_open_keep(&slot->kept, &object->open) != PSERVER_OK)
    {
        return;
    }

    slot->folder = fcntl(owner->fd, F_DUPFD_CLOEXEC, 0);

    if (slot->folder == -1) {
        return;
    }

    slot->root = key->root;
    slot->chain_id = key->chain_id;
    slot->owner = key->owner;
    slot->version = key->version;
    slot->used = ngx_current_msec;
    slot->small_len = object->small_len;
    slot->small = ngx_http_pserver_recent_small
                      [slot - ngx_http_pserver_recent_slots];

    ngx_memcpy(slot->small, object->small, object->small_len);

    pserver_keys_name(slot->name, &owner->keys, "scope", key->scope);

    if (!ngx_http_pserver_recent_timer.timer_set) {
        ngx_add_timer(&ngx_http_pserver_recent_timer,
                      NGX_HTTP_PSERVER_RECENT_IDLE);
    }
}


static ngx_http_pserver_recent_slot_t *
ngx_http_pserver_recent_find(const ngx_http_pserver_recent_t *key)
{
    ngx_uint_t                       i;
    pserver_str_t                   *scope;
    ngx_http_pserver_recent_slot_t  *slot;

    if (ngx_http_pserver_recent_slots == NULL) {
        return NULL;
    }

    for (i = 0; i < NGX_HTTP_PSERVER_RECENT_SLOTS; i++) {
        slot = &ngx_http_pserver_recent_slots[i];
        scope = &slot->kept.meta.scope;

        if (slot->root == key->root
            && slot->chain_id == key->chain_id
            && slot->version == key->version
            && scope->len == key->scope.len
            && ngx_memcmp(scope->data, key->scope.data, scope->len) == 0
            && ngx_memcmp(&slot->owner, &key->owner,
                          sizeof(pserver_address_t))
               == 0)
        {
            return slot;
        }
    }

    return NULL;
}


/* the looks are those of where all is opened, in the same order */

static ngx_uint_t
ngx_http_pserver_recent_listed(ngx_http_pserver_recent_slot_t *slot,
    ngx_http_pserver_owner_t *owner)
{
    char               path[NGX_MAX_PATH];
    struct stat        st;
    pserver_version_t  listed;

    ngx_http_pserver_owner_init(owner, slot->root, slot->chain_id,
                                &slot->owner);

    owner->fd = slot->folder;
    owner->quick = 1;

    ngx_http_pserver_owner_path(path, slot->root, &slot->owner);

    return lstat(path, &st) == 0
           && S_ISDIR(st.st_mode)
           && st.st_dev == slot->folder_st.st_dev
           && st.st_ino == slot->folder_st.st_ino
           && ngx_http_pserver_owner_known(owner, slot->chain_id)
           && ngx_http_pserver_manifest_find(owner, slot->name,
                                             slot->version, &listed)
              == NGX_HTTP_PSERVER_STORE_OK
           && listed.number == slot->kept.number
           && ngx_memcmp(listed.id, slot->kept.id, PSERVER_SEAL_ID_LEN) == 0;
}


static ngx_uint_t
ngx_http_pserver_recent_file(ngx_http_pserver_recent_slot_t *slot,
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object,
    const char *file)
{
    struct stat  st;

    if (slot->small_len == 0) {
        object->fd = ngx_http_pserver_owner_openat(owner, file, 0);

        return object->fd != -1
               && fstat(object->fd, &st) == 0
               && ngx_http_pserver_recent_same(&st, &slot->st);
    }

    if (fstatat(owner->fd, file, &st, AT_SYMLINK_NOFOLLOW) == -1
        || !ngx_http_pserver_recent_same(&st, &slot->st))
    {
        return 0;
    }

    object->small_len = slot->small_len;
    ngx_memcpy(object->small, slot->small, slot->small_len);

    return 1;
}


/* also by its change time, which nobody sets, and it still has its name */

static ngx_uint_t
ngx_http_pserver_recent_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev
           && a->st_ino == b->st_ino
           && a->st_nlink == b->st_nlink
           && a->st_size == b->st_size
           && a->st_mtim.tv_sec == b->st_mtim.tv_sec
           && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
           && a->st_ctim.tv_sec == b->st_ctim.tv_sec
           && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}


static ngx_http_pserver_recent_slot_t *
ngx_http_pserver_recent_oldest(void)
{
    ngx_uint_t                       i;
    ngx_http_pserver_recent_slot_t  *slot, *oldest;

    oldest = ngx_http_pserver_recent_slots;

    for (i = 0; i < NGX_HTTP_PSERVER_RECENT_SLOTS; i++) {
        slot = &ngx_http_pserver_recent_slots[i];

        if (slot->root == NULL) {
            return slot;
        }

        if ((ngx_msec_int_t) (slot->used - oldest->used) < 0) {
            oldest = slot;
        }
    }

    return oldest;
}


static void
ngx_http_pserver_recent_forget(ngx_http_pserver_recent_slot_t *slot)
{
    if (slot->root) {
        (void) close(slot->folder);
    }

    sodium_memzero(slot, sizeof(ngx_http_pserver_recent_slot_t));
}
