/*
 * JSONPath: filters, RFC 9535, sections 2.3.5 and 2.4: logical expressions,
 * comparisons, functions.
 */

#include <string.h>

#include "jsonpath_parse.h"


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


/* logical-or-expr */

jsonpath_node_t *
pserver_jsonpath_filter(jsonpath_parser_t *p)
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

        pserver_jsonpath_blank(p);

        if (!pserver_jsonpath_is(p, sign)) {
            p->pos = back;
            return list ? list : node;
        }

        if (list == NULL) {
            list = pserver_jsonpath_new(p, kind);
            if (list == NULL) {
                return NULL;
            }

            list->child = node;
        }

        pserver_jsonpath_blank(p);

        node = parse(p);
    }

    return NULL;
}


/* basic-expr: paren-expr, comparison-expr, test-expr */

static jsonpath_node_t *
jsonpath_basic(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    if (pserver_jsonpath_peek(p) == '(') {
        return jsonpath_paren(p);
    }

    if (!pserver_jsonpath_is(p, "!")) {
        return jsonpath_comparison(p);
    }

    node = pserver_jsonpath_new(p, JSONPATH_NOT);
    if (node == NULL) {
        return NULL;
    }

    pserver_jsonpath_blank(p);

    node->child = (pserver_jsonpath_peek(p) == '(') ? jsonpath_paren(p)
                                            : jsonpath_comparable(p);

    if (node->child == NULL) {
        return NULL;
    }

    switch (node->child->kind) {

    case JSONPATH_LITERAL:
    case JSONPATH_QUERY:
    case JSONPATH_CALL:
        return jsonpath_is_test(node->child)
               ? node : pserver_jsonpath_fail(p, PSERVER_INVALID);

    default:
        return node;
    }
}


static jsonpath_node_t *
jsonpath_paren(jsonpath_parser_t *p)
{
    jsonpath_node_t  *node;

    if (!pserver_jsonpath_enter(p)) {
        return NULL;
    }

    p->pos++;
    pserver_jsonpath_blank(p);

    node = pserver_jsonpath_filter(p);
    if (node == NULL) {
        return NULL;
    }

    pserver_jsonpath_blank(p);

    p->depth--;

    return pserver_jsonpath_is(p, ")")
           ? node : pserver_jsonpath_fail(p, PSERVER_INVALID);
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

    pserver_jsonpath_blank(p);

    if (!jsonpath_operator(p, &op)) {
        p->pos = back;

        return jsonpath_is_test(left)
               ? left : pserver_jsonpath_fail(p, PSERVER_INVALID);
    }

    pserver_jsonpath_blank(p);

    node = pserver_jsonpath_new(p, JSONPATH_COMPARE);
    right = jsonpath_comparable(p);

    if (node == NULL || right == NULL) {
        return NULL;
    }

    if (!jsonpath_is_value(left) || !jsonpath_is_value(right)) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID);
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
        if (pserver_jsonpath_is(p, operators[i].sign)) {
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

    ch = pserver_jsonpath_peek(p);

    if (ch == '$' || ch == '@') {
        return pserver_jsonpath_query(p);
    }

    if (ch < 'a' || ch > 'z') {
        return jsonpath_literal(p);
    }

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {

        if (pserver_jsonpath_is(p, names[i].name)) {
            node = pserver_jsonpath_new(p, JSONPATH_LITERAL);

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

    if (!pserver_jsonpath_enter(p)) {
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
        return pserver_jsonpath_fail(p, PSERVER_INVALID);
    }

    p->pos += n + 1;

    call = pserver_jsonpath_new(p, JSONPATH_CALL);
    if (call == NULL) {
        return NULL;
    }

    call->u.call.function = (jsonpath_function_e) i;
    next = &call->child;

    for (n = 0; n < jsonpath_functions[i].args; n++) {

        pserver_jsonpath_blank(p);

        if (n && !pserver_jsonpath_is(p, ",")) {
            return pserver_jsonpath_fail(p, PSERVER_INVALID);
        }

        pserver_jsonpath_blank(p);

        arg = jsonpath_comparable(p);

        if (arg == NULL || !jsonpath_argument(p, call, arg)) {
            return NULL;
        }

        *next = arg;
        next = &arg->next;
    }

    pserver_jsonpath_blank(p);

    p->depth--;

    return pserver_jsonpath_is(p, ")")
           ? call : pserver_jsonpath_fail(p, PSERVER_INVALID);
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
        (void) pserver_jsonpath_fail(p, PSERVER_INVALID);
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
            (void) pserver_jsonpath_fail(p, rc);
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

    node = pserver_jsonpath_new(p, JSONPATH_LITERAL);
    if (node == NULL) {
        return NULL;
    }

    switch (pserver_jsonpath_peek(p)) {

    case '"':
    case '\'':
        node->u.literal.type = PSERVER_JSON_STRING;

        return pserver_jsonpath_text(p, &node->u.literal.value) ? node : NULL;

    default:
        node->u.literal.type = PSERVER_JSON_NUMBER;

        return pserver_jsonpath_number(p, &node->u.literal.value) ? node : NULL;
    }
}
