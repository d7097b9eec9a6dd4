/*
 * Signed notes against the known answer of Go's sumdb/note, and what is no
 * note; checkpoints, written and read.
 */

#include "core/note.h"

#include "test.h"

#include <sodium.h>


#define VKEY                                                                  \
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

#define TEXT                                                                  \
    "If you think cryptography is the answer to your problem,\n"              \
    "then you don't know what your problem is.\n"

#define SIGNATURE                                                             \
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInN" \
    "IuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

#define OTHER                                                                 \
    "\xe2\x80\x94 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2ti"\
    "Oyp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

#define SEED                                                                  \
    "\x81\x0a\x14\x02\xd5\x14\x6c\x8d\x84\xf2\x44\x33\x30\xf5\x40\x80\xeb"    \
    "\xf9\x8e\xe1\x7d\x9c\x74\xf6\x25\x2f\xc5\xd5\xc7\x28\x31\x73"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static pserver_note_key_t
peter(void)
{
    pserver_note_key_t  key;

    CHECK_INT(pserver_note_key_parse(&key, str(VKEY)), PSERVER_OK);

    return key;
}


static int
opens(const char *note)
{
    pserver_str_t       text;
    pserver_note_key_t  key;

    key = peter();

    return pserver_note_open(&text, str(note), &key);
}


TEST(keys)
{
    char                vkey[] = VKEY;
    size_t              i, j;
    u_char              text[PSERVER_NOTE_KEY_MAX], *end;
    pserver_str_t       part;
    pserver_note_key_t  key;

    key = peter();

    CHECK_STR(key.name, "PeterNeumann");
    CHECK_MEM(key.id, "\xc7\x4f\x20\xa3", 4);

    end = pserver_note_key_format(text, &key);
    CHECK_INT(end - text, sizeof(VKEY) - 1);
    CHECK_MEM(text, VKEY, sizeof(VKEY) - 1);

    /* no part of it is a key, and none with another character */

    for (i = 0; i < sizeof(VKEY) - 1; i++) {
        for (j = i; j < sizeof(VKEY); j++) {
            part.data = (u_char *) VKEY + i;
            part.len = j - i;

            if (part.len != sizeof(VKEY) - 1) {
                CHECK_INT(pserver_note_key_parse(&key, part),
                          PSERVER_INVALID);
            }
        }

        vkey[i]++;
        CHECK_INT(pserver_note_key_parse(&key, str(vkey)), PSERVER_INVALID);
        vkey[i]--;
    }

    /* another algorithm, with its hash */

    CHECK_INT(pserver_note_key_parse(&key, str("PeterNeumann+173116ae+ZRpc2Q"
                          "cUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")),
              PSERVER_INVALID);
}


TEST(known_note)
{
    u_char              note[PSERVER_NOTE_MAX], *end;
    u_char              public_key[32], secret[64];
    pserver_str_t       text;
    pserver_note_key_t  key;

    key = peter();

    CHECK_INT(pserver_note_open(&text, str(TEXT "\n" SIGNATURE), &key),
              PSERVER_OK);
    CHECK_STR(text, TEXT);

    (void) crypto_sign_seed_keypair(public_key, secret, (u_char *) SEED);
    CHECK_MEM(public_key, key.key, 32);

    memcpy(note, TEXT, sizeof(TEXT) - 1);
    end = pserver_note_sign(note, sizeof(TEXT) - 1, &key, secret);
    CHECK_INT(end - note, sizeof(TEXT "\n" SIGNATURE) - 1);
    CHECK_MEM(note, TEXT "\n" SIGNATURE, sizeof(TEXT "\n" SIGNATURE) - 1);

    CHECK(pserver_note_sign(note, PSERVER_NOTE_MAX - 110, &key, secret)
          == NULL);
}


TEST(other_signatures)
{
    CHECK_INT(opens(TEXT "\n" OTHER SIGNATURE), PSERVER_OK);
    CHECK_INT(opens(TEXT "\n" SIGNATURE OTHER), PSERVER_OK);
    CHECK_INT(opens(TEXT "\n" OTHER), PSERVER_DONE);
    CHECK_INT(opens("another text\n\n" SIGNATURE), PSERVER_DONE);

    /* the text may have empty lines of its own */

    CHECK_INT(opens("more\n\n" TEXT "\n" SIGNATURE), PSERVER_DONE);
}


TEST(no_note)
{
    CHECK_INT(opens(""), PSERVER_INVALID);
    CHECK_INT(opens("\n\n"), PSERVER_INVALID);
    CHECK_INT(opens(TEXT), PSERVER_INVALID);
    CHECK_INT(opens(TEXT SIGNATURE), PSERVER_INVALID);
    CHECK_INT(opens(TEXT "\n" SIGNATURE "x"), PSERVER_INVALID);
    CHECK_INT(opens(TEXT "\n" SIGNATURE "x\n"), PSERVER_INVALID);
    CHECK_INT(opens(TEXT "\n- PeterNeumann x08go\n"), PSERVER_INVALID);
    CHECK_INT(opens(TEXT "\n\xe2\x80\x94 PeterNeumann\n"), PSERVER_INVALID);
    CHECK_INT(opens(TEXT "\n\xe2\x80\x94 Peter+Neumann x08go\n"),
              PSERVER_INVALID);
}


TEST(checkpoint)
{
    size_t                len;
    u_char                text[PSERVER_NOTE_MAX];
    pserver_str_t         in;
    pserver_checkpoint_t  cp, back;

    memset(&cp, 0, sizeof(cp));

    cp.name = str("pserver/0011223344556677");
    cp.size = 1000000;
    memset(cp.root, 7, 32);
    cp.n = 2;
    cp.epochs[0].chain_id = 1480;
    memset(&cp.epochs[0].contract, 0xaa, 20);
    memset(&cp.epochs[0].sender, 0xbb, 20);
    cp.epochs[1].size = 999;
    cp.epochs[1].chain_id = 14800;

    len = pserver_checkpoint_write(text, &cp) - text;

    in.data = text;
    in.len = len;

    CHECK_STR(in, "pserver/0011223344556677\n"
              "1000000\n"
              "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
              "anchor 0 1480 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
              "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
              "anchor 999 14800 0x0000000000000000000000000000000000000000 "
              "0x0000000000000000000000000000000000000000\n");

    CHECK_INT(pserver_checkpoint_parse(&back, in), PSERVER_OK);
    CHECK_STR(back.name, "pserver/0011223344556677");
    CHECK_INT(back.size, 1000000);
    CHECK_MEM(back.root, cp.root, 32);
    CHECK_INT(back.n, 2);
    CHECK_INT(back.epochs[1].size, 999);
    CHECK_MEM(&back.epochs, &cp.epochs, 2 * sizeof(cp.epochs[0]));

    while (in.len-- > 1) {
        CHECK(pserver_checkpoint_parse(&back, in) != PSERVER_OK
              || in.data[in.len - 1] == '\n');
    }
}


TEST(no_checkpoint)
{
    size_t                i;
    pserver_checkpoint_t  cp;

#define ROOT   "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
#define ADDR   "0x0000000000000000000000000000000000000000"

    static const char  *bad[] = {
        "", "log\n", "log\n1\n", "log\n01\n" ROOT, "log\n-1\n" ROOT,
        "log\n0x1\n" ROOT, "log\n\n" ROOT, "\n1\n" ROOT, "a log\n1\n" ROOT,
        "log\n18446744073709551616\n" ROOT, "log\n1\nAAAA\n",
        "log\n1\n" ROOT "\n", "log\n1\n" ROOT "no newline",
        "log\n1\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd=\n",
        "log\n1\n" ROOT "anchor 1 2 " ADDR "\n",
        "log\n1\n" ROOT "anchor 2 2 " ADDR " " ADDR "\n",
        "log\n1\n" ROOT "anchor 0 2 " ADDR " " ADDR "0\n",
        "log\n1\n" ROOT "anchor 1 2 " ADDR " " ADDR "\n"
                        "anchor 0 2 " ADDR " " ADDR "\n"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(pserver_checkpoint_parse(&cp, str(bad[i])),
                  PSERVER_INVALID);
    }

    CHECK_INT(pserver_checkpoint_parse(&cp, str("log\n18446744073709551615\n"
                          ROOT "something else\n")), PSERVER_OK);
    CHECK(cp.size == UINT64_MAX && cp.n == 0);
}


TEST_MAIN
