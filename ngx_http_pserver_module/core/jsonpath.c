/*
 * JSONPath: from the text to a tree, by the grammar of RFC 9535, section
 * 2; the productions are named where they are parsed.
 */

#include <stdlib.h>
#include <string.h>

#include "jsonpath_string.h"
#include "jsonpath_tree.h"
#include "text.h"


/* I-JSON: integers that every reader has exactly */
#define JSONPATH_INT_MAX  9007199254740991LL


typedef struct {
    pserver_jsonpath_t   *path;
    const u_char         *pos;
    const u_char         *last;
    unsigned              depth;
    int                   rc;        /* why something was not parsed */
} jsonpath_parser_t;


/* what a function is declared with (section 2.4.1) */

typedef enum {
    JSONPATH_TYPE_VALUE,
    JSONPATH_TYPE_LOGICAL,
    JSONPATH_TYPE_NODES
} jsonpath_type_e;

static const struct {
    const char           *name;
    jsonpath_type_e       result;
    unsigned              args;
    jsonpath_type_e       arg;       /* all of them */
} jsonpath_functions[] = {
    { "length", JSONPATH_TYPE_VALUE, 1, JSONPATH_TYPE_VALUE },
    { "count", JSONPATH_TYPE_VALUE, 1, JSONPATH_TYPE_NODES },
    { "value", JSONPATH_TYPE_VALUE, 1, JSONPATH_TYPE_NODES },
    { "match", JSONPATH_TYPE_LOGICAL, 2, JSONPATH_TYPE_VALUE },
    { "search", JSONPATH_TYPE_LOGICAL, 2, JSONPATH_TYPE_VALUE }
};

#define JSONPATH_FUNCTIONS                                                    \
    (sizeof(jsonpath_functions) / sizeof(*jsonpath_functions))


static jsonpath_node_t *jsonpath_query(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_segment(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_brackets(jsonpath_parser_t *p,
    jsonpath_node_t *segment);
static jsonpath_node_t *jsonpath_shorthand(jsonpath_parser_t *p);
static int jsonpath_name_char(jsonpath_parser_t *p, size_t before);
static jsonpath_node_t *jsonpath_selector(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_slice(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_or(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_and(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_list(jsonpath_parser_t *p,
    jsonpath_kind_e kind, const char *sign,
    jsonpath_node_t *(*parse)(jsonpath_parser_t *));
static jsonpath_node_t *jsonpath_basic(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_paren(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_comparison(jsonpath_parser_t *p);
static int jsonpath_operator(jsonpath_parser_t *p, jsonpath_operator_e *op);
static int jsonpath_is_test(const jsonpath_node_t *node);
static int jsonpath_is_value(const jsonpath_node_t *node);
static jsonpath_node_t *jsonpath_comparable(jsonpath_parser_t *p);
static jsonpath_node_t *jsonpath_call(jsonpath_parser_t *p);
static int jsonpath_argument(jsonpath_parser_t *p, jsonpath_node_t *call,
    jsonpath_node_t *arg);
static jsonpath_node_t *jsonpath_literal(jsonpath_parser_t *p);
static int jsonpath_number(jsonpath_parser_t *p, pserver_str_t *text);
static int jsonpath_digits(jsonpath_parser_t *p);
static int jsonpath_integer(jsonpath_parser_t *p, int64_t *value);
static int jsonpath_string(jsonpath_parser_t *p, pserver_str_t *text);
static jsonpath_node_t *jsonpath_new(jsonpath_parser_t *p,
    jsonpath_kind_e kind);
static void *jsonpath_fail(jsonpath_parser_t *p, int rc);
static int jsonpath_enter(jsonpath_parser_t *p);
static void jsonpath_blank(jsonpath_parser_t *p);
static int jsonpath_is(jsonpath_parser_t *p, const char *text);
static int jsonpath_peek(jsonpath_parser_t *p);


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

    path->root = (jsonpath_peek(&p) == '$') ? jsonpath_query(&p) : NULL;

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

static jsonpath_node_t *
jsonpath_query(jsonpath_parser_t *p)
{
    const u_char      *back;
    jsonpath_node_t   *query, *segment, **next;

    if (!jsonpath_enter(p)) {
        return NULL;
    }

    query = jsonpath_new(p, JSONPATH_QUERY);
    if (query == NULL) {
        return NULL;
    }

    query->u.query.absolute = (*p->pos++ == '$');
    query->u.query.singular = 1;

    next = &query->child;

    for ( ;; ) {
        back = p->pos;

        jsonpath_blank(p);

        if (jsonpath_peek(p) != '.' && jsonpath_peek(p) != '[') {
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

    segment = jsonpath_new(p, JSONPATH_SEGMENT);
    if (segment == NULL) {
        return NULL;
    }

    if (jsonpath_is(p, "..")) {
        segment->u.segment.descendant = 1;

    } else if (!jsonpath_is(p, ".")) {
        return jsonpath_brackets(p, segment);
    }

    if (segment->u.segment.descendant && jsonpath_peek(p) == '[') {
        return jsonpath_brackets(p, segment);
    }

    segment->child = jsonpath_is(p, "*") ? jsonpath_new(p, JSONPATH_WILDCARD)
                                         : jsonpath_shorthand(p);

    return segment->child ? segment : NULL;
}


/* bracketed-selection */

static jsonpath_node_t *
jsonpath_brackets(jsonpath_parser_t *p, jsonpath_node_t *segment)
{
    jsonpath_node_t  *selector, **next;

    if (!jsonpath_is(p, "[")) {
        return jsonpath_fail(p, PSERVER_INVALID);
    }

    next = &segment->child;

    do {
        jsonpath_blank(p);

        selector = jsonpath_selector(p);
        if (selector == NULL) {
            return NULL;
        }

        *next = selector;
        next = &selector->next;

        jsonpath_blank(p);

    } while (jsonpath_is(p, ","));

    return jsonpath_is(p, "]") ? segment : jsonpath_fail(p, PSERVER_INVALID);
}


/* member-name-shorthand */

static jsonpath_node_t *
jsonpath_shorthand(jsonpath_parser_t *p)
{
    size_t            n;
    jsonpath_node_t  *node;

    node = jsonpath_new(p, JSONPATH_NAME);
    if (node == NULL) {
        return NULL;
    }

    node->u.name.data = p->path->text;

    while (p->pos != p->last && jsonpath_name_char(p, node->u.name.len)) {

        n = pserver_text_character(p->pos, p->last - p->pos);

        if (n == 0) {
            return jsonpath_fail(p, PSERVER_INVALID);
        }

        memcpy(p->path->text, p->pos, n);
        p->path->text += n;
        p->pos += n;

        node->u.name.len += n;
    }

    return node->u.name.len ? node : jsonpath_fail(p, PSERVER_INVALID);
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

    switch (jsonpath_peek(p)) {

    case '"':
    case '\'':
        node = jsonpath_new(p, JSONPATH_NAME);

        return (node && jsonpath_string(p, &node->u.name)) ? node : NULL;

    case '*':
        p->pos++;
        return jsonpath_new(p, JSONPATH_WILDCARD);

    case '?':
        p->pos++;
        jsonpath_blank(p);

        node = jsonpath_new(p, JSONPATH_FILTER);
        if (node == NULL) {
            return NULL;
        }

        node->child = jsonpath_or(p);

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

    has_start = (jsonpath_peek(p) != ':');
    start = 0;

    if (has_start && !jsonpath_integer(p, &start)) {
        return NULL;
    }

    back = p->pos;

    jsonpath_blank(p);

    if (!jsonpath_is(p, ":")) {
        p->pos = back;

        node = jsonpath_new(p, JSONPATH_INDEX);

        if (node) {
            node->u.index = start;
        }

        return node;
    }

    node = jsonpath_new(p, JSONPATH_SLICE);
    if (node == NULL) {
        return NULL;
    }

    node->u.slice.start = start;
    node->u.slice.has_start = has_start;
    node->u.slice.step = 1;

    jsonpath_blank(p);

    if (jsonpath_peek(p) == '-'
        || (jsonpath_peek(p) >= '0' && jsonpath_peek(p) <= '9'))
    {
        if (!jsonpath_integer(p, &node->u.slice.end)) {
            return NULL;
        }

        node->u.slice.has_end = 1;
        jsonpath_blank(p);
    }

    if (!jsonpath_is(p, ":")) {
        return node;
    }

    jsonpath_blank(p);

    if ((jsonpath_peek(p) == '-'
         || (jsonpath_peek(p) >= '0' && jsonpath_peek(p) <= '9'))
        && !jsonpath_integer(p, &node->u.slice.step))
    {
        return NULL;
    }

    return node;
}


/* logical-or-expr */

static jsonpath_node_t *
jsonpath_or(jsonpath_parser_t *p)
{
    return jsonpath_list(p, JSONPATH_OR, "||", jsonpath_and);
}


/* logical-and-expr */

static jsonpath_node_t *
jsonpath_and(jsonpath_parser_t *p)
{
    return jsonpath_list(p, JSONPATH_AND, "&&", jsonpath_basic);
}


static jsonpath_node_t *
jsonpath_list(jsonpath_parser_t *p, jsonpath_kind_e kind, const char *sign,
    jsonpath_node_t *(*parse)(jsonpath_parser_t *))
{
    const u_char     *back;
    jsonpath_node_t  *list, *node, *last;

    node = parse(p);
    list = NULL;
    last = NULL;

    while (node) {

        if (last) {
            last->next = node;
        }

        last = node;
        back = p->pos;

        jsonpath_blank(p);

        if (!jsonpath_is(p, sign)) {
            p->pos = back;
            return list ? list : node;
        }

        if (list == NULL) {
            list = jsonpath_new(p, kind);
            if (list == NULL) {
                return NULL;
            }

            list->child = node;
        }

        jsonpath_blank(p);

        node = parse(p);
    }

    return NULL;
}


/* basic-expr: paren-expr, comparison-expr, test-expr */

static jsonpath_node_t *
jsonpath_basic(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    if (jsonpath_peek(p) == '(') {
        return jsonpath_paren(p);
    }

    if (!jsonpath_is(p, "!")) {
        return jsonpath_comparison(p);
    }

    node = jsonpath_new(p, JSONPATH_NOT);
    if (node == NULL) {
        return NULL;
    }

    jsonpath_blank(p);

    node->child = (jsonpath_peek(p) == '(') ? jsonpath_paren(p)
                                            : jsonpath_comparable(p);

    if (node->child == NULL) {
        return NULL;
    }

    switch (node->child->kind) {

    case JSONPATH_LITERAL:
    case JSONPATH_QUERY:
    case JSONPATH_CALL:
        return jsonpath_is_test(node->child)
               ? node : jsonpath_fail(p, PSERVER_INVALID);

    default:
        return node;
    }
}


static jsonpath_node_t *
jsonpath_paren(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    if (!jsonpath_enter(p)) {
        return NULL;
    }

    p->pos++;
    jsonpath_blank(p);

    node = jsonpath_or(p);
    if (node == NULL) {
        return NULL;
    }

    jsonpath_blank(p);

    p->depth--;

    return jsonpath_is(p, ")") ? node : jsonpath_fail(p, PSERVER_INVALID);
}


static jsonpath_node_t *
jsonpath_comparison(jsonpath_parser_t *p)
{
    const u_char         *back;
    jsonpath_node_t      *left, *right, *node;
    jsonpath_operator_e   op;

    left = jsonpath_comparable(p);
    if (left == NULL) {
        return NULL;
    }

    back = p->pos;

    jsonpath_blank(p);

    if (!jsonpath_operator(p, &op)) {
        p->pos = back;

        return jsonpath_is_test(left) ? left
                                      : jsonpath_fail(p, PSERVER_INVALID);
    }

    jsonpath_blank(p);

    node = jsonpath_new(p, JSONPATH_COMPARE);
    right = jsonpath_comparable(p);

    if (node == NULL || right == NULL) {
        return NULL;
    }

    if (!jsonpath_is_value(left) || !jsonpath_is_value(right)) {
        return jsonpath_fail(p, PSERVER_INVALID);
    }

    node->u.op = op;
    node->child = left;
    left->next = right;

    return node;
}


static int
jsonpath_operator(jsonpath_parser_t *p, jsonpath_operator_e *op)
{
    size_t  i;

    static const struct {
        const char           *sign;
        jsonpath_operator_e   op;
    } operators[] = {
        { "==", JSONPATH_EQ },
        { "!=", JSONPATH_NE },
        { "<=", JSONPATH_LE },
        { ">=", JSONPATH_GE },
        { "<", JSONPATH_LT },
        { ">", JSONPATH_GT }
    };

    for (i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        if (jsonpath_is(p, operators[i].sign)) {
            *op = operators[i].op;
            return 1;
        }
    }

    return 0;
}


/* whether it is true or not: any query, and what says so itself */

static int
jsonpath_is_test(const jsonpath_node_t *node)
{
    return node->kind == JSONPATH_QUERY
           || (node->kind == JSONPATH_CALL
               && jsonpath_functions[node->u.call.function].result
                  == JSONPATH_TYPE_LOGICAL);
}


static int
jsonpath_is_value(const jsonpath_node_t *node)
{
    switch (node->kind) {

    case JSONPATH_QUERY:
        return node->u.query.singular;

    case JSONPATH_CALL:
        return jsonpath_functions[node->u.call.function].result
               == JSONPATH_TYPE_VALUE;

    default: /* JSONPATH_LITERAL */
        return 1;
    }
}


/* a literal, a query, or a call; which of them may stand there, the caller
   looks at */

static jsonpath_node_t *
jsonpath_comparable(jsonpath_parser_t *p)
{
    int               ch;
    size_t            i;
    jsonpath_node_t  *node;

    static const struct {
        const char           *name;
        pserver_json_type_e   type;
    } names[] = {
        { "true", PSERVER_JSON_TRUE },
        { "false", PSERVER_JSON_FALSE },
        { "null", PSERVER_JSON_NULL }
    };

    ch = jsonpath_peek(p);

    if (ch == '$' || ch == '@') {
        return jsonpath_query(p);
    }

    if (ch < 'a' || ch > 'z') {
        return jsonpath_literal(p);
    }

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {

        if (jsonpath_is(p, names[i].name)) {
            node = jsonpath_new(p, JSONPATH_LITERAL);

            if (node) {
                node->u.literal.type = names[i].type;
            }

            return node;
        }
    }

    return jsonpath_call(p);
}


/* function-expr */

static jsonpath_node_t *
jsonpath_call(jsonpath_parser_t *p)
{
    size_t            i, n;
    jsonpath_node_t  *call, *arg, **next;

    if (!jsonpath_enter(p)) {
        return NULL;
    }

    for (i = 0; i < JSONPATH_FUNCTIONS; i++) {
        n = strlen(jsonpath_functions[i].name);

        if ((size_t) (p->last - p->pos) > n && p->pos[n] == '('
            && memcmp(p->pos, jsonpath_functions[i].name, n) == 0)
        {
            break;
        }
    }

    if (i == JSONPATH_FUNCTIONS) {
        return jsonpath_fail(p, PSERVER_INVALID);
    }

    p->pos += n + 1;

    call = jsonpath_new(p, JSONPATH_CALL);
    if (call == NULL) {
        return NULL;
    }

    call->u.call.function = (jsonpath_function_e) i;
    next = &call->child;

    for (n = 0; n < jsonpath_functions[i].args; n++) {

        jsonpath_blank(p);

        if (n && !jsonpath_is(p, ",")) {
            return jsonpath_fail(p, PSERVER_INVALID);
        }

        jsonpath_blank(p);

        arg = jsonpath_comparable(p);

        if (arg == NULL || !jsonpath_argument(p, call, arg)) {
            return NULL;
        }

        *next = arg;
        next = &arg->next;
    }

    jsonpath_blank(p);

    p->depth--;

    return jsonpath_is(p, ")") ? call : jsonpath_fail(p, PSERVER_INVALID);
}


static int
jsonpath_argument(jsonpath_parser_t *p, jsonpath_node_t *call,
    jsonpath_node_t *arg)
{
    int                  rc, whole;
    jsonpath_function_e  function;

    function = call->u.call.function;

    if (jsonpath_functions[function].arg == JSONPATH_TYPE_NODES
        ? arg->kind != JSONPATH_QUERY : !jsonpath_is_value(arg))
    {
        (void) jsonpath_fail(p, PSERVER_INVALID);
        return 0;
    }

    /* an expression that does not change is compiled once; one that is none
       is not an error: it matches nothing */

    if (call->child && arg->kind == JSONPATH_LITERAL
        && arg->u.literal.type == PSERVER_JSON_STRING)
    {
        whole = (function == JSONPATH_MATCH);

        rc = pserver_regexp_compile(arg->u.literal.value, whole,
                                    &call->u.call.regexp);

        if (rc != PSERVER_OK && rc != PSERVER_INVALID) {
            (void) jsonpath_fail(p, rc);
            return 0;
        }
    }

    return 1;
}


/* string-literal, number */

static jsonpath_node_t *
jsonpath_literal(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    node = jsonpath_new(p, JSONPATH_LITERAL);
    if (node == NULL) {
        return NULL;
    }

    switch (jsonpath_peek(p)) {

    case '"':
    case '\'':
        node->u.literal.type = PSERVER_JSON_STRING;

        return jsonpath_string(p, &node->u.literal.value) ? node : NULL;

    default:
        node->u.literal.type = PSERVER_JSON_NUMBER;

        return jsonpath_number(p, &node->u.literal.value) ? node : NULL;
    }
}


/* number: (int / "-0") [ frac ] [ exp ], as JSON has it */

static int
jsonpath_number(jsonpath_parser_t *p, pserver_str_t *text)
{
    const u_char  *start, *digits;

    start = p->pos;

    (void) jsonpath_is(p, "-");

    digits = p->pos;

    if (!jsonpath_digits(p) || (*digits == '0' && p->pos - digits > 1)) {
        return jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (jsonpath_is(p, ".") && !jsonpath_digits(p)) {
        return jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (jsonpath_is(p, "e") || jsonpath_is(p, "E")) {

        if (!jsonpath_is(p, "-")) {
            (void) jsonpath_is(p, "+");
        }

        if (!jsonpath_digits(p)) {
            return jsonpath_fail(p, PSERVER_INVALID) != NULL;
        }
    }

    text->data = p->path->text;
    text->len = p->pos - start;

    memcpy(text->data, start, text->len);
    p->path->text += text->len;

    return 1;
}


static int
jsonpath_digits(jsonpath_parser_t *p)
{
    const u_char  *start;

    start = p->pos;

    while (jsonpath_peek(p) >= '0' && jsonpath_peek(p) <= '9') {
        p->pos++;
    }

    return p->pos != start;
}


/* int: no leading zeros, no minus zero, within I-JSON */

static int
jsonpath_integer(jsonpath_parser_t *p, int64_t *value)
{
    int            minus;
    const u_char  *digits;

    minus = jsonpath_is(p, "-");
    digits = p->pos;

    if (!jsonpath_digits(p)
        || (*digits == '0' && (minus || p->pos - digits > 1))
        || p->pos - digits > 16)
    {
        return jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    for (*value = 0; digits != p->pos; digits++) {
        *value = *value * 10 + (*digits - '0');
    }

    if (*value > JSONPATH_INT_MAX) {
        return jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (minus) {
        *value = -*value;
    }

    return 1;
}


static int
jsonpath_string(jsonpath_parser_t *p, pserver_str_t *text)
{
    text->data = p->path->text;

    if (pserver_jsonpath_string(&p->pos, p->last, text) != PSERVER_OK) {
        return jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    p->path->text += text->len;

    return 1;
}


static jsonpath_node_t *
jsonpath_new(jsonpath_parser_t *p, jsonpath_kind_e kind)
{
    jsonpath_node_t  *node;

    if (p->path->last == p->path->end) {
        return jsonpath_fail(p, PSERVER_NOSPACE);
    }

    node = p->path->last++;

    memset(node, 0, sizeof(jsonpath_node_t));

    node->kind = kind;

    return node;
}


/* NULL; the first reason counts */

static void *
jsonpath_fail(jsonpath_parser_t *p, int rc)
{
    if (p->rc == PSERVER_OK) {
        p->rc = rc;
    }

    return NULL;
}


static int
jsonpath_enter(jsonpath_parser_t *p)
{
    if (p->depth == PSERVER_JSONPATH_DEPTH) {
        (void) jsonpath_fail(p, PSERVER_NOSPACE);
        return 0;
    }

    p->depth++;

    return 1;
}


static void
jsonpath_blank(jsonpath_parser_t *p)
{
    int  ch;

    for ( ;; ) {
        ch = jsonpath_peek(p);

        if (ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r') {
            break;
        }

        p->pos++;
    }
}


static int
jsonpath_is(jsonpath_parser_t *p, const char *text)
{
    size_t  len;

    len = strlen(text);

    if ((size_t) (p->last - p->pos) < len || memcmp(p->pos, text, len) != 0)
    {
        return 0;
    }

    p->pos += len;

    return 1;
}


/* the next byte, or -1 */

static int
jsonpath_peek(jsonpath_parser_t *p)
{
    return (p->pos == p->last) ? -1 : *p->pos;
}
