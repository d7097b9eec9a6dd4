/*
 * AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits and a tag of 128,
 * through OpenSSL's EVP, in a context that is used again and allocates
 * nothing once its key is set.  A context is used by one thread at a time.
 */

#ifndef _PSERVER_GCM_H_INCLUDED_
#define _PSERVER_GCM_H_INCLUDED_


#include "core.h"


#define PSERVER_GCM_KEY_LEN    32
#define PSERVER_GCM_NONCE_LEN  12
#define PSERVER_GCM_TAG_LEN    16


typedef struct {
    void                 *cipher;
} pserver_gcm_t;


/*
 * Sets the key; the first call, for which the structure is zeroed,
 * allocates.  PSERVER_NOMEM, PSERVER_ERROR.  A context in which a key was
 * set is freed, and with it the key wiped, by pserver_gcm_free().
 */
int pserver_gcm_key(pserver_gcm_t *gcm, const u_char key[32]);
void pserver_gcm_free(pserver_gcm_t *gcm);

/*
 * Writes len + 16 bytes to dst: ciphertext and tag.  dst may be src, else
 * they do not overlap.  len is at most 2^30.  PSERVER_ERROR.
 */
int pserver_gcm_seal(pserver_gcm_t *gcm, u_char *dst, const u_char *src,
    size_t len, const u_char nonce[12], pserver_str_t ad);

/*
 * Opens len bytes, ciphertext and tag, and writes len - 16 to dst, which
 * may be src.  PSERVER_INVALID if they are not what was sealed: dst is then
 * zeroed.
 */
int pserver_gcm_open(pserver_gcm_t *gcm, u_char *dst, const u_char *src,
    size_t len, const u_char nonce[12], pserver_str_t ad);


#endif /* _PSERVER_GCM_H_INCLUDED_ */
