/*
 * Integers in big-endian order, of len bytes, at most 8.
 */

#ifndef _PSERVER_BYTES_H_INCLUDED_
#define _PSERVER_BYTES_H_INCLUDED_


#include "core.h"


static inline u_char *
pserver_put_be(u_char *p, uint64_t value, size_t len)
{
    size_t  i;

    for (i = len; i > 0; i--) {
        p[i - 1] = (u_char) value;
        value >>= 8;
    }

    return p + len;
}


static inline uint64_t
pserver_get_be(const u_char *p, size_t len)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < len; i++) {
        value = value << 8 | p[i];
    }

    return value;
}


#endif /* _PSERVER_BYTES_H_INCLUDED_ */
