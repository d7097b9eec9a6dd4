/*
 * Markers, bytes and back.
 */

#include "marker.h"
#include "bytes.h"
#include "encode.h"

#include <string.h>


/* their zeros belong to them */

static const pserver_str_t  pserver_marker_change =
    pserver_string("pserver/v1/change\0");
static const pserver_str_t  pserver_marker_started =
    pserver_string("pserver/v1/started\0");


static void pserver_marker_seal(u_char *text, const u_char *plain, size_t len,
    const u_char *key, pserver_str_t label);
static int pserver_marker_open(u_char *plain, size_t len, pserver_str_t text,
    const u_char *key, pserver_str_t label);


void
pserver_marker_name(char name[PSERVER_MARKER_NAME_LEN + 1], uint64_t exp,
    const u_char hash[PSERVER_MARKER_HASH_LEN])
{
    u_char  *p, number[8];

    (void) pserver_put_be(number, exp, sizeof(number));

    p = pserver_hex_encode((u_char *) name, number, sizeof(number));
    *p++ = '-';
    p = pserver_hex_encode(p, hash, PSERVER_MARKER_HASH_LEN);
    *p = '\0';
}


int
pserver_marker_exp(uint64_t *exp, const char *name)
{
    char           same[PSERVER_MARKER_NAME_LEN + 1];
    u_char         number[8], hash[PSERVER_MARKER_HASH_LEN];
    pserver_str_t  digits;

    if (strlen(name) != PSERVER_MARKER_NAME_LEN) {
        return PSERVER_INVALID;
    }

    digits.data = (u_char *) name;
    digits.len = 2 * sizeof(number);

    if (pserver_hex_decode(number, sizeof(number), digits) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    digits.data += digits.len + 1;
    digits.len = 2 * sizeof(hash);

    if (pserver_hex_decode(hash, sizeof(hash), digits) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    *exp = pserver_get_be(number, sizeof(number));

    pserver_marker_name(same, *exp, hash);

    return (strcmp(same, name) == 0) ? PSERVER_OK : PSERVER_INVALID;
}


void
pserver_change_seal(u_char *text, const pserver_change_t *change,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    u_char  *p, plain[PSERVER_CHANGE_LEN];

    p = pserver_put_be(plain, change->exp, 8);
    memcpy(p, change->hash, 32);
    p = pserver_put_be(p + 32, change->value, 8);
    p = pserver_put_be(p, change->number, 8);
    memcpy(p, change->name, 32);
    memcpy(p + 32, change->id, 16);

    pserver_marker_seal(text, plain, sizeof(plain), key,
                        pserver_marker_change);
}


int
pserver_change_open(pserver_change_t *change, pserver_str_t text,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    u_char  plain[PSERVER_CHANGE_LEN];

    if (pserver_marker_open(plain, sizeof(plain), text, key,
                            pserver_marker_change)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    change->exp = pserver_get_be(plain, 8);
    memcpy(change->hash, plain + 8, 32);
    change->value = pserver_get_be(plain + 40, 8);
    change->number = pserver_get_be(plain + 48, 8);
    memcpy(change->name, plain + 56, 32);
    memcpy(change->id, plain + 88, 16);

    return PSERVER_OK;
}


void
pserver_started_seal(u_char *text, const pserver_started_t *started,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    u_char  *p, plain[PSERVER_STARTED_LEN];

    p = pserver_put_be(plain, started->exp, 8);
    memcpy(p, started->hash, 32);
    memcpy(p + 32, started->id, 32);
    (void) pserver_put_be(p + 64, started->created, 8);

    pserver_marker_seal(text, plain, sizeof(plain), key,
                        pserver_marker_started);
}


int
pserver_started_open(pserver_started_t *started, pserver_str_t text,
    const u_char key[PSERVER_BOX_KEY_LEN])
{
    u_char  plain[PSERVER_STARTED_LEN];

    if (pserver_marker_open(plain, sizeof(plain), text, key,
                            pserver_marker_started)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    started->exp = pserver_get_be(plain, 8);
    memcpy(started->hash, plain + 8, 32);
    memcpy(started->id, plain + 40, 32);
    started->created = pserver_get_be(plain + 72, 8);

    return PSERVER_OK;
}


static void
pserver_marker_seal(u_char *text, const u_char *plain, size_t len,
    const u_char *key, pserver_str_t label)
{
    u_char  box[PSERVER_CHANGE_LEN + PSERVER_BOX_OVERHEAD];

    pserver_box_seal(box, plain, len, key, label);

    *pserver_hex_encode(text, box, len + PSERVER_BOX_OVERHEAD) = '\0';
}


static int
pserver_marker_open(u_char *plain, size_t len, pserver_str_t text,
    const u_char *key, pserver_str_t label)
{
    u_char  box[PSERVER_CHANGE_LEN + PSERVER_BOX_OVERHEAD];

    if (pserver_hex_decode(box, len + PSERVER_BOX_OVERHEAD, text)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return pserver_box_open(plain, box, len + PSERVER_BOX_OVERHEAD, key,
                            label);
}
