/*
 * Why a decision is what it is, see explain.h.
 */

#include <string.h>

#include "encode.h"
#include "eth.h"
#include "explain.h"
#include "json_write.h"
#include "scope.h"
#include "text.h"


#define EXPLAIN_DEPTH  16
#define EXPLAIN_NODES  4096


/* dst NULL: counts */

typedef struct {
    u_char               *dst;
    size_t                len;
    int                   first;     /* of an object or an array */
} explain_t;


static void explain_rules(explain_t *e, pserver_decision_e decision,
    const pserver_verdict_t *verdict);
static void explain_facts(explain_t *e, const pserver_facts_t *facts);
static void explain_files(explain_t *e, const pserver_facts_t *facts);
static void explain_text(explain_t *e, const char *name, const char *text);
static void explain_string(explain_t *e, const char *name,
    pserver_str_t text);
static void explain_number(explain_t *e, const char *name, uint64_t value);
static void explain_word(explain_t *e, const char *name,
    const pserver_word_t *word);
static void explain_address(explain_t *e, const char *name,
    const pserver_address_t *address);
static void explain_open(explain_t *e, const char *name, const char *sign);
static void explain_close(explain_t *e, const char *sign);
static void explain_name(explain_t *e, const char *name);
static void explain_put(explain_t *e, const void *data, size_t len);


int
pserver_explain_parse(const u_char *body, size_t len,
    pserver_explain_t *explain, const char **field)
{
    int                    rc;
    const pserver_json_t  *root, *app, *operation, *scope;

    static const pserver_json_limits_t  limits = {
        EXPLAIN_DEPTH, EXPLAIN_NODES
    };

    memset(explain, 0, sizeof(pserver_explain_t));
    *field = NULL;

    rc = pserver_json_parse(body, len, &limits, &explain->doc);

    if (rc != PSERVER_OK) {
        return (rc == PSERVER_NOMEM) ? rc : PSERVER_INVALID;
    }

    root = pserver_json_root(explain->doc);

    if (root->type != PSERVER_JSON_OBJECT) {
        goto invalid;
    }

    app = pserver_json_get(root, "app");
    operation = pserver_json_get(root, "operation");
    scope = pserver_json_get(root, "scope");

    explain->parameters = pserver_json_get(root, "parameters");

    if (app == NULL || app->type != PSERVER_JSON_STRING
        || pserver_address_parse(&explain->app, app->value) != PSERVER_OK)
    {
        *field = "app";
        goto invalid;
    }

    if (operation) {
        explain->operation = operation->value;

        if (operation->type != PSERVER_JSON_STRING
            || explain->operation.len == 0)
        {
            *field = "operation";
            goto invalid;
        }
    }

    if (explain->parameters
        && explain->parameters->type != PSERVER_JSON_OBJECT)
    {
        *field = "parameters";
        goto invalid;
    }

    if (scope) {
        explain->scope = scope->value;

        if (scope->type != PSERVER_JSON_STRING
            || !pserver_scope_valid(explain->scope))
        {
            *field = "scope";
            goto invalid;
        }
    }

    return PSERVER_OK;

invalid:

    pserver_explain_free(explain);

    return PSERVER_INVALID;
}


void
pserver_explain_free(pserver_explain_t *explain)
{
    pserver_json_free(explain->doc);

    explain->doc = NULL;
}


size_t
pserver_explain_write(u_char *dst, pserver_decision_e decision,
    const pserver_facts_t *facts, const pserver_verdict_t *verdict)
{
    explain_t                 e;
    const pserver_refusal_t  *refusal;

    e.dst = dst;
    e.len = 0;
    e.first = 1;

    explain_open(&e, NULL, "{");
    explain_text(&e, "kind", "PermissionCheck");
    explain_word(&e, "permission_id", &facts->id);

    explain_name(&e, "allowed");

    if (verdict->reason == PSERVER_ALLOWED) {
        explain_put(&e, "true", 4);

    } else {
        explain_put(&e, "false", 5);

        refusal = (decision == PSERVER_DECIDE_READ)
                  ? pserver_permission_refusal_read(verdict->reason)
                  : pserver_permission_refusal(verdict->reason);

        explain_text(&e, "reason",
                     pserver_permission_reason(verdict->reason));
        explain_number(&e, "status", refusal->status);
        explain_text(&e, "error_code", refusal->code);
    }

    explain_rules(&e, decision, verdict);
    explain_facts(&e, facts);
    explain_close(&e, "}");

    return e.len;
}


/* those before the one that did not hold did, and those behind it were not
   reached */

static void
explain_rules(explain_t *e, pserver_decision_e decision,
    const pserver_verdict_t *verdict)
{
    size_t       i;
    const char  *rule;

    explain_open(e, "rules", "[");

    for (i = 0; (rule = pserver_permission_rule(decision, i)) != NULL; i++) {
        explain_open(e, NULL, "{");
        explain_text(e, "rule", rule);
        explain_text(e, "result", i < verdict->rule ? "held"
                                  : i == verdict->rule ? "failed"
                                  : "not_reached");
        explain_close(e, "}");
    }

    explain_close(e, "]");
}


static void
explain_facts(explain_t *e, const pserver_facts_t *f)
{
    pserver_str_t  hash;
    u_char         hex[2 + 2 * sizeof(f->block_hash.bytes)];

    hex[0] = '0';
    hex[1] = 'x';
    (void) pserver_hex_encode(hex + 2, f->block_hash.bytes,
                              sizeof(f->block_hash.bytes));

    hash.data = hex;
    hash.len = sizeof(hex);

    explain_open(e, "facts", "{");
    explain_number(e, "chain_id", f->chain_id);
    explain_number(e, "block", f->block);
    explain_string(e, "block_hash", hash);
    explain_address(e, "grantor", &f->grantor);
    explain_word(e, "grantee_id", &f->grantee_id);
    explain_address(e, "grantee", &f->grantee);
    explain_word(e, "start_block", &f->start_block);
    explain_word(e, "end_block", &f->end_block);
    explain_string(e, "grant_url", f->url);
    explain_string(e, "grant_file", f->text);
    explain_files(e, f);
    explain_close(e, "}");
}


static void
explain_files(explain_t *e, const pserver_facts_t *f)
{
    size_t  i;

    explain_number(e, "file_count", f->files);
    explain_open(e, "files", "[");

    for (i = 0; i < pserver_facts_read(f); i++) {
        explain_open(e, NULL, "{");
        explain_word(e, "file_id", &f->file[i].id);
        explain_address(e, "owner", &f->file[i].owner);
        explain_string(e, "url", f->file[i].url);
        explain_close(e, "}");
    }

    explain_close(e, "]");
}


/* a constant */

static void
explain_text(explain_t *e, const char *name, const char *text)
{
    explain_name(e, name);
    explain_put(e, "\"", 1);
    explain_put(e, text, strlen(text));
    explain_put(e, "\"", 1);
}


/* of the chain: what is not there, or is no UTF-8, is null */

static void
explain_string(explain_t *e, const char *name, pserver_str_t text)
{
    size_t  i, n;

    explain_name(e, name);

    for (i = 0; i < text.len; i += n) {
        n = pserver_text_character(text.data + i, text.len - i);

        if (n == 0) {
            break;
        }
    }

    if (text.len == 0 || i < text.len) {
        explain_put(e, "null", 4);
        return;
    }

    e->len += pserver_json_quote(e->dst ? e->dst + e->len : NULL, text);
}


static void
explain_number(explain_t *e, const char *name, uint64_t value)
{
    pserver_word_t  word;
    u_char          text[PSERVER_WORD_DEC_LEN];

    pserver_word_from_uint64(&word, value);

    explain_name(e, name);
    explain_put(e, text, pserver_word_decimal(text, &word) - text);
}


/* as text: it may be more than a number of JSON has room for */

static void
explain_word(explain_t *e, const char *name, const pserver_word_t *word)
{
    pserver_str_t  s;
    u_char         text[PSERVER_WORD_DEC_LEN];

    s.data = text;
    s.len = pserver_word_decimal(text, word) - text;

    explain_string(e, name, s);
}


/* null: there is none */

static void
explain_address(explain_t *e, const char *name,
    const pserver_address_t *address)
{
    pserver_str_t  s;
    u_char         text[PSERVER_ADDRESS_LEN];

    s.data = text;
    s.len = pserver_facts_none(address)
            ? 0 : (size_t) (pserver_address_format(text, address) - text);

    explain_string(e, name, s);
}


static void
explain_open(explain_t *e, const char *name, const char *sign)
{
    explain_name(e, name);
    explain_put(e, sign, 1);

    e->first = 1;
}


static void
explain_close(explain_t *e, const char *sign)
{
    explain_put(e, sign, 1);

    e->first = 0;
}


/* what stands before a value; name NULL: of an element, of the whole */

static void
explain_name(explain_t *e, const char *name)
{
    if (!e->first) {
        explain_put(e, ",", 1);
    }

    e->first = 0;

    if (name) {
        explain_put(e, "\"", 1);
        explain_put(e, name, strlen(name));
        explain_put(e, "\":", 2);
    }
}


static void
explain_put(explain_t *e, const void *data, size_t len)
{
    if (e->dst) {
        memcpy(e->dst + e->len, data, len);
    }

    e->len += len;
}
