/*
 * JSONPath: the words of an expression.
 */

#include <string.h>

#include "jsonpath_parse.h"
#include "jsonpath_string.h"


/* I-JSON: integers that every reader has exactly */
#define JSONPATH_INT_MAX  9007199254740991LL


static int jsonpath_digits(jsonpath_parser_t *p);


/* number: (int / "-0") [ frac ] [ exp ], as JSON has it */

int
pserver_jsonpath_number(jsonpath_parser_t *p, pserver_str_t *text)
{
    const u_char  *start, *digits;

    start = p->pos;

    (void) pserver_jsonpath_is(p, "-");

    digits = p->pos;

    if (!jsonpath_digits(p) || (*digits == '0' && p->pos - digits > 1)) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (pserver_jsonpath_is(p, ".") && !jsonpath_digits(p)) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (pserver_jsonpath_is(p, "e") || pserver_jsonpath_is(p, "E")) {

        if (!pserver_jsonpath_is(p, "-")) {
            (void) pserver_jsonpath_is(p, "+");
        }

        if (!jsonpath_digits(p)) {
            return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
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

    while (pserver_jsonpath_peek(p) >= '0' && pserver_jsonpath_peek(p) <= '9') {
        p->pos++;
    }

    return p->pos != start;
}


/* int: no leading zeros, no minus zero, within I-JSON */

int
pserver_jsonpath_integer(jsonpath_parser_t *p, int64_t *value)
{
    int            minus;
    const u_char  *digits;

    minus = pserver_jsonpath_is(p, "-");
    digits = p->pos;

    if (!jsonpath_digits(p)
        || (*digits == '0' && (minus || p->pos - digits > 1))
        || p->pos - digits > 16)
    {
        return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    for (*value = 0; digits != p->pos; digits++) {
        *value = *value * 10 + (*digits - '0');
    }

    if (*value > JSONPATH_INT_MAX) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    if (minus) {
        *value = -*value;
    }

    return 1;
}


int
pserver_jsonpath_text(jsonpath_parser_t *p, pserver_str_t *text)
{
    text->data = p->path->text;

    if (pserver_jsonpath_string(&p->pos, p->last, text) != PSERVER_OK) {
        return pserver_jsonpath_fail(p, PSERVER_INVALID) != NULL;
    }

    p->path->text += text->len;

    return 1;
}


jsonpath_node_t *
pserver_jsonpath_new(jsonpath_parser_t *p, jsonpath_kind_e kind)
{
    jsonpath_node_t  *node;

    if (p->path->last == p->path->end) {
        return pserver_jsonpath_fail(p, PSERVER_NOSPACE);
    }

    node = p->path->last++;

    memset(node, 0, sizeof(jsonpath_node_t));

    node->kind = kind;

    return node;
}


/* NULL; the first reason counts */

void *
pserver_jsonpath_fail(jsonpath_parser_t *p, int rc)
{
    if (p->rc == PSERVER_OK) {
        p->rc = rc;
    }

    return NULL;
}


int
pserver_jsonpath_enter(jsonpath_parser_t *p)
{
    if (p->depth == PSERVER_JSONPATH_DEPTH) {
        (void) pserver_jsonpath_fail(p, PSERVER_NOSPACE);
        return 0;
    }

    p->depth++;

    return 1;
}


void
pserver_jsonpath_blank(jsonpath_parser_t *p)
{
    int  ch;

    for ( ;; ) {
        ch = pserver_jsonpath_peek(p);

        if (ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r') {
            break;
        }

        p->pos++;
    }
}


int
pserver_jsonpath_is(jsonpath_parser_t *p, const char *text)
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

int
pserver_jsonpath_peek(jsonpath_parser_t *p)
{
    return (p->pos == p->last) ? -1 : *p->pos;
}
