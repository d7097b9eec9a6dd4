/*
 * Accounts and signatures of Ethereum.
 */

#include "eth.h"
#include "encode.h"

#include <secp256k1_recovery.h>
#include <string.h>


static const u_char  pserver_secp256k1_n[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
    0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41
};

/* (n - 1) / 2, the greatest low s */

static const u_char  pserver_secp256k1_half[32] = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
    0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0
};


static pserver_signature_reason_e pserver_signature_decode(
    pserver_signature_t *signature, pserver_str_t text);
static int pserver_scalar_valid(const u_char scalar[32]);


pserver_signature_reason_e
pserver_signature_parse(pserver_signature_t *signature, pserver_str_t text)
{
    pserver_signature_reason_e  reason;

    reason = pserver_signature_decode(signature, text);

    if (reason != PSERVER_SIGNATURE_OK) {
        memset(signature, 0, sizeof(pserver_signature_t));
    }

    return reason;
}


u_char *
pserver_signature_format(u_char *dst, const pserver_signature_t *signature)
{
    u_char  v;

    v = signature->v + 27;

    *dst++ = '0';
    *dst++ = 'x';

    dst = pserver_hex_encode(dst, signature->rs, 64);

    return pserver_hex_encode(dst, &v, 1);
}


pserver_signature_reason_e
pserver_signature_recover(const secp256k1_context *secp,
    const pserver_signature_t *signature, const pserver_word_t *digest,
    pserver_address_t *address)
{
    size_t                             len;
    u_char                             public_key[PSERVER_PUBLIC_KEY_LEN];
    secp256k1_pubkey                   pubkey;
    secp256k1_ecdsa_recoverable_signature  sig;

    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(secp, &sig,
                                             signature->rs, signature->v)
        || !secp256k1_ecdsa_recover(secp, &pubkey, &sig, digest->bytes))
    {
        return PSERVER_SIGNATURE_POINT;
    }

    len = PSERVER_PUBLIC_KEY_LEN;

    secp256k1_ec_pubkey_serialize(secp, public_key, &len, &pubkey,
                                  SECP256K1_EC_UNCOMPRESSED);

    pserver_address_from_public_key(address, public_key);

    return PSERVER_SIGNATURE_OK;
}


int
pserver_signature_sign(const secp256k1_context *secp,
    pserver_signature_t *signature, const u_char key[32],
    const pserver_word_t *digest)
{
    int                                    v;
    secp256k1_ecdsa_recoverable_signature  sig;

    if (!secp256k1_ecdsa_sign_recoverable(secp, &sig, digest->bytes, key,
                                          NULL, NULL))
    {
        return PSERVER_INVALID;
    }

    secp256k1_ecdsa_recoverable_signature_serialize_compact(secp,
                                                 signature->rs, &v, &sig);

    /* 2 and 3 (r was above n) have a chance of 2^-127 */

    if (v > 1) {
        return PSERVER_INVALID;
    }

    signature->v = (u_char) v;

    return PSERVER_OK;
}


int
pserver_public_key(const secp256k1_context *secp,
    u_char out[PSERVER_PUBLIC_KEY_LEN], const u_char key[32])
{
    size_t            len;
    secp256k1_pubkey  pubkey;

    if (!secp256k1_ec_pubkey_create(secp, &pubkey, key)) {
        return PSERVER_INVALID;
    }

    len = PSERVER_PUBLIC_KEY_LEN;

    secp256k1_ec_pubkey_serialize(secp, out, &len, &pubkey,
                                  SECP256K1_EC_UNCOMPRESSED);

    return PSERVER_OK;
}


void
pserver_address_from_public_key(pserver_address_t *address,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN])
{
    pserver_word_t  hash;

    pserver_keccak256(&hash, public_key + 1, PSERVER_PUBLIC_KEY_LEN - 1);

    memcpy(address->bytes, hash.bytes + 12, 20);
}


int
pserver_address_parse(pserver_address_t *address, pserver_str_t text)
{
    return pserver_hex0x_decode(address->bytes, 20, text);
}


u_char *
pserver_address_format(u_char *dst, const pserver_address_t *address)
{
    u_char          *digits;
    size_t           i;
    pserver_word_t   hash;

    digits = dst + 2;
    dst = pserver_address_format_lower(dst, address);

    pserver_keccak256(&hash, digits, 40);

    for (i = 0; i < 40; i++) {
        if (digits[i] >= 'a' && hash.bytes[i / 2] & (i % 2 ? 0x08 : 0x80)) {
            digits[i] &= ~0x20;
        }
    }

    return dst;
}


u_char *
pserver_address_format_lower(u_char *dst, const pserver_address_t *address)
{
    *dst++ = '0';
    *dst++ = 'x';

    return pserver_hex_encode(dst, address->bytes, 20);
}


void
pserver_eip191_init(pserver_keccak_t *keccak, uint64_t len)
{
    u_char          text[PSERVER_WORD_DEC_LEN], *end;
    pserver_word_t  word;

    static const char  prefix[] = "\x19" "Ethereum Signed Message:\n";

    pserver_word_from_uint64(&word, len);
    end = pserver_word_decimal(text, &word);

    pserver_keccak_init(keccak);
    pserver_keccak_update(keccak, prefix, sizeof(prefix) - 1);
    pserver_keccak_update(keccak, text, (size_t) (end - text));
}


void
pserver_eip191_digest(pserver_word_t *digest, pserver_str_t text)
{
    pserver_keccak_t  keccak;

    pserver_eip191_init(&keccak, text.len);
    pserver_keccak_update(&keccak, text.data, text.len);
    pserver_keccak_final(&keccak, digest);
}


static pserver_signature_reason_e
pserver_signature_decode(pserver_signature_t *signature, pserver_str_t text)
{
    u_char  bytes[65];

    if (text.len < 2 || text.data[0] != '0' || text.data[1] != 'x') {
        return PSERVER_SIGNATURE_PREFIX;
    }

    if (text.len != PSERVER_SIGNATURE_LEN) {
        return PSERVER_SIGNATURE_LENGTH;
    }

    if (pserver_hex0x_decode(bytes, 65, text) != PSERVER_OK) {
        return PSERVER_SIGNATURE_HEX;
    }

    memcpy(signature->rs, bytes, 64);
    signature->v = bytes[64];

    if (signature->v == 27 || signature->v == 28) {
        signature->v -= 27;
    }

    if (signature->v > 1) {
        return PSERVER_SIGNATURE_V;
    }

    if (!pserver_scalar_valid(signature->rs)
        || !pserver_scalar_valid(signature->rs + 32))
    {
        return PSERVER_SIGNATURE_RANGE;
    }

    if (memcmp(signature->rs + 32, pserver_secp256k1_half, 32) > 0) {
        return PSERVER_SIGNATURE_HIGH_S;
    }

    return PSERVER_SIGNATURE_OK;
}


static int
pserver_scalar_valid(const u_char scalar[32])
{
    static const u_char  zero[32];

    return memcmp(scalar, zero, 32) != 0
           && memcmp(scalar, pserver_secp256k1_n, 32) < 0;
}
