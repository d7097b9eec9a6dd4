/*
 * The grant file, see grant.h.
 */

#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "grant.h"
#include "json_write.h"
#include "scope.h"


#define GRANT_DEPTH    32
#define GRANT_NODES    8192

#define GRANT_INTEGER  (((uint64_t) 1 << 53) - 1)


static pserver_grant_fault_e grant_check(const pserver_json_t *root,
    pserver_grant_t *grant);
static int grant_strings(const pserver_json_t *value,
    pserver_json_type_e type);
static int grant_reserved(pserver_str_t name);
static int grant_listed(pserver_str_t name, const pserver_str_t *list,
    size_t n);
static const pserver_json_t *grant_member(const pserver_json_t *object,
    pserver_str_t name);
static size_t grant_merged(u_char *dst, const pserver_grant_t *grant,
    const pserver_json_t *parameters);
static size_t grant_add(u_char *dst, size_t at, const pserver_json_t *member);


int
pserver_grant_parse(const u_char *data, size_t len, pserver_grant_t *grant,
    pserver_grant_fault_e *fault)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    pserver_json_limits_t  limits;

    limits.depth = GRANT_DEPTH;
    limits.nodes = GRANT_NODES;

    *fault = PSERVER_GRANT_JSON;

    if (len > PSERVER_GRANT_MAX) {
        return PSERVER_INVALID;
    }

    rc = pserver_json_parse(data, len, &limits, &doc);

    if (rc != PSERVER_OK) {
        return (rc == PSERVER_NOMEM) ? PSERVER_NOMEM : PSERVER_INVALID;
    }

    memset(grant, 0, sizeof(pserver_grant_t));

    *fault = grant_check(pserver_json_root(doc), grant);

    if (*fault != PSERVER_GRANT_VALID) {
        pserver_json_free(doc);
        return PSERVER_INVALID;
    }

    grant->doc = doc;

    return PSERVER_OK;
}


void
pserver_grant_free(pserver_grant_t *grant)
{
    pserver_json_free(grant->doc);
    memset(grant, 0, sizeof(pserver_grant_t));
}


int
pserver_grant_expired(const pserver_grant_t *grant, uint64_t now)
{
    return grant->expires != 0 && now > grant->expires;
}


int
pserver_grant_covers(const pserver_grant_t *grant, pserver_str_t scope)
{
    const pserver_json_t  *item;

    if (grant->scopes == NULL) {
        return 0;
    }

    for (item = grant->scopes->child; item; item = item->next) {
        if (pserver_scope_covers(item->value, scope)) {
            return 1;
        }
    }

    return 0;
}


int
pserver_grant_allows(const pserver_json_t *parameters,
    const pserver_str_t *allowed, size_t n)
{
    const pserver_json_t  *member;

    if (parameters == NULL) {
        return 1;
    }

    if (parameters->type != PSERVER_JSON_OBJECT) {
        return 0;
    }

    for (member = parameters->child; member; member = member->next) {

        if (grant_reserved(member->name)
            || !grant_listed(member->name, allowed, n))
        {
            return 0;
        }
    }

    return 1;
}


int
pserver_grant_merge(const pserver_grant_t *grant,
    const pserver_json_t *parameters, pserver_str_t *out)
{
    size_t   len;
    u_char  *data;

    len = grant_merged(NULL, grant, parameters);
    data = malloc(len);

    if (data == NULL) {
        return PSERVER_NOMEM;
    }

    out->data = data;
    out->len = grant_merged(data, grant, parameters);

    return PSERVER_OK;
}


static pserver_grant_fault_e
grant_check(const pserver_json_t *root, pserver_grant_t *grant)
{
    const pserver_json_t  *grantee, *operation, *parameters, *expires, *image,
                          *scopes, *filters;

    if (root->type != PSERVER_JSON_OBJECT) {
        return PSERVER_GRANT_JSON;
    }

    grantee = pserver_json_get(root, "grantee");
    operation = pserver_json_get(root, "operation");
    parameters = pserver_json_get(root, "parameters");
    expires = pserver_json_get(root, "expires");

    if (root->count != (size_t) (grantee != NULL) + (operation != NULL)
                       + (parameters != NULL) + (expires != NULL))
    {
        return PSERVER_GRANT_MEMBER;
    }

    if (grantee == NULL
        || grantee->type != PSERVER_JSON_STRING
        || pserver_hex0x_decode(grant->grantee.bytes,
                                sizeof(grant->grantee.bytes), grantee->value)
           != PSERVER_OK)
    {
        return PSERVER_GRANT_GRANTEE;
    }

    if (operation == NULL
        || operation->type != PSERVER_JSON_STRING
        || operation->value.len == 0)
    {
        return PSERVER_GRANT_OPERATION;
    }

    grant->operation = operation->value;

    if (parameters == NULL || parameters->type != PSERVER_JSON_OBJECT) {
        return PSERVER_GRANT_PARAMETERS;
    }

    grant->parameters = parameters;

    if (expires
        && pserver_json_uint(expires, GRANT_INTEGER, &grant->expires)
           != PSERVER_OK)
    {
        return PSERVER_GRANT_EXPIRES;
    }

    image = pserver_json_get(parameters, "image");

    if (image) {
        if (image->type != PSERVER_JSON_STRING || image->value.len == 0) {
            return PSERVER_GRANT_IMAGE;
        }

        grant->image = image->value;
    }

    if (pserver_json_is(operation, PSERVER_GRANT_READ)) {
        scopes = pserver_json_get(parameters, "scopes");

        if (scopes && !grant_strings(scopes, PSERVER_JSON_ARRAY)) {
            return PSERVER_GRANT_SCOPES;
        }

        grant->scopes = scopes;
    }

    /* what can't cut anything down must not look as if there were none */

    filters = pserver_json_get(parameters, "filters");

    if (filters && !grant_strings(filters, PSERVER_JSON_OBJECT)) {
        return PSERVER_GRANT_FILTERS;
    }

    if (filters && filters->count) {
        grant->filters = filters;
    }

    return PSERVER_GRANT_VALID;
}


/* an array or an object that has nothing but strings */

static int
grant_strings(const pserver_json_t *value, pserver_json_type_e type)
{
    const pserver_json_t  *item;

    if (value->type != type) {
        return 0;
    }

    for (item = value->child; item; item = item->next) {
        if (item->type != PSERVER_JSON_STRING) {
            return 0;
        }
    }

    return 1;
}


/* members of "parameters" that have a meaning of their own */

static int
grant_reserved(pserver_str_t name)
{
    static const pserver_str_t  reserved[] = {
        pserver_string("filters"),
        pserver_string("image"),
        pserver_string("scopes")
    };

    return grant_listed(name, reserved, sizeof(reserved) / sizeof(*reserved));
}


static int
grant_listed(pserver_str_t name, const pserver_str_t *list, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (list[i].len == name.len
            && memcmp(list[i].data, name.data, name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static const pserver_json_t *
grant_member(const pserver_json_t *object, pserver_str_t name)
{
    const pserver_json_t  *member;

    for (member = object->child; member; member = member->next) {
        if (grant_listed(member->name, &name, 1)) {
            return member;
        }
    }

    return NULL;
}


/* as the functions of json_write.h: writes, or only counts */

static size_t
grant_merged(u_char *dst, const pserver_grant_t *grant,
    const pserver_json_t *parameters)
{
    size_t                 at;
    const pserver_json_t  *member;

    at = 0;

    for (member = grant->parameters->child; member; member = member->next) {
        if (!grant_reserved(member->name)) {
            at = grant_add(dst, at, member);
        }
    }

    member = parameters ? parameters->child : NULL;

    for ( /* void */ ; member; member = member->next) {
        if (grant_member(grant->parameters, member->name) == NULL) {
            at = grant_add(dst, at, member);
        }
    }

    if (at == 0) {
        if (dst) {
            dst[0] = '{';
        }

        at = 1;
    }

    if (dst) {
        dst[at] = '}';
    }

    return at + 1;
}


static size_t
grant_add(u_char *dst, size_t at, const pserver_json_t *member)
{
    if (dst) {
        dst[at] = at ? ',' : '{';
    }

    at++;
    at += pserver_json_quote(dst ? dst + at : NULL, member->name);

    if (dst) {
        dst[at] = ':';
    }

    at++;

    return at + pserver_json_write(dst ? dst + at : NULL, member);
}
