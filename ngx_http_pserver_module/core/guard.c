/*
 * What may pass to a Docker Engine, see guard.h.
 */

#include <string.h>

#include "guard.h"


/* lower-case hex digits */
#define GUARD_JOB_LEN       PSERVER_CONTAINER_JOB_LEN
#define GUARD_INSTANCE_LEN  32

#define GUARD_INSTANCE      "\"org.pserver.instance\":\""


/* "~" stands for a job's container, "@" for an instance */

static const struct {
    const char           *method;
    const char           *uri;
    int                   upgrade;
    int                   create;
} guard_calls[] = {
    { "POST",   "/containers/create?name=~",                     0, 1 },
    { "GET",    "/containers/~/json",                            0, 0 },
    { "POST",   "/containers/~/attach"
                "?stream=1&stdin=1&stdout=1&stderr=1",           1, 0 },
    { "POST",   "/containers/~/rename?name=~",                   0, 0 },
    { "POST",   "/containers/~/start",                           0, 0 },
    { "POST",   "/containers/~/wait",                            0, 0 },
    { "DELETE", "/containers/~?force=1&v=1",                     0, 0 },
    { "GET",    "/containers/" PSERVER_CONTAINER_LIST "@"
                PSERVER_CONTAINER_LIST_END,                      0, 0 }
};

#define GUARD_CALLS  (sizeof(guard_calls) / sizeof(*guard_calls))


static size_t guard_find(const pserver_guard_call_t *call,
    pserver_str_t *job);
static int guard_match(const char *pattern, pserver_str_t uri,
    pserver_str_t *job);
static size_t guard_name(const u_char *pos, const u_char *last,
    pserver_str_t *job);
static size_t guard_hex(const u_char *pos, const u_char *last, size_t len);
static int guard_body(pserver_str_t body, pserver_str_t job,
    const pserver_container_t *const *operations, size_t n);
static int guard_instance(pserver_str_t body, pserver_str_t *instance);
static int guard_is(pserver_str_t s, const char *text);


int
pserver_guard_creates(const pserver_guard_call_t *call)
{
    size_t         i;
    pserver_str_t  job;

    i = guard_find(call, &job);

    return i < GUARD_CALLS && guard_calls[i].create;
}


pserver_guard_verdict_e
pserver_guard_check(const pserver_guard_call_t *call,
    const pserver_container_t *const *operations, size_t n)
{
    size_t         i;
    pserver_str_t  job;

    i = guard_find(call, &job);

    if (i == GUARD_CALLS) {
        return PSERVER_GUARD_CALL;
    }

    if (guard_calls[i].upgrade ? !guard_is(call->upgrade, "tcp")
                               : call->upgrade.len != 0)
    {
        return PSERVER_GUARD_UPGRADE;
    }

    if (guard_calls[i].create ? !guard_body(call->body, job, operations, n)
                              : call->body.len != 0)
    {
        return PSERVER_GUARD_BODY;
    }

    return PSERVER_GUARD_PASS;
}


static size_t
guard_find(const pserver_guard_call_t *call, pserver_str_t *job)
{
    size_t  i;

    for (i = 0; i < GUARD_CALLS; i++) {
        if (guard_is(call->method, guard_calls[i].method)
            && guard_match(guard_calls[i].uri, call->uri, job))
        {
            break;
        }
    }

    return i;
}


static int
guard_match(const char *pattern, pserver_str_t uri, pserver_str_t *job)
{
    size_t         len;
    const u_char  *pos, *last;

    pos = uri.data;
    last = uri.data + uri.len;

    for ( /* void */ ; *pattern; pattern++) {

        if (*pattern == '~' || *pattern == '@') {
            len = (*pattern == '~') ? guard_name(pos, last, job)
                                    : guard_hex(pos, last,
                                                GUARD_INSTANCE_LEN);

            if (len == 0) {
                return 0;
            }

            pos += len;
            continue;
        }

        if (pos == last || *pos != (u_char) *pattern) {
            return 0;
        }

        pos++;
    }

    return pos == last;
}


/* the length of the name, or 0 */

static size_t
guard_name(const u_char *pos, const u_char *last, pserver_str_t *job)
{
    const size_t  prefix = sizeof(PSERVER_CONTAINER_PREFIX) - 1;

    if ((size_t) (last - pos) < prefix
        || memcmp(pos, PSERVER_CONTAINER_PREFIX, prefix) != 0
        || guard_hex(pos + prefix, last, GUARD_JOB_LEN) == 0)
    {
        return 0;
    }

    job->data = (u_char *) pos + prefix;
    job->len = GUARD_JOB_LEN;

    return prefix + GUARD_JOB_LEN;
}


/* len, or 0 */

static size_t
guard_hex(const u_char *pos, const u_char *last, size_t len)
{
    size_t  i;

    if ((size_t) (last - pos) < len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (!((pos[i] >= '0' && pos[i] <= '9')
              || (pos[i] >= 'a' && pos[i] <= 'f')))
        {
            return 0;
        }
    }

    return len;
}


/* builds what would be right, with the instance that the body names, and
   compares: wherever that was read from, the whole has to be the same */

static int
guard_body(pserver_str_t body, pserver_str_t job,
    const pserver_container_t *const *operations, size_t n)
{
    size_t                      i, len;
    u_char                      right[PSERVER_CONTAINER_BODY_MAX];
    pserver_container_labels_t  labels;

    labels.job = job;

    if (!guard_instance(body, &labels.instance)) {
        return 0;
    }

    for (i = 0; i < n; i++) {

        if (pserver_container_body(operations[i], &labels, right,
                                   sizeof(right), &len)
            == PSERVER_OK
            && len == body.len
            && memcmp(right, body.data, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
guard_instance(pserver_str_t body, pserver_str_t *instance)
{
    u_char        *pos, *last, *end;
    const size_t   label = sizeof(GUARD_INSTANCE) - 1;

    pos = body.data;
    last = body.data + body.len;

    while ((size_t) (last - pos) > label
           && memcmp(pos, GUARD_INSTANCE, label) != 0)
    {
        pos++;
    }

    if ((size_t) (last - pos) <= label) {
        return 0;
    }

    pos += label;
    end = memchr(pos, '"', last - pos);

    if (end == NULL) {
        return 0;
    }

    instance->data = pos;
    instance->len = end - pos;

    return 1;
}


static int
guard_is(pserver_str_t s, const char *text)
{
    size_t  len;

    len = strlen(text);

    return s.len == len && memcmp(s.data, text, len) == 0;
}
