/*
 * An entry: its bytes as docs/audit-log.md has them, put together by hand;
 * that its box opens for the owner's key only; an owner's chain.
 */

#include <sodium.h>

#include "core/box.h"
#include "core/bytes.h"
#include "core/encode.h"
#include "core/entry.h"
#include "core/merkle.h"

#include "test.h"


static pserver_random_t  rng;

static u_char  ledger[32] = "the ledger key of some owner ...";


static void
sample(pserver_entry_t *e)
{
    static u_char  app[20] = "an address of an app";
    static u_char  scope[] = "instagram.profile";

    memset(e, 0, sizeof(*e));

    e->type = PSERVER_ENTRY_DATA_READ;
    e->reason.data = (u_char *) "GRANT_EXPIRED";
    e->reason.len = 13;
    e->chain_id = 1480;
    e->block = 0x123456;

    e->fields[0].id = PSERVER_FIELD_APP;
    e->fields[0].value.data = app;
    e->fields[0].value.len = 20;
    e->fields[1].id = PSERVER_FIELD_SCOPE;
    e->fields[1].value.data = scope;
    e->fields[1].value.len = sizeof(scope) - 1;
    e->n = 2;
}


TEST(keys)
{
    u_char                known[32];
    u_char               *p;
    size_t                i;
    pserver_str_t         text;
    pserver_entry_keys_t  keys;

    static u_char       count[32];
    static const char  *answers[] = {
        "ee7cf9ba4729718b952e62aa718ff8405552c68797a7fc846f06e80997917aba",
        "dfda4a344a7637ae131e8abb2f228941e3be47524907b42048ae6b54b22d00c6",
        "98f8467b15948e3adb6e9fb3ad23c860cce180c5c8c2b5142351a90ba19396c1"
    };

    for (i = 0; i < 32; i++) {
        count[i] = (u_char) i;
    }

    pserver_entry_keys(&keys, count);

    for (i = 0; i < 3; i++) {
        p = (i == 0) ? keys.id : (i == 1) ? keys.tag : keys.seal;
        text.data = (u_char *) answers[i];
        text.len = 64;
        CHECK_INT(pserver_hex_decode(known, 32, text), PSERVER_OK);
        CHECK_MEM(p, known, 32);
    }
}


TEST(bytes)
{
    size_t                   len, box_len;
    u_char                   entry[PSERVER_ENTRY_MAX], box[1024];
    u_char                   plain[1024], link_key[32], hash[32], text[64];
    pserver_entry_t          e;
    pserver_entry_keys_t     keys;
    pserver_entry_view_t     view;
    pserver_entry_place_t    place;
    pserver_entry_opening_t  opening;

    sample(&e);
    pserver_entry_keys(&keys, ledger);

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    CHECK_INT(len, 20 + 13 + 2 * 33 + 80);
    CHECK_INT(box_len, 40 + 32 + 2 * 35 + 20 + 17);

    pserver_entry_write(entry, box, link_key, &e, keys.seal, &rng);

    place.sequence = 0x0102;
    place.time = 0x0304;
    place.counter = 5;
    memset(place.previous, 0x77, 32);
    pserver_entry_place(entry, len, keys.tag, link_key, &place);

    CHECK_MEM(entry, "\x01\x30\x0d\x02\0\0\0\0\0\0\x05\xc8"
                     "\0\0\0\0\0\x12\x34\x56" "GRANT_EXPIRED" "\x02", 34);
    CHECK_INT(entry[33 + 33], PSERVER_FIELD_SCOPE);
    CHECK_MEM(entry + 99, "\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\x03\x04", 16);

    crypto_auth_hmacsha256(hash, (u_char *) "\0\0\0\0\0\0\0\x05", 8,
                           keys.tag);
    CHECK_MEM(entry + 115, hash, 32);

    memcpy(text, "\0\0\0\0\0\0\0\x05", 8);
    memset(text + 8, 0x77, 32);
    crypto_auth_hmacsha256(hash, text, 40, link_key);
    CHECK_MEM(entry + 147, hash, 32);

    CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_OK);
    CHECK_INT(view.type, 0x30);
    CHECK_STR(view.reason, "GRANT_EXPIRED");
    CHECK_INT(view.chain_id, 1480);
    CHECK_INT(view.block, 0x123456);
    CHECK_INT(view.n, 2);
    CHECK_INT(view.statement.len, 99);
    CHECK_INT(view.sequence, 0x0102);
    CHECK_INT(view.time, 0x0304);

    CHECK_INT(pserver_entry_open(&opening, plain, &view, box, box_len,
                                 keys.seal),
              PSERVER_OK);
    CHECK_INT(opening.n, 2);
    CHECK_STR(*pserver_entry_field(&opening, PSERVER_FIELD_APP),
              "an address of an app");
    CHECK_STR(*pserver_entry_field(&opening, PSERVER_FIELD_SCOPE),
              "instagram.profile");
    CHECK(pserver_entry_field(&opening, PSERVER_FIELD_IP) == NULL);
    CHECK_MEM(opening.link_key, link_key, 32);

    /* a commitment: HMAC-SHA256(key, id ‖ value) */

    memcpy(text, "\x02" "an address of an app", 21);
    crypto_auth_hmacsha256(hash, text, 21, opening.keys[0]);
    CHECK_MEM(entry + 34, hash, 32);
}


TEST(box_opens_for_its_entry_only)
{
    size_t                   i, len, box_len;
    u_char                   entry[PSERVER_ENTRY_MAX], box[1024];
    u_char                   plain[1024], link_key[32];
    pserver_entry_t          e;
    pserver_entry_keys_t     keys, other;
    pserver_entry_view_t     view;
    pserver_entry_opening_t  opening;

    sample(&e);
    pserver_entry_keys(&keys, ledger);
    pserver_entry_keys(&other, (u_char *) "another ledger key, another owner");

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    pserver_entry_write(entry, box, link_key, &e, keys.seal, &rng);
    CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_OK);

    CHECK_INT(pserver_entry_open(&opening, plain, &view, box, box_len,
                                 other.seal),
              PSERVER_INVALID);
    CHECK_INT(pserver_entry_open(&opening, plain, &view, box, 39, keys.seal),
              PSERVER_INVALID);
    CHECK_INT(pserver_entry_open(&opening, plain, &view, box, 0, keys.seal),
              PSERVER_INVALID);

    /* every bit of the statement counts; none of the place does */

    for (i = 0; i < len; i++) {
        entry[i] ^= 0x04;

        if (pserver_entry_parse(&view, entry, len) == PSERVER_OK) {
            CHECK_INT(pserver_entry_open(&opening, plain, &view, box, box_len,
                                         keys.seal),
                      (i < 99) ? PSERVER_INVALID : PSERVER_OK);
        }

        entry[i] ^= 0x04;
    }
}


/* a box that was sealed by the owner's key but does not fit the entry */

TEST(opening_must_match_the_commitments)
{
    size_t                   i, len, box_len;
    u_char                   entry[PSERVER_ENTRY_MAX], box[1024];
    u_char                   plain[1024], copy[1024], link_key[32];
    pserver_entry_t          e;
    pserver_entry_keys_t     keys;
    pserver_entry_view_t     view;
    pserver_entry_opening_t  opening;

    sample(&e);
    pserver_entry_keys(&keys, ledger);

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    pserver_entry_write(entry, box, link_key, &e, keys.seal, &rng);
    CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_OK);
    CHECK_INT(pserver_box_open(plain, box, box_len, keys.seal,
                               view.statement),
              PSERVER_OK);

    len = box_len - PSERVER_BOX_OVERHEAD;

    for (i = 32; i < len; i++) {
        memcpy(copy, plain, len);
        copy[i] ^= 1;
        pserver_box_seal(box, copy, len, keys.seal, view.statement);
        CHECK_INT(pserver_entry_open(&opening, copy, &view, box, box_len,
                                     keys.seal),
                  PSERVER_INVALID);
    }

    for (i = 0; i <= len + 1; i++) {
        memset(copy, 0, sizeof(copy));
        memcpy(copy, plain, (i < len) ? i : len);
        pserver_box_seal(box, copy, i, keys.seal, view.statement);
        CHECK_INT(pserver_entry_open(&opening, copy, &view, box,
                                     i + PSERVER_BOX_OVERHEAD, keys.seal),
                  (i == len) ? PSERVER_OK : PSERVER_INVALID);
    }
}


TEST(chain)
{
    size_t                 i, len, box_len;
    u_char                 entry[PSERVER_ENTRY_MAX], box[1024];
    u_char                 link_key[32], first[32];
    pserver_entry_t        e;
    pserver_entry_keys_t   keys;
    pserver_entry_view_t   view;
    pserver_entry_place_t  place;

    sample(&e);
    pserver_entry_keys(&keys, ledger);
    memset(&place, 0, sizeof(place));

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);

    for (i = 1; i <= 3; i++) {
        pserver_entry_write(entry, box, link_key, &e, keys.seal, &rng);

        place.counter = i;
        pserver_entry_place(entry, len, keys.tag, link_key, &place);

        CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_OK);
        CHECK_INT(pserver_entry_follows(&view, keys.tag, link_key, i,
                                        place.previous),
                  PSERVER_OK);
        CHECK_INT(pserver_entry_follows(&view, keys.tag, link_key, i + 1,
                                        place.previous),
                  PSERVER_INVALID);
        CHECK_INT(pserver_entry_follows(&view, keys.seal, link_key, i,
                                        place.previous),
                  PSERVER_INVALID);

        memcpy(first, place.previous, 32);
        first[31] ^= 1;
        CHECK_INT(pserver_entry_follows(&view, keys.tag, link_key, i, first),
                  PSERVER_INVALID);

        pserver_merkle_leaf(place.previous, entry, len);
    }

    /* of no owner */

    place.counter = 0;
    pserver_entry_place(entry, len, NULL, NULL, &place);
    CHECK(sodium_is_zero(entry + len - 64, 64));
}


TEST(limits)
{
    size_t           i, len, box_len;
    u_char           entry[PSERVER_ENTRY_MAX], link_key[32];
    u_char          *box;
    static u_char    value[PSERVER_ENTRY_VALUE_MAX + 1];
    pserver_entry_t  e;

    memset(&e, 0, sizeof(e));
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_INVALID);

    e.type = PSERVER_ENTRY_START;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    CHECK_INT(len, 100);

    /* the largest one */

    e.reason.data = (u_char *) "0123456789012345678901234567890123456789_";
    e.reason.len = 40;
    e.n = PSERVER_ENTRY_FIELDS_MAX;

    for (i = 0; i < e.n; i++) {
        e.fields[i].id = (u_char) (i + 1);
        e.fields[i].value.data = value;
        e.fields[i].value.len = PSERVER_ENTRY_VALUE_MAX;
    }

    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    CHECK_INT(len, PSERVER_ENTRY_MAX);
    CHECK_INT(box_len, PSERVER_ENTRY_OPENING_MAX + PSERVER_BOX_OVERHEAD);

    box = malloc(box_len);
    pserver_entry_write(entry, box, link_key, &e, ledger, &rng);
    free(box);

    /* one more of each */

    e.reason.len = 41;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_NOSPACE);
    e.reason.len = 40;

    e.n = PSERVER_ENTRY_FIELDS_MAX + 1;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_NOSPACE);
    e.n = PSERVER_ENTRY_FIELDS_MAX;

    e.fields[3].value.len++;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_NOSPACE);
    e.fields[3].value.len--;

    e.fields[3].id = 3;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_INVALID);
    e.fields[3].id = 4;

    e.fields[0].id = 0;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_INVALID);
    e.fields[0].id = 1;

    e.reason.data = (u_char *) "two words";
    e.reason.len = 9;
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_INVALID);
}


TEST(strict)
{
    size_t                len, box_len, i;
    u_char                entry[PSERVER_ENTRY_MAX + 1], box[1024];
    u_char                link_key[32];
    pserver_entry_t       e;
    pserver_entry_view_t  view;

    static const struct {
        size_t  offset;
        u_char  value;
    } changes[] = {
        { 0, 0 }, { 0, 2 },             /* version */
        { 1, 0 },                       /* type */
        { 2, 12 }, { 2, 14 }, { 2, 41 },
        { 3, 1 }, { 3, 3 }, { 3, 17 },
        { 20, ' ' }, { 32, 0 },         /* reason */
        { 33, 0 }, { 33, 6 }, { 66, 2 } /* fields */
    };

    sample(&e);
    CHECK_INT(pserver_entry_lengths(&e, &len, &box_len), PSERVER_OK);
    pserver_entry_write(entry, box, link_key, &e, ledger, &rng);

    for (i = 0; i < len; i++) {
        CHECK_INT(pserver_entry_parse(&view, entry, i), PSERVER_INVALID);
    }

    entry[len] = 0;
    CHECK_INT(pserver_entry_parse(&view, entry, len + 1), PSERVER_INVALID);

    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        box[0] = entry[changes[i].offset];
        entry[changes[i].offset] = changes[i].value;
        CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_INVALID);
        entry[changes[i].offset] = box[0];
    }

    CHECK_INT(pserver_entry_parse(&view, entry, len), PSERVER_OK);
}


TEST(type_names)
{
    CHECK(strcmp(pserver_entry_type_name(PSERVER_ENTRY_DATA_READ), "read")
          == 0);
    CHECK(pserver_entry_type_name(0) == NULL);
    CHECK(pserver_entry_type_name(255) == NULL);
}


TEST_MAIN
