/*
 * Whether an owner sees all of the owner's entries.
 */

#include "audit_owner.h"
#include "url.h"

#include "../core/merkle.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define PSERVERCTL_OWNER_TRIES  5
#define PSERVERCTL_OWNER_SLACK  20       /* that come between two questions */

#define pserverctl_llu(n)  ((unsigned long long) (n))


static int pserverctl_owner_missing(const pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, char *wrong);
static int pserverctl_owner_held(const pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32],
    const pserver_json_t *shown, char *wrong);
static int pserverctl_owner_number(pserverctl_owner_t *owner, uint64_t n,
    const pserver_json_t **shown);
static int pserverctl_owner_page(pserverctl_owner_t *owner, uint64_t limit,
    uint64_t offset);
static int pserverctl_owner_parse(pserver_entry_view_t *view,
    const pserver_json_t *shown, u_char *entry, size_t *len, char *wrong);
static int pserverctl_owner_base64(const pserver_json_t *object,
    const char *name, u_char *data, size_t size, size_t *len);


int
pserverctl_owner_init(pserverctl_owner_t *owner, pserverctl_args_t *args,
    const char *url)
{
    int               rc;
    u_char           *key;
    size_t            len, i;
    pserverctl_url_t  parsed;

    if (pserverctl_url_parse(&parsed, url) != PSERVER_OK
        || parsed.origin.len >= sizeof(owner->origin))
    {
        return pserverctl_usage_error(args, "with --key LOG is a URL");
    }

    memcpy(owner->origin, parsed.origin.data, parsed.origin.len);

    owner->request.server = owner->origin;
    owner->request.method = "GET";
    owner->request.cacert = pserverctl_option(args, "cacert");
    owner->request.aud = pserverctl_value(args, "aud");

    rc = pserverctl_key(args, &key);

    owner->request.key = key;

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserverctl_owner_page(owner, 1, 0) != PSERVER_OK) {
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_owner_base64(pserver_json_root(owner->doc), "tagKey",
                                owner->tag_key, 32, &len)
        != PSERVER_OK
        || len != 32)
    {
        pserverctl_error("the server shows no key of the owner's entries: "
                         "has the owner data here?");
        return PSERVERCTL_FAILED;
    }

    for (i = 0; i < PSERVERCTL_OWNER_AHEAD; i++) {
        pserver_entry_tag(owner->tags[i], owner->tag_key, i + 1);
    }

    return PSERVERCTL_OK;
}


void
pserverctl_owner_done(pserverctl_owner_t *owner)
{
    pserverctl_request_done(&owner->request);

    sodium_memzero(owner->tag_key, sizeof(owner->tag_key));

    pserver_json_free(owner->doc);
}


int
pserverctl_owner_entry(pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32], char *wrong)
{
    int                    rc;
    const pserver_json_t  *shown;

    if (memcmp(view->tag, owner->tags[0], 32) != 0) {
        return pserverctl_owner_missing(owner, view, wrong);
    }

    rc = pserverctl_owner_number(owner, owner->n + 1, &shown);

    if (rc == PSERVER_OK) {
        rc = pserverctl_owner_held(owner, view, leaf, shown, wrong);
    }

    if (rc != PSERVER_OK) {
        return rc;
    }

    owner->n++;
    owner->sequence = view->sequence;
    memcpy(owner->last, leaf, 32);

    memmove(owner->tags[0], owner->tags[1],
            (PSERVERCTL_OWNER_AHEAD - 1) * 32);
    pserver_entry_tag(owner->tags[PSERVERCTL_OWNER_AHEAD - 1],
                      owner->tag_key, owner->n + PSERVERCTL_OWNER_AHEAD);

    return PSERVER_OK;
}


/* what is shown beyond what the log has must have come later */

int
pserverctl_owner_end(pserverctl_owner_t *owner, uint64_t size, char *wrong)
{
    int                    rc;
    u_char                 entry[PSERVER_ENTRY_MAX];
    size_t                 len;
    pserver_entry_view_t   view;
    const pserver_json_t  *shown;

    rc = pserverctl_owner_number(owner, owner->n + 1, &shown);

    if (rc != PSERVER_OK || shown == NULL) {
        return rc;
    }

    rc = pserverctl_owner_parse(&view, shown, entry, &len, wrong);

    if (rc == PSERVER_OK && view.sequence < size) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is shown to the "
                 "owner and is not the owner's in the log",
                 pserverctl_llu(view.sequence));
        rc = PSERVER_INVALID;
    }

    return rc;
}


/* an owner's entry that comes too early: one before it was taken away */

static int
pserverctl_owner_missing(const pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, char *wrong)
{
    size_t  i;

    for (i = 1; i < PSERVERCTL_OWNER_AHEAD; i++) {

        if (memcmp(view->tag, owner->tags[i], 32) == 0) {
            snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is number "
                     "%llu of the owner's, and number %llu is not in the log "
                     "before it", pserverctl_llu(view->sequence),
                     pserverctl_llu(owner->n + 1 + i),
                     pserverctl_llu(owner->n + 1));
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


/* an owner's entry in the log against the one of its number that is shown */

static int
pserverctl_owner_held(const pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32],
    const pserver_json_t *shown, char *wrong)
{
    u_char                   entry[PSERVER_ENTRY_MAX], hash[32];
    u_char                   plain[PSERVER_ENTRY_OPENING_MAX];
    size_t                   len;
    pserver_entry_view_t     seen;
    pserver_entry_opening_t  opening;

    if (shown
        && pserverctl_owner_parse(&seen, shown, entry, &len, wrong)
           != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    if (shown == NULL || seen.sequence > view->sequence) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is the owner's "
                 "and is withheld from the owner",
                 pserverctl_llu(view->sequence));
        return PSERVER_INVALID;
    }

    if (owner->n && seen.sequence <= owner->sequence) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "the owner is shown fewer "
                 "entries than the server counts: one from entry %llu on is "
                 "withheld", pserverctl_llu(view->sequence));
        return PSERVER_INVALID;
    }

    if (seen.sequence < view->sequence) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is shown to the "
                 "owner and is not the owner's in the log",
                 pserverctl_llu(seen.sequence));
        return PSERVER_INVALID;
    }

    pserver_merkle_leaf(hash, entry, len);

    if (memcmp(hash, leaf, 32) != 0
        || pserverctl_owner_base64(shown, "opening", plain, sizeof(plain),
                                   &len)
           != PSERVER_OK
        || pserver_entry_opening(&opening, plain, len, &seen) != PSERVER_OK)
    {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is not what the "
                 "owner is shown", pserverctl_llu(view->sequence));
        return PSERVER_INVALID;
    }

    if (pserver_entry_follows(view, owner->tag_key, opening.link_key,
                              owner->n + 1, owner->last)
        != PSERVER_OK)
    {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu does not follow "
                 "the owner's entry before", pserverctl_llu(view->sequence));
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


/*
 * The n-th entry that is shown, from the oldest on; NULL: not so many are.
 * The server counts from the newest, and others come meanwhile.
 */

static int
pserverctl_owner_number(pserverctl_owner_t *owner, uint64_t n,
    const pserver_json_t **shown)
{
    int       tries;
    uint64_t  top;

    for (tries = 0; tries < PSERVERCTL_OWNER_TRIES; tries++) {

        if (n > owner->total) {
            *shown = NULL;
            return PSERVER_OK;
        }

        if (n <= owner->high && owner->high - n < owner->count) {
            *shown = owner->shown[owner->high - n];
            return PSERVER_OK;
        }

        top = n + PSERVERCTL_OWNER_PAGE - 1 - PSERVERCTL_OWNER_SLACK;

        if (pserverctl_owner_page(owner, PSERVERCTL_OWNER_PAGE,
                                  top < owner->total ? owner->total - top : 0)
            != PSERVER_OK)
        {
            return PSERVER_ERROR;
        }
    }

    pserverctl_error("the server's list of the owner's entries changes too "
                     "fast to be read");

    return PSERVER_ERROR;
}


static int
pserverctl_owner_page(pserverctl_owner_t *owner, uint64_t limit,
    uint64_t offset)
{
    char                   path[128];
    pserverctl_answer_t    answer;
    const pserver_json_t  *root, *logs, *log;

    pserver_json_free(owner->doc);
    owner->doc = NULL;

    snprintf(path, sizeof(path), "/v1/access-logs?openings=1&limit=%llu"
             "&offset=%llu", pserverctl_llu(limit), pserverctl_llu(offset));

    owner->request.path = path;

    if (pserverctl_send_ok(&owner->request, &answer) != PSERVERCTL_OK) {
        return PSERVER_ERROR;
    }

    owner->doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (owner->doc == NULL) {
        return PSERVER_ERROR;
    }

    root = pserver_json_root(owner->doc);
    logs = pserver_json_get(root, "logs");

    if (pserver_json_uint(pserver_json_get(root, "total"), INT64_MAX,
                          &owner->total)
        != PSERVER_OK
        || logs == NULL
        || logs->type != PSERVER_JSON_ARRAY
        || logs->count > limit)
    {
        pserverctl_error("the server's answer is no list of entries");
        return PSERVER_ERROR;
    }

    owner->count = 0;

    for (log = logs->child; log; log = log->next) {
        owner->shown[owner->count++] = log;
    }

    /* fewer than there should be: what is there counts from the oldest */

    if (owner->count < limit) {
        owner->total = offset + owner->count;
    }

    owner->high = (owner->total > offset) ? owner->total - offset : 0;

    return PSERVER_OK;
}


static int
pserverctl_owner_parse(pserver_entry_view_t *view,
    const pserver_json_t *shown, u_char *entry, size_t *len, char *wrong)
{
    if (pserverctl_owner_base64(shown, "entry", entry, PSERVER_ENTRY_MAX, len)
        != PSERVER_OK
        || pserver_entry_parse(view, entry, *len) != PSERVER_OK)
    {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG,
                 "what the owner is shown is no entry");
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
pserverctl_owner_base64(const pserver_json_t *object, const char *name,
    u_char *data, size_t size, size_t *len)
{
    const pserver_json_t  *value;

    value = pserver_json_get(object, name);

    if (value == NULL
        || value->type != PSERVER_JSON_STRING
        || sodium_base642bin(data, size, (char *) value->value.data,
                             value->value.len, NULL, len, NULL,
                             sodium_base64_VARIANT_ORIGINAL)
           != 0)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}
