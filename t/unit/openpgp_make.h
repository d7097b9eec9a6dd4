/*
 * OpenPGP messages with anything inside: what no tool writes.  The key is
 * that of an S2K which is salted and hashes once, so that many can be made.
 */

#ifndef _PSERVER_OPENPGP_MAKE_H_INCLUDED_
#define _PSERVER_OPENPGP_MAKE_H_INCLUDED_


#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <openssl/evp.h>


#define MAKE_PASSPHRASE  "open-sesame"
#define MAKE_PREFIX      18
#define MAKE_MDC         22


/* the head of a packet with a length of four octets; returns its end */

static inline u_char *
make_head(u_char *p, unsigned tag, size_t len)
{
    *p++ = (u_char) (0xc0 | tag);
    *p++ = 255;
    *p++ = (u_char) (len >> 24);
    *p++ = (u_char) (len >> 16);
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return p;
}


/* a message around "inside", malloc'd */

static inline u_char *
make_message(const void *inside, size_t len, size_t *size)
{
    int               n;
    u_char           *message, *p, *start, key[32], text[19];
    EVP_CIPHER_CTX   *ctx;

    static const u_char  skesk[12] = { 4, 9, 1, 8, 's', 'a', 'l', 't',
                                       's', 'a', 'l', 't' };
    static const u_char  iv[16];

    message = malloc(len + 128);

    p = make_head(message, 3, sizeof(skesk));
    memcpy(p, skesk, sizeof(skesk));
    p = make_head(p + sizeof(skesk), 18, 1 + MAKE_PREFIX + len + MAKE_MDC);
    *p++ = 1;

    start = p;

    memset(p, 'p', MAKE_PREFIX);
    p += MAKE_PREFIX;

    if (len) {
        memcpy(p, inside, len);
    }

    p += len;
    *p++ = 0xd3;
    *p++ = 20;

    EVP_Digest(start, (size_t) (p - start), p, NULL, EVP_sha1(), NULL);
    p += 20;

    memcpy(text, "saltsalt" MAKE_PASSPHRASE, 19);
    EVP_Digest(text, 19, key, NULL, EVP_sha256(), NULL);

    ctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ctx, EVP_aes_256_cfb128(), NULL, key, iv);
    EVP_EncryptUpdate(ctx, start, &n, start, (int) (p - start));
    EVP_CIPHER_CTX_free(ctx);

    *size = (size_t) (p - message);

    return message;
}


#endif /* _PSERVER_OPENPGP_MAKE_H_INCLUDED_ */
