/*
 * The contract ABI, see abi.h.
 */

#include <string.h>

#include "abi.h"
#include "bytes.h"


#define ABI_WORD  sizeof(pserver_word_t)


static const struct {
    uint32_t              selector;
    size_t                args;
} abi_functions[] = {
    { 0x58886dba, 1 },               /* permissions */
    { 0xd11bf955, 1 },               /* granteesV2 */
    { 0x3ca017f7, 1 },               /* grantees */
    { 0x3905158a, 1 },               /* granteeAddressToId */
    { 0xf4c714b4, 1 },               /* files */
    { 0x60f1c43a, 2 },               /* filePermissions */
    { 0xef32b146, 1 },               /* serverByAddress */
    { 0xa1c004b2, 2 }                /* userServers */
};


/* keccak256 of the events' signatures: added, revoked */

const pserver_word_t  pserver_abi_topics[PSERVER_ABI_TOPICS] = {
    {{
        0x2c, 0xff, 0x87, 0x23, 0x06, 0x08, 0xe7, 0x1e,
        0xc9, 0x91, 0xee, 0x72, 0x12, 0xc0, 0xcc, 0x86,
        0x1c, 0x08, 0xb2, 0x75, 0xec, 0xc3, 0x07, 0x16,
        0xcd, 0xc7, 0x68, 0x1c, 0xc0, 0xfd, 0xc2, 0x88
    }},
    {{
        0xc8, 0xa9, 0xa6, 0xa1, 0x81, 0xcb, 0x55, 0xee,
        0xd6, 0x15, 0x6d, 0x6d, 0xd7, 0x8a, 0x38, 0xf7,
        0x24, 0x34, 0x4c, 0x00, 0x42, 0x8a, 0x25, 0x64,
        0x35, 0xc0, 0x07, 0xf2, 0xbc, 0xf3, 0x51, 0x14
    }}
};


/*
 * A tuple being read: its words one after the other, and with them the
 * tails of its strings and arrays, in the same order.
 */

typedef struct {
    const u_char         *base;      /* what offsets are counted from */
    const u_char         *head;      /* the next word of the tuple */
    const u_char         *heads;     /* the end of the words */
    const u_char         *tail;      /* the next byte of the tails */
    const u_char         *last;
    int                   broken;
} abi_reader_t;


static int abi_open(abi_reader_t *r, const u_char *data, size_t len,
    size_t words);
static int abi_open_struct(abi_reader_t *r, const u_char *data, size_t len,
    size_t words);
static int abi_close(abi_reader_t *r);
static void abi_uint(abi_reader_t *r, pserver_word_t *out);
static void abi_address(abi_reader_t *r, pserver_address_t *out);
static size_t abi_tail(abi_reader_t *r, size_t unit);
static void abi_string(abi_reader_t *r, pserver_str_t *out);
static void abi_words(abi_reader_t *r, const u_char **out, size_t *n);
static int abi_is(const u_char *word, size_t value);


size_t
pserver_abi_call(u_char dst[PSERVER_ABI_CALL_MAX],
    pserver_abi_function_e function, const pserver_word_t *args)
{
    size_t   i;
    u_char  *p;

    p = pserver_put_be(dst, abi_functions[function].selector, 4);

    for (i = 0; i < abi_functions[function].args; i++) {
        memcpy(p, args[i].bytes, ABI_WORD);
        p += ABI_WORD;
    }

    return (size_t) (p - dst);
}


void
pserver_abi_address(pserver_word_t *word, const pserver_address_t *address)
{
    memset(word->bytes, 0, 12);
    memcpy(word->bytes + 12, address->bytes, 20);
}


int
pserver_abi_permission(const u_char *data, size_t len,
    pserver_abi_permission_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open_struct(&r, data, len, 8);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_uint(&r, &out->id);
    abi_address(&r, &out->grantor);
    abi_uint(&r, &out->nonce);
    abi_uint(&r, &out->grantee_id);
    abi_string(&r, &out->grant);
    abi_uint(&r, &out->start_block);
    abi_uint(&r, &out->end_block);
    abi_words(&r, &out->file_ids, &out->files);

    return abi_close(&r);
}


int
pserver_abi_grantee_v2(const u_char *data, size_t len,
    pserver_abi_grantee_t *out)
{
    int             rc;
    abi_reader_t    r;
    pserver_word_t  count;

    rc = abi_open_struct(&r, data, len, 4);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_address(&r, &out->owner);
    abi_address(&r, &out->address);
    abi_string(&r, &out->public_key);
    abi_uint(&r, &count);

    return abi_close(&r);
}


int
pserver_abi_grantee(const u_char *data, size_t len,
    pserver_abi_grantee_t *out)
{
    int            rc;
    size_t         n;
    abi_reader_t   r;
    const u_char  *permissions;

    rc = abi_open_struct(&r, data, len, 4);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_address(&r, &out->owner);
    abi_address(&r, &out->address);
    abi_string(&r, &out->public_key);
    abi_words(&r, &permissions, &n);

    return abi_close(&r);
}


int
pserver_abi_file(const u_char *data, size_t len, pserver_abi_file_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open_struct(&r, data, len, 5);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_uint(&r, &out->id);
    abi_address(&r, &out->owner);
    abi_string(&r, &out->url);
    abi_uint(&r, &out->schema_id);
    abi_uint(&r, &out->added_at_block);

    return abi_close(&r);
}


int
pserver_abi_server(const u_char *data, size_t len, pserver_abi_server_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open_struct(&r, data, len, 5);

    if (rc != PSERVER_OK) {
        return rc;
    }

    memset(out, 0, sizeof(pserver_abi_server_t));

    abi_uint(&r, &out->id);
    abi_address(&r, &out->owner);
    abi_address(&r, &out->address);
    abi_string(&r, &out->public_key);
    abi_string(&r, &out->url);

    return abi_close(&r);
}


int
pserver_abi_user_server(const u_char *data, size_t len,
    pserver_abi_server_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open_struct(&r, data, len, 7);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_uint(&r, &out->id);
    abi_address(&r, &out->owner);
    abi_address(&r, &out->address);
    abi_string(&r, &out->public_key);
    abi_string(&r, &out->url);
    abi_uint(&r, &out->start_block);
    abi_uint(&r, &out->end_block);

    return abi_close(&r);
}


int
pserver_abi_string(const u_char *data, size_t len, pserver_str_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open(&r, data, len, 1);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_string(&r, out);

    return abi_close(&r);
}


int
pserver_abi_uint(const u_char *data, size_t len, pserver_word_t *out)
{
    int           rc;
    abi_reader_t  r;

    rc = abi_open(&r, data, len, 1);

    if (rc != PSERVER_OK) {
        return rc;
    }

    abi_uint(&r, out);

    return abi_close(&r);
}


int
pserver_abi_event(const pserver_word_t *topics, size_t n,
    pserver_abi_event_e *event, pserver_word_t *permission)
{
    if (n == 4
        && memcmp(&topics[0], &pserver_abi_topics[0], ABI_WORD) == 0)
    {
        *event = PSERVER_ABI_PERMISSION_ADDED;

    } else if (n == 2
               && memcmp(&topics[0], &pserver_abi_topics[1], ABI_WORD) == 0)
    {
        *event = PSERVER_ABI_PERMISSION_REVOKED;

    } else {
        return PSERVER_INVALID;
    }

    *permission = topics[1];

    return PSERVER_OK;
}


static int
abi_open(abi_reader_t *r, const u_char *data, size_t len, size_t words)
{
    if (len == 0) {
        return PSERVER_AGAIN;
    }

    if (len < words * ABI_WORD) {
        return PSERVER_INVALID;
    }

    r->base = data;
    r->head = data;
    r->heads = data + words * ABI_WORD;
    r->tail = r->heads;
    r->last = data + len;
    r->broken = 0;

    return PSERVER_OK;
}


/* a struct with strings stands behind an offset of its own */

static int
abi_open_struct(abi_reader_t *r, const u_char *data, size_t len, size_t words)
{
    if (len == 0) {
        return PSERVER_AGAIN;
    }

    if (len < ABI_WORD || !abi_is(data, ABI_WORD)) {
        return PSERVER_INVALID;
    }

    if (len == ABI_WORD) {
        return PSERVER_INVALID;
    }

    return abi_open(r, data + ABI_WORD, len - ABI_WORD, words);
}


static int
abi_close(abi_reader_t *r)
{
    if (r->broken || r->head != r->heads || r->tail != r->last) {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static void
abi_uint(abi_reader_t *r, pserver_word_t *out)
{
    memcpy(out->bytes, r->head, ABI_WORD);
    r->head += ABI_WORD;
}


static void
abi_address(abi_reader_t *r, pserver_address_t *out)
{
    static const u_char  zeros[12];

    if (memcmp(r->head, zeros, 12) != 0) {
        r->broken = 1;
    }

    memcpy(out->bytes, r->head + 12, 20);
    r->head += ABI_WORD;
}


/*
 * Takes the offset, which must be where the tails have got to, and the
 * number of elements there, for which there must be room.
 */

static size_t
abi_tail(abi_reader_t *r, size_t unit)
{
    size_t    room;
    uint64_t  n;

    if (!abi_is(r->head, (size_t) (r->tail - r->base))) {
        r->broken = 1;
    }

    r->head += ABI_WORD;

    if (r->broken || (size_t) (r->last - r->tail) < ABI_WORD) {
        r->broken = 1;
        return 0;
    }

    room = (size_t) (r->last - r->tail) - ABI_WORD;
    n = pserver_get_be(r->tail + ABI_WORD - 8, 8);

    if (n > room / unit || !abi_is(r->tail, (size_t) n)) {
        r->broken = 1;
        return 0;
    }

    r->tail += ABI_WORD;

    return (size_t) n;
}


static void
abi_string(abi_reader_t *r, pserver_str_t *out)
{
    size_t  n, padding;

    n = abi_tail(r, 1);

    out->data = (u_char *) r->tail;
    out->len = n;

    padding = (ABI_WORD - n % ABI_WORD) % ABI_WORD;

    if (r->broken || (size_t) (r->last - r->tail) - n < padding) {
        r->broken = 1;
        return;
    }

    r->tail += n;

    while (padding) {
        if (*r->tail++ != 0) {
            r->broken = 1;
        }

        padding--;
    }
}


static void
abi_words(abi_reader_t *r, const u_char **out, size_t *n)
{
    *n = abi_tail(r, ABI_WORD);
    *out = r->tail;

    r->tail += *n * ABI_WORD;
}


static int
abi_is(const u_char *word, size_t value)
{
    u_char  expected[ABI_WORD];

    pserver_put_be(expected, 0, ABI_WORD - 8);
    pserver_put_be(expected + ABI_WORD - 8, value, 8);

    return memcmp(word, expected, ABI_WORD) == 0;
}
