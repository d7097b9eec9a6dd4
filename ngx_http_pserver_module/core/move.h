/*
 * To whom an archive is closed: a server that an owner moves to.
 *
 * A storage root has an X25519 key pair, whose secret is HKDF(root,
 * "pserver/v1/move").  owner.key in an archive is sealed under a root of its
 * own, the move's, as any owner.key is; and that root is boxed to the public
 * key (libsodium's crypto_box_seal).  So what an archive has of an owner's
 * keys is closed to all but the new place; of an owner who holds a key of
 * its own also to that.
 */

#ifndef _PSERVER_MOVE_H_INCLUDED_
#define _PSERVER_MOVE_H_INCLUDED_


#include "keys.h"


#define PSERVER_MOVE_KEY_LEN   32

/* a recipient, as people pass it on: the public key and the first 4 bytes of
   SHA-256("pserver/v1/move" ‖ key), in hex */
#define PSERVER_MOVE_TEXT_LEN  (2 * (PSERVER_MOVE_KEY_LEN + 4))

/*
 *   0  8  "PSVRMOVE"
 *   8  4  1, the version of this format
 *  12  4  zeros
 *  16     the box of chain id[8] ‖ owner[20] ‖ root[32], 48 bytes longer
 */
#define PSERVER_MOVE_LEN       (16 + 8 + 20 + PSERVER_KEY_LEN + 48)


/* the key pair of a root; secret is wiped by the caller, and may be NULL */
void pserver_move_keys(u_char public_key[PSERVER_MOVE_KEY_LEN],
    u_char secret[PSERVER_MOVE_KEY_LEN], const pserver_root_t *root);

/* writes PSERVER_MOVE_TEXT_LEN characters and a zero */
void pserver_move_text(char *text,
    const u_char public_key[PSERVER_MOVE_KEY_LEN]);

/* PSERVER_INVALID: no recipient, or one with a mistake in it */
int pserver_move_parse(u_char public_key[PSERVER_MOVE_KEY_LEN],
    pserver_str_t text);

/* a root for this move alone; its id is 1.  Boxed for the recipient it is at
   "file".  PSERVER_INVALID: the public key is none */
int pserver_move_seal(u_char file[PSERVER_MOVE_LEN], pserver_root_t *move,
    const u_char recipient[PSERVER_MOVE_KEY_LEN], uint64_t chain_id,
    const pserver_address_t *owner);

/* PSERVER_INVALID: boxed for another root, another chain or owner, changed */
int pserver_move_open(pserver_root_t *move, pserver_str_t file,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner);


#endif /* _PSERVER_MOVE_H_INCLUDED_ */
