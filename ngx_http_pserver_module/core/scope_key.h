/*
 * How older clients of the protocol sealed an owner's data: each scope has a
 * passphrase for OpenPGP that comes from one signature of the owner, the
 * master signature: EIP-191 over the text "vana-master-key-v1".
 */

#ifndef _PSERVER_SCOPE_KEY_H_INCLUDED_
#define _PSERVER_SCOPE_KEY_H_INCLUDED_


#include "core.h"
#include "eth.h"


#define PSERVER_SCOPE_KEY_LEN  64


/*
 * The passphrase of a scope, 64 lower-case hex digits without a zero behind
 * them: HKDF-SHA256(r ‖ s ‖ v, salt "vana", info "scope:" ‖ scope), 32
 * bytes.  v is 27 or 28, however the signature was written.  Memory of the
 * caller, who wipes it.  PSERVER_INVALID: not a scope (scope.h).
 */
int pserver_scope_key(u_char out[PSERVER_SCOPE_KEY_LEN],
    const pserver_signature_t *signature, pserver_str_t scope);

/* the owner whose master signature it is, as pserver_signature_recover() */
pserver_signature_reason_e pserver_scope_key_owner(
    const secp256k1_context *secp, const pserver_signature_t *signature,
    pserver_address_t *owner);


#endif /* _PSERVER_SCOPE_KEY_H_INCLUDED_ */
