/*
 * What a gateway sent.  The first two bytes say where in it the block is that
 * is taken for the root, since no fuzzer finds a hash: from there to its end.
 */

#include <stdlib.h>

#include <sodium.h>

#include "core/bytes.h"
#include "core/ipfs.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         n, start;
    u_char         dst[4096];
    pserver_cid_t  cid;

    if (size < 2) {
        return 0;
    }

    start = pserver_get_be(data, 2);
    data += 2;
    size -= 2;

    if (start > size) {
        start = 0;
    }

    cid.codec = PSERVER_CID_DAG_PB;
    crypto_hash_sha256(cid.sha256, data + start, size - start);

    if (pserver_ipfs_file(&cid, data, size, dst, sizeof(dst), &n)
        == PSERVER_OK
        && n > sizeof(dst))
    {
        abort();
    }

    return 0;
}
