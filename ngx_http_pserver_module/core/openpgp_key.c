/*
 * The session key of an OpenPGP message, see openpgp_key.h.
 */

#include "openpgp_key.h"

#include <limits.h>
#include <string.h>
#include <openssl/evp.h>
#include <sodium.h>


#define OPENPGP_SALT_LEN   8

/* the S2K's input, repeated: hashed so much at a time */
#define OPENPGP_REPEATED   16384


typedef enum {
    OPENPGP_S2K_SALTED = 1,
    OPENPGP_S2K_ITERATED = 3
} openpgp_s2k_e;


/* how a SKESK makes a key of a passphrase */

typedef struct {
    const EVP_MD         *hash;
    const u_char         *salt;
    size_t                count;     /* bytes to hash, at least */
} openpgp_s2k_t;


static size_t openpgp_cipher(unsigned algorithm);
static const EVP_MD *openpgp_hash(unsigned algorithm);
static int openpgp_s2k(pserver_openpgp_key_t *key, const openpgp_s2k_t *s2k,
    pserver_str_t passphrase);
static int openpgp_s2k_hash(const openpgp_s2k_t *s2k, size_t zeros,
    const u_char *repeated, size_t unit, size_t units,
    u_char digest[EVP_MAX_MD_SIZE], unsigned *len);
static pserver_openpgp_reason_e openpgp_session_key(
    pserver_openpgp_key_t *key, const u_char *sealed, size_t len);


/* version, cipher, S2K (specifier, hash, salt, count), session key */

pserver_openpgp_reason_e
pserver_openpgp_key(pserver_openpgp_key_t *key, pserver_str_t body,
    pserver_str_t passphrase)
{
    u_char         *p, *end;
    unsigned        type;
    openpgp_s2k_t   s2k;

    p = body.data;
    end = p + body.len;

    if (body.len < 4) {
        return PSERVER_OPENPGP_FORM;
    }

    key->len = openpgp_cipher(p[1]);
    type = p[2];
    s2k.hash = openpgp_hash(p[3]);
    s2k.salt = p + 4;
    s2k.count = 0;

    if (p[0] != 4 || key->len == 0 || s2k.hash == NULL
        || (type != OPENPGP_S2K_SALTED && type != OPENPGP_S2K_ITERATED))
    {
        return PSERVER_OPENPGP_ALGORITHM;
    }

    p += 4;

    if ((size_t) (end - p) < OPENPGP_SALT_LEN
                             + (type == OPENPGP_S2K_ITERATED))
    {
        return PSERVER_OPENPGP_FORM;
    }

    p += OPENPGP_SALT_LEN;

    if (type == OPENPGP_S2K_ITERATED) {
        s2k.count = (size_t) (16 + (*p & 15)) << ((*p >> 4) + 6);
        p++;
    }

    if (passphrase.len == 0
        || passphrase.len > PSERVER_OPENPGP_PASSPHRASE_MAX)
    {
        return PSERVER_OPENPGP_CHANGED;
    }

    if (openpgp_s2k(key, &s2k, passphrase) != PSERVER_OK) {
        return PSERVER_OPENPGP_ERROR;
    }

    return (p == end) ? PSERVER_OPENPGP_OK
                      : openpgp_session_key(key, p, end - p);
}


static size_t
openpgp_cipher(unsigned algorithm)
{
    switch (algorithm) {

    case 7:
        return 16;

    case 8:
        return 24;

    case 9:
        return 32;

    default:
        return 0;
    }
}


/* SHA-1 too: what it is used for here needs no collision resistance */

static const EVP_MD *
openpgp_hash(unsigned algorithm)
{
    switch (algorithm) {

    case 2:
        return EVP_sha1();

    case 8:
        return EVP_sha256();

    case 9:
        return EVP_sha384();

    case 10:
        return EVP_sha512();

    default:
        return NULL;
    }
}


/*
 * RFC 9580, section 3.7.1: the hash of salt and passphrase, again and again
 * up to the count, but once in any case; where a key is longer than a hash,
 * it goes on with that of the same behind one zero more.
 */

static int
openpgp_s2k(pserver_openpgp_key_t *key, const openpgp_s2k_t *s2k,
    pserver_str_t passphrase)
{
    int       rc;
    size_t    done, n, unit, units, zeros;
    u_char    repeated[OPENPGP_REPEATED], digest[EVP_MAX_MD_SIZE];
    unsigned  len;

    unit = OPENPGP_SALT_LEN + passphrase.len;
    units = sizeof(repeated) / unit;

    for (n = 0; n < units; n++) {
        memcpy(repeated + n * unit, s2k->salt, OPENPGP_SALT_LEN);
        memcpy(repeated + n * unit + OPENPGP_SALT_LEN, passphrase.data,
               passphrase.len);
    }

    rc = PSERVER_OK;
    zeros = 0;

    for (done = 0; rc == PSERVER_OK && done < key->len; done += n) {

        n = 0;

        rc = openpgp_s2k_hash(s2k, zeros++, repeated, unit, units, digest,
                              &len);

        if (rc == PSERVER_OK) {
            n = (key->len - done < len) ? key->len - done : len;
            memcpy(key->data + done, digest, n);
        }
    }

    sodium_memzero(repeated, sizeof(repeated));
    sodium_memzero(digest, sizeof(digest));

    return rc;
}


static int
openpgp_s2k_hash(const openpgp_s2k_t *s2k, size_t zeros,
    const u_char *repeated, size_t unit, size_t units,
    u_char digest[EVP_MAX_MD_SIZE], unsigned *len)
{
    int          ok;
    size_t       left, n;
    EVP_MD_CTX  *ctx;

    static const u_char  zero;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return PSERVER_NOMEM;
    }

    ok = EVP_DigestInit_ex(ctx, s2k->hash, NULL);

    while (zeros--) {
        ok = ok && EVP_DigestUpdate(ctx, &zero, 1);
    }

    for (left = (s2k->count > unit) ? s2k->count : unit; left; left -= n) {
        n = (left < unit * units) ? left : unit * units;
        ok = ok && EVP_DigestUpdate(ctx, repeated, n);
    }

    ok = ok && EVP_DigestFinal_ex(ctx, digest, len);

    EVP_MD_CTX_free(ctx);

    return ok ? PSERVER_OK : PSERVER_ERROR;
}


/* behind the S2K, under its key: cipher and key of the session */

static pserver_openpgp_reason_e
openpgp_session_key(pserver_openpgp_key_t *key, const u_char *sealed,
    size_t len)
{
    u_char                    session[1 + sizeof(key->data)];
    pserver_openpgp_reason_e  reason;

    if (len > sizeof(session)) {
        return PSERVER_OPENPGP_FORM;
    }

    memcpy(session, sealed, len);

    if (pserver_openpgp_cfb(key, session, len, 0) != PSERVER_OK) {
        return PSERVER_OPENPGP_ERROR;
    }

    key->len = openpgp_cipher(session[0]);

    reason = PSERVER_OPENPGP_CHANGED;

    if (key->len && key->len == len - 1) {
        memcpy(key->data, session + 1, key->len);
        reason = PSERVER_OPENPGP_OK;
    }

    sodium_memzero(session, sizeof(session));

    return reason;
}


int
pserver_openpgp_cfb(const pserver_openpgp_key_t *key, u_char *data,
    size_t len, int encrypt)
{
    int                n, ok;
    EVP_CIPHER_CTX    *ctx;
    const EVP_CIPHER  *cipher;

    static const u_char  iv[16];

    if (len > INT_MAX) {
        return PSERVER_ERROR;
    }

    cipher = (key->len == 16) ? EVP_aes_128_cfb128()
             : (key->len == 24) ? EVP_aes_192_cfb128() : EVP_aes_256_cfb128();

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return PSERVER_ERROR;
    }

    ok = EVP_CipherInit_ex(ctx, cipher, NULL, key->data, iv, encrypt)
         && EVP_CipherUpdate(ctx, data, &n, data, (int) len)
         && (size_t) n == len;

    EVP_CIPHER_CTX_free(ctx);

    return ok ? PSERVER_OK : PSERVER_ERROR;
}
