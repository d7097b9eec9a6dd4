/*
 * The multiplexed stream of an attached container, see frames.h.
 */

#include "bytes.h"
#include "frames.h"


int
pserver_frames_next(pserver_frames_t *f, const u_char **pos,
    const u_char *last, unsigned *stream, pserver_str_t *payload)
{
    size_t  n;

    while (!f->broken) {

        if (f->left) {
            n = (size_t) (last - *pos);

            if (n == 0) {
                return PSERVER_AGAIN;
            }

            if (n > f->left) {
                n = f->left;
            }

            *stream = f->head[0];
            payload->data = (u_char *) *pos;
            payload->len = n;

            *pos += n;
            f->left -= (uint32_t) n;

            return PSERVER_OK;
        }

        while (f->have < sizeof(f->head)) {
            if (*pos == last) {
                return PSERVER_AGAIN;
            }

            f->head[f->have++] = *(*pos)++;
        }

        if ((f->head[0] != PSERVER_FRAMES_STDOUT
             && f->head[0] != PSERVER_FRAMES_STDERR)
            || f->head[1] || f->head[2] || f->head[3])
        {
            f->broken = 1;
            break;
        }

        f->left = (uint32_t) pserver_get_be(f->head + 4, 4);
        f->have = 0;
    }

    return PSERVER_INVALID;
}


int
pserver_frames_complete(const pserver_frames_t *f)
{
    return !f->broken && f->have == 0 && f->left == 0;
}
