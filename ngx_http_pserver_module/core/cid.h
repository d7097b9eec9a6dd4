/*
 * Content identifiers of IPFS, those with SHA-256: CIDv1 in base32
 * ("bafkrei..", "bafybei..") and CIDv0 ("Qm..").  The block that they name
 * is the file itself (codec raw), or a node of dag-pb (core/unixfs).
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

/* the same as bytes.  PSERVER_INVALID: another form */
int pserver_cid_binary(pserver_str_t bytes, pserver_cid_t *cid);

/* leaves what comes behind a CID, of whatever codec and hash */
int pserver_cid_skip(pserver_str_t *bytes);


#endif /* _PSERVER_CID_H_INCLUDED_ */
