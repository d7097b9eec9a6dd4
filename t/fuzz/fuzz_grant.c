/*
 * Grant files: what was merged is JSON again, and of the same parameters.
 */

#include <stdlib.h>

#include "core/grant.h"
#include "core/scope.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t           text, out;
    pserver_grant_t         grant;
    pserver_json_doc_t     *doc;
    pserver_scope_url_t     url;
    pserver_grant_fault_e   fault;

    static const pserver_json_limits_t  limits = { 64, 65536 };

    text.data = (u_char *) data;
    text.len = size;

    if (pserver_scope_url(text, &url) == PSERVER_OK
        && (!pserver_scope_valid(url.scope)
            || url.origin.text.data != data
            || url.origin.host.len == 0))
    {
        abort();
    }

    if (pserver_grant_parse(data, size, &grant, &fault) != PSERVER_OK) {
        if (fault == PSERVER_GRANT_VALID) {
            abort();
        }

        return 0;
    }

    (void) pserver_grant_covers(&grant, grant.operation);
    (void) pserver_grant_allows(grant.parameters, &grant.operation, 1);

    if (pserver_grant_merge(&grant, grant.parameters, &out) != PSERVER_OK
        || pserver_json_parse(out.data, out.len, &limits, &doc)
           != PSERVER_OK
        || pserver_json_root(doc)->count > grant.parameters->count)
    {
        abort();
    }

    pserver_json_free(doc);
    free(out.data);
    pserver_grant_free(&grant);

    return 0;
}
