/*
 * A box: one small record, sealed whole.  XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha-03) under a key of the caller, with a random
 * nonce in front: nonce[24] ‖ ciphertext[len] ‖ tag[16].  The associated
 * data is not stored; it says what the record is and where it belongs, so
 * that a record does not open in another's place.
 */

#ifndef _PSERVER_BOX_H_INCLUDED_
#define _PSERVER_BOX_H_INCLUDED_


#include "core.h"


#define PSERVER_BOX_KEY_LEN    32
#define PSERVER_BOX_NONCE_LEN  24
#define PSERVER_BOX_OVERHEAD   (24 + 16)


/*
 * Writes len + PSERVER_BOX_OVERHEAD bytes to out, which does not overlap
 * with in.  ad may be empty.  It cannot fail.
 */
void pserver_box_seal(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad);

/* the same under the nonce that is at out already; a key never sees it again */
void pserver_box_seal_nonce(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad);

/*
 * Opens a box of len bytes and writes len - PSERVER_BOX_OVERHEAD bytes to
 * out, which does not overlap with in.  PSERVER_INVALID, with nothing in
 * out, if it is shorter than the overhead or was not sealed by this key
 * with this ad.
 */
int pserver_box_open(u_char *out, const u_char *in, size_t len,
    const u_char key[PSERVER_BOX_KEY_LEN], pserver_str_t ad);


#endif /* _PSERVER_BOX_H_INCLUDED_ */
