/*
 * JSONPath: from the text to a tree, by the grammar of RFC 9535, section
 * 2; the productions are named where they are parsed.  Here: segments and
 * selectors.
 */

#include <stdlib.h>
#include <string.h>

#include "jsonpath_parse.h"
#include "text.h"


static jsonpath_node_t *jsonpath_segment(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_brackets(jsonpath_parser_t *p,
    jsonpath_node_t *segment);
static jsonpath_node_t *jsonpath_shorthand(jsonpath_parser_t *p);
static int jsonpath_name_char(jsonpath_parser_t *p, size_t before);
static jsonpath_node_t *jsonpath_selector(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_slice(jsonpath_parser_t *p);
static int jsonpath_is_number(jsonpath_parser_t *p);


int
pserver_jsonpath_parse(pserver_str_t text, pserver_jsonpath_t **out)
{
    size_t               n, size;
    jsonpath_parser_t    p;
    pserver_jsonpath_t  *path;

    if (text.len > PSERVER_JSONPATH_MAX) {
        return PSERVER_NOSPACE;
    }

    /* "@" in a filter is a query and the test of it: two for one byte */

    n = 2 * text.len + 2;
    size = sizeof(pserver_jsonpath_t) + n * sizeof(jsonpath_node_t);

    path = malloc(size + text.len);
    if (path == NULL) {
        return PSERVER_NOMEM;
    }

    path->last = path->nodes;
    path->end = path->nodes + n;
    path->text = (u_char *) path->end;

    p.path = path;
    p.pos = text.data;
    p.last = text.data + text.len;
    p.depth = 0;
    p.rc = PSERVER_OK;

    path->root = (pserver_jsonpath_peek(&p) == '$')
                 ? pserver_jsonpath_query(&p) : NULL;

    if (path->root == NULL || p.pos != p.last) {
        pserver_jsonpath_free(path);
        return p.rc ? p.rc : PSERVER_INVALID;
    }

    *out = path;

    return PSERVER_OK;
}


void
pserver_jsonpath_free(pserver_jsonpath_t *path)
{
    jsonpath_node_t  *node;

    if (path == NULL) {
        return;
    }

    for (node = path->nodes; node != path->last; node++) {
        if (node->kind == JSONPATH_CALL) {
            pserver_regexp_free(node->u.call.regexp);
        }
    }

    free(path);
}


/* jsonpath-query, rel-query: the identifier, then segments */

jsonpath_node_t *
pserver_jsonpath_query(jsonpath_parser_t *p)
{
    const u_char      *back;
    jsonpath_node_t   *query, *segment, **next;

    if (!pserver_jsonpath_enter(p)) {
        return NULL;
    }

    query = pserver_jsonpath_new(p, JSONPATH_QUERY);
    if (query == NULL) {
        return NULL;
    }

    query->u.query.absolute = (*p->pos++ == '$');
    query->u.query.singular = 1;

    next = &query->child;

    for ( ;; ) {
        back = p->pos;

        pserver_jsonpath_blank(p);

        if (pserver_jsonpath_peek(p) != '.'
            && pserver_jsonpath_peek(p) != '[')
        {
            p->pos = back;
            break;
        }

        segment = jsonpath_segment(p);
        if (segment == NULL) {
            return NULL;
        }

        if (segment->u.segment.descendant || segment->child->next
            || (segment->child->kind != JSONPATH_NAME
                && segment->child->kind != JSONPATH_INDEX))
        {
            query->u.query.singular = 0;
        }

        *next = segment;
        next = &segment->next;
    }

    p->depth--;

    return query;
}


/* child-segment, descendant-segment */

static jsonpath_node_t *
jsonpath_segment(jsonpath_parser_t *p)
{
    jsonpath_node_t  *segment;

    segment = pserver_jsonpath_new(p, JSONPATH_SEGMENT);
    if (segment == NULL) {
        return NULL;
    }

    if (pserver_jsonpath_is(p, "..")) {
        segment->u.segment.descendant = 1;

    } else if (!pserver_jsonpath_is(p, ".")) {
        return jsonpath_brackets(p, segment);
    }

    if (segment->u.segment.descendant && pserver_jsonpath_peek(p) == '[') {
        return jsonpath_brackets(p, segment);
    }

    segment->child = pserver_jsonpath_is(p, "*")
                     ? pserver_jsonpath_new(p, JSONPATH_WILDCARD)
                     : jsonpath_shorthand(p);

    return segment->child ? segment : NULL;
}


/* bracketed-selection */

static jsonpath_node_t *
jsonpath_brackets(jsonpath_parser_t *p, jsonpath_node_t *segment)
{
    jsonpath_node_t  *selector, **next;

    if (!pserver_jsonpath_is(p, "[")) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID);
    }

    next = &segment->child;

    do {
        pserver_jsonpath_blank(p);

        selector = jsonpath_selector(p);
        if (selector == NULL) {
            return NULL;
        }

        *next = selector;
        next = &selector->next;

        pserver_jsonpath_blank(p);

    } while (pserver_jsonpath_is(p, ","));

    return pserver_jsonpath_is(p, "]")
           ? segment : pserver_jsonpath_fail(p, PSERVER_INVALID);
}


/* member-name-shorthand */

static jsonpath_node_t *
jsonpath_shorthand(jsonpath_parser_t *p)
{
    size_t            n;
    jsonpath_node_t  *node;

    node = pserver_jsonpath_new(p, JSONPATH_NAME);
    if (node == NULL) {
        return NULL;
    }

    node->u.name.data = p->path->text;

    while (p->pos != p->last && jsonpath_name_char(p, node->u.name.len)) {

        n = pserver_text_character(p->pos, p->last - p->pos);

        if (n == 0) {
            return pserver_jsonpath_fail(p, PSERVER_INVALID);
        }

        memcpy(p->path->text, p->pos, n);
        p->path->text += n;
        p->pos += n;

        node->u.name.len += n;
    }

    return node->u.name.len ? node : pserver_jsonpath_fail(p, PSERVER_INVALID);
}


/* name-first; further on digits, too */

static int
jsonpath_name_char(jsonpath_parser_t *p, size_t before)
{
    u_char  ch;

    ch = *p->pos;

    return ch >= 0x80 || ch == '_'
           || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (before && ch >= '0' && ch <= '9');
}


/* name-, wildcard-, slice-, index- and filter-selector */

static jsonpath_node_t *
jsonpath_selector(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    switch (pserver_jsonpath_peek(p)) {

    case '"':
    case '\'':
        node = pserver_jsonpath_new(p, JSONPATH_NAME);

        return (node && pserver_jsonpath_text(p, &node->u.name)) ? node : NULL;

    case '*':
        p->pos++;
        return pserver_jsonpath_new(p, JSONPATH_WILDCARD);

    case '?':
        p->pos++;
        pserver_jsonpath_blank(p);

        node = pserver_jsonpath_new(p, JSONPATH_FILTER);
        if (node == NULL) {
            return NULL;
        }

        node->child = pserver_jsonpath_filter(p);

        return node->child ? node : NULL;

    default:
        return jsonpath_slice(p);
    }
}


/* an index, or [start] ":" [end] [":" [step]] with blanks between */

static jsonpath_node_t *
jsonpath_slice(jsonpath_parser_t *p)
{
    int               has_start;
    int64_t           start;
    const u_char     *back;
    jsonpath_node_t  *node;

    has_start = (pserver_jsonpath_peek(p) != ':');
    start = 0;

    if (has_start && !pserver_jsonpath_integer(p, &start)) {
        return NULL;
    }

    back = p->pos;

    pserver_jsonpath_blank(p);

    if (!pserver_jsonpath_is(p, ":")) {
        p->pos = back;

        node = pserver_jsonpath_new(p, JSONPATH_INDEX);

        if (node) {
            node->u.index = start;
        }

        return node;
    }

    node = pserver_jsonpath_new(p, JSONPATH_SLICE);
    if (node == NULL) {
        return NULL;
    }

    node->u.slice.start = start;
    node->u.slice.has_start = has_start;
    node->u.slice.step = 1;

    pserver_jsonpath_blank(p);

    if (jsonpath_is_number(p)) {

        if (!pserver_jsonpath_integer(p, &node->u.slice.end)) {
            return NULL;
        }

        node->u.slice.has_end = 1;
        pserver_jsonpath_blank(p);
    }

    if (!pserver_jsonpath_is(p, ":")) {
        return node;
    }

    pserver_jsonpath_blank(p);

    if (jsonpath_is_number(p)
        && !pserver_jsonpath_integer(p, &node->u.slice.step))
    {
        return NULL;
    }

    return node;
}


static int
jsonpath_is_number(jsonpath_parser_t *p)
{
    int  ch;

    ch = pserver_jsonpath_peek(p);

    return ch == '-' || (ch >= '0' && ch <= '9');
}
