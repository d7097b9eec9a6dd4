/*
 * The owner's keys of an archive: opened with our root that they are for, and
 * closed again under our first.
 */

#include "import.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>


static int pserverctl_import_move(pserverctl_import_t *import,
    pserver_root_t *move);
static int pserverctl_import_rewrap(pserverctl_import_t *import,
    const pserver_root_t *move, pserver_keys_t *keys);
static int pserverctl_import_read(pserverctl_import_t *import,
    const char *path, u_char *data, size_t size, pserver_str_t *file);


int
pserverctl_import_keys(pserverctl_import_t *import)
{
    int              rc;
    pserver_keys_t  *keys;
    pserver_root_t  *move;

    keys = sodium_malloc(sizeof(pserver_keys_t));
    move = sodium_malloc(sizeof(pserver_root_t));

    if (keys == NULL || move == NULL) {
        pserverctl_error("not enough memory");
        rc = PSERVERCTL_FAILED;

    } else {
        rc = pserverctl_import_move(import, move);

        if (rc == PSERVERCTL_OK) {
            rc = pserverctl_import_rewrap(import, move, keys);
        }
    }

    sodium_free(keys);
    sodium_free(move);

    return rc;
}


/* the root of this move, by that of our roots which it was exported for */

static int
pserverctl_import_move(pserverctl_import_t *import, pserver_root_t *move)
{
    int             rc;
    size_t          i;
    u_char          data[PSERVER_MOVE_LEN], key[PSERVER_MOVE_KEY_LEN];
    pserver_str_t   file;

    rc = pserverctl_import_read(import, PSERVERCTL_MOVE_KEY, data,
                                sizeof(data), &file);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    for (i = 0; i < import->fsck.nroots; i++) {
        pserver_move_keys(key, NULL, &import->fsck.roots[i]);

        if (memcmp(key, import->head.recipient, sizeof(key)) == 0) {
            break;
        }
    }

    if (i == import->fsck.nroots) {
        pserverctl_error("%s: was exported for another server, or for a root "
                         "that is not in --root", import->archive);
        return PSERVERCTL_DAMAGED;
    }

    rc = pserver_move_open(move, file, &import->fsck.roots[i],
                           import->head.chain_id, &import->head.owner);

    return (rc == PSERVER_OK) ? PSERVERCTL_OK
           : pserverctl_import_bad(import, PSERVERCTL_MOVE_KEY,
                                   "does not open");
}


static int
pserverctl_import_rewrap(pserverctl_import_t *import,
    const pserver_root_t *move, pserver_keys_t *keys)
{
    int                 rc, owned;
    size_t              len;
    u_char              data[PSERVER_KEYS_FILE_MAX];
    u_char              new[PSERVER_KEYS_FILE_MAX];
    const u_char       *wrap;
    pserver_str_t       file;
    pserverctl_fsck_t  *fsck;

    fsck = &import->fsck;

    rc = pserverctl_import_read(import, PSERVERCTL_OWNER_KEY, data,
                                sizeof(data), &file);
    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    owned = pserver_keys_owned(file, NULL, &wrap) == PSERVER_OK;

    if (owned && fsck->custody == NULL) {
        pserverctl_error("%s: needs the owner's own key: --custody",
                         import->archive);
        return PSERVERCTL_FAILED;
    }

    if (owned) {
        rc = pserver_keys_unwrap_owned(keys, NULL, file, move, 1,
                                       fsck->chain_id, &import->head.owner,
                                       fsck->custody);
    } else {
        rc = pserver_keys_unwrap(keys, NULL, file, move, 1, fsck->chain_id,
                                 &import->head.owner);
    }

    if (rc != PSERVER_OK) {
        return pserverctl_import_bad(import, PSERVERCTL_OWNER_KEY,
                                     owned ? "does not open with this key of "
                                     "the owner" : "does not open");
    }

    if (owned) {
        len = pserver_keys_wrap_owned(new, keys, &fsck->roots[0],
                                      fsck->chain_id, &import->head.owner,
                                      fsck->custody, wrap);
    } else {
        len = pserver_keys_wrap(new, keys, &fsck->roots[0], fsck->chain_id,
                                &import->head.owner);
    }

    if (pserverctl_move_write(import->to, PSERVERCTL_OWNER_KEY, new, len)
        == -1)
    {
        return pserverctl_import_failed(import, PSERVERCTL_OWNER_KEY);
    }

    return PSERVERCTL_OK;
}


/* a small file, as the list has it */

static int
pserverctl_import_read(pserverctl_import_t *import, const char *path,
    u_char *data, size_t size, pserver_str_t *file)
{
    u_char              sha256[32];
    ssize_t             n;
    pserverctl_item_t  *item;

    n = pserverctl_move_read(import->from, path, data, size);

    if (n == -1 && errno != ENOENT && errno != EFBIG && errno != ELOOP) {
        return pserverctl_import_failed(import, path);
    }

    file->data = data;
    file->len = (n > 0) ? (size_t) n : 0;

    (void) crypto_hash_sha256(sha256, data, file->len);

    item = pserverctl_item_find(&import->items, path);

    return (n != -1 && memcmp(sha256, item->entry.sha256, 32) == 0)
           ? PSERVERCTL_OK
           : pserverctl_import_bad(import, path, (n == -1
                                                  && errno == ENOENT)
                                   ? "is not there" : "was changed");
}
