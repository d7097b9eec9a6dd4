/*
 * Proofs of the log of another place, and pserverctl audit moved.
 */

#include "moved.h"
#include "audit.h"
#include "move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


static const char *pserverctl_moved_checkpoint(pserverctl_moved_t *moved,
    int fd);
static const char *pserverctl_moved_file(pserverctl_moved_t *moved, int fd,
    const pserver_entry_keys_t *keys);
static const char *pserverctl_moved_entries(pserverctl_moved_t *moved,
    pserver_str_t text, const pserver_entry_keys_t *keys);


const char *
pserverctl_moved(pserverctl_moved_t *moved, int dir, const char *folder,
    const pserver_entry_keys_t *keys)
{
    int          fd;
    const char  *reason;

    memset(moved, 0, sizeof(pserverctl_moved_t));

    fd = openat(dir, folder, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1) {
        return "can not be opened";
    }

    reason = pserverctl_moved_checkpoint(moved, fd);

    if (reason == NULL) {
        reason = pserverctl_moved_file(moved, fd, keys);
    }

    close(fd);

    return reason;
}


static const char *
pserverctl_moved_checkpoint(pserverctl_moved_t *moved, int fd)
{
    ssize_t        n;
    pserver_str_t  text;

    n = pserverctl_move_read(fd, "key", moved->key_text,
                             sizeof(moved->key_text));

    text.data = moved->key_text;
    text.len = (n > 0) ? (size_t) n - 1 : 0;

    if (pserver_note_key_parse(&moved->key, text) != PSERVER_OK) {
        return "has no key of a log";
    }

    n = pserverctl_move_read(fd, "checkpoint", moved->note,
                             sizeof(moved->note));

    text.data = moved->note;
    text.len = (n > 0) ? (size_t) n : 0;

    return (pserver_checkpoint_open(&moved->checkpoint, text, &moved->key)
            == PSERVER_OK)
           ? NULL : "has no checkpoint that its key has signed";
}


static const char *
pserverctl_moved_file(pserverctl_moved_t *moved, int fd,
    const pserver_entry_keys_t *keys)
{
    int            file;
    void          *data;
    const char    *reason;
    struct stat    st;
    pserver_str_t  text;

    file = openat(fd, "proofs", O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (file == -1 || fstat(file, &st) == -1 || st.st_size == 0) {
        if (file != -1) {
            close(file);
        }

        return "has no proofs";
    }

    data = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, file, 0);

    close(file);

    if (data == MAP_FAILED) {
        return "can not be read";
    }

    text.data = data;
    text.len = (size_t) st.st_size;

    reason = pserverctl_moved_entries(moved, text, keys);

    munmap(data, text.len);

    return reason;
}


static const char *
pserverctl_moved_entries(pserverctl_moved_t *moved, pserver_str_t text,
    const pserver_entry_keys_t *keys)
{
    int                    rc;
    pserver_logproof_t    *proof;
    pserver_logproofs_t    proofs;
    pserver_entry_view_t   view;

    proof = malloc(sizeof(pserver_logproof_t));

    if (proof == NULL) {
        return "there is not enough memory for it";
    }

    rc = pserver_logproofs_init(&proofs, text);

    while (rc == PSERVER_OK) {
        rc = pserver_logproofs_next(&proofs, proof, &view);

        if (rc != PSERVER_OK) {
            break;
        }

        if (pserver_logproof_verify(proof, &view, &moved->checkpoint)
            != PSERVER_OK)
        {
            free(proof);
            return "an entry is not in the log that the checkpoint is of";
        }

        if (keys && pserver_logproofs_follows(&proofs, proof, &view, keys)
                    != PSERVER_OK)
        {
            free(proof);
            return "an entry does not open, or one before it is missing";
        }

        moved->entries++;
    }

    free(proof);

    return (rc == PSERVER_DONE) ? NULL : "the file of proofs is none";
}


int
pserverctl_audit_moved(pserverctl_args_t *args)
{
    int                  rc;
    const char          *reason;
    pserver_note_key_t   key;
    pserverctl_moved_t  *moved;

    rc = pserverctl_log_key(&key, args);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    moved = malloc(sizeof(pserverctl_moved_t));

    if (moved == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    reason = pserverctl_moved(moved, AT_FDCWD, args->rest[0], NULL);

    if (reason == NULL && memcmp(key.id, moved->key.id, sizeof(key.id)) != 0)
    {
        reason = "is of another log than --log-key";
    }

    if (reason) {
        pserverctl_error("%s: %s", args->rest[0], reason);
        rc = PSERVERCTL_FAILED;

    } else {
        printf("%llu entries, in the log of %llu that its key has signed\n",
               (unsigned long long) moved->entries,
               (unsigned long long) moved->checkpoint.size);
    }

    free(moved);

    return rc;
}
