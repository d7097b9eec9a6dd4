/*
 * A row of the ledger: what is read is written back the same.
 */

#include "core/ledger.h"

#include <stdlib.h>
#include <string.h>


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                *again;
    pserver_ledger_row_t   row;

    if (pserver_ledger_read(&row, data, size) != PSERVER_OK) {
        return 0;
    }

    if (pserver_ledger_len(&row) != size) {
        abort();
    }

    again = malloc(size);
    if (again == NULL) {
        return 0;
    }

    pserver_ledger_write(again, &row);

    if (memcmp(again, data, size) != 0) {
        abort();
    }

    free(again);

    return 0;
}
