/*
 * Packets of OpenPGP, see openpgp_packet.h.
 */

#include "openpgp_packet.h"

#include <string.h>

#include "bytes.h"


/* of the first part of a body: RFC 9580, section 4.2.1.4 */
#define OPENPGP_PART_MIN  512


static int openpgp_is_data(unsigned tag);
static int openpgp_old(pserver_openpgp_packet_t *packet, unsigned first,
    u_char **pos, u_char *end);
static int openpgp_new(pserver_openpgp_packet_t *packet, u_char **pos,
    u_char *end);
static int openpgp_length(u_char **pos, u_char *end, size_t *len,
    int *part);


int
pserver_openpgp_packet(pserver_openpgp_packet_t *packet, u_char **pos,
    u_char *end)
{
    unsigned  first;

    if (*pos == end) {
        return PSERVER_DONE;
    }

    first = *(*pos)++;

    if (!(first & 0x80)) {
        return PSERVER_INVALID;
    }

    packet->tag = (first & 0x40) ? (first & 0x3f) : (first >> 2 & 0x0f);

    if (packet->tag == 0) {
        return PSERVER_INVALID;
    }

    return (first & 0x40) ? openpgp_new(packet, pos, end)
                          : openpgp_old(packet, first, pos, end);
}


/* whose length need not be known in advance */

static int
openpgp_is_data(unsigned tag)
{
    switch (tag) {

    case PSERVER_OPENPGP_COMPRESSED:
    case PSERVER_OPENPGP_SED:
    case PSERVER_OPENPGP_LITERAL:
    case PSERVER_OPENPGP_SEIPD:
        return 1;

    default:
        return 0;
    }
}


static int
openpgp_old(pserver_openpgp_packet_t *packet, unsigned first, u_char **pos,
    u_char *end)
{
    size_t  n, len;

    if ((first & 3) == 3) {

        /* up to the end */

        if (!openpgp_is_data(packet->tag)) {
            return PSERVER_INVALID;
        }

        len = end - *pos;

    } else {
        n = (size_t) 1 << (first & 3);

        if ((size_t) (end - *pos) < n) {
            return PSERVER_INVALID;
        }

        len = pserver_get_be(*pos, n);
        *pos += n;
    }

    if ((size_t) (end - *pos) < len) {
        return PSERVER_INVALID;
    }

    packet->body.data = *pos;
    packet->body.len = len;

    *pos += len;

    return PSERVER_OK;
}


static int
openpgp_new(pserver_openpgp_packet_t *packet, u_char **pos, u_char *end)
{
    int      part, first;
    size_t   len;
    u_char  *last;

    first = 1;
    last = NULL;

    do {
        if (openpgp_length(pos, end, &len, &part) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        if (first) {
            packet->body.data = *pos;
            last = *pos;

            if (part && (len < OPENPGP_PART_MIN
                         || !openpgp_is_data(packet->tag)))
            {
                return PSERVER_INVALID;
            }
        }

        memmove(last, *pos, len);

        last += len;
        *pos += len;
        first = 0;

    } while (part);

    packet->body.len = last - packet->body.data;

    return PSERVER_OK;
}


/* of a body or a part of it, which is there */

static int
openpgp_length(u_char **pos, u_char *end, size_t *len, int *part)
{
    size_t   n;
    u_char  *p;

    p = *pos;

    if (p == end) {
        return PSERVER_INVALID;
    }

    n = (p[0] < 192 || (p[0] >= 224 && p[0] < 255)) ? 1
        : (p[0] < 224) ? 2 : 5;

    if ((size_t) (end - p) < n) {
        return PSERVER_INVALID;
    }

    *part = 0;

    switch (n) {

    case 1:
        *part = (p[0] >= 224);
        *len = *part ? (size_t) 1 << (p[0] & 0x1f) : p[0];
        break;

    case 2:
        *len = ((size_t) (p[0] - 192) << 8) + p[1] + 192;
        break;

    default:
        *len = pserver_get_be(p + 1, 4);
        break;
    }

    *pos = p + n;

    return ((size_t) (end - *pos) < *len) ? PSERVER_INVALID : PSERVER_OK;
}
