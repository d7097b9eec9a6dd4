/*
 * Sealed objects: AES-256-GCM against Wycheproof, the format against
 * t/vectors/sealed.json, and every way to change a file.
 */

#include "vector.h"
#include "counting.h"
#include "core/seal.h"

TEST_MAIN


#define C  PSERVER_SEAL_CHUNK
#define H  PSERVER_SEAL_HEADER_LEN
#define T  PSERVER_SEAL_TAG_LEN


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static void
setup(pserver_keys_t *keys, pserver_seal_place_t *place, const char *scope)
{
    memset(keys, 0, sizeof(*keys));
    memset(keys, 5, 96);
    keys->generation = 1;
    memset(&place->owner, 6, sizeof(place->owner));
    pserver_keys_name(place->name, keys, "scope", str(scope));
}


static void
setup_meta(pserver_seal_meta_t *meta)
{
    memset(meta, 0, sizeof(*meta));
    meta->kind = PSERVER_SEAL_BINARY;
    meta->collected_at = 1767225600123;
    meta->recorded = 0x0102030405060708;
    meta->scope = str("a.b");
    meta->type = str("image/png");
    meta->filename = str("x.png");
    meta->note = str("{}");
}


static size_t
file_len(size_t len)
{
    return H + len / C * (C + T) + len % C + T;
}


/* a whole file, in malloc'd memory */

static u_char *
seal_file(pserver_seal_t *seal, const pserver_keys_t *keys,
    const pserver_seal_place_t *place, uint64_t number,
    const pserver_seal_meta_t *meta, const u_char *plain, size_t len)
{
    u_char  *file, *p;
    size_t   i;

    file = malloc(file_len(len));
    p = file + H;

    CHECK_INT(pserver_seal_init(seal, keys, place), PSERVER_OK);

    for (i = 0; i < len / C; i++) {
        CHECK_INT(pserver_seal_chunk(seal, p, plain + i * C, C, 0),
                  PSERVER_OK);
        p += C + T;
    }

    CHECK_INT(pserver_seal_chunk(seal, p, plain + i * C, len % C, 1),
              PSERVER_OK);
    CHECK_INT(pserver_seal_header(seal, file, number, meta), PSERVER_OK);

    return file;
}


static u_char *
pattern(size_t len)
{
    u_char  *p;
    size_t   i;

    p = malloc(len + 1);

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (i * 7 % 251);
    }

    return p;
}


TEST(gcm)
{
    int                    rc;
    u_char                *out;
    size_t                 n;
    pserver_gcm_t          gcm;
    pserver_str_t          key, iv, aad, msg, ct, tag;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *group, *test;

    n = 0;
    gcm.cipher = NULL;

    doc = vector_open("t/vectors/wycheproof-aes-gcm.json");

    group = vector_get(pserver_json_root(doc), "testGroups")->child;

    for ( /* void */ ; group; group = group->next) {

        if (vector_uint(group, "keySize") != 256
            || vector_uint(group, "ivSize") != 96)
        {
            continue;
        }

        CHECK_INT(vector_uint(group, "tagSize"), 128);

        test = vector_get(group, "tests")->child;

        for ( /* void */ ; test; test = test->next) {
            key = vector_hex(test, "key");
            iv = vector_hex(test, "iv");
            aad = vector_hex(test, "aad");
            msg = vector_hex(test, "msg");
            ct = vector_hex(test, "ct");
            tag = vector_hex(test, "tag");

            /* one context for all of them */

            CHECK_INT(pserver_gcm_key(&gcm, key.data), PSERVER_OK);

            out = malloc(ct.len + tag.len);
            memcpy(out, ct.data, ct.len);
            memcpy(out + ct.len, tag.data, tag.len);

            rc = pserver_gcm_open(&gcm, out, out, ct.len + tag.len,
                                  iv.data, aad);

            if (pserver_json_is(vector_get(test, "result"), "valid")) {
                CHECK_INT(rc, PSERVER_OK);
                CHECK_MEM(out, msg.data, msg.len);

                CHECK_INT(pserver_gcm_seal(&gcm, out, msg.data, msg.len,
                                           iv.data, aad), PSERVER_OK);
                CHECK_MEM(out, ct.data, ct.len);
                CHECK_MEM(out + ct.len, tag.data, tag.len);

            } else {
                CHECK_INT(rc, PSERVER_INVALID);
                memset(msg.data, 0, msg.len);
                CHECK_MEM(out, msg.data, ct.len);
            }

            free(out);
            free(key.data);
            free(iv.data);
            free(aad.data);
            free(msg.data);
            free(ct.data);
            free(tag.data);
            n++;
        }
    }

    CHECK_INT(n, 66);

    pserver_gcm_free(&gcm);
    pserver_json_free(doc);
}


static void
known(int later)
{
    size_t                 n, len;
    u_char                *file, *plain, sha256[32];
    pserver_str_t          owner, k, header, hash;
    pserver_keys_t         keys;
    pserver_seal_t         seal;
    pserver_seal_meta_t    meta;
    pserver_json_doc_t    *doc;
    pserver_seal_place_t   place;
    const pserver_json_t  *top, *test, *m;

    memset(&seal, 0, sizeof(seal));

    doc = vector_open("t/vectors/sealed.json");
    top = pserver_json_root(doc);

    owner = vector_hex(top, "owner");
    memcpy(place.owner.bytes, owner.data, 20);

    memset(&keys, 0, sizeof(keys));
    keys.generation = 1;

    if (later) {
        top = vector_get(top, "generations");
        keys.generation = 3;
        keys.nolder = 2;
    }

    k = vector_hex(top, "keys");
    memcpy(&keys, k.data, 96);
    memcpy(keys.older, k.data + 96, k.len - 96);

    n = 0;

    for (test = vector_get(top, "objects")->child; test; test = test->next) {
        m = vector_get(test, "meta");

        memset(&meta, 0, sizeof(meta));
        meta.kind = (pserver_seal_kind_e) vector_uint(m, "kind");
        meta.collected_at = vector_uint(m, "collectedAt");
        meta.recorded = vector_uint(m, "recorded");
        meta.scope = vector_get(m, "scope")->value;
        meta.type = vector_get(m, "type")->value;
        meta.filename = vector_get(m, "filename")->value;
        meta.note = vector_get(m, "note")->value;

        pserver_keys_name(place.name, &keys, "scope", meta.scope);

        len = vector_uint(test, "length");
        plain = pattern(len);

        counting_start();
        file = seal_file(&seal, &keys, &place, vector_uint(test, "number"),
                         &meta, plain, len);
        counting_stop();

        CHECK_INT(file_len(len), vector_uint(test, "size"));

        header = vector_hex(test, "header");
        CHECK_MEM(file, header.data, header.len);

        hash = vector_hex(test, "sha256");
        crypto_hash_sha256(sha256, file, file_len(len));
        CHECK_MEM(sha256, hash.data, 32);

        free(header.data);
        free(hash.data);
        free(plain);
        free(file);
        n++;
    }

    CHECK_INT(n, later ? 2 : 5);

    free(owner.data);
    free(k.data);
    pserver_seal_free(&seal);
    pserver_json_free(doc);
}


TEST(known)
{
    known(0);
    known(1);
}


TEST(round_trip)
{
    size_t                i, n, len;
    u_char               *file, *plain, *out, sha256[32];
    pserver_keys_t        keys;
    pserver_seal_t        seal;
    pserver_open_t        open;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place;

    static const size_t  lens[] = {
        0, 1, 16, C - 1, C, C + 1, 2 * C - 1, 2 * C, 5 * C + 777
    };

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    /* both contexts are used again and again */

    for (n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
        len = lens[n];
        plain = pattern(len);
        file = seal_file(&seal, &keys, &place, n + 1, &meta, plain, len);
        out = malloc(C + T);

        CHECK_INT(pserver_open_init(&open, file, file_len(len), &keys,
                                    &place, n + 1), PSERVER_OK);

        CHECK_INT(open.meta.kind, PSERVER_SEAL_BINARY);
        CHECK_INT(open.meta.length, len);
        CHECK_INT(open.meta.collected_at, 1767225600123);
        CHECK_INT(open.meta.recorded, 0x0102030405060708);
        CHECK_INT(pserver_seal_file_len(len), file_len(len));
        CHECK_STR(open.meta.scope, "a.b");
        CHECK_STR(open.meta.type, "image/png");
        CHECK_STR(open.meta.filename, "x.png");
        CHECK_STR(open.meta.note, "{}");
        crypto_hash_sha256(sha256, plain, len);
        CHECK_MEM(open.meta.sha256, sha256, 32);
        CHECK_INT(open.chunks, len / C + 1);

        /* the last one first: access is random */

        for (i = open.chunks; i-- > 0; ) {
            CHECK_INT(pserver_open_chunk(&open, out,
                                         file + pserver_open_offset(i), i),
                      PSERVER_OK);
            CHECK_MEM(out, plain + i * C,
                      pserver_open_block_len(&open, i) - T);
        }

        CHECK_INT(pserver_open_chunk(&open, out, file, open.chunks),
                  PSERVER_INVALID);

        free(out);
        free(plain);
        free(file);
    }

    pserver_seal_free(&seal);
    pserver_open_free(&open);
}


/* PSERVER_OK if header and all chunks open */

static int
try_open(const u_char *file, size_t size, const pserver_keys_t *keys,
    const pserver_seal_place_t *place, uint64_t number)
{
    int             rc;
    u_char          out[C + T];
    uint64_t        i;
    pserver_open_t  open;

    memset(&open, 0, sizeof(open));

    rc = pserver_open_init(&open, file, size, keys, place, number);

    for (i = 0; rc == PSERVER_OK && i < open.chunks; i++) {
        rc = pserver_open_chunk(&open, out, file + pserver_open_offset(i),
                                i);
    }

    pserver_open_free(&open);

    return rc;
}


TEST(changed)
{
    size_t                i, j, size;
    u_char               *file, *other, *plain, block[C + T];
    pserver_keys_t        keys, wrong;
    pserver_seal_t        seal;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place, elsewhere;

    memset(&seal, 0, sizeof(seal));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    size = file_len(3 * C + 10);
    plain = pattern(3 * C + 10);
    file = seal_file(&seal, &keys, &place, 1, &meta, plain, 3 * C + 10);
    other = seal_file(&seal, &keys, &place, 1, &meta, plain, 3 * C + 10);

    CHECK_INT(try_open(file, size, &keys, &place, 1), PSERVER_OK);

    /* of another place, number, key */

    CHECK_INT(try_open(file, size, &keys, &place, 2), PSERVER_INVALID);

    elsewhere = place;
    elsewhere.owner.bytes[0] ^= 1;
    CHECK_INT(try_open(file, size, &keys, &elsewhere, 1), PSERVER_INVALID);

    pserver_keys_name(elsewhere.name, &keys, "scope", str("a.c"));
    elsewhere.owner = place.owner;
    CHECK_INT(try_open(file, size, &keys, &elsewhere, 1), PSERVER_INVALID);

    wrong = keys;
    wrong.data[0] ^= 1;
    CHECK_INT(try_open(file, size, &wrong, &place, 1), PSERVER_INVALID);

    /* every byte of the header that is not padding of the metadata, and
       some of that; every 1,000th after it, and the last */

    for (i = 0; i < size; i += (i < 400) ? 1 : 997) {
        file[i] ^= 1;
        if (!CHECK_INT(try_open(file, size, &keys, &place, 1),
                       PSERVER_INVALID))
        {
            fprintf(stderr, "    byte %zu\n", i);
        }
        file[i] ^= 1;
    }

    file[size - 1] ^= 1;
    CHECK_INT(try_open(file, size, &keys, &place, 1), PSERVER_INVALID);
    file[size - 1] ^= 1;

    /* truncated: at every boundary, one byte to each side, to nothing */

    for (i = 0; i < 4; i++) {
        for (j = 0; j < 3; j++) {
            CHECK_INT(try_open(file, H + i * (C + T) + j - 1, &keys, &place,
                               1), PSERVER_INVALID);
            CHECK_INT(try_open(file, H + i * (C + T) + T + j - 1, &keys,
                               &place, 1), PSERVER_INVALID);
        }
    }

    CHECK_INT(try_open(file, size - 1, &keys, &place, 1), PSERVER_INVALID);
    CHECK_INT(try_open(file, 0, &keys, &place, 1), PSERVER_INVALID);
    CHECK_INT(try_open(file, UINT64_MAX, &keys, &place, 1),
              PSERVER_INVALID);

    /* a chunk of its own in another place, one of another file */

    memcpy(block, file + H, C + T);
    memcpy(file + H, file + H + C + T, C + T);
    CHECK_INT(try_open(file, size, &keys, &place, 1), PSERVER_INVALID);
    memcpy(file + H, block, C + T);

    memcpy(file + H, other + H, C + T);
    CHECK_INT(try_open(file, size, &keys, &place, 1), PSERVER_INVALID);
    memcpy(file + H, block, C + T);

    CHECK_INT(try_open(file, size, &keys, &place, 1), PSERVER_OK);

    free(plain);
    free(file);
    free(other);
    pserver_seal_free(&seal);
}


/* a data key opens what is under it, as long as it is there */

TEST(generations)
{
    size_t                size;
    u_char               *first, *second, id[PSERVER_SEAL_ID_LEN];
    uint32_t              generation;
    pserver_keys_t        keys, old;
    pserver_seal_t        seal;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place;

    memset(&seal, 0, sizeof(seal));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    size = file_len(3);

    first = seal_file(&seal, &keys, &place, 1, &meta, (u_char *) "abc", 3);
    memcpy(id, pserver_seal_id(&seal), sizeof(id));

    old = keys;
    CHECK_INT(pserver_keys_renew(&keys), PSERVER_OK);
    second = seal_file(&seal, &keys, &place, 7, &meta, (u_char *) "abc", 3);

    CHECK_INT(pserver_seal_generation(first, PSERVER_SEAL_TELLS_LEN,
                                      &generation), PSERVER_OK);
    CHECK_INT(generation, 1);
    CHECK_INT(pserver_seal_generation(second, PSERVER_SEAL_TELLS_LEN,
                                      &generation), PSERVER_OK);
    CHECK_INT(generation, 2);
    CHECK_INT(pserver_seal_generation(second, PSERVER_SEAL_TELLS_LEN - 1,
                                      &generation), PSERVER_INVALID);

    CHECK_INT(try_open(first, size, &keys, &place, 1), PSERVER_OK);
    CHECK_INT(try_open(second, size, &keys, &place, 7), PSERVER_OK);
    CHECK_INT(try_open(second, size, &old, &place, 7), PSERVER_INVALID);

    /* another generation, or as if it were of the first */

    second[219] = 1;
    CHECK_INT(try_open(second, size, &keys, &place, 7), PSERVER_INVALID);
    second[219] = 3;
    CHECK_INT(try_open(second, size, &keys, &place, 7), PSERVER_INVALID);
    second[219] = 0;
    second[9] = 1;
    CHECK_INT(try_open(second, size, &keys, &place, 7), PSERVER_INVALID);

    /* one that was begun under the older and ends under the newer,
       when the older is gone */

    free(second);
    second = malloc(size);

    CHECK_INT(pserver_seal_init_again(&seal, &old, &place, id), PSERVER_OK);
    CHECK_INT(pserver_seal_chunk(&seal, second + H, (u_char *) "abc", 3, 1),
              PSERVER_OK);

    pserver_keys_shed(&keys);
    pserver_seal_rekey(&seal, &keys);

    CHECK_INT(pserver_seal_header(&seal, second, 1, &meta), PSERVER_OK);
    CHECK_INT(try_open(second, size, &keys, &place, 1), PSERVER_OK);
    CHECK_INT(try_open(first, size, &keys, &place, 1), PSERVER_INVALID);
    CHECK_MEM(second + 64, first + 64, PSERVER_SEAL_ID_LEN);
    CHECK(memcmp(second + 80, first + 80, 32) != 0);

    CHECK_INT(pserver_seal_header(&seal, second, PSERVER_VERSION_MAX + 1,
                                  &meta), PSERVER_INVALID);

    free(first);
    free(second);
    pserver_seal_free(&seal);
}


TEST(order)
{
    u_char                buf[C + T], header[H], again[H], plain[10];
    pserver_keys_t        keys;
    pserver_seal_t        seal;
    pserver_open_t        open;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place;

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));
    memset(buf, 0, sizeof(buf));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    CHECK_INT(pserver_seal_init(&seal, &keys, &place), PSERVER_OK);

    CHECK_INT(pserver_seal_header(&seal, header, 1, &meta),
              PSERVER_INVALID);
    CHECK_INT(pserver_seal_chunk(&seal, buf, buf, C - 1, 0),
              PSERVER_INVALID);
    CHECK_INT(pserver_seal_chunk(&seal, buf, buf, C, 1), PSERVER_INVALID);
    CHECK_INT(pserver_seal_chunk(&seal, buf, (u_char *) "0123456789", 10, 1),
              PSERVER_OK);
    CHECK_INT(pserver_seal_chunk(&seal, plain, plain, 0, 1),
              PSERVER_INVALID);

    CHECK_INT(pserver_seal_header(&seal, header, 0, &meta),
              PSERVER_INVALID);
    CHECK_INT(pserver_seal_header(&seal, header, 5, &meta), PSERVER_OK);
    CHECK_INT(pserver_seal_header(&seal, again, 5, &meta),
              PSERVER_INVALID);
    CHECK_INT(pserver_seal_header(&seal, again, 4, &meta),
              PSERVER_INVALID);
    CHECK_INT(pserver_seal_header(&seal, again, 6, &meta), PSERVER_OK);

    /* the chunks belong to either */

    CHECK_INT(pserver_open_init(&open, header, H + 10 + T, &keys, &place, 5),
              PSERVER_OK);
    CHECK_INT(pserver_open_init(&open, again, H + 10 + T, &keys, &place, 6),
              PSERVER_OK);
    CHECK_INT(pserver_open_chunk(&open, buf, buf, 0), PSERVER_OK);
    CHECK_MEM(buf, "0123456789", 10);

    pserver_seal_free(&seal);
    pserver_open_free(&open);
}


TEST(texts)
{
    u_char                buf[T], header[H], text[PSERVER_SEAL_TEXT_MAX + 1];
    pserver_keys_t        keys;
    pserver_seal_t        seal;
    pserver_open_t        open;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place;

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));
    memset(text, 'x', sizeof(text));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    CHECK_INT(pserver_seal_init(&seal, &keys, &place), PSERVER_OK);
    CHECK_INT(pserver_seal_chunk(&seal, buf, NULL, 0, 1), PSERVER_OK);

    /* all there is room for, then one more */

    meta.note.data = text;
    meta.note.len = PSERVER_SEAL_TEXT_MAX - meta.scope.len - meta.type.len
                    - meta.filename.len;

    CHECK_INT(pserver_seal_header(&seal, header, 1, &meta), PSERVER_OK);
    CHECK_INT(pserver_open_init(&open, header, H + T, &keys, &place, 1),
              PSERVER_OK);
    CHECK_INT(open.meta.note.len, meta.note.len);
    CHECK_MEM(open.meta.note.data, text, meta.note.len);

    meta.note.len++;
    CHECK_INT(pserver_seal_header(&seal, header, 2, &meta),
              PSERVER_NOSPACE);

    meta.note.len = SIZE_MAX;
    CHECK_INT(pserver_seal_header(&seal, header, 3, &meta),
              PSERVER_NOSPACE);

    pserver_seal_free(&seal);
    pserver_open_free(&open);
}


/* opened again without its header, when what it was opened with is wiped */

TEST(kept)
{
    size_t                i, len;
    u_char               *file, *plain, *out, sha256[32];
    pserver_keys_t        keys;
    pserver_seal_t        seal;
    pserver_open_t        open, again;
    pserver_kept_t        kept;
    pserver_seal_meta_t   meta;
    pserver_seal_place_t  place;

    static u_char  note[PSERVER_SEAL_KEPT_TEXT];

    memset(&seal, 0, sizeof(seal));
    memset(&open, 0, sizeof(open));
    memset(&again, 0, sizeof(again));
    setup(&keys, &place, "a.b");
    setup_meta(&meta);

    len = C + 100;
    plain = pattern(len);
    out = malloc(C);
    file = seal_file(&seal, &keys, &place, 7, &meta, plain, len);
    crypto_hash_sha256(sha256, plain, len);

    CHECK_INT(pserver_open_init(&open, file, file_len(len), &keys, &place,
                                7),
              PSERVER_OK);
    CHECK_INT(pserver_open_keep(&kept, &open), PSERVER_OK);
    pserver_open_free(&open);

    CHECK_INT(pserver_open_again(&again, &kept), PSERVER_OK);
    memset(&kept, 0xaa, sizeof(kept));

    CHECK_INT(again.number, 7);
    CHECK_INT(again.generation, 1);
    CHECK_INT(again.chunks, 2);
    CHECK_MEM(again.id, pserver_seal_id(&seal), PSERVER_SEAL_ID_LEN);
    CHECK_INT(again.meta.kind, meta.kind);
    CHECK_INT(again.meta.length, len);
    CHECK_INT(again.meta.collected_at, meta.collected_at);
    CHECK_INT(again.meta.recorded, meta.recorded);
    CHECK_MEM(again.meta.sha256, sha256, 32);
    CHECK_STR(again.meta.scope, "a.b");
    CHECK_STR(again.meta.type, "image/png");
    CHECK_STR(again.meta.filename, "x.png");
    CHECK_STR(again.meta.note, "{}");

    CHECK_INT(pserver_open_chunk(&again, out, file + H, 0), PSERVER_OK);
    CHECK_MEM(out, plain, C);
    CHECK_INT(pserver_open_chunk(&again, out, file + H + C + T, 1),
              PSERVER_OK);
    CHECK_MEM(out, plain + C, 100);

    file[H + C + T] ^= 1;
    CHECK_INT(pserver_open_chunk(&again, out, file + H + C + T, 1),
              PSERVER_INVALID);

    pserver_open_free(&again);
    free(file);

    /* as long as there is room for its texts */

    memset(note, 'n', sizeof(note));
    meta.note.data = note;

    for (i = 0; i < 2; i++) {
        meta.note.len = sizeof(note) - strlen("a.b" "image/png" "x.png") + i;

        file = seal_file(&seal, &keys, &place, 8, &meta, plain, len);

        CHECK_INT(pserver_open_init(&open, file, file_len(len), &keys,
                                    &place, 8),
                  PSERVER_OK);
        CHECK_INT(pserver_open_keep(&kept, &open),
                  i == 0 ? PSERVER_OK : PSERVER_NOSPACE);
        free(file);
    }

    pserver_open_free(&open);
    pserver_seal_free(&seal);
    free(plain);
    free(out);
}
