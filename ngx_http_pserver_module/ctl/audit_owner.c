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


#define PSERVERCTL_OWNER_PAGE  100
#define PSERVERCTL_OWNER_WRONG 256


static pserver_json_doc_t *pserverctl_owner_page(pserverctl_owner_t *owner,
    uint64_t limit, uint64_t offset, uint64_t *total);
static int pserverctl_owner_shown(pserverctl_owner_t *owner,
    const pserver_json_t *log, uint64_t size, size_t *left, char *wrong);
static int pserverctl_owner_base64(const pserver_json_t *log,
    const char *name, u_char *data, size_t size, size_t *len);


int
pserverctl_owner_init(pserverctl_owner_t *owner, pserverctl_args_t *args,
    const char *url)
{
    int                  rc;
    u_char              *key;
    size_t               len;
    uint64_t             total;
    pserverctl_url_t     parsed;
    pserver_json_doc_t  *doc;

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

    doc = pserverctl_owner_page(owner, 1, 0, &total);

    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    if (pserverctl_owner_base64(pserver_json_root(doc), "tagKey",
                                owner->tag_key, 32, &len)
        != PSERVER_OK
        || len != 32)
    {
        pserverctl_error("the server shows no key of the owner's entries: "
                         "has the owner data here?");
        rc = PSERVERCTL_FAILED;
    }

    pserver_json_free(doc);

    pserver_entry_tag(owner->next, owner->tag_key, 1);

    return rc;
}


void
pserverctl_owner_done(pserverctl_owner_t *owner)
{
    pserverctl_request_done(&owner->request);

    sodium_memzero(owner->tag_key, sizeof(owner->tag_key));

    free(owner->found);
}


int
pserverctl_owner_entry(pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32])
{
    size_t               allocated;
    pserverctl_found_t  *found;

    if (memcmp(view->tag, owner->next, 32) != 0) {
        return PSERVERCTL_OK;
    }

    if (owner->n == owner->allocated) {
        allocated = 2 * owner->allocated + 64;

        found = realloc(owner->found, allocated * sizeof(pserverctl_found_t));
        if (found == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        owner->found = found;
        owner->allocated = allocated;
    }

    found = &owner->found[owner->n++];

    found->sequence = view->sequence;
    memcpy(found->leaf, leaf, 32);

    pserver_entry_tag(owner->next, owner->tag_key, owner->n + 1);

    return PSERVERCTL_OK;
}


/* the server shows the newest first; more may have come meanwhile */

int
pserverctl_owner_check(pserverctl_owner_t *owner, uint64_t size, char *wrong)
{
    int                    rc, more;
    size_t                 left;
    uint64_t               offset, total;
    pserver_json_doc_t    *doc;
    const pserver_json_t  *logs, *log;

    rc = PSERVER_OK;
    left = owner->n;
    offset = 0;

    do {
        doc = pserverctl_owner_page(owner, PSERVERCTL_OWNER_PAGE, offset,
                                    &total);
        if (doc == NULL) {
            return PSERVER_ERROR;
        }

        logs = pserver_json_get(pserver_json_root(doc), "logs");
        more = (logs && logs->child);

        for (log = logs ? logs->child : NULL; log && rc == PSERVER_OK;
             log = log->next)
        {
            rc = pserverctl_owner_shown(owner, log, size, &left, wrong);
        }

        pserver_json_free(doc);

        offset += PSERVERCTL_OWNER_PAGE;

    } while (rc == PSERVER_OK && more && offset < total);

    if (rc == PSERVER_OK && left) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is the owner's "
                 "and is withheld from the owner",
                 (unsigned long long) owner->found[left - 1].sequence);
        rc = PSERVER_INVALID;
    }

    return rc;
}


static int
pserverctl_owner_shown(pserverctl_owner_t *owner, const pserver_json_t *log,
    uint64_t size, size_t *left, char *wrong)
{
    u_char                    entry[PSERVER_ENTRY_MAX], leaf[32];
    u_char                    plain[PSERVER_ENTRY_OPENING_MAX];
    size_t                    entry_len, plain_len;
    pserver_entry_view_t      view;
    const pserverctl_found_t *found;
    pserver_entry_opening_t   opening;

    static const u_char  zeros[32];

    if (pserverctl_owner_base64(log, "entry", entry, sizeof(entry),
                                &entry_len)
        != PSERVER_OK
        || pserverctl_owner_base64(log, "opening", plain, sizeof(plain),
                                   &plain_len)
           != PSERVER_OK
        || pserver_entry_parse(&view, entry, entry_len) != PSERVER_OK)
    {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG,
                 "what the owner is shown is no entry");
        return PSERVER_INVALID;
    }

    if (view.sequence >= size) {
        return PSERVER_OK;
    }

    found = *left ? &owner->found[*left - 1] : NULL;

    if (found == NULL || found->sequence < view.sequence) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is shown to the "
                 "owner and is not the owner's in the log",
                 (unsigned long long) view.sequence);
        return PSERVER_INVALID;
    }

    if (found->sequence > view.sequence) {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is the owner's "
                 "and is withheld from the owner",
                 (unsigned long long) found->sequence);
        return PSERVER_INVALID;
    }

    pserver_merkle_leaf(leaf, entry, entry_len);

    if (memcmp(leaf, found->leaf, 32) != 0
        || pserver_entry_opening(&opening, plain, plain_len, &view)
           != PSERVER_OK
        || pserver_entry_follows(&view, owner->tag_key, opening.link_key,
                                 *left,
                                 *left > 1 ? found[-1].leaf : zeros)
           != PSERVER_OK)
    {
        snprintf(wrong, PSERVERCTL_OWNER_WRONG, "entry %llu is not what the "
                 "owner is shown", (unsigned long long) view.sequence);
        return PSERVER_INVALID;
    }

    (*left)--;

    return PSERVER_OK;
}


static pserver_json_doc_t *
pserverctl_owner_page(pserverctl_owner_t *owner, uint64_t limit,
    uint64_t offset, uint64_t *total)
{
    char                   path[128];
    pserver_str_t          text;
    pserver_json_doc_t    *doc;
    pserverctl_answer_t    answer;
    const pserver_json_t  *value;

    snprintf(path, sizeof(path), "/v1/access-logs?openings=1&limit=%llu"
             "&offset=%llu", (unsigned long long) limit,
             (unsigned long long) offset);

    owner->request.path = path;

    if (pserverctl_send_ok(&owner->request, &answer) != PSERVERCTL_OK) {
        return NULL;
    }

    doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (doc == NULL) {
        return NULL;
    }

    value = pserver_json_get(pserver_json_root(doc), "total");

    if (value == NULL || value->type != PSERVER_JSON_NUMBER) {
        pserverctl_error("the answer has no total");
        pserver_json_free(doc);
        return NULL;
    }

    for (text = value->value, *total = 0; text.len; text.data++, text.len--) {
        *total = *total * 10 + (text.data[0] - '0');
    }

    return doc;
}


static int
pserverctl_owner_base64(const pserver_json_t *log, const char *name,
    u_char *data, size_t size, size_t *len)
{
    const pserver_json_t  *value;

    value = pserver_json_get(log, name);

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
