/*
 * Protocol buffers, see protobuf.h.
 */

#include "protobuf.h"


int
pserver_varint(const u_char **pos, const u_char *last, uint64_t *value)
{
    u_char    ch;
    unsigned  shift;

    *value = 0;

    for (shift = 0; shift < 63; shift += 7) {

        if (*pos == last) {
            return PSERVER_INVALID;
        }

        ch = *(*pos)++;
        *value |= (uint64_t) (ch & 0x7f) << shift;

        if (ch < 0x80) {
            return PSERVER_OK;
        }
    }

    return PSERVER_INVALID;
}


int
pserver_pb_field(const u_char **pos, const u_char *last, uint64_t *key,
    uint64_t *value, pserver_str_t *bytes)
{
    if (pserver_varint(pos, last, key) != PSERVER_OK
        || pserver_varint(pos, last, value) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    switch (*key & 7) {

    case PSERVER_PB_VARINT:
        return PSERVER_OK;

    case PSERVER_PB_BYTES:
        if (*value > (uint64_t) (last - *pos)) {
            return PSERVER_INVALID;
        }

        bytes->data = (u_char *) *pos;
        bytes->len = (size_t) *value;
        *pos += bytes->len;

        return PSERVER_OK;

    default:
        return PSERVER_INVALID;
    }
}
