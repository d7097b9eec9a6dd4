/*
 * core/jsonpath: the compliance test suite of RFC 9535, budgets, numbers.
 */

#include "core/json_write.h"
#include "core/jsonpath.h"
#include "vector.h"


#define BUDGET  1000000


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* a list as the text of an array; malloc'd, ends with a zero */

static char *
written(const pserver_jsonpath_list_t *list)
{
    char    *text, *p;
    size_t   i, len;

    len = 3;

    for (i = 0; i < list->n; i++) {
        len += pserver_json_write(NULL, list->node[i]) + 1;
    }

    text = malloc(len);
    p = text;
    *p++ = '[';

    for (i = 0; i < list->n; i++) {
        p += i ? (*p = ',', 1) : 0;
        p += pserver_json_write((u_char *) p, list->node[i]);
    }

    memcpy(p, "]", 2);

    return text;
}


static char *
text_of(const pserver_json_t *value)
{
    char    *text;
    size_t   len;

    len = pserver_json_write(NULL, value);
    text = malloc(len + 1);

    (void) pserver_json_write((u_char *) text, value);
    text[len] = '\0';

    return text;
}


/* what "$..selector" gives of a document, or the error's number */

static char *
selected(const char *selector, const char *document, uint64_t budget)
{
    int                                  rc;
    char                                *text;
    pserver_json_doc_t                  *doc;
    pserver_jsonpath_t                  *path;
    pserver_jsonpath_list_t              list;
    static const pserver_json_limits_t   limits = { 64, 100000 };

    CHECK_INT(pserver_json_parse((u_char *) document, strlen(document),
                                 &limits, &doc),
              PSERVER_OK);

    rc = pserver_jsonpath_parse(str(selector), &path);

    if (rc == PSERVER_OK) {
        rc = pserver_jsonpath_select(path, pserver_json_root(doc), &budget,
                                     &list);
        pserver_jsonpath_free(path);
    }

    if (rc == PSERVER_OK) {
        text = written(&list);
        pserver_jsonpath_list_free(&list);

    } else {
        text = malloc(16);
        snprintf(text, 16, "%d", rc);
    }

    pserver_json_free(doc);

    return text;
}


static void
check_selected(const char *selector, const char *document,
    const char *expected)
{
    char  *text;

    text = selected(selector, document, BUDGET);

    if (!CHECK(strcmp(text, expected) == 0)) {
        fprintf(stderr, "    %s of %s is %s, expected %s\n", selector,
                document, text, expected);
    }

    free(text);
}


static int
is_expected(const pserver_json_t *test, const char *text)
{
    int                    same;
    char                  *one;
    const pserver_json_t  *result;

    result = pserver_json_get(test, "result");

    if (result) {
        one = text_of(result);
        same = (strcmp(text, one) == 0);
        free(one);

        return same;
    }

    /* the members of an object have no order: one of several */

    for (result = vector_get(test, "results")->child;
         result;
         result = result->next)
    {
        one = text_of(result);
        same = (strcmp(text, one) == 0);
        free(one);

        if (same) {
            return 1;
        }
    }

    return 0;
}


TEST(compliance)
{
    int                       rc;
    char                     *text;
    size_t                    n;
    uint64_t                  budget;
    pserver_str_t             name;
    pserver_json_doc_t       *doc;
    pserver_jsonpath_t       *path;
    const pserver_json_t     *test, *invalid;
    pserver_jsonpath_list_t   list;

    doc = vector_open("t/vectors/jsonpath-cts.json");
    n = 0;

    for (test = vector_get(pserver_json_root(doc), "tests")->child;
         test;
         test = test->next)
    {
        n++;
        name = vector_str(test, "name");
        invalid = pserver_json_get(test, "invalid_selector");

        rc = pserver_jsonpath_parse(vector_str(test, "selector"), &path);

        if (invalid) {
            if (!CHECK_INT(rc, PSERVER_INVALID)) {
                fprintf(stderr, "    %.*s\n", (int) name.len, name.data);
            }

            pserver_jsonpath_free(rc == PSERVER_OK ? path : NULL);
            continue;
        }

        if (!CHECK_INT(rc, PSERVER_OK)) {
            fprintf(stderr, "    %.*s\n", (int) name.len, name.data);
            continue;
        }

        budget = BUDGET;

        if (CHECK_INT(pserver_jsonpath_select(path,
                                              vector_get(test, "document"),
                                              &budget, &list),
                      PSERVER_OK))
        {
            text = written(&list);

            if (!CHECK(is_expected(test, text))) {
                fprintf(stderr, "    %.*s: %s\n", (int) name.len, name.data,
                        text);
            }

            free(text);
            pserver_jsonpath_list_free(&list);
        }

        pserver_jsonpath_free(path);
    }

    CHECK_INT(n, 703);

    pserver_json_free(doc);
}


/* as decimals: beyond what a double has, in any form */

TEST(numbers)
{
    check_selected("$[?@ == 1]", "[1,1.0,10e-1,0.1e1,100E-2,1.1,\"1\",-1]",
                   "[1,1.0,10e-1,0.1e1,100E-2]");
    check_selected("$[?@ == 0]", "[0,-0,0.0,0e5,0.00e-7,1e-400]",
                   "[0,-0,0.0,0e5,0.00e-7]");
    check_selected("$[?@ == 9007199254740993]",
                   "[9007199254740992,9007199254740993]",
                   "[9007199254740993]");
    check_selected("$[?@ > 1e400]", "[1e400,1e401,10e400,1e399]",
                   "[1e401,10e400]");
    check_selected("$[?@ < -0.5]", "[-0.51,-0.5,-0.49,-5,5,-1e-9]",
                   "[-0.51,-5]");
    check_selected("$[?@ <= 12.25]", "[12.250,12.2500001,1225e-2,12.24]",
                   "[12.250,1225e-2,12.24]");
    check_selected("$[?@ == 1e1000000000000000000000]",
                   "[1e1000000000000000000000]",
                   "[1e1000000000000000000000]");
}


TEST(text)
{
    /* length is of characters, and a zero is one of them */

    check_selected("$[?length(@) == 2]", "[\"\xc3\xa4\xf0\x9f\x98\x80\","
                   "\"a\\u0000\",\"\\ud83d\\ude00\"]",
                   "[\"\xc3\xa4\xf0\x9f\x98\x80\",\"a\\u0000\"]");
    check_selected("$['\\ud83d\\ude00\\u00e4']",
                   "{\"\xf0\x9f\x98\x80\xc3\xa4\":1}", "[1]");
    check_selected("$.\xc3\xa4", "{\"\xc3\xa4\":1}", "[1]");

    /* not UTF-8 */

    check_selected("$.\xc3", "{}", "-1");
    check_selected("$['\xff']", "{}", "-1");
    check_selected("$['\xed\xa0\x80']", "{}", "-1");
}


TEST(limits)
{
    char    *text, *selector;
    size_t   i, steps;

    /* each way to go far */

    static const struct {
        const char  *selector;
        const char  *document;
    } rows[] = {
        { "$..*", "[[[1,2],[3,4]],[[5,6],[7,8]]]" },
        { "$..[?@..[?@..*]]", "[[[1,2],[3,4]],[[5,6],[7,8]]]" },
        { "$[?@ == $]", "[[1,2,3],[[1,2,3],4]]" },
        { "$[0,0,0,0,0,0,0,0,0][0,0,0,0,0,0,0,0,0]", "[[1]]" },
        { "$[::-1]", "[1,2,3,4,5,6,7,8,9]" },
        { "$[?match(@, '(a|a)*(a|a)*b')]",
          "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\"]" },
        { "$[?search('aaaaaaaaaaaaaaaaaaaaaaaaa', @)]", "[\"(a*)*b\"]" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        /* out of budget is an error for every smaller one */

        for (steps = 0; steps < 12; steps++) {
            text = selected(rows[i].selector, rows[i].document, steps);

            if (!CHECK(strcmp(text, "-2") == 0)) {
                fprintf(stderr, "    %s with %zu: %s\n", rows[i].selector,
                        steps, text);
            }

            free(text);
        }
    }

    /* a match that would never end, whatever there is to spend */

    text = selected("$[?match(@, '(a*)*(a*)*(a*)*b')]",
                    "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\"]",
                    UINT64_MAX);
    CHECK(strcmp(text, "-2") == 0);
    free(text);

    /* nesting and length of an expression */

    selector = malloc(8192);

    for (i = 16; i <= 64; i += 48) {
        strcpy(selector, "$[?");
        memset(selector + 3, '(', i);
        strcpy(selector + 3 + i, "@.a");
        memset(selector + 6 + i, ')', i);
        strcpy(selector + 6 + 2 * i, "]");

        check_selected(selector, "[{\"a\":1}]",
                       i == 16 ? "[{\"a\":1}]" : "-2");
    }

    strcpy(selector, "$");

    for (i = 1; i < 4096; i += 2) {
        strcpy(selector + i, ".a");
    }

    check_selected(selector, "{\"a\":1}", "-2");
    selector[4095] = '\0';
    check_selected(selector, "{\"a\":1}", "[]");

    free(selector);
}


TEST_MAIN
