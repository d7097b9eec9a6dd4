/*
 * The grant file: the JSON document behind a permission's "grant" URL, that
 * says what the app may do.
 *
 *     { "grantee": "0x..", "operation": "..", "parameters": {..},
 *       "expires": 1893456000 }
 *
 * and no other member.  "parameters" has members with a meaning of their
 * own: "filters" cuts the data down, "image" pins the operation's image,
 * "scopes" names what an app may read.  None of them is for the operation.
 */

#ifndef _PSERVER_GRANT_H_INCLUDED_
#define _PSERVER_GRANT_H_INCLUDED_


#include "core.h"
#include "json.h"


#define PSERVER_GRANT_MAX     65536  /* bytes of a grant file */

#define PSERVER_GRANT_READ    "data_read"


typedef enum {
    PSERVER_GRANT_VALID = 0,
    PSERVER_GRANT_JSON,              /* not JSON, or a member twice */
    PSERVER_GRANT_MEMBER,            /* a member that is not known */
    PSERVER_GRANT_GRANTEE,           /* missing, or not an address */
    PSERVER_GRANT_OPERATION,         /* missing, not a string, or empty */
    PSERVER_GRANT_PARAMETERS,        /* missing, or not an object */
    PSERVER_GRANT_EXPIRES,           /* not an integer from 0 to 2^53 - 1 */
    PSERVER_GRANT_IMAGE,             /* parameters.image is not a string */
    PSERVER_GRANT_SCOPES,            /* parameters.scopes of a grant to read
                                        is not an array of strings */
    PSERVER_GRANT_FILTERS            /* parameters.filters is not an object of
                                        strings */
} pserver_grant_fault_e;


/* all of it lives as long as doc */

typedef struct {
    pserver_address_t      grantee;
    pserver_str_t          operation;
    const pserver_json_t  *parameters;
    uint64_t               expires;  /* unix seconds; 0: never */
    pserver_str_t          image;    /* empty: any */
    const pserver_json_t  *scopes;   /* of a grant to read: an array of
                                        strings; or NULL */
    const pserver_json_t  *filters;  /* an object of strings; NULL: nothing
                                        is cut down */
    pserver_json_doc_t    *doc;
} pserver_grant_t;


/*
 * PSERVER_OK: *grant is set, and is freed with pserver_grant_free().
 * PSERVER_INVALID: *fault says why.  PSERVER_NOMEM.
 */
int pserver_grant_parse(const u_char *data, size_t len,
    pserver_grant_t *grant, pserver_grant_fault_e *fault);
void pserver_grant_free(pserver_grant_t *grant);

/* 1 if its time is over at "now", unix seconds: the last valid one is the
   second "expires" */
int pserver_grant_expired(const pserver_grant_t *grant, uint64_t now);

/* 1 if it is a grant to read, and one of its scopes covers this one */
int pserver_grant_covers(const pserver_grant_t *grant, pserver_str_t scope);


/*
 * 1 if the app may send these parameters: each name is one of the n allowed
 * ones, and none has a meaning of its own (see above).  NULL is none.
 */
int pserver_grant_allows(const pserver_json_t *parameters,
    const pserver_str_t *allowed, size_t n);

/*
 * The parameters that the operation gets, as a JSON object: those of the
 * grant file, in their order, then those of the app (NULL: none) whose
 * names the grant file does not have.  *out is malloc'd.
 */
int pserver_grant_merge(const pserver_grant_t *grant,
    const pserver_json_t *parameters, pserver_str_t *out);


#endif /* _PSERVER_GRANT_H_INCLUDED_ */
