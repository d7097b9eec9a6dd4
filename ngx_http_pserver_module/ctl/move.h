/*
 * pserverctl export and import: what their files share.
 */

#ifndef _PSERVERCTL_MOVE_H_INCLUDED_
#define _PSERVERCTL_MOVE_H_INCLUDED_


#include "fsck.h"

#include "../core/archive.h"
#include "../core/move.h"


/* the status, besides those of all commands: what is read is not whole, and
   to run the command again does not help */
#define PSERVERCTL_DAMAGED      4

#define PSERVERCTL_MOVE_LIST    "list"
#define PSERVERCTL_MOVE_NEW     "list.new"
#define PSERVERCTL_MOVE_KEY     "key"
#define PSERVERCTL_OWNER_KEY    "owner.key"
#define PSERVERCTL_MANIFEST     "manifest"


/* a file or link of an archive, malloc'd; path and text are behind it */

typedef struct {
    pserver_archive_entry_t   entry;
    u_char                    id[PSERVER_SEAL_ID_LEN];  /* of an object */
    ino_t                     ino;       /* of the file that was read */
    int                       wanted;    /* it belongs to what is made */
} pserverctl_item_t;


/* items by path: a tree of tsearch(3) */

typedef struct {
    void                     *root;
    size_t                    count;
} pserverctl_items_t;


typedef int (*pserverctl_move_each_pt)(void *data, const char *path);


/* move.c */

/* NULL: there is none; not enough memory */
pserverctl_item_t *pserverctl_item_find(const pserverctl_items_t *items,
    const char *path);
pserverctl_item_t *pserverctl_item_add(pserverctl_items_t *items,
    const char *path, const char *text);
void pserverctl_items_free(pserverctl_items_t *items);

/*
 * All of these return 0, or -1 with errno.  Paths are below the folders that
 * are open as from, to and dir; folders are made as needed.  Links are not
 * followed.  size, sha256 are those of what was read.
 */
int pserverctl_move_copy(int from, int to, const char *path,
    pserver_archive_entry_t *entry, pserverctl_progress_t *progress);
int pserverctl_move_hash(int dir, const char *path,
    pserver_archive_entry_t *entry, pserverctl_progress_t *progress);
int pserverctl_move_write(int dir, const char *path, const u_char *data,
    size_t len);

/* reads a file; -1 with EFBIG: it is longer than size */
ssize_t pserverctl_move_read(int dir, const char *path, u_char *data,
    size_t size);

/* for each file and link; each() ends it with -1 */
int pserverctl_move_walk(int dir, pserverctl_move_each_pt each, void *data);

/* removes what is not wanted */
int pserverctl_move_prune(int dir, const pserverctl_items_t *items);

/* opens every byte of the folder "fd", which is at "label", as fsck does.
   PSERVERCTL_DAMAGED: said; PSERVERCTL_FAILED: said */
int pserverctl_move_check(const pserverctl_fsck_t *like,
    const pserver_address_t *owner, int fd, const char *label,
    pserver_root_t *roots, size_t nroots, uint64_t bytes);


/* export_log.c */

/*
 * What the log in a folder (pserver_audit) has of the owner, with proofs,
 * into "logs/" below dir; the items are added.  PSERVERCTL_FAILED: said.
 */
int pserverctl_export_log(pserverctl_fsck_owner_t *owner, const char *folder,
    int dir, pserverctl_items_t *items);


/* import_place.c */

/*
 * Gives the owner a place in the store, and then the folder that is at
 * "from" below it and open as fd: all of it, in one step.
 * PSERVERCTL_FAILED: said.
 */
int pserverctl_import_place(pserverctl_fsck_t *fsck,
    const pserver_address_t *address, int fd, const char *from,
    const pserverctl_items_t *items);

/* whether there is room for the owner in the store.  PSERVERCTL_FAILED:
   said, there is not */
int pserverctl_import_free(const pserverctl_fsck_t *fsck,
    const pserver_address_t *address);


#endif /* _PSERVERCTL_MOVE_H_INCLUDED_ */
