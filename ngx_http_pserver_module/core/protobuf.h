/*
 * Protocol buffers and unsigned varints, as the formats of IPFS use them.
 */

#ifndef _PSERVER_PROTOBUF_H_INCLUDED_
#define _PSERVER_PROTOBUF_H_INCLUDED_


#include "core.h"


/* wire types that are known here */

#define PSERVER_PB_VARINT     0
#define PSERVER_PB_BYTES      2

/* a field's key: number << 3 | wire type */

#define PSERVER_PB(n, type)   ((n) << 3 | (type))


/*
 * Reads from *pos, which goes on behind what was read, and never beyond
 * last.  PSERVER_INVALID: cut off, or more than 63 bits.
 */
int pserver_varint(const u_char **pos, const u_char *last, uint64_t *value);

/*
 * A field: its key, and a number in value or a slice in bytes.
 * PSERVER_INVALID: as above, or another wire type.
 */
int pserver_pb_field(const u_char **pos, const u_char *last, uint64_t *key,
    uint64_t *value, pserver_str_t *bytes);


#endif /* _PSERVER_PROTOBUF_H_INCLUDED_ */
