/*
 * Why a decision is what it is: the question of an owner about an app, and
 * the answer with every fact and every rule.
 */

#ifndef _PSERVER_EXPLAIN_H_INCLUDED_
#define _PSERVER_EXPLAIN_H_INCLUDED_


#include "permission.h"


#define PSERVER_EXPLAIN_BODY_MAX  65536


/* {"app","operation"?,"parameters"?,"scope"?}; with a scope it is a read */

typedef struct {
    pserver_address_t      app;
    pserver_str_t          operation;   /* empty: it names none */
    const pserver_json_t  *parameters;  /* NULL: it gives none */
    pserver_str_t          scope;       /* empty: an operation */
    pserver_json_doc_t    *doc;
} pserver_explain_t;


/*
 * On PSERVER_OK explain is to be freed.  PSERVER_INVALID: *field is the
 * member that is not as it should be, or NULL: it is not an object;
 * PSERVER_NOMEM.
 */
int pserver_explain_parse(const u_char *body, size_t len,
    pserver_explain_t *explain, const char **field);
void pserver_explain_free(pserver_explain_t *explain);

/*
 * Writes the answer, JSON, and returns how many bytes it has; with dst NULL
 * it only counts.  facts are those that were decided on.  Text of the chain
 * that is not plain is null.
 */
size_t pserver_explain_write(u_char *dst, pserver_decision_e decision,
    const pserver_facts_t *facts, const pserver_verdict_t *verdict);


#endif /* _PSERVER_EXPLAIN_H_INCLUDED_ */
