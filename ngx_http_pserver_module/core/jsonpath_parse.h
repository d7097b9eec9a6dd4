/*
 * Between the files that parse a JSONPath: a reader of its text, which makes
 * the tree.  What returns a node returns NULL, and what returns an int
 * returns 0, where the text is not that; p->rc then says why.
 */

#ifndef _PSERVER_JSONPATH_PARSE_H_INCLUDED_
#define _PSERVER_JSONPATH_PARSE_H_INCLUDED_


#include "jsonpath_tree.h"


typedef struct {
    pserver_jsonpath_t   *path;
    const u_char         *pos;
    const u_char         *last;
    unsigned              depth;
    int                   rc;        /* why something was not parsed */
} jsonpath_parser_t;


/* jsonpath-query, rel-query: at "$" or "@" */
jsonpath_node_t *pserver_jsonpath_query(jsonpath_parser_t *p);

/* logical-expr: what stands behind "?" */
jsonpath_node_t *pserver_jsonpath_filter(jsonpath_parser_t *p);

/* number, and string-literal: a copy that lives as long as the tree */
int pserver_jsonpath_number(jsonpath_parser_t *p, pserver_str_t *text);
int pserver_jsonpath_text(jsonpath_parser_t *p, pserver_str_t *text);

/* int: no leading zeros, no minus zero, within I-JSON */
int pserver_jsonpath_integer(jsonpath_parser_t *p, int64_t *value);

/* a node; NULL: p->rc is set */
jsonpath_node_t *pserver_jsonpath_new(jsonpath_parser_t *p,
    jsonpath_kind_e kind);

/* NULL; the first reason counts */
void *pserver_jsonpath_fail(jsonpath_parser_t *p, int rc);

/* one level deeper; 0: that is too deep */
int pserver_jsonpath_enter(jsonpath_parser_t *p);

void pserver_jsonpath_blank(jsonpath_parser_t *p);

/* 1, and behind it, if this comes next */
int pserver_jsonpath_is(jsonpath_parser_t *p, const char *text);

/* the next byte, or -1 */
int pserver_jsonpath_peek(jsonpath_parser_t *p);


#endif /* _PSERVER_JSONPATH_PARSE_H_INCLUDED_ */
