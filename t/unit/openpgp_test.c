/*
 * Files encrypted with a passphrase: what clients and tools write, and what
 * is made to do harm.
 */

#include <time.h>
#include <sodium.h>
#include <zlib.h>

#include "core/inflate.h"
#include "core/openpgp.h"
#include "core/openpgp_packet.h"
#include "openpgp_make.h"
#include "vector.h"


#define LIMIT  65536


/* standard base64, malloc'd */

static u_char *
base64(pserver_str_t text, size_t *len)
{
    u_char  *p;

    p = malloc(text.len + 1);

    if (sodium_base642bin(p, text.len, (char *) text.data, text.len, NULL,
                          len, NULL, sodium_base64_VARIANT_ORIGINAL)
        != 0)
    {
        fprintf(stderr, "not base64\n");
        exit(2);
    }

    return p;
}


static pserver_openpgp_reason_e
open_message(u_char *message, size_t len, pserver_str_t passphrase,
    size_t limit, pserver_str_t *content)
{
    u_char                    *copy;
    pserver_openpgp_reason_e   reason;

    copy = malloc(len ? len : 1);
    memcpy(copy, message, len);

    reason = pserver_openpgp_open(copy, len, passphrase, limit, content);

    CHECK((content->data != NULL) == (reason == PSERVER_OPENPGP_OK));

    free(copy);

    return reason;
}


/* what is inside a message of our own, and the file that comes out */

static pserver_openpgp_reason_e
open_inside(const void *inside, size_t len, size_t limit,
    pserver_str_t *content)
{
    size_t                     size;
    u_char                    *message;
    pserver_openpgp_reason_e   reason;

    static pserver_str_t  passphrase = pserver_string(MAKE_PASSPHRASE);

    message = make_message(inside, len, &size);
    reason = open_message(message, size, passphrase, limit, content);

    free(message);

    return reason;
}


static pserver_openpgp_reason_e
try_inside(const void *inside, size_t len, size_t limit)
{
    pserver_str_t              content;
    pserver_openpgp_reason_e   reason;

    reason = open_inside(inside, len, limit, &content);

    free(content.data);

    return reason;
}


static pserver_openpgp_reason_e
reason_of(pserver_str_t text)
{
    size_t  i;

    static const struct {
        const char                *text;
        pserver_openpgp_reason_e   reason;
    } rows[] = {
        { "ok", PSERVER_OPENPGP_OK },
        { "form", PSERVER_OPENPGP_FORM },
        { "unprotected", PSERVER_OPENPGP_UNPROTECTED },
        { "algorithm", PSERVER_OPENPGP_ALGORITHM },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (text.len == strlen(rows[i].text)
            && memcmp(text.data, rows[i].text, text.len) == 0)
        {
            return rows[i].reason;
        }
    }

    fprintf(stderr, "no such result\n");
    exit(2);
}


TEST(client)
{
    size_t               len, i;
    u_char              *message;
    pserver_str_t        passphrase, content;
    pserver_json_doc_t  *doc;

    doc = vector_open("t/vectors/openpgp.json");
    passphrase = vector_get(pserver_json_root(doc), "passphrase")->value;
    message = base64(vector_get(pserver_json_root(doc), "message")->value,
                     &len);

    CHECK_INT(open_message(message, len, passphrase, LIMIT, &content),
              PSERVER_OPENPGP_OK);
    CHECK(content.len > 2 && content.data[0] == '{');

    i = content.len;
    free(content.data);

    CHECK_INT(open_message(message, len, passphrase, i, &content),
              PSERVER_OPENPGP_OK);
    free(content.data);
    CHECK_INT(open_message(message, len, passphrase, i - 1, &content),
              PSERVER_OPENPGP_TOO_LARGE);

    passphrase.len--;
    CHECK_INT(open_message(message, len, passphrase, LIMIT, &content),
              PSERVER_OPENPGP_CHANGED);
    passphrase.len = 0;
    CHECK_INT(open_message(message, len, passphrase, LIMIT, &content),
              PSERVER_OPENPGP_CHANGED);

    free(message);
    pserver_json_free(doc);
}


TEST(tools)
{
    size_t                      len;
    u_char                     *message, hash[32];
    pserver_str_t               passphrase, content, sha256;
    pserver_json_doc_t         *doc;
    const pserver_json_t       *row;
    pserver_openpgp_reason_e    reason;

    doc = vector_open("t/vectors/openpgp-tools.json");
    passphrase = vector_get(pserver_json_root(doc), "passphrase")->value;
    row = vector_get(pserver_json_root(doc), "messages")->child;

    for ( ; row; row = row->next) {
        message = base64(vector_get(row, "message")->value, &len);
        reason = open_message(message, len, passphrase, LIMIT, &content);

        if (!CHECK_INT(reason, reason_of(vector_get(row, "result")->value)))
        {
            fprintf(stderr, "    %.*s\n",
                    (int) vector_get(row, "name")->value.len,
                    vector_get(row, "name")->value.data);
        }

        if (reason == PSERVER_OPENPGP_OK) {
            sha256 = vector_hex(row, "sha256");
            crypto_hash_sha256(hash, content.data, content.len);
            CHECK_MEM(hash, sha256.data, 32);
            free(sha256.data);
            free(content.data);
        }

        free(message);
    }

    pserver_json_free(doc);
}


/* each byte counts: only the salt's and the like can make it another key */

TEST(changed)
{
    size_t                     i, size;
    u_char                    *message;
    pserver_str_t              content;
    pserver_openpgp_reason_e   reason;

    static pserver_str_t  passphrase = pserver_string(MAKE_PASSPHRASE);

    message = make_message("\xcb\x0b" "b\0\0\0\0\0hello", 13, &size);

    CHECK_INT(open_message(message, size, passphrase, LIMIT, &content),
              PSERVER_OPENPGP_OK);
    CHECK_STR(content, "hello");
    free(content.data);

    for (i = 0; i < size; i++) {
        message[i] ^= 1;
        reason = open_message(message, size, passphrase, LIMIT, &content);
        message[i] ^= 1;

        CHECK(reason != PSERVER_OPENPGP_OK
              && reason != PSERVER_OPENPGP_ERROR);

        CHECK_INT(open_message(message, i, passphrase, LIMIT, &content),
                  PSERVER_OPENPGP_FORM);
    }

    free(message);
}


TEST(inside)
{
    size_t         i;
    pserver_str_t  content;

    static const struct {
        const char                *bytes;
        size_t                     len;
        pserver_openpgp_reason_e   reason;
    } rows[] = {
#define ROW(bytes, reason)  { bytes, sizeof(bytes) - 1,                       \
                              PSERVER_OPENPGP_##reason }
        ROW("", CONTENT),                                /* nothing */
        ROW("\xcb\x06" "b\0\0\0\0\0", OK),               /* an empty file */
        ROW("\xcb\x05" "b\0\0\0\0", CONTENT),            /* no whole head */
        ROW("\xcb\x06" "b\x01\0\0\0\0", CONTENT),        /* nor a name */
        ROW("\xcb\x07" "b\0\0\0\0\0", CONTENT),          /* cut short */
        ROW("\xaf" "b\0\0\0\0\0hi", OK),                 /* old, to the end */
        ROW("\xac\x06" "b\0\0\0\0\0", OK),               /* old */
        ROW("\xad\0\x06" "b\0\0\0\0\0", OK),
        ROW("\xae\0\0\0\x06" "b\0\0\0\0\0", OK),
        ROW("\xcb\xff\0\0\0\x06" "b\0\0\0\0\0", OK),     /* five octets */
        ROW("\xcb\xc0\0" "b\0\0\0\0\0", CONTENT),        /* two of 192 */
        ROW("\xcb\xe1" "b\0\x04" "\0\0\0\0", CONTENT),   /* a short part */
        ROW("\xcb\x06" "b\0\0\0\0\0\xca\0", CONTENT),    /* one behind it */
        ROW("\xca\0\xcb\x06" "b\0\0\0\0\0", CONTENT),    /* one before it */
        ROW("\xc8\x01\x01", CONTENT),                    /* nothing packed */
        ROW("\xc8\0", CONTENT),
        ROW("\xc8\x07\0\xcb\x04" "b\0\0\0", ALGORITHM),  /* uncompressed */
        ROW("\xc8\x02\x03x", ALGORITHM),                 /* BZip2 */
        ROW("\xd2\x01\x01", CONTENT),                    /* encrypted twice */
        ROW("\x80\x00", CONTENT),                        /* tag 0 */
        ROW("\x0b\x00", CONTENT),                        /* no packet */
#undef ROW
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!CHECK_INT(open_inside(rows[i].bytes, rows[i].len, LIMIT,
                                   &content),
                       rows[i].reason))
        {
            fprintf(stderr, "    in row %zu\n", i);
        }

        free(content.data);
    }
}


/* a packet of compressed data, which deflates what is in "in" n times */

static size_t
compressed(u_char *dst, size_t cap, const void *head, size_t head_len,
    const void *in, size_t len, size_t n)
{
    size_t    i;
    z_stream  z;

    memset(&z, 0, sizeof(z));
    deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);

    z.next_out = dst + 7;
    z.avail_out = (uInt) (cap - 7);
    z.next_in = (u_char *) head;
    z.avail_in = (uInt) head_len;
    deflate(&z, Z_NO_FLUSH);

    for (i = 0; i < n; i++) {
        z.next_in = (u_char *) in;
        z.avail_in = (uInt) len;
        deflate(&z, Z_NO_FLUSH);
    }

    deflate(&z, Z_FINISH);

    n = cap - 7 - z.avail_out;
    deflateEnd(&z);

    *make_head(dst, 8, n + 1) = 1;

    return n + 7;
}


TEST(compression)
{
    size_t   len;
    u_char   packet[4096], twice[4096];

    static const u_char  file[] = "\xcb\x08" "b\0\0\0\0\0hi";

    len = compressed(packet, sizeof(packet), file, 10, "", 0, 0);
    CHECK_INT(try_inside(packet, len, LIMIT), PSERVER_OPENPGP_OK);
    CHECK_INT(try_inside(packet, len, 1), PSERVER_OPENPGP_TOO_LARGE);

    /* a byte behind the end of the stream; the end missing */

    memmove(twice, packet, len);
    twice[5]++;
    twice[len] = 0;
    CHECK_INT(try_inside(twice, len + 1, LIMIT), PSERVER_OPENPGP_CONTENT);
    twice[5] -= 2;
    CHECK_INT(try_inside(twice, len - 1, LIMIT), PSERVER_OPENPGP_CONTENT);

    /* compressed twice; two files */

    len = compressed(twice, sizeof(twice), packet, len, "", 0, 0);
    CHECK_INT(try_inside(twice, len, LIMIT), PSERVER_OPENPGP_CONTENT);
    len = compressed(packet, sizeof(packet), "", 0, file, 10, 2);
    CHECK_INT(try_inside(packet, len, LIMIT), PSERVER_OPENPGP_CONTENT);
}


/* 10 MB that would be 10 GB, and 5 MB that work for nothing: at once */

TEST(bombs)
{
    size_t    len, cap, i;
    u_char   *bomb, *zeros;
    clock_t   start;

    cap = 12 * 1024 * 1024;
    bomb = malloc(cap);
    zeros = calloc(1, 1024 * 1024);

    len = compressed(bomb, cap, "\xcb\xff\xff\xff\xff\xff" "b\0\0\0\0\0", 12,
                     zeros, 1024 * 1024, 100);

    /* as much again and again is as good as the rest of 10 GB */

    while (len + 100000 < 10 * 1024 * 1024) {
        memcpy(bomb + len, bomb + 7, 100000);
        len += 100000;
    }

    *make_head(bomb, 8, len - 6) = 1;

    start = clock();
    CHECK_INT(try_inside(bomb, len, LIMIT), PSERVER_OPENPGP_TOO_LARGE);

    /* stored blocks of nothing */

    for (i = 7; i + 5 < 5 * 1024 * 1024; i += 5) {
        memcpy(bomb + i, "\0\0\0\xff\xff", 5);
    }

    *make_head(bomb, 8, i - 6) = 1;
    CHECK_INT(try_inside(bomb, i, LIMIT), PSERVER_OPENPGP_CONTENT);

    CHECK((clock() - start) / CLOCKS_PER_SEC < 2);

    free(bomb);
    free(zeros);
}


/* an S2K of the highest count is what gpg writes on any fast machine */

TEST(s2k_count)
{
    size_t    size;
    u_char   *message, *more;
    clock_t   start;

    pserver_str_t         content;
    static pserver_str_t  passphrase = pserver_string(MAKE_PASSPHRASE);

    message = make_message("\xcb\x06" "b\0\0\0\0\0", 8, &size);
    more = malloc(size + 1);

    /* 13 bytes of SKESK, with the count that there was none of */

    memcpy(more, message, 18);
    more[5] = 13;
    more[8] = 3;
    more[18] = 255;
    memcpy(more + 19, message + 18, size - 18);

    start = clock();
    CHECK_INT(open_message(more, size + 1, passphrase, LIMIT, &content),
              PSERVER_OPENPGP_CHANGED);
    CHECK((clock() - start) / CLOCKS_PER_SEC < 2);

    free(message);
    free(more);
}


TEST(parts)
{
    size_t         i, len;
    u_char         packet[2048], *p;
    pserver_str_t  content;

    /* 512 bytes, one, none, and the rest */

    p = packet;
    *p++ = 0xcb;
    *p++ = 0xe9;
    memcpy(p, "b\0\0\0\0\0", 6);
    memset(p + 6, 'a', 506);
    p += 512;
    *p++ = 0xe0;
    *p++ = 'b';
    *p++ = 3;
    memcpy(p, "ccc", 3);
    len = (size_t) (p + 3 - packet);

    CHECK_INT(open_inside(packet, len, LIMIT, &content), PSERVER_OPENPGP_OK);
    CHECK_INT(content.len, 510);
    CHECK(content.data && memcmp(content.data + 505, "abccc", 5) == 0);
    free(content.data);

    for (i = 0; i < len; i++) {
        CHECK(try_inside(packet, i, LIMIT) == PSERVER_OPENPGP_CONTENT);
    }
}


TEST(reasons)
{
    int  i;

    for (i = PSERVER_OPENPGP_OK; i <= PSERVER_OPENPGP_ERROR; i++) {
        CHECK(pserver_openpgp_reason(i)[0] != '\0');
    }
}


/* what is written here is opened here */

TEST(seal)
{
    size_t         i, len;
    u_char        *message;
    pserver_str_t  file, passphrase, content;

    static const size_t  sizes[] = { 0, 1, 191, 8384, 70000 };

    passphrase.data = (u_char *) MAKE_PASSPHRASE;
    passphrase.len = strlen(MAKE_PASSPHRASE);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        file.len = sizes[i];
        file.data = malloc(file.len + 1);
        memset(file.data, 'x', file.len);

        len = pserver_openpgp_len(file.len);
        message = malloc(len);

        CHECK_INT(pserver_openpgp_seal(message, file, passphrase),
                  PSERVER_OK);
        CHECK_INT(open_message(message, len, passphrase, file.len, &content),
                  PSERVER_OPENPGP_OK);
        CHECK_INT(content.len, file.len);
        CHECK_MEM(content.data, file.data, file.len);

        free(content.data);
        free(message);
        free(file.data);
    }

    file.len = 0;
    passphrase.len = 0;
    CHECK_INT(pserver_openpgp_seal(NULL, file, passphrase), PSERVER_INVALID);
    passphrase.len = PSERVER_OPENPGP_PASSPHRASE_MAX + 1;
    CHECK_INT(pserver_openpgp_seal(NULL, file, passphrase), PSERVER_INVALID);
    file.len = (size_t) PSERVER_OPENPGP_SEAL_MAX + 1;
    CHECK_INT(pserver_openpgp_seal(NULL, file, passphrase), PSERVER_NOSPACE);
}
