/*
 * The decision, see permission.h.
 *
 * Each rule is one condition and the reason to say no where it does not
 * hold.  A decision is a list of rules, of which the first that does not
 * hold is the verdict.  The order is part of the interface: it says what a
 * client is told where more than one is broken, and that nobody learns of a
 * later fact without having passed the earlier rules.
 */

#include <string.h>

#include "permission.h"


typedef pserver_reason_e (*permission_rule_pt)(const pserver_facts_t *f,
    const pserver_question_t *q, pserver_verdict_t *v);

typedef struct {
    const char           *name;
    permission_rule_pt    rule;      /* NULL: there is no more */
} permission_rule_t;


/* facts, the question, and what a later rule or the caller wants to know */

#define RULE(name)                                                            \
    static pserver_reason_e permission_##name(                                \
        const pserver_facts_t *f __attribute__((unused)),                     \
        const pserver_question_t *q __attribute__((unused)),                  \
        pserver_verdict_t *v __attribute__((unused)))

RULE(answered);
RULE(registered);
RULE(named);
RULE(exists);
RULE(served);
RULE(grantee);
RULE(active);
RULE(files);
RULE(grant_there);
RULE(grant_valid);
RULE(grant_app);
RULE(unexpired);
RULE(operation);
RULE(offered);
RULE(image);
RULE(parameters);
RULE(scopes);
RULE(filters);
RULE(covered);

static int permission_same(const pserver_address_t *a,
    const pserver_address_t *b);
static int permission_equal(pserver_str_t a, pserver_str_t b);


/* the compute API: what has to stand all the time, then what is asked for */

static const permission_rule_t  permission_run[] = {
    { "chain answered",               permission_answered },
    { "permission exists",            permission_exists },
    { "grantor is served here",       permission_served },
    { "app is the grantee",           permission_grantee },
    { "permission is active",         permission_active },
    { "files belong to the grantor",  permission_files },
    { "grant file is there",          permission_grant_there },
    { "grant file is valid",          permission_grant_valid },
    { "grant file names the app",     permission_grant_app },
    { "grant has not expired",        permission_unexpired },
    { "operation is the granted one", permission_operation },
    { "operation is offered",         permission_offered },
    { "image is the granted one",     permission_image },
    { "parameters are allowed",       permission_parameters },
    { NULL, NULL }
};

#define PERMISSION_STANDS  10        /* of those above */


/* the data API */

static const permission_rule_t  permission_read[] = {
    { "app is registered",            permission_registered },
    { "grant is named",               permission_named },
    { "permission exists",            permission_exists },
    { "permission is active",         permission_active },
    { "grant file is there",          permission_grant_there },
    { "grant file is valid",          permission_grant_valid },
    { "grant is for reading",         permission_scopes },
    { "grant has no filters",         permission_filters },
    { "grant has not expired",        permission_unexpired },
    { "grant covers the scope",       permission_covered },
    { "app is the grantee",           permission_grantee },
    { "grant file names the app",     permission_grant_app },
    { "grantor is served here",       permission_served },
    { NULL, NULL }
};


void
pserver_permission_decide(pserver_decision_e decision,
    const pserver_facts_t *facts, const pserver_question_t *question,
    pserver_verdict_t *verdict)
{
    size_t                    i, n;
    const permission_rule_t  *rules;

    memset(verdict, 0, sizeof(pserver_verdict_t));

    rules = (decision == PSERVER_DECIDE_READ) ? permission_read
                                              : permission_run;
    n = (decision == PSERVER_DECIDE_AGAIN) ? PERMISSION_STANDS : SIZE_MAX;

    for (i = 0; i < n && rules[i].rule; i++) {

        verdict->reason = rules[i].rule(facts, question, verdict);

        if (verdict->reason != PSERVER_ALLOWED) {
            verdict->offer = NULL;
            break;
        }
    }

    verdict->rule = i;
}


const char *
pserver_permission_rule(pserver_decision_e decision, size_t i)
{
    if (decision == PSERVER_DECIDE_AGAIN && i >= PERMISSION_STANDS) {
        return NULL;
    }

    return (decision == PSERVER_DECIDE_READ) ? permission_read[i].name
                                             : permission_run[i].name;
}


RULE(answered)
{
    return f ? PSERVER_ALLOWED : PSERVER_UNAVAILABLE;
}


RULE(registered)
{
    return q->registered ? PSERVER_ALLOWED : PSERVER_NOT_REGISTERED;
}


RULE(named)
{
    return f ? PSERVER_ALLOWED : PSERVER_GRANT_REQUIRED;
}


RULE(exists)
{
    return pserver_facts_none(&f->grantor) ? PSERVER_NO_PERMISSION
                                           : PSERVER_ALLOWED;
}


RULE(served)
{
    return q->served ? PSERVER_ALLOWED : PSERVER_NOT_SERVED;
}


RULE(grantee)
{
    if (pserver_facts_none(&f->grantee)) {
        return PSERVER_NO_GRANTEE;
    }

    return permission_same(&f->grantee, &q->app) ? PSERVER_ALLOWED
                                                 : PSERVER_NOT_GRANTEE;
}


RULE(active)
{
    switch (pserver_facts_when(&f->start_block, &f->end_block, f->block)) {

    case PSERVER_FACTS_BEFORE:
        return PSERVER_NOT_STARTED;

    case PSERVER_FACTS_AFTER:
        return PSERVER_ENDED;

    default: /* PSERVER_FACTS_DURING */
        return PSERVER_ALLOWED;
    }
}


RULE(files)
{
    size_t  i;

    if (f->files == 0) {
        return PSERVER_NO_FILES;
    }

    if (f->files > PSERVER_FACTS_FILES) {
        return PSERVER_TOO_MANY_FILES;
    }

    for (i = 0; i < f->files; i++) {
        if (!permission_same(&f->file[i].owner, &f->grantor)) {
            v->file = i;
            return PSERVER_FOREIGN_FILE;
        }
    }

    return PSERVER_ALLOWED;
}


RULE(grant_there)
{
    switch (f->state) {

    case PSERVER_FACTS_NO_GRANT:
        return PSERVER_GRANT_UNREADABLE;

    case PSERVER_FACTS_OTHER_GRANT:
        return PSERVER_GRANT_CHANGED;

    default:
        return PSERVER_ALLOWED;
    }
}


/* behind it, f->grant is there */

RULE(grant_valid)
{
    return (f->state == PSERVER_FACTS_GRANT) ? PSERVER_ALLOWED
                                             : PSERVER_GRANT_INVALID;
}


RULE(grant_app)
{
    return permission_same(&f->grant.grantee, &q->app)
           ? PSERVER_ALLOWED : PSERVER_GRANT_OTHER_APP;
}


RULE(unexpired)
{
    return pserver_grant_expired(&f->grant, q->now) ? PSERVER_GRANT_EXPIRED
                                                    : PSERVER_ALLOWED;
}


/* an app need not name it */

RULE(operation)
{
    return q->operation.len == 0
           || permission_equal(q->operation, f->grant.operation)
           ? PSERVER_ALLOWED : PSERVER_OTHER_OPERATION;
}


RULE(offered)
{
    size_t  i;

    for (i = 0; i < q->n; i++) {
        if (permission_equal(q->offers[i].name, f->grant.operation)) {
            v->offer = &q->offers[i];
            return PSERVER_ALLOWED;
        }
    }

    return PSERVER_NOT_OFFERED;
}


RULE(image)
{
    return f->grant.image.len == 0
           || permission_equal(f->grant.image, v->offer->image)
           ? PSERVER_ALLOWED : PSERVER_OTHER_IMAGE;
}


RULE(parameters)
{
    return pserver_grant_allows(q->parameters, v->offer->parameters,
                                v->offer->n)
           ? PSERVER_ALLOWED : PSERVER_BAD_PARAMETERS;
}


RULE(scopes)
{
    return f->grant.scopes && f->grant.scopes->count ? PSERVER_ALLOWED
                                                     : PSERVER_NO_SCOPES;
}


/* what is to be cut down is never read whole */

RULE(filters)
{
    return f->grant.filters ? PSERVER_GRANT_INVALID : PSERVER_ALLOWED;
}


RULE(covered)
{
    return q->list || pserver_grant_covers(&f->grant, q->scope)
           ? PSERVER_ALLOWED : PSERVER_SCOPE_NOT_COVERED;
}


static int
permission_same(const pserver_address_t *a, const pserver_address_t *b)
{
    return memcmp(a, b, sizeof(pserver_address_t)) == 0;
}


static int
permission_equal(pserver_str_t a, pserver_str_t b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}
