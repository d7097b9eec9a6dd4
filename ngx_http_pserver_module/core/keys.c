/*
 * The keys below the storage root.
 */

#include "keys.h"
#include "box.h"
#include "bytes.h"
#include "encode.h"
#include "sha256.h"

#include <string.h>
#include <sodium.h>


/*
 * The key file: 44 bytes of header, then a box of the three keys with the
 * header as associated data.
 */

#define PSERVER_KEYS_MAGIC       "PSVRKEYS"
#define PSERVER_KEYS_MAGIC_LEN   8
#define PSERVER_KEYS_VERSION     1
#define PSERVER_KEYS_HEADER_LEN  44


static int pserver_roots_line(pserver_root_t *root, pserver_str_t line);
static void pserver_keys_wrapping(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner);
static void pserver_keys_below(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, pserver_str_t info);
static void pserver_keys_hash(u_char out[PSERVER_NAME_LEN],
    const u_char key[PSERVER_KEY_LEN], const char *kind, pserver_str_t name);


int
pserver_hkdf(u_char *out, size_t len, pserver_str_t key, pserver_str_t salt,
    pserver_str_t info)
{
    int     rc;
    u_char  prk[32];

    pserver_hkdf_extract(prk, key, salt);

    rc = pserver_hkdf_expand(out, len, prk, info);

    sodium_memzero(prk, sizeof(prk));

    return rc;
}


void
pserver_hkdf_extract(u_char prk[32], pserver_str_t key, pserver_str_t salt)
{
    pserver_hmac_t  hmac;

    /* an empty salt is the same as 32 zeros */

    pserver_hmac_init(&hmac, salt.data, salt.len);
    pserver_hmac_update(&hmac, key.data, key.len);
    pserver_hmac_final(&hmac, prk);
}


int
pserver_hkdf_expand(u_char *out, size_t len, const u_char prk[32],
    pserver_str_t info)
{
    u_char          block[32], counter;
    size_t          n;
    pserver_hmac_t  hmac;

    if (len > PSERVER_HKDF_MAX) {
        return PSERVER_NOSPACE;
    }

    for (counter = 1; len > 0; counter++) {

        pserver_hmac_init(&hmac, prk, 32);

        if (counter > 1) {
            pserver_hmac_update(&hmac, block, sizeof(block));
        }

        pserver_hmac_update(&hmac, info.data, info.len);
        pserver_hmac_update(&hmac, &counter, 1);
        pserver_hmac_final(&hmac, block);

        n = len < sizeof(block) ? len : sizeof(block);

        memcpy(out, block, n);

        out += n;
        len -= n;
    }

    sodium_memzero(block, sizeof(block));

    return PSERVER_OK;
}


int
pserver_roots_parse(pserver_root_t roots[PSERVER_ROOTS_MAX], size_t *n,
    pserver_str_t text)
{
    int             rc;
    size_t          i, count;
    u_char         *end, *nl;
    pserver_str_t   line;

    end = text.data + text.len;
    rc = PSERVER_INVALID;
    count = 0;

    if (text.len == 0) {
        goto failed;
    }

    for (line.data = text.data; line.data < end; line.data = nl + 1) {

        if (count == PSERVER_ROOTS_MAX) {
            rc = PSERVER_NOSPACE;
            goto failed;
        }

        nl = memchr(line.data, '\n', (size_t) (end - line.data));
        if (nl == NULL) {
            nl = end;
        }

        line.len = (size_t) (nl - line.data);

        if (pserver_roots_line(&roots[count], line) != PSERVER_OK) {
            goto failed;
        }

        for (i = 0; i < count; i++) {
            if (roots[i].id == roots[count].id) {
                goto failed;
            }
        }

        count++;
    }

    *n = count;

    return PSERVER_OK;

failed:

    *n = count + 1;
    sodium_memzero(roots, PSERVER_ROOTS_MAX * sizeof(pserver_root_t));

    return rc;
}


static int
pserver_roots_line(pserver_root_t *root, pserver_str_t line)
{
    size_t         i;
    uint64_t       id;
    pserver_str_t  hex;

    id = 0;

    for (i = 0; i < line.len && i < 10; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            break;
        }

        id = id * 10 + (line.data[i] - '0');
    }

    /* an id of zero, and one with leading zeros, starts with a zero */

    if (i == 0 || line.data[0] == '0' || id > UINT32_MAX
        || i == line.len || line.data[i] != ' ')
    {
        return PSERVER_INVALID;
    }

    hex.data = line.data + i + 1;
    hex.len = line.len - i - 1;

    root->id = (uint32_t) id;

    return pserver_hex_decode(root->key, PSERVER_KEY_LEN, hex);
}


void
pserver_keys_log(u_char out[PSERVER_KEY_LEN], const pserver_root_t *root)
{
    static const pserver_str_t  info = pserver_string("pserver/v1/log");

    pserver_keys_below(out, root, info);
}


static void
pserver_keys_below(u_char out[PSERVER_KEY_LEN], const pserver_root_t *root,
    pserver_str_t info)
{
    pserver_str_t               key;
    static const pserver_str_t  none;

    key.data = (u_char *) root->key;
    key.len = PSERVER_KEY_LEN;

    (void) pserver_hkdf(out, PSERVER_KEY_LEN, key, none, info);
}


void
pserver_keys_generate(pserver_keys_t *keys)
{
    randombytes_buf(keys, sizeof(pserver_keys_t));
}


void
pserver_keys_wrap(u_char file[PSERVER_KEYS_FILE_LEN],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner)
{
    u_char         *p, key[PSERVER_KEY_LEN];
    pserver_str_t   header;

    p = file;

    memcpy(p, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN);
    p += PSERVER_KEYS_MAGIC_LEN;

    p = pserver_put_be(p, PSERVER_KEYS_VERSION, 4);
    p = pserver_put_be(p, root->id, 4);
    p = pserver_put_be(p, chain_id, 8);

    memcpy(p, owner->bytes, sizeof(owner->bytes));

    header.data = file;
    header.len = PSERVER_KEYS_HEADER_LEN;

    pserver_keys_wrapping(key, root, chain_id, owner);

    pserver_box_seal(file + PSERVER_KEYS_HEADER_LEN, (const u_char *) keys,
                     sizeof(pserver_keys_t), key, header);

    sodium_memzero(key, sizeof(key));
}


int
pserver_keys_unwrap(pserver_keys_t *keys, size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, uint64_t chain_id,
    const pserver_address_t *owner)
{
    int             rc;
    u_char         *p, key[PSERVER_KEY_LEN];
    size_t          i;
    uint32_t        id;
    pserver_str_t   header;

    if (file.len != PSERVER_KEYS_FILE_LEN) {
        return PSERVER_INVALID;
    }

    p = file.data;

    if (memcmp(p, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN) != 0
        || pserver_get_be(p + 8, 4) != PSERVER_KEYS_VERSION
        || pserver_get_be(p + 16, 8) != chain_id
        || memcmp(p + 24, owner->bytes, sizeof(owner->bytes)) != 0)
    {
        return PSERVER_INVALID;
    }

    id = (uint32_t) pserver_get_be(p + 12, 4);

    for (i = 0; i < n; i++) {
        if (roots[i].id == id) {
            break;
        }
    }

    if (i == n) {
        return PSERVER_DONE;
    }

    header.data = p;
    header.len = PSERVER_KEYS_HEADER_LEN;

    pserver_keys_wrapping(key, &roots[i], chain_id, owner);

    rc = pserver_box_open((u_char *) keys, p + PSERVER_KEYS_HEADER_LEN,
                          PSERVER_KEYS_FILE_LEN - PSERVER_KEYS_HEADER_LEN,
                          key, header);

    sodium_memzero(key, sizeof(key));

    if (rc == PSERVER_OK && used != NULL) {
        *used = i;
    }

    return rc;
}


static void
pserver_keys_wrapping(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner)
{
    u_char                     *p, info[16 + 8 + 20];
    pserver_str_t               key, label;
    static const pserver_str_t  none;

    memcpy(info, "pserver/v1/owner", 16);
    p = pserver_put_be(info + 16, chain_id, 8);
    memcpy(p, owner->bytes, sizeof(owner->bytes));

    key.data = (u_char *) root->key;
    key.len = PSERVER_KEY_LEN;

    label.data = info;
    label.len = sizeof(info);

    (void) pserver_hkdf(out, PSERVER_KEY_LEN, key, none, label);
}


void
pserver_keys_name(u_char out[PSERVER_NAME_LEN], const pserver_keys_t *keys,
    const char *kind, pserver_str_t name)
{
    pserver_keys_hash(out, keys->names, kind, name);
}


void
pserver_keys_node_name(u_char out[PSERVER_NAME_LEN],
    const pserver_root_t *root, const char *kind, pserver_str_t name)
{
    u_char  key[PSERVER_KEY_LEN];

    static const pserver_str_t  info = pserver_string("pserver/v1/names");

    pserver_keys_below(key, root, info);
    pserver_keys_hash(out, key, kind, name);

    sodium_memzero(key, sizeof(key));
}


static void
pserver_keys_hash(u_char out[PSERVER_NAME_LEN],
    const u_char key[PSERVER_KEY_LEN], const char *kind, pserver_str_t name)
{
    pserver_hmac_t  hmac;

    pserver_hmac_init(&hmac, key, PSERVER_KEY_LEN);
    pserver_hmac_update(&hmac, kind, strlen(kind) + 1);
    pserver_hmac_update(&hmac, name.data, name.len);
    pserver_hmac_final(&hmac, out);
}
