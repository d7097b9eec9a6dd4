/*
 * An entry of the audit log and its opening.
 */

#include "entry.h"
#include "box.h"
#include "bytes.h"
#include "keys.h"
#include "sha256.h"

#include <string.h>

#include <sodium.h>


#define PSERVER_ENTRY_COMMITMENT_LEN  (1 + 32)
#define PSERVER_ENTRY_FIELD_LEN       (1 + 32 + 2)


static void pserver_entry_derive(u_char out[32], const u_char prk[32],
    pserver_str_t label);
static void pserver_entry_commit(u_char out[32], const u_char key[32],
    u_char id, pserver_str_t value);
static void pserver_entry_link(u_char out[32], const u_char key[32],
    uint64_t counter, const u_char previous[32]);
static int pserver_entry_reason_valid(pserver_str_t reason);


static const struct {
    u_char                type;
    const char           *name;
} pserver_entry_types[] = {
    { PSERVER_ENTRY_START,              "start" },
    { PSERVER_ENTRY_STOP,               "stop" },
    { PSERVER_ENTRY_KEY_ROTATED,        "key_rotated" },
    { PSERVER_ENTRY_ANCHORED,           "anchored" },
    { PSERVER_ENTRY_REQUEST_ACCEPTED,   "accepted" },
    { PSERVER_ENTRY_REQUEST_REFUSED,    "refused" },
    { PSERVER_ENTRY_REFUSALS,           "refusals" },
    { PSERVER_ENTRY_OPERATION_ACCEPTED, "operation_accepted" },
    { PSERVER_ENTRY_OPERATION_STARTED,  "operation_started" },
    { PSERVER_ENTRY_OPERATION_FINISHED, "operation_finished" },
    { PSERVER_ENTRY_OPERATION_RELEASED, "operation_released" },
    { PSERVER_ENTRY_OPERATION_CANCELED, "operation_canceled" },
    { PSERVER_ENTRY_DATA_READ,          "read" },
    { PSERVER_ENTRY_DATA_WRITTEN,       "write" },
    { PSERVER_ENTRY_DATA_DELETED,       "delete" },
    { PSERVER_ENTRY_DATA_LISTED,        "list" },
    { PSERVER_ENTRY_UNLOCKED,           "unlock" },
    { PSERVER_ENTRY_REVOCATION_SEEN,    "revocation_seen" },
    { PSERVER_ENTRY_LOCKED,             "lock" },
    { PSERVER_ENTRY_CUSTODY,            "custody" },
    { PSERVER_ENTRY_KEYS_DESTROYED,     "keys_destroyed" }
};


void
pserver_entry_keys(pserver_entry_keys_t *keys, const u_char ledger[32])
{
    u_char         prk[32];
    pserver_str_t  key, none;

    static const pserver_str_t  id = pserver_string("pserver/v1/log/id");
    static const pserver_str_t  tag = pserver_string("pserver/v1/log/tag");
    static const pserver_str_t  seal = pserver_string("pserver/v1/log/seal");

    key.data = (u_char *) ledger;
    key.len = 32;
    none.data = NULL;
    none.len = 0;

    pserver_hkdf_extract(prk, key, none);

    pserver_entry_derive(keys->id, prk, id);
    pserver_entry_derive(keys->tag, prk, tag);
    pserver_entry_derive(keys->seal, prk, seal);

    sodium_memzero(prk, sizeof(prk));
}


int
pserver_entry_lengths(const pserver_entry_t *statement, size_t *entry_len,
    size_t *box_len)
{
    size_t                        i;
    const pserver_entry_field_t  *field;

    if (statement->reason.len > PSERVER_ENTRY_REASON_MAX
        || statement->n > PSERVER_ENTRY_FIELDS_MAX)
    {
        return PSERVER_NOSPACE;
    }

    if (statement->type == 0
        || !pserver_entry_reason_valid(statement->reason))
    {
        return PSERVER_INVALID;
    }

    *entry_len = PSERVER_ENTRY_HEAD_LEN + statement->reason.len
                 + statement->n * PSERVER_ENTRY_COMMITMENT_LEN
                 + PSERVER_ENTRY_PLACE_LEN;

    *box_len = PSERVER_BOX_OVERHEAD + 32
               + statement->n * PSERVER_ENTRY_FIELD_LEN;

    for (i = 0; i < statement->n; i++) {
        field = &statement->fields[i];

        if (field->id == 0 || (i > 0 && field->id <= field[-1].id)) {
            return PSERVER_INVALID;
        }

        if (field->value.len > PSERVER_ENTRY_VALUE_MAX) {
            return PSERVER_NOSPACE;
        }

        *box_len += field->value.len;
    }

    return PSERVER_OK;
}


void
pserver_entry_write(u_char *entry, u_char *box, u_char link_key[32],
    const pserver_entry_t *statement, const u_char seal[32],
    pserver_random_t *random)
{
    size_t                        i;
    u_char                       *p, *key, *q;
    u_char                        keys[32 * (1 + PSERVER_ENTRY_FIELDS_MAX)];
    u_char                        plain[PSERVER_ENTRY_OPENING_MAX];
    pserver_str_t                 ad;
    const pserver_entry_field_t  *field;

    p = entry;

    *p++ = PSERVER_ENTRY_VERSION;
    *p++ = statement->type;
    *p++ = (u_char) statement->reason.len;
    *p++ = (u_char) statement->n;

    p = pserver_put_be(p, statement->chain_id, 8);
    p = pserver_put_be(p, statement->block, 8);

    if (statement->reason.len) {
        memcpy(p, statement->reason.data, statement->reason.len);
        p += statement->reason.len;
    }

    q = plain;

    pserver_random_bytes(random, keys, 32 * (1 + statement->n));
    key = keys;

    memcpy(link_key, key, 32);
    memcpy(q, key, 32);
    q += 32;

    for (i = 0; i < statement->n; i++) {
        field = &statement->fields[i];

        *q++ = field->id;

        key += 32;
        memcpy(q, key, 32);
        q += 32;

        q = pserver_put_be(q, field->value.len, 2);

        if (field->value.len) {
            memcpy(q, field->value.data, field->value.len);
            q += field->value.len;
        }

        *p++ = field->id;
        pserver_entry_commit(p, key, field->id, field->value);
        p += 32;
    }

    ad.data = entry;
    ad.len = p - entry;

    memset(p, 0, PSERVER_ENTRY_PLACE_LEN);

    pserver_random_bytes(random, box, PSERVER_BOX_NONCE_LEN);
    pserver_box_seal_nonce(box, plain, q - plain, seal, ad);

    sodium_memzero(plain, q - plain);
    sodium_memzero(keys, 32 * (1 + statement->n));
}


void
pserver_entry_place(u_char *entry, size_t len, const u_char tag[32],
    const u_char link_key[32], const pserver_entry_place_t *place)
{
    u_char  *p;

    p = entry + len - PSERVER_ENTRY_PLACE_LEN;

    p = pserver_put_be(p, place->sequence, 8);
    p = pserver_put_be(p, place->time, 8);

    if (place->counter == 0) {
        memset(p, 0, 64);
        return;
    }

    pserver_entry_tag(p, tag, place->counter);
    pserver_entry_link(p + 32, link_key, place->counter, place->previous);
}


int
pserver_entry_parse(pserver_entry_view_t *view, const u_char *entry,
    size_t len)
{
    u_char         last;
    size_t         i;
    const u_char  *p;

    if (len < PSERVER_ENTRY_HEAD_LEN + PSERVER_ENTRY_PLACE_LEN) {
        return PSERVER_INVALID;
    }

    p = entry;

    if (*p++ != PSERVER_ENTRY_VERSION) {
        return PSERVER_INVALID;
    }

    view->type = *p++;
    view->reason.len = *p++;
    view->n = *p++;

    if (view->type == 0
        || view->reason.len > PSERVER_ENTRY_REASON_MAX
        || view->n > PSERVER_ENTRY_FIELDS_MAX)
    {
        return PSERVER_INVALID;
    }

    view->statement.data = (u_char *) entry;
    view->statement.len = PSERVER_ENTRY_HEAD_LEN + view->reason.len
                          + view->n * PSERVER_ENTRY_COMMITMENT_LEN;

    if (len != view->statement.len + PSERVER_ENTRY_PLACE_LEN) {
        return PSERVER_INVALID;
    }

    view->chain_id = pserver_get_be(p, 8);
    p += 8;

    view->block = pserver_get_be(p, 8);
    p += 8;

    view->reason.data = (u_char *) p;
    p += view->reason.len;

    if (!pserver_entry_reason_valid(view->reason)) {
        return PSERVER_INVALID;
    }

    view->commitments = p;
    last = 0;

    for (i = 0; i < view->n; i++) {

        if (*p <= last) {
            return PSERVER_INVALID;
        }

        last = *p;
        p += PSERVER_ENTRY_COMMITMENT_LEN;
    }

    view->sequence = pserver_get_be(p, 8);
    p += 8;

    view->time = pserver_get_be(p, 8);
    p += 8;

    view->tag = p;
    view->link = p + 32;

    return PSERVER_OK;
}


int
pserver_entry_open(pserver_entry_opening_t *opening, u_char *plain,
    const pserver_entry_view_t *view, const u_char *box, size_t len,
    const u_char seal[32])
{
    if (pserver_box_open(plain, box, len, seal, view->statement)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return pserver_entry_opening(opening, plain, len - PSERVER_BOX_OVERHEAD,
                                 view);
}


int
pserver_entry_opening(pserver_entry_opening_t *opening, const u_char *plain,
    size_t len, const pserver_entry_view_t *view)
{
    size_t                  i;
    u_char                  hash[32];
    const u_char           *p, *end, *commitment;
    pserver_entry_field_t  *field;

    p = plain;
    end = plain + len;

    if (end - p < 32) {
        return PSERVER_INVALID;
    }

    opening->link_key = p;
    p += 32;

    commitment = view->commitments;

    for (i = 0; i < view->n; i++) {

        if (end - p < PSERVER_ENTRY_FIELD_LEN) {
            return PSERVER_INVALID;
        }

        field = &opening->fields[i];

        field->id = *p++;

        opening->keys[i] = p;
        p += 32;

        field->value.len = (size_t) pserver_get_be(p, 2);
        p += 2;

        if ((size_t) (end - p) < field->value.len) {
            return PSERVER_INVALID;
        }

        field->value.data = (u_char *) p;
        p += field->value.len;

        pserver_entry_commit(hash, opening->keys[i], field->id, field->value);

        if (field->id != commitment[0]
            || sodium_memcmp(hash, commitment + 1, 32) != 0)
        {
            return PSERVER_INVALID;
        }

        commitment += PSERVER_ENTRY_COMMITMENT_LEN;
    }

    opening->n = view->n;

    return (p == end) ? PSERVER_OK : PSERVER_INVALID;
}


int
pserver_entry_field_opens(const pserver_entry_view_t *view, u_char id,
    const u_char key[32], pserver_str_t value)
{
    size_t         i;
    u_char         hash[32];
    const u_char  *commitment;

    commitment = view->commitments;

    for (i = 0; i < view->n; i++) {

        if (commitment[0] == id) {
            pserver_entry_commit(hash, key, id, value);

            return (sodium_memcmp(hash, commitment + 1, 32) == 0)
                   ? PSERVER_OK : PSERVER_INVALID;
        }

        commitment += PSERVER_ENTRY_COMMITMENT_LEN;
    }

    return PSERVER_INVALID;
}


void
pserver_entry_tag(u_char out[32], const u_char tag[32], uint64_t counter)
{
    u_char  text[8];

    pserver_put_be(text, counter, 8);
    pserver_hmac(out, tag, 32, text, sizeof(text));
}


int
pserver_entry_follows(const pserver_entry_view_t *view, const u_char tag[32],
    const u_char link_key[32], uint64_t counter, const u_char previous[32])
{
    u_char  hash[32];

    pserver_entry_tag(hash, tag, counter);

    if (sodium_memcmp(hash, view->tag, 32) != 0) {
        return PSERVER_INVALID;
    }

    pserver_entry_link(hash, link_key, counter, previous);

    return (sodium_memcmp(hash, view->link, 32) == 0) ? PSERVER_OK
                                                       : PSERVER_INVALID;
}


const pserver_str_t *
pserver_entry_field(const pserver_entry_opening_t *opening, u_char id)
{
    size_t  i;

    for (i = 0; i < opening->n; i++) {
        if (opening->fields[i].id == id) {
            return &opening->fields[i].value;
        }
    }

    return NULL;
}


const char *
pserver_entry_type_name(u_char type)
{
    size_t  i;

    for (i = 0;
         i < sizeof(pserver_entry_types) / sizeof(pserver_entry_types[0]);
         i++)
    {
        if (pserver_entry_types[i].type == type) {
            return pserver_entry_types[i].name;
        }
    }

    return NULL;
}


static void
pserver_entry_derive(u_char out[32], const u_char prk[32],
    pserver_str_t label)
{
    /* 32 bytes are never too many */

    (void) pserver_hkdf_expand(out, 32, prk, label);
}


static void
pserver_entry_commit(u_char out[32], const u_char key[32], u_char id,
    pserver_str_t value)
{
    pserver_hmac_t  state;

    pserver_hmac_init(&state, key, 32);
    pserver_hmac_update(&state, &id, 1);
    pserver_hmac_update(&state, value.data, value.len);
    pserver_hmac_final(&state, out);
}


static void
pserver_entry_link(u_char out[32], const u_char key[32], uint64_t counter,
    const u_char previous[32])
{
    u_char  text[8 + 32];

    pserver_put_be(text, counter, 8);
    memcpy(text + 8, previous, 32);

    pserver_hmac(out, key, 32, text, sizeof(text));
}


static int
pserver_entry_reason_valid(pserver_str_t reason)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < reason.len; i++) {
        c = reason.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'
              || c == '.'))
        {
            return 0;
        }
    }

    return 1;
}
