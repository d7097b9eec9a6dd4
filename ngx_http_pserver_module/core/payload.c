/*
 * The wire between the server and pserver-run, see payload.h.
 */

#include <string.h>

#include "bytes.h"
#include "payload.h"


#define PAYLOAD_MAGIC_LEN  8

static const char  payload_in[] = "PSRV-IN1";
static const char  payload_out[] = "PSRV-OUT";


void
pserver_payload_input_encode(u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    const pserver_payload_input_t *in)
{
    memcpy(head, payload_in, PAYLOAD_MAGIC_LEN);
    pserver_put_be(head + 8, in->length, 8);
    pserver_put_be(head + 16, in->limit, 8);
}


int
pserver_payload_input_decode(const u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    pserver_payload_input_t *in)
{
    if (memcmp(head, payload_in, PAYLOAD_MAGIC_LEN) != 0) {
        return PSERVER_INVALID;
    }

    in->length = pserver_get_be(head + 8, 8);
    in->limit = pserver_get_be(head + 16, 8);

    return PSERVER_OK;
}


void
pserver_payload_output_encode(u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    const pserver_payload_output_t *out)
{
    memcpy(head, payload_out, PAYLOAD_MAGIC_LEN);
    pserver_put_be(head + 8, out->outcome, 4);
    pserver_put_be(head + 12, out->status, 4);
    pserver_put_be(head + 16, out->length, 8);
}


int
pserver_payload_output_decode(const u_char head[PSERVER_PAYLOAD_HEAD_LEN],
    pserver_payload_output_t *out)
{
    uint64_t  outcome, status, length;

    outcome = pserver_get_be(head + 8, 4);
    status = pserver_get_be(head + 12, 4);
    length = pserver_get_be(head + 16, 8);

    if (memcmp(head, payload_out, PAYLOAD_MAGIC_LEN) != 0
        || outcome > PSERVER_PAYLOAD_LIMIT
        || status > 255
        || (outcome == PSERVER_PAYLOAD_RAN) != (length != 0))
    {
        return PSERVER_INVALID;
    }

    out->outcome = (pserver_payload_outcome_e) outcome;
    out->status = (uint32_t) status;
    out->length = length;

    return PSERVER_OK;
}


void
pserver_payload_reader_init(pserver_payload_reader_t *r, uint64_t limit)
{
    pserver_tar_limits_t  limits;

    limits.entries = PSERVER_PAYLOAD_ENTRIES;
    limits.depth = PSERVER_PAYLOAD_DEPTH;
    limits.file = limit;
    limits.total = limit;
    limits.sorted = 1;

    memset(r, 0, sizeof(pserver_payload_reader_t));
    r->limit = limit;
    r->rc = PSERVER_AGAIN;

    pserver_tar_init(&r->tar, &limits);
}


int
pserver_payload_next(pserver_payload_reader_t *r, const u_char **pos,
    const u_char *last, pserver_tar_event_t *event)
{
    const u_char  *end;

    if (r->rc == PSERVER_INVALID || r->rc == PSERVER_NOSPACE) {
        return r->rc;
    }

    while (r->have < PSERVER_PAYLOAD_HEAD_LEN) {
        if (*pos == last) {
            return PSERVER_AGAIN;
        }

        r->bytes[r->have++] = *(*pos)++;

        if (r->have < PSERVER_PAYLOAD_HEAD_LEN) {
            continue;
        }

        r->rc = pserver_payload_output_decode(r->bytes, &r->head);

        if (r->rc == PSERVER_OK && r->head.length > r->limit) {
            r->rc = PSERVER_NOSPACE;
        }

        if (r->rc != PSERVER_OK) {
            return r->rc;
        }

        r->left = r->head.length;
    }

    if (r->left == 0) {

        /* all of it is behind us, or there is no archive */

        r->rc = (*pos == last && (r->rc == PSERVER_DONE
                                  || r->head.length == 0))
                ? PSERVER_DONE : PSERVER_INVALID;

        return r->rc;
    }

    end = last;

    if ((uint64_t) (last - *pos) > r->left) {
        end = *pos + r->left;
    }

    r->left -= (uint64_t) (end - *pos);
    r->rc = pserver_tar_next(&r->tar, pos, end, event);
    r->left += (uint64_t) (end - *pos);

    if ((r->rc == PSERVER_DONE && (r->left || *pos != last))
        || (r->rc == PSERVER_AGAIN && r->left == 0))
    {
        /* the archive is shorter or longer than it was said to be */
        r->rc = PSERVER_INVALID;
    }

    return r->rc;
}
