/*
 * An entry and its opening.  The first byte says which: an entry alone, or
 * (its low bit) two bytes of length, an entry of it, and the rest is what is
 * in the box.
 */

#include <stdlib.h>
#include <string.h>

#include "core/box.h"
#include "core/bytes.h"
#include "core/entry.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const u_char  seal[32];


static void
check(const pserver_entry_view_t *view, const u_char *entry, size_t len)
{
    u_char                *copy;
    pserver_entry_view_t   again;
    pserver_entry_place_t  place;

    copy = malloc(len);
    memcpy(copy, entry, len);

    /* the place is the only thing that changes, and it is always valid */

    memset(&place, 0xff, sizeof(place));
    pserver_entry_place(copy, len, seal, seal, &place);

    if (pserver_entry_parse(&again, copy, len) != PSERVER_OK
        || again.statement.len != view->statement.len
        || memcmp(copy, entry, view->statement.len) != 0
        || again.sequence != UINT64_MAX
        || pserver_entry_follows(&again, seal, seal, UINT64_MAX,
                                 place.previous)
           != PSERVER_OK)
    {
        abort();
    }

    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                    len, box_len;
    u_char                   *box, *plain;
    pserver_entry_view_t      view;
    pserver_entry_opening_t   opening;

    if (size < 3) {
        return 0;
    }

    if ((data[0] & 1) == 0) {
        if (pserver_entry_parse(&view, data + 1, size - 1) == PSERVER_OK) {
            check(&view, data + 1, size - 1);
        }

        return 0;
    }

    len = (size_t) pserver_get_be(data + 1, 2);
    data += 3;
    size -= 3;

    if (len > size || pserver_entry_parse(&view, data, len) != PSERVER_OK) {
        return 0;
    }

    box_len = size - len + PSERVER_BOX_OVERHEAD;
    box = malloc(box_len);
    plain = malloc(size - len + 1);

    pserver_box_seal(box, data + len, size - len, seal, view.statement);

    if (pserver_entry_open(&opening, plain, &view, box, box_len, seal)
        == PSERVER_OK)
    {
        (void) pserver_entry_field(&opening, PSERVER_FIELD_SCOPE);
    }

    free(plain);
    free(box);

    return 0;
}
