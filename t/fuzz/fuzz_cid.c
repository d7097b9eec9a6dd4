/*
 * CIDs as text, and blocks whose hash is right: the hash is made here.
 */

#include <stdlib.h>

#include <sodium.h>

#include "core/cid.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_cid_t  cid;
    pserver_str_t  text, url;

    url.data = (u_char *) data;
    url.len = size;

    (void) pserver_cid_parse(url, &cid);
    (void) pserver_cid_url(url, &text, &cid);

    cid.codec = PSERVER_CID_DAG_PB;
    crypto_hash_sha256(cid.sha256, data, size);

    if (pserver_cid_content(&cid, data, size, &text) == PSERVER_OK
        && (text.data < data || text.data + text.len > data + size))
    {
        abort();
    }

    return 0;
}
