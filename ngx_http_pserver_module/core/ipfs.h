/*
 * The file that a CID names, out of what a gateway sent.  The gateway is
 * believed nothing: each block is hashed before a byte of it counts.
 */

#ifndef _PSERVER_IPFS_H_INCLUDED_
#define _PSERVER_IPFS_H_INCLUDED_


#include "cid.h"


#define PSERVER_IPFS_DEPTH   8       /* links from the root to a leaf */
#define PSERVER_IPFS_BLOCKS  4096    /* of one file, and of one CAR */


/*
 * What a gateway sends at most for a file of n bytes: its blocks in a CAR,
 * with the nodes that link them.  A file in smaller parts than 256 bytes
 * may need more; nobody cuts so small.
 */
#define pserver_ipfs_answer_max(n)  ((n) + (n) / 2 + 4096)


/*
 * data is the block that the CID names, or a CAR (version 1, as trustless
 * gateways send it) with all blocks of the file, in any order; its header
 * is skipped, the root is what the CID says.  Writes the file to dst and
 * its length to *n.
 *
 * PSERVER_INVALID: other bytes, or not a whole file.  PSERVER_NOSPACE: it
 * has more than cap bytes, or goes beyond the limits above.  PSERVER_NOMEM.
 */
int pserver_ipfs_file(const pserver_cid_t *cid, const u_char *data,
    size_t len, u_char *dst, size_t cap, size_t *n);


#endif /* _PSERVER_IPFS_H_INCLUDED_ */
