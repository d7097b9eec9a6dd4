/*
 * A log and its last anchor.
 */

#include "ngx_http_pserver_audit_anchored.h"
#include "ngx_http_pserver_audit_disk.h"
#include "ngx_http_pserver_audit_tiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


static int ngx_http_pserver_audit_anchored_file(const char *dir,
    const char *path, pserver_anchored_t *anchor);
static int ngx_http_pserver_audit_anchored_keep(const char *dir,
    const char *path, const pserver_anchored_t *anchor);
static int ngx_http_pserver_audit_anchored_public(const char *dir,
    u_char *note, pserver_checkpoint_t *checkpoint);
static int ngx_http_pserver_audit_anchored_root(const char *dir,
    const pserver_anchored_t *anchor, const char **what);
static int ngx_http_pserver_audit_anchored_same(const pserver_anchored_t *a,
    const pserver_anchored_t *b);


int
ngx_http_pserver_audit_anchored_read(const char *dir,
    pserver_anchored_t *anchor)
{
    return ngx_http_pserver_audit_anchored_file(dir, "anchored", anchor);
}


int
ngx_http_pserver_audit_anchored_write(const char *dir,
    const pserver_anchored_t *anchor)
{
    return ngx_http_pserver_audit_anchored_keep(dir, "anchored", anchor);
}


int
ngx_http_pserver_audit_anchored_noted(const char *dir,
    pserver_anchored_t *anchor)
{
    return ngx_http_pserver_audit_anchored_file(dir, "noted", anchor);
}


int
ngx_http_pserver_audit_anchored_note(const char *dir,
    const pserver_anchored_t *anchor)
{
    return ngx_http_pserver_audit_anchored_keep(dir, "noted", anchor);
}


static int
ngx_http_pserver_audit_anchored_file(const char *dir, const char *path,
    pserver_anchored_t *anchor)
{
    int            rc;
    u_char         buf[PSERVER_ANCHORED_MAX];
    pserver_str_t  text;

    text.data = buf;

    rc = ngx_http_pserver_audit_disk_read(dir, path, buf, sizeof(buf),
                                          &text.len);

    return (rc == PSERVER_OK) ? pserver_anchored_parse(anchor, text) : rc;
}


static int
ngx_http_pserver_audit_anchored_keep(const char *dir, const char *path,
    const pserver_anchored_t *anchor)
{
    int                 rc, lock;
    u_char              text[PSERVER_ANCHORED_MAX];
    pserver_anchored_t  old;

    if (ngx_http_pserver_audit_anchored_file(dir, path, &old) == PSERVER_OK
        && ngx_http_pserver_audit_anchored_same(&old, anchor))
    {
        return PSERVER_OK;
    }

    lock = ngx_http_pserver_audit_disk_lock(dir, "publish");

    if (lock == -1) {
        return PSERVER_ERROR;
    }

    rc = ngx_http_pserver_audit_disk_write(dir, path, text,
                              pserver_anchored_write(text, anchor) - text);
    (void) close(lock);

    return rc;
}


int
ngx_http_pserver_audit_anchored_check(const char *dir,
    pserver_anchored_t *known, const char **what)
{
    int                 rc;
    pserver_anchored_t  anchor, accepted;

    rc = ngx_http_pserver_audit_anchored_read(dir, &anchor);

    if (rc == PSERVER_DONE) {
        return PSERVER_OK;
    }

    if (rc == PSERVER_INVALID) {
        *what = "its last anchor can't be read";
    }

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (ngx_http_pserver_audit_anchored_same(&anchor, known)) {
        return PSERVER_OK;
    }

    rc = ngx_http_pserver_audit_anchored_file(dir, "accepted", &accepted);

    if (rc == PSERVER_OK
        && ngx_http_pserver_audit_anchored_same(&anchor, &accepted))
    {
        *what = "accepted";

    } else {
        rc = ngx_http_pserver_audit_anchored_root(dir, &anchor, what);
    }

    if (rc == PSERVER_OK) {
        *known = anchor;
    }

    return rc;
}


int
ngx_http_pserver_audit_anchored_behind(const char *dir,
    const pserver_anchored_t *anchor)
{
    u_char                note[PSERVER_NOTE_MAX];
    pserver_checkpoint_t  checkpoint;

    return ngx_http_pserver_audit_anchored_public(dir, note, &checkpoint)
           == PSERVER_OK
           && checkpoint.size > anchor->size;
}


/* the last checkpoint, as it is: who writes the next looks at its signature */

static int
ngx_http_pserver_audit_anchored_public(const char *dir, u_char *note,
    pserver_checkpoint_t *checkpoint)
{
    int            rc;
    pserver_str_t  str, text;

    str.data = note;

    rc = ngx_http_pserver_audit_tiles_checkpoint(dir, note, &str.len);

    if (rc == PSERVER_OK
        && (pserver_note_text(&text, str) != PSERVER_OK
            || pserver_checkpoint_parse(checkpoint, text) != PSERVER_OK))
    {
        rc = PSERVER_INVALID;
    }

    return rc;
}


static int
ngx_http_pserver_audit_anchored_root(const char *dir,
    const pserver_anchored_t *anchor, const char **what)
{
    int                      rc;
    u_char                   note[PSERVER_NOTE_MAX];
    u_char                   root[PSERVER_MERKLE_LEN];
    pserver_checkpoint_t     checkpoint;
    pserver_merkle_source_t  source;

    rc = ngx_http_pserver_audit_anchored_public(dir, note, &checkpoint);

    if (rc == PSERVER_ERROR) {
        return rc;
    }

    if (rc != PSERVER_OK || checkpoint.size < anchor->size) {
        *what = "it was cut back behind its anchor";
        return PSERVER_INVALID;
    }

    source.node = ngx_http_pserver_audit_tiles_node;
    source.data = (void *) dir;

    rc = pserver_merkle_root_of(root, &source, anchor->size);

    if (rc != PSERVER_OK && errno == ENOENT) {
        *what = "the tiles up to its anchor are not there";
        return PSERVER_INVALID;
    }

    if (rc == PSERVER_OK && memcmp(root, anchor->root, sizeof(root)) != 0) {
        *what = "it does not match its anchor";
        return PSERVER_INVALID;
    }

    return rc;
}


static int
ngx_http_pserver_audit_anchored_same(const pserver_anchored_t *a,
    const pserver_anchored_t *b)
{
    return a->size == b->size
           && memcmp(a->root, b->root, sizeof(a->root)) == 0;
}


int
ngx_http_pserver_audit_stopped(const char *dir,
    char reason[NGX_HTTP_PSERVER_AUDIT_REASON])
{
    int      fd;
    char    *p;
    ssize_t  n;

    fd = ngx_http_pserver_audit_disk_open(dir, "stopped");

    if (fd == -1 && errno == ENOENT) {
        return PSERVER_DONE;
    }

    n = (fd == -1) ? -1
                   : read(fd, reason, NGX_HTTP_PSERVER_AUDIT_REASON - 1);

    if (fd != -1) {
        (void) close(fd);
    }

    reason[n > 0 ? n : 0] = '\0';

    for (p = reason; *p >= ' ' && *p <= '~'; p++) {
        if (*p == '"' || *p == '\\') {
            *p = '\'';
        }
    }

    *p = '\0';

    if (p == reason) {
        strcpy(reason, "an operator has stopped it");
    }

    return PSERVER_OK;
}


int
ngx_http_pserver_audit_stop(const char *dir, pserver_anchored_t *known,
    const char **what)
{
    int   rc, lock, len;
    char  text[NGX_HTTP_PSERVER_AUDIT_REASON];

    lock = ngx_http_pserver_audit_disk_lock(dir, "publish");

    if (lock == -1) {
        return PSERVER_ERROR;
    }

    rc = ngx_http_pserver_audit_anchored_check(dir, known, what);

    if (rc == PSERVER_INVALID
        && ngx_http_pserver_audit_stopped(dir, text) == PSERVER_DONE)
    {
        len = snprintf(text, sizeof(text), "%s\n", *what);

        if (ngx_http_pserver_audit_disk_write(dir, "stopped",
                                              (u_char *) text, len)
            != PSERVER_OK)
        {
            rc = PSERVER_ERROR;
        }
    }

    (void) close(lock);

    return rc;
}
