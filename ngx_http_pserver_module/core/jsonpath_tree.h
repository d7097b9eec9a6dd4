/*
 * Between the files of core/jsonpath: an expression as a tree.
 */

#ifndef _PSERVER_JSONPATH_TREE_H_INCLUDED_
#define _PSERVER_JSONPATH_TREE_H_INCLUDED_


#include "jsonpath.h"
#include "regexp.h"


typedef enum {
    JSONPATH_QUERY,                  /* children: segments */
    JSONPATH_SEGMENT,                /* children: selectors */

    /* selectors */
    JSONPATH_NAME,
    JSONPATH_WILDCARD,
    JSONPATH_INDEX,
    JSONPATH_SLICE,
    JSONPATH_FILTER,                 /* child: an expression */

    /* expressions: these, and QUERY and CALL as tests */
    JSONPATH_OR,                     /* children: two or more */
    JSONPATH_AND,
    JSONPATH_NOT,                    /* child: what is negated */
    JSONPATH_COMPARE,                /* children: two of QUERY, CALL, LITERAL */

    JSONPATH_LITERAL,
    JSONPATH_CALL                    /* children: arguments */
} jsonpath_kind_e;


typedef enum {
    JSONPATH_EQ,
    JSONPATH_NE,
    JSONPATH_LT,
    JSONPATH_LE,
    JSONPATH_GT,
    JSONPATH_GE
} jsonpath_operator_e;


typedef enum {
    JSONPATH_LENGTH,
    JSONPATH_COUNT,
    JSONPATH_VALUE,
    JSONPATH_MATCH,
    JSONPATH_SEARCH
} jsonpath_function_e;


typedef struct jsonpath_node_s  jsonpath_node_t;

struct jsonpath_node_s {
    jsonpath_kind_e             kind;
    jsonpath_node_t            *child;
    jsonpath_node_t            *next;

    union {
        struct {
            unsigned            absolute:1;  /* from "$", not "@" */
            unsigned            singular:1;  /* at most one node */
        } query;

        struct {
            unsigned            descendant:1;
        } segment;

        pserver_str_t           name;
        int64_t                 index;

        struct {
            int64_t             start;
            int64_t             end;
            int64_t             step;
            unsigned            has_start:1;
            unsigned            has_end:1;
        } slice;

        jsonpath_operator_e     op;
        pserver_json_t          literal;

        struct {
            jsonpath_function_e function;
            pserver_regexp_t   *regexp;      /* of a literal; NULL: not yet */
        } call;
    } u;
};


struct pserver_jsonpath_s {
    jsonpath_node_t            *root;
    jsonpath_node_t            *last;        /* behind the last that is used */
    jsonpath_node_t            *end;
    u_char                     *text;        /* of decoded strings */
    jsonpath_node_t             nodes[];
};


/* NULL: Nothing, which is equal to itself and to no value */

typedef const pserver_json_t  *jsonpath_value_t;

/*
 * *result becomes 1 if "left op right" holds; takes from the budget.
 * PSERVER_NOSPACE: out of budget.
 */
int pserver_jsonpath_compare(jsonpath_value_t left, jsonpath_operator_e op,
    jsonpath_value_t right, uint64_t *budget, int *result);


/* takes n steps; 0: there are not as many */

static inline int
jsonpath_step(uint64_t *budget, uint64_t n)
{
    if (*budget < n) {
        *budget = 0;
        return 0;
    }

    *budget -= n;

    return 1;
}


#endif /* _PSERVER_JSONPATH_TREE_H_INCLUDED_ */
