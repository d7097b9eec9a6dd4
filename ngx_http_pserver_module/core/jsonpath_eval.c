/*
 * JSONPath: a tree applied to a document, RFC 9535, sections 2.3 to 2.5.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonpath_tree.h"
#include "text.h"


/* PCRE2's own steps: that go for one of ours, of the first try of a match,
   and of the last */

#define JSONPATH_REGEXP_STEPS  64
#define JSONPATH_REGEXP_FIRST  256
#define JSONPATH_REGEXP_LAST   (256 * 16 * 16 * 16)


typedef struct {
    const pserver_json_t     *root;
    uint64_t                 *budget;
} jsonpath_eval_t;


/* a value, and room for one that is not in the document */

typedef struct {
    jsonpath_value_t          value;
    pserver_json_t            own;
    char                      digits[sizeof("18446744073709551615")];
} jsonpath_result_t;


static int jsonpath_query(jsonpath_eval_t *e, const jsonpath_node_t *query,
    const pserver_json_t *current, pserver_jsonpath_list_t *list);
static int jsonpath_descend(jsonpath_eval_t *e,
    const jsonpath_node_t *segment, const pserver_json_t *value,
    pserver_jsonpath_list_t *list);
static int jsonpath_segment(jsonpath_eval_t *e,
    const jsonpath_node_t *segment, const pserver_json_t *value,
    pserver_jsonpath_list_t *list);
static int jsonpath_selector(jsonpath_eval_t *e,
    const jsonpath_node_t *selector, const pserver_json_t *value,
    pserver_jsonpath_list_t *list);
static int jsonpath_name(jsonpath_eval_t *e, pserver_str_t name,
    const pserver_json_t *value, pserver_jsonpath_list_t *list);
static int jsonpath_index(jsonpath_eval_t *e, int64_t index,
    const pserver_json_t *value, pserver_jsonpath_list_t *list);
static int jsonpath_slice(jsonpath_eval_t *e, const jsonpath_node_t *slice,
    const pserver_json_t *value, pserver_jsonpath_list_t *list);
static int64_t jsonpath_clamp(int64_t n, int64_t low, int64_t high);
static int jsonpath_children(jsonpath_eval_t *e,
    const jsonpath_node_t *filter, const pserver_json_t *value,
    pserver_jsonpath_list_t *list);
static int jsonpath_test(jsonpath_eval_t *e, const jsonpath_node_t *expr,
    const pserver_json_t *current, int *result);
static int jsonpath_exists(jsonpath_eval_t *e, const jsonpath_node_t *query,
    const pserver_json_t *current, int *result);
static int jsonpath_comparison(jsonpath_eval_t *e,
    const jsonpath_node_t *expr, const pserver_json_t *current, int *result);
static int jsonpath_value(jsonpath_eval_t *e, const jsonpath_node_t *expr,
    const pserver_json_t *current, jsonpath_result_t *result);
static int jsonpath_call(jsonpath_eval_t *e, const jsonpath_node_t *call,
    const pserver_json_t *current, jsonpath_result_t *result);
static void jsonpath_number(jsonpath_result_t *result, size_t n);
static int jsonpath_match(jsonpath_eval_t *e, const jsonpath_node_t *call,
    const pserver_json_t *current, int *result);
static int jsonpath_regexp(jsonpath_eval_t *e, const jsonpath_node_t *call,
    pserver_str_t subject, pserver_str_t pattern, int *result);
static int jsonpath_add(jsonpath_eval_t *e, pserver_jsonpath_list_t *list,
    const pserver_json_t *value);


int
pserver_jsonpath_select(const pserver_jsonpath_t *path,
    const pserver_json_t *root, uint64_t *budget,
    pserver_jsonpath_list_t *list)
{
    int              rc;
    jsonpath_eval_t  e;

    e.root = root;
    e.budget = budget;

    rc = jsonpath_query(&e, path->root, root, list);

    if (rc != PSERVER_OK) {
        pserver_jsonpath_list_free(list);
    }

    return rc;
}


void
pserver_jsonpath_list_free(pserver_jsonpath_list_t *list)
{
    free(list->node);

    memset(list, 0, sizeof(pserver_jsonpath_list_t));
}


/* list is set in any case, and to be freed */

static int
jsonpath_query(jsonpath_eval_t *e, const jsonpath_node_t *query,
    const pserver_json_t *current, pserver_jsonpath_list_t *list)
{
    int                       rc;
    size_t                    i;
    pserver_jsonpath_list_t   from;
    const jsonpath_node_t    *segment;

    memset(list, 0, sizeof(pserver_jsonpath_list_t));

    rc = jsonpath_add(e, list, query->u.query.absolute ? e->root : current);

    for (segment = query->child;
         rc == PSERVER_OK && segment;
         segment = segment->next)
    {
        from = *list;

        memset(list, 0, sizeof(pserver_jsonpath_list_t));

        for (i = 0; rc == PSERVER_OK && i < from.n; i++) {
            rc = segment->u.segment.descendant
                 ? jsonpath_descend(e, segment, from.node[i], list)
                 : jsonpath_segment(e, segment, from.node[i], list);
        }

        pserver_jsonpath_list_free(&from);
    }

    return rc;
}


/* the value itself, then what is below it */

static int
jsonpath_descend(jsonpath_eval_t *e, const jsonpath_node_t *segment,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    int                    rc;
    const pserver_json_t  *child;

    if (!jsonpath_step(e->budget, 1)) {
        return PSERVER_NOSPACE;
    }

    rc = jsonpath_segment(e, segment, value, list);

    for (child = value->child; rc == PSERVER_OK && child; child = child->next)
    {
        rc = jsonpath_descend(e, segment, child, list);
    }

    return rc;
}


static int
jsonpath_segment(jsonpath_eval_t *e, const jsonpath_node_t *segment,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    int                     rc;
    const jsonpath_node_t  *selector;

    rc = PSERVER_OK;

    for (selector = segment->child;
         rc == PSERVER_OK && selector;
         selector = selector->next)
    {
        rc = jsonpath_selector(e, selector, value, list);
    }

    return rc;
}


static int
jsonpath_selector(jsonpath_eval_t *e, const jsonpath_node_t *selector,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    switch (selector->kind) {

    case JSONPATH_NAME:
        return jsonpath_name(e, selector->u.name, value, list);

    case JSONPATH_INDEX:
        return jsonpath_index(e, selector->u.index, value, list);

    case JSONPATH_SLICE:
        return jsonpath_slice(e, selector, value, list);

    case JSONPATH_WILDCARD:
        return jsonpath_children(e, NULL, value, list);

    default: /* JSONPATH_FILTER */
        return jsonpath_children(e, selector->child, value, list);
    }
}


static int
jsonpath_name(jsonpath_eval_t *e, pserver_str_t name,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    const pserver_json_t  *member;

    if (value->type != PSERVER_JSON_OBJECT) {
        return PSERVER_OK;
    }

    for (member = value->child; member; member = member->next) {

        if (!jsonpath_step(e->budget, 1)) {
            return PSERVER_NOSPACE;
        }

        if (member->name.len == name.len
            && (name.len == 0
                || memcmp(member->name.data, name.data, name.len) == 0))
        {
            return jsonpath_add(e, list, member);
        }
    }

    return PSERVER_OK;
}


static int
jsonpath_index(jsonpath_eval_t *e, int64_t index,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    const pserver_json_t  *element;

    if (value->type != PSERVER_JSON_ARRAY) {
        return PSERVER_OK;
    }

    if (index < 0) {
        index += (int64_t) value->count;
    }

    if (index < 0 || index >= (int64_t) value->count) {
        return PSERVER_OK;
    }

    if (!jsonpath_step(e->budget, (uint64_t) index)) {
        return PSERVER_NOSPACE;
    }

    for (element = value->child; index; index--) {
        element = element->next;
    }

    return jsonpath_add(e, list, element);
}


/* section 2.3.4.2.2 */

static int
jsonpath_slice(jsonpath_eval_t *e, const jsonpath_node_t *slice,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    int                      rc;
    int64_t                  i, start, end, step, len;
    const pserver_json_t    *element;
    pserver_jsonpath_list_t  all;

    step = slice->u.slice.step;

    if (value->type != PSERVER_JSON_ARRAY || step == 0 || value->count == 0)
    {
        return PSERVER_OK;
    }

    len = (int64_t) value->count;

    start = slice->u.slice.has_start ? slice->u.slice.start
                                     : (step > 0 ? 0 : len - 1);
    end = slice->u.slice.has_end ? slice->u.slice.end
                                 : (step > 0 ? len : -len - 1);

    start += (start < 0) ? len : 0;
    end += (end < 0) ? len : 0;

    if (step > 0) {
        start = jsonpath_clamp(start, 0, len);
        end = jsonpath_clamp(end, 0, len);

    } else {
        start = jsonpath_clamp(start, -1, len - 1);
        end = jsonpath_clamp(end, -1, len - 1);
    }

    memset(&all, 0, sizeof(pserver_jsonpath_list_t));

    rc = PSERVER_OK;

    for (element = value->child;
         rc == PSERVER_OK && element;
         element = element->next)
    {
        rc = jsonpath_add(e, &all, element);
    }

    for (i = start;
         rc == PSERVER_OK && (step > 0 ? i < end : i > end);
         i += step)
    {
        rc = jsonpath_add(e, list, all.node[i]);
    }

    pserver_jsonpath_list_free(&all);

    return rc;
}


static int64_t
jsonpath_clamp(int64_t n, int64_t low, int64_t high)
{
    return (n < low) ? low : (n > high) ? high : n;
}


/* all of them, or those for which the filter holds */

static int
jsonpath_children(jsonpath_eval_t *e, const jsonpath_node_t *filter,
    const pserver_json_t *value, pserver_jsonpath_list_t *list)
{
    int                    rc, selected;
    const pserver_json_t  *child;

    selected = 1;

    for (child = value->child; child; child = child->next) {

        if (filter) {
            rc = jsonpath_test(e, filter, child, &selected);

            if (rc != PSERVER_OK) {
                return rc;
            }
        }

        if (selected) {
            rc = jsonpath_add(e, list, child);

            if (rc != PSERVER_OK) {
                return rc;
            }
        }
    }

    return PSERVER_OK;
}


static int
jsonpath_test(jsonpath_eval_t *e, const jsonpath_node_t *expr,
    const pserver_json_t *current, int *result)
{
    int                     rc, stop;
    const jsonpath_node_t  *part;

    if (!jsonpath_step(e->budget, 1)) {
        return PSERVER_NOSPACE;
    }

    switch (expr->kind) {

    case JSONPATH_OR:
    case JSONPATH_AND:
        stop = (expr->kind == JSONPATH_OR);

        for (part = expr->child; part; part = part->next) {

            rc = jsonpath_test(e, part, current, result);

            if (rc != PSERVER_OK || *result == stop) {
                return rc;
            }
        }

        return PSERVER_OK;

    case JSONPATH_NOT:
        rc = jsonpath_test(e, expr->child, current, result);
        *result = !*result;
        return rc;

    case JSONPATH_COMPARE:
        return jsonpath_comparison(e, expr, current, result);

    case JSONPATH_QUERY:
        return jsonpath_exists(e, expr, current, result);

    default: /* JSONPATH_CALL */
        return jsonpath_match(e, expr, current, result);
    }
}


static int
jsonpath_exists(jsonpath_eval_t *e, const jsonpath_node_t *query,
    const pserver_json_t *current, int *result)
{
    int                      rc;
    pserver_jsonpath_list_t  list;

    rc = jsonpath_query(e, query, current, &list);

    *result = (list.n != 0);

    pserver_jsonpath_list_free(&list);

    return rc;
}


static int
jsonpath_comparison(jsonpath_eval_t *e, const jsonpath_node_t *expr,
    const pserver_json_t *current, int *result)
{
    int                rc;
    jsonpath_result_t  left, right;

    rc = jsonpath_value(e, expr->child, current, &left);

    if (rc == PSERVER_OK) {
        rc = jsonpath_value(e, expr->child->next, current, &right);
    }

    if (rc != PSERVER_OK) {
        return rc;
    }

    return pserver_jsonpath_compare(left.value, expr->u.op, right.value,
                                    e->budget, result);
}


static int
jsonpath_value(jsonpath_eval_t *e, const jsonpath_node_t *expr,
    const pserver_json_t *current, jsonpath_result_t *result)
{
    int                      rc;
    pserver_jsonpath_list_t  list;

    switch (expr->kind) {

    case JSONPATH_LITERAL:
        result->value = &expr->u.literal;
        return PSERVER_OK;

    case JSONPATH_QUERY:
        rc = jsonpath_query(e, expr, current, &list);

        result->value = (list.n == 1) ? list.node[0] : NULL;

        pserver_jsonpath_list_free(&list);

        return rc;

    default: /* JSONPATH_CALL */
        return jsonpath_call(e, expr, current, result);
    }
}


static int
jsonpath_call(jsonpath_eval_t *e, const jsonpath_node_t *call,
    const pserver_json_t *current, jsonpath_result_t *result)
{
    int                       rc;
    jsonpath_value_t          value;
    pserver_jsonpath_list_t   list;

    switch (call->u.call.function) {

    case JSONPATH_COUNT:
        rc = jsonpath_query(e, call->child, current, &list);

        jsonpath_number(result, list.n);
        pserver_jsonpath_list_free(&list);

        return rc;

    case JSONPATH_VALUE:
        return jsonpath_value(e, call->child, current, result);

    default: /* JSONPATH_LENGTH */
        break;
    }

    rc = jsonpath_value(e, call->child, current, result);

    value = result->value;
    result->value = NULL;

    if (rc != PSERVER_OK || value == NULL) {
        return rc;
    }

    switch (value->type) {

    case PSERVER_JSON_STRING:

        if (!jsonpath_step(e->budget, value->value.len / 64)) {
            return PSERVER_NOSPACE;
        }

        jsonpath_number(result, pserver_text_characters(value->value));
        break;

    case PSERVER_JSON_ARRAY:
    case PSERVER_JSON_OBJECT:
        jsonpath_number(result, value->count);
        break;

    default:
        break;
    }

    return PSERVER_OK;
}


static void
jsonpath_number(jsonpath_result_t *result, size_t n)
{
    memset(&result->own, 0, sizeof(pserver_json_t));

    result->own.type = PSERVER_JSON_NUMBER;
    result->own.value.data = (u_char *) result->digits;
    result->own.value.len = (size_t) snprintf(result->digits,
                                              sizeof(result->digits), "%zu",
                                              n);
    result->value = &result->own;
}


/* match(), search(): false where one of the two is no string */

static int
jsonpath_match(jsonpath_eval_t *e, const jsonpath_node_t *call,
    const pserver_json_t *current, int *result)
{
    int                rc;
    jsonpath_result_t  subject, pattern;

    *result = 0;

    rc = jsonpath_value(e, call->child, current, &subject);

    if (rc == PSERVER_OK) {
        rc = jsonpath_value(e, call->child->next, current, &pattern);
    }

    if (rc != PSERVER_OK
        || subject.value == NULL
        || subject.value->type != PSERVER_JSON_STRING
        || pattern.value == NULL
        || pattern.value->type != PSERVER_JSON_STRING)
    {
        return rc;
    }

    return jsonpath_regexp(e, call, subject.value->value,
                           pattern.value->value, result);
}


static int
jsonpath_regexp(jsonpath_eval_t *e, const jsonpath_node_t *call,
    pserver_str_t subject, pserver_str_t pattern, int *result)
{
    int                rc;
    uint32_t           limit;
    pserver_regexp_t  *regexp, *compiled;

    regexp = call->u.call.regexp;
    compiled = NULL;

    if (regexp == NULL) {

        if (!jsonpath_step(e->budget, 1 + pattern.len)) {
            return PSERVER_NOSPACE;
        }

        rc = pserver_regexp_compile(pattern,
                                    call->u.call.function == JSONPATH_MATCH,
                                    &compiled);

        if (rc != PSERVER_OK) {
            return (rc == PSERVER_INVALID) ? PSERVER_OK : rc;
        }

        regexp = compiled;
    }

    /* how many steps a match took, PCRE2 does not say: so it gets few, and
       if they are not enough more, and all of them are paid for */

    limit = JSONPATH_REGEXP_FIRST;

    do {
        rc = PSERVER_NOSPACE;

        if (!jsonpath_step(e->budget, limit / JSONPATH_REGEXP_STEPS
                                      + subject.len / 64))
        {
            break;
        }

        rc = pserver_regexp_match(regexp, subject, limit, result);

        limit *= 16;

    } while (rc == PSERVER_NOSPACE && limit <= JSONPATH_REGEXP_LAST);

    pserver_regexp_free(compiled);

    return rc;
}


/* a list grows by half */

static int
jsonpath_add(jsonpath_eval_t *e, pserver_jsonpath_list_t *list,
    const pserver_json_t *value)
{
    size_t   size;
    void    *node;

    if (!jsonpath_step(e->budget, 1)) {
        return PSERVER_NOSPACE;
    }

    if (list->n == list->size) {

        size = list->size + list->size / 2 + 4;

        node = realloc(list->node, size * sizeof(*list->node));
        if (node == NULL) {
            return PSERVER_NOMEM;
        }

        list->node = node;
        list->size = size;
    }

    list->node[list->n++] = value;

    return PSERVER_OK;
}
