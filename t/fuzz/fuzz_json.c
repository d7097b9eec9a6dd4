/*
 * JSON.  What is accepted is written, and what was written is accepted and
 * written the same.
 */

#include <stdlib.h>
#include <string.h>

#include "core/json_write.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const pserver_json_limits_t  limits = { 16, 4096 };


static void
check(const pserver_json_t *value, size_t depth)
{
    size_t                 count;
    const pserver_json_t  *child, *member;

    if (depth > limits.depth) {
        abort();
    }

    for (child = value->child, count = 0; child; child = child->next) {

        if (value->type == PSERVER_JSON_OBJECT && value->count < 64) {
            for (member = value->child; member != child;
                 member = member->next)
            {
                if (member->name.len == child->name.len
                    && memcmp(member->name.data, child->name.data,
                              child->name.len) == 0)
                {
                    abort();
                }
            }
        }

        check(child, depth + 1);
        count++;
    }

    if (count != value->count) {
        abort();
    }
}


static u_char *
write_out(const pserver_json_doc_t *doc, size_t *len)
{
    u_char  *text;

    *len = pserver_json_write(NULL, pserver_json_root(doc));
    text = malloc(*len);

    if (text == NULL
        || pserver_json_write(text, pserver_json_root(doc)) != *len)
    {
        abort();
    }

    return text;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char              *once, *twice;
    size_t               len, again;
    pserver_json_doc_t  *doc;

    if (pserver_json_parse(data, size, &limits, &doc) != PSERVER_OK) {
        return 0;
    }

    check(pserver_json_root(doc), 0);

    once = write_out(doc, &len);
    pserver_json_free(doc);

    if (pserver_json_parse(once, len, &limits, &doc) != PSERVER_OK) {
        abort();
    }

    twice = write_out(doc, &again);
    pserver_json_free(doc);

    if (again != len || memcmp(once, twice, len) != 0) {
        abort();
    }

    free(once);
    free(twice);

    return 0;
}
