/*
 * A file of IPFS, see ipfs.h.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "ipfs.h"
#include "protobuf.h"
#include "unixfs.h"


typedef struct {
    u_char                sha256[32];    /* first: blocks are found by it */
    pserver_str_t         bytes;
} ipfs_block_t;


/* a node whose links are being followed */

typedef struct {
    pserver_unixfs_t      file;
    size_t                start;         /* of its bytes, in the output */
} ipfs_level_t;


typedef struct {
    ipfs_block_t         *block;         /* sorted */
    size_t                blocks;
    size_t                visited;

    ipfs_level_t          level[PSERVER_IPFS_DEPTH];
    size_t                depth;

    u_char               *dst;
    size_t                cap;
    size_t                len;
} ipfs_t;


static int ipfs_car(ipfs_t *ipfs, const u_char *data, size_t len);
static int ipfs_section(const u_char **pos, const u_char *last,
    pserver_str_t *bytes);
static int ipfs_walk(ipfs_t *ipfs, const pserver_cid_t *root);
static int ipfs_enter(ipfs_t *ipfs, const pserver_cid_t *cid);
static int ipfs_leave(ipfs_t *ipfs);
static int ipfs_copy(ipfs_t *ipfs, pserver_str_t bytes);
static int ipfs_compare(const void *one, const void *two);


int
pserver_ipfs_file(const pserver_cid_t *cid, const u_char *data, size_t len,
    u_char *dst, size_t cap, size_t *n)
{
    int           rc;
    ipfs_t        ipfs;
    ipfs_block_t  block;

    memset(&ipfs, 0, sizeof(ipfs_t));

    ipfs.dst = dst;
    ipfs.cap = cap;

    crypto_hash_sha256(block.sha256, data, len);

    if (memcmp(block.sha256, cid->sha256, sizeof(cid->sha256)) == 0) {

        block.bytes.data = (u_char *) data;
        block.bytes.len = len;

        ipfs.block = &block;
        ipfs.blocks = 1;

        rc = ipfs_walk(&ipfs, cid);

    } else {
        rc = ipfs_car(&ipfs, data, len);

        if (rc == PSERVER_OK) {
            rc = ipfs_walk(&ipfs, cid);
        }

        free(ipfs.block);
    }

    *n = (rc == PSERVER_OK) ? ipfs.len : 0;

    return rc;
}


/* varint | header, then for each block: varint | CID | bytes; a block is
   known by the hash that it has, not by the one that the CAR gives it */

static int
ipfs_car(ipfs_t *ipfs, const u_char *data, size_t len)
{
    size_t          i;
    pserver_str_t   bytes;
    const u_char   *pos, *body, *last;

    pos = data;
    last = data + len;

    if (ipfs_section(&pos, last, &bytes) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    body = pos;

    while (pos != last) {

        if (ipfs_section(&pos, last, &bytes) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        if (++ipfs->blocks > PSERVER_IPFS_BLOCKS) {
            return PSERVER_NOSPACE;
        }
    }

    if (ipfs->blocks == 0) {
        return PSERVER_INVALID;
    }

    ipfs->block = malloc(ipfs->blocks * sizeof(ipfs_block_t));
    if (ipfs->block == NULL) {
        return PSERVER_NOMEM;
    }

    pos = body;

    for (i = 0; i < ipfs->blocks; i++) {

        (void) ipfs_section(&pos, last, &bytes);

        if (pserver_cid_skip(&bytes) != PSERVER_OK) {
            return PSERVER_INVALID;
        }

        crypto_hash_sha256(ipfs->block[i].sha256, bytes.data, bytes.len);
        ipfs->block[i].bytes = bytes;
    }

    qsort(ipfs->block, ipfs->blocks, sizeof(ipfs_block_t), ipfs_compare);

    return PSERVER_OK;
}


static int
ipfs_section(const u_char **pos, const u_char *last, pserver_str_t *bytes)
{
    uint64_t  len;

    if (pserver_varint(pos, last, &len) != PSERVER_OK
        || len == 0
        || len > (uint64_t) (last - *pos))
    {
        return PSERVER_INVALID;
    }

    bytes->data = (u_char *) *pos;
    bytes->len = (size_t) len;
    *pos += len;

    return PSERVER_OK;
}


/* depth first: that is the order of the bytes */

static int
ipfs_walk(ipfs_t *ipfs, const pserver_cid_t *root)
{
    int            rc;
    pserver_cid_t  cid;

    rc = ipfs_enter(ipfs, root);

    while (rc == PSERVER_OK && ipfs->depth) {

        rc = pserver_unixfs_link(&ipfs->level[ipfs->depth - 1].file, &cid);

        switch (rc) {

        case PSERVER_OK:
            rc = ipfs_enter(ipfs, &cid);
            break;

        case PSERVER_DONE:
            rc = ipfs_leave(ipfs);
            break;
        }
    }

    return rc;
}


static int
ipfs_enter(ipfs_t *ipfs, const pserver_cid_t *cid)
{
    ipfs_block_t  *block;
    ipfs_level_t  *level;

    block = bsearch(cid->sha256, ipfs->block, ipfs->blocks,
                    sizeof(ipfs_block_t), ipfs_compare);

    if (block == NULL) {
        return PSERVER_INVALID;
    }

    if (++ipfs->visited > PSERVER_IPFS_BLOCKS) {
        return PSERVER_NOSPACE;
    }

    if (cid->codec == PSERVER_CID_RAW) {
        return ipfs_copy(ipfs, block->bytes);
    }

    if (ipfs->depth == PSERVER_IPFS_DEPTH) {
        return PSERVER_NOSPACE;
    }

    level = &ipfs->level[ipfs->depth];

    if (pserver_unixfs_parse(block->bytes.data, block->bytes.len,
                             &level->file)
        != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    level->start = ipfs->len;
    ipfs->depth++;

    return ipfs_copy(ipfs, level->file.data);
}


static int
ipfs_leave(ipfs_t *ipfs)
{
    ipfs_level_t  *level;

    level = &ipfs->level[--ipfs->depth];

    if (level->file.size != UINT64_MAX
        && level->file.size != ipfs->len - level->start)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
ipfs_copy(ipfs_t *ipfs, pserver_str_t bytes)
{
    if (bytes.len > ipfs->cap - ipfs->len) {
        return PSERVER_NOSPACE;
    }

    if (bytes.len) {
        memcpy(ipfs->dst + ipfs->len, bytes.data, bytes.len);
        ipfs->len += bytes.len;
    }

    return PSERVER_OK;
}


static int
ipfs_compare(const void *one, const void *two)
{
    return memcmp(one, two, sizeof(((ipfs_block_t *) 0)->sha256));
}
