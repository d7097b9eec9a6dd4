/*
 * core/payload: both heads, and a whole output in pieces.
 */

#include "test.h"
#include "core/payload.h"


static const char  input_head[] =
    "PSRV-IN1" "\0\0\0\0\0\0\4\0" "\0\0\0\1\2\3\4\5";

static const char  ran_head[] =
    "PSRV-OUT" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\10\0";


/* the output of a command that wrote a.txt = "hi", or as poked */

static size_t
output(u_char *dst)
{
    u_char  *p;

    memset(dst, 0, 4096);
    memcpy(dst, ran_head, PSERVER_PAYLOAD_HEAD_LEN);
    p = dst + PSERVER_PAYLOAD_HEAD_LEN;

    CHECK_INT(pserver_tar_header(p, (pserver_str_t) { 5,
                                 (u_char *) "a.txt" }, 2), PSERVER_OK);
    memcpy(p + PSERVER_TAR_BLOCK, "hi", 2);

    return PSERVER_PAYLOAD_HEAD_LEN + 2 * PSERVER_TAR_BLOCK
           + PSERVER_TAR_END_LEN;
}


static int
collect(const u_char *data, size_t len, size_t step, uint64_t limit,
    char *out, pserver_payload_reader_t *r)
{
    int                  rc;
    size_t               n;
    const u_char        *pos, *last;
    pserver_tar_event_t  event;

    pserver_payload_reader_init(r, limit);

    *out = '\0';
    rc = PSERVER_AGAIN;

    for (n = 0; n < len; n += step) {
        pos = data + n;
        last = data + (len - n < step ? len : n + step);

        while ((rc = pserver_payload_next(r, &pos, last, &event))
               == PSERVER_OK)
        {
            if (event.type == PSERVER_TAR_FILE) {
                out += sprintf(out, "%s=", event.name.data);
            }

            if (event.type == PSERVER_TAR_DATA) {
                out += sprintf(out, "%.*s", (int) event.data.len,
                               event.data.data);
            }
        }
    }

    return rc;
}


TEST(input)
{
    u_char                   head[PSERVER_PAYLOAD_HEAD_LEN];
    pserver_payload_input_t  in;

    in.length = 1024;
    in.limit = 0x102030405;
    pserver_payload_input_encode(head, &in);
    CHECK_MEM(head, input_head, sizeof(head));

    memset(&in, 0, sizeof(in));
    CHECK_INT(pserver_payload_input_decode(head, &in), PSERVER_OK);
    CHECK_INT(in.length, 1024);
    CHECK_INT(in.limit, 0x102030405);

    head[7] = '2';
    CHECK_INT(pserver_payload_input_decode(head, &in), PSERVER_INVALID);
}


TEST(output_head)
{
    u_char                    head[PSERVER_PAYLOAD_HEAD_LEN];
    pserver_payload_output_t  out;

    out.outcome = PSERVER_PAYLOAD_RAN;
    out.status = 0;
    out.length = 2048;
    pserver_payload_output_encode(head, &out);
    CHECK_MEM(head, ran_head, sizeof(head));

    out.outcome = PSERVER_PAYLOAD_LIMIT;
    out.status = 28;
    out.length = 0;
    pserver_payload_output_encode(head, &out);
    CHECK_MEM(head, "PSRV-OUT" "\0\0\0\4" "\0\0\0\34" "\0\0\0\0\0\0\0\0", 24);

    memset(&out, 0, sizeof(out));
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_OK);
    CHECK_INT(out.outcome, PSERVER_PAYLOAD_LIMIT);
    CHECK_INT(out.status, 28);
    CHECK_INT(out.length, 0);

    head[11] = 5;                               /* no such outcome */
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_INVALID);

    head[11] = 4;
    head[23] = 1;                               /* a failure with files */
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_INVALID);

    head[11] = 0;
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_OK);

    head[23] = 0;                               /* success without */
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_INVALID);

    head[23] = 1;
    head[14] = 1;                               /* status 284 */
    CHECK_INT(pserver_payload_output_decode(head, &out), PSERVER_INVALID);
}


TEST(any_cut)
{
    char                      text[256];
    size_t                    len, step;
    u_char                    data[4096];
    pserver_payload_reader_t  r;

    len = output(data);

    for (step = 1; step <= len; step++) {
        CHECK_INT(collect(data, len, step, 2048, text, &r), PSERVER_DONE);
        CHECK(strcmp(text, "a.txt=hi") == 0);
        CHECK_INT(r.head.status, 0);
    }

    for (step = 1; step < len; step++) {
        CHECK_INT(collect(data, step, step, 2048, text, &r), PSERVER_AGAIN);
    }
}


TEST(lengths_that_lie)
{
    char                      text[256];
    size_t                    len;
    u_char                    data[4096];
    pserver_payload_reader_t  r;

    len = output(data);

    CHECK_INT(collect(data, len, len, 2047, text, &r), PSERVER_NOSPACE);

    /* more than was said */

    CHECK_INT(collect(data, len + 1, len + 1, 4096, text, &r),
              PSERVER_INVALID);
    CHECK_INT(collect(data, len + 1, 1, 4096, text, &r), PSERVER_INVALID);

    /* said less, said more than the archive has */

    data[22] = 6;
    CHECK_INT(collect(data, len, len, 4096, text, &r), PSERVER_INVALID);

    data[22] = 10;
    CHECK_INT(collect(data, len, len, 4096, text, &r), PSERVER_INVALID);
    CHECK_INT(collect(data, len + 512, len, 4096, text, &r),
              PSERVER_INVALID);
}


TEST(no_archive)
{
    char                      text[256];
    u_char                    data[32];
    pserver_payload_reader_t  r;
    pserver_payload_output_t  out;

    out.outcome = PSERVER_PAYLOAD_COMMAND;
    out.status = 2;
    out.length = 0;
    pserver_payload_output_encode(data, &out);

    CHECK_INT(collect(data, 24, 24, 4096, text, &r), PSERVER_DONE);
    CHECK_INT(r.head.outcome, PSERVER_PAYLOAD_COMMAND);
    CHECK_INT(r.head.status, 2);
    CHECK_INT(collect(data, 24, 1, 4096, text, &r), PSERVER_DONE);

    data[24] = 0;
    CHECK_INT(collect(data, 25, 25, 4096, text, &r), PSERVER_INVALID);
    CHECK_INT(collect(data, 25, 1, 4096, text, &r), PSERVER_INVALID);
}


/* an output in another order than pserver-run's is none of its */

TEST(unsorted)
{
    char                      text[256];
    size_t                    len;
    u_char                    data[8192];
    pserver_payload_reader_t  r;

    len = output(data);

    memmove(data + 24 + 1024, data + 24, len - 24);
    data[22] = 12;

    CHECK_INT(collect(data, len + 1024, len + 1024, 8192, text, &r),
              PSERVER_INVALID);
    CHECK(strcmp(text, "a.txt=hi") == 0);
}
