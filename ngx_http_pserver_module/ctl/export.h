/*
 * pserverctl export: what its files share.
 */

#ifndef _PSERVERCTL_EXPORT_H_INCLUDED_
#define _PSERVERCTL_EXPORT_H_INCLUDED_


#include "move.h"


typedef struct {
    pserverctl_fsck_t         fsck;
    pserverctl_fsck_owner_t   owner;
    pserver_archive_head_t    head;
    const char               *archive;
    int                       dir;
    int                       running;   /* leave such operations out */
    uint64_t                  operations;
    pserverctl_items_t        items;
    pserverctl_progress_t     progress;
    u_char                    digest[32];
} pserverctl_export_t;


/* All of these: PSERVERCTL_FAILED or PSERVERCTL_DAMAGED, said. */

/* export_copy.c: what is in the owner's folder is copied, and the items are
   added */

/* those of the manifest; with "cut" all have to be there */
int pserverctl_export_objects(pserverctl_export_t *export, int cut);

/* the rest under the owner's lock: the manifest as far as it was read, the
   markers in a folder, operations that have ended, proofs of other logs */
int pserverctl_export_manifest(pserverctl_export_t *export);
int pserverctl_export_links(pserverctl_export_t *export,
    const char *folder);
int pserverctl_export_jobs(pserverctl_export_t *export);
int pserverctl_export_proofs(pserverctl_export_t *export);


/* export_list.c: what is made for the archive */

/* bytes that are a file of it */
int pserverctl_export_put(pserverctl_export_t *export,
    const char *path, const u_char *data, size_t len);

/* the owner's keys under a root that is made into *move, and that root for the
   recipient; the caller wipes it */
int pserverctl_export_keys(pserverctl_export_t *export,
    pserver_root_t *move);

/* the list of the items, which makes the archive complete, and its digest */
int pserverctl_export_list(pserverctl_export_t *export);


/* export.c: says errno.  PSERVERCTL_FAILED */
int pserverctl_export_failed(const pserverctl_export_t *export,
    const char *path);


#endif /* _PSERVERCTL_EXPORT_H_INCLUDED_ */
