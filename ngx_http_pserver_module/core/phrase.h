/*
 * BIP-39: a phrase of English words, and the seed that comes from it.
 */

#ifndef _PSERVER_PHRASE_H_INCLUDED_
#define _PSERVER_PHRASE_H_INCLUDED_


#include "core.h"


#define PSERVER_PHRASE_MAX    (24 * 8 + 23)      /* bytes */
#define PSERVER_SEED_LEN      64


/* which rule a phrase breaks */

typedef enum {
    PSERVER_PHRASE_OK = 0,
    PSERVER_PHRASE_WORD_COUNT,       /* not 12, 15, 18, 21 or 24 */
    PSERVER_PHRASE_UNKNOWN_WORD,
    PSERVER_PHRASE_CHECKSUM,
    PSERVER_PHRASE_ERROR             /* a library failed */
} pserver_phrase_reason_e;


/*
 * The seed of a phrase, without a BIP-39 passphrase.  Words are in lower
 * case, apart by blanks, tabs or line ends.  On an error seed is zeros, and
 * *word is the number, from 1, of the word that is not in the list, else 0.
 * The seed is secret and the caller's to wipe.
 */
pserver_phrase_reason_e pserver_phrase_seed(u_char seed[PSERVER_SEED_LEN],
    pserver_str_t text, size_t *word);

/*
 * Back from a phrase to the entropy that it was made of: *len bytes, 16, 20,
 * 24, 28 or 32.  On an error entropy is zeros and *len is 0, and *word is as
 * above.
 */
pserver_phrase_reason_e pserver_phrase_entropy(u_char entropy[32],
    size_t *len, pserver_str_t text, size_t *word);

/*
 * The phrase of len bytes of entropy, 16, 20, 24, 28 or 32: words apart by
 * one blank, no zero at the end; returns the end.  It needs at most
 * PSERVER_PHRASE_MAX bytes.
 */
u_char *pserver_phrase_from_entropy(u_char *dst, const u_char *entropy,
    size_t len);


#endif /* _PSERVER_PHRASE_H_INCLUDED_ */
