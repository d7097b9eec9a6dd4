/*
 * A record is read as it was written; cut or changed anywhere it is not.
 */

#include "core/merkle.h"
#include "core/record.h"

#include "test.h"


static size_t
sample(u_char *data, pserver_record_t *record, u_char leaf[32])
{
    static pserver_str_t  entry = pserver_string("the entry");
    static pserver_str_t  box = pserver_string("a box, for all it knows");

    record->root = 7;
    record->batch = 0x0102030405060708;
    record->previous = 4096;
    record->counter = 9;
    memset(record->id, 0xab, 32);
    record->entry = entry;
    record->box = box;

    pserver_merkle_leaf(leaf, entry.data, entry.len);

    return pserver_record_write(data, record, leaf) - data;
}


TEST(round_trip)
{
    size_t            len, used;
    u_char            data[256], leaf[32], read[32];
    pserver_record_t  record, back;

    len = sample(data, &record, leaf);

    CHECK_INT(len, pserver_record_len(record.entry.len, record.box.len));
    CHECK_MEM(data, "PSR1\0\x09\0\x17\0\0\0\x07", 12);

    CHECK_INT(pserver_record_parse(&back, read, &used, data, sizeof(data)),
              PSERVER_OK);
    CHECK_INT(used, len);
    CHECK_INT(back.root, 7);
    CHECK(back.batch == record.batch);
    CHECK_INT(back.previous, 4096);
    CHECK_INT(back.counter, 9);
    CHECK_MEM(back.id, record.id, 32);
    CHECK_STR(back.entry, "the entry");
    CHECK_STR(back.box, "a box, for all it knows");
    CHECK_MEM(read, leaf, 32);

    CHECK_INT(pserver_record_head(&back, data), len);
}


TEST(cut)
{
    size_t            i, len, used;
    u_char            data[256], leaf[32];
    pserver_record_t  record;

    len = sample(data, &record, leaf);

    for (i = 0; i < len; i++) {
        CHECK_INT(pserver_record_parse(&record, leaf, &used, data, i),
                  PSERVER_AGAIN);
    }
}


TEST(changed)
{
    size_t            i, len, used;
    u_char            data[256], leaf[32];
    pserver_record_t  record;

    len = sample(data, &record, leaf);

    for (i = 0; i < len; i++) {
        data[i] ^= 1;
        CHECK(pserver_record_parse(&record, leaf, &used, data, len)
              != PSERVER_OK);
        data[i] ^= 1;
    }

    /* what a file system may leave where a write did not arrive */

    memset(data, 0, sizeof(data));
    CHECK_INT(pserver_record_parse(&record, leaf, &used, data, len),
              PSERVER_INVALID);
    CHECK_INT(pserver_record_head(&record, data), 0);
}


TEST_MAIN
