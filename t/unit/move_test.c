/*
 * To whom an archive is closed: a known answer, and what does not open.
 */

#include "vector.h"
#include "core/move.h"

#include <string.h>

TEST_MAIN


/* of the root 5a..5a: X25519 and HKDF of another library */

static const char  known[] =
    "5b42827178cdc06befaec8481213b9f4655e"
    "48c87eb29a3e5173f806dd161c4bd49614ec";


TEST(recipient)
{
    char             text[PSERVER_MOVE_TEXT_LEN + 1], bad[sizeof(text)];
    size_t           i;
    u_char           key[PSERVER_MOVE_KEY_LEN], back[PSERVER_MOVE_KEY_LEN];
    pserver_str_t    str;
    pserver_root_t   root;

    root.id = 1;
    memset(root.key, 0x5a, sizeof(root.key));

    pserver_move_keys(key, NULL, &root);
    pserver_move_text(text, key);

    CHECK_INT(strlen(text), PSERVER_MOVE_TEXT_LEN);
    CHECK_MEM(text, known, sizeof(known));

    str.data = (u_char *) bad;
    str.len = PSERVER_MOVE_TEXT_LEN;

    memcpy(bad, text, sizeof(text));
    CHECK_INT(pserver_move_parse(back, str), PSERVER_OK);
    CHECK_MEM(back, key, sizeof(key));

    for (i = 0; i < PSERVER_MOVE_TEXT_LEN; i++) {
        memcpy(bad, text, sizeof(text));
        bad[i] = (text[i] == '0') ? '1' : '0';
        CHECK_INT(pserver_move_parse(back, str), PSERVER_INVALID);
    }

    memcpy(bad, text, sizeof(text));
    str.len--;
    CHECK_INT(pserver_move_parse(back, str), PSERVER_INVALID);
}


TEST(key)
{
    size_t              i;
    u_char              file[PSERVER_MOVE_LEN], key[PSERVER_MOVE_KEY_LEN];
    pserver_str_t       str;
    pserver_root_t      root, other, move, back;
    pserver_address_t   owner, another;

    memset(&root, 1, sizeof(root));
    memset(&other, 2, sizeof(other));
    memset(&owner, 3, sizeof(owner));
    memset(&another, 4, sizeof(another));

    pserver_move_keys(key, NULL, &root);

    CHECK_INT(pserver_move_seal(file, &move, key, 1480, &owner), PSERVER_OK);

    str.data = file;
    str.len = sizeof(file);

    CHECK_INT(pserver_move_open(&back, str, &root, 1480, &owner), PSERVER_OK);
    CHECK_INT(back.id, 1);
    CHECK_MEM(back.key, move.key, PSERVER_KEY_LEN);

    CHECK_INT(pserver_move_open(&back, str, &other, 1480, &owner),
              PSERVER_INVALID);
    CHECK_INT(pserver_move_open(&back, str, &root, 1481, &owner),
              PSERVER_INVALID);
    CHECK_INT(pserver_move_open(&back, str, &root, 1480, &another),
              PSERVER_INVALID);

    for (i = 0; i < sizeof(file); i++) {
        file[i] ^= 1;
        CHECK_INT(pserver_move_open(&back, str, &root, 1480, &owner),
                  PSERVER_INVALID);
        file[i] ^= 1;

        str.len = i;
        CHECK_INT(pserver_move_open(&back, str, &root, 1480, &owner),
                  PSERVER_INVALID);
        str.len = sizeof(file);
    }

    /* a point of low order is nobody's key */

    memset(key, 0, sizeof(key));
    CHECK_INT(pserver_move_seal(file, &move, key, 1480, &owner),
              PSERVER_INVALID);
}
