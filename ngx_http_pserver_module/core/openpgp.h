/*
 * A file encrypted with a passphrase, as an OpenPGP message (RFC 9580):
 *
 *   SKESK version 4        the passphrase's key, S2K salted or iterated
 *   SEIPD version 1        AES in CFB, with the SHA-1 of all (MDC)
 *     literal data         the file; or, compressed with ZIP or ZLIB,
 *     compressed data      exactly one literal data packet
 *
 * That and nothing else: no armor, no second passphrase, no public keys, no
 * signatures, nothing deeper.  So all work has a bound that is known before
 * it begins: one S2K of at most 65011712 bytes, one pass over the message,
 * one decompression up to the limit.  Nothing of the message is looked at
 * before its integrity holds.
 */

#ifndef _PSERVER_OPENPGP_H_INCLUDED_
#define _PSERVER_OPENPGP_H_INCLUDED_


#include "core.h"


#define PSERVER_OPENPGP_PASSPHRASE_MAX  1024

/* the longest message for a file of n bytes: compression may add to it, and
   parts have lengths */
#define pserver_openpgp_max(n)  ((n) + (n) / 64 + 8192)


/* why a message was not opened */

typedef enum {
    PSERVER_OPENPGP_OK = 0,
    PSERVER_OPENPGP_FORM,            /* no message of this form */
    PSERVER_OPENPGP_UNPROTECTED,     /* without integrity protection */
    PSERVER_OPENPGP_ALGORITHM,       /* a version, cipher, hash or S2K that is
                                        not taken */
    PSERVER_OPENPGP_CHANGED,         /* another passphrase, or changed */
    PSERVER_OPENPGP_CONTENT,         /* whole, but not one file */
    PSERVER_OPENPGP_TOO_LARGE,       /* the file is over the limit */
    PSERVER_OPENPGP_ERROR            /* no memory, or a library failed */
} pserver_openpgp_reason_e;


/*
 * Opens a message in the len bytes at "message", which is overwritten with
 * parts of the plaintext: the caller wipes it in any case.  The file, at
 * most "limit" bytes, is content, malloc'd: the caller wipes and frees it.
 * After another reason than OK there is none.
 */
pserver_openpgp_reason_e pserver_openpgp_open(u_char *message, size_t len,
    pserver_str_t passphrase, size_t limit, pserver_str_t *content);

/* of the message that seal writes for a file of n bytes */
#define pserver_openpgp_len(n)  ((n) + 74)

#define PSERVER_OPENPGP_SEAL_MAX  (1 << 30)


/*
 * Writes such a message for a file: pserver_openpgp_len(file.len) bytes at
 * dst, which do not overlap with it.  AES-256, SHA-256 over 16 MiB, no
 * compression.  PSERVER_INVALID: the passphrase is empty or too long;
 * PSERVER_NOSPACE: the file is over PSERVER_OPENPGP_SEAL_MAX; PSERVER_ERROR.
 */
int pserver_openpgp_seal(u_char *dst, pserver_str_t file,
    pserver_str_t passphrase);

/* for a log: a constant, a sentence about the file */
const char *pserver_openpgp_reason(pserver_openpgp_reason_e reason);


#endif /* _PSERVER_OPENPGP_H_INCLUDED_ */
