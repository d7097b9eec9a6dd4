/*
 * Comparison of values: RFC 9535, section 2.3.5.2.2.
 */

#include <string.h>

#include "jsonpath_tree.h"


/* exponents beyond are all the same: a text that long is refused before */
#define COMPARE_EXPONENT_MAX  1000000000000LL


/* 0.d1d2d3.. × 10^exponent, without leading and trailing zeros; no digits:
   zero.  digits may have the point between them */

typedef struct {
    const u_char         *pos;
    const u_char         *last;
    int64_t               exponent;
    int                   sign;
} compare_decimal_t;


static int compare_equal(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result);
static int compare_arrays(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result);
static int compare_objects(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result);
static int compare_order(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *order);
static int compare_text(pserver_str_t left, pserver_str_t right);
static int compare_numbers(pserver_str_t left, pserver_str_t right);
static void compare_decimal(pserver_str_t text, compare_decimal_t *decimal);
static int compare_digits(const compare_decimal_t *a,
    const compare_decimal_t *b);


int
pserver_jsonpath_compare(jsonpath_value_t left, jsonpath_operator_e op,
    jsonpath_value_t right, uint64_t *budget, int *result)
{
    int  rc, equal, order;

    rc = compare_equal(left, right, budget, &equal);

    if (rc != PSERVER_OK) {
        return rc;
    }

    switch (op) {

    case JSONPATH_EQ:
        *result = equal;
        return PSERVER_OK;

    case JSONPATH_NE:
        *result = !equal;
        return PSERVER_OK;

    default:
        break;
    }

    rc = compare_order(left, right, budget, &order);

    if (rc != PSERVER_OK) {
        return rc;
    }

    switch (op) {

    case JSONPATH_LT:
        *result = (order < 0);
        break;

    case JSONPATH_GT:
        *result = (order > 0);
        break;

    case JSONPATH_LE:
        *result = (order < 0 || equal);
        break;

    default: /* JSONPATH_GE */
        *result = (order > 0 || equal);
    }

    return PSERVER_OK;
}


static int
compare_equal(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result)
{
    if (left == NULL || right == NULL) {
        *result = (left == right);
        return PSERVER_OK;
    }

    if (!jsonpath_step(budget, 1)) {
        return PSERVER_NOSPACE;
    }

    *result = 0;

    if (left->type != right->type) {
        return PSERVER_OK;
    }

    switch (left->type) {

    case PSERVER_JSON_NUMBER:
    case PSERVER_JSON_STRING:

        if (!jsonpath_step(budget, left->value.len / 64)) {
            return PSERVER_NOSPACE;
        }

        *result = (left->type == PSERVER_JSON_STRING)
                  ? compare_text(left->value, right->value) == 0
                  : compare_numbers(left->value, right->value) == 0;

        return PSERVER_OK;

    case PSERVER_JSON_ARRAY:
        return compare_arrays(left, right, budget, result);

    case PSERVER_JSON_OBJECT:
        return compare_objects(left, right, budget, result);

    default:
        *result = 1;
        return PSERVER_OK;
    }
}


static int
compare_arrays(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result)
{
    int                    rc;
    const pserver_json_t  *a, *b;

    if (left->count != right->count) {
        return PSERVER_OK;
    }

    b = right->child;

    for (a = left->child; a; a = a->next) {

        rc = compare_equal(a, b, budget, result);

        if (rc != PSERVER_OK || !*result) {
            return rc;
        }

        b = b->next;
    }

    *result = 1;

    return PSERVER_OK;
}


/* names are unique, so it is enough to find each of one in the other */

static int
compare_objects(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *result)
{
    int                    rc;
    const pserver_json_t  *a, *b;

    if (left->count != right->count) {
        return PSERVER_OK;
    }

    for (a = left->child; a; a = a->next) {

        for (b = right->child; b; b = b->next) {

            if (!jsonpath_step(budget, 1)) {
                return PSERVER_NOSPACE;
            }

            if (compare_text(a->name, b->name) == 0) {
                break;
            }
        }

        if (b == NULL) {
            *result = 0;
            return PSERVER_OK;
        }

        rc = compare_equal(a, b, budget, result);

        if (rc != PSERVER_OK || !*result) {
            return rc;
        }
    }

    *result = 1;

    return PSERVER_OK;
}


/* only numbers and strings have an order; others, and one of each, 0 */

static int
compare_order(jsonpath_value_t left, jsonpath_value_t right,
    uint64_t *budget, int *order)
{
    *order = 0;

    if (left == NULL || right == NULL || left->type != right->type) {
        return PSERVER_OK;
    }

    if (!jsonpath_step(budget, left->value.len / 64)) {
        return PSERVER_NOSPACE;
    }

    if (left->type == PSERVER_JSON_NUMBER) {
        *order = compare_numbers(left->value, right->value);

    } else if (left->type == PSERVER_JSON_STRING) {
        *order = compare_text(left->value, right->value);
    }

    return PSERVER_OK;
}


/* bytes of UTF-8 are in the order of their characters */

static int
compare_text(pserver_str_t left, pserver_str_t right)
{
    int     order;
    size_t  n;

    n = (left.len < right.len) ? left.len : right.len;

    order = n ? memcmp(left.data, right.data, n) : 0;

    return order ? order : (left.len > right.len) - (left.len < right.len);
}


static int
compare_numbers(pserver_str_t left, pserver_str_t right)
{
    int                order;
    compare_decimal_t  a, b;

    compare_decimal(left, &a);
    compare_decimal(right, &b);

    if (a.sign != b.sign) {
        return a.sign - b.sign;
    }

    order = (a.exponent != b.exponent)
            ? (a.exponent < b.exponent ? -1 : 1) : compare_digits(&a, &b);

    return (a.sign < 0) ? -order : order;
}


/* text is a number of JSON */

static void
compare_decimal(pserver_str_t text, compare_decimal_t *d)
{
    int            minus, minus_exponent;
    int64_t        exponent;
    const u_char  *p, *last, *point, *end;

    p = text.data;
    last = text.data + text.len;

    minus = (*p == '-');
    p += minus;

    point = NULL;

    for (end = p; end != last && *end != 'e' && *end != 'E'; end++) {
        if (*end == '.') {
            point = end;
        }
    }

    exponent = 0;

    if (end != last) {
        const u_char  *e = end + 1;

        minus_exponent = (*e == '-');
        e += (*e == '-' || *e == '+');

        for ( /* void */ ; e != last; e++) {
            if (exponent < COMPARE_EXPONENT_MAX) {
                exponent = exponent * 10 + (*e - '0');
            }
        }

        if (minus_exponent) {
            exponent = -exponent;
        }
    }

    /* the point moves to before the first digit that is not zero */

    exponent += (point ? point : end) - p;

    while (p != end && (*p == '0' || *p == '.')) {
        exponent -= (*p == '0');
        p++;
    }

    while (end != p && (end[-1] == '0' || end[-1] == '.')) {
        end--;
    }

    d->pos = p;
    d->last = end;
    d->sign = (p == end) ? 0 : minus ? -1 : 1;
    d->exponent = (p == end) ? 0 : exponent;
}


static int
compare_digits(const compare_decimal_t *a, const compare_decimal_t *b)
{
    const u_char  *p, *q;

    p = a->pos;
    q = b->pos;

    for ( ;; ) {
        p += (p != a->last && *p == '.');
        q += (q != b->last && *q == '.');

        if (p == a->last || q == b->last) {
            return (p != a->last) - (q != b->last);
        }

        if (*p != *q) {
            return *p - *q;
        }

        p++;
        q++;
    }
}
