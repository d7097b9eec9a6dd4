/*
 * Many small random values: ChaCha20 under a key of the system's.  A buffer
 * of it at a time is made, of which the first bytes are the next one's key,
 * and each value is wiped there as it is given out ("fast key erasure"): so
 * it can't be had again from what is left.  The system is asked once, where
 * it would be asked for each value: for an entry of the log that is a third
 * of the time it takes.
 *
 * For one thread and a short time: it is wiped when done, and not kept over
 * a fork().
 */

#ifndef _PSERVER_RANDOM_H_INCLUDED_
#define _PSERVER_RANDOM_H_INCLUDED_


#include "core.h"


#define PSERVER_RANDOM_KEY_LEN  32
#define PSERVER_RANDOM_BUF_LEN  4096


typedef struct {
    u_char                buf[PSERVER_RANDOM_BUF_LEN];  /* begins with a key */
    size_t                left;      /* at the end of it */
} pserver_random_t;


void pserver_random_init(pserver_random_t *random);

/* any number of bytes */
void pserver_random_bytes(pserver_random_t *random, u_char *out, size_t len);


#endif /* _PSERVER_RANDOM_H_INCLUDED_ */
