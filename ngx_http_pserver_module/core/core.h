/*
 * What every file of core/ shares.  core/ knows no nginx and does no I/O:
 * bytes in, bytes out.  It can be read, tested and fuzzed alone.
 *
 * Conventions:
 *   - a function that can fail returns PSERVER_OK or one of the negative
 *     codes below; where a caller has to know which rule was broken, the
 *     function's header defines an enum of reasons of its own;
 *   - output goes to memory of the caller, whose size in bytes is passed
 *     or fixed by the type; what is allocated inside says so and comes with
 *     a function that frees it;
 *   - on an error no output is left half written that a caller could
 *     mistake for a value, and secrets are wiped.
 */

#ifndef _PSERVER_CORE_H_INCLUDED_
#define _PSERVER_CORE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


#define PSERVER_OK         0
#define PSERVER_INVALID   -1    /* the input breaks a rule of its format */
#define PSERVER_NOSPACE   -2    /* the output does not fit, or a limit hit */
#define PSERVER_NOMEM     -3    /* malloc() failed */
#define PSERVER_AGAIN     -4    /* more input is needed */
#define PSERVER_DONE      -5    /* there is nothing more */
#define PSERVER_ERROR     -6    /* a library failed: never the input's fault */


/* the same layout as ngx_str_t; not terminated by a zero */

typedef struct {
    size_t                len;
    u_char               *data;
} pserver_str_t;

#define pserver_string(s)  { sizeof(s) - 1, (u_char *) s }


/* an account of Ethereum: the last 20 bytes of keccak256(public key) */

typedef struct {
    u_char                bytes[20];
} pserver_address_t;


/* a 32-byte word: a hash, or a uint256 in big-endian order */

typedef struct {
    u_char                bytes[32];
} pserver_word_t;


#endif /* _PSERVER_CORE_H_INCLUDED_ */
