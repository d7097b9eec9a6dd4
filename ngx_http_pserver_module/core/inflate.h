/*
 * Decompression with an end: the output is bounded, and with it the work,
 * since a decompressor does at most so much for each byte that it reads or
 * writes.
 */

#ifndef _PSERVER_INFLATE_H_INCLUDED_
#define _PSERVER_INFLATE_H_INCLUDED_


#include "core.h"


typedef enum {
    PSERVER_INFLATE_RAW = 1,         /* deflate, RFC 1951 */
    PSERVER_INFLATE_ZLIB             /* with head and sum, RFC 1950 */
} pserver_inflate_form_e;


/*
 * Decompresses all of "in" into out->data, which is malloc'd: the caller
 * wipes and frees it.  What it worked in is wiped.  PSERVER_INVALID: not
 * that, cut short, or more behind it; PSERVER_NOSPACE: over max bytes;
 * PSERVER_NOMEM.  On an error there is no output.
 */
int pserver_inflate(pserver_str_t *out, pserver_str_t in,
    pserver_inflate_form_e form, size_t max);


#endif /* _PSERVER_INFLATE_H_INCLUDED_ */
