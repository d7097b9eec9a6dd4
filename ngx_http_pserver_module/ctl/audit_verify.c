/*
 * pserverctl audit verify: whether a log is what it was.
 */

#include "audit_verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static int pserverctl_verify_run(pserverctl_verify_t *v);
static int pserverctl_verify_all(pserverctl_verify_t *v);
static int pserverctl_verify_seen(pserverctl_verify_t *v, size_t i,
    const char *option);
static int pserverctl_verify_save(const pserverctl_verify_t *v);


int
pserverctl_audit_verify(pserverctl_args_t *args)
{
    int                   rc;
    pserverctl_verify_t  *v;

    v = calloc(1, sizeof(pserverctl_verify_t));

    if (v == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    v->args = args;

    rc = pserverctl_log_init(&v->log, args);

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "tiles")) {
        rc = pserverctl_place_init(&v->cold, pserverctl_option(args, "tiles"),
                                   pserverctl_option(args, "cacert"));
    }

    if (rc == PSERVERCTL_OK && pserverctl_option(args, "rpc")) {
        rc = pserverctl_place_init(&v->node, pserverctl_option(args, "rpc"),
                                   pserverctl_option(args, "cacert"));
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_verify_run(v);
    }

    pserverctl_owner_done(&v->owner);
    pserverctl_anchors_done(&v->anchors);
    pserverctl_place_done(&v->log.place);
    pserverctl_place_done(&v->cold);
    pserverctl_place_done(&v->node);

    free(v);

    return rc;
}


static int
pserverctl_verify_run(pserverctl_verify_t *v)
{
    int       rc;
    uint64_t  from;

    if (pserverctl_number(v->args, "from-block", 0, &from) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_log_checkpoint(&v->log);

    if (rc == PSERVER_INVALID) {
        pserverctl_log_stop(v->args, "its checkpoint is not its own");
        return PSERVERCTL_FAILED;
    }

    if (rc != PSERVER_OK) {
        return PSERVERCTL_AGAIN;
    }

    if (pserverctl_verify_seen(v, 0, "state") != PSERVERCTL_OK
        || pserverctl_verify_seen(v, 1, "with") != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    if (v->node.base) {
        rc = pserverctl_anchors_init(&v->anchors, &v->node, &v->log, from);

        if (rc != PSERVER_OK) {
            pserverctl_error("the node can't be asked: %s", v->node.error);
            return PSERVERCTL_AGAIN;
        }

        rc = pserverctl_verify_anchor(v);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    if (pserverctl_option(v->args, "key")) {
        rc = pserverctl_owner_init(&v->owner, v->args, v->log.place.base);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }
    }

    return pserverctl_verify_all(v);
}


static int
pserverctl_verify_all(pserverctl_verify_t *v)
{
    int   rc;
    char  wrong[PSERVERCTL_OWNER_WRONG];

    rc = pserverctl_verify_tiles(v);

    if (rc == PSERVERCTL_OK && v->owner.request.key) {
        rc = pserverctl_verify_owner(v, pserverctl_owner_end(&v->owner,
                                                             v->size, wrong),
                                     wrong);
    }

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    printf("%.*s: %llu entries, nothing changed, removed or put in\n",
           (int) v->log.key.name.len, (char *) v->log.key.name.data,
           pserverctl_llu(v->size));

    if (v->node.base) {
        printf("%zu anchors hold, the last one is of %llu entries\n",
               v->anchored, pserverctl_llu(v->last_anchor));
    }

    if (v->owner.request.key) {
        printf("%llu entries are the owner's, none is withheld\n",
               pserverctl_llu(v->owner.n));
    }

    return pserverctl_verify_save(v);
}


int
pserverctl_verify_owner(const pserverctl_verify_t *v, int rc,
    const char *wrong)
{
    switch (rc) {

    case PSERVER_OK:
        return PSERVERCTL_OK;

    case PSERVER_INVALID:
        return pserverctl_verify_wrong(v, "%s", wrong);

    default:
        return PSERVERCTL_AGAIN;
    }
}


/* a checkpoint from a file; for "state" the file may not be there yet */

static int
pserverctl_verify_seen(pserverctl_verify_t *v, size_t i, const char *option)
{
    FILE               *f;
    size_t              j;
    const char         *name;
    pserver_str_t       note;
    pserverctl_seen_t  *seen;

    seen = &v->seen[i];
    name = pserverctl_option(v->args, option);

    if (name == NULL) {
        return PSERVERCTL_OK;
    }

    f = fopen(name, "r");

    if (f == NULL) {
        if (errno == ENOENT && i == 0) {
            return PSERVERCTL_OK;
        }

        pserverctl_error("%s: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    note.data = seen->note;
    note.len = fread(seen->note, 1, sizeof(seen->note), f);

    fclose(f);

    if (pserver_checkpoint_open(&seen->checkpoint, note, &v->log.key)
        != PSERVER_OK)
    {
        pserverctl_error("%s: no checkpoint of this log", name);
        return PSERVERCTL_FAILED;
    }

    seen->name = name;

    if (seen->checkpoint.size > v->log.checkpoint.size) {
        return pserverctl_verify_wrong(v, "the tree was cut back: it has %llu "
                             "entries, and had %llu in %s",
                             pserverctl_llu(v->log.checkpoint.size),
                             pserverctl_llu(seen->checkpoint.size), name);
    }

    for (j = 0; j < seen->checkpoint.n; j++) {

        if (j >= v->log.checkpoint.n
            || memcmp(&seen->checkpoint.epochs[j],
                      &v->log.checkpoint.epochs[j],
                      sizeof(pserver_note_epoch_t))
               != 0)
        {
            return pserverctl_verify_wrong(v, "the account that anchors was "
                                           "changed behind %s", name);
        }
    }

    return PSERVERCTL_OK;
}


/* what was verified is what the next time is held against */

static int
pserverctl_verify_save(const pserverctl_verify_t *v)
{
    FILE        *f;
    char         temp[4096];
    const char  *name;

    name = pserverctl_option(v->args, "state");

    if (name == NULL) {
        return PSERVERCTL_OK;
    }

    snprintf(temp, sizeof(temp), "%s.new", name);

    f = fopen(temp, "w");

    if (f == NULL
        || fwrite(v->log.note, 1, v->log.len, f) != v->log.len
        || fclose(f) != 0
        || rename(temp, name) != 0)
    {
        pserverctl_error("%s: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


int
pserverctl_verify_wrong(const pserverctl_verify_t *v, const char *fmt, ...)
{
    char     text[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    if (isatty(STDERR_FILENO)) {
        fputc('\n', stderr);
    }

    pserverctl_error("%s", text);
    pserverctl_log_stop(v->args, text);

    return PSERVERCTL_FAILED;
}
