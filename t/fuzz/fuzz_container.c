/*
 * The engine's answers: an engine that lies gets no further than its own
 * containers.  The first byte chooses the answer.
 */

#include <stdlib.h>
#include <string.h>

#include "core/container.h"


static void
check_id(const u_char *id)
{
    size_t  i;

    for (i = 0; i < PSERVER_CONTAINER_ID_LEN; i++) {
        if (!strchr("0123456789abcdef", id[i]) || id[i] == '\0') {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                      count, i, n;
    u_char                      id[PSERVER_CONTAINER_ID_LEN], text[64];
    uint32_t                    status;
    pserver_container_state_t   state;
    pserver_container_entry_t   entries[3];
    static const pserver_str_t  instance = pserver_string("run");

    if (size == 0) {
        return 0;
    }

    switch (data[0] % 5) {

    case 0:
        if (pserver_container_created(data + 1, size - 1, id)
            == PSERVER_OK)
        {
            check_id(id);
        }

        break;

    case 1:
        if (pserver_container_waited(data + 1, size - 1, &status)
            == PSERVER_OK && status > 255)
        {
            abort();
        }

        break;

    case 2:
        if (pserver_container_inspected(data + 1, size - 1, &state)
            == PSERVER_OK && state.status > 255)
        {
            abort();
        }

        break;

    case 3:
        if (pserver_container_listed(data + 1, size - 1, instance, entries,
                                     3, &count)
            == PSERVER_OK)
        {
            if (count > 3) {
                abort();
            }

            for (i = 0; i < count; i++) {
                check_id(entries[i].job);
            }
        }

        break;

    default:
        n = pserver_container_message(data + 1, size - 1, text,
                                      sizeof(text));
        if (n > sizeof(text)) {
            abort();
        }

        for (i = 0; i < n; i++) {
            if (text[i] < 0x20 || text[i] > 0x7e) {
                abort();
            }
        }
    }

    return 0;
}
