/*
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07,
 * section 2): an Item of RFC 8941 that is a String.  Clients also send the
 * key without its quotes, which is taken as the same key.
 */

#ifndef _PSERVER_IDEMPOTENCY_H_INCLUDED_
#define _PSERVER_IDEMPOTENCY_H_INCLUDED_


#include "core.h"


#define PSERVER_IDEMPOTENCY_MAX  255             /* characters of a key */


/*
 * The key that a header's value names, 1 to PSERVER_IDEMPOTENCY_MAX printable
 * ASCII characters, written to "key"; *len is their number.
 * PSERVER_INVALID: neither a String without parameters nor, without quotes,
 * letters, digits and "-_.:~" alone; or its key is empty or longer.
 */
int pserver_idempotency_parse(u_char key[PSERVER_IDEMPOTENCY_MAX],
    size_t *len, pserver_str_t value);


#endif /* _PSERVER_IDEMPOTENCY_H_INCLUDED_ */
