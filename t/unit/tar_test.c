/*
 * core/tar: what the writer writes is what tar(1) wrote, and the reader
 * takes that and nothing else.
 */

#include "test.h"
#include "core/tar.h"


#define str(s)  ((pserver_str_t) { sizeof(s) - 1, (u_char *) (s) })


static const pserver_tar_limits_t  wide = { 16, 8, 1 << 20, 1 << 20, 0 };


static size_t
add(u_char *dst, const char *name, const char *content)
{
    size_t         len;
    pserver_str_t  s;

    s.data = (u_char *) name;
    s.len = strlen(name);
    len = strlen(content);

    CHECK_INT(pserver_tar_header(dst, s, len), PSERVER_OK);

    memcpy(dst + PSERVER_TAR_BLOCK, content, len);
    memset(dst + PSERVER_TAR_BLOCK + len, 0, pserver_tar_padding(len));

    return (size_t) pserver_tar_entry_len(len);
}


/* writes down what the reader says: "name:content;" and "name/;" */

static int
list(const u_char *tar, size_t len, size_t step,
    const pserver_tar_limits_t *limits, char *out)
{
    int                   rc;
    size_t                n;
    const u_char         *pos, *last;
    pserver_tar_t         t;
    pserver_tar_event_t   event;

    pserver_tar_init(&t, limits);

    *out = '\0';
    rc = PSERVER_AGAIN;

    for (n = 0; n < len; n += step) {
        pos = tar + n;
        last = tar + (len - n < step ? len : n + step);

        while ((rc = pserver_tar_next(&t, &pos, last, &event))
               == PSERVER_OK)
        {
            switch (event.type) {

            case PSERVER_TAR_DIRECTORY:
                out += sprintf(out, "%s/;", event.name.data);
                break;

            case PSERVER_TAR_FILE:
                out += sprintf(out, "%s:", event.name.data);
                break;

            case PSERVER_TAR_DATA:
                out += sprintf(out, "%.*s", (int) event.data.len,
                               event.data.data);
                break;

            case PSERVER_TAR_FILE_END:
                out += sprintf(out, ";");
                break;
            }
        }

        if (rc == PSERVER_AGAIN || rc == PSERVER_DONE) {
            CHECK(pos == last);
        }
    }

    return rc;
}


/* changes one byte of a header and makes the checksum right again */

static void
poke(u_char *block, size_t offset, const void *bytes, size_t len)
{
    size_t    i;
    char      text[8];
    uint32_t  sum;

    memcpy(block + offset, bytes, len);

    for (i = 0, sum = 0; i < PSERVER_TAR_BLOCK; i++) {
        sum += (i >= 148 && i < 156) ? ' ' : block[i];
    }

    sprintf(text, "%06o", sum);
    memcpy(block + 148, text, 7);
}


/* t/vectors/tar/gnu.tar: by GNU tar, see its README */

TEST(known_answer)
{
    char     out[1024];
    size_t   len, want;
    char    *file;
    u_char   tar[16384];

    file = test_file("t/vectors/tar/gnu.tar", &want);

    len = add(tar, "data/17.json", "{\"a\":1}\n");
    len += add(tar + len, "empty", "");
    len += add(tar + len,
               "folder-of-some-length/folder-of-some-length/"
               "folder-of-some-length/folder-of-some-length/"
               "folder-of-some-length/x.txt", "long\n");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    CHECK_INT(len, want);
    CHECK_MEM(tar, file, want);

    CHECK_INT(list((u_char *) file, want, want, &wide, out), PSERVER_DONE);
    CHECK(strcmp(out, "data/17.json:{\"a\":1}\n;empty:;"
                 "folder-of-some-length/folder-of-some-length/"
                 "folder-of-some-length/folder-of-some-length/"
                 "folder-of-some-length/x.txt:long\n;") == 0);

    free(file);
}


TEST(any_cut)
{
    char    out[1024];
    size_t  len, step;
    u_char  tar[8192];

    len = add(tar, "b", "content of b");
    len += add(tar + len, "a", "");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    for (step = 1; step <= len; step++) {
        CHECK_INT(list(tar, len, step, &wide, out), PSERVER_DONE);
        CHECK(strcmp(out, "b:content of b;a:;") == 0);
    }

    /* whole, or not an archive */

    for (step = 1; step < len; step++) {
        CHECK_INT(list(tar, step, step, &wide, out), PSERVER_AGAIN);
    }

    memset(tar + len, 0, 1);
    CHECK_INT(list(tar, len + 1, len + 1, &wide, out), PSERVER_INVALID);
    CHECK_INT(list(tar, len + 1, 1, &wide, out), PSERVER_INVALID);
}


TEST(names)
{
    size_t       i;
    char         name[257];
    u_char       block[PSERVER_TAR_BLOCK];
    static const char *good[] = {
        "a", "a b", "...", ".a", "a/..b", "a.", "~'$`", "a:b"
    };
    static const char *bad[] = {
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/./b",
        "../a", "a/..", "a/../b", "a\\b", "a\"b", "a\nb", "a\177",
        "caf\xc3\xa9"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_INT(pserver_tar_name((pserver_str_t) { strlen(good[i]),
                                   (u_char *) good[i] }), PSERVER_OK);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(pserver_tar_name((pserver_str_t) { strlen(bad[i]),
                                   (u_char *) bad[i] }), PSERVER_INVALID);
    }

    CHECK_INT(pserver_tar_name((pserver_str_t) { 3, (u_char *) "a\0b" }),
              PSERVER_INVALID);

    memset(name, 'x', sizeof(name));

    CHECK_INT(pserver_tar_header(block, (pserver_str_t) { 100,
                                 (u_char *) name }, 0), PSERVER_OK);
    CHECK_INT(pserver_tar_header(block, (pserver_str_t) { 101,
                                 (u_char *) name }, 0), PSERVER_INVALID);

    /* 100 + 1 + 54 + 1 + 99: the last '/' that fits is at 155 */

    name[100] = name[155] = '/';
    CHECK_INT(pserver_tar_header(block, (pserver_str_t) { 255,
                                 (u_char *) name }, 0), PSERVER_OK);
    CHECK_INT(block[0], 'x');
    CHECK_INT(block[99], '\0');
    CHECK_INT(block[345 + 100], '/');
    CHECK_INT(block[345 + 154], 'x');

    name[200] = '/';
    CHECK_INT(pserver_tar_header(block, (pserver_str_t) { 256,
                                 (u_char *) name }, 0), PSERVER_INVALID);

    /* no '/' where it could be split: 155 is not one, 156 is too far */

    memset(name, 'x', sizeof(name));
    name[99] = name[199] = '/';
    CHECK_INT(pserver_tar_header(block, (pserver_str_t) { 255,
                                 (u_char *) name }, 0), PSERVER_NOSPACE);
}


TEST(sizes)
{
    u_char  block[PSERVER_TAR_BLOCK];

    CHECK_INT(pserver_tar_padding(0), 0);
    CHECK_INT(pserver_tar_padding(1), 511);
    CHECK_INT(pserver_tar_padding(511), 1);
    CHECK_INT(pserver_tar_padding(512), 0);
    CHECK_INT(pserver_tar_entry_len(0), 512);
    CHECK_INT(pserver_tar_entry_len(513), 1536);

    CHECK_INT(pserver_tar_header(block, str("a"), PSERVER_TAR_FILE_MAX),
              PSERVER_OK);
    CHECK_MEM(block + 124, "77777777777", 12);
    CHECK_INT(pserver_tar_header(block, str("a"), PSERVER_TAR_FILE_MAX + 1),
              PSERVER_NOSPACE);
}


TEST(order)
{
    CHECK_INT(pserver_tar_compare(str("a"), str("a")), 0);
    CHECK_INT(pserver_tar_compare(str("a"), str("b")), -1);
    CHECK_INT(pserver_tar_compare(str("a/b"), str("a-b")), -1);
    CHECK_INT(pserver_tar_compare(str("a"), str("a/b")), -1);
    CHECK_INT(pserver_tar_compare(str("a-b"), str("a/b")), 1);
    CHECK_INT(pserver_tar_compare(str(""), str("a")), -1);
}


TEST(refused)
{
    char     out[1024];
    size_t   i, len;
    u_char   tar[4096], copy[4096];
    static const struct {
        size_t       offset;
        const char  *bytes;
        size_t       len;
    } bad[] = {
        { 156, "1", 1 },                 /* hard link */
        { 156, "2", 1 },                 /* symbolic link */
        { 156, "3", 1 },                 /* devices */
        { 156, "4", 1 },
        { 156, "6", 1 },                 /* fifo */
        { 156, "7", 1 },
        { 156, "\0", 1 },                /* before POSIX */
        { 156, "L", 1 },                 /* GNU's long name */
        { 156, "x", 1 },                 /* pax */
        { 156, "g", 1 },
        { 156, "5", 1 },                 /* a directory with content */
        { 157, "/etc/passwd", 11 },
        { 257, "ustar  ", 8 },           /* old GNU */
        { 257, "\0\0\0\0\0\0\0\0", 8 },
        { 0, "/etc/passwd", 12 },
        { 0, "../x", 5 },
        { 0, "x/../y", 7 },
        { 0, "x\\y", 4 },
        { 0, "\0", 1 },
        { 345, "..", 3 },
        { 345, "/", 2 },
        { 124, "\x80\0\0\0\0\0\0\0\0\0\0\5", 12 },   /* base 256 */
        { 124, "-0000000005", 12 },
        { 124, "00000000008", 12 },
        { 124, "000000000005", 12 },     /* not terminated */
        { 124, "\0", 1 },
    };

    len = add(tar, "name", "hello");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    CHECK_INT(list(tar, len, len, &wide, out), PSERVER_DONE);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(copy, tar, len);
        poke(copy, bad[i].offset, bad[i].bytes, bad[i].len);

        if (!CHECK_INT(list(copy, len, len, &wide, out), PSERVER_INVALID)) {
            fprintf(stderr, "    row %zu\n", i);
        }

        CHECK(*out == '\0');
    }

    /* any byte of the header, the checksum as it was */

    for (i = 0; i < PSERVER_TAR_BLOCK; i++) {
        memcpy(copy, tar, len);
        copy[i] ^= 1;

        /* the space behind the checksum is the one byte without meaning */
        if (i != 155) {
            CHECK_INT(list(copy, len, len, &wide, out), PSERVER_INVALID);
        }
    }

    /* padding that says something, an end that is none */

    memcpy(copy, tar, len);
    copy[PSERVER_TAR_BLOCK + 5] = 'x';
    CHECK_INT(list(copy, len, len, &wide, out), PSERVER_INVALID);

    memcpy(copy, tar, len);
    memcpy(copy + 1536, copy, 512);
    CHECK_INT(list(copy, len, len, &wide, out), PSERVER_INVALID);
}


TEST(directory)
{
    char    out[1024];
    size_t  len;
    u_char  tar[4096];

    len = add(tar, "folder", "");
    poke(tar, 156, "5", 1);
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    CHECK_INT(list(tar, len, len, &wide, out), PSERVER_DONE);
    CHECK(strcmp(out, "folder/;") == 0);

    poke(tar, 6, "/", 1);
    CHECK_INT(list(tar, len, len, &wide, out), PSERVER_DONE);
    CHECK(strcmp(out, "folder/;") == 0);
}


TEST(limits)
{
    char                  out[1024];
    size_t                len;
    u_char                tar[8192];
    pserver_tar_limits_t  l;

    len = add(tar, "a/b/c", "12345");
    len += add(tar + len, "b", "6789");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    l = (pserver_tar_limits_t) { 2, 3, 5, 9, 1 };
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_DONE);

    l = (pserver_tar_limits_t) { 1, 3, 5, 9, 1 };
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_NOSPACE);
    CHECK(strcmp(out, "a/b/c:12345;") == 0);

    l = (pserver_tar_limits_t) { 2, 2, 5, 9, 1 };
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_NOSPACE);

    l = (pserver_tar_limits_t) { 2, 3, 4, 9, 1 };
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_NOSPACE);

    l = (pserver_tar_limits_t) { 2, 3, 5, 8, 1 };
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_NOSPACE);
}


TEST(sorted)
{
    char                  out[1024];
    size_t                len;
    u_char                tar[8192];
    pserver_tar_limits_t  l;

    l = wide;
    l.sorted = 1;

    len = add(tar, "a", "1");
    len += add(tar + len, "a", "2");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    CHECK_INT(list(tar, len, len, &wide, out), PSERVER_DONE);
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_INVALID);

    (void) add(tar, "b", "1");
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_INVALID);

    (void) add(tar + 1024, "b!", "2");
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_DONE);

    /* below a folder, but not below a file */

    (void) add(tar + 1024, "b/a", "2");
    CHECK_INT(list(tar, len, len, &wide, out), PSERVER_DONE);
    CHECK_INT(list(tar, len, len, &l, out), PSERVER_INVALID);

    len = add(tar, "b", "");
    poke(tar, 156, "5", 1);
    len += add(tar + len, "b/a", "2");
    memset(tar + len, 0, PSERVER_TAR_END_LEN);
    len += PSERVER_TAR_END_LEN;

    CHECK_INT(list(tar, len, len, &l, out), PSERVER_DONE);
    CHECK(strcmp(out, "b/;b/a:2;") == 0);
}
