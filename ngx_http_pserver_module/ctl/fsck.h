/*
 * pserverctl fsck: what its files share.
 */

#ifndef _PSERVERCTL_FSCK_H_INCLUDED_
#define _PSERVERCTL_FSCK_H_INCLUDED_


#include "progress.h"

#include "../core/ledger.h"
#include "../core/manifest.h"

#include <limits.h>


/* the status of the program, as fsck(8) has it */

#define PSERVERCTL_FSCK_MOVED    1      /* what was found is in quarantine */
#define PSERVERCTL_FSCK_LEFT     4      /* something is left as it is */
#define PSERVERCTL_FSCK_FAILED   8      /* it could not look everywhere */

/* seconds after which nobody is at a temporary file any more */
#define PSERVERCTL_FSCK_STALE    86400


typedef struct {
    const char           *store;
    int                   fd;
    int                   quarantine;
    int                   rebuild;       /* a manifest that is damaged */
    uint64_t              chain_id;
    pserver_root_t       *roots;         /* sodium_malloc() */
    size_t                nroots;
    u_char               *custody;       /* the owner's own key, or NULL */
    pserver_str_t         log;           /* mapped; data NULL: not asked */

    int                   progress;      /* stderr is a terminal */
    pserverctl_progress_t  *bar;         /* of another command, or NULL */
    time_t                shown;
    uint64_t              owners;
    uint64_t              files;         /* that were opened and read */
    uint64_t              bytes;
    uint64_t              found;
    uint64_t              moved;
    uint64_t              failures;
} pserverctl_fsck_t;


/* an owner that is looked at */

typedef struct {
    pserverctl_fsck_t    *fsck;
    int                   fd;            /* the owner's folder */
    int                   lock;          /* -1: not held */
    pserver_address_t     address;
    char                  hex[41];
    const char           *label;         /* of a copy; NULL: in the store */
    pserver_keys_t       *keys;          /* sodium_malloc() */

    pserver_manifest_t    manifest;
    dev_t                 dev;           /* of its file, as it was read */
    ino_t                 ino;
    off_t                 size;
} pserverctl_fsck_owner_t;


/* fsck.c */

/* the roots in a file, and with the option "custody" the owner's own key.
   PSERVERCTL_FAILED: said */
int pserverctl_fsck_roots(pserverctl_fsck_t *fsck, const char *path);
int pserverctl_fsck_custody(pserverctl_fsck_t *fsck,
    const pserverctl_args_t *args);
void pserverctl_fsck_done(pserverctl_fsck_t *fsck);

/*
 * A line for what was found; path is below the owner's folder.  With
 * --quarantine it is moved, and gone from there.
 */
void pserverctl_fsck_found(pserverctl_fsck_owner_t *owner, const char *path,
    const char *reason);

/* the same, and it stays where it is */
void pserverctl_fsck_noted(pserverctl_fsck_owner_t *owner, const char *path,
    const char *reason);

/* the same below the store, and not of an owner; it is moved if it may be */
void pserverctl_fsck_store_found(pserverctl_fsck_t *fsck, const char *path,
    const char *reason, int moves);

/* a system call has failed at path, errno says how */
void pserverctl_fsck_failed(pserverctl_fsck_owner_t *owner,
    const char *path);

/* counts a file that was read, and shows where it is */
void pserverctl_fsck_read(pserverctl_fsck_t *fsck, uint64_t bytes);

/*
 * The names in a folder below "fd", without those that begin with "."
 * unless hidden; malloc'd, each of them too.  -1 with errno; ENOENT is an
 * empty list.
 */
ssize_t pserverctl_fsck_names(int fd, const char *path, int hidden,
    char ***names);
void pserverctl_fsck_free(char **names, size_t n);

/* makes the folders above a path; -1 with errno */
int pserverctl_fsck_parents(char *path, int fd);


/* fsck_store.c */

/* index/, links to operations, leases, what is incoming */
void pserverctl_fsck_beside(pserverctl_fsck_t *fsck);

/* whether the owner has its entry in index/ */
void pserverctl_fsck_indexed(pserverctl_fsck_owner_t *owner);


/* fsck_rebuild.c */

/*
 * Under the lock: makes a manifest from what was read of the one that there
 * is and from the objects, and says so.  The old one stays in quarantine/.
 * why says what is wrong with it; NULL: nothing, and it stays unless there
 * are versions that came later.  PSERVERCTL_FAILED: said, it is as it was.
 */
int pserverctl_fsck_rebuild(pserverctl_fsck_owner_t *owner, const char *why);


/* fsck_log.c */

/* the log in a folder (pserver_audit).  PSERVERCTL_FAILED: said */
int pserverctl_fsck_log_open(pserverctl_fsck_t *fsck, const char *folder);

/* what is wrong with the manifest by what the log has of it; NULL: nothing */
const char *pserverctl_fsck_log(pserverctl_fsck_owner_t *owner);


/* fsck_owner.c */

/* only the keys, in owner->keys; pserverctl_fsck_close() in any case */
int pserverctl_fsck_open(pserverctl_fsck_owner_t *owner);
void pserverctl_fsck_close(pserverctl_fsck_owner_t *owner);

/*
 * The manifest as it is now; what was read of this file before stays.  NULL,
 * or what is wrong with it; where there is none it has no records.
 */
const char *pserverctl_fsck_load(pserverctl_fsck_owner_t *owner);

/* the lock that nginx takes to change something; without it, what is seen
   may be a change that is under way */
void pserverctl_fsck_lock(pserverctl_fsck_owner_t *owner);
void pserverctl_fsck_unlock(pserverctl_fsck_owner_t *owner);

/* keys, manifest, objects, and then what fsck_files.c has */
void pserverctl_fsck_owner(pserverctl_fsck_owner_t *owner);


/* fsck_files.c */

/*
 * Opens a sealed file and reads all of it.  NULL: it is whole, and open says
 * what it is; else what is wrong with it.  *size is that of the file.
 */
const char *pserverctl_fsck_sealed(pserverctl_fsck_owner_t *owner,
    const char *path, const u_char name[PSERVER_NAME_LEN], uint64_t number,
    pserver_open_t *open, uint64_t *size);

/*
 * A row of the ledger: *plain is malloc'd, and wiped and freed by the caller;
 * the row points into it.  NULL, or what is wrong with it; with "" errno says
 * why it could not be read.
 */
const char *pserverctl_fsck_row(pserverctl_fsck_owner_t *owner,
    const char *path, const u_char name[32], pserver_ledger_row_t *row,
    u_char **plain, size_t *len);

/* markers of changes, operations and what they left, temporary files */
void pserverctl_fsck_files(pserverctl_fsck_owner_t *owner);


#endif /* _PSERVERCTL_FSCK_H_INCLUDED_ */
