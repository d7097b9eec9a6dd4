/*
 * AES-256-GCM through OpenSSL's EVP.
 */

#include "gcm.h"

#include <pthread.h>
#include <string.h>
#include <sodium.h>
#include <openssl/evp.h>


static const EVP_CIPHER *pserver_gcm_cipher(void);
static void pserver_gcm_fetch(void);


/* what EVP_aes_256_gcm() stands for is looked up each time that it is set */

static pthread_once_t     pserver_gcm_once = PTHREAD_ONCE_INIT;
static const EVP_CIPHER  *pserver_gcm_aes;


int
pserver_gcm_key(pserver_gcm_t *gcm, const u_char key[32])
{
    const EVP_CIPHER  *cipher;

    /* an algorithm once set is kept: setting it again fetches it again */

    cipher = NULL;

    if (gcm->cipher == NULL) {
        gcm->cipher = EVP_CIPHER_CTX_new();
        if (gcm->cipher == NULL) {
            return PSERVER_NOMEM;
        }

        cipher = pserver_gcm_cipher();
    }

    if (EVP_CipherInit_ex(gcm->cipher, cipher, NULL, key, NULL, 1) != 1) {
        pserver_gcm_free(gcm);
        return PSERVER_ERROR;
    }

    return PSERVER_OK;
}


static const EVP_CIPHER *
pserver_gcm_cipher(void)
{
    (void) pthread_once(&pserver_gcm_once, pserver_gcm_fetch);

    return pserver_gcm_aes ? pserver_gcm_aes : EVP_aes_256_gcm();
}


/* for the life of the process */

static void
pserver_gcm_fetch(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    pserver_gcm_aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
#endif
}


void
pserver_gcm_free(pserver_gcm_t *gcm)
{
    EVP_CIPHER_CTX_free(gcm->cipher);
    gcm->cipher = NULL;
}


int
pserver_gcm_seal(pserver_gcm_t *gcm, u_char *dst, const u_char *src,
    size_t len, const u_char nonce[12], pserver_str_t ad)
{
    int              n;
    EVP_CIPHER_CTX  *ctx;

    ctx = gcm->cipher;

    if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, 1) != 1) {
        return PSERVER_ERROR;
    }

    if (ad.len != 0
        && EVP_CipherUpdate(ctx, NULL, &n, ad.data, (int) ad.len) != 1)
    {
        return PSERVER_ERROR;
    }

    if (len != 0
        && EVP_CipherUpdate(ctx, dst, &n, src, (int) len) != 1)
    {
        return PSERVER_ERROR;
    }

    if (EVP_CipherFinal_ex(ctx, dst + len, &n) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
                               PSERVER_GCM_TAG_LEN, dst + len)
           != 1)
    {
        return PSERVER_ERROR;
    }

    return PSERVER_OK;
}


int
pserver_gcm_open(pserver_gcm_t *gcm, u_char *dst, const u_char *src,
    size_t len, const u_char nonce[12], pserver_str_t ad)
{
    int              n;
    u_char           tag[PSERVER_GCM_TAG_LEN], none[1];
    EVP_CIPHER_CTX  *ctx;

    if (len < PSERVER_GCM_TAG_LEN) {
        return PSERVER_INVALID;
    }

    ctx = gcm->cipher;
    len -= PSERVER_GCM_TAG_LEN;

    /* dst may be src, the tag is read before anything is written */

    memcpy(tag, src + len, PSERVER_GCM_TAG_LEN);

    if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, 0) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                               PSERVER_GCM_TAG_LEN, tag)
           != 1)
    {
        return PSERVER_ERROR;
    }

    if (ad.len != 0
        && EVP_CipherUpdate(ctx, NULL, &n, ad.data, (int) ad.len) != 1)
    {
        return PSERVER_ERROR;
    }

    if (len != 0
        && EVP_CipherUpdate(ctx, dst, &n, src, (int) len) != 1)
    {
        sodium_memzero(dst, len);
        return PSERVER_ERROR;
    }

    if (EVP_CipherFinal_ex(ctx, none, &n) != 1) {
        sodium_memzero(dst, len);
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}
