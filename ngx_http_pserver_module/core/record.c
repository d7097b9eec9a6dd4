/*
 * A record of the log's file.
 */

#include "record.h"
#include "bytes.h"
#include "merkle.h"
#include "sha256.h"

#include <string.h>


#define PSERVER_RECORD_MAGIC  0x50535231      /* "PSR1" */


static void pserver_record_sum(u_char sum[32], const u_char *head,
    const u_char leaf[32], pserver_str_t box);


u_char *
pserver_record_write(u_char *dst, const pserver_record_t *record,
    const u_char leaf[32])
{
    u_char  *p;

    p = pserver_put_be(dst, PSERVER_RECORD_MAGIC, 4);
    p = pserver_put_be(p, record->entry.len, 2);
    p = pserver_put_be(p, record->box.len, 2);
    p = pserver_put_be(p, record->root, 4);
    p = pserver_put_be(p, record->batch, 8);
    p = pserver_put_be(p, record->previous, 8);
    p = pserver_put_be(p, record->counter, 8);

    memcpy(p, record->id, 32);
    p += 32;

    memcpy(p, record->entry.data, record->entry.len);
    p += record->entry.len;

    memcpy(p, record->box.data, record->box.len);
    p += record->box.len;

    pserver_record_sum(p, dst, leaf, record->box);

    return p + PSERVER_RECORD_SUM_LEN;
}


size_t
pserver_record_head(pserver_record_t *record, const u_char *head)
{
    const u_char  *p;

    p = head;

    if (pserver_get_be(p, 4) != PSERVER_RECORD_MAGIC) {
        return 0;
    }

    record->entry.len = (size_t) pserver_get_be(p + 4, 2);
    record->box.len = (size_t) pserver_get_be(p + 6, 2);
    record->root = (uint32_t) pserver_get_be(p + 8, 4);
    record->batch = pserver_get_be(p + 12, 8);
    record->previous = pserver_get_be(p + 20, 8);
    record->counter = pserver_get_be(p + 28, 8);

    memcpy(record->id, p + 36, 32);

    record->entry.data = NULL;
    record->box.data = NULL;

    return pserver_record_len(record->entry.len, record->box.len);
}


int
pserver_record_parse(pserver_record_t *record, u_char leaf[32], size_t *used,
    const u_char *data, size_t len)
{
    size_t         size;
    u_char         sum[32];
    const u_char  *p;

    if (len < PSERVER_RECORD_HEAD_LEN) {
        return PSERVER_AGAIN;
    }

    size = pserver_record_head(record, data);

    if (size == 0) {
        return PSERVER_INVALID;
    }

    if (size > len) {
        return PSERVER_AGAIN;
    }

    p = data + PSERVER_RECORD_HEAD_LEN;

    record->entry.data = (u_char *) p;
    p += record->entry.len;

    record->box.data = (u_char *) p;
    p += record->box.len;

    pserver_merkle_leaf(leaf, record->entry.data, record->entry.len);
    pserver_record_sum(sum, data, leaf, record->box);

    if (memcmp(sum, p, PSERVER_RECORD_SUM_LEN) != 0) {
        return PSERVER_INVALID;
    }

    *used = size;

    return PSERVER_OK;
}


/* the leaf hash stands for the entry, which is so hashed only once */

static void
pserver_record_sum(u_char sum[32], const u_char *head, const u_char leaf[32],
    pserver_str_t box)
{
    pserver_sha256_t  state;

    pserver_sha256_init(&state);
    pserver_sha256_update(&state, head, PSERVER_RECORD_HEAD_LEN);
    pserver_sha256_update(&state, leaf, 32);
    pserver_sha256_update(&state, box.data, box.len);
    pserver_sha256_final(&state, sum);
}
