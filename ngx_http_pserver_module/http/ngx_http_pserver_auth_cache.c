/*
 * Signatures that were verified.
 *
 * A table of sets of a few slots each.  The hash of a header is BLAKE2b of
 * 256 bits, so that no two headers that share one can be found; its key
 * keeps from others which headers share a set.
 */


#include "ngx_http_pserver_auth_cache.h"
#include "ngx_http_pserver_zone.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_AUTH_CACHE_WAYS   4
#define NGX_HTTP_PSERVER_AUTH_CACHE_TEXTS  376

/* the part of the zone */
#define NGX_HTTP_PSERVER_AUTH_CACHE_SHARE  8


/*
 * A worker may be killed while it writes: the mutex is then unlocked for
 * it, so a slot is valid only from the last of its stores on.
 */

typedef struct {
    ngx_atomic_t                     valid;
    u_char                           hash[32];
    uint64_t                         used;       /* of the table's clock */
    uint64_t                         iat;
    uint64_t                         exp;
    pserver_address_t                address;
    pserver_word_t                   digest;

    /* aud, method, uri, grantId, nonce: one after the other; of the last
       two NONE says that they are not there */
    uint16_t                         lens[5];
    u_char                           texts[NGX_HTTP_PSERVER_AUTH_CACHE_TEXTS];
} ngx_http_pserver_auth_slot_t;


#define NGX_HTTP_PSERVER_AUTH_CACHE_NONE   0xffff


struct ngx_http_pserver_auth_cache_s {
    u_char                           key[crypto_generichash_KEYBYTES];
    uint64_t                         clock;
    ngx_uint_t                       sets;
    ngx_http_pserver_auth_slot_t     slots[1];
};


static ngx_http_pserver_auth_slot_t *ngx_http_pserver_auth_cache_set(
    ngx_http_pserver_auth_cache_t *cache, u_char hash[32],
    pserver_str_t header);
static ngx_http_pserver_auth_slot_t *ngx_http_pserver_auth_cache_oldest(
    ngx_http_pserver_auth_slot_t *set, const u_char hash[32]);
static void ngx_http_pserver_auth_cache_claims(pserver_web3signed_t *claims,
    pserver_str_t *texts[5]);


ngx_http_pserver_auth_cache_t *
ngx_http_pserver_auth_cache_create(ngx_slab_pool_t *shpool, size_t zone)
{
    size_t                          set;
    ngx_uint_t                      sets;
    ngx_http_pserver_auth_cache_t  *cache;

    set = NGX_HTTP_PSERVER_AUTH_CACHE_WAYS
          * sizeof(ngx_http_pserver_auth_slot_t);

    sets = zone / NGX_HTTP_PSERVER_AUTH_CACHE_SHARE / set;

    if (sets == 0) {
        return NULL;
    }

    cache = ngx_slab_calloc(shpool,
                            sizeof(ngx_http_pserver_auth_cache_t)
                            + sets * set);
    if (cache == NULL) {
        return NULL;
    }

    randombytes_buf(cache->key, sizeof(cache->key));

    cache->sets = sets;

    return cache;
}


ngx_int_t
ngx_http_pserver_auth_cache_find(ngx_http_request_t *r, pserver_str_t header,
    pserver_web3signed_t *claims)
{
    u_char                         *p, hash[32];
    ngx_uint_t                      i;
    pserver_str_t                  *texts[5];
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    ngx_http_pserver_auth_slot_t   *slot, copy;

    zone = ngx_http_pserver_zone(&shpool);

    if (zone->auth_cache == NULL) {
        return NGX_DECLINED;
    }

    slot = ngx_http_pserver_auth_cache_set(zone->auth_cache, hash, header);

    copy.valid = 0;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_HTTP_PSERVER_AUTH_CACHE_WAYS; i++, slot++) {

        if (slot->valid && ngx_memcmp(slot->hash, hash, 32) == 0) {
            slot->used = ++zone->auth_cache->clock;
            copy = *slot;
            break;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (!copy.valid) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, sizeof(copy.texts));
    if (p == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(p, copy.texts, sizeof(copy.texts));
    ngx_memzero(claims, sizeof(pserver_web3signed_t));

    claims->address = copy.address;
    claims->digest = copy.digest;
    claims->iat = copy.iat;
    claims->exp = copy.exp;

    ngx_http_pserver_auth_cache_claims(claims, texts);

    for (i = 0; i < 5; i++) {

        if (copy.lens[i] == NGX_HTTP_PSERVER_AUTH_CACHE_NONE) {
            continue;
        }

        texts[i]->data = p;
        texts[i]->len = copy.lens[i];

        p += copy.lens[i];
    }

    return NGX_OK;
}


void
ngx_http_pserver_auth_cache_add(pserver_str_t header,
    const pserver_web3signed_t *claims)
{
    size_t                          len;
    u_char                         *p, hash[32];
    ngx_uint_t                      i;
    pserver_str_t                  *texts[5];
    ngx_slab_pool_t                *shpool;
    ngx_http_pserver_zone_t        *zone;
    ngx_http_pserver_auth_slot_t   *slot;

    zone = ngx_http_pserver_zone(&shpool);

    if (zone->auth_cache == NULL) {
        return;
    }

    ngx_http_pserver_auth_cache_claims((pserver_web3signed_t *) claims,
                                       texts);

    len = 0;

    for (i = 0; i < 5; i++) {

        if (texts[i]->len > NGX_HTTP_PSERVER_AUTH_CACHE_TEXTS - len) {
            return;
        }

        len += texts[i]->len;
    }

    slot = ngx_http_pserver_auth_cache_set(zone->auth_cache, hash, header);

    ngx_shmtx_lock(&shpool->mutex);

    slot = ngx_http_pserver_auth_cache_oldest(slot, hash);

    slot->valid = 0;
    ngx_memory_barrier();

    ngx_memcpy(slot->hash, hash, 32);

    slot->used = ++zone->auth_cache->clock;
    slot->iat = claims->iat;
    slot->exp = claims->exp;
    slot->address = claims->address;
    slot->digest = claims->digest;

    p = slot->texts;

    for (i = 0; i < 5; i++) {

        if (texts[i]->data == NULL) {
            slot->lens[i] = NGX_HTTP_PSERVER_AUTH_CACHE_NONE;
            continue;
        }

        slot->lens[i] = (uint16_t) texts[i]->len;
        p = ngx_cpymem(p, texts[i]->data, texts[i]->len);
    }

    ngx_memory_barrier();
    slot->valid = 1;

    ngx_shmtx_unlock(&shpool->mutex);
}


static ngx_http_pserver_auth_slot_t *
ngx_http_pserver_auth_cache_set(ngx_http_pserver_auth_cache_t *cache,
    u_char hash[32], pserver_str_t header)
{
    uint64_t  n;

    (void) crypto_generichash(hash, 32, header.data, header.len, cache->key,
                              sizeof(cache->key));

    ngx_memcpy(&n, hash, sizeof(n));

    return &cache->slots[n % cache->sets * NGX_HTTP_PSERVER_AUTH_CACHE_WAYS];
}


/* another worker may have added the same header meanwhile */

static ngx_http_pserver_auth_slot_t *
ngx_http_pserver_auth_cache_oldest(ngx_http_pserver_auth_slot_t *set,
    const u_char hash[32])
{
    ngx_uint_t                     i;
    ngx_http_pserver_auth_slot_t  *slot;

    slot = set;

    for (i = 0; i < NGX_HTTP_PSERVER_AUTH_CACHE_WAYS; i++) {

        if (set[i].valid && ngx_memcmp(set[i].hash, hash, 32) == 0) {
            return &set[i];
        }

        if (!set[i].valid || set[i].used < slot->used) {
            slot = &set[i];
        }
    }

    return slot;
}


static void
ngx_http_pserver_auth_cache_claims(pserver_web3signed_t *claims,
    pserver_str_t *texts[5])
{
    texts[0] = &claims->aud;
    texts[1] = &claims->method;
    texts[2] = &claims->uri;
    texts[3] = &claims->grant_id;
    texts[4] = &claims->nonce;
}
