/*
 * ECIES boxes on secp256k1, as clients of the protocol make them (eccrypto's
 * form): iv[16] ‖ ephemeral public key[65] ‖ ciphertext ‖ mac[32].  With x,
 * the 32 bytes of the shared point's first coordinate, the halves of
 * SHA-512(x) are the key of AES-256-CBC with the padding of PKCS #7, and of
 * HMAC-SHA256 over all that stands before the MAC.
 *
 * "secp": see eth.h.  Keys and what was sealed are memory of the caller, who
 * keeps it secret and wipes it.
 */

#ifndef _PSERVER_ECIES_H_INCLUDED_
#define _PSERVER_ECIES_H_INCLUDED_


#include "core.h"
#include "eth.h"


#define PSERVER_ECIES_BLOCK     16
#define PSERVER_ECIES_OVERHEAD  (16 + PSERVER_PUBLIC_KEY_LEN + 32)
#define PSERVER_ECIES_MAX       (1 << 20)

/* of a box of so many bytes */

#define pserver_ecies_len(n)                                                  \
    (PSERVER_ECIES_OVERHEAD + ((n) / PSERVER_ECIES_BLOCK + 1)                 \
                              * PSERVER_ECIES_BLOCK)


/*
 * Seals in.len bytes, 0 to PSERVER_ECIES_MAX, for whoever has the secret key
 * of public_key, with a fresh ephemeral key, and writes
 * pserver_ecies_len(in.len) bytes, which do not overlap with in.
 * PSERVER_INVALID: the public key is no point of the curve in the form 04 x y;
 * PSERVER_NOSPACE: in is too long; PSERVER_NOMEM, PSERVER_ERROR.  On an error
 * out holds nothing of in.
 */
int pserver_ecies_seal(const secp256k1_context *secp, u_char *out,
    pserver_str_t in, const u_char public_key[PSERVER_PUBLIC_KEY_LEN]);

/*
 * Opens a box with the secret key and writes *len bytes to out, which has
 * room for box.len - PSERVER_ECIES_OVERHEAD and does not overlap with box.
 * PSERVER_INVALID: not a box, an ephemeral key that is compressed, hybrid or
 * not on the curve, a MAC that does not hold (it is compared in constant time
 * and before anything is decrypted), padding that is none, or a key that is 0
 * or not below n; PSERVER_NOSPACE: longer than
 * pserver_ecies_len(PSERVER_ECIES_MAX); PSERVER_NOMEM, PSERVER_ERROR.  On an
 * error out holds nothing of what was sealed and *len is 0.
 */
int pserver_ecies_open(const secp256k1_context *secp, u_char *out,
    size_t *len, pserver_str_t box, const u_char key[32]);

/*
 * The box of a text in hex of either case, with or without 0x: writes
 * box->len bytes to box->data, which has room for text.len / 2.
 * PSERVER_INVALID if it is not hex; whether it is a box shows when it is
 * opened.
 */
int pserver_ecies_decode(pserver_str_t *box, pserver_str_t text);

/*
 * ECDH alone: the first coordinate of key * public_key.  PSERVER_INVALID as
 * above, and out is then zeros.
 */
int pserver_ecies_shared(const secp256k1_context *secp, u_char out[32],
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN], const u_char key[32]);


#endif /* _PSERVER_ECIES_H_INCLUDED_ */
