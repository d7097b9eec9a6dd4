/*
 * A pass over a JSON text that refuses what yajl would let through: invalid
 * UTF-8 (yajl takes overlong forms and surrogates), halves of surrogate pairs
 * as \u escapes (it turns them into "?" or joins what is no pair), control
 * characters between tokens other than tab, LF and CR.
 */

#ifndef _PSERVER_JSON_SCAN_H_INCLUDED_
#define _PSERVER_JSON_SCAN_H_INCLUDED_


#include "core.h"


typedef struct {
    size_t                depth;     /* of brackets */
    size_t                nodes;     /* an upper bound: no value comes without
                                        a comma or a bracket before it, but
                                        the root */
} pserver_json_count_t;


/*
 * PSERVER_INVALID, or PSERVER_OK and the counts, which hold if yajl accepts
 * the text too.
 */
int pserver_json_scan(const u_char *data, size_t len,
    pserver_json_count_t *count);


#endif /* _PSERVER_JSON_SCAN_H_INCLUDED_ */
