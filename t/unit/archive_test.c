/*
 * The list of an archive: written and read, and what is none.
 */

#include "vector.h"
#include "core/archive.h"

#include <stdio.h>
#include <string.h>

TEST_MAIN


#define H16  "0123456789abcdef"
#define H64  H16 H16 H16 H16

#define HEAD   "pserver archive 1\nowner " H16 H16 "01234567\n"               \
               "chain 1480\nrecipient " H64 "\n"
#define FILE1  "file " H64 " 124 key\n"
#define FILE2  "file " H64 " 0 objects/" H64 "/00000001\n"
#define LINK1  "link seen/pending 0a\n"


/* how many entries there are; PSERVER_INVALID */

static int
read_list(const char *text)
{
    int                       n, rc;
    pserver_str_t             str;
    pserver_archive_t         archive;
    pserver_archive_head_t    head;
    pserver_archive_entry_t   entry;

    str.data = (u_char *) text;
    str.len = strlen(text);

    if (pserver_archive_init(&archive, &head, str) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    for (n = 0; /* void */ ; n++) {
        rc = pserver_archive_next(&archive, &entry);

        if (rc != PSERVER_OK) {
            return (rc == PSERVER_DONE) ? n : rc;
        }
    }
}


TEST(lists)
{
    char        text[1024];
    size_t      i, len;

    static const char  whole[] = HEAD FILE1 FILE2 LINK1 "end 3\n";

    CHECK_INT(read_list(whole), 3);
    CHECK_INT(read_list(HEAD "end 0\n"), 0);

    /* the order, the number, what is behind */

    CHECK_INT(read_list(HEAD FILE2 FILE1 LINK1 "end 3\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD FILE1 FILE1 "end 2\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD FILE1 "end 2\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD FILE1 "end 1\n\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD FILE1 "end 01\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD FILE1 "end \n"), PSERVER_INVALID);

    /* numbers */

    CHECK_INT(read_list(HEAD "file " H64 " 0124 key\nend 1\n"),
              PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "file " H64 " 99999999999999999999 key\nend 1\n"),
              PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "file " H64 " -1 key\nend 1\n"),
              PSERVER_INVALID);

    /* a link is no file, its text is hex */

    CHECK_INT(read_list(HEAD "file " H64 " 1 seen/pending\nend 1\n"),
              PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "link key 0a\nend 1\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "link seen/pending \nend 1\n"), PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "link seen/pending /etc\nend 1\n"),
              PSERVER_INVALID);
    CHECK_INT(read_list(HEAD "link seen/pending\nend 1\n"), PSERVER_INVALID);

    /* cut off anywhere, or one character another */

    len = sizeof(whole) - 1;

    for (i = 0; i < len; i++) {
        memcpy(text, whole, len);
        text[i] = '\0';
        CHECK_INT(read_list(text), PSERVER_INVALID);
        text[i] = 'G';
        text[len] = '\0';
        CHECK_INT(read_list(text), PSERVER_INVALID);
    }
}


TEST(paths)
{
    size_t         i;
    pserver_str_t  path;

    static const struct {
        const char              *path;
        pserver_archive_kind_e   kind;
    } cases[] = {
        { "key", PSERVER_ARCHIVE_KEY },
        { "owner.key", PSERVER_ARCHIVE_OWNER_KEY },
        { "manifest", PSERVER_ARCHIVE_MANIFEST },
        { "objects/" H64 "/00000001", PSERVER_ARCHIVE_OBJECT },
        { "jobs/" H64, PSERVER_ARCHIVE_ROW },
        { "jobs/" H64 ".out/00000001", PSERVER_ARCHIVE_ARTIFACT },
        { "logs/" H16 "/key", PSERVER_ARCHIVE_PROOF },
        { "logs/" H16 "/checkpoint", PSERVER_ARCHIVE_PROOF },
        { "logs/" H16 "/proofs", PSERVER_ARCHIVE_PROOF },
        { "seen/" H16 "-" H64, PSERVER_ARCHIVE_LINK },
        { "seen/pending", PSERVER_ARCHIVE_LINK },
        { "jobs/repeats/" H16 "-" H64, PSERVER_ARCHIVE_LINK },
        { "", PSERVER_ARCHIVE_NONE },
        { "list", PSERVER_ARCHIVE_NONE },
        { "/key", PSERVER_ARCHIVE_NONE },
        { "../key", PSERVER_ARCHIVE_NONE },
        { "key/", PSERVER_ARCHIVE_NONE },
        { "keys", PSERVER_ARCHIVE_NONE },
        { "ke", PSERVER_ARCHIVE_NONE },
        { "objects/" H64 "/0000000a", PSERVER_ARCHIVE_NONE },
        { "objects/" H64 "/0000001", PSERVER_ARCHIVE_NONE },
        { "objects/" H64 "/000000001", PSERVER_ARCHIVE_NONE },
        { "objects/" H16 H16 H16 "0123456789abcdeF/00000001",
          PSERVER_ARCHIVE_NONE },
        { "jobs/" H64 ".cancel", PSERVER_ARCHIVE_NONE },
        { "jobs/repeats", PSERVER_ARCHIVE_NONE },
        { "tmp/x", PSERVER_ARCHIVE_NONE },
        { "logs/" H16 "/log", PSERVER_ARCHIVE_NONE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        path.data = (u_char *) cases[i].path;
        path.len = strlen(cases[i].path);
        CHECK_INT(pserver_archive_kind(path), cases[i].kind);
    }
}


TEST(written)
{
    u_char                    text[8 * PSERVER_ARCHIVE_LINE_MAX], *p;
    pserver_str_t             str;
    pserver_archive_t         archive;
    pserver_archive_head_t    head, back;
    pserver_archive_entry_t   file, link, entry;

    static const pserver_str_t  path = pserver_string("objects/" H64
                                                      "/00000007");
    static const pserver_str_t  name = pserver_string("seen/" H16 "-" H64);
    static const pserver_str_t  value = pserver_string("00ff");

    memset(&head, 0x21, sizeof(head));
    head.chain_id = 14800;

    memset(&file, 0, sizeof(file));
    file.kind = PSERVER_ARCHIVE_OBJECT;
    file.path = path;
    file.size = 9999999999999999999u;
    memset(file.sha256, 0xab, 32);

    memset(&link, 0, sizeof(link));
    link.kind = PSERVER_ARCHIVE_LINK;
    link.path = name;
    link.text = value;

    p = pserver_archive_write_head(text, &head);
    p = pserver_archive_write_entry(p, &file);
    p = pserver_archive_write_entry(p, &link);
    p = pserver_archive_write_end(p, 2);

    str.data = text;
    str.len = (size_t) (p - text);

    CHECK_INT(pserver_archive_init(&archive, &back, str), PSERVER_OK);
    CHECK_MEM(&back.owner, &head.owner, sizeof(head.owner));
    CHECK_MEM(back.recipient, head.recipient, 32);
    CHECK_INT(back.chain_id, 14800);

    CHECK_INT(pserver_archive_next(&archive, &entry), PSERVER_OK);
    CHECK_INT(entry.kind, PSERVER_ARCHIVE_OBJECT);
    CHECK_INT(entry.size == file.size, 1);
    CHECK_MEM(entry.sha256, file.sha256, 32);

    CHECK_INT(pserver_archive_next(&archive, &entry), PSERVER_OK);
    CHECK_INT(entry.kind, PSERVER_ARCHIVE_LINK);
    CHECK_MEM(entry.text.data, "00ff", 4);

    CHECK_INT(pserver_archive_next(&archive, &entry), PSERVER_DONE);
}
