/*
 * Sealed objects: the opener.
 */

#include "seal.h"
#include "box.h"
#include "bytes.h"
#include "seal_format.h"

#include <string.h>
#include <sodium.h>


static int pserver_open_size(pserver_open_t *open, uint64_t size);
static int pserver_open_keyed(pserver_open_t *open,
    const pserver_seal_derived_t *derived, const u_char *header);
static int pserver_open_header(pserver_open_t *open, const u_char *header);
static int pserver_open_meta(pserver_seal_meta_t *meta, u_char *p,
    u_char *last);
static u_char *pserver_open_text(pserver_str_t *text, u_char *p,
    u_char *last);
static void pserver_open_copy(pserver_seal_meta_t *dst, u_char *text,
    const pserver_seal_meta_t *src);
static u_char *pserver_open_move(pserver_str_t *text, u_char *p);


int
pserver_open_init(pserver_open_t *open,
    const u_char header[PSERVER_SEAL_HEADER_LEN], uint64_t size,
    const pserver_keys_t *keys, const pserver_seal_place_t *place,
    uint64_t number)
{
    int                      rc;
    u_char                   key[PSERVER_KEY_LEN], numbered[8];
    const u_char            *data;
    pserver_str_t            ad;
    pserver_seal_derived_t   derived;

    if (pserver_open_size(open, size) != PSERVER_OK
        || pserver_seal_generation(header, PSERVER_SEAL_HEADER_LEN,
                                   &open->generation)
           != PSERVER_OK
        || pserver_get_be(header + PSERVER_SEAL_AT_SUITE, 2)
           != PSERVER_SEAL_SUITE
        || memcmp(header + PSERVER_SEAL_AT_OWNER, place->owner.bytes, 20)
           != 0
        || memcmp(header + PSERVER_SEAL_AT_NAME, place->name,
                  PSERVER_NAME_LEN)
           != 0)
    {
        return PSERVER_INVALID;
    }

    pserver_seal_number(numbered, open->generation, number);

    data = pserver_keys_data(keys, open->generation);

    if (data == NULL
        || memcmp(header + PSERVER_SEAL_AT_NUMBER, numbered, 8) != 0)
    {
        return PSERVER_INVALID;
    }

    ad.data = (u_char *) header;
    ad.len = PSERVER_SEAL_AT_KEY;

    rc = pserver_box_open(key, header + PSERVER_SEAL_AT_KEY,
                          PSERVER_KEY_LEN + PSERVER_BOX_OVERHEAD,
                          data, ad);
    if (rc != PSERVER_OK) {
        return rc;
    }

    pserver_seal_derive(&derived, key, header);

    sodium_memzero(key, sizeof(key));

    rc = PSERVER_INVALID;

    if (sodium_memcmp(derived.commit, header + PSERVER_SEAL_AT_COMMIT,
                      PSERVER_SEAL_COMMIT_LEN)
        == 0)
    {
        open->number = number;
        memcpy(open->id, header + PSERVER_SEAL_AT_ID, PSERVER_SEAL_ID_LEN);

        rc = pserver_open_keyed(open, &derived, header);
    }

    sodium_memzero(&derived, sizeof(derived));

    return rc;
}


/* one context for both keys: to make one costs more than to set a key */

static int
pserver_open_keyed(pserver_open_t *open,
    const pserver_seal_derived_t *derived, const u_char *header)
{
    int  rc;

    rc = pserver_gcm_key(&open->gcm, derived->header);

    if (rc == PSERVER_OK) {
        rc = pserver_open_header(open, header);
    }

    if (rc == PSERVER_OK) {
        memcpy(open->key, derived->stream, sizeof(open->key));
        rc = pserver_gcm_key(&open->gcm, open->key);
    }

    return rc;
}


static int
pserver_open_size(pserver_open_t *open, uint64_t size)
{
    uint64_t  full, rest;

    if (size < PSERVER_SEAL_HEADER_LEN + PSERVER_SEAL_TAG_LEN) {
        return PSERVER_INVALID;
    }

    size -= PSERVER_SEAL_HEADER_LEN;

    full = size / PSERVER_SEAL_BLOCK;
    rest = size % PSERVER_SEAL_BLOCK;

    if (rest < PSERVER_SEAL_TAG_LEN
        || full > PSERVER_SEAL_MAX / PSERVER_SEAL_CHUNK)
    {
        return PSERVER_INVALID;
    }

    open->chunks = full + 1;
    open->meta.length = full * PSERVER_SEAL_CHUNK
                        + rest - PSERVER_SEAL_TAG_LEN;

    return PSERVER_OK;
}


static int
pserver_open_header(pserver_open_t *open, const u_char *header)
{
    int             rc;
    u_char          nonce[PSERVER_GCM_NONCE_LEN];
    uint64_t        length;
    pserver_str_t   ad;

    ad.data = (u_char *) header;
    ad.len = PSERVER_SEAL_AT_META;

    pserver_seal_nonce(nonce, open->number, 0);

    rc = pserver_gcm_open(&open->gcm, open->text,
                          header + PSERVER_SEAL_AT_META,
                          PSERVER_SEAL_META_LEN + PSERVER_SEAL_TAG_LEN,
                          nonce, ad);
    if (rc != PSERVER_OK) {
        return rc;
    }

    length = open->meta.length;

    rc = pserver_open_meta(&open->meta, open->text,
                           open->text + PSERVER_SEAL_META_LEN);

    if (rc == PSERVER_OK && open->meta.length != length) {
        rc = PSERVER_INVALID;
    }

    if (rc != PSERVER_OK) {
        sodium_memzero(&open->meta, sizeof(open->meta));
        sodium_memzero(open->text, sizeof(open->text));
    }

    return rc;
}


/* it has been authenticated: what does not fit here, we wrote ourselves */

static int
pserver_open_meta(pserver_seal_meta_t *meta, u_char *p, u_char *last)
{
    last -= PSERVER_SEAL_RECORDED_LEN;

    meta->recorded = pserver_get_be(last, PSERVER_SEAL_RECORDED_LEN);
    meta->length = pserver_get_be(p, 8);
    p += 8;

    memcpy(meta->sha256, p, sizeof(meta->sha256));
    p += sizeof(meta->sha256);

    meta->collected_at = pserver_get_be(p, 8);
    p += 8;

    if (*p != PSERVER_SEAL_JSON && *p != PSERVER_SEAL_BINARY) {
        return PSERVER_INVALID;
    }

    meta->kind = *p++;

    p = pserver_open_text(&meta->scope, p, last);
    p = pserver_open_text(&meta->type, p, last);
    p = pserver_open_text(&meta->filename, p, last);
    p = pserver_open_text(&meta->note, p, last);

    return p == NULL ? PSERVER_INVALID : PSERVER_OK;
}


static u_char *
pserver_open_text(pserver_str_t *text, u_char *p, u_char *last)
{
    size_t  len;

    if (p == NULL || last - p < 2) {
        return NULL;
    }

    len = (size_t) pserver_get_be(p, 2);
    p += 2;

    if ((size_t) (last - p) < len) {
        return NULL;
    }

    text->data = p;
    text->len = len;

    return p + len;
}


uint64_t
pserver_open_offset(uint64_t i)
{
    return PSERVER_SEAL_HEADER_LEN + i * PSERVER_SEAL_BLOCK;
}


size_t
pserver_open_block_len(const pserver_open_t *open, uint64_t i)
{
    if (i + 1 < open->chunks) {
        return PSERVER_SEAL_BLOCK;
    }

    return open->meta.length % PSERVER_SEAL_CHUNK + PSERVER_SEAL_TAG_LEN;
}


int
pserver_open_chunk(pserver_open_t *open, u_char *dst, const u_char *src,
    uint64_t i)
{
    u_char                      nonce[PSERVER_GCM_NONCE_LEN];
    static const pserver_str_t  none;

    if (i >= open->chunks) {
        return PSERVER_INVALID;
    }

    pserver_seal_nonce(nonce, i, i + 1 == open->chunks);

    return pserver_gcm_open(&open->gcm, dst, src,
                            pserver_open_block_len(open, i), nonce, none);
}


void
pserver_open_free(pserver_open_t *open)
{
    pserver_gcm_free(&open->gcm);

    sodium_memzero(open, sizeof(pserver_open_t));
}


int
pserver_open_keep(pserver_kept_t *kept, const pserver_open_t *open)
{
    const pserver_seal_meta_t  *meta;

    meta = &open->meta;

    if (meta->scope.len + meta->type.len + meta->filename.len
        + meta->note.len > PSERVER_SEAL_KEPT_TEXT)
    {
        return PSERVER_NOSPACE;
    }

    memcpy(kept->key, open->key, sizeof(kept->key));
    memcpy(kept->id, open->id, sizeof(kept->id));

    kept->number = open->number;
    kept->generation = open->generation;
    kept->chunks = open->chunks;

    pserver_open_copy(&kept->meta, kept->text, meta);

    return PSERVER_OK;
}


int
pserver_open_again(pserver_open_t *open, const pserver_kept_t *kept)
{
    memcpy(open->key, kept->key, sizeof(open->key));
    memcpy(open->id, kept->id, sizeof(open->id));

    open->number = kept->number;
    open->generation = kept->generation;
    open->chunks = kept->chunks;

    pserver_open_copy(&open->meta, open->text, &kept->meta);

    return pserver_gcm_key(&open->gcm, open->key);
}


static void
pserver_open_copy(pserver_seal_meta_t *dst, u_char *text,
    const pserver_seal_meta_t *src)
{
    *dst = *src;

    text = pserver_open_move(&dst->scope, text);
    text = pserver_open_move(&dst->type, text);
    text = pserver_open_move(&dst->filename, text);
    (void) pserver_open_move(&dst->note, text);
}


static u_char *
pserver_open_move(pserver_str_t *text, u_char *p)
{
    if (text->len != 0) {
        memcpy(p, text->data, text->len);
    }

    text->data = p;

    return p + text->len;
}
