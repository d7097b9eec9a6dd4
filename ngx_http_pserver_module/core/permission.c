/*
 * The decision, see permission.h.
 *
 * Each rule is one condition and the reason to say no where it does not
 * hold.  The order of the rules is part of the interface: it says what a
 * client is told where more than one is broken, and that nobody learns of a
 * later fact without having passed the earlier rules.
 */

#include <string.h>

#include "encode.h"
#include "permission.h"


static pserver_reason_e permission_stands(const pserver_facts_t *f,
    const pserver_question_t *q, size_t *foreign);
static pserver_reason_e permission_operation(const pserver_facts_t *f,
    const pserver_question_t *q, const pserver_offer_t **offer);
static pserver_reason_e permission_reads(const pserver_facts_t *f,
    const pserver_read_question_t *q);

static pserver_reason_e permission_active(const pserver_facts_t *f);
static pserver_reason_e permission_files(const pserver_facts_t *f,
    size_t *foreign);
static const pserver_offer_t *permission_offer(const pserver_question_t *q,
    pserver_str_t name);
static int permission_same(const pserver_address_t *a,
    const pserver_address_t *b);
static int permission_equal(pserver_str_t a, pserver_str_t b);


void
pserver_permission_decide(const pserver_facts_t *facts,
    const pserver_question_t *question, pserver_verdict_t *verdict)
{
    pserver_permission_decide_again(facts, question, verdict);

    if (verdict->reason == PSERVER_ALLOWED) {
        verdict->reason = permission_operation(facts, question,
                                               &verdict->offer);
    }
}


void
pserver_permission_decide_again(const pserver_facts_t *facts,
    const pserver_question_t *question, pserver_verdict_t *verdict)
{
    memset(verdict, 0, sizeof(pserver_verdict_t));

    verdict->reason = PSERVER_UNAVAILABLE;

    if (facts) {
        verdict->reason = permission_stands(facts, question, &verdict->file);
    }
}


void
pserver_permission_decide_read(const pserver_facts_t *facts,
    const pserver_read_question_t *question, pserver_verdict_t *verdict)
{
    memset(verdict, 0, sizeof(pserver_verdict_t));

    verdict->reason = permission_reads(facts, question);
}


/* what must hold when an operation is asked for, starts, and hands out */

static pserver_reason_e
permission_stands(const pserver_facts_t *f, const pserver_question_t *q,
    size_t *foreign)
{
    pserver_reason_e  reason;

    if (pserver_facts_none(&f->grantor)) {
        return PSERVER_NO_PERMISSION;
    }

    if (!q->served) {
        return PSERVER_NOT_SERVED;
    }

    if (pserver_facts_none(&f->grantee)) {
        return PSERVER_NO_GRANTEE;
    }

    if (!permission_same(&f->grantee, &q->app)) {
        return PSERVER_NOT_GRANTEE;
    }

    reason = permission_active(f);

    if (reason != PSERVER_ALLOWED) {
        return reason;
    }

    reason = permission_files(f, foreign);

    if (reason != PSERVER_ALLOWED) {
        return reason;
    }

    if (f->state == PSERVER_FACTS_NO_GRANT) {
        return PSERVER_GRANT_UNREADABLE;
    }

    if (f->state == PSERVER_FACTS_OTHER_GRANT) {
        return PSERVER_GRANT_CHANGED;
    }

    if (f->state != PSERVER_FACTS_GRANT) {
        return PSERVER_GRANT_INVALID;
    }

    if (!permission_same(&f->grant.grantee, &q->app)) {
        return PSERVER_GRANT_OTHER_APP;
    }

    if (pserver_grant_expired(&f->grant, q->now)) {
        return PSERVER_GRANT_EXPIRED;
    }

    return PSERVER_ALLOWED;
}


/* what must hold besides when it is asked for */

static pserver_reason_e
permission_operation(const pserver_facts_t *f, const pserver_question_t *q,
    const pserver_offer_t **offer)
{
    const pserver_offer_t  *offered;

    if (q->operation.len
        && !permission_equal(q->operation, f->grant.operation))
    {
        return PSERVER_OTHER_OPERATION;
    }

    offered = permission_offer(q, f->grant.operation);

    if (offered == NULL) {
        return PSERVER_NOT_OFFERED;
    }

    if (f->grant.image.len
        && !permission_equal(f->grant.image, offered->image))
    {
        return PSERVER_OTHER_IMAGE;
    }

    if (!pserver_grant_allows(q->parameters, offered->parameters, offered->n))
    {
        return PSERVER_BAD_PARAMETERS;
    }

    *offer = offered;

    return PSERVER_ALLOWED;
}


/* what must hold when an app reads a scope */

static pserver_reason_e
permission_reads(const pserver_facts_t *f, const pserver_read_question_t *q)
{
    pserver_reason_e  reason;

    if (!q->registered) {
        return PSERVER_NOT_REGISTERED;
    }

    if (f == NULL) {
        return PSERVER_GRANT_REQUIRED;
    }

    if (pserver_facts_none(&f->grantor)) {
        return PSERVER_NO_PERMISSION;
    }

    reason = permission_active(f);

    if (reason != PSERVER_ALLOWED) {
        return reason;
    }

    if (f->state == PSERVER_FACTS_NO_GRANT) {
        return PSERVER_GRANT_UNREADABLE;
    }

    if (f->state == PSERVER_FACTS_OTHER_GRANT) {
        return PSERVER_GRANT_CHANGED;
    }

    if (f->state != PSERVER_FACTS_GRANT) {
        return PSERVER_GRANT_INVALID;
    }

    if (f->grant.scopes == NULL || f->grant.scopes->count == 0) {
        return PSERVER_NO_SCOPES;
    }

    /* what is to be cut down is never read whole */

    if (f->grant.filters) {
        return PSERVER_GRANT_INVALID;
    }

    if (pserver_grant_expired(&f->grant, q->now)) {
        return PSERVER_GRANT_EXPIRED;
    }

    if (!pserver_grant_covers(&f->grant, q->scope)) {
        return PSERVER_SCOPE_NOT_COVERED;
    }

    if (pserver_facts_none(&f->grantee)) {
        return PSERVER_NO_GRANTEE;
    }

    if (!permission_same(&f->grantee, &q->app)) {
        return PSERVER_NOT_GRANTEE;
    }

    if (!permission_same(&f->grant.grantee, &q->app)) {
        return PSERVER_GRANT_OTHER_APP;
    }

    if (!q->served) {
        return PSERVER_NOT_SERVED;
    }

    return PSERVER_ALLOWED;
}


/* startBlock <= head, and no end or head < endBlock */

static pserver_reason_e
permission_active(const pserver_facts_t *f)
{
    pserver_word_t  head;

    static const pserver_word_t  never = {{
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    }};

    pserver_word_from_uint64(&head, f->block);

    if (memcmp(&f->start_block, &head, sizeof(head)) > 0) {
        return PSERVER_NOT_STARTED;
    }

    if (memcmp(&f->end_block, &never, sizeof(never)) != 0
        && memcmp(&head, &f->end_block, sizeof(head)) >= 0)
    {
        return PSERVER_ENDED;
    }

    return PSERVER_ALLOWED;
}


static pserver_reason_e
permission_files(const pserver_facts_t *f, size_t *foreign)
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
            *foreign = i;
            return PSERVER_FOREIGN_FILE;
        }
    }

    return PSERVER_ALLOWED;
}


static const pserver_offer_t *
permission_offer(const pserver_question_t *q, pserver_str_t name)
{
    size_t  i;

    for (i = 0; i < q->n; i++) {
        if (permission_equal(q->offers[i].name, name)) {
            return &q->offers[i];
        }
    }

    return NULL;
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
