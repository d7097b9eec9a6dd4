/*
 * What the engine answers about containers, see container.h.
 */

#include <string.h>

#include "container.h"
#include "json.h"


#define ANSWER_DEPTH  16
#define ANSWER_NODES  65536

/* names in a list begin with a slash */
#define ANSWER_NAME   "/" PSERVER_CONTAINER_PREFIX


static int answer_parse(const u_char *body, size_t len,
    pserver_json_type_e type, pserver_json_doc_t **doc);
static int answer_id(const pserver_json_t *value,
    u_char id[PSERVER_CONTAINER_ID_LEN]);
static int answer_is_hex(pserver_str_t s);
static int answer_entry(const pserver_json_t *item, pserver_str_t instance,
    pserver_container_entry_t *entry);
static int answer_name(const pserver_json_t *names, u_char *job);


int
pserver_container_created(const u_char *body, size_t len,
    u_char id[PSERVER_CONTAINER_ID_LEN])
{
    int                  rc;
    pserver_json_doc_t  *doc;

    rc = answer_parse(body, len, PSERVER_JSON_OBJECT, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    rc = answer_id(pserver_json_get(pserver_json_root(doc), "Id"), id);

    pserver_json_free(doc);

    return rc;
}


int
pserver_container_waited(const u_char *body, size_t len, uint32_t *status)
{
    int                    rc;
    uint64_t               code;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *root, *error, *value;

    rc = answer_parse(body, len, PSERVER_JSON_OBJECT, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    root = pserver_json_root(doc);
    error = pserver_json_get(root, "Error");
    value = pserver_json_get(root, "StatusCode");

    if (error != NULL && error->type != PSERVER_JSON_NULL) {
        rc = PSERVER_ERROR;

    } else if (value == NULL
               || pserver_json_uint(value, 255, &code) != PSERVER_OK)
    {
        rc = PSERVER_INVALID;

    } else {
        *status = (uint32_t) code;
    }

    pserver_json_free(doc);

    return rc;
}


int
pserver_container_inspected(const u_char *body, size_t len,
    pserver_container_state_t *state)
{
    int                    rc;
    uint64_t               code;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *root, *st, *running, *oom, *exit, *mounts, *mount;

    rc = answer_parse(body, len, PSERVER_JSON_OBJECT, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    root = pserver_json_root(doc);
    st = pserver_json_get(root, "State");
    running = pserver_json_get(st, "Running");
    oom = pserver_json_get(st, "OOMKilled");
    exit = pserver_json_get(st, "ExitCode");
    mounts = pserver_json_get(root, "Mounts");

    if (running == NULL || oom == NULL || exit == NULL || mounts == NULL
        || (running->type != PSERVER_JSON_TRUE
            && running->type != PSERVER_JSON_FALSE)
        || (oom->type != PSERVER_JSON_TRUE
            && oom->type != PSERVER_JSON_FALSE)
        || pserver_json_uint(exit, 255, &code) != PSERVER_OK
        || mounts->type != PSERVER_JSON_ARRAY)
    {
        pserver_json_free(doc);
        return PSERVER_INVALID;
    }

    memset(state, 0, sizeof(pserver_container_state_t));

    state->status = (uint32_t) code;
    state->running = (running->type == PSERVER_JSON_TRUE);
    state->oom = (oom->type == PSERVER_JSON_TRUE);

    for (mount = mounts->child; mount; mount = mount->next) {
        if (!pserver_json_is(pserver_json_get(mount, "Type"), "tmpfs")) {
            state->volumes = 1;
        }
    }

    pserver_json_free(doc);

    return PSERVER_OK;
}


int
pserver_container_listed(const u_char *body, size_t len,
    pserver_str_t instance, pserver_container_entry_t *entries, size_t max,
    size_t *count)
{
    int                    rc;
    size_t                 n;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *item;

    rc = answer_parse(body, len, PSERVER_JSON_ARRAY, &doc);

    if (rc != PSERVER_OK) {
        return rc;
    }

    n = 0;

    for (item = pserver_json_root(doc)->child;
         item != NULL && n < max;
         item = item->next)
    {
        rc = answer_entry(item, instance, &entries[n]);

        if (rc == PSERVER_OK) {
            n++;

        } else if (rc == PSERVER_INVALID) {
            pserver_json_free(doc);
            return PSERVER_INVALID;
        }
    }

    *count = n;

    pserver_json_free(doc);

    return PSERVER_OK;
}


size_t
pserver_container_message(const u_char *body, size_t len, u_char *dst,
    size_t cap)
{
    size_t                 i;
    pserver_str_t          text;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *value;

    text.data = (u_char *) body;
    text.len = len;

    value = NULL;

    if (answer_parse(body, len, PSERVER_JSON_OBJECT, &doc) == PSERVER_OK) {
        value = pserver_json_get(pserver_json_root(doc), "message");

        if (value != NULL && value->type == PSERVER_JSON_STRING) {
            text = value->value;
        }
    }

    while (text.len
           && (text.data[text.len - 1] == '\n'
               || text.data[text.len - 1] == '\r'))
    {
        text.len--;
    }

    for (i = 0; i < text.len && i < cap; i++) {
        dst[i] = (text.data[i] >= 0x20 && text.data[i] <= 0x7e)
                 ? text.data[i] : '?';
    }

    pserver_json_free(doc);

    return i;
}


/* *doc is NULL unless PSERVER_OK */

static int
answer_parse(const u_char *body, size_t len, pserver_json_type_e type,
    pserver_json_doc_t **doc)
{
    int                    rc;
    pserver_json_limits_t  limits;

    limits.depth = ANSWER_DEPTH;
    limits.nodes = ANSWER_NODES;

    *doc = NULL;

    rc = pserver_json_parse(body, len, &limits, doc);

    if (rc != PSERVER_OK) {
        *doc = NULL;
        return (rc == PSERVER_NOMEM) ? PSERVER_NOMEM : PSERVER_INVALID;
    }

    if (pserver_json_root(*doc)->type != type) {
        pserver_json_free(*doc);
        *doc = NULL;
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
answer_id(const pserver_json_t *value, u_char id[PSERVER_CONTAINER_ID_LEN])
{
    if (value == NULL || value->type != PSERVER_JSON_STRING
        || value->value.len != PSERVER_CONTAINER_ID_LEN
        || !answer_is_hex(value->value))
    {
        return PSERVER_INVALID;
    }

    memcpy(id, value->value.data, PSERVER_CONTAINER_ID_LEN);

    return PSERVER_OK;
}


static int
answer_is_hex(pserver_str_t s)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f'))) {
            return 0;
        }
    }

    return 1;
}


/* PSERVER_DONE: not a container of the instance */

static int
answer_entry(const pserver_json_t *item, pserver_str_t instance,
    pserver_container_entry_t *entry)
{
    const pserver_json_t  *owner, *created;

    owner = pserver_json_get(pserver_json_get(item, "Labels"),
                             "org.pserver.instance");

    if (owner == NULL || owner->type != PSERVER_JSON_STRING
        || owner->value.len != instance.len
        || memcmp(owner->value.data, instance.data, instance.len) != 0
        || !answer_name(pserver_json_get(item, "Names"), entry->job))
    {
        return PSERVER_DONE;
    }

    created = pserver_json_get(item, "Created");

    if (created == NULL
        || pserver_json_uint(created, INT64_MAX, &entry->created)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    entry->running = pserver_json_is(pserver_json_get(item, "State"),
                                     "running");

    return PSERVER_OK;
}


/* 1: the job that a container is named after */

static int
answer_name(const pserver_json_t *names, u_char *job)
{
    pserver_str_t          hex;
    const pserver_json_t  *name;

    if (names == NULL || names->type != PSERVER_JSON_ARRAY) {
        return 0;
    }

    for (name = names->child; name; name = name->next) {

        if (name->type != PSERVER_JSON_STRING
            || name->value.len != sizeof(ANSWER_NAME) - 1
                                  + PSERVER_CONTAINER_JOB_LEN
            || memcmp(name->value.data, ANSWER_NAME, sizeof(ANSWER_NAME) - 1)
               != 0)
        {
            continue;
        }

        hex.data = name->value.data + sizeof(ANSWER_NAME) - 1;
        hex.len = PSERVER_CONTAINER_JOB_LEN;

        if (answer_is_hex(hex)) {
            memcpy(job, hex.data, hex.len);
            return 1;
        }
    }

    return 0;
}
