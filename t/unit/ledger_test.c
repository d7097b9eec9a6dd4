/*
 * Rows of the ledger: fixed bytes, round trips, everything else refused.
 */

#include "core/ledger.h"
#include "core/optext.h"
#include "test.h"

#include <sodium.h>

TEST_MAIN


static void
row_example(pserver_ledger_row_t *row)
{
    static u_char  name[] = "word_count", text[] = "{\"permission_id\":7}",
                   result[] = "{\"words\":3}", inputs[] = "in  x",
                   outputs[] = "out  x";

    memset(row, 0, sizeof(*row));
    memset(row->id, 0x11, 32);
    memset(row->owner.bytes, 0x22, 20);
    memset(row->app.bytes, 0x33, 20);
    row->permission.bytes[31] = 7;
    memset(row->digest.bytes, 0x44, 32);
    row->exp = 1900000000;
    row->created = 1800000000001;
    row->started = 1800000000002;
    row->finished = 1800000000003;
    row->state = PSERVER_JOB_SUCCEEDED;
    row->attempts = 1;
    row->engine = 0x0badcafe;
    row->artifacts = 0x203;
    row->key[0] = 0x55;
    row->key[31] = 0x56;
    row->operation.data = name;
    row->operation.len = sizeof(name) - 1;
    row->request.data = text;
    row->request.len = sizeof(text) - 1;
    row->result.data = result;
    row->result.len = sizeof(result) - 1;
    memset(row->image.bytes, 0x66, 32);
    row->block = 0x0102030405060708;
    row->inputs.data = inputs;
    row->inputs.len = sizeof(inputs) - 1;
    row->outputs.data = outputs;
    row->outputs.len = sizeof(outputs) - 1;
}


static void
row_same(const pserver_ledger_row_t *a, const pserver_ledger_row_t *b)
{
    CHECK_MEM(a, b, offsetof(pserver_ledger_row_t, operation));
    CHECK_INT(a->operation.len, b->operation.len);
    CHECK_MEM(a->operation.data, b->operation.data, b->operation.len);
    CHECK_INT(a->request.len, b->request.len);
    CHECK_MEM(a->request.data, b->request.data, b->request.len);
    CHECK_INT(a->result.len, b->result.len);
    CHECK_MEM(a->result.data, b->result.data, b->result.len);
    CHECK_INT(a->inputs.len, b->inputs.len);
    CHECK_MEM(a->inputs.data, b->inputs.data, b->inputs.len);
    CHECK_INT(a->outputs.len, b->outputs.len);
    CHECK_MEM(a->outputs.data, b->outputs.data, b->outputs.len);
}


TEST(bytes)
{
    size_t                n;
    u_char                data[512];
    pserver_ledger_row_t  row, again;

    static const u_char  tail[] = {
        0, 0, 0, 0, 0x71, 0x3f, 0xb3, 0x00,
        0, 0, 0x01, 0xa3, 0x18, 0x5c, 0x50, 0x01,
        0, 0, 0x01, 0xa3, 0x18, 0x5c, 0x50, 0x02,
        0, 0, 0x01, 0xa3, 0x18, 0x5c, 0x50, 0x03,
        4, 0, 2, 3,
        0, 0, 0, 0,
        0, 0, 0, 1,
        0, 0, 0, 10,
        0, 0, 0, 19,
        0, 0, 0, 11
    };

    static const u_char  key[32] = { 0x55, [31] = 0x56 };

    row_example(&row);

    n = pserver_ledger_len(&row);
    CHECK_INT(n, 284 + 10 + 19 + 11 + 5 + 6);

    pserver_ledger_write(data, &row);

    CHECK_MEM(data, "PSRVJOB2", 8);
    CHECK_MEM(data + 8, row.id, 32);
    CHECK_MEM(data + 40, row.owner.bytes, 20);
    CHECK_MEM(data + 60, row.app.bytes, 20);
    CHECK_MEM(data + 80, row.permission.bytes, 32);
    CHECK_MEM(data + 112, row.digest.bytes, 32);
    CHECK_MEM(data + 144, tail, sizeof(tail));
    CHECK_MEM(data + 204, key, 32);
    CHECK_MEM(data + 236, row.image.bytes, 32);
    CHECK_MEM(data + 268, "\1\2\3\4\5\6\7\10" "\0\0\0\5" "\0\0\0\6", 16);
    CHECK_MEM(data + 284, "word_count{\"permission_id\":7}{\"words\":3}"
              "in  xout  x", 51);

    CHECK_INT(pserver_ledger_read(&again, data, n), PSERVER_OK);
    row_same(&again, &row);
}


TEST(length)
{
    size_t                i, n;
    u_char                data[512];
    pserver_ledger_row_t  row, again;

    row_example(&row);
    n = pserver_ledger_len(&row);
    pserver_ledger_write(data, &row);

    for (i = 0; i < n; i++) {
        CHECK_INT(pserver_ledger_read(&again, data, i), PSERVER_INVALID);
    }

    CHECK_INT(pserver_ledger_read(&again, data, n + 1), PSERVER_INVALID);

    row.operation.len = 0;
    CHECK_INT(pserver_ledger_len(&row), 0);
    row.operation.len = PSERVER_LEDGER_OPERATION_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);

    row_example(&row);
    row.request.len = 4 * PSERVER_OPTEXT_MAX;
    CHECK_INT(pserver_ledger_len(&row), 284 + 10 + 400000 + 11 + 5 + 6);

    row_example(&row);
    row.request.len = PSERVER_LEDGER_REQUEST_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);

    row_example(&row);
    row.result.len = PSERVER_LEDGER_RESULT_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);

    row_example(&row);
    row.inputs.len = PSERVER_LEDGER_INPUTS_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);

    row_example(&row);
    row.outputs.len = PSERVER_LEDGER_OUTPUTS_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);
}


/* what no job could have */

TEST(impossible)
{
    int                    i;
    size_t                 n;
    u_char                 data[512];
    pserver_ledger_row_t   row, again;

    static const struct {
        size_t             at;
        u_char             value;
    } faults[] = {
        { 0, 'X' },                     /* magic */
        { 7, '1' },                     /* version */
        { 176, PSERVER_JOB_CANCELED },  /* a result without success */
        { 176, PSERVER_JOB_PROCESSING },
        { 176, PSERVER_JOB_FAILED },    /* without a reason */
        { 176, 7 },
        { 176, 255 },
        { 177, PSERVER_JOB_OOM },       /* a reason without failure */
        { 177, 8 },
        { 191, 9 },                     /* lengths */
        { 188, 0xff },
        { 192, 0xff },
        { 196, 0xff },
        { 276, 0xff },
        { 280, 0xff },
        { 283, 7 },
    };

    row_example(&row);
    n = pserver_ledger_len(&row);

    for (i = 0; i < (int) (sizeof(faults) / sizeof(faults[0])); i++) {
        pserver_ledger_write(data, &row);
        data[faults[i].at] = faults[i].value;

        if (!CHECK_INT(pserver_ledger_read(&again, data, n),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    fault %d\n", i);
        }

        CHECK_INT(again.operation.len, 0);
    }

    row.finished = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n), PSERVER_INVALID);

    /* artifacts are of a job that succeeded */

    row_example(&row);
    row.artifacts = PSERVER_LEDGER_ARTIFACTS_MAX + 1;
    CHECK_INT(pserver_ledger_len(&row), 0);
    row.artifacts = PSERVER_LEDGER_ARTIFACTS_MAX;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n), PSERVER_OK);
    row_same(&again, &row);
    row.state = PSERVER_JOB_FAILED;
    row.reason = PSERVER_JOB_EXIT;
    row.result.len = 0;
    row.outputs.len = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 17), PSERVER_INVALID);
    row.artifacts = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 17), PSERVER_OK);

    /* nor has it a manifest of what came */

    row.outputs.len = 6;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 11), PSERVER_INVALID);

    row_example(&row);
    row.result.len = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 11), PSERVER_INVALID);

    row.state = PSERVER_JOB_QUEUED;
    row.artifacts = 0;
    row.outputs.len = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 17), PSERVER_INVALID);

    row.finished = 0;
    pserver_ledger_write(data, &row);
    CHECK_INT(pserver_ledger_read(&again, data, n - 17), PSERVER_OK);
}


TEST(sealed)
{
    size_t                i, n;
    u_char                key[32], name[32], other[32];
    u_char                box[512], plain[512];
    pserver_address_t     owner;
    pserver_ledger_row_t  row, again;

    memset(key, 0x55, 32);
    row_example(&row);
    n = pserver_ledger_len(&row) + PSERVER_BOX_OVERHEAD;

    pserver_ledger_name(name, row.id);
    crypto_hash_sha256(other, row.id, 32);
    CHECK_MEM(name, other, 32);

    CHECK_INT(pserver_ledger_seal(box, &row, key), PSERVER_OK);
    CHECK_INT(pserver_ledger_open(&again, plain, box, n, key, &row.owner,
                                  name),
              PSERVER_OK);
    row_same(&again, &row);

    /* nothing of it is readable */

    for (i = 0; i + 8 <= n; i++) {
        CHECK(memcmp(box + i, "word_cou", 8) != 0
              && memcmp(box + i, "\"words\":", 8) != 0);
    }

    /* another owner, name, key */

    owner = row.owner;
    owner.bytes[19] ^= 1;
    CHECK_INT(pserver_ledger_open(&again, plain, box, n, key, &owner, name),
              PSERVER_INVALID);

    other[0] ^= 1;
    CHECK_INT(pserver_ledger_open(&again, plain, box, n, key, &row.owner,
                                  other),
              PSERVER_INVALID);

    key[0] ^= 1;
    CHECK_INT(pserver_ledger_open(&again, plain, box, n, key, &row.owner,
                                  name),
              PSERVER_INVALID);
    key[0] ^= 1;

    for (i = 0; i < n; i++) {
        box[i] ^= 0x80;
        CHECK_INT(pserver_ledger_open(&again, plain, box, n, key,
                                      &row.owner, name),
                  PSERVER_INVALID);
        box[i] ^= 0x80;
    }

    for (i = 0; i < n; i++) {
        CHECK_INT(pserver_ledger_open(&again, plain, box, i, key,
                                      &row.owner, name),
                  PSERVER_INVALID);
    }

    row.operation.len = 0;
    CHECK_INT(pserver_ledger_seal(box, &row, key), PSERVER_NOSPACE);
}


TEST(wiped)
{
    size_t                n;
    u_char                key[32], name[32], box[512], plain[512], zero[512];
    pserver_ledger_row_t  row, again;

    memset(key, 0x55, 32);
    memset(zero, 0, sizeof(zero));
    row_example(&row);
    row.reason = PSERVER_JOB_OOM;
    n = pserver_ledger_len(&row) + PSERVER_BOX_OVERHEAD;

    pserver_ledger_name(name, row.id);
    CHECK_INT(pserver_ledger_seal(box, &row, key), PSERVER_OK);
    CHECK_INT(pserver_ledger_open(&again, plain, box, n, key, &row.owner,
                                  name),
              PSERVER_INVALID);
    CHECK_MEM(plain, zero, n - PSERVER_BOX_OVERHEAD);
}
