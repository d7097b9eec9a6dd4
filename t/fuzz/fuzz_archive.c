/*
 * The list of an archive: what was read is written, and is the same text.
 * After "p", the proofs of a log instead.
 */

#include <stdlib.h>
#include <string.h>

#include "core/archive.h"
#include "core/logproof.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_list(pserver_str_t text)
{
    int                       rc;
    u_char                   *out, *p;
    pserver_archive_t         archive;
    pserver_archive_head_t    head;
    pserver_archive_entry_t   entry;

    if (pserver_archive_init(&archive, &head, text) != PSERVER_OK) {
        return;
    }

    out = malloc(text.len + 8 * PSERVER_ARCHIVE_LINE_MAX);
    p = pserver_archive_write_head(out, &head);

    while ((rc = pserver_archive_next(&archive, &entry)) == PSERVER_OK) {

        if (pserver_archive_kind(entry.path) != entry.kind
            || entry.path.len >= PSERVER_ARCHIVE_PATH_MAX
            || memmem(entry.path.data, entry.path.len, "..", 2))
        {
            abort();
        }

        p = pserver_archive_write_entry(p, &entry);
    }

    if (rc == PSERVER_DONE) {
        p = pserver_archive_write_end(p, archive.count);

        if ((size_t) (p - out) != text.len
            || memcmp(out, text.data, text.len) != 0)
        {
            abort();
        }
    }

    free(out);
}


static void
fuzz_proofs(pserver_str_t text)
{
    pserver_logproof_t     proof;
    pserver_logproofs_t    proofs;
    pserver_checkpoint_t   checkpoint;
    pserver_entry_keys_t   keys;
    pserver_entry_view_t   view;

    memset(&keys, 1, sizeof(keys));
    memset(&checkpoint, 0, sizeof(checkpoint));
    checkpoint.size = 1000;

    if (pserver_logproofs_init(&proofs, text) != PSERVER_OK) {
        return;
    }

    while (pserver_logproofs_next(&proofs, &proof, &view) == PSERVER_OK) {

        if (pserver_logproof_verify(&proof, &view, &checkpoint) == PSERVER_OK
            || pserver_logproofs_follows(&proofs, &proof, &view, &keys)
               == PSERVER_OK)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char         *copy;
    pserver_str_t   text;

    if (size == 0) {
        return 0;
    }

    text.data = copy = malloc(size);
    text.len = size;
    memcpy(copy, data, size);

    if (data[0] == 'p' && size > 1 && data[1] == 'P') {
        text.data++;
        text.len--;
        fuzz_proofs(text);

    } else {
        fuzz_list(text);
    }

    free(copy);

    return 0;
}
