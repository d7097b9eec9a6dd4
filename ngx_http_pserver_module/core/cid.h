/*
 * Content identifiers of IPFS, as far as a grant file needs them: SHA-256
 * over one block, that is CIDv1 in base32 ("bafkrei..", "bafybei..") and
 * CIDv0 ("Qm..").  The block is the file itself (codec raw), or a dag-pb
 * node that holds a UnixFS file without links.
 */

#ifndef _PSERVER_CID_H_INCLUDED_
#define _PSERVER_CID_H_INCLUDED_


#include "core.h"


#define PSERVER_CID_TEXT_MAX  59


typedef enum {
    PSERVER_CID_RAW = 0x55,
    PSERVER_CID_DAG_PB = 0x70
} pserver_cid_codec_e;


typedef struct {
    pserver_cid_codec_e   codec;
    u_char                sha256[32];
} pserver_cid_t;


/* PSERVER_INVALID: another form, or one that is not canonical */
int pserver_cid_parse(pserver_str_t text, pserver_cid_t *cid);

/* the CID of "ipfs://<cid>", and nothing behind it; text: a slice of url */
int pserver_cid_url(pserver_str_t url, pserver_str_t *text,
    pserver_cid_t *cid);

/*
 * Verifies a block against its CID and finds the file in it: content is a
 * slice of the block.  PSERVER_INVALID: other bytes, or not a whole file.
 */
int pserver_cid_content(const pserver_cid_t *cid, const u_char *block,
    size_t len, pserver_str_t *content);


#endif /* _PSERVER_CID_H_INCLUDED_ */
