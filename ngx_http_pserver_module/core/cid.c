/*
 * Content identifiers of IPFS, see cid.h.
 */

#include <string.h>

#include <sodium.h>

#include "cid.h"


#define CID_SCHEME        "ipfs://"

/* multihash: SHA-256, 32 bytes; CIDv1: version and codec before it */

#define CID_SHA256        0x12
#define CID_V0_LEN        34
#define CID_V1_LEN        36

#define CID_V0_TEXT       46
#define CID_V1_TEXT       59

/* fields of protocol buffers: number << 3 | wire type */

#define CID_PB_VARINT     0
#define CID_PB_BYTES      2
#define CID_PB(n, type)   ((n) << 3 | (type))

#define CID_NODE_DATA     CID_PB(1, CID_PB_BYTES)
#define CID_FILE_TYPE     CID_PB(1, CID_PB_VARINT)
#define CID_FILE_DATA     CID_PB(2, CID_PB_BYTES)
#define CID_FILE_SIZE     CID_PB(3, CID_PB_VARINT)

#define CID_TYPE_RAW      0
#define CID_TYPE_FILE     2


static int cid_base32(u_char *dst, pserver_str_t text);
static int cid_base58(u_char *dst, pserver_str_t text);
static int cid_unixfs(const u_char *block, size_t len,
    pserver_str_t *content);
static int cid_varint(const u_char **pos, const u_char *last,
    uint64_t *value);
static int cid_field(const u_char **pos, const u_char *last, uint64_t *key,
    uint64_t *value, pserver_str_t *bytes);


int
pserver_cid_parse(pserver_str_t text, pserver_cid_t *cid)
{
    u_char  bytes[CID_V1_LEN];

    if (text.len == CID_V0_TEXT) {

        if (cid_base58(bytes, text) != PSERVER_OK
            || bytes[0] != CID_SHA256
            || bytes[1] != sizeof(cid->sha256))
        {
            return PSERVER_INVALID;
        }

        cid->codec = PSERVER_CID_DAG_PB;
        memcpy(cid->sha256, bytes + 2, sizeof(cid->sha256));

        return PSERVER_OK;
    }

    if (text.len != CID_V1_TEXT
        || cid_base32(bytes, text) != PSERVER_OK
        || bytes[0] != 1
        || (bytes[1] != PSERVER_CID_RAW && bytes[1] != PSERVER_CID_DAG_PB)
        || bytes[2] != CID_SHA256
        || bytes[3] != sizeof(cid->sha256))
    {
        return PSERVER_INVALID;
    }

    cid->codec = bytes[1];
    memcpy(cid->sha256, bytes + 4, sizeof(cid->sha256));

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


int
pserver_cid_content(const pserver_cid_t *cid, const u_char *block, size_t len,
    pserver_str_t *content)
{
    u_char  sha256[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(sha256, block, len);

    if (memcmp(sha256, cid->sha256, sizeof(sha256)) != 0) {
        return PSERVER_INVALID;
    }

    if (cid->codec == PSERVER_CID_DAG_PB) {
        return cid_unixfs(block, len, content);
    }

    content->data = (u_char *) block;
    content->len = len;

    return PSERVER_OK;
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


/* dag-pb: a node with Data and no Links; in it UnixFS: a File with Data */

static int
cid_unixfs(const u_char *block, size_t len, pserver_str_t *content)
{
    uint64_t       key, value, type, size;
    pserver_str_t  node, bytes;
    const u_char  *pos, *last;

    pos = block;
    last = block + len;

    if (cid_field(&pos, last, &key, &value, &node) != PSERVER_OK
        || key != CID_NODE_DATA
        || pos != last)
    {
        return PSERVER_INVALID;
    }

    content->data = node.data;
    content->len = 0;

    type = UINT64_MAX;
    size = UINT64_MAX;

    pos = node.data;
    last = node.data + node.len;

    while (pos != last) {

        if (cid_field(&pos, last, &key, &value, &bytes) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        switch (key) {

        case CID_FILE_TYPE:
            type = value;
            break;

        case CID_FILE_DATA:
            *content = bytes;
            break;

        case CID_FILE_SIZE:
            size = value;
            break;

        default:
            return PSERVER_INVALID;
        }
    }

    if ((type != CID_TYPE_RAW && type != CID_TYPE_FILE)
        || (size != UINT64_MAX && size != content->len))
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
cid_field(const u_char **pos, const u_char *last, uint64_t *key,
    uint64_t *value, pserver_str_t *bytes)
{
    if (cid_varint(pos, last, key) != PSERVER_OK
        || cid_varint(pos, last, value) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    switch (*key & 7) {

    case CID_PB_VARINT:
        return PSERVER_OK;

    case CID_PB_BYTES:
        if (*value > (uint64_t) (last - *pos)) {
            return PSERVER_INVALID;
        }

        bytes->data = (u_char *) *pos;
        bytes->len = (size_t) *value;
        *pos += bytes->len;

        return PSERVER_OK;

    default:
        return PSERVER_INVALID;
    }
}


static int
cid_varint(const u_char **pos, const u_char *last, uint64_t *value)
{
    u_char    ch;
    unsigned  shift;

    *value = 0;

    for (shift = 0; shift < 63; shift += 7) {

        if (*pos == last) {
            return PSERVER_INVALID;
        }

        ch = *(*pos)++;
        *value |= (uint64_t) (ch & 0x7f) << shift;

        if (ch < 0x80) {
            return PSERVER_OK;
        }
    }

    return PSERVER_INVALID;
}
