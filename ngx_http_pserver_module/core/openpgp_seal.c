/*
 * Writing a file as an OpenPGP message, see openpgp.h.
 */

#include "openpgp.h"

#include <string.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "bytes.h"
#include "openpgp_key.h"
#include "openpgp_packet.h"


#define OPENPGP_SKESK_LEN    13
#define OPENPGP_LITERAL_LEN  6       /* before the file: binary, no name, no
                                        date */

static u_char *openpgp_head(u_char *p, unsigned tag, size_t len);


int
pserver_openpgp_seal(u_char *dst, pserver_str_t file,
    pserver_str_t passphrase)
{
    int                     ok;
    size_t                  len;
    u_char                 *p, *start;
    pserver_str_t           skesk;
    pserver_openpgp_key_t   key;

    /* version 4, AES-256, iterated S2K with SHA-256; salt; 16 MiB */

    static const u_char  s2k[] = { 4, 9, 3, 8 };

    if (file.len > PSERVER_OPENPGP_SEAL_MAX) {
        return PSERVER_NOSPACE;
    }

    if (passphrase.len == 0
        || passphrase.len > PSERVER_OPENPGP_PASSPHRASE_MAX)
    {
        return PSERVER_INVALID;
    }

    p = dst;
    *p++ = 0xc0 | PSERVER_OPENPGP_SKESK;
    *p++ = OPENPGP_SKESK_LEN;

    skesk.data = p;
    skesk.len = OPENPGP_SKESK_LEN;

    memcpy(p, s2k, sizeof(s2k));
    randombytes_buf(p + sizeof(s2k), 8);
    p += OPENPGP_SKESK_LEN;
    p[-1] = 0xe0;

    if (pserver_openpgp_key(&key, skesk, passphrase) != PSERVER_OPENPGP_OK) {
        return PSERVER_ERROR;
    }

    /* a packet in a packet, and a prefix and a hash around it */

    len = 6 + OPENPGP_LITERAL_LEN + file.len;

    p = openpgp_head(p, PSERVER_OPENPGP_SEIPD, 1 + 18 + len + 22);
    *p++ = 1;

    start = p;

    randombytes_buf(p, 16);
    p[16] = p[14];
    p[17] = p[15];

    p = openpgp_head(p + 18, PSERVER_OPENPGP_LITERAL,
                     OPENPGP_LITERAL_LEN + file.len);
    memcpy(p, "b\0\0\0\0\0", OPENPGP_LITERAL_LEN);
    p += OPENPGP_LITERAL_LEN;

    if (file.len) {
        memcpy(p, file.data, file.len);
    }

    p += file.len;
    *p++ = 0xd3;
    *p++ = 20;

    ok = EVP_Digest(start, (size_t) (p - start), p, NULL, EVP_sha1(), NULL);
    p += 20;

    ok = ok && pserver_openpgp_cfb(&key, start, (size_t) (p - start), 1)
               == PSERVER_OK;

    sodium_memzero(&key, sizeof(key));

    if (!ok) {
        sodium_memzero(dst, pserver_openpgp_len(file.len));
        return PSERVER_ERROR;
    }

    return PSERVER_OK;
}


static u_char *
openpgp_head(u_char *p, unsigned tag, size_t len)
{
    *p++ = (u_char) (0xc0 | tag);
    *p++ = 255;

    return pserver_put_be(p, len, 4);
}
