/*
 * The engine's stream: whatever the cut, the same payloads and the same
 * verdict.  The first byte is the length of the pieces.
 */

#include <stdlib.h>
#include <string.h>

#include "core/frames.h"


typedef struct {
    int                   rc;
    int                   complete;
    size_t                len[3];
    uint64_t              sum[3];
} frames_seen_t;


static void
feed(const uint8_t *data, size_t size, size_t step, frames_seen_t *seen)
{
    size_t             n, i;
    unsigned           stream;
    const u_char      *pos, *last;
    pserver_str_t      payload;
    pserver_frames_t   f;

    memset(&f, 0, sizeof(f));
    memset(seen, 0, sizeof(*seen));

    for (n = 0; n < size; n += step) {
        pos = data + n;
        last = data + (size - n < step ? size : n + step);

        while ((seen->rc = pserver_frames_next(&f, &pos, last, &stream,
                                               &payload))
               == PSERVER_OK)
        {
            if (stream < 1 || stream > 2 || payload.len == 0) {
                abort();
            }

            seen->len[stream] += payload.len;

            for (i = 0; i < payload.len; i++) {
                seen->sum[stream] = seen->sum[stream] * 31 + payload.data[i];
            }
        }
    }

    seen->complete = pserver_frames_complete(&f);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    frames_seen_t  whole, cut;

    if (size < 2 || data[0] == 0) {
        return 0;
    }

    feed(data + 1, size - 1, size - 1, &whole);
    feed(data + 1, size - 1, data[0], &cut);

    if (memcmp(&whole, &cut, sizeof(whole)) != 0
        || whole.len[1] + whole.len[2] >= size)
    {
        abort();
    }

    return 0;
}
