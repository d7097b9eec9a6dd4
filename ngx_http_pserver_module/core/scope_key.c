/*
 * Keys of scopes, as older clients have them.
 */

#include "scope_key.h"
#include "encode.h"
#include "keys.h"
#include "scope.h"

#include <string.h>
#include <sodium.h>


int
pserver_scope_key(u_char out[PSERVER_SCOPE_KEY_LEN],
    const pserver_signature_t *signature, pserver_str_t scope)
{
    u_char         bytes[65], key[32];
    u_char         text[sizeof("scope:") - 1 + PSERVER_SCOPE_MAX];
    pserver_str_t  ikm, info;

    static const pserver_str_t  salt = pserver_string("vana");

    if (scope.len > PSERVER_SCOPE_MAX || !pserver_scope_valid(scope)) {
        return PSERVER_INVALID;
    }

    memcpy(bytes, signature->rs, 64);
    bytes[64] = (u_char) (27 + signature->v);

    ikm.data = bytes;
    ikm.len = sizeof(bytes);

    memcpy(text, "scope:", sizeof("scope:") - 1);
    memcpy(text + sizeof("scope:") - 1, scope.data, scope.len);

    info.data = text;
    info.len = sizeof("scope:") - 1 + scope.len;

    (void) pserver_hkdf(key, sizeof(key), ikm, salt, info);
    (void) pserver_hex_encode(out, key, sizeof(key));

    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(key, sizeof(key));

    return PSERVER_OK;
}


pserver_signature_reason_e
pserver_scope_key_owner(const secp256k1_context *secp,
    const pserver_signature_t *signature, pserver_address_t *owner)
{
    pserver_word_t              digest;
    static const pserver_str_t  text = pserver_string("vana-master-key-v1");

    pserver_eip191_digest(&digest, text);

    return pserver_signature_recover(secp, signature, &digest, owner);
}
