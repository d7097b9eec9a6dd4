/*
 * The key of an archive, see move.h.
 */

#include "move.h"
#include "bytes.h"
#include "encode.h"

#include <sodium.h>
#include <string.h>


#define PSERVER_MOVE_LABEL      "pserver/v1/move"
#define PSERVER_MOVE_MAGIC      "PSVRMOVE"
#define PSERVER_MOVE_VERSION    1
#define PSERVER_MOVE_PLAIN_LEN  (8 + 20 + PSERVER_KEY_LEN)


static void pserver_move_header(u_char header[16]);
static void pserver_move_sum(u_char sum[32],
    const u_char public_key[PSERVER_MOVE_KEY_LEN]);


void
pserver_move_keys(u_char public_key[PSERVER_MOVE_KEY_LEN],
    u_char secret[PSERVER_MOVE_KEY_LEN], const pserver_root_t *root)
{
    u_char         key[PSERVER_MOVE_KEY_LEN];
    pserver_str_t  ikm;

    static const pserver_str_t  none = { 0, NULL };
    static const pserver_str_t  info = pserver_string(PSERVER_MOVE_LABEL);

    ikm.data = (u_char *) root->key;
    ikm.len = PSERVER_KEY_LEN;

    (void) pserver_hkdf(key, sizeof(key), ikm, none, info);
    (void) crypto_scalarmult_base(public_key, key);

    if (secret) {
        memcpy(secret, key, sizeof(key));
    }

    sodium_memzero(key, sizeof(key));
}


void
pserver_move_text(char *text, const u_char public_key[PSERVER_MOVE_KEY_LEN])
{
    u_char  sum[32], *p;

    pserver_move_sum(sum, public_key);

    p = pserver_hex_encode((u_char *) text, public_key, PSERVER_MOVE_KEY_LEN);
    *pserver_hex_encode(p, sum, 4) = '\0';
}


int
pserver_move_parse(u_char public_key[PSERVER_MOVE_KEY_LEN],
    pserver_str_t text)
{
    u_char  data[PSERVER_MOVE_KEY_LEN + 4], sum[32];

    if (pserver_hex_decode(data, sizeof(data), text) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    pserver_move_sum(sum, data);

    if (memcmp(sum, data + PSERVER_MOVE_KEY_LEN, 4) != 0) {
        return PSERVER_INVALID;
    }

    memcpy(public_key, data, PSERVER_MOVE_KEY_LEN);

    return PSERVER_OK;
}


static void
pserver_move_sum(u_char sum[32],
    const u_char public_key[PSERVER_MOVE_KEY_LEN])
{
    crypto_hash_sha256_state  state;

    (void) crypto_hash_sha256_init(&state);
    (void) crypto_hash_sha256_update(&state, (u_char *) PSERVER_MOVE_LABEL,
                                     sizeof(PSERVER_MOVE_LABEL) - 1);
    (void) crypto_hash_sha256_update(&state, public_key,
                                     PSERVER_MOVE_KEY_LEN);
    (void) crypto_hash_sha256_final(&state, sum);
}


static void
pserver_move_header(u_char header[16])
{
    u_char  *p;

    memcpy(header, PSERVER_MOVE_MAGIC, 8);
    p = pserver_put_be(header + 8, PSERVER_MOVE_VERSION, 4);
    (void) pserver_put_be(p, 0, 4);
}


int
pserver_move_seal(u_char file[PSERVER_MOVE_LEN], pserver_root_t *move,
    const u_char recipient[PSERVER_MOVE_KEY_LEN], uint64_t chain_id,
    const pserver_address_t *owner)
{
    int     rc;
    u_char  plain[PSERVER_MOVE_PLAIN_LEN], *p;

    move->id = 1;
    randombytes_buf(move->key, PSERVER_KEY_LEN);

    p = pserver_put_be(plain, chain_id, 8);
    memcpy(p, owner->bytes, 20);
    memcpy(p + 20, move->key, PSERVER_KEY_LEN);

    pserver_move_header(file);

    rc = crypto_box_seal(file + 16, plain, sizeof(plain), recipient);

    sodium_memzero(plain, sizeof(plain));

    return (rc == 0) ? PSERVER_OK : PSERVER_INVALID;
}


int
pserver_move_open(pserver_root_t *move, pserver_str_t file,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner)
{
    int     rc;
    u_char  header[16], plain[PSERVER_MOVE_PLAIN_LEN];
    u_char  public_key[PSERVER_MOVE_KEY_LEN], secret[PSERVER_MOVE_KEY_LEN];

    pserver_move_header(header);

    if (file.len != PSERVER_MOVE_LEN || memcmp(file.data, header, 16) != 0) {
        return PSERVER_INVALID;
    }

    pserver_move_keys(public_key, secret, root);

    rc = crypto_box_seal_open(plain, file.data + 16, file.len - 16,
                              public_key, secret);

    sodium_memzero(secret, sizeof(secret));

    if (rc != 0
        || pserver_get_be(plain, 8) != chain_id
        || memcmp(plain + 8, owner->bytes, 20) != 0)
    {
        sodium_memzero(plain, sizeof(plain));
        return PSERVER_INVALID;
    }

    move->id = 1;
    memcpy(move->key, plain + 28, PSERVER_KEY_LEN);

    sodium_memzero(plain, sizeof(plain));

    return PSERVER_OK;
}
