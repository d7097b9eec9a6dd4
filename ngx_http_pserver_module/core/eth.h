/*
 * Accounts and signatures of Ethereum: secp256k1 with public key recovery,
 * Keccak-256, addresses (EIP-55), personal_sign (EIP-191, version 0x45).
 *
 * "secp" is a context that the caller creates once,
 *
 *     secp256k1_context_create(SECP256K1_CONTEXT_NONE)
 *
 * and destroys.  Recovery only reads it; whoever signs or derives public
 * keys from secret ones calls secp256k1_context_randomize() on it first,
 * against side channels.  It can be shared by threads and processes as long
 * as nobody randomizes it meanwhile.
 */

#ifndef _PSERVER_ETH_H_INCLUDED_
#define _PSERVER_ETH_H_INCLUDED_


#include "core.h"
#include "keccak.h"

#include <secp256k1.h>


#define PSERVER_ADDRESS_LEN     42      /* of the text */
#define PSERVER_SIGNATURE_LEN   132     /* of the text */
#define PSERVER_PUBLIC_KEY_LEN  65      /* SEC1, uncompressed: 04 x y */


/* which rule a signature breaks, in the order in which they are checked */

typedef enum {
    PSERVER_SIGNATURE_OK = 0,
    PSERVER_SIGNATURE_PREFIX,        /* the text does not begin with 0x */
    PSERVER_SIGNATURE_LENGTH,        /* not 130 digits */
    PSERVER_SIGNATURE_HEX,           /* not all of them hex */
    PSERVER_SIGNATURE_V,             /* not 0, 1, 27, 28 */
    PSERVER_SIGNATURE_RANGE,         /* r or s is 0 or not below n */
    PSERVER_SIGNATURE_HIGH_S,        /* s above n / 2: the malleable twin */
    PSERVER_SIGNATURE_POINT          /* r is no point, or the key is none */
} pserver_signature_reason_e;


/* r and s, big-endian, and 0 or 1: one value for each signature, however
   its text was written */

typedef struct {
    u_char                rs[64];
    u_char                v;
} pserver_signature_t;


/*
 * "0x" and 130 hex digits of either case: r, s, v.  On an error *signature
 * is zeros.
 */
pserver_signature_reason_e pserver_signature_parse(
    pserver_signature_t *signature, pserver_str_t text);

/* writes "0x" and 130 lower-case digits, v as 27 or 28; returns the end */
u_char *pserver_signature_format(u_char *dst,
    const pserver_signature_t *signature);

/*
 * Who signed this digest: PSERVER_SIGNATURE_OK and *address, or
 * PSERVER_SIGNATURE_POINT.  The signature is one that
 * pserver_signature_parse() accepted.
 */
pserver_signature_reason_e pserver_signature_recover(
    const secp256k1_context *secp, const pserver_signature_t *signature,
    const pserver_word_t *digest, pserver_address_t *address);

/*
 * Signs with RFC 6979's nonce, low s.  PSERVER_INVALID: the key is 0 or not
 * below n.
 */
int pserver_signature_sign(const secp256k1_context *secp,
    pserver_signature_t *signature, const u_char key[32],
    const pserver_word_t *digest);

/* PSERVER_INVALID: the key is 0 or not below n */
int pserver_public_key(const secp256k1_context *secp,
    u_char out[PSERVER_PUBLIC_KEY_LEN], const u_char key[32]);


/* the last 20 bytes of keccak256(x y) */
void pserver_address_from_public_key(pserver_address_t *address,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN]);

/*
 * "0x" and 40 hex digits of either case; the checksum of EIP-55 is not
 * looked at.  PSERVER_INVALID.
 */
int pserver_address_parse(pserver_address_t *address, pserver_str_t text);

/* writes PSERVER_ADDRESS_LEN characters, with the checksum of EIP-55;
   returns the end */
u_char *pserver_address_format(u_char *dst, const pserver_address_t *address);

/* the same in lower case */
u_char *pserver_address_format_lower(u_char *dst,
    const pserver_address_t *address);


/*
 * The digest that wallets sign for a text: keccak256("\x19Ethereum Signed
 * Message:\n" ‖ decimal length in bytes ‖ text).  In pieces: after
 * pserver_eip191_init() come pserver_keccak_update() with len bytes in all
 * and pserver_keccak_final().
 */
void pserver_eip191_init(pserver_keccak_t *keccak, uint64_t len);
void pserver_eip191_digest(pserver_word_t *digest, pserver_str_t text);


#endif /* _PSERVER_ETH_H_INCLUDED_ */
