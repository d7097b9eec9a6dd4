/*
 * Many small random values: ChaCha20 under a key of the system's, which is
 * replaced with each value ("fast key erasure"), so that what was given out
 * can't be had again from what is left.  The system is asked once, where it
 * would be asked for each value: for an entry of the log that is a third of
 * the time it takes.
 *
 * For one thread and a short time: it is wiped when done, and not kept over
 * a fork().
 */

#ifndef _PSERVER_RANDOM_H_INCLUDED_
#define _PSERVER_RANDOM_H_INCLUDED_


#include "core.h"


typedef struct {
    u_char                key[32];
} pserver_random_t;


void pserver_random_init(pserver_random_t *random);

/* any number of bytes, up to 2^37 */
void pserver_random_bytes(pserver_random_t *random, u_char *out, size_t len);


#endif /* _PSERVER_RANDOM_H_INCLUDED_ */
