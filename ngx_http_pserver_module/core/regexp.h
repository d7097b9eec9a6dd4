/*
 * I-Regexp, RFC 9485, on PCRE2: an expression is checked here, translated,
 * and run with limits.
 */

#ifndef _PSERVER_REGEXP_H_INCLUDED_
#define _PSERVER_REGEXP_H_INCLUDED_


#include "core.h"


#define PSERVER_REGEXP_MAX    1024       /* bytes of an expression */
#define PSERVER_REGEXP_DEPTH  32         /* of its parentheses */


typedef struct pserver_regexp_s  pserver_regexp_t;

/*
 * text is UTF-8.  whole: it has to match all of a subject, not a part.
 * PSERVER_INVALID: not an I-Regexp; PSERVER_NOSPACE: over a limit, of those
 * above or PCRE2's (quantifiers up to 65535); PSERVER_NOMEM.
 */
int pserver_regexp_compile(pserver_str_t text, int whole,
    pserver_regexp_t **regexp);

/* regexp may be NULL */
void pserver_regexp_free(pserver_regexp_t *regexp);

/*
 * *matched becomes 1 or 0.  limit: of PCRE2's own steps.  PSERVER_NOSPACE:
 * they were not enough; PSERVER_NOMEM.
 */
int pserver_regexp_match(const pserver_regexp_t *regexp,
    pserver_str_t subject, uint32_t limit, int *matched);


#endif /* _PSERVER_REGEXP_H_INCLUDED_ */
