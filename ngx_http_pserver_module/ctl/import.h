/*
 * pserverctl import: what its files share.
 */

#ifndef _PSERVERCTL_IMPORT_H_INCLUDED_
#define _PSERVERCTL_IMPORT_H_INCLUDED_


#include "move.h"


#define PSERVERCTL_IMPORT_FOLDER  "incoming"


typedef struct {
    pserverctl_fsck_t         fsck;
    pserver_archive_head_t    head;
    const char               *archive;
    int                       from;
    int                       to;
    char                      folder[sizeof(PSERVERCTL_IMPORT_FOLDER) + 41];
    pserver_str_t             list;      /* malloc'd */
    pserverctl_items_t        items;
    uint64_t                  bytes;
    pserverctl_progress_t     progress;
    int                       rc;        /* of a walk */
} pserverctl_import_t;


/* import_keys.c: opens the owner's keys, as they were exported for one of our
   roots, and writes them under our first.  PSERVERCTL_FAILED or
   PSERVERCTL_DAMAGED: said */
int pserverctl_import_keys(pserverctl_import_t *import);


/* import.c: say what is wrong with a file of the archive, PSERVERCTL_DAMAGED,
   and errno, PSERVERCTL_FAILED; path may be NULL there */
int pserverctl_import_bad(const pserverctl_import_t *import,
    const char *path, const char *reason);
int pserverctl_import_failed(const pserverctl_import_t *import,
    const char *path);


#endif /* _PSERVERCTL_IMPORT_H_INCLUDED_ */
