/*
 * The last anchor of a log.
 */

#include "anchored.h"
#include "bytes.h"
#include "encode.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <string.h>


#define PSERVER_ANCHORED_WORDS  (4 * 32)


static int anchored_uint64(uint64_t *value, const u_char word[32],
    uint64_t max);


const pserver_word_t  pserver_anchored_topic = { {
    0x3d, 0x0c, 0x97, 0x91, 0x22, 0x57, 0xc6, 0xad,
    0x70, 0xe8, 0xf6, 0xfc, 0x81, 0xae, 0x51, 0x8a,
    0xd3, 0xe1, 0x47, 0x34, 0xd3, 0x08, 0xb5, 0x12,
    0xc2, 0x72, 0x9c, 0xc6, 0x37, 0xa4, 0xb0, 0xb1
} };


u_char *
pserver_anchored_write(u_char *dst, const pserver_anchored_t *anchor)
{
    dst += sprintf((char *) dst, "%llu ", (unsigned long long) anchor->size);
    dst = pserver_hex_encode(dst, anchor->root, sizeof(anchor->root));

    *dst++ = '\n';

    return dst;
}


int
pserver_anchored_parse(pserver_anchored_t *anchor, pserver_str_t text)
{
    u_char         c;
    uint64_t       size;
    pserver_str_t  root;

    size = 0;
    root = text;

    for ( /* void */ ; root.len && *root.data != ' '; root.data++, root.len--)
    {
        c = *root.data;

        if (c < '0' || c > '9'
            || (size == 0 && c == '0')
            || size > (INT64_MAX - 9) / 10)
        {
            return PSERVER_INVALID;
        }

        size = size * 10 + (c - '0');
    }

    if (size == 0 || root.len != 1 + 64 + 1 || root.data[65] != '\n') {
        return PSERVER_INVALID;
    }

    root.data++;
    root.len = 64;

    if (pserver_hex_decode(anchor->root, sizeof(anchor->root), root)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    anchor->size = size;
    anchor->block = 0;

    return PSERVER_OK;
}


int
pserver_anchored_result(pserver_anchored_t *anchor, const u_char *data,
    size_t len)
{
    if (len != PSERVER_ANCHORED_WORDS
        || anchored_uint64(&anchor->size, data, INT64_MAX) != PSERVER_OK
        || anchored_uint64(&anchor->block, data + 32, INT64_MAX)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    memcpy(anchor->root, data + 96, sizeof(anchor->root));

    return PSERVER_OK;
}


int
pserver_anchored_event(pserver_anchored_t *anchor,
    const pserver_json_t *event, const pserver_address_t *contract,
    const pserver_address_t *sender, const u_char log_id[32])
{
    size_t                 len;
    u_char                 data[2 * 32];
    pserver_word_t         who;
    pserver_jsonrpc_log_t  log;

    memset(who.bytes, 0, 12);
    memcpy(who.bytes + 12, sender->bytes, 20);

    if (pserver_jsonrpc_log(event, &log) != PSERVER_OK
        || log.n != 3
        || memcmp(log.address.bytes, contract->bytes, 20) != 0
        || memcmp(log.topics[0].bytes, pserver_anchored_topic.bytes, 32) != 0
        || memcmp(log.topics[1].bytes, who.bytes, 32) != 0
        || memcmp(log.topics[2].bytes, log_id, 32) != 0
        || pserver_jsonrpc_bytes(pserver_json_get(event, "data"), data,
                                 sizeof(data), &len)
           != PSERVER_OK
        || len != sizeof(data)
        || anchored_uint64(&anchor->size, data, UINT64_MAX) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    memcpy(anchor->root, data + 32, sizeof(anchor->root));
    anchor->block = 0;

    return PSERVER_OK;
}


static int
anchored_uint64(uint64_t *value, const u_char word[32], uint64_t max)
{
    size_t  i;

    for (i = 0; i < 24; i++) {
        if (word[i]) {
            return PSERVER_INVALID;
        }
    }

    *value = pserver_get_be(word + 24, 8);

    return (*value > max) ? PSERVER_INVALID : PSERVER_OK;
}
