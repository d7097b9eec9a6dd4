/*
 * pserverctl fsck: a manifest against the audit log.
 *
 * Each entry about an owner's data has the head of the manifest as it was
 * before it.  So a manifest that is not as far as the owner's last such
 * entry was put back.
 */

#include "fsck.h"
#include "../core/bytes.h"
#include "../core/entry.h"
#include "../core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


/* docs/audit-log.md has the bytes */
#define PSERVERCTL_FSCK_LOG_MAGIC   "pserver-log-v1\0\0"
#define PSERVERCTL_FSCK_LOG_HEADER  64


static int pserverctl_fsck_log_head(const pserver_record_t *record,
    const pserver_entry_keys_t *keys, u_char *head);


int
pserverctl_fsck_log_open(pserverctl_fsck_t *fsck, const char *folder)
{
    int           fd;
    char          path[PATH_MAX];
    void         *data;
    struct stat   st;

    snprintf(path, sizeof(path), "%s/log", folder);

    fd = open(path, O_RDONLY|O_CLOEXEC);

    if (fd == -1 || fstat(fd, &st) == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));

        if (fd != -1) {
            close(fd);
        }

        return PSERVERCTL_FAILED;
    }

    data = (st.st_size >= PSERVERCTL_FSCK_LOG_HEADER)
           ? mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_SHARED, fd, 0)
           : MAP_FAILED;

    close(fd);

    if (data == MAP_FAILED
        || memcmp(data, PSERVERCTL_FSCK_LOG_MAGIC,
                  sizeof(PSERVERCTL_FSCK_LOG_MAGIC) - 1)
           != 0)
    {
        pserverctl_error("%s: is no log", path);
        return PSERVERCTL_FAILED;
    }

    fsck->log.data = data;
    fsck->log.len = (size_t) st.st_size;

    return PSERVERCTL_OK;
}


/* the log ends where it did when the program began, and the manifest was read
   later: so the log can't be ahead */

const char *
pserverctl_fsck_log(pserverctl_fsck_owner_t *owner)
{
    size_t                          len, used;
    u_char                         *p, leaf[32];
    u_char                          head[PSERVER_MANIFEST_HEAD_LEN];
    uint64_t                        counter;
    const char                     *reason;
    pserver_record_t                record;
    pserver_entry_keys_t            keys;
    const pserver_manifest_head_t  *now;

    if (owner->fsck->log.data == NULL) {
        return NULL;
    }

    pserver_entry_keys(&keys, owner->keys->ledger);

    memset(head, 0, sizeof(head));
    reason = NULL;

    p = owner->fsck->log.data + PSERVERCTL_FSCK_LOG_HEADER;
    len = owner->fsck->log.len - PSERVERCTL_FSCK_LOG_HEADER;

    while (pserver_record_parse(&record, leaf, &used, p, len) == PSERVER_OK) {

        if (memcmp(record.id, keys.id, sizeof(keys.id)) == 0
            && pserverctl_fsck_log_head(&record, &keys, head) != PSERVER_OK)
        {
            reason = "an entry of this owner in the log does not open";
        }

        p += used;
        len -= used;
    }

    sodium_memzero(&keys, sizeof(keys));

    counter = pserver_get_be(head, 8);
    now = &owner->manifest.head;

    if (counter > now->counter) {
        return "is older than the log says, or gone";
    }

    if (counter && counter == now->counter
        && memcmp(head + 8, now->digest, PSERVER_MANIFEST_DIGEST_LEN) != 0)
    {
        return "is not the one that the log has seen";
    }

    return reason;
}


/* the head, if the entry has one */

static int
pserverctl_fsck_log_head(const pserver_record_t *record,
    const pserver_entry_keys_t *keys, u_char *head)
{
    int                       rc;
    u_char                   *plain;
    const pserver_str_t      *value;
    pserver_entry_view_t      view;
    pserver_entry_opening_t   opening;

    if (record->box.len < PSERVER_BOX_OVERHEAD) {
        return PSERVER_INVALID;
    }

    plain = malloc(record->box.len);

    if (plain == NULL) {
        return PSERVER_NOMEM;
    }

    rc = pserver_entry_parse(&view, record->entry.data, record->entry.len);

    if (rc == PSERVER_OK) {
        rc = pserver_entry_open(&opening, plain, &view, record->box.data,
                                record->box.len, keys->seal);
    }

    if (rc == PSERVER_OK) {
        value = pserver_entry_field(&opening, PSERVER_FIELD_MANIFEST);

        if (value && value->len == PSERVER_MANIFEST_HEAD_LEN) {
            memcpy(head, value->data, PSERVER_MANIFEST_HEAD_LEN);
        }
    }

    sodium_memzero(plain, record->box.len);
    free(plain);

    return rc;
}
