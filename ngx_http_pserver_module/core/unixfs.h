/*
 * UnixFS: a file as a node of dag-pb, which has some of its bytes and links
 * to nodes that have the rest, in order.  Directories, symlinks and what
 * else UnixFS knows are no files here.
 */

#ifndef _PSERVER_UNIXFS_H_INCLUDED_
#define _PSERVER_UNIXFS_H_INCLUDED_


#include "cid.h"


typedef struct {
    pserver_str_t         data;      /* a slice of the block; it comes first */
    uint64_t              size;      /* with what is linked; UINT64_MAX: the
                                        node does not say */
    /* private */
    const u_char         *pos;
    const u_char         *last;
} pserver_unixfs_t;


/* PSERVER_INVALID: not a node that is a file */
int pserver_unixfs_parse(const u_char *block, size_t len,
    pserver_unixfs_t *file);

/* the next link.  PSERVER_DONE: there is none; PSERVER_INVALID: to nothing
   that can be verified here */
int pserver_unixfs_link(pserver_unixfs_t *file, pserver_cid_t *cid);


#endif /* _PSERVER_UNIXFS_H_INCLUDED_ */
