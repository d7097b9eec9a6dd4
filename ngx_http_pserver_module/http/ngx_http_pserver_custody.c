/*
 * Owners' own keys: the table of those that are unlocked.
 */


#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_keys.h"
#include "ngx_http_pserver_zone.h"
#include "../core/box.h"
#include "../core/bytes.h"

#include <pthread.h>
#include <sodium.h>


#define NGX_HTTP_PSERVER_CUSTODY_NAME   16
#define NGX_HTTP_PSERVER_CUSTODY_MIN    64      /* slots */
#define NGX_HTTP_PSERVER_CUSTODY_PART   64      /* of the zone: 1 in */
#define NGX_HTTP_PSERVER_CUSTODY_REACH  32      /* slots that one looks at */
#define NGX_HTTP_PSERVER_CUSTODY_SWEEP  1000    /* milliseconds */

#define NGX_HTTP_PSERVER_CUSTODY_BOX                                          \
    (PSERVER_CUSTODY_KEY_LEN + PSERVER_BOX_OVERHEAD)


/*
 * until counts seconds since boot, so that setting the clock does not move
 * it; expires is what is shown.  A worker may die while it writes a slot:
 * then its box does not open.
 */

typedef struct {
    uint64_t                         until;      /* 0: an empty slot */
    uint64_t                         expires;
    u_char                           name[NGX_HTTP_PSERVER_CUSTODY_NAME];
    u_char                           box[NGX_HTTP_PSERVER_CUSTODY_BOX];
} ngx_http_pserver_custody_slot_t;


struct ngx_http_pserver_custody_table_s {
    ngx_uint_t                       n;
    ngx_http_pserver_custody_slot_t  slots[1];
};

typedef struct ngx_http_pserver_custody_table_s
    ngx_http_pserver_custody_table_t;


static void ngx_http_pserver_custody_cleanup(void *data);
static void ngx_http_pserver_custody_sweep(ngx_event_t *ev);
static void ngx_http_pserver_custody_name(
    u_char name[NGX_HTTP_PSERVER_CUSTODY_NAME],
    const ngx_http_pserver_custody_at_t *at);
static ngx_http_pserver_custody_slot_t *ngx_http_pserver_custody_slot(
    ngx_http_pserver_custody_table_t *table,
    const u_char name[NGX_HTTP_PSERVER_CUSTODY_NAME], ngx_uint_t make);
static ngx_uint_t ngx_http_pserver_custody_find(
    const ngx_http_pserver_custody_at_t *at,
    ngx_http_pserver_custody_slot_t *found);
static pserver_str_t ngx_http_pserver_custody_ad(
    const ngx_http_pserver_custody_slot_t *slot);
static ngx_uint_t ngx_http_pserver_custody_take(
    const ngx_http_pserver_custody_at_t *at, pserver_str_t file,
    const u_char **key);
static void ngx_http_pserver_custody_put_back(void);
static ngx_uint_t ngx_http_pserver_custody_open(
    const ngx_http_pserver_custody_at_t *at, pserver_str_t file,
    u_char *key);
static uint64_t ngx_http_pserver_custody_now(void);


/* where a key is outside its box; one thread at a time */

static pthread_mutex_t  ngx_http_pserver_custody_mutex =
    PTHREAD_MUTEX_INITIALIZER;

static u_char          *ngx_http_pserver_custody_memory;

static ngx_event_t       ngx_http_pserver_custody_timer;
static ngx_connection_t  ngx_http_pserver_custody_dummy;


char *
ngx_http_pserver_custody_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pserver_loc_conf_t  *plcf = conf;

    ngx_str_t  *value, s;

    if (plcf->custody != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    plcf->custody_max = 86400;

    if (ngx_strcmp(value[1].data, "server") == 0 && cf->args->nelts == 2) {
        plcf->custody = NGX_HTTP_PSERVER_CUSTODY_SERVER;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "owner") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                           &value[cf->args->nelts - 1]);
        return NGX_CONF_ERROR;
    }

    plcf->custody = NGX_HTTP_PSERVER_CUSTODY_OWNER;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "max=", 4) == 0) {
        s.data = value[2].data + 4;
        s.len = value[2].len - 4;

        plcf->custody_max = ngx_parse_time(&s, 1);

        if (plcf->custody_max != (time_t) NGX_ERROR && plcf->custody_max > 0)
        {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       &value[2]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_pserver_custody_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *conf)
{
    ngx_uint_t                      i;
    ngx_http_pserver_loc_conf_t   **store;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pserver_module);

    store = pmcf->stores.elts;

    for (i = 0; i < pmcf->stores.nelts; i++) {

        if (store[i]->custody != conf->custody
            && ngx_strcmp(store[i]->store.data, conf->store.data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"pserver_custody\" differs between "
                               "locations with the store \"%V\"",
                               &conf->store);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_pserver_custody_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_event_t                    *ev;
    ngx_pool_cleanup_t             *cln;
    ngx_http_pserver_loc_conf_t   **store;
    ngx_http_pserver_main_conf_t   *pmcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_pserver_custody_cleanup;

    ngx_http_pserver_custody_memory = sodium_malloc(PSERVER_CUSTODY_KEY_LEN);

    if (ngx_http_pserver_custody_memory == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "sodium_malloc() failed");
        return NGX_ERROR;
    }

    if (ngx_worker != 0) {
        return NGX_OK;
    }

    ngx_http_pserver_custody_dummy.fd = (ngx_socket_t) -1;

    ev = &ngx_http_pserver_custody_timer;

    ev->handler = ngx_http_pserver_custody_sweep;
    ev->data = &ngx_http_pserver_custody_dummy;
    ev->log = cycle->log;
    ev->cancelable = 1;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pserver_module);
    store = pmcf->stores.elts;

    for (i = 0; i < pmcf->stores.nelts; i++) {

        if (store[i]->custody == NGX_HTTP_PSERVER_CUSTODY_OWNER) {
            ngx_add_timer(ev, NGX_HTTP_PSERVER_CUSTODY_SWEEP);
            break;
        }
    }

    return NGX_OK;
}


/* what has expired is not used; here it goes though nobody asks */

static void
ngx_http_pserver_custody_sweep(ngx_event_t *ev)
{
    uint64_t                           now;
    ngx_uint_t                         i;
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_t           *zone;
    ngx_http_pserver_custody_slot_t   *slot;

    if (ngx_exiting) {
        return;
    }

    now = ngx_http_pserver_custody_now();
    zone = ngx_http_pserver_zone(&shpool);

    for (i = 0; i < zone->custody->n; i++) {

        slot = &zone->custody->slots[i];

        if (slot->until == 0 || slot->until > now) {
            continue;
        }

        ngx_shmtx_lock(&shpool->mutex);

        if (slot->until <= now) {
            ngx_memzero(slot, sizeof(ngx_http_pserver_custody_slot_t));
        }

        ngx_shmtx_unlock(&shpool->mutex);
    }

    ngx_add_timer(ev, NGX_HTTP_PSERVER_CUSTODY_SWEEP);
}


/* a thread may still run */

static void
ngx_http_pserver_custody_cleanup(void *data)
{
    (void) pthread_mutex_lock(&ngx_http_pserver_custody_mutex);

    sodium_free(ngx_http_pserver_custody_memory);
    ngx_http_pserver_custody_memory = NULL;

    (void) pthread_mutex_unlock(&ngx_http_pserver_custody_mutex);
}


ngx_http_pserver_custody_table_t *
ngx_http_pserver_custody_create(ngx_slab_pool_t *shpool, size_t size)
{
    ngx_uint_t                         n;
    ngx_http_pserver_custody_table_t  *table;

    n = size / NGX_HTTP_PSERVER_CUSTODY_PART
        / sizeof(ngx_http_pserver_custody_slot_t);
    n = ngx_max(n, NGX_HTTP_PSERVER_CUSTODY_MIN);

    table = ngx_slab_calloc(shpool,
                            sizeof(ngx_http_pserver_custody_table_t)
                            + (n - 1)
                              * sizeof(ngx_http_pserver_custody_slot_t));
    if (table) {
        table->n = n;
    }

    return table;
}


ngx_uint_t
ngx_http_pserver_custody_required(u_char *root)
{
    ngx_uint_t                      i;
    ngx_http_pserver_loc_conf_t   **store;
    ngx_http_pserver_main_conf_t   *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_pserver_module);
    store = pmcf->stores.elts;

    for (i = 0; i < pmcf->stores.nelts; i++) {

        if (ngx_strcmp(store[i]->store.data, root) == 0) {
            return store[i]->custody == NGX_HTTP_PSERVER_CUSTODY_OWNER;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_pserver_custody_locked(const ngx_http_pserver_custody_at_t *at)
{
    return ngx_http_pserver_custody_required(at->root)
           && ngx_http_pserver_custody_until(at) == 0;
}


ngx_int_t
ngx_http_pserver_custody_put(const ngx_http_pserver_custody_at_t *at,
    const u_char key[PSERVER_CUSTODY_KEY_LEN], time_t seconds,
    time_t *expires)
{
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_t           *zone;
    ngx_http_pserver_custody_slot_t    new, *slot;

    *expires = time(NULL) + seconds;

    new.until = ngx_http_pserver_custody_now() + seconds;
    new.expires = *expires;
    ngx_http_pserver_custody_name(new.name, at);

    pserver_box_seal(new.box, key, PSERVER_CUSTODY_KEY_LEN,
                     ngx_http_pserver_keys()->boot,
                     ngx_http_pserver_custody_ad(&new));

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    slot = ngx_http_pserver_custody_slot(zone->custody, new.name, 1);

    if (slot) {
        *slot = new;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return slot ? NGX_OK : NGX_DECLINED;
}


void
ngx_http_pserver_custody_forget(const ngx_http_pserver_custody_at_t *at)
{
    u_char                             name[NGX_HTTP_PSERVER_CUSTODY_NAME];
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_t           *zone;
    ngx_http_pserver_custody_slot_t   *slot;

    ngx_http_pserver_custody_name(name, at);

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    slot = ngx_http_pserver_custody_slot(zone->custody, name, 0);

    if (slot) {
        ngx_memzero(slot, sizeof(ngx_http_pserver_custody_slot_t));
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


time_t
ngx_http_pserver_custody_until(const ngx_http_pserver_custody_at_t *at)
{
    ngx_http_pserver_custody_slot_t  slot;

    return ngx_http_pserver_custody_find(at, &slot) ? (time_t) slot.expires
                                                    : 0;
}


ngx_uint_t
ngx_http_pserver_custody_unwrap(const ngx_http_pserver_custody_at_t *at,
    pserver_str_t file, pserver_keys_t *keys)
{
    ngx_uint_t                      rc;
    const u_char                   *key;
    const ngx_http_pserver_keys_t  *secrets;

    rc = ngx_http_pserver_custody_take(at, file, &key);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        secrets = ngx_http_pserver_keys();

        if (pserver_keys_unwrap_owned(keys, NULL, file, secrets->roots,
                                      secrets->nroots, at->chain_id,
                                      &at->owner, key)
            != PSERVER_OK)
        {
            rc = NGX_HTTP_PSERVER_STORE_BAD;
        }
    }

    ngx_http_pserver_custody_put_back();

    return rc;
}


ngx_uint_t
ngx_http_pserver_custody_wrap(const ngx_http_pserver_custody_at_t *at,
    pserver_str_t file, const pserver_keys_t *keys,
    u_char new[PSERVER_KEYS_FILE_MAX], size_t *len)
{
    ngx_uint_t     rc;
    const u_char  *key, *wrap;

    rc = ngx_http_pserver_custody_take(at, file, &key);

    if (rc == NGX_HTTP_PSERVER_STORE_OK) {
        (void) pserver_keys_owned(file, NULL, &wrap);

        *len = pserver_keys_wrap_owned(new, keys,
                                       &ngx_http_pserver_keys()->roots[0],
                                       at->chain_id, &at->owner, key, wrap);
    }

    ngx_http_pserver_custody_put_back();

    return rc;
}


/* the key out of its box, until it is put back in any case */

static ngx_uint_t
ngx_http_pserver_custody_take(const ngx_http_pserver_custody_at_t *at,
    pserver_str_t file, const u_char **key)
{
    (void) pthread_mutex_lock(&ngx_http_pserver_custody_mutex);

    *key = ngx_http_pserver_custody_memory;

    return *key ? ngx_http_pserver_custody_open(at, file,
                                            ngx_http_pserver_custody_memory)
                : NGX_HTTP_PSERVER_STORE_LOCKED;
}


static void
ngx_http_pserver_custody_put_back(void)
{
    if (ngx_http_pserver_custody_memory) {
        sodium_memzero(ngx_http_pserver_custody_memory,
                       PSERVER_CUSTODY_KEY_LEN);
    }

    (void) pthread_mutex_unlock(&ngx_http_pserver_custody_mutex);
}


/* if it is the one that the file needs */

static ngx_uint_t
ngx_http_pserver_custody_open(const ngx_http_pserver_custody_at_t *at,
    pserver_str_t file, u_char *key)
{
    u_char                            own[PSERVER_CUSTODY_ID_LEN];
    const u_char                     *id;
    ngx_http_pserver_custody_slot_t   slot;

    if (pserver_keys_owned(file, &id, NULL) != PSERVER_OK) {
        return NGX_HTTP_PSERVER_STORE_BAD;
    }

    if (!ngx_http_pserver_custody_find(at, &slot)
        || pserver_box_open(key, slot.box, sizeof(slot.box),
                            ngx_http_pserver_keys()->boot,
                            ngx_http_pserver_custody_ad(&slot))
           != PSERVER_OK)
    {
        return NGX_HTTP_PSERVER_STORE_LOCKED;
    }

    pserver_custody_id(own, key);

    /* the owner may have another one by now */

    return (sodium_memcmp(own, id, sizeof(own)) == 0)
           ? NGX_HTTP_PSERVER_STORE_OK : NGX_HTTP_PSERVER_STORE_LOCKED;
}


/* tells nothing of whose it is, and can't be chosen to meet another's */

static void
ngx_http_pserver_custody_name(u_char name[NGX_HTTP_PSERVER_CUSTODY_NAME],
    const ngx_http_pserver_custody_at_t *at)
{
    u_char                    where[8 + 20];
    crypto_generichash_state  state;

    (void) pserver_put_be(where, at->chain_id, 8);
    ngx_memcpy(where + 8, at->owner.bytes, 20);

    (void) crypto_generichash_init(&state, ngx_http_pserver_keys()->boot,
                                   PSERVER_KEY_LEN,
                                   NGX_HTTP_PSERVER_CUSTODY_NAME);
    (void) crypto_generichash_update(&state, where, sizeof(where));
    (void) crypto_generichash_update(&state, at->root, ngx_strlen(at->root));
    (void) crypto_generichash_final(&state, name,
                                    NGX_HTTP_PSERVER_CUSTODY_NAME);

    sodium_memzero(&state, sizeof(state));
}


/* under the mutex; to make one takes an empty slot or one that has expired */

static ngx_http_pserver_custody_slot_t *
ngx_http_pserver_custody_slot(ngx_http_pserver_custody_table_t *table,
    const u_char name[NGX_HTTP_PSERVER_CUSTODY_NAME], ngx_uint_t make)
{
    uint32_t                          hash;
    uint64_t                          now;
    ngx_uint_t                        i;
    ngx_http_pserver_custody_slot_t  *slot, *free;

    ngx_memcpy(&hash, name, sizeof(hash));

    now = ngx_http_pserver_custody_now();
    free = NULL;

    for (i = 0; i < NGX_HTTP_PSERVER_CUSTODY_REACH; i++) {

        slot = &table->slots[(hash + i) % table->n];

        if (slot->until <= now) {

            if (slot->until) {
                ngx_memzero(slot, sizeof(ngx_http_pserver_custody_slot_t));
            }

            if (free == NULL) {
                free = slot;
            }

        } else if (ngx_memcmp(slot->name, name,
                              NGX_HTTP_PSERVER_CUSTODY_NAME)
                   == 0)
        {
            return slot;
        }
    }

    return make ? free : NULL;
}


static ngx_uint_t
ngx_http_pserver_custody_find(const ngx_http_pserver_custody_at_t *at,
    ngx_http_pserver_custody_slot_t *found)
{
    u_char                             name[NGX_HTTP_PSERVER_CUSTODY_NAME];
    ngx_slab_pool_t                   *shpool;
    ngx_http_pserver_zone_t           *zone;
    ngx_http_pserver_custody_slot_t   *slot;

    ngx_http_pserver_custody_name(name, at);

    zone = ngx_http_pserver_zone(&shpool);

    ngx_shmtx_lock(&shpool->mutex);

    slot = ngx_http_pserver_custody_slot(zone->custody, name, 0);

    if (slot) {
        *found = *slot;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return slot != NULL;
}


/* all that stands before the box */

static pserver_str_t
ngx_http_pserver_custody_ad(const ngx_http_pserver_custody_slot_t *slot)
{
    pserver_str_t  ad;

    ad.data = (u_char *) slot;
    ad.len = offsetof(ngx_http_pserver_custody_slot_t, box);

    return ad;
}


static uint64_t
ngx_http_pserver_custody_now(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1) {

        /* everything has expired */

        return UINT64_MAX;
    }

    return (uint64_t) ts.tv_sec;
}
