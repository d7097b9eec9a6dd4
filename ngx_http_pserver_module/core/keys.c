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
 * The key file: 44 bytes of header, then a box of the three keys with all
 * that stands before it as associated data.  Between the two, in a file that
 * needs the owner's own key: id and wrap of that key.
 */

#define PSERVER_KEYS_MAGIC       "PSVRKEYS"
#define PSERVER_KEYS_MAGIC_LEN   8
#define PSERVER_KEYS_VERSION     1
#define PSERVER_KEYS_OWNED       2
#define PSERVER_KEYS_HEADER_LEN  44
#define PSERVER_KEYS_AT_WRAP     (PSERVER_KEYS_HEADER_LEN                     \
                                  + PSERVER_CUSTODY_ID_LEN)
#define PSERVER_KEYS_BOX_LEN     (sizeof(pserver_keys_t)                      \
                                  + PSERVER_BOX_OVERHEAD)


static int pserver_roots_line(pserver_root_t *root, pserver_str_t line);
static u_char *pserver_keys_header(u_char *p, unsigned version,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner);
static void pserver_keys_below(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, pserver_str_t info);
static void pserver_keys_hash(u_char out[PSERVER_NAME_LEN],
    const u_char key[PSERVER_KEY_LEN], const char *kind, pserver_str_t name);
static void pserver_keys_seal(u_char *file, u_char *end,
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char *custody);
static int pserver_keys_open(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, unsigned version, const pserver_root_t *roots,
    size_t n, uint64_t chain_id, const pserver_address_t *owner,
    const u_char *custody);
static void pserver_keys_wrapping(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner, const u_char *custody);


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
    u_char  *p;

    p = pserver_keys_header(file, PSERVER_KEYS_VERSION, root, chain_id,
                            owner);

    pserver_keys_seal(file, p, keys, root, chain_id, owner, NULL);
}


void
pserver_keys_wrap_owned(u_char file[PSERVER_KEYS_OWNED_LEN],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN])
{
    u_char  *p;

    p = pserver_keys_header(file, PSERVER_KEYS_OWNED, root, chain_id, owner);

    pserver_custody_id(p, custody);
    p += PSERVER_CUSTODY_ID_LEN;

    memcpy(p, wrap, PSERVER_CUSTODY_WRAP_LEN);
    p += PSERVER_CUSTODY_WRAP_LEN;

    pserver_keys_seal(file, p, keys, root, chain_id, owner, custody);
}


static u_char *
pserver_keys_header(u_char *p, unsigned version, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner)
{
    memcpy(p, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN);
    p += PSERVER_KEYS_MAGIC_LEN;

    p = pserver_put_be(p, version, 4);
    p = pserver_put_be(p, root->id, 4);
    p = pserver_put_be(p, chain_id, 8);

    memcpy(p, owner->bytes, sizeof(owner->bytes));

    return p + sizeof(owner->bytes);
}


static void
pserver_keys_seal(u_char *file, u_char *end, const pserver_keys_t *keys,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner, const u_char *custody)
{
    u_char         key[PSERVER_KEY_LEN];
    pserver_str_t  header;

    header.data = file;
    header.len = (size_t) (end - file);

    pserver_keys_wrapping(key, root, chain_id, owner, custody);

    pserver_box_seal(end, (const u_char *) keys, sizeof(pserver_keys_t), key,
                     header);

    sodium_memzero(key, sizeof(key));
}


int
pserver_keys_unwrap(pserver_keys_t *keys, size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, uint64_t chain_id,
    const pserver_address_t *owner)
{
    if (file.len != PSERVER_KEYS_FILE_LEN) {
        return PSERVER_INVALID;
    }

    return pserver_keys_open(keys, used, file, PSERVER_KEYS_VERSION, roots, n,
                             chain_id, owner, NULL);
}


int
pserver_keys_unwrap_owned(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN])
{
    if (file.len != PSERVER_KEYS_OWNED_LEN) {
        return PSERVER_INVALID;
    }

    return pserver_keys_open(keys, used, file, PSERVER_KEYS_OWNED, roots, n,
                             chain_id, owner, custody);
}


static int
pserver_keys_open(pserver_keys_t *keys, size_t *used, pserver_str_t file,
    unsigned version, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner, const u_char *custody)
{
    int             rc;
    u_char         *p, key[PSERVER_KEY_LEN];
    size_t          i;
    uint32_t        id;
    pserver_str_t   header;

    p = file.data;

    if (memcmp(p, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN) != 0
        || pserver_get_be(p + 8, 4) != version
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
    header.len = file.len - PSERVER_KEYS_BOX_LEN;

    pserver_keys_wrapping(key, &roots[i], chain_id, owner, custody);

    rc = pserver_box_open((u_char *) keys, p + header.len,
                          PSERVER_KEYS_BOX_LEN, key, header);

    sodium_memzero(key, sizeof(key));

    if (rc == PSERVER_OK && used != NULL) {
        *used = i;
    }

    return rc;
}


int
pserver_keys_owned(pserver_str_t file, const u_char **id,
    const u_char **wrap)
{
    if (file.len != PSERVER_KEYS_OWNED_LEN
        || memcmp(file.data, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN) != 0
        || pserver_get_be(file.data + 8, 4) != PSERVER_KEYS_OWNED)
    {
        return PSERVER_INVALID;
    }

    if (id) {
        *id = file.data + PSERVER_KEYS_HEADER_LEN;
    }

    if (wrap) {
        *wrap = file.data + PSERVER_KEYS_AT_WRAP;
    }

    return PSERVER_OK;
}


int
pserver_keys_root(pserver_str_t file, uint32_t *id)
{
    if (pserver_keys_owned(file, NULL, NULL) != PSERVER_OK
        && (file.len != PSERVER_KEYS_FILE_LEN
            || memcmp(file.data, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN)
               != 0
            || pserver_get_be(file.data + 8, 4) != PSERVER_KEYS_VERSION))
    {
        return PSERVER_INVALID;
    }

    *id = (uint32_t) pserver_get_be(file.data + 12, 4);

    return PSERVER_OK;
}


/* of the root alone, or of root ‖ custody */

static void
pserver_keys_wrapping(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner, const u_char *custody)
{
    u_char                     *p, info[24 + 8 + 20];
    u_char                      both[2 * PSERVER_KEY_LEN];
    pserver_str_t               key, label;
    static const pserver_str_t  none;

    memcpy(both, root->key, PSERVER_KEY_LEN);
    memcpy(info, "pserver/v1/owner/custody", 24);

    key.data = both;
    key.len = PSERVER_KEY_LEN;
    p = info + 16;

    if (custody) {
        memcpy(both + PSERVER_KEY_LEN, custody, PSERVER_KEY_LEN);
        key.len = sizeof(both);
        p = info + 24;
    }

    p = pserver_put_be(p, chain_id, 8);
    memcpy(p, owner->bytes, sizeof(owner->bytes));

    label.data = info;
    label.len = (size_t) (p + sizeof(owner->bytes) - info);

    (void) pserver_hkdf(out, PSERVER_KEY_LEN, key, none, label);

    sodium_memzero(both, sizeof(both));
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
