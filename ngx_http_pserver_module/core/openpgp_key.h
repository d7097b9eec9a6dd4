/*
 * The session key of an OpenPGP message, out of a passphrase.
 */

#ifndef _PSERVER_OPENPGP_KEY_H_INCLUDED_
#define _PSERVER_OPENPGP_KEY_H_INCLUDED_


#include "core.h"
#include "openpgp.h"


typedef struct {
    size_t                len;       /* 16, 24 or 32: of AES */
    u_char                data[32];
} pserver_openpgp_key_t;


/*
 * From the body of a SKESK packet, version 4 (RFC 9580, section 5.3.1), and
 * the passphrase: OK, FORM, ALGORITHM, CHANGED, ERROR.  A passphrase that is
 * another one need not show here.  The caller wipes the key.
 */
pserver_openpgp_reason_e pserver_openpgp_key(pserver_openpgp_key_t *key,
    pserver_str_t body, pserver_str_t passphrase);

/*
 * Decrypts, or encrypts, in place: AES in CFB with an initial vector of
 * zeros.  PSERVER_ERROR.
 */
int pserver_openpgp_cfb(const pserver_openpgp_key_t *key, u_char *data,
    size_t len, int encrypt);


#endif /* _PSERVER_OPENPGP_KEY_H_INCLUDED_ */
