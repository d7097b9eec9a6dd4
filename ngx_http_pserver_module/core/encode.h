/*
 * Text forms of bytes: hex with and without 0x, base64url without padding
 * (RFC 4648, section 5), decimal of a uint256.  Input is taken in exactly
 * one form, so that two texts never stand for the same bytes unless the
 * function says so.
 */

#ifndef _PSERVER_ENCODE_H_INCLUDED_
#define _PSERVER_ENCODE_H_INCLUDED_


#include "core.h"


/* writes 2 * len lower-case digits, no 0x, no zero; returns the end */
u_char *pserver_hex_encode(u_char *dst, const u_char *src, size_t len);

/*
 * Decodes exactly 2 * len digits of either case, no 0x, into len bytes.
 * PSERVER_INVALID if text has another length or another character.
 */
int pserver_hex_decode(u_char *dst, size_t len, pserver_str_t text);

/* the same with a leading "0x", which must be there */
int pserver_hex0x_decode(u_char *dst, size_t len, pserver_str_t text);

#define pserver_base64url_len(n)  (((n) * 4 + 2) / 3)

/* writes pserver_base64url_len(len) characters; returns the end */
u_char *pserver_base64url_encode(u_char *dst, const u_char *src, size_t len);

/*
 * Decodes canonical unpadded base64url: spare bits must be zero.  Writes at
 * most cap bytes and their number into *len; (text.len * 3) / 4 are enough.
 * PSERVER_NOSPACE if they would be more than cap.
 */
int pserver_base64url_decode(u_char *dst, size_t cap, size_t *len,
    pserver_str_t text);

/*
 * Decimal digits without leading zeros, or 0x and 1 to 64 hex digits, so one
 * number has many texts.  PSERVER_INVALID beyond 2^256-1.
 */
int pserver_word_parse(pserver_word_t *word, pserver_str_t text);

#define PSERVER_WORD_DEC_LEN  78

/* decimal without leading zeros, at most 78 characters; returns the end */
u_char *pserver_word_decimal(u_char *dst, const pserver_word_t *word);

/* PSERVER_INVALID where the word does not fit */
int pserver_word_uint64(const pserver_word_t *word, uint64_t *out);
void pserver_word_from_uint64(pserver_word_t *word, uint64_t value);


#endif /* _PSERVER_ENCODE_H_INCLUDED_ */
