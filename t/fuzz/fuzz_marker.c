/*
 * Markers: names; a text that did not come from us does not open; and one
 * that did, after a byte 0 with what it says, opens as it was sealed.
 */

#include <stdlib.h>
#include <string.h>

#include "core/marker.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const u_char  key[PSERVER_BOX_KEY_LEN] = { 1 };


static void
names(const uint8_t *data, size_t size)
{
    char      *name;
    uint64_t   exp;

    name = calloc(1, size + 1);

    if (name == NULL) {
        abort();
    }

    if (size) {
        memcpy(name, data, size);
    }

    if (pserver_marker_exp(&exp, name) == PSERVER_OK
        && strlen(name) != PSERVER_MARKER_NAME_LEN)
    {
        abort();
    }

    free(name);
}


static void
comes_back(const uint8_t *data)
{
    u_char             text[PSERVER_CHANGE_TEXT_LEN + 1];
    pserver_str_t      str;
    pserver_change_t   change, again;
    pserver_started_t  started;

    memset(&again, 0, sizeof(again));
    memset(&change, 0, sizeof(change));

    memcpy(&change.exp, data, 8);
    memcpy(change.hash, data + 8, 32);
    memcpy(&change.value, data + 40, 8);
    memcpy(&change.number, data + 48, 8);
    memcpy(change.name, data + 56, 32);
    memcpy(change.id, data + 88, 16);

    pserver_change_seal(text, &change, key);

    str.data = text;
    str.len = PSERVER_CHANGE_TEXT_LEN;

    if (pserver_change_open(&again, str, key) != PSERVER_OK
        || memcmp(&again, &change, sizeof(change)) != 0
        || pserver_started_open(&started, str, key) == PSERVER_OK)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pserver_str_t      str;
    pserver_change_t   change;
    pserver_started_t  started;

    if (size == 1 + PSERVER_CHANGE_LEN && data[0] == 0) {
        comes_back(data + 1);
        return 0;
    }

    names(data, size);

    str.data = (u_char *) data;
    str.len = size;

    if (pserver_change_open(&change, str, key) == PSERVER_OK
        || pserver_started_open(&started, str, key) == PSERVER_OK)
    {
        abort();
    }

    return 0;
}
