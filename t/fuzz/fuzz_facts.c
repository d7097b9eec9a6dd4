/*
 * Sets of facts: what is taken is written again, byte for byte, and can be
 * decided upon.
 */

#include <stdlib.h>
#include <string.h>

#include "core/permission.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                    len;
    u_char                   *copy;
    pserver_facts_t           facts;
    pserver_verdict_t         verdict;
    pserver_question_t        question;

    if (pserver_facts_unpack(data, size, &facts) != PSERVER_OK) {
        return 0;
    }

    len = pserver_facts_len(&facts);
    copy = malloc(len);

    if (len != size
        || pserver_facts_pack(copy, &facts) != copy + len
        || memcmp(copy, data, len) != 0)
    {
        abort();
    }

    free(copy);

    memset(&question, 0, sizeof(question));
    question.served = 1;
    question.registered = 1;
    question.app = facts.grantee;

    pserver_permission_decide(PSERVER_DECIDE_RUN, &facts, &question,
                              &verdict);
    pserver_permission_decide(PSERVER_DECIDE_READ, &facts, &question,
                              &verdict);

    pserver_facts_free(&facts);

    return 0;
}
