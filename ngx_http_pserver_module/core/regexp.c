/*
 * I-Regexp on PCRE2, see regexp.h.
 *
 *   i-regexp    = branch *( "|" branch )
 *   branch      = *( atom [ quantifier ] )
 *   quantifier  = "*" / "+" / "?" / "{" n [ "," [ m ] ] "}"
 *   atom        = NormalChar / "." / escape / class / "(" i-regexp ")"
 *
 * Translated (RFC 9485, section 5.4): "." leaves out line ends, groups do not
 * capture, and all of it is put into \A(?: )\z for a whole match.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "regexp.h"


/* the longest that one byte becomes: "." */

#define REGEXP_DOT    "[^\\n\\r]"
#define REGEXP_HEAD   "\\A(?:"
#define REGEXP_TAIL   ")\\z"

#define REGEXP_OUT    (PSERVER_REGEXP_MAX * (sizeof(REGEXP_DOT) - 1)          \
                       + sizeof(REGEXP_HEAD) + sizeof(REGEXP_TAIL))

/* KiB that a match may take; one with a small pattern takes a few */
#define REGEXP_HEAP   1024

#define REGEXP_OPTIONS                                                        \
    (PCRE2_UTF|PCRE2_NO_UTF_CHECK|PCRE2_NEVER_BACKSLASH_C                     \
     |PCRE2_DOLLAR_ENDONLY)


struct pserver_regexp_s {
    pcre2_code           *code;
};


typedef struct {
    const u_char         *pos;
    const u_char         *last;
    u_char               *out;
    unsigned              depth;
} regexp_t;


static int regexp_alternatives(regexp_t *re);
static int regexp_atom(regexp_t *re);
static int regexp_escape(regexp_t *re);
static int regexp_category(regexp_t *re);
static int regexp_class(regexp_t *re);
static int regexp_class_char(regexp_t *re);
static int regexp_quantifier(regexp_t *re);
static int regexp_digits(regexp_t *re, uint64_t *n);
static int regexp_is(regexp_t *re, u_char ch);
static void regexp_put(regexp_t *re, const char *text);
static void regexp_copy(regexp_t *re, size_t n);


int
pserver_regexp_compile(pserver_str_t text, int whole,
    pserver_regexp_t **regexp)
{
    int                rc, error;
    u_char             out[REGEXP_OUT];
    regexp_t           re;
    PCRE2_SIZE         offset;
    pserver_regexp_t  *compiled;

    if (text.len > PSERVER_REGEXP_MAX) {
        return PSERVER_NOSPACE;
    }

    re.pos = text.data;
    re.last = text.data + text.len;
    re.out = out;
    re.depth = 0;

    regexp_put(&re, whole ? REGEXP_HEAD : "(?:");

    rc = regexp_alternatives(&re);

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (re.pos != re.last) {
        return PSERVER_INVALID;
    }

    regexp_put(&re, whole ? REGEXP_TAIL : ")");

    compiled = malloc(sizeof(pserver_regexp_t));
    if (compiled == NULL) {
        return PSERVER_NOMEM;
    }

    compiled->code = pcre2_compile(out, re.out - out, REGEXP_OPTIONS, &error,
                                   &offset, NULL);

    if (compiled->code == NULL) {
        free(compiled);
        return (error == PCRE2_ERROR_NOMEMORY) ? PSERVER_NOMEM
                                               : PSERVER_NOSPACE;
    }

    *regexp = compiled;

    return PSERVER_OK;
}


void
pserver_regexp_free(pserver_regexp_t *regexp)
{
    if (regexp) {
        pcre2_code_free(regexp->code);
        free(regexp);
    }
}


int
pserver_regexp_match(const pserver_regexp_t *regexp, pserver_str_t subject,
    uint32_t limit, int *matched)
{
    int                   rc;
    pcre2_match_data     *data;
    pcre2_match_context  *context;

    data = pcre2_match_data_create(1, NULL);
    context = pcre2_match_context_create(NULL);

    rc = PCRE2_ERROR_NOMEMORY;

    if (data && context) {
        (void) pcre2_set_match_limit(context, limit);
        (void) pcre2_set_heap_limit(context, REGEXP_HEAP);

        rc = pcre2_match(regexp->code, subject.len ? subject.data
                                                   : (PCRE2_SPTR) "",
                         subject.len, 0, PCRE2_NO_UTF_CHECK, data, context);
    }

    pcre2_match_context_free(context);
    pcre2_match_data_free(data);

    *matched = (rc >= 0);

    switch (rc) {

    case PCRE2_ERROR_NOMATCH:
        return PSERVER_OK;

    case PCRE2_ERROR_NOMEMORY:
        return PSERVER_NOMEM;

    default:
        return (rc >= 0) ? PSERVER_OK : PSERVER_NOSPACE;
    }
}


static int
regexp_alternatives(regexp_t *re)
{
    int  rc;

    while (re->pos != re->last && *re->pos != ')') {

        if (regexp_is(re, '|')) {
            regexp_put(re, "|");
            continue;
        }

        rc = regexp_atom(re);

        if (rc == PSERVER_OK) {
            rc = regexp_quantifier(re);
        }

        if (rc != PSERVER_OK) {
            return rc;
        }
    }

    return PSERVER_OK;
}


static int
regexp_atom(regexp_t *re)
{
    int     rc;
    u_char  ch;

    ch = *re->pos;

    switch (ch) {

    case '(':
        if (re->depth == PSERVER_REGEXP_DEPTH) {
            return PSERVER_NOSPACE;
        }

        re->depth++;
        re->pos++;
        regexp_put(re, "(?:");

        rc = regexp_alternatives(re);

        if (rc != PSERVER_OK) {
            return rc;
        }

        re->depth--;
        regexp_put(re, ")");

        return regexp_is(re, ')') ? PSERVER_OK : PSERVER_INVALID;

    case '.':
        re->pos++;
        regexp_put(re, REGEXP_DOT);
        return PSERVER_OK;

    case '[':
        return regexp_class(re);

    case '\\':
        return regexp_escape(re);

    case '*':
    case '+':
    case '?':
    case ']':
    case '{':
    case '}':
        return PSERVER_INVALID;

    default:
        regexp_copy(re, 1);

        /* a quantifier is for all of a character */

        while (re->pos != re->last && (*re->pos & 0xc0) == 0x80) {
            regexp_copy(re, 1);
        }

        return PSERVER_OK;
    }
}


static int
regexp_escape(regexp_t *re)
{
    u_char  ch;

    if (re->last - re->pos < 2) {
        return PSERVER_INVALID;
    }

    ch = re->pos[1];

    if (ch == 'p' || ch == 'P') {
        return regexp_category(re);
    }

    if (ch == '\0' || strchr("()*+-.?[\\]^nrt{|}", ch) == NULL) {
        return PSERVER_INVALID;
    }

    regexp_copy(re, 2);

    return PSERVER_OK;
}


/* \p{L}, \P{Nd} */

static int
regexp_category(regexp_t *re)
{
    size_t        i, n;

    static const char  *categories[] = {
        "Llmotu", "Mcen", "Ndlo", "Pcdefios", "Zlps", "Sckmo", "Ccfno"
    };

    n = re->last - re->pos;

    if (n < 5 || re->pos[2] != '{') {
        return PSERVER_INVALID;
    }

    for (i = 0; i < sizeof(categories) / sizeof(*categories); i++) {

        if (re->pos[3] != (u_char) categories[i][0]) {
            continue;
        }

        if (re->pos[4] == '}') {
            regexp_copy(re, 5);
            return PSERVER_OK;
        }

        if (n >= 6 && re->pos[5] == '}' && re->pos[4] != '\0'
            && strchr(categories[i] + 1, re->pos[4]))
        {
            regexp_copy(re, 6);
            return PSERVER_OK;
        }
    }

    return PSERVER_INVALID;
}


/* "[" [ "^" ] ( "-" / one ) *one [ "-" ] "]" */

static int
regexp_class(regexp_t *re)
{
    int  rc, first;

    regexp_copy(re, 1);

    if (regexp_is(re, '^')) {
        regexp_put(re, "^");
    }

    for (first = 1; !regexp_is(re, ']'); first = 0) {

        if (re->pos == re->last) {
            return PSERVER_INVALID;
        }

        if (*re->pos == '-') {

            /* itself, at either end */

            re->pos++;
            regexp_put(re, "\\-");

            if (!first && (re->pos == re->last || *re->pos != ']')) {
                return PSERVER_INVALID;
            }

            continue;
        }

        if (re->last - re->pos > 1 && re->pos[0] == '\\'
            && (re->pos[1] == 'p' || re->pos[1] == 'P'))
        {
            rc = regexp_category(re);

            if (rc != PSERVER_OK) {
                return rc;
            }

            continue;
        }

        rc = regexp_class_char(re);

        if (rc != PSERVER_OK) {
            return rc;
        }

        if (re->last - re->pos > 1 && re->pos[0] == '-'
            && re->pos[1] != ']')
        {
            regexp_copy(re, 1);

            rc = regexp_class_char(re);

            if (rc != PSERVER_OK) {
                return rc;
            }
        }
    }

    if (first) {
        return PSERVER_INVALID;
    }

    regexp_put(re, "]");

    return PSERVER_OK;
}


static int
regexp_class_char(regexp_t *re)
{
    if (re->pos == re->last) {
        return PSERVER_INVALID;
    }

    switch (*re->pos) {

    case '\\':

        if (re->last - re->pos > 1
            && (re->pos[1] == 'p' || re->pos[1] == 'P'))
        {
            return PSERVER_INVALID;
        }

        return regexp_escape(re);

    case '-':
    case '[':
    case ']':
        return PSERVER_INVALID;

    case '^':

        /* not where PCRE2 would take it for a negation */

        re->pos++;
        regexp_put(re, "\\^");
        return PSERVER_OK;

    default:
        regexp_copy(re, 1);

        while (re->pos != re->last && (*re->pos & 0xc0) == 0x80) {
            regexp_copy(re, 1);
        }

        return PSERVER_OK;
    }
}


static int
regexp_quantifier(regexp_t *re)
{
    uint64_t       min, max;
    const u_char  *start;

    if (re->pos == re->last) {
        return PSERVER_OK;
    }

    switch (*re->pos) {

    case '*':
    case '+':
    case '?':
        regexp_copy(re, 1);
        break;

    case '{':
        start = re->pos++;

        if (!regexp_digits(re, &min)) {
            return PSERVER_INVALID;
        }

        max = min;

        if (regexp_is(re, ',')) {
            max = UINT64_MAX;

            if (re->pos != re->last && *re->pos != '}'
                && !regexp_digits(re, &max))
            {
                return PSERVER_INVALID;
            }
        }

        if (!regexp_is(re, '}') || max < min) {
            return PSERVER_INVALID;
        }

        memcpy(re->out, start, re->pos - start);
        re->out += re->pos - start;
        break;

    default:
        return PSERVER_OK;
    }

    /* neither lazy nor possessive, nor one of another */

    if (re->pos != re->last && strchr("*+?{", *re->pos) && *re->pos) {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
regexp_digits(regexp_t *re, uint64_t *n)
{
    const u_char  *start;

    start = re->pos;

    for (*n = 0; re->pos != re->last; re->pos++) {

        if (*re->pos < '0' || *re->pos > '9') {
            break;
        }

        if (*n < UINT32_MAX) {
            *n = *n * 10 + (*re->pos - '0');
        }
    }

    return re->pos != start;
}


static int
regexp_is(regexp_t *re, u_char ch)
{
    if (re->pos == re->last || *re->pos != ch) {
        return 0;
    }

    re->pos++;

    return 1;
}


static void
regexp_put(regexp_t *re, const char *text)
{
    size_t  len;

    len = strlen(text);

    memcpy(re->out, text, len);
    re->out += len;
}


static void
regexp_copy(regexp_t *re, size_t n)
{
    memcpy(re->out, re->pos, n);
    re->out += n;
    re->pos += n;
}
