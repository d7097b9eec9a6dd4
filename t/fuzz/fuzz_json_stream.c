/*
 * The incremental check against the parser: what core/json takes as an
 * object is one, and where the text is cut makes no difference.
 */

#include "core/json.h"
#include "core/json_stream.h"

#include <stdlib.h>


static int
fuzz_feed(const uint8_t *data, size_t len, size_t cut)
{
    pserver_json_stream_t  js;

    pserver_json_stream_init(&js);

    (void) pserver_json_stream_feed(&js, data, cut);
    (void) pserver_json_stream_feed(&js, data + cut, len - cut);

    return pserver_json_stream_end(&js);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int                                 rc;
    pserver_json_doc_t                 *doc;
    static const pserver_json_limits_t  limits = { 400, 100000 };

    if (len == 0) {
        return 0;
    }

    rc = fuzz_feed(data + 1, len - 1, 0);

    if (rc != fuzz_feed(data + 1, len - 1, data[0] % len)) {
        abort();
    }

    if (pserver_json_parse(data + 1, len - 1, &limits, &doc) == PSERVER_OK) {

        if ((pserver_json_root(doc)->type == PSERVER_JSON_OBJECT)
            != (rc == PSERVER_OK))
        {
            abort();
        }

        pserver_json_free(doc);
    }

    return 0;
}
