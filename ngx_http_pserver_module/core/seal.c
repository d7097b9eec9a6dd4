/*
 * Sealed objects: the sealer, and what sealer and opener share.
 */

#include "seal.h"
#include "box.h"
#include "bytes.h"
#include "seal_format.h"

#include <string.h>
#include <sodium.h>
#include <openssl/evp.h>


static u_char *pserver_seal_put_text(u_char *p, pserver_str_t text);


int
pserver_seal_init(pserver_seal_t *seal, const pserver_keys_t *keys,
    const pserver_seal_place_t *place)
{
    u_char  id[PSERVER_SEAL_ID_LEN];

    randombytes_buf(id, sizeof(id));

    return pserver_seal_init_again(seal, keys, place, id);
}


int
pserver_seal_init_again(pserver_seal_t *seal, const pserver_keys_t *keys,
    const pserver_seal_place_t *place, const u_char id[PSERVER_SEAL_ID_LEN])
{
    int                      rc;
    u_char                  *header;
    pserver_seal_derived_t   derived;

    if (seal->hash == NULL) {
        seal->hash = EVP_MD_CTX_new();
        if (seal->hash == NULL) {
            return PSERVER_NOMEM;
        }
    }

    if (EVP_DigestInit_ex(seal->hash, EVP_sha256(), NULL) != 1) {
        return PSERVER_ERROR;
    }

    seal->length = 0;
    seal->chunk = 0;
    seal->number = 0;
    seal->last = 0;

    header = seal->header;

    memcpy(header + PSERVER_SEAL_AT_MAGIC, PSERVER_SEAL_MAGIC, 8);
    (void) pserver_put_be(header + PSERVER_SEAL_AT_SUITE,
                          PSERVER_SEAL_SUITE, 2);
    memcpy(header + PSERVER_SEAL_AT_OWNER, place->owner.bytes, 20);
    memcpy(header + PSERVER_SEAL_AT_NAME, place->name, PSERVER_NAME_LEN);
    memcpy(header + PSERVER_SEAL_AT_ID, id, PSERVER_SEAL_ID_LEN);
    randombytes_buf(header + PSERVER_SEAL_AT_SALT, PSERVER_SEAL_SALT_LEN);

    randombytes_buf(seal->key, sizeof(seal->key));

    pserver_seal_rekey(seal, keys);
    pserver_seal_derive(&derived, seal->key, header);

    memcpy(header + PSERVER_SEAL_AT_COMMIT, derived.commit,
           PSERVER_SEAL_COMMIT_LEN);

    rc = pserver_gcm_key(&seal->stream, derived.stream);

    if (rc == PSERVER_OK) {
        rc = pserver_gcm_key(&seal->seal, derived.header);
    }

    sodium_memzero(&derived, sizeof(derived));

    return rc;
}


/* under the first data key the header is as from before there were more */

void
pserver_seal_rekey(pserver_seal_t *seal, const pserver_keys_t *keys)
{
    u_char         *header;
    pserver_str_t   ad;

    seal->generation = keys->generation;

    header = seal->header;

    (void) pserver_put_be(header + PSERVER_SEAL_AT_VERSION,
                          keys->generation == 1 ? PSERVER_SEAL_VERSION
                                                : PSERVER_SEAL_LATER, 2);

    ad.data = header;
    ad.len = PSERVER_SEAL_AT_KEY;

    pserver_box_seal(header + PSERVER_SEAL_AT_KEY, seal->key, PSERVER_KEY_LEN,
                     keys->data, ad);
}


int
pserver_seal_generation(const u_char *header, size_t len,
    uint32_t *generation)
{
    if (len < PSERVER_SEAL_TELLS_LEN
        || memcmp(header + PSERVER_SEAL_AT_MAGIC, PSERVER_SEAL_MAGIC, 8) != 0)
    {
        return PSERVER_INVALID;
    }

    switch (pserver_get_be(header + PSERVER_SEAL_AT_VERSION, 2)) {

    case PSERVER_SEAL_VERSION:
        *generation = 1;
        return PSERVER_OK;

    case PSERVER_SEAL_LATER:
        *generation = (uint32_t) pserver_get_be(header
                                                + PSERVER_SEAL_AT_NUMBER, 4);
        return (*generation > 1) ? PSERVER_OK : PSERVER_INVALID;

    default:
        return PSERVER_INVALID;
    }
}


void
pserver_seal_name(u_char name[PSERVER_NAME_LEN], const u_char *header)
{
    memcpy(name, header + PSERVER_SEAL_AT_NAME, PSERVER_NAME_LEN);
}


void
pserver_seal_number(u_char *p, uint64_t generation, uint64_t number)
{
    (void) pserver_put_be(p, generation == 1 ? number
                                             : generation << 32 | number, 8);
}


void
pserver_seal_derive(pserver_seal_derived_t *derived, const u_char key[32],
    const u_char *header)
{
    u_char         *p, *context, prk[32];
    u_char          buf[PSERVER_SEAL_LABEL_LEN + PSERVER_SEAL_CONTEXT_LEN];
    pserver_str_t   ikm, salt, info;

    ikm.data = (u_char *) key;
    ikm.len = PSERVER_KEY_LEN;

    salt.data = (u_char *) header + PSERVER_SEAL_AT_SALT;
    salt.len = PSERVER_SEAL_SALT_LEN;

    pserver_hkdf_extract(prk, ikm, salt);

    /* suite, owner, name and id stand side by side in the header */

    context = (u_char *) header + PSERVER_SEAL_AT_SUITE;

    p = buf + PSERVER_SEAL_LABEL_LEN;
    memcpy(p, context, PSERVER_SEAL_CONTEXT_LEN);

    info.data = buf;
    info.len = sizeof(buf);

    /* 32 bytes are never too many */

    memcpy(buf, PSERVER_SEAL_LABEL_STREAM, PSERVER_SEAL_LABEL_LEN);
    (void) pserver_hkdf_expand(derived->stream, sizeof(derived->stream), prk,
                               info);

    memcpy(buf, PSERVER_SEAL_LABEL_HEADER, PSERVER_SEAL_LABEL_LEN);
    (void) pserver_hkdf_expand(derived->header, sizeof(derived->header), prk,
                               info);

    memcpy(buf, PSERVER_SEAL_LABEL_COMMIT, PSERVER_SEAL_LABEL_LEN);
    (void) pserver_hkdf_expand(derived->commit, sizeof(derived->commit), prk,
                               info);

    sodium_memzero(prk, sizeof(prk));
}


void
pserver_seal_nonce(u_char nonce[PSERVER_GCM_NONCE_LEN], uint64_t counter,
    int last)
{
    memset(nonce, 0, PSERVER_GCM_NONCE_LEN);

    (void) pserver_put_be(nonce + 3, counter, 8);
    nonce[11] = last ? 1 : 0;
}


uint64_t
pserver_seal_file_len(uint64_t len)
{
    return PSERVER_SEAL_HEADER_LEN
           + len / PSERVER_SEAL_CHUNK * PSERVER_SEAL_BLOCK
           + len % PSERVER_SEAL_CHUNK + PSERVER_SEAL_TAG_LEN;
}


const u_char *
pserver_seal_id(const pserver_seal_t *seal)
{
    return seal->header + PSERVER_SEAL_AT_ID;
}


int
pserver_seal_chunk(pserver_seal_t *seal, u_char *dst, const u_char *src,
    size_t len, int last)
{
    int                         rc;
    u_char                      nonce[PSERVER_GCM_NONCE_LEN];
    static const pserver_str_t  none;

    if (seal->last
        || (last ? len >= PSERVER_SEAL_CHUNK : len != PSERVER_SEAL_CHUNK))
    {
        return PSERVER_INVALID;
    }

    if (seal->length + len > PSERVER_SEAL_MAX) {
        return PSERVER_NOSPACE;
    }

    /* dst may be src: the hash comes first */

    if (EVP_DigestUpdate(seal->hash, src, len) != 1) {
        return PSERVER_ERROR;
    }

    pserver_seal_nonce(nonce, seal->chunk, last);

    rc = pserver_gcm_seal(&seal->stream, dst, src, len, nonce, none);
    if (rc != PSERVER_OK) {
        return rc;
    }

    seal->length += len;
    seal->chunk++;

    if (last) {
        if (EVP_DigestFinal_ex(seal->hash, seal->sha256, NULL) != 1) {
            return PSERVER_ERROR;
        }

        seal->last = 1;
    }

    return PSERVER_OK;
}


int
pserver_seal_header(pserver_seal_t *seal,
    u_char header[PSERVER_SEAL_HEADER_LEN], uint64_t number,
    const pserver_seal_meta_t *meta)
{
    int             rc;
    u_char         *p, nonce[PSERVER_GCM_NONCE_LEN];
    pserver_str_t   ad;

    if (!seal->last || number <= seal->number
        || number > PSERVER_VERSION_MAX)
    {
        return PSERVER_INVALID;
    }

    if (meta->scope.len > PSERVER_SEAL_TEXT_MAX
        || meta->type.len > PSERVER_SEAL_TEXT_MAX
        || meta->filename.len > PSERVER_SEAL_TEXT_MAX
        || meta->note.len > PSERVER_SEAL_TEXT_MAX
        || meta->scope.len + meta->type.len + meta->filename.len
           + meta->note.len > PSERVER_SEAL_TEXT_MAX)
    {
        return PSERVER_NOSPACE;
    }

    /* a number serves as nonce once, whatever becomes of this call */

    seal->number = number;

    memcpy(header, seal->header, PSERVER_SEAL_AT_META);
    memset(header + PSERVER_SEAL_AT_META, 0,
           PSERVER_SEAL_HEADER_LEN - PSERVER_SEAL_AT_META);

    pserver_seal_number(header + PSERVER_SEAL_AT_NUMBER, seal->generation,
                        number);

    p = header + PSERVER_SEAL_AT_META;

    p = pserver_put_be(p, seal->length, 8);
    memcpy(p, seal->sha256, sizeof(seal->sha256));
    p += sizeof(seal->sha256);

    p = pserver_put_be(p, meta->collected_at, 8);
    p = pserver_put_be(p, meta->kind, 1);
    p = pserver_seal_put_text(p, meta->scope);
    p = pserver_seal_put_text(p, meta->type);
    p = pserver_seal_put_text(p, meta->filename);
    (void) pserver_seal_put_text(p, meta->note);

    p = header + PSERVER_SEAL_AT_META + PSERVER_SEAL_META_LEN;

    (void) pserver_put_be(p - PSERVER_SEAL_RECORDED_LEN, meta->recorded,
                          PSERVER_SEAL_RECORDED_LEN);

    ad.data = header;
    ad.len = PSERVER_SEAL_AT_META;

    pserver_seal_nonce(nonce, number, 0);

    p = header + PSERVER_SEAL_AT_META;

    rc = pserver_gcm_seal(&seal->seal, p, p, PSERVER_SEAL_META_LEN, nonce,
                          ad);
    if (rc != PSERVER_OK) {
        sodium_memzero(header, PSERVER_SEAL_HEADER_LEN);
    }

    return rc;
}


static u_char *
pserver_seal_put_text(u_char *p, pserver_str_t text)
{
    p = pserver_put_be(p, text.len, 2);

    if (text.len != 0) {
        memcpy(p, text.data, text.len);
    }

    return p + text.len;
}


void
pserver_seal_free(pserver_seal_t *seal)
{
    pserver_gcm_free(&seal->stream);
    pserver_gcm_free(&seal->seal);
    EVP_MD_CTX_free(seal->hash);

    sodium_memzero(seal, sizeof(pserver_seal_t));
}
