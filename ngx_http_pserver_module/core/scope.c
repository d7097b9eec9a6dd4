/*
 * Scopes, see scope.h.
 */

#include <string.h>

#include "scope.h"


#define SCOPE_PATH        "/v1/data/"
#define SCOPE_ARGS        "fileId="
#define SCOPE_FILE_MAX    78


static int scope_lower(u_char ch);
static int scope_word(u_char ch);
static int scope_skip(pserver_str_t *text, const void *prefix, size_t len);
static int scope_origin(pserver_str_t *text, pserver_str_t url);
static int scope_file_id(pserver_str_t text);


int
pserver_scope_valid(pserver_str_t text)
{
    size_t  i, start, segments;
    u_char  ch;

    if (text.len == 0 || text.len > PSERVER_SCOPE_MAX) {
        return 0;
    }

    segments = 1;
    start = 0;

    for (i = 0; i < text.len; i++) {
        ch = text.data[i];

        if (ch == '.') {
            if (i == start) {
                return 0;
            }

            segments++;
            start = i + 1;
            continue;
        }

        if (ch == '_') {
            if (i == start) {
                return 0;
            }

            continue;
        }

        if (segments == 1 ? !scope_lower(ch) : !scope_word(ch)) {
            return 0;
        }
    }

    return start < text.len && (segments == 2 || segments == 3);
}


int
pserver_scope_covers(pserver_str_t pattern, pserver_str_t scope)
{
    size_t  len;

    if (pattern.len == 1 && pattern.data[0] == '*') {
        return 1;
    }

    if (pattern.len > 2
        && memcmp(pattern.data + pattern.len - 2, ".*", 2) == 0)
    {
        len = pattern.len - 1;

        return scope.len > len && memcmp(pattern.data, scope.data, len) == 0;
    }

    return pattern.len != 0
           && pattern.len == scope.len
           && memcmp(pattern.data, scope.data, scope.len) == 0;
}


int
pserver_scope_url(pserver_str_t url, pserver_scope_url_t *out)
{
    u_char            *args;
    pserver_str_t      text, scope, file_id;
    pserver_origin_t   origin;

    if (!scope_origin(&text, url)
        || pserver_origin_parse(&origin, text) != PSERVER_OK
        || !scope_skip(&url, origin.text.data, origin.text.len)
        || !scope_skip(&url, SCOPE_PATH, sizeof(SCOPE_PATH) - 1)
        || url.len == 0)
    {
        return PSERVER_INVALID;
    }

    scope = url;
    file_id.data = NULL;
    file_id.len = 0;

    args = memchr(url.data, '?', url.len);

    if (args) {
        scope.len = (size_t) (args - url.data);

        file_id.data = args + 1;
        file_id.len = url.len - scope.len - 1;

        if (!scope_skip(&file_id, SCOPE_ARGS, sizeof(SCOPE_ARGS) - 1)
            || !scope_file_id(file_id))
        {
            return PSERVER_INVALID;
        }
    }

    if (!pserver_scope_valid(scope)) {
        return PSERVER_INVALID;
    }

    out->origin = origin;
    out->scope = scope;
    out->file_id = file_id;

    return PSERVER_OK;
}


static int
scope_lower(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}


static int
scope_word(u_char ch)
{
    return scope_lower(ch) || (ch >= 'A' && ch <= 'Z');
}


static int
scope_skip(pserver_str_t *text, const void *prefix, size_t len)
{
    if (text->len < len || memcmp(text->data, prefix, len) != 0) {
        return 0;
    }

    text->data += len;
    text->len -= len;

    return 1;
}


/* what stands before the path */

static int
scope_origin(pserver_str_t *text, pserver_str_t url)
{
    u_char  *p;

    p = memchr(url.data, ':', url.len);

    if (p == NULL || url.data + url.len - p < 3) {
        return 0;
    }

    p += sizeof("://") - 1;

    text->data = url.data;
    p = memchr(p, '/', (size_t) (url.data + url.len - p));

    if (p == NULL) {
        return 0;
    }

    text->len = (size_t) (p - url.data);

    return 1;
}


static int
scope_file_id(pserver_str_t text)
{
    size_t  i;
    u_char  ch;

    if (text.len == 0 || text.len > SCOPE_FILE_MAX) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {
        ch = text.data[i];

        if (!scope_word(ch) && ch != '_' && ch != '-') {
            return 0;
        }
    }

    return 1;
}
