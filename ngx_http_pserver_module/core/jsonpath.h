/*
 * JSONPath, RFC 9535, with the functions of its section 2.4 and regular
 * expressions of RFC 9485.
 *
 * Numbers are compared as decimals, exactly, whatever their size.  What
 * runs out of its budget is an error and has no result: a part of a result
 * would be another answer.
 */

#ifndef _PSERVER_JSONPATH_H_INCLUDED_
#define _PSERVER_JSONPATH_H_INCLUDED_


#include "json.h"


#define PSERVER_JSONPATH_MAX    4096     /* bytes of an expression */
#define PSERVER_JSONPATH_DEPTH  32       /* of its nesting */


typedef struct pserver_jsonpath_s  pserver_jsonpath_t;

/*
 * PSERVER_INVALID: not well-formed, or not valid (an index out of range, a
 * function with arguments of another type); PSERVER_NOSPACE: over a limit;
 * PSERVER_NOMEM.  *path holds a copy of what it needs of the text.
 */
int pserver_jsonpath_parse(pserver_str_t text, pserver_jsonpath_t **path);

/* path may be NULL */
void pserver_jsonpath_free(pserver_jsonpath_t *path);


/* what was selected: in the document, in order, each as often as it was */

typedef struct {
    const pserver_json_t  **node;    /* malloc'd */
    size_t                  n;
    size_t                  size;    /* private */
} pserver_jsonpath_list_t;

/*
 * Selects from a document.  budget: steps that may be taken, of which there
 * is at least one a value that is looked at, and one for some 64 bytes that
 * are compared or matched; it becomes what is left.  Recurses to the depth
 * of the document and of the expression, both of which are limited.
 *
 * PSERVER_OK: list is to be freed; PSERVER_NOSPACE: out of budget;
 * PSERVER_NOMEM.
 */
int pserver_jsonpath_select(const pserver_jsonpath_t *path,
    const pserver_json_t *root, uint64_t *budget,
    pserver_jsonpath_list_t *list);
void pserver_jsonpath_list_free(pserver_jsonpath_list_t *list);


#endif /* _PSERVER_JSONPATH_H_INCLUDED_ */
