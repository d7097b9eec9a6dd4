/*
 * BIP-32, as far as a server needs it.
 */

#include "identity.h"
#include "bytes.h"

#include <secp256k1.h>
#include <sodium.h>
#include <string.h>


#define PSERVER_BIP32_HARDENED  0x80000000u


static int pserver_node_publish(const secp256k1_context *secp,
    pserver_node_t *node);
static int pserver_node_child(const secp256k1_context *secp,
    pserver_node_t *child, const pserver_node_t *parent, uint32_t index);
static void pserver_node_hash(u_char left[32], u_char right[32],
    pserver_str_t key, pserver_str_t data);


int
pserver_identity_parent(const secp256k1_context *secp, pserver_node_t *parent,
    const u_char seed[PSERVER_SEED_LEN])
{
    int             rc;
    size_t          i;
    pserver_str_t   data;
    pserver_node_t  node;

    static const pserver_str_t  master = pserver_string("Bitcoin seed");

    static const uint32_t  path[] = {
        44 | PSERVER_BIP32_HARDENED,
        60 | PSERVER_BIP32_HARDENED,
        0 | PSERVER_BIP32_HARDENED,
        0
    };

    data.data = (u_char *) seed;
    data.len = PSERVER_SEED_LEN;

    pserver_node_hash(node.key, node.chain, master, data);

    rc = pserver_node_publish(secp, &node);

    for (i = 0; i < sizeof(path) / sizeof(path[0]) && rc == PSERVER_OK; i++) {
        rc = pserver_node_child(secp, parent, &node, path[i]);
        node = *parent;
    }

    sodium_memzero(&node, sizeof(pserver_node_t));

    if (rc != PSERVER_OK) {
        sodium_memzero(parent, sizeof(pserver_node_t));
    }

    return rc;
}


uint32_t
pserver_identity_index(const pserver_address_t *owner)
{
    u_char  text[PSERVER_ADDRESS_LEN], hash[32];

    pserver_address_format_lower(text, owner);

    crypto_hash_sha256(hash, text, sizeof(text));

    return (uint32_t) pserver_get_be(hash, 4) & ~PSERVER_BIP32_HARDENED;
}


int
pserver_identity_child(const secp256k1_context *secp,
    pserver_server_key_t *key, const pserver_node_t *parent, uint32_t index)
{
    int             rc;
    pserver_node_t  node;

    rc = pserver_node_child(secp, &node, parent,
                            index & ~PSERVER_BIP32_HARDENED);

    if (rc == PSERVER_OK) {
        memcpy(key->key, node.key, sizeof(key->key));

        if (pserver_public_key(secp, key->public_key, key->key)
            != PSERVER_OK)
        {
            rc = PSERVER_ERROR;
        }
    }

    sodium_memzero(&node, sizeof(pserver_node_t));

    if (rc != PSERVER_OK) {
        sodium_memzero(key, sizeof(pserver_server_key_t));
        return rc;
    }

    pserver_address_from_public_key(&key->address, key->public_key);

    return PSERVER_OK;
}


static int
pserver_node_publish(const secp256k1_context *secp, pserver_node_t *node)
{
    size_t            len;
    secp256k1_pubkey  pubkey;

    if (!secp256k1_ec_pubkey_create(secp, &pubkey, node->key)) {
        return PSERVER_ERROR;
    }

    len = sizeof(node->public_key);

    secp256k1_ec_pubkey_serialize(secp, node->public_key, &len, &pubkey,
                                  SECP256K1_EC_COMPRESSED);

    return PSERVER_OK;
}


/* CKDpriv of BIP-32; child and parent are different */

static int
pserver_node_child(const secp256k1_context *secp, pserver_node_t *child,
    const pserver_node_t *parent, uint32_t index)
{
    int            rc;
    u_char         bytes[33 + 4], tweak[32];
    pserver_str_t  key, data;

    if (index & PSERVER_BIP32_HARDENED) {
        bytes[0] = 0;
        memcpy(bytes + 1, parent->key, 32);

    } else {
        memcpy(bytes, parent->public_key, 33);
    }

    pserver_put_be(bytes + 33, index, 4);

    key.data = (u_char *) parent->chain;
    key.len = sizeof(parent->chain);

    data.data = bytes;
    data.len = sizeof(bytes);

    pserver_node_hash(tweak, child->chain, key, data);

    memcpy(child->key, parent->key, sizeof(child->key));

    rc = PSERVER_ERROR;

    if (secp256k1_ec_seckey_tweak_add(secp, child->key, tweak)) {
        rc = pserver_node_publish(secp, child);
    }

    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(tweak, sizeof(tweak));

    return rc;
}


/* HMAC-SHA512 in two halves */

static void
pserver_node_hash(u_char left[32], u_char right[32], pserver_str_t key,
    pserver_str_t data)
{
    u_char                           hash[crypto_auth_hmacsha512_BYTES];
    crypto_auth_hmacsha512_state     state;

    crypto_auth_hmacsha512_init(&state, key.data, key.len);
    crypto_auth_hmacsha512_update(&state, data.data, data.len);
    crypto_auth_hmacsha512_final(&state, hash);

    memcpy(left, hash, 32);
    memcpy(right, hash + 32, 32);

    sodium_memzero(&state, sizeof(state));
    sodium_memzero(hash, sizeof(hash));
}
