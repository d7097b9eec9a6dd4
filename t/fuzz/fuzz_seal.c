/*
 * Opening sealed objects.  The first byte says what the rest is: a file;
 * sealed metadata, which no one without the key can make, under a good key;
 * or changes to a good file, which must all be noticed.
 */

#include "core/seal.h"
#include "core/seal_format.h"

#include <stdlib.h>
#include <string.h>


static pserver_keys_t        keys;
static pserver_seal_place_t  place;


static void
fuzz_open(const u_char *file, size_t size)
{
    u_char         *out;
    uint64_t        i;
    pserver_open_t  open;

    if (size < PSERVER_SEAL_HEADER_LEN) {
        return;
    }

    memset(&open, 0, sizeof(open));

    if (pserver_open_init(&open, file, size, &keys, &place, 1)
        == PSERVER_OK)
    {
        out = malloc(PSERVER_SEAL_BLOCK);

        for (i = 0; i < open.chunks; i++) {
            (void) pserver_open_chunk(&open, out,
                                      file + pserver_open_offset(i), i);
        }

        free(out);
    }

    pserver_open_free(&open);
}


static size_t
fuzz_make(pserver_seal_t *seal, u_char *file)
{
    u_char               *p;
    pserver_seal_meta_t   meta;

    memset(&meta, 0, sizeof(meta));
    meta.kind = PSERVER_SEAL_JSON;

    p = file + PSERVER_SEAL_HEADER_LEN;

    if (pserver_seal_init(seal, &keys, &place) != PSERVER_OK
        || pserver_seal_chunk(seal, p, (u_char *) "{}", 2, 1) != PSERVER_OK
        || pserver_seal_header(seal, file, 1, &meta) != PSERVER_OK)
    {
        abort();
    }

    return PSERVER_SEAL_HEADER_LEN + 2 + PSERVER_SEAL_TAG_LEN;
}


static void
fuzz_meta(const u_char *data, size_t len)
{
    size_t           size;
    u_char           file[PSERVER_SEAL_HEADER_LEN + 18], nonce[12];
    u_char           meta[PSERVER_SEAL_META_LEN];
    pserver_str_t    ad;
    pserver_seal_t   seal;
    pserver_open_t   open;

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));

    size = fuzz_make(&seal, file);

    memset(meta, 0, sizeof(meta));
    meta[7] = 2;
    memcpy(meta + 8, data, len < sizeof(meta) - 8 ? len : sizeof(meta) - 8);

    pserver_seal_nonce(nonce, 1, 0);

    ad.data = file;
    ad.len = PSERVER_SEAL_AT_META;

    (void) pserver_gcm_seal(&seal.seal, file + PSERVER_SEAL_AT_META, meta,
                            sizeof(meta), nonce, ad);

    if (pserver_open_init(&open, file, size, &keys, &place, 1)
        == PSERVER_OK)
    {
        /* every text lies within the metadata */

        if (open.meta.note.data + open.meta.note.len
            > open.text + PSERVER_SEAL_META_LEN
            || open.meta.scope.data < open.text)
        {
            abort();
        }
    }

    pserver_seal_free(&seal);
    pserver_open_free(&open);
}


static void
fuzz_change(const u_char *data, size_t len)
{
    size_t           i, at, size;
    u_char           file[PSERVER_SEAL_HEADER_LEN + 18], out[18];
    u_char           good[sizeof(file)];
    pserver_seal_t   seal;
    pserver_open_t   open;

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));

    size = fuzz_make(&seal, file);
    memcpy(good, file, size);

    for (i = 0; i + 3 <= len; i += 3) {
        at = (size_t) (data[i] << 8 | data[i + 1]) % size;
        file[at] ^= data[i + 2];
    }

    if (memcmp(file, good, size) != 0
        && pserver_open_init(&open, file, size, &keys, &place, 1)
           == PSERVER_OK
        && pserver_open_chunk(&open, out, file + PSERVER_SEAL_HEADER_LEN, 0)
           == PSERVER_OK)
    {
        abort();
    }

    pserver_seal_free(&seal);
    pserver_open_free(&open);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }

    keys.generation = 1 + data[0] / 3 % 2;

    switch (data[0] % 3) {

    case 0:
        fuzz_open(data + 1, len - 1);
        break;

    case 1:
        fuzz_meta(data + 1, len - 1);
        break;

    default:
        fuzz_change(data + 1, len - 1);
    }

    return 0;
}
