/*
 * core/regexp: what is an I-Regexp (RFC 9485) and what is not, and that what
 * PCRE2 knows beside does not get through.
 */

#include <stdlib.h>

#include "core/regexp.h"
#include "test.h"


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* 1, 0, or the negative error */

static int
match(const char *pattern, int whole, const char *subject)
{
    int                rc, matched;
    pserver_regexp_t  *regexp;

    rc = pserver_regexp_compile(str(pattern), whole, &regexp);

    if (rc != PSERVER_OK) {
        return rc;
    }

    rc = pserver_regexp_match(regexp, str(subject), 10000, &matched);

    pserver_regexp_free(regexp);

    return (rc == PSERVER_OK) ? matched : rc;
}


TEST(matches)
{
    size_t  i;

    static const struct {
        const char  *pattern;
        const char  *subject;
        int          whole;
        int          part;
    } rows[] = {
        { "", "", 1, 1 },
        { "", "a", 0, 1 },
        { "a", "a", 1, 1 },
        { "a", "ba", 0, 1 },
        { "a|bc|", "bc", 1, 1 },
        { "a|bc", "abc", 0, 1 },
        { "(a|b)c", "bc", 1, 1 },
        { "a{2}", "aa", 1, 1 },
        { "a{2}", "aaa", 0, 1 },
        { "a{2,}", "aaaa", 1, 1 },
        { "a{1,2}b?", "aab", 1, 1 },
        { "[a-c]+", "abcd", 0, 1 },
        { "[^a-c]+", "xyz", 1, 1 },
        { "[-a]", "-", 1, 1 },
        { "[a-]", "-", 1, 1 },
        { "[^-]", "-", 0, 0 },
        { "[a^]", "^", 1, 1 },
        { "[\\]\\[]", "]", 1, 1 },
        { "[\\p{L}\\n]+", "\xc3\xa4\n", 1, 1 },
        { "\\P{Nd}", "a", 1, 1 },
        { "\\.\\*\\+\\?\\(\\)\\|\\{\\}\\[\\]\\\\\\^\\-", ".*+?()|{}[]\\^-",
          1, 1 },
        { "\xc3\xa4{2}", "\xc3\xa4\xc3\xa4", 1, 1 },
        { "[\xc3\xa4-\xc3\xb6]", "\xc3\xa5", 1, 1 },

        /* neither line ends nor what PCRE2 takes for a word */

        { ".", "\n", 0, 0 },
        { ".", "\r", 0, 0 },
        { ".", "\xe2\x80\xa8", 1, 1 },
        { "a", "a\n", 0, 1 },
        { "#", "#", 1, 1 },
        { "a b", "a b", 1, 1 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!CHECK_INT(match(rows[i].pattern, 1, rows[i].subject),
                       rows[i].whole)
            || !CHECK_INT(match(rows[i].pattern, 0, rows[i].subject),
                          rows[i].part))
        {
            fprintf(stderr, "    %s\n", rows[i].pattern);
        }
    }
}


TEST(not_one)
{
    size_t  i;

    static const char  *bad[] = {
        "*", "a**", "a+?", "a*+", "a??", "{1}", "a{", "a{}", "a{,1}", "a{1",
        "a{2,1}", "a{1,2,3}", "a}", "a]", "[", "[]", "[^]", "[a", "[b-]a-c]",
        "[a-c-e]", "[a-\\p{L}]", "[[:alpha:]]", "[a-c&&b]|[",
        "(", ")", "(a", "a)", "(?:a)", "(?=a)", "(?i)a", "(*UCP)a", "\\",
        "\\d", "\\w", "\\s", "\\b", "\\1", "\\x41", "\\C", "\\K", "\\Qa\\E",
        "\\p", "\\p{", "\\p{}", "\\p{Xx}", "\\p{Lx}", "\\p{^L}", "\\pL",
        "\\p{Greek}"
    };

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (!CHECK_INT(match(bad[i], 1, ""), PSERVER_INVALID)) {
            fprintf(stderr, "    %s\n", bad[i]);
        }
    }
}


TEST(limits)
{
    size_t  i;
    char    pattern[PSERVER_REGEXP_MAX + 2];

    CHECK_INT(match("a{65535}", 1, ""), 0);
    CHECK_INT(match("a{65536}", 1, ""), PSERVER_NOSPACE);
    CHECK_INT(match("a{99999999999999999999}", 1, ""), PSERVER_NOSPACE);

    CHECK_INT(match("(a*)*(a*)*b", 1,
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc"),
              PSERVER_NOSPACE);

    memset(pattern, 'a', sizeof(pattern));
    pattern[PSERVER_REGEXP_MAX + 1] = '\0';
    CHECK_INT(match(pattern, 1, ""), PSERVER_NOSPACE);

    /* the longest that it can become */

    memset(pattern, '.', PSERVER_REGEXP_MAX);
    pattern[PSERVER_REGEXP_MAX] = '\0';
    CHECK_INT(match(pattern, 1, ""), 0);

    for (i = PSERVER_REGEXP_DEPTH; i <= PSERVER_REGEXP_DEPTH + 1; i++) {
        memset(pattern, '(', i);
        memset(pattern + i, ')', i);
        pattern[2 * i] = '\0';

        CHECK_INT(match(pattern, 1, ""),
                  i > PSERVER_REGEXP_DEPTH ? PSERVER_NOSPACE : 1);
    }
}


TEST_MAIN
