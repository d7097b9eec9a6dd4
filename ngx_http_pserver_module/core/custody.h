/*
 * The owner's own key: 32 random bytes without which the provider's root
 * does not open what the owner has stored (keys.h).  It is made on the
 * owner's side and comes to the server only to be used for a time, in an
 * ECIES box (ecies.h) to the server's key of this owner.
 *
 * The owner keeps it in a wrap, which tells nothing to others:
 *
 *   epoch[4] ‖ id[16] ‖ salt[32] ‖ wallet box[72] ‖ recovery box[72]
 *
 * Both boxes (box.h) hold the key; associated data is what stands before
 * them and the owner's address.  The one opens under HKDF of the wallet's
 * signature of an EIP-712 message, which is the same each time (RFC 6979);
 * the other under HKDF of 32 random bytes that the owner wrote down.
 * docs/sealed-format.md has the bytes.
 *
 * What holds a key, a signature or the recovery bytes is memory of the
 * caller, who keeps it secret and wipes it.
 */

#ifndef _PSERVER_CUSTODY_H_INCLUDED_
#define _PSERVER_CUSTODY_H_INCLUDED_


#include "core.h"
#include "ecies.h"
#include "eth.h"


#define PSERVER_CUSTODY_KEY_LEN   32
#define PSERVER_CUSTODY_ID_LEN    16
#define PSERVER_CUSTODY_WRAP_LEN  (4 + 16 + 32 + 2 * (24 + 32 + 16))

/* "0x", twice the wrap and the longest box, names and punctuation */
#define PSERVER_CUSTODY_BODY_MAX  2048


/* tells keys apart and nothing else: HKDF(key, "pserver/v1/custody/id") */
void pserver_custody_id(u_char id[PSERVER_CUSTODY_ID_LEN],
    const u_char key[PSERVER_CUSTODY_KEY_LEN]);


/* what the wallet signs: at which server, as its origin and the address of
   its key for this owner, and the wrap's epoch */

typedef struct {
    uint64_t              chain_id;
    pserver_str_t         origin;
    pserver_address_t     owner;
    pserver_address_t     server;
    uint32_t              epoch;
} pserver_custody_place_t;

void pserver_custody_digest(pserver_word_t *digest,
    const pserver_custody_place_t *place);


/* makes a wrap with a fresh salt */
void pserver_custody_wrap(u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const u_char key[PSERVER_CUSTODY_KEY_LEN], uint32_t epoch,
    const pserver_address_t *owner, const pserver_signature_t *signature,
    const u_char recovery[32]);

/* 1 if it says that it is of the key of this id */
int pserver_custody_wraps(const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const u_char id[PSERVER_CUSTODY_ID_LEN]);

uint32_t pserver_custody_epoch(const u_char wrap[PSERVER_CUSTODY_WRAP_LEN]);

/*
 * Opens it with the one or the other.  PSERVER_INVALID, and key is zeros:
 * another signature, recovery or owner, or the wrap was changed.
 */
int pserver_custody_by_wallet(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const pserver_address_t *owner, const pserver_signature_t *signature);
int pserver_custody_by_recovery(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const pserver_address_t *owner, const u_char recovery[32]);


/*
 * Bodies of requests.  An unlock is
 *
 *   {"key":"0x<box of the key>","seconds":<1 to max>}
 *
 * and what sets the owner's key, the first time or again,
 *
 *   {"key":"0x<box of the new key>","wrap":"0x..","current":"0x<box>"}
 *
 * where current is the key until now, if there is one.  Hex as in
 * pserver_ecies_decode().
 */

#define PSERVER_CUSTODY_BOX_LEN   pserver_ecies_len(PSERVER_CUSTODY_KEY_LEN)

typedef struct {
    u_char                key[PSERVER_CUSTODY_BOX_LEN];
    u_char                current[PSERVER_CUSTODY_BOX_LEN];
    u_char                wrap[PSERVER_CUSTODY_WRAP_LEN];
    uint64_t              seconds;
    unsigned              has_current:1;
} pserver_custody_body_t;

/* PSERVER_INVALID: another member, one missing or not in its form;
   PSERVER_NOSPACE: more seconds than max; PSERVER_NOMEM */
int pserver_custody_parse_unlock(pserver_custody_body_t *body,
    pserver_str_t text, uint64_t max);
int pserver_custody_parse_set(pserver_custody_body_t *body,
    pserver_str_t text);

/*
 * Opens a box of such a body into the 32 bytes of a key.  PSERVER_INVALID,
 * and key is zeros: it does not open, or holds something else;
 * PSERVER_NOMEM, PSERVER_ERROR.
 */
int pserver_custody_open(const secp256k1_context *secp,
    u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char box[PSERVER_CUSTODY_BOX_LEN], const u_char server[32]);


#endif /* _PSERVER_CUSTODY_H_INCLUDED_ */
