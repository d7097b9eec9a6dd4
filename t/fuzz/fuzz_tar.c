/*
 * An archive from a container: names that stay inside, sums within the
 * limits, the same verdict whatever the cut.  The first byte is the length
 * of the pieces, the second chooses the limits.  Checksums are made right,
 * so that more than one header in 2^18 gets past them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tar.h"


#define TAR_MAX  65536


typedef struct {
    int                   rc;
    uint32_t              entries;
    uint64_t              total;
    uint64_t              sum;
} tar_seen_t;


static void
repair(u_char *tar, size_t len)
{
    char      text[8];
    size_t    n, i;
    uint32_t  sum;

    for (n = 0; n + PSERVER_TAR_BLOCK <= len; n += PSERVER_TAR_BLOCK) {
        if (memcmp(tar + n + 257, "ustar", 6) != 0) {
            continue;
        }

        for (i = 0, sum = 0; i < PSERVER_TAR_BLOCK; i++) {
            sum += (i >= 148 && i < 156) ? ' ' : tar[n + i];
        }

        snprintf(text, sizeof(text), "%06o", sum);
        memcpy(tar + n + 148, text, 7);
    }
}


static void
check_name(pserver_str_t name)
{
    if (name.len == 0 || name.len > PSERVER_TAR_NAME_MAX
        || name.data[0] == '/' || name.data[name.len] != '\0'
        || strlen((char *) name.data) != name.len
        || strcmp((char *) name.data, "..") == 0
        || strncmp((char *) name.data, "../", 3) == 0
        || strstr((char *) name.data, "/../")
        || (name.len > 2
            && strcmp((char *) name.data + name.len - 3, "/..") == 0))
    {
        abort();
    }
}


static void
feed(const u_char *data, size_t size, size_t step,
    const pserver_tar_limits_t *limits, tar_seen_t *seen)
{
    size_t                n, i;
    uint64_t              left;
    const u_char         *pos, *last;
    pserver_tar_t         t;
    pserver_tar_event_t   event;

    pserver_tar_init(&t, limits);
    memset(seen, 0, sizeof(*seen));
    left = 0;

    for (n = 0; n < size; n += step) {
        pos = data + n;
        last = data + (size - n < step ? size : n + step);

        while ((seen->rc = pserver_tar_next(&t, &pos, last, &event))
               == PSERVER_OK)
        {
            switch (event.type) {

            case PSERVER_TAR_FILE:
                left = event.size;
                /* fall through */

            case PSERVER_TAR_DIRECTORY:
                check_name(event.name);
                seen->entries++;
                seen->sum = seen->sum * 31 + event.name.len + event.type;
                break;

            case PSERVER_TAR_DATA:
                if (event.data.len == 0 || event.data.len > left) {
                    abort();
                }

                left -= event.data.len;
                seen->total += event.data.len;

                for (i = 0; i < event.data.len; i++) {
                    seen->sum = seen->sum * 31 + event.data.data[i];
                }

                break;

            case PSERVER_TAR_FILE_END:
                if (left) {
                    abort();
                }

                break;
            }
        }
    }

    if (seen->entries > limits->entries || seen->total > limits->total) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                len;
    tar_seen_t            whole, cut;
    static u_char         tar[TAR_MAX];
    pserver_tar_limits_t  limits;

    if (size < 3 || size - 2 > TAR_MAX || data[0] == 0) {
        return 0;
    }

    len = size - 2;
    memcpy(tar, data + 2, len);
    repair(tar, len);

    limits.entries = 1 + (data[1] & 7);
    limits.depth = 1 + (data[1] >> 3 & 7);
    limits.file = 4096;
    limits.total = 8192;
    limits.sorted = data[1] >> 7;

    feed(tar, len, len, &limits, &whole);
    feed(tar, len, data[0], &limits, &cut);

    if (memcmp(&whole, &cut, sizeof(whole)) != 0) {
        abort();
    }

    return 0;
}
