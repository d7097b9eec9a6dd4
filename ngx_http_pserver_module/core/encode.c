/*
 * Text forms of bytes: hex, base64url, decimal.
 */

#include "encode.h"

#include <string.h>


static int pserver_hex_digit(u_char c);
static int pserver_base64url_digit(u_char c);
static int pserver_word_muladd(pserver_word_t *word, unsigned factor,
    unsigned digit);


u_char *
pserver_hex_encode(u_char *dst, const u_char *src, size_t len)
{
    static const u_char  digits[] = "0123456789abcdef";

    while (len--) {
        *dst++ = digits[*src >> 4];
        *dst++ = digits[*src++ & 0xf];
    }

    return dst;
}


int
pserver_hex_decode(u_char *dst, size_t len, pserver_str_t text)
{
    int     high, low;
    size_t  i;

    if (text.len != 2 * len) {
        return PSERVER_INVALID;
    }

    for (i = 0; i < text.len; i++) {
        if (pserver_hex_digit(text.data[i]) == -1) {
            return PSERVER_INVALID;
        }
    }

    for (i = 0; i < len; i++) {
        high = pserver_hex_digit(text.data[2 * i]);
        low = pserver_hex_digit(text.data[2 * i + 1]);
        dst[i] = (u_char) (high << 4 | low);
    }

    return PSERVER_OK;
}


int
pserver_hex0x_decode(u_char *dst, size_t len, pserver_str_t text)
{
    if (text.len < 2 || text.data[0] != '0' || text.data[1] != 'x') {
        return PSERVER_INVALID;
    }

    text.data += 2;
    text.len -= 2;

    return pserver_hex_decode(dst, len, text);
}


u_char *
pserver_base64url_encode(u_char *dst, const u_char *src, size_t len)
{
    static const u_char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    while (len > 2) {
        *dst++ = digits[src[0] >> 2];
        *dst++ = digits[(src[0] & 0x03) << 4 | src[1] >> 4];
        *dst++ = digits[(src[1] & 0x0f) << 2 | src[2] >> 6];
        *dst++ = digits[src[2] & 0x3f];

        src += 3;
        len -= 3;
    }

    if (len == 2) {
        *dst++ = digits[src[0] >> 2];
        *dst++ = digits[(src[0] & 0x03) << 4 | src[1] >> 4];
        *dst++ = digits[(src[1] & 0x0f) << 2];

    } else if (len == 1) {
        *dst++ = digits[src[0] >> 2];
        *dst++ = digits[(src[0] & 0x03) << 4];
    }

    return dst;
}


int
pserver_base64url_decode(u_char *dst, size_t cap, size_t *len,
    pserver_str_t text)
{
    int       digit;
    size_t    i;
    unsigned  bits, acc;

    if (text.len % 4 == 1) {
        return PSERVER_INVALID;
    }

    /* without the first division this product could wrap */

    if (text.len / 4 > cap || text.len / 4 * 3 + text.len % 4 * 3 / 4 > cap) {
        return PSERVER_NOSPACE;
    }

    bits = 0;
    acc = 0;
    *len = 0;

    for (i = 0; i < text.len; i++) {
        digit = pserver_base64url_digit(text.data[i]);

        if (digit == -1) {
            return PSERVER_INVALID;
        }

        acc = (acc << 6 | (unsigned) digit) & 0xfff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            dst[(*len)++] = (u_char) (acc >> bits);
        }
    }

    if (acc & ((1u << bits) - 1)) {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


int
pserver_word_parse(pserver_word_t *word, pserver_str_t text)
{
    int             digit;
    size_t          i;
    unsigned        base;
    pserver_word_t  value;

    base = 10;

    if (text.len > 2 && text.data[0] == '0' && text.data[1] == 'x') {
        base = 16;
        text.data += 2;
        text.len -= 2;

        if (text.len > 64) {
            return PSERVER_INVALID;
        }

    } else if (text.len == 0
               || text.len > PSERVER_WORD_DEC_LEN
               || (text.len > 1 && text.data[0] == '0'))
    {
        return PSERVER_INVALID;
    }

    memset(&value, 0, sizeof(pserver_word_t));

    for (i = 0; i < text.len; i++) {
        digit = pserver_hex_digit(text.data[i]);

        if (digit == -1 || (unsigned) digit >= base) {
            return PSERVER_INVALID;
        }

        if (pserver_word_muladd(&value, base, (unsigned) digit)
            != PSERVER_OK)
        {
            return PSERVER_INVALID;
        }
    }

    *word = value;

    return PSERVER_OK;
}


u_char *
pserver_word_decimal(u_char *dst, const pserver_word_t *word)
{
    u_char          text[PSERVER_WORD_DEC_LEN], *p;
    size_t          i;
    unsigned        rest, any;
    pserver_word_t  value;

    value = *word;
    p = text + sizeof(text);

    /* the long division of school, a digit of the result from each round */

    do {
        rest = 0;
        any = 0;

        for (i = 0; i < sizeof(value.bytes); i++) {
            rest = rest << 8 | value.bytes[i];
            value.bytes[i] = (u_char) (rest / 10);
            any |= value.bytes[i];
            rest %= 10;
        }

        *--p = (u_char) ('0' + rest);

    } while (any);

    i = (size_t) (text + sizeof(text) - p);
    memcpy(dst, p, i);

    return dst + i;
}


int
pserver_word_uint64(const pserver_word_t *word, uint64_t *out)
{
    size_t    i;
    uint64_t  value;

    for (i = 0; i < 24; i++) {
        if (word->bytes[i] != 0) {
            return PSERVER_INVALID;
        }
    }

    value = 0;

    for ( /* void */ ; i < 32; i++) {
        value = value << 8 | word->bytes[i];
    }

    *out = value;

    return PSERVER_OK;
}


void
pserver_word_from_uint64(pserver_word_t *word, uint64_t value)
{
    size_t  i;

    memset(word->bytes, 0, 24);

    for (i = 32; i > 24; i--) {
        word->bytes[i - 1] = (u_char) value;
        value >>= 8;
    }
}


static int
pserver_hex_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


static int
pserver_base64url_digit(u_char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    if (c == '-') {
        return 62;
    }

    if (c == '_') {
        return 63;
    }

    return -1;
}


/* word = word * factor + digit; PSERVER_INVALID beyond 2^256 - 1 */

static int
pserver_word_muladd(pserver_word_t *word, unsigned factor, unsigned digit)
{
    size_t  i;

    for (i = sizeof(word->bytes); i > 0; i--) {
        digit += word->bytes[i - 1] * factor;
        word->bytes[i - 1] = (u_char) digit;
        digit >>= 8;
    }

    return digit ? PSERVER_INVALID : PSERVER_OK;
}
