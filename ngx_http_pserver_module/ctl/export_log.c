/*
 * pserverctl export: what the audit log has of the owner.
 */

#include "move.h"
#include "../core/logproof.h"
#include "../core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


/* of the file "log", docs/audit-log.md */
#define PSERVERCTL_LOG_HEADER    64

#define PSERVERCTL_LOG_LEVELS    64
#define PSERVERCTL_LOG_FOLDER    (sizeof("logs/") - 1 + 16)


typedef struct {
    pserver_note_key_t     key;
    u_char                 key_text[PSERVER_NOTE_KEY_MAX + 1];
    size_t                 key_len;
    u_char                 note[PSERVER_NOTE_MAX];
    size_t                 note_len;
    pserver_checkpoint_t   checkpoint;

    /* complete subtrees, by level, of the checkpoint's tree */
    u_char                *levels[PSERVERCTL_LOG_LEVELS];

    u_char                *proofs;
    size_t                 len;
    size_t                 allocated;
    uint64_t               n;
    uint64_t               later;      /* than the checkpoint */
} pserverctl_export_log_t;


static int pserverctl_log_public(pserverctl_export_log_t *log,
    const char *folder);
static int pserverctl_log_tree(pserverctl_export_log_t *log,
    pserver_str_t file);
static int pserverctl_log_node(void *data, u_char hash[PSERVER_MERKLE_LEN],
    unsigned level, uint64_t index);
static int pserverctl_log_entries(pserverctl_export_log_t *log,
    pserver_str_t file, const pserver_entry_keys_t *keys);
static int pserverctl_log_entry(pserverctl_export_log_t *log,
    const pserver_record_t *record, uint64_t index);
static int pserverctl_log_append(pserverctl_export_log_t *log,
    const void *data, size_t len);
static int pserverctl_log_write(pserverctl_export_log_t *log, int dir,
    pserverctl_items_t *items);
static int pserverctl_log_file(int dir, pserverctl_items_t *items,
    const char *folder, const char *name, const u_char *data, size_t len);


int
pserverctl_export_log(pserverctl_fsck_owner_t *owner, const char *folder,
    int dir, pserverctl_items_t *items)
{
    int                       i, rc;
    u_char                    header[PSERVER_LOGPROOF_HEADER_LEN];
    pserver_str_t             file;
    pserver_entry_keys_t      keys;
    pserverctl_export_log_t  *log;

    log = calloc(1, sizeof(pserverctl_export_log_t));

    if (log == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    /* the checkpoint before the log, which is then not shorter */

    rc = pserverctl_log_public(log, folder);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_fsck_log_open(owner->fsck, folder);
    }

    file = owner->fsck->log;
    file.data += PSERVERCTL_LOG_HEADER;
    file.len -= PSERVERCTL_LOG_HEADER;

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_log_tree(log, file);
    }

    if (rc == PSERVERCTL_OK) {
        memset(header, 0, sizeof(header));
        rc = pserverctl_log_append(log, header, sizeof(header));
    }

    if (rc == PSERVERCTL_OK) {
        pserver_entry_keys(&keys, owner->keys->ledger);
        rc = pserverctl_log_entries(log, file, &keys);
        sodium_memzero(&keys, sizeof(keys));
    }

    if (rc == PSERVERCTL_OK && log->later) {
        pserverctl_error("%s: the newest %llu entries of the owner are not in "
                         "its checkpoint yet, and not in the archive",
                         folder, (unsigned long long) log->later);
    }

    if (rc == PSERVERCTL_OK && log->n) {
        pserver_logproof_header(log->proofs, log->n);
        rc = pserverctl_log_write(log, dir, items);
    }

    for (i = 0; i < PSERVERCTL_LOG_LEVELS; i++) {
        free(log->levels[i]);
    }

    free(log->proofs);
    free(log);

    return rc;
}


/* what the log says of itself to all */

static int
pserverctl_log_public(pserverctl_export_log_t *log, const char *folder)
{
    int            fd;
    char           path[PATH_MAX];
    ssize_t        key, note;
    pserver_str_t  text, signed_note;

    snprintf(path, sizeof(path), "%s/public", folder);

    fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    key = pserverctl_move_read(fd, "key", log->key_text,
                               sizeof(log->key_text));
    note = pserverctl_move_read(fd, "checkpoint", log->note,
                                sizeof(log->note));
    close(fd);

    log->key_len = (size_t) key;
    log->note_len = (size_t) note;

    text.data = log->key_text;
    text.len = (key > 0) ? (size_t) key - 1 : 0;

    signed_note.data = log->note;
    signed_note.len = (note > 0) ? (size_t) note : 0;

    if (pserver_note_key_parse(&log->key, text) != PSERVER_OK
        || pserver_checkpoint_open(&log->checkpoint, signed_note, &log->key)
           != PSERVER_OK)
    {
        pserverctl_error("%s: has no checkpoint that its key has signed",
                         path);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


/* levels of the tree of the checkpoint, which must have its root */

static int
pserverctl_log_tree(pserverctl_export_log_t *log, pserver_str_t file)
{
    int                       level;
    size_t                    used;
    u_char                    root[PSERVER_MERKLE_LEN], *p;
    uint64_t                  i, n;
    pserver_record_t          record;
    pserver_merkle_source_t   source;

    n = log->checkpoint.size;

    for (level = 0; n >> level; level++) {
        log->levels[level] = calloc(n >> level, PSERVER_MERKLE_LEN);

        if (log->levels[level] == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }
    }

    for (i = 0; i < n; i++) {
        if (pserver_record_parse(&record,
                                 log->levels[0] + i * PSERVER_MERKLE_LEN,
                                 &used, file.data, file.len)
            != PSERVER_OK)
        {
            pserverctl_error("the log is shorter than its checkpoint, or "
                             "damaged");
            return PSERVERCTL_FAILED;
        }

        file.data += used;
        file.len -= used;
    }

    for (level = 1; n >> level; level++) {
        for (i = 0; i < n >> level; i++) {
            p = log->levels[level - 1] + 2 * i * PSERVER_MERKLE_LEN;

            pserver_merkle_node(log->levels[level] + i * PSERVER_MERKLE_LEN,
                                p, p + PSERVER_MERKLE_LEN);
        }
    }

    source.node = pserverctl_log_node;
    source.data = log;

    if (pserver_merkle_root_of(root, &source, n) != PSERVER_OK
        || memcmp(root, log->checkpoint.root, sizeof(root)) != 0)
    {
        pserverctl_error("the log is not what its checkpoint says");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_log_node(void *data, u_char hash[PSERVER_MERKLE_LEN],
    unsigned level, uint64_t index)
{
    pserverctl_export_log_t  *log = data;

    memcpy(hash, log->levels[level] + index * PSERVER_MERKLE_LEN,
           PSERVER_MERKLE_LEN);

    return PSERVER_OK;
}


static int
pserverctl_log_entries(pserverctl_export_log_t *log, pserver_str_t file,
    const pserver_entry_keys_t *keys)
{
    u_char             leaf[PSERVER_MERKLE_LEN];
    size_t             used;
    uint64_t           i;
    pserver_record_t   record;

    for (i = 0;
         pserver_record_parse(&record, leaf, &used, file.data, file.len)
         == PSERVER_OK;
         i++)
    {
        file.data += used;
        file.len -= used;

        if (memcmp(record.id, keys->id, sizeof(keys->id)) != 0) {
            continue;
        }

        if (i >= log->checkpoint.size) {
            log->later++;

        } else if (pserverctl_log_entry(log, &record, i) != PSERVERCTL_OK) {
            return PSERVERCTL_FAILED;
        }
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_log_entry(pserverctl_export_log_t *log,
    const pserver_record_t *record, uint64_t index)
{
    int                       rc;
    u_char                    head[PSERVER_LOGPROOF_HEAD_LEN];
    pserver_logproof_t        proof;
    pserver_merkle_source_t   source;

    source.node = pserverctl_log_node;
    source.data = log;

    proof.counter = record->counter;
    proof.entry = record->entry;
    proof.box = record->box;

    rc = pserver_merkle_inclusion(proof.proof, &proof.n, &source,
                                  log->checkpoint.size, index);

    if (rc != PSERVER_OK) {
        pserverctl_error("entry %llu of the log can not be proved",
                         (unsigned long long) index);
        return PSERVERCTL_FAILED;
    }

    log->n++;

    pserver_logproof_head(head, &proof);

    if (pserverctl_log_append(log, head, sizeof(head)) != PSERVERCTL_OK
        || pserverctl_log_append(log, proof.entry.data, proof.entry.len)
           != PSERVERCTL_OK
        || pserverctl_log_append(log, proof.box.data, proof.box.len)
           != PSERVERCTL_OK
        || pserverctl_log_append(log, proof.proof,
                                 proof.n * PSERVER_MERKLE_LEN)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_log_append(pserverctl_export_log_t *log, const void *data,
    size_t len)
{
    size_t   size;
    u_char  *more;

    if (log->allocated - log->len < len) {
        size = 2 * (log->allocated + len);
        more = realloc(log->proofs, size);

        if (more == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        log->proofs = more;
        log->allocated = size;
    }

    if (len) {
        memcpy(log->proofs + log->len, data, len);
        log->len += len;
    }

    return PSERVERCTL_OK;
}


/* below the last part of the log's name */

static int
pserverctl_log_write(pserverctl_export_log_t *log, int dir,
    pserverctl_items_t *items)
{
    int            rc;
    char           folder[PSERVERCTL_LOG_FOLDER + 1];
    pserver_str_t  name;

    name = log->key.name;

    if (name.len < 16) {
        pserverctl_error("the log has another name than a pserver's");
        return PSERVERCTL_FAILED;
    }

    snprintf(folder, sizeof(folder), "logs/%.16s",
             (char *) name.data + name.len - 16);

    rc = pserverctl_log_file(dir, items, folder, "key", log->key_text,
                             log->key_len);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_log_file(dir, items, folder, "checkpoint", log->note,
                                 log->note_len);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_log_file(dir, items, folder, "proofs", log->proofs,
                                 log->len);
    }

    return rc;
}


static int
pserverctl_log_file(int dir, pserverctl_items_t *items, const char *folder,
    const char *name, const u_char *data, size_t len)
{
    char                path[PSERVER_ARCHIVE_PATH_MAX];
    pserverctl_item_t  *item;

    snprintf(path, sizeof(path), "%s/%s", folder, name);

    item = pserverctl_item_add(items, path, NULL);

    if (item == NULL || item->entry.kind != PSERVER_ARCHIVE_PROOF
        || pserverctl_move_write(dir, path, data, len) == -1)
    {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    item->wanted = 1;
    item->entry.size = len;
    (void) crypto_hash_sha256(item->entry.sha256, data, len);

    return PSERVERCTL_OK;
}
