/*
 * Randomness that is known: 00 01 02 .. ff 00 01 ..
 */

#ifndef _PSERVER_COUNTING_H_INCLUDED_
#define _PSERVER_COUNTING_H_INCLUDED_


#include <stdint.h>
#include <sodium.h>


static uint8_t  counting_next;


static inline const char *
counting_name(void)
{
    return "counting";
}


static inline void
counting_buf(void *const buf, const size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        ((uint8_t *) buf)[i] = counting_next++;
    }
}


static inline uint32_t
counting_random(void)
{
    uint32_t  n;

    counting_buf(&n, sizeof(n));

    return n;
}


/* from here on, in the whole program, starting at zero */

static inline void
counting_start(void)
{
    static randombytes_implementation  counting = {
        counting_name, counting_random, NULL, NULL, counting_buf, NULL
    };

    counting_next = 0;
    randombytes_set_implementation(&counting);
}


static inline void
counting_stop(void)
{
    randombytes_set_implementation(&randombytes_sysrandom_implementation);
}


#endif /* _PSERVER_COUNTING_H_INCLUDED_ */
