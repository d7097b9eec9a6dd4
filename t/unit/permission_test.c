/*
 * The decision: from a set of facts that allows, a row for every way to say
 * no and for both sides of every edge.
 */

#include "core/encode.h"
#include "core/permission.h"
#include "test.h"


#define HEAD  1000

#define GRANT(grantee, operation, more)                                       \
    "{\"grantee\":\"0x" grantee "\",\"operation\":\"" operation "\","         \
    "\"parameters\":" more "}"

#define APP       "aabbccddeeff00112233445566778899aabbccdd"
#define APP_UPPER "AABBCCDDEEFF00112233445566778899AABBCCDD"
#define OTHER     "aabbccddeeff00112233445566778899aabbccde"

#define RUN_GRANT   GRANT(APP, "word_count", "{\"filters\":{}}")
#define READ_GRANT  GRANT(APP, "data_read",                                   \
                          "{\"scopes\":[\"demo.messages\",\"a.b.*\"]}")


typedef struct {
    pserver_facts_t           facts;
    pserver_question_t        question;
    pserver_question_t        read;
    pserver_json_doc_t       *parameters;
    int                       no_facts;
} fixture_t;


static const pserver_str_t  names[] = { pserver_string("query") };

static const pserver_offer_t  offers[] = {
    { pserver_string("search"), pserver_string("sha256:02"), names, 1 },
    { pserver_string("word_count"), pserver_string("sha256:01"), names, 1 }
};


static pserver_str_t
str(const char *text)
{
    pserver_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static pserver_address_t
address(const char *text)
{
    pserver_address_t  a;

    CHECK_INT(pserver_hex_decode(a.bytes, 20, str(text)), PSERVER_OK);

    return a;
}


static void
fixture(fixture_t *t, const char *grant)
{
    memset(t, 0, sizeof(fixture_t));

    t->facts.chain_id = 31337;
    t->facts.block = HEAD;
    pserver_word_from_uint64(&t->facts.id, 7);
    memset(&t->facts.grantor, 0x11, 20);
    pserver_word_from_uint64(&t->facts.grantee_id, 3);
    pserver_word_from_uint64(&t->facts.start_block, HEAD - 10);
    memset(&t->facts.end_block, 0xff, 32);
    t->facts.url = str("ipfs://x");
    t->facts.files = 2;
    t->facts.grantee = address(APP);
    t->facts.file[0].owner = t->facts.grantor;
    t->facts.file[1].owner = t->facts.grantor;
    t->facts.text = str(grant);

    t->question.app = address(APP);
    t->question.now = 5000;
    t->question.served = 1;
    t->question.offers = offers;
    t->question.n = 2;

    t->read.app = address(APP);
    t->read.now = 5000;
    t->read.served = 1;
    t->read.registered = 1;
    t->read.scope = str("demo.messages");
}


/* what a row changes */

static void nothing(fixture_t *t) { (void) t; }
static void no_facts(fixture_t *t) { t->no_facts = 1; }


static void
no_permission(fixture_t *t)
{
    memset(&t->facts.grantor, 0, 20);
    t->facts.files = 0;
}


/* the id is filled in, files of nobody "belong" to nobody */

static void
zeros(fixture_t *t)
{
    pserver_word_t  id;

    id = t->facts.id;
    memset(&t->facts, 0, sizeof(t->facts));
    t->facts.id = id;
    t->facts.files = 1;
}


static void
last_byte_of_grantor(fixture_t *t)
{
    memset(&t->facts.grantor, 0, 20);
    t->facts.grantor.bytes[19] = 1;
    t->facts.file[0].owner = t->facts.grantor;
    t->facts.file[1].owner = t->facts.grantor;
}


static void
not_served(fixture_t *t)
{
    t->question.served = 0;
    t->read.served = 0;
}


static void no_grantee(fixture_t *t) { memset(&t->facts.grantee, 0, 20); }


static void
no_grantee_and_app_is_zero(fixture_t *t)
{
    memset(&t->facts.grantee, 0, 20);
    memset(&t->question.app, 0, 20);
    memset(&t->read.app, 0, 20);
    t->facts.text = str(GRANT("0000000000000000000000000000000000000000",
                              "data_read", "{\"scopes\":[\"*\"]}"));
}


static void grantee_first(fixture_t *t) { t->facts.grantee.bytes[0] ^= 1; }
static void grantee_last(fixture_t *t) { t->facts.grantee.bytes[19] ^= 1; }


/* the grantor's own key is no app's */

static void
grantor_asks(fixture_t *t)
{
    t->question.app = t->facts.grantor;
    t->read.app = t->facts.grantor;
}


static void
start_is_head(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.start_block, HEAD);
}


static void
start_is_next(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.start_block, HEAD + 1);
}


static void
start_is_zero(fixture_t *t)
{
    memset(&t->facts.start_block, 0, 32);
}


/* in the lowest 64 bits it would be in the past */

static void
start_is_huge(fixture_t *t)
{
    t->facts.start_block.bytes[0] = 1;
}


static void
end_is_head(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.end_block, HEAD);
}


static void
end_is_next(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.end_block, HEAD + 1);
}


static void
end_is_before(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.end_block, HEAD - 1);
}


static void end_is_zero(fixture_t *t) { memset(&t->facts.end_block, 0, 32); }
static void end_nearly_never(fixture_t *t) { t->facts.end_block.bytes[31]--; }


static void
end_is_64_bits(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.end_block, UINT64_MAX);
}


static void
end_is_huge_and_low(fixture_t *t)
{
    pserver_word_from_uint64(&t->facts.end_block, HEAD - 1);
    t->facts.end_block.bytes[23] = 1;
}


static void
head_is_64_bits_of_end(fixture_t *t)
{
    t->facts.block = UINT64_MAX;
}


static void no_files(fixture_t *t) { t->facts.files = 0; }
static void one_file(fixture_t *t) { t->facts.files = 1; }


static void
all_files(fixture_t *t)
{
    size_t  i;

    for (i = 0; i < PSERVER_FACTS_FILES; i++) {
        t->facts.file[i].owner = t->facts.grantor;
    }

    t->facts.files = PSERVER_FACTS_FILES;
}


static void
too_many_files(fixture_t *t)
{
    all_files(t);
    t->facts.files = PSERVER_FACTS_FILES + 1;
}


static void huge_files(fixture_t *t) { t->facts.files = UINT64_MAX; }


static void
first_file_foreign(fixture_t *t)
{
    t->facts.file[0].owner.bytes[0] ^= 1;
}


static void
last_file_foreign(fixture_t *t)
{
    t->facts.file[1].owner.bytes[19] ^= 1;
}


static void
last_of_all_foreign(fixture_t *t)
{
    all_files(t);
    t->facts.file[PSERVER_FACTS_FILES - 1].owner = t->facts.grantee;
}


static void
no_such_file(fixture_t *t)
{
    memset(&t->facts.file[1].owner, 0, 20);
}


static void file_of_app(fixture_t *t) { t->facts.file[1].owner = t->read.app; }


static void no_grant(fixture_t *t) { t->facts.text = str(""); }
static void bad_grant(fixture_t *t) { t->facts.text = str("{}"); }
static void other_grant(fixture_t *t) { no_grant(t); t->facts.other = 1; }


static void
grant_names_other(fixture_t *t)
{
    t->facts.text = str(GRANT(OTHER, "word_count", "{}"));
}


static void
grant_in_upper_case(fixture_t *t)
{
    t->facts.text = str(GRANT(APP_UPPER, "word_count", "{}"));
}


#define EXPIRES(n)                                                            \
    "{\"grantee\":\"0x" APP "\",\"operation\":\"word_count\","                \
    "\"parameters\":{},\"expires\":" n "}"

static void expires_0(fixture_t *t) { t->facts.text = str(EXPIRES("0")); }
static void expires_1(fixture_t *t) { t->facts.text = str(EXPIRES("1")); }
static void expires_now(fixture_t *t) { t->facts.text = str(EXPIRES("5000")); }
static void expired(fixture_t *t) { t->facts.text = str(EXPIRES("4999")); }


static void
same_operation(fixture_t *t)
{
    t->question.operation = str("word_count");
}


static void
other_operation(fixture_t *t)
{
    t->question.operation = str("search");
}


static void
longer_operation(fixture_t *t)
{
    t->question.operation = str("word_count2");
}


static void
grant_not_offered(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "no_such", "{}"));
}


static void
grant_prefix_offered(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "word_coun", "{}"));
}


static void
grant_to_read(fixture_t *t)
{
    t->facts.text = str(READ_GRANT);
}


static void nothing_offered(fixture_t *t) { t->question.n = 0; }


static void
same_image(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "word_count",
                              "{\"image\":\"sha256:01\"}"));
}


static void
other_image(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "word_count",
                              "{\"image\":\"sha256:02\"}"));
}


static void
parameters(fixture_t *t, const char *text)
{
    static const pserver_json_limits_t  limits = { 8, 64 };

    CHECK_INT(pserver_json_parse((u_char *) text, strlen(text), &limits,
                                 &t->parameters), PSERVER_OK);

    t->question.parameters = pserver_json_root(t->parameters);
}


static void good_parameter(fixture_t *t) { parameters(t, "{\"query\":1}"); }
static void bad_parameter(fixture_t *t) { parameters(t, "{\"quer\":1}"); }
static void own_filters(fixture_t *t) { parameters(t, "{\"filters\":{}}"); }
static void own_image(fixture_t *t) { parameters(t, "{\"image\":\"x\"}"); }


/* what two broken rules say */

static void
ended_and_no_grant(fixture_t *t)
{
    end_is_head(t);
    no_grant(t);
}


static void
not_grantee_and_ended(fixture_t *t)
{
    grantee_last(t);
    end_is_head(t);
}


static void
not_served_and_not_grantee(fixture_t *t)
{
    not_served(t);
    grantee_last(t);
}


static void
not_served_and_no_grantee(fixture_t *t)
{
    not_served(t);
    no_grantee(t);
}


static void
ended_and_no_files(fixture_t *t)
{
    end_is_head(t);
    no_files(t);
}


static void
foreign_and_bad_grant(fixture_t *t)
{
    last_file_foreign(t);
    bad_grant(t);
}


static void
other_app_and_expired(fixture_t *t)
{
    t->facts.text = str("{\"grantee\":\"0x" OTHER "\",\"operation\":\"x\","
                        "\"parameters\":{},\"expires\":1}");
}


static void
other_operation_not_offered(fixture_t *t)
{
    grant_not_offered(t);
    same_operation(t);
}


static void
other_image_and_parameter(fixture_t *t)
{
    other_image(t);
    bad_parameter(t);
}


#define ROW(change, reason)  { #change, change, reason }

static const struct {
    const char        *name;
    void             (*change)(fixture_t *t);
    pserver_reason_e   reason;
} rows[] = {
    ROW(nothing, PSERVER_ALLOWED),
    ROW(no_facts, PSERVER_UNAVAILABLE),

    ROW(no_permission, PSERVER_NO_PERMISSION),
    ROW(zeros, PSERVER_NO_PERMISSION),
    ROW(last_byte_of_grantor, PSERVER_ALLOWED),
    ROW(not_served, PSERVER_NOT_SERVED),

    ROW(no_grantee, PSERVER_NO_GRANTEE),
    ROW(no_grantee_and_app_is_zero, PSERVER_NO_GRANTEE),
    ROW(grantee_first, PSERVER_NOT_GRANTEE),
    ROW(grantee_last, PSERVER_NOT_GRANTEE),
    ROW(grantor_asks, PSERVER_NOT_GRANTEE),

    ROW(start_is_head, PSERVER_ALLOWED),
    ROW(start_is_zero, PSERVER_ALLOWED),
    ROW(start_is_next, PSERVER_NOT_STARTED),
    ROW(start_is_huge, PSERVER_NOT_STARTED),
    ROW(end_is_next, PSERVER_ALLOWED),
    ROW(end_is_64_bits, PSERVER_ALLOWED),
    ROW(end_is_huge_and_low, PSERVER_ALLOWED),
    ROW(end_nearly_never, PSERVER_ALLOWED),
    ROW(head_is_64_bits_of_end, PSERVER_ALLOWED),
    ROW(end_is_head, PSERVER_ENDED),
    ROW(end_is_before, PSERVER_ENDED),
    ROW(end_is_zero, PSERVER_ENDED),

    ROW(one_file, PSERVER_ALLOWED),
    ROW(all_files, PSERVER_ALLOWED),
    ROW(no_files, PSERVER_NO_FILES),
    ROW(too_many_files, PSERVER_TOO_MANY_FILES),
    ROW(huge_files, PSERVER_TOO_MANY_FILES),
    ROW(first_file_foreign, PSERVER_FOREIGN_FILE),
    ROW(last_file_foreign, PSERVER_FOREIGN_FILE),
    ROW(last_of_all_foreign, PSERVER_FOREIGN_FILE),
    ROW(no_such_file, PSERVER_FOREIGN_FILE),
    ROW(file_of_app, PSERVER_FOREIGN_FILE),

    ROW(no_grant, PSERVER_GRANT_UNREADABLE),
    ROW(other_grant, PSERVER_GRANT_CHANGED),
    ROW(bad_grant, PSERVER_GRANT_INVALID),
    ROW(grant_names_other, PSERVER_GRANT_OTHER_APP),
    ROW(grant_in_upper_case, PSERVER_ALLOWED),
    ROW(expires_0, PSERVER_ALLOWED),
    ROW(expires_now, PSERVER_ALLOWED),
    ROW(expired, PSERVER_GRANT_EXPIRED),
    ROW(expires_1, PSERVER_GRANT_EXPIRED),

    ROW(same_operation, PSERVER_ALLOWED),
    ROW(other_operation, PSERVER_OTHER_OPERATION),
    ROW(longer_operation, PSERVER_OTHER_OPERATION),
    ROW(grant_not_offered, PSERVER_NOT_OFFERED),
    ROW(grant_prefix_offered, PSERVER_NOT_OFFERED),
    ROW(grant_to_read, PSERVER_NOT_OFFERED),
    ROW(nothing_offered, PSERVER_NOT_OFFERED),
    ROW(same_image, PSERVER_ALLOWED),
    ROW(other_image, PSERVER_OTHER_IMAGE),
    ROW(good_parameter, PSERVER_ALLOWED),
    ROW(bad_parameter, PSERVER_BAD_PARAMETERS),
    ROW(own_filters, PSERVER_BAD_PARAMETERS),
    ROW(own_image, PSERVER_BAD_PARAMETERS),

    ROW(not_served_and_no_grantee, PSERVER_NOT_SERVED),
    ROW(not_served_and_not_grantee, PSERVER_NOT_SERVED),
    ROW(not_grantee_and_ended, PSERVER_NOT_GRANTEE),
    ROW(ended_and_no_files, PSERVER_ENDED),
    ROW(ended_and_no_grant, PSERVER_ENDED),
    ROW(foreign_and_bad_grant, PSERVER_FOREIGN_FILE),
    ROW(other_app_and_expired, PSERVER_GRANT_OTHER_APP),
    ROW(other_operation_not_offered, PSERVER_OTHER_OPERATION),
    ROW(other_image_and_parameter, PSERVER_OTHER_IMAGE)
};


/* of the reasons of rule 9, which do not concern a check that comes later */

static pserver_reason_e
later(pserver_reason_e reason)
{
    switch (reason) {

    case PSERVER_OTHER_OPERATION:
    case PSERVER_NOT_OFFERED:
    case PSERVER_OTHER_IMAGE:
    case PSERVER_BAD_PARAMETERS:
        return PSERVER_ALLOWED;

    default:
        return reason;
    }
}


TEST(operations)
{
    size_t             i;
    fixture_t          t;
    pserver_facts_t   *facts;
    pserver_verdict_t  verdict;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {

        fixture(&t, RUN_GRANT);
        rows[i].change(&t);

        CHECK_INT(pserver_facts_grant(&t.facts), PSERVER_OK);
        facts = t.no_facts ? NULL : &t.facts;

        memset(&verdict, 0xff, sizeof(verdict));
        pserver_permission_decide(PSERVER_DECIDE_RUN, facts, &t.question,
                                  &verdict);

        if (!CHECK_INT(verdict.reason, rows[i].reason)
            || !CHECK(verdict.offer == (verdict.reason == PSERVER_ALLOWED
                                        ? &offers[1] : NULL)))
        {
            fprintf(stderr, "    in the row \"%s\"\n", rows[i].name);
        }

        memset(&verdict, 0xff, sizeof(verdict));
        pserver_permission_decide(PSERVER_DECIDE_AGAIN, facts, &t.question,
                                  &verdict);

        if (!CHECK_INT(verdict.reason, later(rows[i].reason))
            || !CHECK(verdict.offer == NULL))
        {
            fprintf(stderr, "    again, in the row \"%s\"\n", rows[i].name);
        }

        pserver_facts_free(&t.facts);

        if (t.parameters) {
            pserver_json_free(t.parameters);
        }
    }
}


TEST(which_file)
{
    fixture_t          t;
    pserver_verdict_t  verdict;

    fixture(&t, RUN_GRANT);
    last_of_all_foreign(&t);

    pserver_permission_decide(PSERVER_DECIDE_RUN, &t.facts, &t.question,
                              &verdict);
    CHECK_INT(verdict.reason, PSERVER_FOREIGN_FILE);
    CHECK_INT(verdict.file, PSERVER_FACTS_FILES - 1);
}


/* reads: the same changes, another order and other answers */

static void
not_registered(fixture_t *t)
{
    t->read.registered = 0;
}


static void
not_registered_no_facts(fixture_t *t)
{
    not_registered(t);
    no_facts(t);
}


static void
read_by_upper_case(fixture_t *t)
{
    t->facts.text = str(GRANT(APP_UPPER, "data_read", "{\"scopes\":[\"*\"]}"));
}


static void
no_scopes(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "data_read", "{}"));
}


static void
empty_scopes(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "data_read", "{\"scopes\":[]}"));
}


static void
scopes_of_other_operation(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "word_count", "{\"scopes\":[\"*\"]}"));
}


static void
bad_scopes(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "data_read", "{\"scopes\":[1]}"));
}


static void by_prefix(fixture_t *t) { t->read.scope = str("a.b.c"); }
static void by_no_prefix(fixture_t *t) { t->read.scope = str("a.b"); }
static void other_scope(fixture_t *t) { t->read.scope = str("demo.message"); }
static void other_case(fixture_t *t) { t->read.scope = str("demo.Messages"); }


static void
read_with_filters(fixture_t *t)
{
    t->facts.text = str(GRANT(APP, "data_read",
                              "{\"scopes\":[\"*\"],"
                              "\"filters\":{\"1\":\"$.a\"}}"));
}


static void
read_names_other(fixture_t *t)
{
    t->facts.text = str(GRANT(OTHER, "data_read", "{\"scopes\":[\"*\"]}"));
}


static void
read_expired(fixture_t *t)
{
    t->facts.text = str("{\"grantee\":\"0x" OTHER "\",\"operation\":"
                        "\"data_read\",\"parameters\":{\"scopes\":[\"x.y\"]},"
                        "\"expires\":4999}");
}


static void
ended_not_grantee(fixture_t *t)
{
    end_is_head(t);
    grantee_last(t);
    not_served(t);
}


static void
not_covered_not_grantee(fixture_t *t)
{
    other_scope(t);
    grantee_last(t);
    not_served(t);
}


static void
not_grantee_not_served(fixture_t *t)
{
    grantee_last(t);
    not_served(t);
}


static const struct {
    const char        *name;
    void             (*change)(fixture_t *t);
    pserver_reason_e   reason;
} reads[] = {
    ROW(nothing, PSERVER_ALLOWED),
    ROW(not_registered, PSERVER_NOT_REGISTERED),
    ROW(not_registered_no_facts, PSERVER_NOT_REGISTERED),
    ROW(no_facts, PSERVER_GRANT_REQUIRED),
    ROW(no_permission, PSERVER_NO_PERMISSION),
    ROW(zeros, PSERVER_NO_PERMISSION),

    ROW(start_is_head, PSERVER_ALLOWED),
    ROW(start_is_next, PSERVER_NOT_STARTED),
    ROW(end_is_next, PSERVER_ALLOWED),
    ROW(end_is_head, PSERVER_ENDED),

    ROW(no_grant, PSERVER_GRANT_UNREADABLE),
    ROW(other_grant, PSERVER_GRANT_CHANGED),
    ROW(bad_grant, PSERVER_GRANT_INVALID),
    ROW(bad_scopes, PSERVER_GRANT_INVALID),
    ROW(no_scopes, PSERVER_NO_SCOPES),
    ROW(empty_scopes, PSERVER_NO_SCOPES),
    ROW(scopes_of_other_operation, PSERVER_NO_SCOPES),
    ROW(read_with_filters, PSERVER_GRANT_INVALID),
    ROW(read_expired, PSERVER_GRANT_EXPIRED),

    ROW(by_prefix, PSERVER_ALLOWED),
    ROW(by_no_prefix, PSERVER_SCOPE_NOT_COVERED),
    ROW(other_scope, PSERVER_SCOPE_NOT_COVERED),
    ROW(other_case, PSERVER_SCOPE_NOT_COVERED),

    ROW(no_grantee, PSERVER_NO_GRANTEE),
    ROW(no_grantee_and_app_is_zero, PSERVER_NO_GRANTEE),
    ROW(grantee_first, PSERVER_NOT_GRANTEE),
    ROW(grantee_last, PSERVER_NOT_GRANTEE),
    ROW(grantor_asks, PSERVER_NOT_GRANTEE),
    ROW(read_names_other, PSERVER_GRANT_OTHER_APP),
    ROW(read_by_upper_case, PSERVER_ALLOWED),
    ROW(not_served, PSERVER_NOT_SERVED),

    /* the files of the permission do not matter to a read by scope */
    ROW(no_files, PSERVER_ALLOWED),
    ROW(first_file_foreign, PSERVER_ALLOWED),

    ROW(ended_not_grantee, PSERVER_ENDED),
    ROW(not_covered_not_grantee, PSERVER_SCOPE_NOT_COVERED),
    ROW(not_grantee_not_served, PSERVER_NOT_GRANTEE)
};


TEST(reading)
{
    size_t             i;
    fixture_t          t;
    pserver_verdict_t  verdict;

    for (i = 0; i < sizeof(reads) / sizeof(*reads); i++) {

        fixture(&t, READ_GRANT);
        reads[i].change(&t);

        CHECK_INT(pserver_facts_grant(&t.facts), PSERVER_OK);

        memset(&verdict, 0xff, sizeof(verdict));
        pserver_permission_decide(PSERVER_DECIDE_READ,
                                  t.no_facts ? NULL : &t.facts, &t.read,
                                  &verdict);

        if (!CHECK_INT(verdict.reason, reads[i].reason)) {
            fprintf(stderr, "    in the row \"%s\"\n", reads[i].name);
        }

        pserver_facts_free(&t.facts);
    }
}


/* the rule that did not hold is the one that the reason is of */

TEST(which_rule)
{
    size_t             i, n;
    fixture_t          t;
    pserver_verdict_t  verdict;

    static const struct {
        void                (*change)(fixture_t *t);
        pserver_decision_e    decision;
        const char           *rule;
    } rules[] = {
        { no_permission, PSERVER_DECIDE_RUN, "permission exists" },
        { grantor_asks, PSERVER_DECIDE_RUN, "app is the grantee" },
        { other_image, PSERVER_DECIDE_RUN, "image is the granted one" },
        { bad_parameter, PSERVER_DECIDE_RUN, "parameters are allowed" },
        { expired, PSERVER_DECIDE_AGAIN, "grant has not expired" },
        { other_image, PSERVER_DECIDE_AGAIN, NULL },
        { nothing, PSERVER_DECIDE_RUN, NULL },
        { not_registered, PSERVER_DECIDE_READ, "app is registered" },
        { no_permission, PSERVER_DECIDE_READ, "permission exists" }
    };

    for (i = 0; i < sizeof(rules) / sizeof(*rules); i++) {

        fixture(&t, rules[i].decision == PSERVER_DECIDE_READ ? READ_GRANT
                                                             : RUN_GRANT);
        rules[i].change(&t);

        CHECK_INT(pserver_facts_grant(&t.facts), PSERVER_OK);

        pserver_permission_decide(rules[i].decision, &t.facts,
                                  rules[i].decision == PSERVER_DECIDE_READ
                                  ? &t.read : &t.question, &verdict);

        if (rules[i].rule) {
            CHECK(strcmp(pserver_permission_rule(rules[i].decision,
                                                 verdict.rule),
                         rules[i].rule) == 0);

        } else {
            CHECK(pserver_permission_rule(rules[i].decision, verdict.rule)
                  == NULL);
        }

        pserver_facts_free(&t.facts);

        if (t.parameters) {
            pserver_json_free(t.parameters);
        }
    }

    /* what is asked again is what was asked first, as far as it goes */

    for (n = 0; pserver_permission_rule(PSERVER_DECIDE_AGAIN, n); n++) {
        CHECK(pserver_permission_rule(PSERVER_DECIDE_AGAIN, n)
              == pserver_permission_rule(PSERVER_DECIDE_RUN, n));
    }

    CHECK_INT(n, 10);
}


/* what clients are told, word by word of the protocol */

TEST(answers)
{
    size_t  i;

    static const struct {
        pserver_reason_e   reason;
        unsigned           compute;
        const char        *code;
        unsigned           read;
        const char        *error_code;
    } told[] = {
        { PSERVER_UNAVAILABLE, 503, "BLOCKCHAIN_ERROR",
          503, "BLOCKCHAIN_ERROR" },
        { PSERVER_NO_PERMISSION, 404, "NOT_FOUND_ERROR",
          403, "GRANT_REQUIRED" },
        { PSERVER_NOT_SERVED, 403, "AUTHORIZATION_ERROR",
          403, "GRANT_OWNER_MISMATCH" },
        { PSERVER_NO_GRANTEE, 404, "NOT_FOUND_ERROR",
          401, "INVALID_SIGNATURE" },
        { PSERVER_NOT_GRANTEE, 401, "AUTHENTICATION_ERROR",
          401, "INVALID_SIGNATURE" },
        { PSERVER_NOT_STARTED, 403, "AUTHORIZATION_ERROR",
          403, "GRANT_REVOKED" },
        { PSERVER_ENDED, 403, "AUTHORIZATION_ERROR", 403, "GRANT_REVOKED" },
        { PSERVER_NO_FILES, 400, "VALIDATION_ERROR", 500, NULL },
        { PSERVER_TOO_MANY_FILES, 400, "VALIDATION_ERROR", 500, NULL },
        { PSERVER_FOREIGN_FILE, 403, "AUTHORIZATION_ERROR", 500, NULL },
        { PSERVER_GRANT_UNREADABLE, 502, "FILE_ACCESS_ERROR",
          502, "FILE_ACCESS_ERROR" },
        { PSERVER_GRANT_CHANGED, 403, "AUTHORIZATION_ERROR",
          403, "GRANT_REVOKED" },
        { PSERVER_GRANT_INVALID, 400, "GRANT_VALIDATION_ERROR",
          403, "SCOPE_MISMATCH" },
        { PSERVER_GRANT_OTHER_APP, 400, "GRANT_VALIDATION_ERROR",
          401, "INVALID_SIGNATURE" },
        { PSERVER_GRANT_EXPIRED, 403, "AUTHORIZATION_ERROR",
          403, "GRANT_EXPIRED" },
        { PSERVER_OTHER_OPERATION, 400, "GRANT_VALIDATION_ERROR", 500, NULL },
        { PSERVER_NOT_OFFERED, 400, "GRANT_VALIDATION_ERROR", 500, NULL },
        { PSERVER_OTHER_IMAGE, 400, "GRANT_VALIDATION_ERROR", 500, NULL },
        { PSERVER_BAD_PARAMETERS, 400, "VALIDATION_ERROR_PARAMETERS",
          500, NULL },
        { PSERVER_NOT_REGISTERED, 500, NULL, 401, "UNREGISTERED_BUILDER" },
        { PSERVER_GRANT_REQUIRED, 500, NULL, 403, "GRANT_REQUIRED" },
        { PSERVER_NO_SCOPES, 500, NULL, 403, "SCOPE_MISMATCH" },
        { PSERVER_SCOPE_NOT_COVERED, 500, NULL, 403, "SCOPE_MISMATCH" }
    };

    CHECK_INT(sizeof(told) / sizeof(*told), PSERVER_REASONS - 1);

    for (i = 0; i < sizeof(told) / sizeof(*told); i++) {
        const pserver_refusal_t  *compute, *read;

        compute = pserver_permission_refusal(told[i].reason);
        read = pserver_permission_refusal_read(told[i].reason);

        CHECK_INT(told[i].reason, i + 1);

        CHECK_INT(compute->status, told[i].compute);
        CHECK_STR(str(compute->code),
                  told[i].code ? told[i].code : "INTERNAL_SERVER_ERROR");

        CHECK_INT(read->status, told[i].read);
        CHECK_STR(str(read->code), told[i].error_code
                                   ? told[i].error_code
                                   : "INTERNAL_SERVER_ERROR");

        CHECK(compute->text[0] != '\0' && read->text[0] != '\0');
        CHECK(pserver_permission_reason(told[i].reason)[0] != '\0');
    }

    CHECK_STR(str(pserver_permission_reason(PSERVER_ALLOWED)), "allowed");
    CHECK_STR(str(pserver_permission_reason(PSERVER_SCOPE_NOT_COVERED)),
              "scope_not_covered");
}


TEST_MAIN
