/*
 * Markers open as what they were sealed as, under their key, and in no
 * other form.
 */

#include "core/marker.h"

#include "test.h"


static const u_char  key[32] = { 1, 2, 3 };
static const u_char  other[32] = { 1, 2, 4 };


static pserver_str_t
change_text(u_char *text, pserver_change_t *change)
{
    pserver_str_t  str;

    memset(change, 0, sizeof(pserver_change_t));

    change->exp = 0x0102030405060708;
    memset(change->hash, 0xaa, 32);
    change->value = 1700000000123;
    change->number = 7;
    memset(change->name, 0xbb, 32);
    memset(change->id, 0xcc, 16);

    pserver_change_seal(text, change, key);

    str.data = text;
    str.len = strlen((char *) text);

    return str;
}


TEST(name)
{
    char      text[PSERVER_MARKER_NAME_LEN + 1];
    u_char    hash[32];
    uint64_t  exp;

    memset(hash, 0x5a, 32);
    pserver_marker_name(text, 1700000000, hash);

    CHECK(strcmp(text, "000000006553f100-5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
                       "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a") == 0);

    CHECK_INT(pserver_marker_exp(&exp, text), PSERVER_OK);
    CHECK_INT(exp, 1700000000);

    text[20] = 'A';
    CHECK_INT(pserver_marker_exp(&exp, text), PSERVER_INVALID);

    text[20] = 'a';
    text[16] = '_';
    CHECK_INT(pserver_marker_exp(&exp, text), PSERVER_INVALID);

    text[16] = '-';
    text[80] = '\0';
    CHECK_INT(pserver_marker_exp(&exp, text), PSERVER_INVALID);

    CHECK_INT(pserver_marker_exp(&exp, "pending"), PSERVER_INVALID);
    CHECK_INT(pserver_marker_exp(&exp, ""), PSERVER_INVALID);
}


TEST(change)
{
    u_char            text[PSERVER_CHANGE_TEXT_LEN + 1];
    pserver_str_t     str;
    pserver_change_t  change, back;

    str = change_text(text, &change);

    CHECK_INT(str.len, PSERVER_CHANGE_TEXT_LEN);

    memset(&back, 0, sizeof(pserver_change_t));

    CHECK_INT(pserver_change_open(&back, str, key), PSERVER_OK);
    CHECK_MEM(&back, &change, sizeof(pserver_change_t));

    CHECK_INT(pserver_change_open(&back, str, other), PSERVER_INVALID);
}


TEST(started)
{
    u_char             text[PSERVER_STARTED_TEXT_LEN + 1];
    pserver_str_t      str;
    pserver_change_t   change;
    pserver_started_t  started, back;

    memset(&started, 0, sizeof(pserver_started_t));

    started.exp = 0;
    memset(started.hash, 0x11, 32);
    memset(started.id, 0x22, 32);
    started.created = 1700000000123;

    pserver_started_seal(text, &started, key);

    str.data = text;
    str.len = strlen((char *) text);

    CHECK_INT(str.len, PSERVER_STARTED_TEXT_LEN);

    memset(&back, 0, sizeof(pserver_started_t));

    CHECK_INT(pserver_started_open(&back, str, key), PSERVER_OK);
    CHECK_MEM(&back, &started, sizeof(pserver_started_t));

    CHECK_INT(pserver_started_open(&back, str, other), PSERVER_INVALID);
    CHECK_INT(pserver_change_open(&change, str, key), PSERVER_INVALID);
}


TEST(changed)
{
    size_t            i;
    u_char            text[PSERVER_CHANGE_TEXT_LEN + 1];
    pserver_str_t     str;
    pserver_change_t  change, back;

    str = change_text(text, &change);

    for (i = 0; i < str.len; i++) {
        text[i] ^= 1;
        CHECK_INT(pserver_change_open(&back, str, key), PSERVER_INVALID);
        text[i] ^= 1;
    }

    for (i = 0; i < PSERVER_CHANGE_TEXT_LEN; i++) {
        str.len = i;
        CHECK_INT(pserver_change_open(&back, str, key), PSERVER_INVALID);
    }
}


TEST_MAIN
