/*
 * The owner's own key: its wrap, and the bodies of requests that bring it.
 */

#include "custody.h"
#include "box.h"
#include "bytes.h"
#include "eip712.h"
#include "encode.h"
#include "json.h"
#include "keys.h"

#include <string.h>
#include <sodium.h>


#define PSERVER_CUSTODY_AT_ID        4
#define PSERVER_CUSTODY_AT_SALT      20
#define PSERVER_CUSTODY_AT_WALLET    52
#define PSERVER_CUSTODY_AT_RECOVERY  124
#define PSERVER_CUSTODY_SEALED_LEN                                            \
    (PSERVER_CUSTODY_KEY_LEN + PSERVER_BOX_OVERHEAD)


static void pserver_custody_wallet(u_char out[32], const u_char *wrap,
    const pserver_signature_t *signature);
static void pserver_custody_recovery(u_char out[32], const u_char *wrap,
    const u_char recovery[32]);
static pserver_str_t pserver_custody_ad(
    u_char ad[PSERVER_CUSTODY_AT_WALLET + 20], const u_char *wrap,
    const pserver_address_t *owner);
static int pserver_custody_unwrap(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char *wrap, size_t at, const pserver_address_t *owner,
    const u_char wrapping[32]);
static int pserver_custody_box(u_char box[PSERVER_CUSTODY_BOX_LEN],
    const pserver_json_t *value);
static int pserver_custody_json(pserver_str_t text,
    pserver_json_doc_t **doc);


void
pserver_custody_id(u_char id[PSERVER_CUSTODY_ID_LEN],
    const u_char key[PSERVER_CUSTODY_KEY_LEN])
{
    pserver_str_t               ikm;
    static const pserver_str_t  none;
    static const pserver_str_t  info =
        pserver_string("pserver/v1/custody/id");

    ikm.data = (u_char *) key;
    ikm.len = PSERVER_CUSTODY_KEY_LEN;

    (void) pserver_hkdf(id, PSERVER_CUSTODY_ID_LEN, ikm, none, info);
}


void
pserver_custody_digest(pserver_word_t *digest,
    const pserver_custody_place_t *place)
{
    pserver_eip712_domain_t   domain;
    pserver_eip712_custody_t  custody;

    static const pserver_str_t  name = pserver_string("Personal Server");
    static const pserver_str_t  version = pserver_string("1");
    static const pserver_str_t  notice =
        pserver_string("This signature opens your key to all that this "
                       "server keeps for you. Sign it only in a program of "
                       "your own, never on a web page.");

    domain.name = name;
    domain.version = version;
    domain.contract = place->server;
    pserver_word_from_uint64(&domain.chain_id, place->chain_id);

    custody.notice = notice;
    custody.origin = place->origin;
    custody.owner = place->owner;
    custody.server = place->server;
    pserver_word_from_uint64(&custody.epoch, place->epoch);

    pserver_eip712_custody_digest(digest, &domain, &custody);
}


void
pserver_custody_wrap(u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const u_char key[PSERVER_CUSTODY_KEY_LEN], uint32_t epoch,
    const pserver_address_t *owner, const pserver_signature_t *signature,
    const u_char recovery[32])
{
    u_char         wrapping[32], buf[PSERVER_CUSTODY_AT_WALLET + 20];
    pserver_str_t  ad;

    (void) pserver_put_be(wrap, epoch, 4);
    pserver_custody_id(wrap + PSERVER_CUSTODY_AT_ID, key);
    randombytes_buf(wrap + PSERVER_CUSTODY_AT_SALT, 32);

    ad = pserver_custody_ad(buf, wrap, owner);

    pserver_custody_wallet(wrapping, wrap, signature);
    pserver_box_seal(wrap + PSERVER_CUSTODY_AT_WALLET, key,
                     PSERVER_CUSTODY_KEY_LEN, wrapping, ad);

    pserver_custody_recovery(wrapping, wrap, recovery);
    pserver_box_seal(wrap + PSERVER_CUSTODY_AT_RECOVERY, key,
                     PSERVER_CUSTODY_KEY_LEN, wrapping, ad);

    sodium_memzero(wrapping, sizeof(wrapping));
}


int
pserver_custody_wraps(const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const u_char id[PSERVER_CUSTODY_ID_LEN])
{
    return sodium_memcmp(wrap + PSERVER_CUSTODY_AT_ID, id,
                         PSERVER_CUSTODY_ID_LEN)
           == 0;
}


uint32_t
pserver_custody_epoch(const u_char wrap[PSERVER_CUSTODY_WRAP_LEN])
{
    return (uint32_t) pserver_get_be(wrap, 4);
}


int
pserver_custody_by_wallet(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const pserver_address_t *owner, const pserver_signature_t *signature)
{
    u_char  wrapping[32];

    pserver_custody_wallet(wrapping, wrap, signature);

    return pserver_custody_unwrap(key, wrap, PSERVER_CUSTODY_AT_WALLET, owner,
                                  wrapping);
}


int
pserver_custody_by_recovery(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN],
    const pserver_address_t *owner, const u_char recovery[32])
{
    u_char  wrapping[32];

    pserver_custody_recovery(wrapping, wrap, recovery);

    return pserver_custody_unwrap(key, wrap, PSERVER_CUSTODY_AT_RECOVERY,
                                  owner, wrapping);
}


/* r ‖ s ‖ v as wallets write it, 27 or 28 */

static void
pserver_custody_wallet(u_char out[32], const u_char *wrap,
    const pserver_signature_t *signature)
{
    u_char         bytes[65];
    pserver_str_t  key, salt;

    static const pserver_str_t  info =
        pserver_string("pserver/v1/custody/wallet");

    memcpy(bytes, signature->rs, 64);
    bytes[64] = (u_char) (27 + signature->v);

    key.data = bytes;
    key.len = sizeof(bytes);
    salt.data = (u_char *) wrap + PSERVER_CUSTODY_AT_SALT;
    salt.len = 32;

    (void) pserver_hkdf(out, 32, key, salt, info);

    sodium_memzero(bytes, sizeof(bytes));
}


static void
pserver_custody_recovery(u_char out[32], const u_char *wrap,
    const u_char recovery[32])
{
    pserver_str_t  key, salt;

    static const pserver_str_t  info =
        pserver_string("pserver/v1/custody/recovery");

    key.data = (u_char *) recovery;
    key.len = 32;
    salt.data = (u_char *) wrap + PSERVER_CUSTODY_AT_SALT;
    salt.len = 32;

    (void) pserver_hkdf(out, 32, key, salt, info);
}


static pserver_str_t
pserver_custody_ad(u_char ad[PSERVER_CUSTODY_AT_WALLET + 20],
    const u_char *wrap, const pserver_address_t *owner)
{
    pserver_str_t  str;

    memcpy(ad, wrap, PSERVER_CUSTODY_AT_WALLET);
    memcpy(ad + PSERVER_CUSTODY_AT_WALLET, owner->bytes, 20);

    str.data = ad;
    str.len = PSERVER_CUSTODY_AT_WALLET + 20;

    return str;
}


/* wipes the wrapping key */

static int
pserver_custody_unwrap(u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char *wrap, size_t at, const pserver_address_t *owner,
    const u_char wrapping[32])
{
    int     rc;
    u_char  id[PSERVER_CUSTODY_ID_LEN];
    u_char  ad[PSERVER_CUSTODY_AT_WALLET + 20];

    rc = pserver_box_open(key, wrap + at, PSERVER_CUSTODY_SEALED_LEN,
                          wrapping, pserver_custody_ad(ad, wrap, owner));

    if (rc == PSERVER_OK) {
        pserver_custody_id(id, key);

        if (!pserver_custody_wraps(wrap, id)) {
            rc = PSERVER_INVALID;
        }
    }

    if (rc != PSERVER_OK) {
        sodium_memzero(key, PSERVER_CUSTODY_KEY_LEN);
    }

    sodium_memzero((u_char *) wrapping, 32);

    return rc;
}


int
pserver_custody_parse_unlock(pserver_custody_body_t *body,
    pserver_str_t text, uint64_t max)
{
    int                    rc;
    uint64_t               seconds;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *root;

    memset(body, 0, sizeof(pserver_custody_body_t));

    rc = pserver_custody_json(text, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    root = pserver_json_root(doc);

    if (root->count != 2
        || pserver_custody_box(body->key, pserver_json_get(root, "key"))
           != PSERVER_OK
        || pserver_json_uint(pserver_json_get(root, "seconds"), UINT64_MAX,
                             &seconds)
           != PSERVER_OK
        || seconds == 0)
    {
        rc = PSERVER_INVALID;

    } else if (seconds > max) {
        rc = PSERVER_NOSPACE;

    } else {
        body->seconds = seconds;
    }

    pserver_json_free(doc);

    return rc;
}


int
pserver_custody_parse_set(pserver_custody_body_t *body, pserver_str_t text)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *root, *wrap, *current;

    memset(body, 0, sizeof(pserver_custody_body_t));

    rc = pserver_custody_json(text, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    root = pserver_json_root(doc);
    wrap = pserver_json_get(root, "wrap");
    current = pserver_json_get(root, "current");

    body->has_current = (current != NULL);

    if (root->count != 2u + body->has_current
        || pserver_custody_box(body->key, pserver_json_get(root, "key"))
           != PSERVER_OK
        || (current
            && pserver_custody_box(body->current, current) != PSERVER_OK)
        || wrap == NULL || wrap->type != PSERVER_JSON_STRING
        || pserver_hex0x_decode(body->wrap, PSERVER_CUSTODY_WRAP_LEN,
                                wrap->value)
           != PSERVER_OK)
    {
        rc = PSERVER_INVALID;
    }

    pserver_json_free(doc);

    return rc;
}


static int
pserver_custody_json(pserver_str_t text, pserver_json_doc_t **doc)
{
    int  rc;

    static const pserver_json_limits_t  limits = { 1, 8 };

    rc = pserver_json_parse(text.data, text.len, &limits, doc);

    /* too many members are as wrong as other ones */

    return (rc == PSERVER_NOSPACE) ? PSERVER_INVALID : rc;
}


static int
pserver_custody_box(u_char box[PSERVER_CUSTODY_BOX_LEN],
    const pserver_json_t *value)
{
    if (value == NULL || value->type != PSERVER_JSON_STRING) {
        return PSERVER_INVALID;
    }

    if (pserver_hex0x_decode(box, PSERVER_CUSTODY_BOX_LEN, value->value)
        == PSERVER_OK)
    {
        return PSERVER_OK;
    }

    return pserver_hex_decode(box, PSERVER_CUSTODY_BOX_LEN, value->value);
}


int
pserver_custody_open(const secp256k1_context *secp,
    u_char key[PSERVER_CUSTODY_KEY_LEN],
    const u_char box[PSERVER_CUSTODY_BOX_LEN], const u_char server[32])
{
    int            rc;
    u_char         plain[PSERVER_CUSTODY_BOX_LEN - PSERVER_ECIES_OVERHEAD];
    size_t         len;
    pserver_str_t  str;

    str.data = (u_char *) box;
    str.len = PSERVER_CUSTODY_BOX_LEN;

    rc = pserver_ecies_open(secp, plain, &len, str, server);

    if (rc == PSERVER_OK && len != PSERVER_CUSTODY_KEY_LEN) {
        rc = PSERVER_INVALID;
    }

    if (rc == PSERVER_OK) {
        memcpy(key, plain, PSERVER_CUSTODY_KEY_LEN);
    } else {
        sodium_memzero(key, PSERVER_CUSTODY_KEY_LEN);
    }

    sodium_memzero(plain, sizeof(plain));

    return rc;
}
