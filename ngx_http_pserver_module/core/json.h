/*
 * JSON (RFC 8259) as a tree, over yajl.  Stricter than yajl where an
 * ambiguity could be used against us: duplicate members, nesting beyond a
 * limit, invalid UTF-8, lone surrogates and trailing bytes are refused.
 */

#ifndef _PSERVER_JSON_H_INCLUDED_
#define _PSERVER_JSON_H_INCLUDED_


#include "core.h"


typedef enum {
    PSERVER_JSON_NULL = 0,
    PSERVER_JSON_FALSE,
    PSERVER_JSON_TRUE,
    PSERVER_JSON_NUMBER,
    PSERVER_JSON_STRING,
    PSERVER_JSON_ARRAY,
    PSERVER_JSON_OBJECT
} pserver_json_type_e;


typedef struct pserver_json_s      pserver_json_t;
typedef struct pserver_json_doc_s  pserver_json_doc_t;

struct pserver_json_s {
    pserver_json_type_e   type;
    pserver_str_t         name;      /* of a member of an object, decoded */
    pserver_str_t         value;     /* STRING: decoded, may hold zeros;
                                        NUMBER: the text as it stood */
    pserver_json_t       *child;     /* first element or member, in order */
    pserver_json_t       *next;
    size_t                count;     /* of elements or members */
};


typedef struct {
    size_t                depth;     /* of nesting, a scalar has 0 */
    size_t                nodes;     /* values in all */
} pserver_json_limits_t;


/*
 * Parses len bytes.  On PSERVER_OK *doc holds a copy of all that the tree
 * points to and is freed with pserver_json_free(), which wipes it first.
 * PSERVER_INVALID: not JSON, or stricter rules above; PSERVER_NOSPACE: over
 * a limit; PSERVER_NOMEM.
 */
int pserver_json_parse(const u_char *data, size_t len,
    const pserver_json_limits_t *limits, pserver_json_doc_t **doc);

/*
 * The same.  *duplicate becomes 1 where the text is JSON as far as it was
 * read, and refused for a member that stands twice in an object; else 0.
 */
int pserver_json_parse_members(const u_char *data, size_t len,
    const pserver_json_limits_t *limits, pserver_json_doc_t **doc,
    int *duplicate);

/* doc may be NULL */
void pserver_json_free(pserver_json_doc_t *doc);

const pserver_json_t *pserver_json_root(const pserver_json_doc_t *doc);

/* a member of an object, or NULL; NULL too if "object" is not an object */
const pserver_json_t *pserver_json_get(const pserver_json_t *object,
    const char *name);

/* a NUMBER that is an integer >= 0 without fraction or exponent, <= max */
int pserver_json_uint(const pserver_json_t *value, uint64_t max,
    uint64_t *out);

/* 1 if a STRING equals the zero-terminated text */
int pserver_json_is(const pserver_json_t *value, const char *text);


#endif /* _PSERVER_JSON_H_INCLUDED_ */
