/*
 * The manifest, bytes and back.
 */

#include "manifest.h"
#include "bytes.h"

#include <string.h>
#include <sodium.h>


#define PSERVER_MANIFEST_MAGIC    "PSVRMANI"
#define PSERVER_MANIFEST_VERSION  1

/* records that a file may have beside those that count */
#define PSERVER_MANIFEST_DEAD     64


/* its zero belongs to it */

static const pserver_str_t  pserver_manifest_label =
    pserver_string("pserver/v1/manifest\0");


static int pserver_manifest_next(pserver_manifest_t *manifest,
    const u_char *in, const u_char *key);
static int pserver_manifest_follows(const pserver_manifest_t *manifest,
    uint64_t counter, const u_char *digest);
static int pserver_manifest_parse(pserver_manifest_record_t *record,
    const u_char *p);
static void pserver_manifest_digest(pserver_manifest_head_t *head,
    const u_char *record);
static int pserver_manifest_apply(pserver_manifest_t *manifest,
    const pserver_manifest_record_t *record);


void
pserver_manifest_head(u_char out[PSERVER_MANIFEST_HEAD_LEN],
    const pserver_manifest_head_t *head)
{
    memcpy(pserver_put_be(out, head->counter, 8), head->digest,
           PSERVER_MANIFEST_DIGEST_LEN);
}


void
pserver_manifest_header(u_char header[PSERVER_MANIFEST_HEADER_LEN])
{
    u_char  *p;

    memcpy(header, PSERVER_MANIFEST_MAGIC, 8);

    p = pserver_put_be(header + 8, PSERVER_MANIFEST_VERSION, 4);
    (void) pserver_put_be(p, 0, 4);
}


void
pserver_manifest_seal(u_char out[PSERVER_MANIFEST_RECORD_LEN],
    pserver_manifest_head_t *head, const pserver_manifest_record_t *record,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    u_char  *p, plain[PSERVER_MANIFEST_PLAIN_LEN];

    p = pserver_put_be(plain, head->counter + 1, 8);
    memcpy(p, head->digest, PSERVER_MANIFEST_DIGEST_LEN);
    p = pserver_put_be(p + PSERVER_MANIFEST_DIGEST_LEN, record->kind, 1);
    p = pserver_put_be(p, 0, 7);
    memcpy(p, record->name, PSERVER_NAME_LEN);
    p = pserver_put_be(p + PSERVER_NAME_LEN, record->number, 8);
    memcpy(p, record->id, PSERVER_SEAL_ID_LEN);
    (void) pserver_put_be(p + PSERVER_SEAL_ID_LEN, record->size, 8);

    pserver_box_seal(out, plain, sizeof(plain), key, pserver_manifest_label);

    pserver_manifest_digest(head, out);
}


/* the record becomes the head */

static void
pserver_manifest_digest(pserver_manifest_head_t *head, const u_char *record)
{
    head->counter++;

    (void) crypto_hash_sha256(head->digest, record,
                              PSERVER_MANIFEST_RECORD_LEN);
}


int
pserver_manifest_read(pserver_manifest_t *manifest, const u_char *data,
    size_t len, size_t *used, const u_char key[PSERVER_BOX_KEY_LEN])
{
    int     rc;
    u_char  header[PSERVER_MANIFEST_HEADER_LEN];

    *used = 0;

    if (manifest->records == 0) {

        /* header and base are taken together */

        if (len < PSERVER_MANIFEST_HEADER_LEN) {
            return PSERVER_OK;
        }

        pserver_manifest_header(header);

        if (memcmp(data, header, sizeof(header)) != 0) {
            return PSERVER_INVALID;
        }

        data += sizeof(header);
        len -= sizeof(header);
    }

    while (len >= PSERVER_MANIFEST_RECORD_LEN) {

        rc = pserver_manifest_next(manifest, data, key);

        if (rc != PSERVER_OK) {
            return rc;
        }

        if (manifest->records++ == 0) {
            *used += PSERVER_MANIFEST_HEADER_LEN;
        }

        *used += PSERVER_MANIFEST_RECORD_LEN;
        data += PSERVER_MANIFEST_RECORD_LEN;
        len -= PSERVER_MANIFEST_RECORD_LEN;
    }

    return PSERVER_OK;
}


static int
pserver_manifest_next(pserver_manifest_t *manifest, const u_char *in,
    const u_char *key)
{
    int                         rc;
    u_char                      plain[PSERVER_MANIFEST_PLAIN_LEN];
    uint64_t                    counter;
    pserver_manifest_record_t   record;

    if (pserver_box_open(plain, in, PSERVER_MANIFEST_RECORD_LEN, key,
                         pserver_manifest_label)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    counter = pserver_get_be(plain, 8);

    if (!pserver_manifest_follows(manifest, counter, plain + 8)
        || pserver_manifest_parse(&record, plain + 40) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    rc = pserver_manifest_apply(manifest, &record);

    if (rc == PSERVER_OK) {
        manifest->head.counter = counter - 1;
        pserver_manifest_digest(&manifest->head, in);
    }

    return rc;
}


/* what comes first may follow a record of a file that is gone */

static int
pserver_manifest_follows(const pserver_manifest_t *manifest,
    uint64_t counter, const u_char *digest)
{
    if (manifest->records == 0 && counter > 1) {
        return 1;
    }

    return counter == manifest->head.counter + 1
           && memcmp(digest, manifest->head.digest,
                     PSERVER_MANIFEST_DIGEST_LEN)
              == 0;
}


static int
pserver_manifest_parse(pserver_manifest_record_t *record, const u_char *p)
{
    record->kind = *p++;

    if (!sodium_is_zero(p, 7)) {
        return PSERVER_INVALID;
    }

    p += 7;
    memcpy(record->name, p, PSERVER_NAME_LEN);
    p += PSERVER_NAME_LEN;
    record->number = pserver_get_be(p, 8);
    p += 8;
    memcpy(record->id, p, PSERVER_SEAL_ID_LEN);
    p += PSERVER_SEAL_ID_LEN;
    record->size = pserver_get_be(p, 8);

    if (record->kind == PSERVER_MANIFEST_PUT) {
        return PSERVER_OK;
    }

    if (!sodium_is_zero(record->id, PSERVER_SEAL_ID_LEN) || record->size) {
        return PSERVER_INVALID;
    }

    if (record->kind == PSERVER_MANIFEST_DELETE) {
        return record->number ? PSERVER_INVALID : PSERVER_OK;
    }

    if (record->kind == PSERVER_MANIFEST_KEY) {
        return (record->number > 1 && record->number <= UINT32_MAX)
               ? PSERVER_OK : PSERVER_INVALID;
    }

    return (record->kind == PSERVER_MANIFEST_BASE
            && sodium_is_zero(record->name, PSERVER_NAME_LEN))
           ? PSERVER_OK : PSERVER_INVALID;
}


static int
pserver_manifest_apply(pserver_manifest_t *manifest,
    const pserver_manifest_record_t *record)
{
    int                rc;
    pserver_version_t  version;

    if ((manifest->records == 0) != (record->kind == PSERVER_MANIFEST_BASE)) {
        return PSERVER_INVALID;
    }

    if (record->kind == PSERVER_MANIFEST_BASE) {
        manifest->base = record->number;
        return PSERVER_OK;
    }

    if (record->kind == PSERVER_MANIFEST_DELETE) {
        return manifest->base ? PSERVER_INVALID
                              : pserver_inventory_remove(
                                         &manifest->inventory, record->name);
    }

    if (record->kind == PSERVER_MANIFEST_KEY) {

        if ((manifest->base && manifest->records > 1)
            || record->number <= manifest->generation)
        {
            return PSERVER_INVALID;
        }

        manifest->generation = (uint32_t) record->number;
        memcpy(manifest->key, record->name, PSERVER_NAME_LEN);

        return PSERVER_OK;
    }

    if (record->number > PSERVER_VERSION_MAX) {
        return PSERVER_INVALID;
    }

    memset(&version, 0, sizeof(pserver_version_t));

    version.number = (uint32_t) record->number;
    version.size = record->size;
    memcpy(version.id, record->id, PSERVER_SEAL_ID_LEN);

    rc = pserver_inventory_add(&manifest->inventory, record->name, &version);

    if (rc == PSERVER_OK && manifest->base) {
        manifest->base--;
    }

    return rc;
}


int
pserver_manifest_whole(const pserver_manifest_t *manifest)
{
    return (manifest->records && manifest->base == 0) ? PSERVER_OK
                                                      : PSERVER_INVALID;
}


int
pserver_manifest_stale(const pserver_manifest_t *manifest)
{
    uint64_t  live;

    live = 1 + (manifest->generation != 0) + manifest->inventory.versions;

    return manifest->records > 2 * live + PSERVER_MANIFEST_DEAD;
}


void
pserver_manifest_free(pserver_manifest_t *manifest)
{
    pserver_inventory_free(&manifest->inventory);

    memset(manifest, 0, sizeof(pserver_manifest_t));
}
