/*
 * The queue of jobs: owners and apps, while they have tickets.
 */


#include "ngx_http_pserver_queue.h"

#include <sodium.h>


ngx_http_pserver_party_t *
ngx_http_pserver_queue_party(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, u_char kind,
    const pserver_address_t *address)
{
    u_char                     text[1 + sizeof(address->bytes)];
    uint64_t                   hash;
    ngx_rbtree_key_t           key;
    ngx_rbtree_node_t         *node;
    ngx_http_pserver_party_t  *party;

    text[0] = kind;
    ngx_memcpy(&text[1], address->bytes, sizeof(address->bytes));

    /* 64 bits under a key of the zone's: who chooses addresses can't make
       them meet */

    (void) crypto_shorthash((u_char *) &hash, text, sizeof(text),
                            zone->hash_key);

    key = (ngx_rbtree_key_t) hash;
    node = zone->queue.parties.root;

    while (node != zone->queue.parties.sentinel) {

        if (node->key == key) {
            party = (ngx_http_pserver_party_t *) node;
            party->tickets++;
            return party;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    party = ngx_slab_calloc_locked(shpool, sizeof(ngx_http_pserver_party_t));
    if (party == NULL) {
        return NULL;
    }

    party->node.key = key;
    party->tickets = 1;
    ngx_queue_init(&party->waiting);

    ngx_rbtree_insert(&zone->queue.parties, &party->node);

    return party;
}


void
ngx_http_pserver_queue_part(ngx_slab_pool_t *shpool,
    ngx_http_pserver_zone_t *zone, ngx_http_pserver_party_t *party)
{
    if (--party->tickets == 0) {
        ngx_rbtree_delete(&zone->queue.parties, &party->node);
        ngx_slab_free_locked(shpool, party);
    }
}
