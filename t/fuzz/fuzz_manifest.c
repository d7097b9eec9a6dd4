/*
 * The manifest: bytes that did not come from us are none; and after a byte 0
 * each 57 bytes are a record that was sealed with the key, of a file that
 * is read as it is written, whatever it says.
 */

#include <stdlib.h>
#include <string.h>

#include "core/manifest.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define RECORD  (1 + 32 + 4 + 16 + 4)


static const u_char  key[PSERVER_BOX_KEY_LEN] = { 1 };


static uint64_t
number(const uint8_t *p)
{
    return (uint64_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}


/* what is there adds up, and each version is found */

static void
adds_up(const pserver_inventory_t *inventory)
{
    size_t                     i;
    uint64_t                   bytes, versions;
    const pserver_object_t    *object;
    const pserver_version_t   *v;

    i = 0;
    bytes = 0;
    versions = 0;

    while ((object = pserver_inventory_next(inventory, &i)) != NULL) {

        if (pserver_inventory_object(inventory, object->name) != object) {
            abort();
        }

        for (v = pserver_inventory_oldest(inventory, object); v;
             v = pserver_inventory_newer(inventory, v))
        {
            if (pserver_inventory_version(inventory, object, v->number) != v)
            {
                abort();
            }

            bytes += v->size;
            versions++;
        }
    }

    if (bytes != inventory->bytes || versions != inventory->versions) {
        abort();
    }
}


static void
sealed(const uint8_t *data, size_t size)
{
    size_t                      used;
    u_char                      buf[PSERVER_MANIFEST_HEADER_LEN
                                    + PSERVER_MANIFEST_RECORD_LEN];
    u_char                     *p;
    pserver_manifest_t          manifest;
    pserver_manifest_head_t     head;
    pserver_manifest_record_t   record;

    memset(&manifest, 0, sizeof(manifest));

    for ( /* void */ ; size >= RECORD; data += RECORD, size -= RECORD) {

        record.kind = data[0];
        memcpy(record.name, data + 1, 32);
        record.number = number(data + 33);
        memcpy(record.id, data + 37, 16);
        record.size = number(data + 53);

        p = buf;
        head = manifest.head;

        if (manifest.records == 0) {
            pserver_manifest_header(buf);
            p += PSERVER_MANIFEST_HEADER_LEN;
        }

        pserver_manifest_seal(p, &head, &record, key);
        p += PSERVER_MANIFEST_RECORD_LEN;

        if (pserver_manifest_read(&manifest, buf, (size_t) (p - buf), &used,
                                  key)
            == PSERVER_OK
            && (used != (size_t) (p - buf)
                || memcmp(&head, &manifest.head, sizeof(head)) != 0))
        {
            abort();
        }

        adds_up(&manifest.inventory);
    }

    pserver_manifest_free(&manifest);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                  rc;
    size_t               used;
    pserver_manifest_t   manifest;

    if (size && data[0] == 0) {
        sealed(data + 1, size - 1);
        return 0;
    }

    memset(&manifest, 0, sizeof(manifest));

    rc = pserver_manifest_read(&manifest, data, size, &used, key);

    if (used != 0 || manifest.records != 0
        || (rc == PSERVER_OK && size >= PSERVER_MANIFEST_HEADER_LEN
                                        + PSERVER_MANIFEST_RECORD_LEN))
    {
        abort();
    }

    pserver_manifest_free(&manifest);

    return 0;
}
