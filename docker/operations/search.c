/*
 * search: where the owner's messages mention a term.
 *
 * Parameters: "terms", 1 to 16 texts of 2 to 100 bytes, found anywhere in a
 * message, ASCII letters in either case; "snippets" (0 to 100, 10 if
 * absent), how many passages to quote, and of each no more than what stands
 * around the term.  Result: see README.md.
 */

#include <stdlib.h>
#include <string.h>

#include "operation.h"


#define SEARCH_TERMS    16
#define SEARCH_AROUND   40


typedef struct {
    const char          *text;
    size_t               len;
    unsigned long long   messages;
    unsigned long long   matches;
} term_t;

typedef struct {
    term_t               terms[SEARCH_TERMS];
    size_t               count;
    size_t               snippets;
    size_t               quoted;
    FILE                *quotes;
    unsigned long long   messages;
    unsigned long long   matched;   /* messages with any of the terms */
} search_t;


static void search_parameters(search_t *s);
static void search_message(const message_t *message, void *data);
static const char *search_find(const char *text, const term_t *term);
static void search_quote(search_t *s, const message_t *message,
    const term_t *term, const char *found);


int
main(void)
{
    char      *quotes;
    FILE      *f;
    size_t     i, files, len;
    search_t   s;

    memset(&s, 0, sizeof(search_t));

    search_parameters(&s);

    s.quotes = open_memstream(&quotes, &len);

    if (s.quotes == NULL) {
        operation_fail(OPERATION_FAILED, "no memory");
    }

    files = operation_messages(search_message, &s);

    operation_close(s.quotes);

    f = operation_create("result.json");

    fprintf(f, "{\"operation\":\"search\",\"files\":%zu,\"messages\":%llu"
            ",\"matched\":%llu,\"terms\":[",
            files, s.messages, s.matched);

    for (i = 0; i < s.count; i++) {
        fprintf(f, "%s{\"term\":", i ? "," : "");
        operation_string(f, s.terms[i].text, s.terms[i].len);
        fprintf(f, ",\"messages\":%llu,\"matches\":%llu}",
                s.terms[i].messages, s.terms[i].matches);
    }

    fprintf(f, "],\"snippets\":[%s]}\n", quotes);

    operation_close(f);

    return 0;
}


static void
search_parameters(search_t *s)
{
    size_t       i;
    yajl_val     parameters, terms, value;
    const char  *terms_path[] = { "terms", NULL };
    const char  *snippets_path[] = { "snippets", NULL };

    parameters = operation_parameters();

    terms = yajl_tree_get(parameters, terms_path, yajl_t_array);

    if (terms == NULL || YAJL_GET_ARRAY(terms)->len == 0
        || YAJL_GET_ARRAY(terms)->len > SEARCH_TERMS)
    {
        operation_fail(OPERATION_BAD_PARAMETERS, "terms are 1 to 16 texts");
    }

    for (i = 0; i < YAJL_GET_ARRAY(terms)->len; i++) {
        value = YAJL_GET_ARRAY(terms)->values[i];

        if (!YAJL_IS_STRING(value)
            || strlen(value->u.string) < 2
            || strlen(value->u.string) > 100)
        {
            operation_fail(OPERATION_BAD_PARAMETERS,
                           "a term has 2 to 100 bytes");
        }

        s->terms[i].text = value->u.string;
        s->terms[i].len = strlen(s->terms[i].text);
        s->count++;
    }

    s->snippets = 10;

    value = yajl_tree_get(parameters, snippets_path, yajl_t_any);

    if (value != NULL) {
        if (!YAJL_IS_INTEGER(value)
            || YAJL_GET_INTEGER(value) < 0 || YAJL_GET_INTEGER(value) > 100)
        {
            operation_fail(OPERATION_BAD_PARAMETERS, "snippets is 0 to 100");
        }

        s->snippets = (size_t) YAJL_GET_INTEGER(value);
    }
}


static void
search_message(const message_t *message, void *data)
{
    size_t       i;
    term_t      *term;
    search_t    *s = data;
    unsigned     any;
    const char  *found, *first;

    any = 0;

    for (i = 0; i < s->count; i++) {
        term = &s->terms[i];
        first = search_find(message->text, term);

        if (first == NULL) {
            continue;
        }

        any = 1;
        term->messages++;

        for (found = first; found;
             found = search_find(found + term->len, term))
        {
            term->matches++;
        }

        search_quote(s, message, term, first);
    }

    s->messages++;
    s->matched += any;
}


static const char *
search_find(const char *text, const term_t *term)
{
    size_t  i;
    int     a, b;

    for ( ; *text; text++) {

        for (i = 0; i < term->len; i++) {
            a = (unsigned char) text[i];
            b = (unsigned char) term->text[i];

            a |= (a >= 'A' && a <= 'Z') ? 0x20 : 0;
            b |= (b >= 'A' && b <= 'Z') ? 0x20 : 0;

            if (a != b) {
                break;
            }
        }

        if (i == term->len) {
            return text;
        }
    }

    return NULL;
}


static void
search_quote(search_t *s, const message_t *message, const term_t *term,
    const char *found)
{
    size_t       before, len;
    const char  *start;

    if (s->quoted == s->snippets) {
        return;
    }

    before = (size_t) (found - message->text);
    start = (before > SEARCH_AROUND) ? found - SEARCH_AROUND : message->text;

    len = strlen(start);

    if (len > (size_t) (found - start) + term->len + SEARCH_AROUND) {
        len = (size_t) (found - start) + term->len + SEARCH_AROUND;
    }

    fprintf(s->quotes, "%s{\"term\":", s->quoted ? "," : "");
    operation_string(s->quotes, term->text, term->len);
    fprintf(s->quotes, ",\"conversation\":");
    operation_string(s->quotes, message->conversation,
                     strlen(message->conversation));
    fprintf(s->quotes, ",\"sender\":");
    operation_string(s->quotes, message->sender, strlen(message->sender));
    fprintf(s->quotes, ",\"sent_at\":");
    operation_string(s->quotes, message->sent_at, strlen(message->sent_at));
    fprintf(s->quotes, ",\"text\":");
    operation_string(s->quotes, start, len);
    fprintf(s->quotes, "}");

    s->quoted++;
}
