/*
 * What a process remembers of owners: tables of one slot for each hash,
 * where what comes later takes the place.
 */


#include "ngx_http_pserver_store_known.h"

#include <pthread.h>
#include <sodium.h>


#define NGX_HTTP_PSERVER_KNOWN_OWNERS    64
#define NGX_HTTP_PSERVER_KNOWN_ADMITTED  256

#define NGX_HTTP_PSERVER_KNOWN_HASH      32


typedef struct {
    dev_t                            dev;
    ino_t                            ino;
    struct timespec                  mtime;
    struct timespec                  ctime;
} ngx_http_pserver_known_file_t;


typedef struct {
    ngx_http_pserver_known_file_t    file;       /* ino 0: an empty slot */
    uint64_t                         chain_id;
    pserver_address_t                owner;
    pserver_keys_t                   keys;
} ngx_http_pserver_known_owner_t;


static void ngx_http_pserver_known_cleanup(void *data);
static void ngx_http_pserver_known_file(ngx_http_pserver_known_file_t *file,
    const struct stat *st);
static ngx_http_pserver_known_owner_t *ngx_http_pserver_known_owner(
    const pserver_address_t *owner);
static void ngx_http_pserver_known_hash(
    u_char hash[NGX_HTTP_PSERVER_KNOWN_HASH], const u_char *root,
    const pserver_address_t *owner);


static pthread_mutex_t  ngx_http_pserver_known_mutex =
    PTHREAD_MUTEX_INITIALIZER;

/* secret memory; NULL: nothing is remembered */

static ngx_http_pserver_known_owner_t  *ngx_http_pserver_known_owners;

/* hashes of a store's path and an owner's address; zeros: an empty slot */

static u_char
    ngx_http_pserver_known_owned[NGX_HTTP_PSERVER_KNOWN_ADMITTED]
                                [NGX_HTTP_PSERVER_KNOWN_HASH];


ngx_int_t
ngx_http_pserver_known_init_process(ngx_cycle_t *cycle)
{
    size_t               size;
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

    cln->handler = ngx_http_pserver_known_cleanup;

    size = NGX_HTTP_PSERVER_KNOWN_OWNERS
           * sizeof(ngx_http_pserver_known_owner_t);

    ngx_http_pserver_known_owners = sodium_malloc(size);
    if (ngx_http_pserver_known_owners == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "sodium_malloc() failed");
        return NGX_ERROR;
    }

    ngx_memzero(ngx_http_pserver_known_owners, size);

    return NGX_OK;
}


/* a thread may still run */

static void
ngx_http_pserver_known_cleanup(void *data)
{
    (void) pthread_mutex_lock(&ngx_http_pserver_known_mutex);

    sodium_free(ngx_http_pserver_known_owners);
    ngx_http_pserver_known_owners = NULL;

    (void) pthread_mutex_unlock(&ngx_http_pserver_known_mutex);
}


ngx_uint_t
ngx_http_pserver_known_keys(ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st)
{
    ngx_uint_t                       found;
    ngx_http_pserver_known_file_t    file;
    ngx_http_pserver_known_owner_t  *known;

    ngx_http_pserver_known_file(&file, st);

    found = 0;

    (void) pthread_mutex_lock(&ngx_http_pserver_known_mutex);

    known = ngx_http_pserver_known_owner(&owner->address);

    if (known
        && known->chain_id == chain_id
        && ngx_memcmp(&known->file, &file, sizeof(file)) == 0
        && ngx_memcmp(&known->owner, &owner->address,
                      sizeof(pserver_address_t))
           == 0)
    {
        owner->keys = known->keys;
        found = 1;
    }

    (void) pthread_mutex_unlock(&ngx_http_pserver_known_mutex);

    return found;
}


void
ngx_http_pserver_know_keys(const ngx_http_pserver_owner_t *owner,
    uint64_t chain_id, const struct stat *st)
{
    struct timespec                  now;
    ngx_http_pserver_known_owner_t  *known;

    /*
     * the clock of files is a coarse one: one that came a moment ago could
     * be replaced by another with the same inode and time
     */

    if (clock_gettime(CLOCK_REALTIME, &now) == -1
        || now.tv_sec - st->st_ctim.tv_sec < 2)
    {
        return;
    }

    (void) pthread_mutex_lock(&ngx_http_pserver_known_mutex);

    known = ngx_http_pserver_known_owner(&owner->address);

    if (known) {
        ngx_http_pserver_known_file(&known->file, st);

        known->chain_id = chain_id;
        known->owner = owner->address;
        known->keys = owner->keys;
    }

    (void) pthread_mutex_unlock(&ngx_http_pserver_known_mutex);
}


static void
ngx_http_pserver_known_file(ngx_http_pserver_known_file_t *file,
    const struct stat *st)
{
    ngx_memzero(file, sizeof(ngx_http_pserver_known_file_t));

    file->dev = st->st_dev;
    file->ino = st->st_ino;
    file->mtime = st->st_mtim;
    file->ctime = st->st_ctim;
}


/* an address is a hash, and who could choose his would win nothing */

static ngx_http_pserver_known_owner_t *
ngx_http_pserver_known_owner(const pserver_address_t *owner)
{
    if (ngx_http_pserver_known_owners == NULL) {
        return NULL;
    }

    return &ngx_http_pserver_known_owners[owner->bytes[19]
                                          % NGX_HTTP_PSERVER_KNOWN_OWNERS];
}


ngx_uint_t
ngx_http_pserver_known_admitted(const u_char *root,
    const pserver_address_t *owner)
{
    u_char      hash[NGX_HTTP_PSERVER_KNOWN_HASH];
    ngx_uint_t  known;

    ngx_http_pserver_known_hash(hash, root, owner);

    (void) pthread_mutex_lock(&ngx_http_pserver_known_mutex);

    known = ngx_memcmp(ngx_http_pserver_known_owned[hash[0]], hash,
                       sizeof(hash))
            == 0;

    (void) pthread_mutex_unlock(&ngx_http_pserver_known_mutex);

    return known;
}


void
ngx_http_pserver_know_admitted(const u_char *root,
    const pserver_address_t *owner)
{
    u_char  hash[NGX_HTTP_PSERVER_KNOWN_HASH];

    ngx_http_pserver_known_hash(hash, root, owner);

    (void) pthread_mutex_lock(&ngx_http_pserver_known_mutex);

    ngx_memcpy(ngx_http_pserver_known_owned[hash[0]], hash, sizeof(hash));

    (void) pthread_mutex_unlock(&ngx_http_pserver_known_mutex);
}


/* its first byte is the slot */

static void
ngx_http_pserver_known_hash(u_char hash[NGX_HTTP_PSERVER_KNOWN_HASH],
    const u_char *root, const pserver_address_t *owner)
{
    crypto_generichash_state  state;

    (void) crypto_generichash_init(&state, NULL, 0,
                                   NGX_HTTP_PSERVER_KNOWN_HASH);
    (void) crypto_generichash_update(&state, owner->bytes,
                                     sizeof(owner->bytes));
    (void) crypto_generichash_update(&state, root,
                                     ngx_strlen(root));
    (void) crypto_generichash_final(&state, hash,
                                    NGX_HTTP_PSERVER_KNOWN_HASH);
}
