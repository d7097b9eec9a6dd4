/*
 * What an owner asks about an app, and the answer, which is JSON whatever the
 * question was.
 */

#include <stdlib.h>
#include <string.h>

#include "core/explain.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                               len;
    u_char                              *text;
    const char                          *field;
    pserver_facts_t                      facts;
    pserver_verdict_t                    verdict;
    pserver_explain_t                    explain;
    pserver_question_t                   question;
    pserver_json_doc_t                  *doc;
    pserver_decision_e                   decision;
    static const pserver_json_limits_t   limits = { 8, 1000 };

    if (pserver_explain_parse(data, size, &explain, &field) != PSERVER_OK) {
        return 0;
    }

    memset(&facts, 0, sizeof(pserver_facts_t));
    memset(&question, 0, sizeof(pserver_question_t));

    /* its texts are the input's, as if the chain had said so */

    memset(&facts.grantor, 0x11, sizeof(facts.grantor));
    facts.grantee = explain.app;
    facts.url = explain.operation;
    facts.text = explain.scope;
    facts.files = 1;
    facts.file[0].owner = facts.grantor;
    facts.file[0].url = explain.scope;

    question.app = explain.app;
    question.operation = explain.operation;
    question.parameters = explain.parameters;
    question.scope = explain.scope;
    question.served = 1;

    decision = explain.scope.len ? PSERVER_DECIDE_READ : PSERVER_DECIDE_RUN;

    pserver_permission_decide(decision, &facts, &question, &verdict);

    len = pserver_explain_write(NULL, decision, &facts, &verdict);
    text = malloc(len);

    if (pserver_explain_write(text, decision, &facts, &verdict) != len
        || pserver_json_parse(text, len, &limits, &doc) != PSERVER_OK)
    {
        abort();
    }

    pserver_json_free(doc);
    free(text);
    pserver_explain_free(&explain);

    return 0;
}
