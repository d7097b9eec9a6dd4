/*
 * ECIES boxes on secp256k1.
 */

#include "ecies.h"
#include "encode.h"
#include "sha256.h"

#include <string.h>
#include <sodium.h>
#include <openssl/evp.h>
#include <secp256k1_ecdh.h>


#define PSERVER_ECIES_IV_LEN   16
#define PSERVER_ECIES_MAC_LEN  32
#define PSERVER_ECIES_AT_DATA  (PSERVER_ECIES_IV_LEN + PSERVER_PUBLIC_KEY_LEN)


typedef struct {
    u_char                cipher[32];
    u_char                mac[32];
} pserver_ecies_keys_t;


static int pserver_ecies_keys(const secp256k1_context *secp,
    pserver_ecies_keys_t *keys,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN], const u_char key[32]);
static int pserver_ecies_x(unsigned char *out, const unsigned char *x,
    const unsigned char *y, void *data);
static int pserver_ecies_cipher(u_char *out, size_t *len, const u_char *in,
    size_t size, const u_char key[32], const u_char *iv, int encrypt);


int
pserver_ecies_seal(const secp256k1_context *secp, u_char *out,
    pserver_str_t in, const u_char public_key[PSERVER_PUBLIC_KEY_LEN])
{
    int                   rc;
    u_char                key[32], *p;
    size_t                len;
    pserver_ecies_keys_t  keys;

    if (in.len > PSERVER_ECIES_MAX) {
        return PSERVER_NOSPACE;
    }

    randombytes_buf(out, PSERVER_ECIES_IV_LEN);

    /* a draw that is no key of the curve has a chance of 2^-127 */

    do {
        randombytes_buf(key, sizeof(key));

    } while (pserver_public_key(secp, out + PSERVER_ECIES_IV_LEN, key)
             != PSERVER_OK);

    rc = pserver_ecies_keys(secp, &keys, public_key, key);

    sodium_memzero(key, sizeof(key));

    if (rc != PSERVER_OK) {
        return rc;
    }

    p = out + PSERVER_ECIES_AT_DATA;

    rc = pserver_ecies_cipher(p, &len, in.data, in.len, keys.cipher, out, 1);

    if (rc == PSERVER_OK) {
        p += len;
        pserver_hmac(p, keys.mac, sizeof(keys.mac), out, (size_t) (p - out));
    }

    sodium_memzero(&keys, sizeof(keys));

    return rc;
}


int
pserver_ecies_open(const secp256k1_context *secp, u_char *out, size_t *len,
    pserver_str_t box, const u_char key[32])
{
    int                   rc;
    u_char                mac[PSERVER_ECIES_MAC_LEN];
    size_t                size;
    pserver_ecies_keys_t  keys;

    *len = 0;

    if (box.len > pserver_ecies_len(PSERVER_ECIES_MAX)) {
        return PSERVER_NOSPACE;
    }

    if (box.len < pserver_ecies_len(0)
        || (box.len - PSERVER_ECIES_OVERHEAD) % PSERVER_ECIES_BLOCK != 0)
    {
        return PSERVER_INVALID;
    }

    rc = pserver_ecies_keys(secp, &keys, box.data + PSERVER_ECIES_IV_LEN,
                            key);

    if (rc != PSERVER_OK) {
        return rc;
    }

    size = box.len - PSERVER_ECIES_MAC_LEN;

    pserver_hmac(mac, keys.mac, sizeof(keys.mac), box.data, size);

    if (sodium_memcmp(mac, box.data + size, sizeof(mac)) != 0) {
        rc = PSERVER_INVALID;

    } else {
        rc = pserver_ecies_cipher(out, len, box.data + PSERVER_ECIES_AT_DATA,
                                  size - PSERVER_ECIES_AT_DATA, keys.cipher,
                                  box.data, 0);
    }

    sodium_memzero(&keys, sizeof(keys));

    return rc;
}


int
pserver_ecies_decode(pserver_str_t *box, pserver_str_t text)
{
    if (text.len >= 2 && text.data[0] == '0' && text.data[1] == 'x') {
        text.data += 2;
        text.len -= 2;
    }

    box->len = text.len / 2;

    return pserver_hex_decode(box->data, box->len, text);
}


int
pserver_ecies_shared(const secp256k1_context *secp, u_char out[32],
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN], const u_char key[32])
{
    secp256k1_pubkey  point;

    /* the library takes the hybrid forms 06 and 07, too */

    if (public_key[0] != 0x04
        || !secp256k1_ec_pubkey_parse(secp, &point, public_key,
                                      PSERVER_PUBLIC_KEY_LEN)
        || !secp256k1_ecdh(secp, out, &point, key, pserver_ecies_x, NULL))
    {
        sodium_memzero(out, 32);
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
pserver_ecies_keys(const secp256k1_context *secp, pserver_ecies_keys_t *keys,
    const u_char public_key[PSERVER_PUBLIC_KEY_LEN], const u_char key[32])
{
    int     rc;
    u_char  x[32];

    rc = pserver_ecies_shared(secp, x, public_key, key);

    if (rc == PSERVER_OK) {
        (void) crypto_hash_sha512((u_char *) keys, x, sizeof(x));
        sodium_memzero(x, sizeof(x));
    }

    return rc;
}


static int
pserver_ecies_x(unsigned char *out, const unsigned char *x,
    const unsigned char *y, void *data)
{
    (void) y;
    (void) data;

    memcpy(out, x, 32);

    return 1;
}


static int
pserver_ecies_cipher(u_char *out, size_t *len, const u_char *in, size_t size,
    const u_char key[32], const u_char *iv, int encrypt)
{
    int              rc, n, last;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return PSERVER_NOMEM;
    }

    n = 0;
    rc = PSERVER_OK;

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) != 1
        || (size != 0
            && EVP_CipherUpdate(ctx, out, &n, in, (int) size) != 1))
    {
        rc = PSERVER_ERROR;

    } else if (EVP_CipherFinal_ex(ctx, out + n, &last) != 1) {

        /* its only failure here is padding that is none */

        rc = encrypt ? PSERVER_ERROR : PSERVER_INVALID;

    } else {
        *len = (size_t) (n + last);
    }

    if (rc != PSERVER_OK && !encrypt) {
        sodium_memzero(out, size);
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}
