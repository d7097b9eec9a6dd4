/*
 * An I-Regexp, a line end, and a subject, which is UTF-8 as JSON's are.  What
 * is accepted, PCRE2 must take, or have a limit that it hits.
 */

#include <stdlib.h>
#include <string.h>

#include "core/regexp.h"
#include "core/text.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
utf8(pserver_str_t text)
{
    size_t  i, n;

    for (i = 0; i < text.len; i += n) {
        n = pserver_text_character(text.data + i, text.len - i);

        if (n == 0) {
            return 0;
        }
    }

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                matched;
    pserver_str_t      pattern, subject;
    const uint8_t     *end;
    pserver_regexp_t  *regexp;

    end = memchr(data, '\n', size);

    if (end == NULL) {
        return 0;
    }

    pattern.data = (u_char *) data;
    pattern.len = end - data;
    subject.data = (u_char *) end + 1;
    subject.len = size - pattern.len - 1;

    if (!utf8(pattern) || !utf8(subject)
        || pserver_regexp_compile(pattern, size & 1, &regexp) != PSERVER_OK)
    {
        return 0;
    }

    if (pserver_regexp_match(regexp, subject, 5000, &matched) == PSERVER_OK
        && matched != 0 && matched != 1)
    {
        abort();
    }

    pserver_regexp_free(regexp);

    return 0;
}
