/*
 * Signed notes, keys and checkpoints; the first byte chooses.  What was read
 * is written and read again.
 */

#include <stdlib.h>
#include <string.h>

#include "core/note.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_key(pserver_str_t text);
static void fuzz_open(pserver_str_t note);
static void fuzz_checkpoint(pserver_str_t text);


static pserver_str_t  vkey = pserver_string(
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char         *copy;
    pserver_str_t   text;

    if (size == 0) {
        return 0;
    }

    text.len = size - 1;
    text.data = copy = malloc(size);
    memcpy(copy, data + 1, text.len);

    switch (data[0]) {
    case 'k':
        fuzz_key(text);
        break;
    case 'n':
        fuzz_open(text);
        break;
    default:
        fuzz_checkpoint(text);
        break;
    }

    free(copy);

    return 0;
}


static void
fuzz_key(pserver_str_t text)
{
    u_char              out[PSERVER_NOTE_KEY_MAX];
    size_t              len;
    pserver_note_key_t  key, back;
    pserver_str_t       written;

    if (pserver_note_key_parse(&key, text) != PSERVER_OK) {
        return;
    }

    len = pserver_note_key_format(out, &key) - out;

    written.data = out;
    written.len = len;

    if (len != text.len
        || pserver_note_key_parse(&back, written) != PSERVER_OK
        || memcmp(key.id, back.id, 32) != 0)
    {
        abort();
    }
}


static void
fuzz_open(pserver_str_t note)
{
    pserver_str_t       text;
    pserver_note_key_t  key;

    if (pserver_note_key_parse(&key, vkey) != PSERVER_OK) {
        abort();
    }

    if (pserver_note_open(&text, note, &key) == PSERVER_OK
        && (text.len >= note.len || text.data[text.len - 1] != '\n'))
    {
        abort();
    }
}


static void
fuzz_checkpoint(pserver_str_t text)
{
    u_char                out[PSERVER_NOTE_MAX];
    pserver_str_t         written;
    pserver_checkpoint_t  cp, back;

    if (pserver_checkpoint_parse(&cp, text) != PSERVER_OK) {
        return;
    }

    written.data = out;
    written.len = pserver_checkpoint_write(out, &cp) - out;

    if (written.len > PSERVER_NOTE_MAX - 256
        || pserver_checkpoint_parse(&back, written) != PSERVER_OK
        || back.size != cp.size
        || back.n != cp.n
        || memcmp(back.root, cp.root, 32) != 0)
    {
        abort();
    }
}
