/*
 * JSON as a tree, over yajl.
 *
 * A first pass over the text (json_scan.c) refuses what yajl lets through and
 * counts, so that the tree and all its text are one piece of memory, which
 * is allocated once.  Neither pass recurses.
 */

#include "json.h"
#include "json_memory.h"
#include "json_scan.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>


#define PSERVER_JSON_FEW  16


struct pserver_json_doc_s {
    size_t                     size;     /* in bytes, this header included */
    pserver_json_t             nodes[];  /* [0] is the root; text follows */
};


typedef struct {
    pserver_json_t            *node;
    pserver_json_t            *last;
} pserver_json_open_t;


typedef struct {
    pserver_json_t            *free;
    pserver_json_t            *end;
    u_char                    *text;
    pserver_json_open_t       *top;      /* [0] is below the root */
    pserver_str_t              name;
    int                        rc;
    int                        duplicate;
} pserver_json_parser_t;


static int pserver_json_build(pserver_json_parser_t *jp, const u_char *data,
    size_t len);
static pserver_json_t *pserver_json_add(pserver_json_parser_t *jp,
    pserver_json_type_e type);
static pserver_str_t pserver_json_copy(pserver_json_parser_t *jp,
    const void *data, size_t len);
static int pserver_json_unique(const pserver_json_t *object);
static int pserver_json_order(const void *one, const void *two);

static int pserver_json_null(void *ctx);
static int pserver_json_boolean(void *ctx, int value);
static int pserver_json_number(void *ctx, const char *data, size_t len);
static int pserver_json_string(void *ctx, const unsigned char *data,
    size_t len);
static int pserver_json_start_map(void *ctx);
static int pserver_json_map_key(void *ctx, const unsigned char *data,
    size_t len);
static int pserver_json_end_map(void *ctx);
static int pserver_json_start_array(void *ctx);
static int pserver_json_end_array(void *ctx);


static const yajl_callbacks  pserver_json_callbacks = {
    pserver_json_null,
    pserver_json_boolean,
    NULL,
    NULL,
    pserver_json_number,
    pserver_json_string,
    pserver_json_start_map,
    pserver_json_map_key,
    pserver_json_end_map,
    pserver_json_start_array,
    pserver_json_end_array
};


int
pserver_json_parse(const u_char *data, size_t len,
    const pserver_json_limits_t *limits, pserver_json_doc_t **doc)
{
    int  duplicate;

    return pserver_json_parse_members(data, len, limits, doc, &duplicate);
}


int
pserver_json_parse_members(const u_char *data, size_t len,
    const pserver_json_limits_t *limits, pserver_json_doc_t **out,
    int *duplicate)
{
    int                     rc;
    size_t                  size;
    pserver_json_doc_t     *doc;
    pserver_json_open_t    *stack;
    pserver_json_count_t    count;
    pserver_json_parser_t   jp;

    *duplicate = 0;

    rc = pserver_json_scan(data, len, &count);
    if (rc != PSERVER_OK) {
        return rc;
    }

    if (count.depth > limits->depth) {
        return PSERVER_NOSPACE;
    }

    if (count.nodes > limits->nodes) {
        count.nodes = limits->nodes;
    }

    if (count.nodes > (SIZE_MAX / 2 - len) / sizeof(pserver_json_t)) {
        return PSERVER_NOMEM;
    }

    size = sizeof(pserver_json_doc_t) + count.nodes * sizeof(pserver_json_t)
           + len;

    doc = malloc(size);
    stack = calloc(count.depth + 1, sizeof(pserver_json_open_t));

    if (doc == NULL || stack == NULL) {
        free(doc);
        free(stack);
        return PSERVER_NOMEM;
    }

    doc->size = size;

    memset(&jp, 0, sizeof(pserver_json_parser_t));

    jp.free = doc->nodes;
    jp.end = doc->nodes + count.nodes;
    jp.text = (u_char *) jp.end;
    jp.top = stack;

    rc = pserver_json_build(&jp, data, len);

    free(stack);

    *duplicate = jp.duplicate;

    if (rc != PSERVER_OK) {
        pserver_json_free(doc);
        return rc;
    }

    *out = doc;

    return PSERVER_OK;
}


void
pserver_json_free(pserver_json_doc_t *doc)
{
    if (doc == NULL) {
        return;
    }

    sodium_memzero(doc, doc->size);
    free(doc);
}


const pserver_json_t *
pserver_json_root(const pserver_json_doc_t *doc)
{
    return &doc->nodes[0];
}


const pserver_json_t *
pserver_json_get(const pserver_json_t *object, const char *name)
{
    size_t                 len;
    const pserver_json_t  *member;

    if (object == NULL || object->type != PSERVER_JSON_OBJECT) {
        return NULL;
    }

    len = strlen(name);

    for (member = object->child; member; member = member->next) {
        if (member->name.len == len
            && memcmp(member->name.data, name, len) == 0)
        {
            return member;
        }
    }

    return NULL;
}


int
pserver_json_uint(const pserver_json_t *value, uint64_t max, uint64_t *out)
{
    size_t    i;
    uint64_t  n;
    unsigned  digit;

    if (value == NULL || value->type != PSERVER_JSON_NUMBER) {
        return PSERVER_INVALID;
    }

    n = 0;

    for (i = 0; i < value->value.len; i++) {

        if (value->value.data[i] < '0' || value->value.data[i] > '9') {
            return PSERVER_INVALID;
        }

        digit = value->value.data[i] - '0';

        if (digit > max || n > (max - digit) / 10) {
            return PSERVER_INVALID;
        }

        n = n * 10 + digit;
    }

    *out = n;

    return PSERVER_OK;
}


int
pserver_json_is(const pserver_json_t *value, const char *text)
{
    return value != NULL
           && value->type == PSERVER_JSON_STRING
           && value->value.len == strlen(text)
           && memcmp(value->value.data, text, value->value.len) == 0;
}


static int
pserver_json_build(pserver_json_parser_t *jp, const u_char *data, size_t len)
{
    yajl_handle            handle;
    yajl_status            status;
    yajl_alloc_funcs       alloc;
    pserver_json_memory_t  memory;

    pserver_json_memory_init(&memory, &alloc);

    if (setjmp(memory.failed) != 0) {
        pserver_json_memory_free(&memory);
        return PSERVER_NOMEM;
    }

    handle = yajl_alloc(&pserver_json_callbacks, &alloc, jp);
    if (handle == NULL) {
        return PSERVER_NOMEM;
    }

    status = yajl_parse(handle, data, len);

    if (status == yajl_status_ok) {
        status = yajl_complete_parse(handle);
    }

    yajl_free(handle);
    pserver_json_memory_free(&memory);

    if (status == yajl_status_ok) {
        return PSERVER_OK;
    }

    return jp->rc ? jp->rc : PSERVER_INVALID;
}


static pserver_json_t *
pserver_json_add(pserver_json_parser_t *jp, pserver_json_type_e type)
{
    pserver_json_t  *node;

    if (jp->free == jp->end) {
        jp->rc = PSERVER_NOSPACE;
        return NULL;
    }

    node = jp->free++;

    memset(node, 0, sizeof(pserver_json_t));

    node->type = type;
    node->name = jp->name;

    jp->name.len = 0;
    jp->name.data = NULL;

    if (jp->top->node == NULL) {
        return node;
    }

    if (jp->top->last) {
        jp->top->last->next = node;

    } else {
        jp->top->node->child = node;
    }

    jp->top->last = node;
    jp->top->node->count++;

    return node;
}


/* a decoded text is never longer than the JSON that it came from */

static pserver_str_t
pserver_json_copy(pserver_json_parser_t *jp, const void *data, size_t len)
{
    pserver_str_t  copy;

    copy.len = len;
    copy.data = jp->text;

    if (len) {
        memcpy(jp->text, data, len);
    }

    jp->text += len;

    return copy;
}


static int
pserver_json_unique(const pserver_json_t *object)
{
    int                     rc;
    size_t                  i;
    const pserver_json_t   *one, *two, **sorted;

    if (object->count <= PSERVER_JSON_FEW) {

        for (one = object->child; one; one = one->next) {
            for (two = one->next; two; two = two->next) {
                if (pserver_json_order(&one, &two) == 0) {
                    return PSERVER_INVALID;
                }
            }
        }

        return PSERVER_OK;
    }

    sorted = malloc(object->count * sizeof(pserver_json_t *));
    if (sorted == NULL) {
        return PSERVER_NOMEM;
    }

    for (one = object->child, i = 0; one; one = one->next) {
        sorted[i++] = one;
    }

    qsort(sorted, object->count, sizeof(pserver_json_t *),
          pserver_json_order);

    rc = PSERVER_OK;

    for (i = 1; i < object->count; i++) {
        if (pserver_json_order(&sorted[i - 1], &sorted[i]) == 0) {
            rc = PSERVER_INVALID;
            break;
        }
    }

    free(sorted);

    return rc;
}


/* any total order will do */

static int
pserver_json_order(const void *one, const void *two)
{
    const pserver_str_t  *a, *b;

    a = &(*(const pserver_json_t * const *) one)->name;
    b = &(*(const pserver_json_t * const *) two)->name;

    if (a->len != b->len) {
        return (a->len < b->len) ? -1 : 1;
    }

    return memcmp(a->data, b->data, a->len);
}


static int
pserver_json_null(void *ctx)
{
    return pserver_json_add(ctx, PSERVER_JSON_NULL) != NULL;
}


static int
pserver_json_boolean(void *ctx, int value)
{
    return pserver_json_add(ctx, value ? PSERVER_JSON_TRUE
                                       : PSERVER_JSON_FALSE) != NULL;
}


static int
pserver_json_number(void *ctx, const char *data, size_t len)
{
    pserver_json_t  *node;

    node = pserver_json_add(ctx, PSERVER_JSON_NUMBER);
    if (node == NULL) {
        return 0;
    }

    node->value = pserver_json_copy(ctx, data, len);

    return 1;
}


static int
pserver_json_string(void *ctx, const unsigned char *data, size_t len)
{
    pserver_json_t  *node;

    node = pserver_json_add(ctx, PSERVER_JSON_STRING);
    if (node == NULL) {
        return 0;
    }

    node->value = pserver_json_copy(ctx, data, len);

    return 1;
}


static int
pserver_json_start_map(void *ctx)
{
    pserver_json_t         *node;
    pserver_json_parser_t  *jp = ctx;

    node = pserver_json_add(jp, PSERVER_JSON_OBJECT);
    if (node == NULL) {
        return 0;
    }

    jp->top++;
    jp->top->node = node;
    jp->top->last = NULL;

    return 1;
}


static int
pserver_json_map_key(void *ctx, const unsigned char *data, size_t len)
{
    pserver_json_parser_t  *jp = ctx;

    jp->name = pserver_json_copy(jp, data, len);

    return 1;
}


static int
pserver_json_end_map(void *ctx)
{
    pserver_json_parser_t  *jp = ctx;

    jp->rc = pserver_json_unique(jp->top->node);
    jp->duplicate = (jp->rc == PSERVER_INVALID);
    jp->top--;

    return jp->rc == PSERVER_OK;
}


static int
pserver_json_start_array(void *ctx)
{
    pserver_json_t         *node;
    pserver_json_parser_t  *jp = ctx;

    node = pserver_json_add(jp, PSERVER_JSON_ARRAY);
    if (node == NULL) {
        return 0;
    }

    jp->top++;
    jp->top->node = node;
    jp->top->last = NULL;

    return 1;
}


static int
pserver_json_end_array(void *ctx)
{
    pserver_json_parser_t  *jp = ctx;

    jp->top--;

    return 1;
}
