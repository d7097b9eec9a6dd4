/*
 * What comes out of a container: the head and the archive, whatever the
 * cut.  The first byte is the length of the pieces.
 */

#include <stdlib.h>
#include <string.h>

#include "core/payload.h"


typedef struct {
    int                   rc;
    uint64_t              total;
    uint32_t              status;
} payload_seen_t;


static void
feed(const uint8_t *data, size_t size, size_t step, payload_seen_t *seen)
{
    size_t                     n;
    const u_char              *pos, *last;
    pserver_tar_event_t        event;
    pserver_payload_reader_t   r;

    pserver_payload_reader_init(&r, 16384);
    memset(seen, 0, sizeof(*seen));

    for (n = 0; n < size; n += step) {
        pos = data + n;
        last = data + (size - n < step ? size : n + step);

        while ((seen->rc = pserver_payload_next(&r, &pos, last, &event))
               == PSERVER_OK)
        {
            if (event.type == PSERVER_TAR_DATA) {
                seen->total += event.data.len;
            }
        }

        if (pos > last) {
            abort();
        }
    }

    if (seen->rc == PSERVER_DONE) {
        if (PSERVER_PAYLOAD_HEAD_LEN + r.head.length != size
            || seen->total > r.head.length || r.head.status > 255)
        {
            abort();
        }

        seen->status = r.head.status;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_seen_t  whole, cut;

    if (size < 2 || data[0] == 0) {
        return 0;
    }

    feed(data + 1, size - 1, size - 1, &whole);
    feed(data + 1, size - 1, data[0], &cut);

    if (memcmp(&whole, &cut, sizeof(whole)) != 0) {
        abort();
    }

    return 0;
}
