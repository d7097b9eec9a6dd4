/*
 * BIP-39.
 */

#include "phrase.h"
#include "wordlist.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>


#define PSERVER_PHRASE_WORDS   24    /* at most */
#define PSERVER_PHRASE_BITS    11    /* a word */
#define PSERVER_PHRASE_BYTES   33    /* 24 words, the checksum among them */
#define PSERVER_PHRASE_ROUNDS  2048

#define pserver_phrase_blank(c)                                               \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


typedef struct {
    u_char                text[PSERVER_PHRASE_MAX];   /* one blank between */
    size_t                len;
    u_char                bytes[PSERVER_PHRASE_BYTES];
    size_t                words;
} pserver_phrase_t;


static pserver_phrase_reason_e pserver_phrase_parse(pserver_phrase_t *phrase,
    pserver_str_t text, size_t *word);
static pserver_str_t pserver_phrase_next(pserver_str_t *text);
static int pserver_phrase_add(pserver_phrase_t *phrase, pserver_str_t word);
static int pserver_phrase_find(pserver_str_t word);
static pserver_phrase_reason_e pserver_phrase_checksum(
    const pserver_phrase_t *phrase);


pserver_phrase_reason_e
pserver_phrase_seed(u_char seed[PSERVER_SEED_LEN], pserver_str_t text,
    size_t *word)
{
    pserver_phrase_t         phrase;
    pserver_phrase_reason_e  reason;

    static const u_char  salt[] = "mnemonic";

    reason = pserver_phrase_parse(&phrase, text, word);

    if (reason == PSERVER_PHRASE_OK) {
        reason = pserver_phrase_checksum(&phrase);
    }

    if (reason == PSERVER_PHRASE_OK
        && PKCS5_PBKDF2_HMAC((char *) phrase.text, (int) phrase.len, salt,
                             sizeof(salt) - 1, PSERVER_PHRASE_ROUNDS,
                             EVP_sha512(), PSERVER_SEED_LEN, seed)
           != 1)
    {
        reason = PSERVER_PHRASE_ERROR;
    }

    if (reason != PSERVER_PHRASE_OK) {
        sodium_memzero(seed, PSERVER_SEED_LEN);
    }

    sodium_memzero(&phrase, sizeof(pserver_phrase_t));

    return reason;
}


pserver_phrase_reason_e
pserver_phrase_entropy(u_char entropy[32], size_t *len, pserver_str_t text,
    size_t *word)
{
    pserver_phrase_t         phrase;
    pserver_phrase_reason_e  reason;

    memset(entropy, 0, 32);
    *len = 0;

    reason = pserver_phrase_parse(&phrase, text, word);

    if (reason == PSERVER_PHRASE_OK) {
        reason = pserver_phrase_checksum(&phrase);
    }

    if (reason == PSERVER_PHRASE_OK) {
        *len = phrase.words / 3 * 4;
        memcpy(entropy, phrase.bytes, *len);
    }

    sodium_memzero(&phrase, sizeof(pserver_phrase_t));

    return reason;
}


u_char *
pserver_phrase_from_entropy(u_char *dst, const u_char *entropy, size_t len)
{
    u_char    bytes[PSERVER_PHRASE_BYTES], hash[32];
    size_t    bit, bits, size;
    unsigned  n;

    crypto_hash_sha256(hash, entropy, len);

    memcpy(bytes, entropy, len);
    bytes[len] = hash[0];

    bits = len * 8 + len / 4;
    n = 0;

    for (bit = 0; bit < bits; bit++) {

        n = n << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);

        if (bit % PSERVER_PHRASE_BITS != PSERVER_PHRASE_BITS - 1) {
            continue;
        }

        if (bit >= PSERVER_PHRASE_BITS) {
            *dst++ = ' ';
        }

        size = strlen(pserver_wordlist[n]);
        memcpy(dst, pserver_wordlist[n], size);

        dst += size;
        n = 0;
    }

    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(hash, sizeof(hash));

    return dst;
}


static pserver_phrase_reason_e
pserver_phrase_parse(pserver_phrase_t *phrase, pserver_str_t text,
    size_t *unknown)
{
    pserver_str_t  word;

    memset(phrase, 0, sizeof(pserver_phrase_t));

    *unknown = 0;

    for ( ;; ) {
        word = pserver_phrase_next(&text);

        if (word.len == 0) {
            break;
        }

        if (phrase->words == PSERVER_PHRASE_WORDS) {
            return PSERVER_PHRASE_WORD_COUNT;
        }

        if (pserver_phrase_add(phrase, word) != PSERVER_OK) {
            *unknown = phrase->words + 1;
            return PSERVER_PHRASE_UNKNOWN_WORD;
        }
    }

    if (phrase->words < 12 || phrase->words % 3) {
        return PSERVER_PHRASE_WORD_COUNT;
    }

    return PSERVER_PHRASE_OK;
}


/* takes a word off the text; of length 0 when there is none left */

static pserver_str_t
pserver_phrase_next(pserver_str_t *text)
{
    pserver_str_t  word;

    while (text->len && pserver_phrase_blank(*text->data)) {
        text->data++;
        text->len--;
    }

    word.data = text->data;
    word.len = 0;

    while (text->len && !pserver_phrase_blank(*text->data)) {
        text->data++;
        text->len--;
        word.len++;
    }

    return word;
}


static int
pserver_phrase_add(pserver_phrase_t *phrase, pserver_str_t word)
{
    int     n;
    size_t  i, bit;

    n = pserver_phrase_find(word);

    if (n == -1) {
        return PSERVER_INVALID;
    }

    bit = phrase->words++ * PSERVER_PHRASE_BITS;

    for (i = 0; i < PSERVER_PHRASE_BITS; i++, bit++) {
        if (n >> (PSERVER_PHRASE_BITS - 1 - i) & 1) {
            phrase->bytes[bit / 8] |= (u_char) (0x80 >> bit % 8);
        }
    }

    if (phrase->len) {
        phrase->text[phrase->len++] = ' ';
    }

    memcpy(phrase->text + phrase->len, word.data, word.len);
    phrase->len += word.len;

    return PSERVER_OK;
}


static int
pserver_phrase_find(pserver_str_t word)
{
    int     n, low, high, middle;
    char    text[sizeof(pserver_wordlist[0])];

    if (word.len >= sizeof(text)) {
        return -1;
    }

    memset(text, 0, sizeof(text));
    memcpy(text, word.data, word.len);

    low = 0;
    high = 2047;

    while (low <= high) {
        middle = (low + high) / 2;
        n = memcmp(text, pserver_wordlist[middle], sizeof(text));

        if (n == 0) {
            sodium_memzero(text, sizeof(text));
            return middle;
        }

        if (n < 0) {
            high = middle - 1;

        } else {
            low = middle + 1;
        }
    }

    return -1;
}


/* a third of a bit of the checksum a word: the last bits, from SHA-256 */

static pserver_phrase_reason_e
pserver_phrase_checksum(const pserver_phrase_t *phrase)
{
    u_char  hash[32], mask;
    size_t  len;

    len = phrase->words / 3 * 4;
    mask = (u_char) (0xff << (8 - phrase->words / 3));

    crypto_hash_sha256(hash, phrase->bytes, len);

    return ((hash[0] ^ phrase->bytes[len]) & mask)
           ? PSERVER_PHRASE_CHECKSUM : PSERVER_PHRASE_OK;
}
