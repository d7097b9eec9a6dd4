/*
 * Content identifiers of IPFS, see cid.h.
 */

#include <string.h>

#include "cid.h"
#include "protobuf.h"


#define CID_SCHEME        "ipfs://"

/* multihash: SHA-256, 32 bytes; CIDv1: version and codec before it */

#define CID_SHA256        0x12
#define CID_V0_LEN        34
#define CID_V1_LEN        36

#define CID_V0_TEXT       46
#define CID_V1_TEXT       59


static int cid_base32(u_char *dst, pserver_str_t text);
static int cid_base58(u_char *dst, pserver_str_t text);


int
pserver_cid_parse(pserver_str_t text, pserver_cid_t *cid)
{
    u_char         bytes[CID_V1_LEN];
    pserver_str_t  binary;

    binary.data = bytes;

    switch (text.len) {

    case CID_V0_TEXT:
        binary.len = CID_V0_LEN;

        if (cid_base58(bytes, text) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        break;

    case CID_V1_TEXT:
        binary.len = CID_V1_LEN;

        if (cid_base32(bytes, text) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        break;

    default:
        return PSERVER_INVALID;
    }

    return pserver_cid_binary(binary, cid);
}


/* version 0 begins with its multihash, and 0x12 is no version */

int
pserver_cid_binary(pserver_str_t bytes, pserver_cid_t *cid)
{
    const u_char  *p;

    p = bytes.data;

    switch (bytes.len) {

    case CID_V0_LEN:
        cid->codec = PSERVER_CID_DAG_PB;
        break;

    case CID_V1_LEN:
        if (p[0] != 1
            || (p[1] != PSERVER_CID_RAW && p[1] != PSERVER_CID_DAG_PB))
        {
            return PSERVER_INVALID;
        }

        cid->codec = p[1];
        p += 2;
        break;

    default:
        return PSERVER_INVALID;
    }

    if (p[0] != CID_SHA256 || p[1] != sizeof(cid->sha256)) {
        return PSERVER_INVALID;
    }

    memcpy(cid->sha256, p + 2, sizeof(cid->sha256));

    return PSERVER_OK;
}


int
pserver_cid_skip(pserver_str_t *bytes)
{
    uint64_t       value, len;
    const u_char  *pos, *last;

    pos = bytes->data;
    last = pos + bytes->len;

    if (bytes->len > 1 && pos[0] == CID_SHA256) {
        pos++;

    } else if (pserver_varint(&pos, last, &value) != PSERVER_OK   /* version */
               || value != 1
               || pserver_varint(&pos, last, &value) != PSERVER_OK  /* codec */
               || pserver_varint(&pos, last, &value) != PSERVER_OK)  /* hash */
    {
        return PSERVER_INVALID;
    }

    if (pserver_varint(&pos, last, &len) != PSERVER_OK
        || len > (uint64_t) (last - pos))
    {
        return PSERVER_INVALID;
    }

    bytes->data = (u_char *) pos + len;
    bytes->len = last - bytes->data;

    return PSERVER_OK;
}


int
pserver_cid_url(pserver_str_t url, pserver_str_t *text, pserver_cid_t *cid)
{
    const size_t  scheme = sizeof(CID_SCHEME) - 1;

    if (url.len < scheme || memcmp(url.data, CID_SCHEME, scheme) != 0) {
        return PSERVER_INVALID;
    }

    text->data = url.data + scheme;
    text->len = url.len - scheme;

    return pserver_cid_parse(*text, cid);
}


/* "b" and RFC 4648 base32 in lower case, unpadded, spare bits zero */

static int
cid_base32(u_char *dst, pserver_str_t text)
{
    size_t    i, n;
    u_char    ch, value;
    unsigned  bits, have;

    if (text.data[0] != 'b') {
        return PSERVER_INVALID;
    }

    bits = 0;
    have = 0;
    n = 0;

    for (i = 1; i < text.len; i++) {
        ch = text.data[i];

        if (ch >= 'a' && ch <= 'z') {
            value = ch - 'a';

        } else if (ch >= '2' && ch <= '7') {
            value = ch - '2' + 26;

        } else {
            return PSERVER_INVALID;
        }

        bits = (bits << 5 | value) & 0xfff;
        have += 5;

        if (have >= 8) {
            have -= 8;
            dst[n++] = (u_char) (bits >> have);
        }
    }

    return (bits & ((1u << have) - 1)) ? PSERVER_INVALID : PSERVER_OK;
}


/* a number of 34 bytes in base 58; the first byte is not zero */

static int
cid_base58(u_char *dst, pserver_str_t text)
{
    size_t       i, j;
    unsigned     carry;
    const char  *digit;

    static const char  alphabet[] =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    memset(dst, 0, CID_V0_LEN);

    for (i = 0; i < text.len; i++) {

        digit = memchr(alphabet, text.data[i], sizeof(alphabet) - 1);

        if (digit == NULL) {
            return PSERVER_INVALID;
        }

        carry = (unsigned) (digit - alphabet);

        for (j = CID_V0_LEN; j > 0; j--) {
            carry += dst[j - 1] * 58u;
            dst[j - 1] = (u_char) carry;
            carry >>= 8;
        }

        if (carry) {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}
