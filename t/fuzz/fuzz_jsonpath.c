/*
 * An expression of JSONPath, a line end, and a document.
 */

#include <stdlib.h>
#include <string.h>

#include "core/json_write.h"
#include "core/jsonpath.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(const pserver_jsonpath_t *path, const pserver_json_t *root)
{
    size_t                    i;
    uint64_t                  budget;
    pserver_jsonpath_list_t   list;

    budget = 20000;

    if (pserver_jsonpath_select(path, root, &budget, &list) != PSERVER_OK) {
        return;
    }

    if (budget > 20000 - list.n) {
        abort();
    }

    for (i = 0; i < list.n; i++) {
        if (i < 16 && pserver_json_write(NULL, list.node[i]) == 0) {
            abort();
        }
    }

    pserver_jsonpath_list_free(&list);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t                        text;
    const uint8_t                       *end;
    pserver_json_doc_t                  *doc;
    pserver_jsonpath_t                  *path;
    static const pserver_json_limits_t   limits = { 32, 4096 };

    end = memchr(data, '\n', size);

    text.data = (u_char *) data;
    text.len = end ? (size_t) (end - data) : size;

    if (pserver_jsonpath_parse(text, &path) != PSERVER_OK) {
        return 0;
    }

    if (end
        && pserver_json_parse(end + 1, size - text.len - 1, &limits, &doc)
           == PSERVER_OK)
    {
        check(path, pserver_json_root(doc));
        pserver_json_free(doc);
    }

    pserver_jsonpath_free(path);

    return 0;
}
