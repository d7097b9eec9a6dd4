/*
 * Data minimisation, see filter.h.
 */

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "json_write.h"
#include "jsonpath.h"


static int filter_parse(pserver_str_t text, pserver_jsonpath_t **path);
static int filter_write(const pserver_jsonpath_list_t *list, size_t limit,
    u_char **out, size_t *n);


int
pserver_filter_check(pserver_str_t text)
{
    int                  rc;
    pserver_jsonpath_t  *path;

    rc = filter_parse(text, &path);

    if (rc == PSERVER_OK) {
        pserver_jsonpath_free(path);
    }

    return rc;
}


int
pserver_filter_apply(pserver_str_t text, const u_char *data, size_t len,
    size_t limit, u_char **out, size_t *n)
{
    int                       rc;
    uint64_t                  budget;
    pserver_json_doc_t       *doc;
    pserver_jsonpath_t       *path;
    pserver_jsonpath_list_t   list;

    static const pserver_json_limits_t  limits = {
        PSERVER_FILTER_DEPTH, PSERVER_FILTER_NODES
    };

    rc = filter_parse(text, &path);

    if (rc != PSERVER_OK) {
        return rc;
    }

    rc = pserver_json_parse(data, len, &limits, &doc);

    if (rc == PSERVER_OK) {

        budget = PSERVER_FILTER_BUDGET;

        rc = pserver_jsonpath_select(path, pserver_json_root(doc), &budget,
                                     &list);

        if (rc == PSERVER_OK) {
            rc = filter_write(&list, limit, out, n);
            pserver_jsonpath_list_free(&list);
        }

        pserver_json_free(doc);
    }

    pserver_jsonpath_free(path);

    return rc;
}


static int
filter_parse(pserver_str_t text, pserver_jsonpath_t **path)
{
    size_t         n;
    u_char         whole[PSERVER_JSONPATH_MAX];
    pserver_str_t  expression;

    if (text.len > sizeof(whole) - 2) {
        return PSERVER_NOSPACE;
    }

    /* nothing is not "all of it" */

    if (text.len == 0) {
        return PSERVER_INVALID;
    }

    if (text.data[0] == '$') {
        return pserver_jsonpath_parse(text, path);
    }

    n = 0;
    whole[n++] = '$';

    if (text.data[0] != '.' && text.data[0] != '[') {
        whole[n++] = '.';
    }

    memcpy(whole + n, text.data, text.len);

    expression.data = whole;
    expression.len = n + text.len;

    return pserver_jsonpath_parse(expression, path);
}


/* what is counted is never more than the limit and one value, however often
   the same was selected */

static int
filter_write(const pserver_jsonpath_list_t *list, size_t limit, u_char **out,
    size_t *n)
{
    size_t   i, len;
    u_char  *p;

    len = (list->n == 1) ? 0 : 2;

    for (i = 0; i < list->n && len <= limit; i++) {
        len += pserver_json_write(NULL, list->node[i]) + (i ? 1 : 0);
    }

    if (len > limit) {
        return PSERVER_NOSPACE;
    }

    p = malloc(len);
    if (p == NULL) {
        return PSERVER_NOMEM;
    }

    *out = p;
    *n = len;

    if (list->n != 1) {
        *p++ = '[';
    }

    for (i = 0; i < list->n; i++) {

        if (i) {
            *p++ = ',';
        }

        p += pserver_json_write(p, list->node[i]);
    }

    if (list->n != 1) {
        *p = ']';
    }

    return PSERVER_OK;
}
