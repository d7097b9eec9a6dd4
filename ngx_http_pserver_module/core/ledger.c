/*
 * Rows of the ledger, bytes and back.
 */

#include "ledger.h"
#include "bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sodium.h>


#define PSERVER_LEDGER_MAGIC  "PSRVJOB2"
#define PSERVER_LEDGER_LABEL  "pserver/v1/job"

#define PSERVER_LEDGER_AD_LEN                                                 \
    (sizeof(PSERVER_LEDGER_LABEL) + 20 + PSERVER_LEDGER_NAME_LEN)


static u_char *pserver_ledger_put(u_char *p, const void *src, size_t len);
static const u_char *pserver_ledger_get(void *dst, const u_char *p,
    size_t len);
static pserver_str_t pserver_ledger_ad(u_char *ad,
    const pserver_address_t *owner, const u_char *name);
static int pserver_ledger_possible(const pserver_ledger_row_t *row);


void
pserver_ledger_name(u_char name[PSERVER_LEDGER_NAME_LEN],
    const u_char id[PSERVER_LEDGER_ID_LEN])
{
    crypto_hash_sha256(name, id, PSERVER_LEDGER_ID_LEN);
}


size_t
pserver_ledger_len(const pserver_ledger_row_t *row)
{
    if (row->operation.len == 0
        || row->operation.len > PSERVER_LEDGER_OPERATION_MAX
        || row->request.len > PSERVER_LEDGER_REQUEST_MAX
        || row->result.len > PSERVER_LEDGER_RESULT_MAX
        || row->artifacts > PSERVER_LEDGER_ARTIFACTS_MAX
        || row->inputs.len > PSERVER_LEDGER_INPUTS_MAX
        || row->outputs.len > PSERVER_LEDGER_OUTPUTS_MAX)
    {
        return 0;
    }

    return PSERVER_LEDGER_HEAD_LEN + row->operation.len + row->request.len
           + row->result.len + row->inputs.len + row->outputs.len;
}


void
pserver_ledger_write(u_char *dst, const pserver_ledger_row_t *row)
{
    u_char  *p;

    p = pserver_ledger_put(dst, PSERVER_LEDGER_MAGIC, 8);
    p = pserver_ledger_put(p, row->id, PSERVER_LEDGER_ID_LEN);
    p = pserver_ledger_put(p, row->owner.bytes, 20);
    p = pserver_ledger_put(p, row->app.bytes, 20);
    p = pserver_ledger_put(p, row->permission.bytes, 32);
    p = pserver_ledger_put(p, row->digest.bytes, 32);
    p = pserver_put_be(p, row->exp, 8);
    p = pserver_put_be(p, row->created, 8);
    p = pserver_put_be(p, row->started, 8);
    p = pserver_put_be(p, row->finished, 8);
    p = pserver_put_be(p, row->state, 1);
    p = pserver_put_be(p, row->reason, 1);
    p = pserver_put_be(p, row->artifacts, 2);
    p = pserver_put_be(p, row->status, 4);
    p = pserver_put_be(p, row->attempts, 4);
    p = pserver_put_be(p, row->operation.len, 4);
    p = pserver_put_be(p, row->request.len, 4);
    p = pserver_put_be(p, row->result.len, 4);
    p = pserver_put_be(p, row->engine, 4);
    p = pserver_ledger_put(p, row->key, 32);
    p = pserver_ledger_put(p, row->image.bytes, 32);
    p = pserver_put_be(p, row->block, 8);
    p = pserver_put_be(p, row->inputs.len, 4);
    p = pserver_put_be(p, row->outputs.len, 4);
    p = pserver_ledger_put(p, row->operation.data, row->operation.len);
    p = pserver_ledger_put(p, row->request.data, row->request.len);

    p = pserver_ledger_put(p, row->result.data, row->result.len);
    p = pserver_ledger_put(p, row->inputs.data, row->inputs.len);

    (void) pserver_ledger_put(p, row->outputs.data, row->outputs.len);
}


int
pserver_ledger_read(pserver_ledger_row_t *row, const u_char *data, size_t len)
{
    const u_char  *p;

    if (len < PSERVER_LEDGER_HEAD_LEN
        || memcmp(data, PSERVER_LEDGER_MAGIC, 8) != 0)
    {
        return PSERVER_INVALID;
    }

    memset(row, 0, sizeof(pserver_ledger_row_t));

    p = data + 8;
    p = pserver_ledger_get(row->id, p, PSERVER_LEDGER_ID_LEN);
    p = pserver_ledger_get(row->owner.bytes, p, 20);
    p = pserver_ledger_get(row->app.bytes, p, 20);
    p = pserver_ledger_get(row->permission.bytes, p, 32);
    p = pserver_ledger_get(row->digest.bytes, p, 32);

    row->exp = pserver_get_be(p, 8);
    row->created = pserver_get_be(p + 8, 8);
    row->started = pserver_get_be(p + 16, 8);
    row->finished = pserver_get_be(p + 24, 8);
    row->state = p[32];
    row->reason = p[33];
    row->artifacts = pserver_get_be(p + 34, 2);
    row->status = pserver_get_be(p + 36, 4);
    row->attempts = pserver_get_be(p + 40, 4);
    row->operation.len = pserver_get_be(p + 44, 4);
    row->request.len = pserver_get_be(p + 48, 4);
    row->result.len = pserver_get_be(p + 52, 4);
    row->engine = pserver_get_be(p + 56, 4);

    p = pserver_ledger_get(row->key, p + 60, 32);
    p = pserver_ledger_get(row->image.bytes, p, 32);

    row->block = pserver_get_be(p, 8);
    row->inputs.len = pserver_get_be(p + 8, 4);
    row->outputs.len = pserver_get_be(p + 12, 4);

    if (pserver_ledger_len(row) != len || !pserver_ledger_possible(row)) {
        memset(row, 0, sizeof(pserver_ledger_row_t));
        return PSERVER_INVALID;
    }

    row->operation.data = (u_char *) data + PSERVER_LEDGER_HEAD_LEN;
    row->request.data = row->operation.data + row->operation.len;
    row->result.data = row->request.data + row->request.len;
    row->inputs.data = row->result.data + row->result.len;
    row->outputs.data = row->inputs.data + row->inputs.len;

    return PSERVER_OK;
}


static int
pserver_ledger_possible(const pserver_ledger_row_t *row)
{
    if (row->state > PSERVER_JOB_CANCELED
        || row->reason > PSERVER_JOB_LOCKED)
    {
        return 0;
    }

    return (row->state == PSERVER_JOB_SUCCEEDED) == (row->result.len != 0)
        && (row->state == PSERVER_JOB_SUCCEEDED || row->artifacts == 0)
        && (row->state == PSERVER_JOB_SUCCEEDED || row->outputs.len == 0)
        && (row->state == PSERVER_JOB_FAILED)
           == (row->reason != PSERVER_JOB_NONE)
        && pserver_job_terminal(row->state) == (row->finished != 0);
}


int
pserver_ledger_seal(u_char *dst, const pserver_ledger_row_t *row,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    size_t   len;
    u_char  *plain, name[PSERVER_LEDGER_NAME_LEN], ad[PSERVER_LEDGER_AD_LEN];

    len = pserver_ledger_len(row);
    if (len == 0) {
        return PSERVER_NOSPACE;
    }

    plain = malloc(len);
    if (plain == NULL) {
        return PSERVER_NOMEM;
    }

    pserver_ledger_write(plain, row);
    pserver_ledger_name(name, row->id);
    pserver_box_seal(dst, plain, len, key,
                     pserver_ledger_ad(ad, &row->owner, name));

    sodium_memzero(plain, len);
    free(plain);

    return PSERVER_OK;
}


int
pserver_ledger_open(pserver_ledger_row_t *row, u_char *plain,
    const u_char *sealed, size_t len, const u_char key[PSERVER_BOX_KEY_LEN],
    const pserver_address_t *owner, const u_char name[PSERVER_LEDGER_NAME_LEN])
{
    int     rc;
    u_char  own[PSERVER_LEDGER_NAME_LEN], ad[PSERVER_LEDGER_AD_LEN];

    rc = pserver_box_open(plain, sealed, len, key,
                          pserver_ledger_ad(ad, owner, name));
    if (rc != PSERVER_OK) {
        return rc;
    }

    rc = pserver_ledger_read(row, plain, len - PSERVER_BOX_OVERHEAD);
    if (rc != PSERVER_OK) {
        sodium_memzero(plain, len - PSERVER_BOX_OVERHEAD);
        return rc;
    }

    pserver_ledger_name(own, row->id);

    if (memcmp(own, name, PSERVER_LEDGER_NAME_LEN) != 0
        || memcmp(row->owner.bytes, owner->bytes, 20) != 0)
    {
        sodium_memzero(plain, len - PSERVER_BOX_OVERHEAD);
        memset(row, 0, sizeof(pserver_ledger_row_t));
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static pserver_str_t
pserver_ledger_ad(u_char *ad, const pserver_address_t *owner,
    const u_char *name)
{
    u_char         *p;
    pserver_str_t   str;

    /* with the label's zero */

    p = pserver_ledger_put(ad, PSERVER_LEDGER_LABEL,
                           sizeof(PSERVER_LEDGER_LABEL));
    p = pserver_ledger_put(p, owner->bytes, 20);
    p = pserver_ledger_put(p, name, PSERVER_LEDGER_NAME_LEN);

    str.data = ad;
    str.len = p - ad;

    return str;
}


static u_char *
pserver_ledger_put(u_char *p, const void *src, size_t len)
{
    if (len) {
        memcpy(p, src, len);
    }

    return p + len;
}


static const u_char *
pserver_ledger_get(void *dst, const u_char *p, size_t len)
{
    memcpy(dst, p, len);

    return p + len;
}
