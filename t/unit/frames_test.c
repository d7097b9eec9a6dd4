/*
 * core/frames: the engine's stream, cut in every way.
 */

#include "test.h"
#include "core/frames.h"


static const u_char  stream[] =
    "\1\0\0\0\0\0\0\5hello"
    "\2\0\0\0\0\0\0\0"
    "\2\0\0\0\0\0\0\3err"
    "\1\0\0\0\0\0\0\1!";

#define STREAM_LEN  (sizeof(stream) - 1)


/* feeds pieces of "step" bytes; out[1] and out[2] get the streams */

static int
feed(const u_char *data, size_t len, size_t step, char out[3][64])
{
    int                rc;
    size_t             n, have[3] = { 0, 0, 0 };
    unsigned           id;
    const u_char      *pos, *last;
    pserver_str_t      payload;
    pserver_frames_t   f;

    memset(&f, 0, sizeof(f));
    memset(out, 0, 3 * 64);

    rc = PSERVER_AGAIN;

    for (n = 0; n < len && rc == PSERVER_AGAIN; n += step) {
        pos = data + n;
        last = data + (len - n < step ? len : n + step);

        while ((rc = pserver_frames_next(&f, &pos, last, &id, &payload))
               == PSERVER_OK)
        {
            CHECK(payload.len > 0);
            memcpy(out[id] + have[id], payload.data, payload.len);
            have[id] += payload.len;
        }

        CHECK(rc != PSERVER_AGAIN || pos == last);
    }

    return (rc == PSERVER_AGAIN && !pserver_frames_complete(&f))
           ? PSERVER_DONE : rc;
}


TEST(any_cut)
{
    char    out[3][64];
    size_t  step;

    for (step = 1; step <= STREAM_LEN; step++) {
        CHECK_INT(feed(stream, STREAM_LEN, step, out), PSERVER_AGAIN);
        CHECK(strcmp(out[1], "hello!") == 0);
        CHECK(strcmp(out[2], "err") == 0);
    }
}


/* whole only between two frames */

TEST(incomplete)
{
    char    out[3][64];
    size_t  len;

    for (len = 1; len < STREAM_LEN; len++) {
        CHECK_INT(feed(stream, len, len, out),
                  (len == 13 || len == 21 || len == 32)
                  ? PSERVER_AGAIN : PSERVER_DONE);
    }
}


TEST(bad_header)
{
    char    out[3][64];
    size_t  i;
    static const char *bad[] = {
        "\0\0\0\0\0\0\0\1x",           /* stdin does not come back */
        "\3\0\0\0\0\0\0\1x",
        "\1\1\0\0\0\0\0\1x",
        "\1\0\1\0\0\0\0\1x",
        "\1\0\0\1\0\0\0\1x",
        "HTTP/1.1 ",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(feed((const u_char *) bad[i], 9, 9, out), PSERVER_INVALID);
        CHECK_INT(feed((const u_char *) bad[i], 9, 1, out), PSERVER_INVALID);
    }
}


TEST(broken_for_ever)
{
    unsigned          id;
    const u_char     *pos;
    pserver_str_t     payload;
    pserver_frames_t  f;

    memset(&f, 0, sizeof(f));

    pos = (const u_char *) "\5\0\0\0\0\0\0\1";
    CHECK_INT(pserver_frames_next(&f, &pos, pos + 8, &id, &payload),
              PSERVER_INVALID);

    pos = stream;
    CHECK_INT(pserver_frames_next(&f, &pos, pos + STREAM_LEN, &id, &payload),
              PSERVER_INVALID);
    CHECK(!pserver_frames_complete(&f));
}


TEST(largest)
{
    unsigned          id;
    const u_char     *pos;
    pserver_str_t     payload;
    pserver_frames_t  f;

    memset(&f, 0, sizeof(f));

    pos = (const u_char *) "\1\0\0\0\xff\xff\xff\xff" "ab";
    CHECK_INT(pserver_frames_next(&f, &pos, pos + 10, &id, &payload),
              PSERVER_OK);
    CHECK_INT(id, PSERVER_FRAMES_STDOUT);
    CHECK_STR(payload, "ab");
    CHECK_INT(f.left, 0xfffffffd);
}
