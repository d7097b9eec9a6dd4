/*
 * The server's key for each owner: BIP-32 path m/44'/60'/0'/0/index below
 * the seed of a phrase (phrase.h).  The index is 31 bits of a hash of the
 * owner's address, so two owners can have the same; whoever serves several
 * owners keeps a table of who has which.
 *
 * Keys go to memory of the caller, who keeps it secret and wipes it.
 * "secp": see eth.h.
 */

#ifndef _PSERVER_IDENTITY_H_INCLUDED_
#define _PSERVER_IDENTITY_H_INCLUDED_


#include "core.h"
#include "eth.h"
#include "phrase.h"


/* a node of the tree of BIP-32; all of it is secret (with the chain code, a
   child's key gives its parent's away) */

typedef struct {
    u_char                key[32];
    u_char                chain[32];
    u_char                public_key[33];    /* SEC1, compressed */
} pserver_node_t;


typedef struct {
    u_char                key[32];           /* secret */
    u_char                public_key[PSERVER_PUBLIC_KEY_LEN];
    pserver_address_t     address;
} pserver_server_key_t;


/* from a seed the node m/44'/60'/0'/0.  PSERVER_ERROR, and *parent is zeros:
   a key came out as 0 or not below n, chance 2^-127 */
int pserver_identity_parent(const secp256k1_context *secp,
    pserver_node_t *parent, const u_char seed[PSERVER_SEED_LEN]);

/* the first 4 bytes, big-endian, of SHA-256 over the 42 characters of the
   address in lower case, mod 2^31 */
uint32_t pserver_identity_index(const pserver_address_t *owner);

/* the child of the parent with an index below 2^31.  PSERVER_ERROR, and *key
   is zeros: there is no such child, chance 2^-127 */
int pserver_identity_child(const secp256k1_context *secp,
    pserver_server_key_t *key, const pserver_node_t *parent, uint32_t index);


#endif /* _PSERVER_IDENTITY_H_INCLUDED_ */
