/*
 * Data minimisation: "parameters.filters" of a grant file cuts a file down
 * to what a JSONPath selects, before any operation sees it.  What can't be
 * cut down is an error: never is the whole passed on.
 */

#ifndef _PSERVER_FILTER_H_INCLUDED_
#define _PSERVER_FILTER_H_INCLUDED_


#include "core.h"


/* of a file that is to be cut down, and of the work */

#define PSERVER_FILTER_DEPTH   128
#define PSERVER_FILTER_NODES   (1024 * 1024)
#define PSERVER_FILTER_BUDGET  (16 * 1024 * 1024)


/*
 * text is a JSONPath (RFC 9535); "$" or "$." may be missing at its start, as
 * existing grant files have it.  PSERVER_INVALID, PSERVER_NOSPACE: it can't
 * be applied to anything; PSERVER_NOMEM.
 */
int pserver_filter_check(pserver_str_t text);

/*
 * One match is the value, several are an array of them, none is "[]".  *out
 * is malloc'd JSON text of *n bytes, at most limit; the caller wipes it.
 * PSERVER_INVALID: text is no JSONPath, or data no JSON; PSERVER_NOSPACE:
 * over the limits above, or over limit; PSERVER_NOMEM.
 */
int pserver_filter_apply(pserver_str_t text, const u_char *data, size_t len,
    size_t limit, u_char **out, size_t *n);


#endif /* _PSERVER_FILTER_H_INCLUDED_ */
