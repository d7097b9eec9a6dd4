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
 * The key file: 44 bytes of header, then a box of the keys with all that
 * stands before it as associated data.  Between the two, if there is more
 * than the first data key: the newest generation and the oldest; and in a
 * file that needs the owner's own key: id and wrap of that key.
 */

#define PSERVER_KEYS_MAGIC       "PSVRKEYS"
#define PSERVER_KEYS_MAGIC_LEN   8

#define PSERVER_KEYS_FIRST       1      /* versions */
#define PSERVER_KEYS_OWNED       2
#define PSERVER_KEYS_LATER       3
#define PSERVER_KEYS_OWNED_LATER 4

#define PSERVER_KEYS_HEADER_LEN  44
#define PSERVER_KEYS_SPAN_LEN    8
#define PSERVER_KEYS_OWN_LEN     (PSERVER_CUSTODY_ID_LEN                      \
                                  + PSERVER_CUSTODY_WRAP_LEN)
#define PSERVER_KEYS_FIXED_LEN   (3 * PSERVER_KEY_LEN)


/* what a file says of itself */

typedef struct {
    uint32_t                     root;
    uint32_t                     newest;     /* generations */
    uint32_t                     oldest;
    u_char                      *own;        /* NULL: it needs none */
    u_char                      *box;
    size_t                       keys;       /* in the box, in bytes */
} pserver_keys_file_t;


static int pserver_roots_line(pserver_root_t *root, pserver_str_t line);
static void pserver_keys_below(u_char out[PSERVER_KEY_LEN],
    const u_char key[PSERVER_KEY_LEN], pserver_str_t info);
static void pserver_keys_hash(u_char out[PSERVER_NAME_LEN],
    const u_char key[PSERVER_KEY_LEN], const char *kind, pserver_str_t name);
static u_char *pserver_keys_header(u_char *p, const pserver_keys_t *keys,
    unsigned owned, const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner);
static size_t pserver_keys_seal(u_char *file, u_char *end,
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char *custody);
static int pserver_keys_file(pserver_keys_file_t *parsed, pserver_str_t file);
static int pserver_keys_open(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner,
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

    pserver_keys_below(out, root->key, info);
}


static void
pserver_keys_below(u_char out[PSERVER_KEY_LEN],
    const u_char key[PSERVER_KEY_LEN], pserver_str_t info)
{
    pserver_str_t               from;
    static const pserver_str_t  none;

    from.data = (u_char *) key;
    from.len = PSERVER_KEY_LEN;

    (void) pserver_hkdf(out, PSERVER_KEY_LEN, from, none, info);
}


void
pserver_keys_generate(pserver_keys_t *keys)
{
    memset(keys, 0, sizeof(pserver_keys_t));

    randombytes_buf(keys, PSERVER_KEYS_FIXED_LEN);

    keys->generation = 1;
}


int
pserver_keys_renew(pserver_keys_t *keys)
{
    if (keys->nolder == PSERVER_KEYS_OF_DATA - 1
        || keys->generation == UINT32_MAX)
    {
        return PSERVER_NOSPACE;
    }

    memmove(keys->older[1], keys->older[0], keys->nolder * PSERVER_KEY_LEN);
    memcpy(keys->older[0], keys->data, PSERVER_KEY_LEN);
    keys->nolder++;

    randombytes_buf(keys->data, PSERVER_KEY_LEN);
    keys->generation++;

    return PSERVER_OK;
}


void
pserver_keys_shed(pserver_keys_t *keys)
{
    sodium_memzero(keys->older, sizeof(keys->older));

    keys->nolder = 0;
}


const u_char *
pserver_keys_data(const pserver_keys_t *keys, uint64_t generation)
{
    uint64_t  age;

    if (generation == keys->generation) {
        return keys->data;
    }

    age = keys->generation - generation;

    return (generation < keys->generation && age <= keys->nolder)
           ? keys->older[age - 1] : NULL;
}


void
pserver_keys_data_id(u_char id[PSERVER_KEY_LEN],
    const u_char key[PSERVER_KEY_LEN])
{
    static const pserver_str_t  info = pserver_string("pserver/v1/data/id");

    pserver_keys_below(id, key, info);
}


size_t
pserver_keys_wrap(u_char file[PSERVER_KEYS_FILE_MAX],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner)
{
    u_char  *p;

    p = pserver_keys_header(file, keys, 0, root, chain_id, owner);

    return pserver_keys_seal(file, p, keys, root, chain_id, owner, NULL);
}


size_t
pserver_keys_wrap_owned(u_char file[PSERVER_KEYS_FILE_MAX],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN])
{
    u_char  *p;

    p = pserver_keys_header(file, keys, 1, root, chain_id, owner);

    pserver_custody_id(p, custody);
    p += PSERVER_CUSTODY_ID_LEN;

    memcpy(p, wrap, PSERVER_CUSTODY_WRAP_LEN);
    p += PSERVER_CUSTODY_WRAP_LEN;

    return pserver_keys_seal(file, p, keys, root, chain_id, owner, custody);
}


/* who has but the first data key has a file as from before there were more */

static u_char *
pserver_keys_header(u_char *p, const pserver_keys_t *keys, unsigned owned,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner)
{
    unsigned  first, later;

    first = owned ? PSERVER_KEYS_OWNED : PSERVER_KEYS_FIRST;
    later = owned ? PSERVER_KEYS_OWNED_LATER : PSERVER_KEYS_LATER;

    memcpy(p, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN);
    p += PSERVER_KEYS_MAGIC_LEN;

    p = pserver_put_be(p, keys->generation == 1 ? first : later, 4);
    p = pserver_put_be(p, root->id, 4);
    p = pserver_put_be(p, chain_id, 8);

    memcpy(p, owner->bytes, sizeof(owner->bytes));
    p += sizeof(owner->bytes);

    if (keys->generation == 1) {
        return p;
    }

    p = pserver_put_be(p, keys->generation, 4);

    return pserver_put_be(p, keys->generation - keys->nolder, 4);
}


/* data, names and ledger stand side by side, and then the older data keys */

static size_t
pserver_keys_seal(u_char *file, u_char *end, const pserver_keys_t *keys,
    const pserver_root_t *root, uint64_t chain_id,
    const pserver_address_t *owner, const u_char *custody)
{
    u_char         key[PSERVER_KEY_LEN];
    u_char         plain[PSERVER_KEYS_FIXED_LEN + sizeof(keys->older)];
    size_t         older;
    pserver_str_t  header;

    header.data = file;
    header.len = (size_t) (end - file);

    older = keys->nolder * PSERVER_KEY_LEN;

    memcpy(plain, keys, PSERVER_KEYS_FIXED_LEN);
    memcpy(plain + PSERVER_KEYS_FIXED_LEN, keys->older, older);

    pserver_keys_wrapping(key, root, chain_id, owner, custody);

    pserver_box_seal(end, plain, PSERVER_KEYS_FIXED_LEN + older, key, header);

    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(key, sizeof(key));

    return header.len + PSERVER_KEYS_FIXED_LEN + older + PSERVER_BOX_OVERHEAD;
}


int
pserver_keys_unwrap(pserver_keys_t *keys, size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, uint64_t chain_id,
    const pserver_address_t *owner)
{
    return pserver_keys_open(keys, used, file, roots, n, chain_id, owner,
                             NULL);
}


int
pserver_keys_unwrap_owned(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN])
{
    return pserver_keys_open(keys, used, file, roots, n, chain_id, owner,
                             custody);
}


static int
pserver_keys_file(pserver_keys_file_t *parsed, pserver_str_t file)
{
    u_char    *p;
    uint64_t   version;

    if (file.len < PSERVER_KEYS_HEADER_LEN + PSERVER_KEYS_SPAN_LEN
        || memcmp(file.data, PSERVER_KEYS_MAGIC, PSERVER_KEYS_MAGIC_LEN) != 0)
    {
        return PSERVER_INVALID;
    }

    version = pserver_get_be(file.data + 8, 4);

    if (version < PSERVER_KEYS_FIRST || version > PSERVER_KEYS_OWNED_LATER) {
        return PSERVER_INVALID;
    }

    parsed->root = (uint32_t) pserver_get_be(file.data + 12, 4);
    parsed->newest = 1;
    parsed->oldest = 1;
    parsed->own = NULL;

    p = file.data + PSERVER_KEYS_HEADER_LEN;

    if (version >= PSERVER_KEYS_LATER) {
        parsed->newest = (uint32_t) pserver_get_be(p, 4);
        parsed->oldest = (uint32_t) pserver_get_be(p + 4, 4);
        p += PSERVER_KEYS_SPAN_LEN;

        if (parsed->newest < 2
            || parsed->oldest == 0
            || parsed->oldest > parsed->newest
            || parsed->newest - parsed->oldest >= PSERVER_KEYS_OF_DATA)
        {
            return PSERVER_INVALID;
        }
    }

    if (version == PSERVER_KEYS_OWNED || version == PSERVER_KEYS_OWNED_LATER)
    {
        parsed->own = p;
        p += PSERVER_KEYS_OWN_LEN;
    }

    parsed->box = p;
    parsed->keys = PSERVER_KEYS_FIXED_LEN
                   + (parsed->newest - parsed->oldest) * PSERVER_KEY_LEN;

    return (file.len == (size_t) (p - file.data) + parsed->keys
                        + PSERVER_BOX_OVERHEAD)
           ? PSERVER_OK : PSERVER_INVALID;
}


static int
pserver_keys_open(pserver_keys_t *keys, size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, uint64_t chain_id,
    const pserver_address_t *owner, const u_char *custody)
{
    int                   rc;
    u_char                key[PSERVER_KEY_LEN];
    u_char                plain[PSERVER_KEYS_FIXED_LEN + sizeof(keys->older)];
    size_t                i;
    pserver_str_t         header;
    pserver_keys_file_t   parsed;

    if (pserver_keys_file(&parsed, file) != PSERVER_OK
        || (parsed.own == NULL) != (custody == NULL)
        || pserver_get_be(file.data + 16, 8) != chain_id
        || memcmp(file.data + 24, owner->bytes, sizeof(owner->bytes)) != 0)
    {
        return PSERVER_INVALID;
    }

    for (i = 0; i < n; i++) {
        if (roots[i].id == parsed.root) {
            break;
        }
    }

    if (i == n) {
        return PSERVER_DONE;
    }

    header.data = file.data;
    header.len = (size_t) (parsed.box - file.data);

    pserver_keys_wrapping(key, &roots[i], chain_id, owner, custody);

    rc = pserver_box_open(plain, parsed.box,
                          parsed.keys + PSERVER_BOX_OVERHEAD, key, header);

    sodium_memzero(key, sizeof(key));

    if (rc == PSERVER_OK) {
        memset(keys, 0, sizeof(pserver_keys_t));
        memcpy(keys, plain, PSERVER_KEYS_FIXED_LEN);
        memcpy(keys->older, plain + PSERVER_KEYS_FIXED_LEN,
               parsed.keys - PSERVER_KEYS_FIXED_LEN);

        keys->generation = parsed.newest;
        keys->nolder = parsed.newest - parsed.oldest;

        sodium_memzero(plain, sizeof(plain));

        if (used != NULL) {
            *used = i;
        }
    }

    return rc;
}


int
pserver_keys_owned(pserver_str_t file, const u_char **id,
    const u_char **wrap)
{
    pserver_keys_file_t  parsed;

    if (pserver_keys_file(&parsed, file) != PSERVER_OK || parsed.own == NULL)
    {
        return PSERVER_INVALID;
    }

    if (id) {
        *id = parsed.own;
    }

    if (wrap) {
        *wrap = parsed.own + PSERVER_CUSTODY_ID_LEN;
    }

    return PSERVER_OK;
}


int
pserver_keys_root(pserver_str_t file, uint32_t *id)
{
    pserver_keys_file_t  parsed;

    if (pserver_keys_file(&parsed, file) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    *id = parsed.root;

    return PSERVER_OK;
}


int
pserver_keys_generations(pserver_str_t file, uint32_t *newest,
    uint32_t *oldest)
{
    pserver_keys_file_t  parsed;

    if (pserver_keys_file(&parsed, file) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    *newest = parsed.newest;
    *oldest = parsed.oldest;

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

    pserver_keys_below(key, root->key, info);
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
