/*
 * What an export makes: the keys, for the recipient, and the list of what
 * the archive has.
 */

#include "export.h"

#include <fcntl.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


/* the list, as it is written */

typedef struct {
    FILE                     *out;
    uint64_t                  count;
    uint64_t                  bytes;
} pserverctl_list_t;


static void pserverctl_export_line(const void *node, VISIT visit,
    void *data);


/* owner.key under a root of its own, and that root for the recipient */

int
pserverctl_export_keys(pserverctl_export_t *export, pserver_root_t *move)
{
    int             rc;
    u_char          box[PSERVER_MOVE_LEN];
    u_char          file[PSERVER_KEYS_FILE_MAX], new[PSERVER_KEYS_FILE_MAX];
    size_t          len;
    ssize_t         n;
    const u_char   *wrap;
    pserver_str_t   old;

    if (pserver_move_seal(box, move, export->head.recipient,
                          export->head.chain_id, &export->head.owner)
        != PSERVER_OK)
    {
        pserverctl_error("--for is no key that can be sealed for");
        return PSERVERCTL_FAILED;
    }

    n = pserverctl_move_read(export->owner.fd, PSERVERCTL_OWNER_KEY, file,
                             sizeof(file));

    if (n == -1) {
        return pserverctl_export_failed(export, PSERVERCTL_OWNER_KEY);
    }

    old.data = file;
    old.len = (size_t) n;

    if (pserver_keys_owned(old, NULL, &wrap) == PSERVER_OK) {

        if (export->fsck.custody == NULL) {
            pserverctl_error("the owner has set a key in the meantime");
            return PSERVERCTL_FAILED;
        }

        len = pserver_keys_wrap_owned(new, export->owner.keys, move,
                                      export->head.chain_id,
                                      &export->head.owner,
                                      export->fsck.custody, wrap);
    } else {
        len = pserver_keys_wrap(new, export->owner.keys, move,
                                export->head.chain_id, &export->head.owner);
    }

    rc = pserverctl_export_put(export, PSERVERCTL_OWNER_KEY, new, len);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_export_put(export, PSERVERCTL_MOVE_KEY, box,
                                   sizeof(box));
    }

    return rc;
}


int
pserverctl_export_put(pserverctl_export_t *export, const char *path,
    const u_char *data, size_t len)
{
    pserverctl_item_t  *item;

    item = pserverctl_item_add(&export->items, path, NULL);

    if (item == NULL
        || pserverctl_move_write(export->dir, path, data, len) == -1)
    {
        return pserverctl_export_failed(export, path);
    }

    item->wanted = 1;
    item->entry.size = len;
    (void) crypto_hash_sha256(item->entry.sha256, data, len);

    return PSERVERCTL_OK;
}


/* comes last, when all else is on the disk */

int
pserverctl_export_list(pserverctl_export_t *export)
{
    int                      fd, rc;
    u_char                   text[4 * PSERVER_ARCHIVE_LINE_MAX];
    pserverctl_list_t        list;
    pserver_archive_entry_t  entry;

    memset(&list, 0, sizeof(pserverctl_list_t));

    fd = openat(export->dir, PSERVERCTL_MOVE_NEW,
                O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC, 0600);

    list.out = (fd == -1) ? NULL : fdopen(fd, "w");

    if (list.out == NULL) {
        return pserverctl_export_failed(export, PSERVERCTL_MOVE_NEW);
    }

    fwrite(text, 1, (size_t) (pserver_archive_write_head(text, &export->head)
                              - text), list.out);

    twalk_r(export->items.root, pserverctl_export_line, &list);

    fwrite(text, 1, (size_t) (pserver_archive_write_end(text, list.count)
                              - text), list.out);

    rc = (fflush(list.out) == 0 && !ferror(list.out)
          && syncfs(export->dir) == 0) ? 0 : -1;

    if (fclose(list.out) != 0 || rc == -1
        || pserverctl_move_hash(export->dir, PSERVERCTL_MOVE_NEW, &entry,
                                NULL) == -1
        || renameat(export->dir, PSERVERCTL_MOVE_NEW, export->dir,
                    PSERVERCTL_MOVE_LIST) == -1
        || fsync(export->dir) == -1)
    {
        return pserverctl_export_failed(export, PSERVERCTL_MOVE_LIST);
    }

    memcpy(export->digest, entry.sha256, 32);

    fprintf(stderr, "%llu files, %llu bytes\n",
            (unsigned long long) list.count, (unsigned long long) list.bytes);

    return PSERVERCTL_OK;
}


static void
pserverctl_export_line(const void *node, VISIT visit, void *data)
{
    u_char                   line[PSERVER_ARCHIVE_LINE_MAX];
    pserverctl_list_t       *list = data;
    const pserverctl_item_t *item;

    item = *(pserverctl_item_t *const *) node;

    if ((visit == postorder || visit == leaf) && item->wanted) {
        list->count++;
        list->bytes += item->entry.size;

        fwrite(line, 1, (size_t) (pserver_archive_write_entry(line,
                                                              &item->entry)
                                  - line), list->out);
    }
}
