/*
 * The manifest: known answers, every way in which a record does not follow,
 * and the inventory against a plain list.
 */

#include "vector.h"
#include "core/manifest.h"

#include <sodium.h>

TEST_MAIN


#define H  PSERVER_MANIFEST_HEADER_LEN
#define R  PSERVER_MANIFEST_RECORD_LEN


static const u_char  key[PSERVER_BOX_KEY_LEN] = { 7 };


/* a file that is written record by record */

typedef struct {
    u_char                   data[65536];
    size_t                   len;
    pserver_manifest_head_t  head;
} file_t;


static void
begin(file_t *file, uint64_t base)
{
    pserver_manifest_record_t  record;

    memset(&record, 0, sizeof(record));
    record.kind = PSERVER_MANIFEST_BASE;
    record.number = base;

    pserver_manifest_header(file->data);
    pserver_manifest_seal(file->data + H, &file->head, &record, key);
    file->len = H + R;
}


static void
write_record(file_t *file, pserver_manifest_kind_e kind, int name,
    uint64_t number, int id, uint64_t size)
{
    pserver_manifest_record_t  record;

    memset(&record, 0, sizeof(record));
    record.kind = kind;
    memset(record.name, name, sizeof(record.name));
    record.number = number;
    memset(record.id, id, sizeof(record.id));
    record.size = size;

    pserver_manifest_seal(file->data + file->len, &file->head, &record, key);
    file->len += R;
}


static int
read_all(pserver_manifest_t *manifest, const u_char *data, size_t len,
    size_t *used)
{
    memset(manifest, 0, sizeof(*manifest));
    return pserver_manifest_read(manifest, data, len, used, key);
}


static const pserver_version_t *
latest(const pserver_manifest_t *manifest, int name)
{
    u_char                   bytes[PSERVER_NAME_LEN];
    const pserver_object_t  *object;

    memset(bytes, name, sizeof(bytes));
    object = pserver_inventory_object(&manifest->inventory, bytes);

    return object ? pserver_inventory_version(&manifest->inventory, object, 0)
                  : NULL;
}


static void
sample(file_t *file)
{
    memset(file, 0, sizeof(*file));

    begin(file, 0);
    write_record(file, PSERVER_MANIFEST_PUT, 1, 1, 0x11, 100);
    write_record(file, PSERVER_MANIFEST_PUT, 2, 1, 0x21, 1000);
    write_record(file, PSERVER_MANIFEST_PUT, 1, 2, 0x12, 10);
    write_record(file, PSERVER_MANIFEST_DELETE, 2, 0, 0, 0);
    write_record(file, PSERVER_MANIFEST_PUT, 2, 1, 0x22, 1);
}


TEST(known)
{
    size_t                     n, used;
    u_char                     ledger[PSERVER_BOX_KEY_LEN], digest[32];
    pserver_str_t              file;
    pserver_manifest_t         manifest;
    pserver_json_doc_t        *doc;
    const pserver_json_t      *top, *test;
    const pserver_object_t    *object;
    const pserver_version_t   *version;

    doc = vector_open("t/vectors/sealed.json");
    top = vector_get(pserver_json_root(doc), "manifest");

    file = vector_hex(top, "file");
    memset(&manifest, 0, sizeof(manifest));

    CHECK_INT(pserver_manifest_read(&manifest, file.data, file.len, &used,
                                    vector_bytes(ledger, 32, top, "key")),
              PSERVER_OK);
    CHECK_INT(used, file.len);
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_OK);
    CHECK_INT(manifest.head.counter, vector_uint(top, "counter"));
    CHECK_MEM(manifest.head.digest, vector_bytes(digest, 32, top, "digest"),
              32);
    CHECK_INT(manifest.inventory.bytes, vector_uint(top, "bytes"));

    n = 0;

    for (test = vector_get(top, "there")->child; test; test = test->next) {
        u_char  name[32], id[16];

        object = pserver_inventory_object(&manifest.inventory,
                                          vector_bytes(name, 32, test,
                                                       "name"));
        if (!CHECK(object != NULL)) {
            continue;
        }

        version = pserver_inventory_version(&manifest.inventory, object,
                                            vector_uint(test, "number"));

        if (CHECK(version != NULL)) {
            CHECK_MEM(version->id, vector_bytes(id, 16, test, "id"), 16);
            CHECK_INT(version->size, vector_uint(test, "size"));
        }

        n++;
    }

    CHECK_INT(n, manifest.inventory.versions);

    pserver_manifest_free(&manifest);
    free(file.data);
    pserver_json_free(doc);
}


TEST(read)
{
    file_t              file;
    size_t              used, i;
    pserver_manifest_t  manifest;

    sample(&file);

    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(used, file.len);
    CHECK_INT(manifest.records, 6);
    CHECK_INT(manifest.inventory.objects, 2);
    CHECK_INT(manifest.inventory.versions, 3);
    CHECK_INT(manifest.inventory.bytes, 111);
    CHECK_INT(manifest.head.counter, 6);
    CHECK_MEM(manifest.head.digest, file.head.digest, 32);
    CHECK_INT(latest(&manifest, 1)->number, 2);
    CHECK_INT(latest(&manifest, 1)->id[0], 0x12);
    CHECK_INT(latest(&manifest, 2)->number, 1);
    CHECK_INT(latest(&manifest, 2)->id[0], 0x22);
    CHECK(latest(&manifest, 3) == NULL);

    pserver_manifest_free(&manifest);

    /* byte by byte as it grows */

    memset(&manifest, 0, sizeof(manifest));

    size_t  at = 0;

    for (i = 0; i <= file.len; i++) {
        CHECK_INT(pserver_manifest_read(&manifest, file.data + at, i - at,
                                        &used, key), PSERVER_OK);
        at += used;
    }

    CHECK_INT(at, file.len);
    CHECK_INT(manifest.inventory.bytes, 111);

    pserver_manifest_free(&manifest);
}


TEST(changed)
{
    file_t              file;
    size_t              i, used;
    pserver_manifest_t  manifest;

    sample(&file);

    for (i = 0; i < file.len; i++) {
        file.data[i] ^= 0x20;

        CHECK_INT(read_all(&manifest, file.data, file.len, &used),
                  PSERVER_INVALID);

        /* what was before it counts */

        CHECK_INT(used, i < H + R ? 0 : (i - H) / R * R + H);
        pserver_manifest_free(&manifest);

        file.data[i] ^= 0x20;
    }
}


TEST(order)
{
    int                 i, j;
    file_t              file, other;
    size_t              used;
    u_char              swap[R];
    pserver_manifest_t  manifest;

    sample(&file);

    /* two records exchanged; one missing; one twice */

    for (i = 0; i < 6; i++) {
        for (j = i + 1; j < 6; j++) {
            other = file;
            memcpy(swap, other.data + H + i * R, R);
            memcpy(other.data + H + i * R, other.data + H + j * R, R);
            memcpy(other.data + H + j * R, swap, R);

            CHECK_INT(read_all(&manifest, other.data, other.len, &used),
                      PSERVER_INVALID);
            pserver_manifest_free(&manifest);
        }

        other = file;
        memmove(other.data + H + i * R, other.data + H + (i + 1) * R,
                (size_t) (5 - i) * R);

        CHECK_INT(read_all(&manifest, other.data, other.len - R, &used),
                  i == 5 ? PSERVER_OK : PSERVER_INVALID);
        pserver_manifest_free(&manifest);
    }

    /* of a history that went another way, though the counter fits */

    sample(&other);
    write_record(&file, PSERVER_MANIFEST_PUT, 5, 1, 1, 1);
    write_record(&other, PSERVER_MANIFEST_PUT, 5, 1, 1, 1);
    memcpy(file.data + file.len - R, other.data + other.len - R, R);

    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    CHECK_INT(used, file.len - R);
    pserver_manifest_free(&manifest);
}


/* sealed by who has the key, and yet no manifest */

TEST(rules)
{
    size_t              i, used;
    file_t              file;
    pserver_manifest_t  manifest;

    static const struct {
        int       kind, name;
        uint64_t  number;
        int       id;
        uint64_t  size;
    } bad[] = {
        { PSERVER_MANIFEST_BASE, 0, 0, 0, 0 },       /* not the first */
        { PSERVER_MANIFEST_PUT, 1, 2, 9, 1 },        /* is there */
        { PSERVER_MANIFEST_PUT, 1, 1, 9, 1 },        /* lower */
        { PSERVER_MANIFEST_PUT, 3, 0, 9, 1 },
        { PSERVER_MANIFEST_PUT, 3, 100000000, 9, 1 },
        { PSERVER_MANIFEST_PUT, 3, 1, 9, UINT64_MAX - 110 },
        { PSERVER_MANIFEST_DELETE, 3, 0, 0, 0 },     /* is not there */
        { PSERVER_MANIFEST_DELETE, 1, 2, 0, 0 },
        { PSERVER_MANIFEST_DELETE, 1, 0, 1, 0 },
        { PSERVER_MANIFEST_DELETE, 1, 0, 0, 1 },
        { 0, 1, 0, 0, 0 },
        { 5, 1, 0, 0, 0 },
        { PSERVER_MANIFEST_KEY, 1, 0, 0, 0 },
        { PSERVER_MANIFEST_KEY, 1, 1, 0, 0 },        /* the first is not told */
        { PSERVER_MANIFEST_KEY, 1, (uint64_t) 1 << 32, 0, 0 },
        { PSERVER_MANIFEST_KEY, 1, 2, 1, 0 },
        { PSERVER_MANIFEST_KEY, 1, 2, 0, 1 },
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sample(&file);
        write_record(&file, bad[i].kind, bad[i].name, bad[i].number,
                     bad[i].id, bad[i].size);

        CHECK_INT(read_all(&manifest, file.data, file.len, &used),
                  PSERVER_INVALID);
        CHECK_INT(used, file.len - R);
        CHECK_INT(manifest.inventory.bytes, 111);
        pserver_manifest_free(&manifest);
    }

    /* the largest sum that there can be */

    sample(&file);
    write_record(&file, PSERVER_MANIFEST_PUT, 3, 99999999, 9,
                 UINT64_MAX - 111);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    pserver_manifest_free(&manifest);

    /* what comes first is a base */

    memset(&file, 0, sizeof(file));
    pserver_manifest_header(file.data);
    file.len = H;
    write_record(&file, PSERVER_MANIFEST_PUT, 1, 1, 1, 1);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    pserver_manifest_free(&manifest);

    /* counter 1 follows nothing */

    memset(&file, 0, sizeof(file));
    file.head.digest[5] = 1;
    begin(&file, 0);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    pserver_manifest_free(&manifest);
}


TEST(base)
{
    size_t              used;
    file_t              file;
    pserver_manifest_t  manifest;

    memset(&file, 0, sizeof(file));
    file.head.counter = 41;
    memset(file.head.digest, 3, 32);

    begin(&file, 2);
    write_record(&file, PSERVER_MANIFEST_PUT, 1, 5, 1, 1);

    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_INVALID);
    pserver_manifest_free(&manifest);

    write_record(&file, PSERVER_MANIFEST_PUT, 1, 7, 1, 1);

    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_OK);
    CHECK_INT(manifest.head.counter, 44);
    pserver_manifest_free(&manifest);

    file.len -= R;
    file.head.counter--;
    write_record(&file, PSERVER_MANIFEST_DELETE, 1, 0, 0, 0);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    pserver_manifest_free(&manifest);

    memset(&manifest, 0, sizeof(manifest));
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_INVALID);
}


TEST(key)
{
    size_t                 used;
    file_t                 file;
    u_char                 id[PSERVER_NAME_LEN], ledger[PSERVER_BOX_KEY_LEN];
    pserver_str_t          expected;
    pserver_manifest_t     manifest;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *top, *test, *ids;

    sample(&file);
    write_record(&file, PSERVER_MANIFEST_KEY, 9, 2, 0, 0);
    write_record(&file, PSERVER_MANIFEST_PUT, 1, 3, 0x12, 10);
    write_record(&file, PSERVER_MANIFEST_KEY, 8, 5, 0, 0);

    memset(id, 8, sizeof(id));

    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(manifest.generation, 5);
    CHECK_MEM(manifest.key, id, sizeof(id));
    CHECK_INT(manifest.inventory.versions, 4);
    pserver_manifest_free(&manifest);

    /* it rises */

    write_record(&file, PSERVER_MANIFEST_KEY, 7, 5, 0, 0);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    CHECK_INT(manifest.generation, 5);
    CHECK_MEM(manifest.key, id, sizeof(id));
    pserver_manifest_free(&manifest);

    /* with a base it is the first of what came into being with it */

    memset(&file, 0, sizeof(file));
    begin(&file, 1);
    write_record(&file, PSERVER_MANIFEST_KEY, 9, 2, 0, 0);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_INVALID);
    pserver_manifest_free(&manifest);

    write_record(&file, PSERVER_MANIFEST_KEY, 9, 3, 0, 0);
    CHECK_INT(read_all(&manifest, file.data, file.len, &used),
              PSERVER_INVALID);
    pserver_manifest_free(&manifest);

    /* against the other writer */

    doc = vector_open("t/vectors/sealed.json");
    top = pserver_json_root(doc);
    test = vector_get(vector_get(top, "generations"), "manifest");
    ids = vector_get(vector_get(top, "generations"), "ids")->child;
    expected = vector_hex(test, "file");

    vector_bytes(ledger, 32, vector_get(top, "manifest"), "key");

    memset(&manifest, 0, sizeof(manifest));
    CHECK_INT(pserver_manifest_read(&manifest, expected.data, expected.len,
                                    &used, ledger), PSERVER_OK);
    CHECK_INT(pserver_manifest_whole(&manifest), PSERVER_OK);
    CHECK_INT(manifest.head.counter, vector_uint(test, "counter"));
    CHECK_INT(manifest.generation, 3);
    CHECK_INT(pserver_hex_decode(id, 32, ids->next->next->value), PSERVER_OK);
    CHECK_MEM(manifest.key, id, 32);

    free(expected.data);
    pserver_manifest_free(&manifest);
    pserver_json_free(doc);
}


TEST(stale)
{
    int                 i;
    size_t              used;
    file_t              file;
    pserver_manifest_t  manifest;

    memset(&file, 0, sizeof(file));
    begin(&file, 0);

    for (i = 0; i < 33; i++) {
        CHECK_INT(read_all(&manifest, file.data, file.len, &used),
                  PSERVER_OK);
        CHECK_INT(pserver_manifest_stale(&manifest), 0);
        pserver_manifest_free(&manifest);

        write_record(&file, PSERVER_MANIFEST_PUT, 1, 1, 1, 1);
        write_record(&file, PSERVER_MANIFEST_DELETE, 1, 0, 0, 0);
    }

    CHECK_INT(read_all(&manifest, file.data, file.len, &used), PSERVER_OK);
    CHECK_INT(pserver_manifest_stale(&manifest), 1);
    pserver_manifest_free(&manifest);
}


/* against a plain list of the versions of 64 objects */

TEST(inventory)
{
    int                        i, j, rc;
    size_t                     at;
    u_char                     name[PSERVER_NAME_LEN];
    uint32_t                   count[64], top[64];
    uint64_t                   bytes, versions, objects;
    pserver_version_t          version;
    pserver_inventory_t        inventory;
    const pserver_object_t    *object;
    const pserver_version_t   *v, *last;

    memset(&inventory, 0, sizeof(inventory));
    memset(&version, 0, sizeof(version));
    memset(count, 0, sizeof(count));
    memset(top, 0, sizeof(top));

    for (i = 0; i < 20000; i++) {

        j = (int) randombytes_uniform(64);

        (void) crypto_hash_sha256(name, (u_char *) &j, sizeof(j));

        if (randombytes_uniform(4) == 0) {
            rc = pserver_inventory_remove(&inventory, name);
            CHECK_INT(rc, count[j] ? PSERVER_OK : PSERVER_INVALID);
            count[j] = 0;
            top[j] = 0;
            continue;
        }

        version.number = top[j] + 1 + randombytes_uniform(2);
        version.size = 3;
        version.id[0] = (u_char) version.number;
        CHECK_INT(pserver_inventory_add(&inventory, name, &version),
                  PSERVER_OK);
        top[j] = version.number;
        count[j]++;
    }

    bytes = 0;
    versions = 0;
    objects = 0;

    for (j = 0; j < 64; j++) {
        (void) crypto_hash_sha256(name, (u_char *) &j, sizeof(j));
        object = pserver_inventory_object(&inventory, name);

        CHECK((object != NULL) == (count[j] != 0));

        if (object == NULL) {
            continue;
        }

        CHECK_INT(object->count, count[j]);
        CHECK_INT(pserver_inventory_version(&inventory, object, 0)->number,
                  top[j]);
        CHECK(pserver_inventory_version(&inventory, object, top[j] + 1)
              == NULL);

        i = 0;
        last = NULL;

        for (v = pserver_inventory_oldest(&inventory, object); v;
             v = pserver_inventory_newer(&inventory, v))
        {
            CHECK(last == NULL || last->number < v->number);
            CHECK(pserver_inventory_older(&inventory, v) == last);
            CHECK(pserver_inventory_version(&inventory, object, v->number)
                  == v);
            CHECK_INT(v->id[0], (u_char) v->number);
            last = v;
            i++;
        }

        CHECK_INT(i, count[j]);
        bytes += 3 * count[j];
        versions += count[j];
        objects++;
    }

    CHECK_INT(inventory.bytes, bytes);
    CHECK_INT(inventory.versions, versions);
    CHECK_INT(inventory.objects, objects);

    at = 0;

    while (pserver_inventory_next(&inventory, &at)) {
        objects--;
    }

    CHECK_INT(objects, 0);
    CHECK(pserver_inventory_memory(&inventory) < 100000);

    pserver_inventory_free(&inventory);
    CHECK(pserver_inventory_object(&inventory, name) == NULL);
    CHECK_INT(pserver_inventory_remove(&inventory, name), PSERVER_INVALID);
}
