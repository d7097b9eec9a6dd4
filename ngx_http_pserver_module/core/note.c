/*
 * Signed notes and checkpoints.
 */

#include "note.h"
#include "encode.h"
#include "eth.h"

#include <string.h>

#include <sodium.h>


#define PSERVER_NOTE_ED25519    1
#define PSERVER_NOTE_KEYTEXT    44       /* base64 of 33 bytes */
#define PSERVER_NOTE_SIGTEXT    92       /* base64 of 68 bytes */
#define PSERVER_NOTE_ROOTTEXT   44       /* base64 of 32 bytes */


static const u_char  pserver_note_dash[] = "\xe2\x80\x94 ";

#define PSERVER_NOTE_DASH_LEN  4


static int pserver_note_name_valid(pserver_str_t name);
static int pserver_note_base64(u_char *dst, size_t len, pserver_str_t text);
static u_char *pserver_note_put_base64(u_char *dst, const u_char *src,
    size_t len);
static int pserver_note_line(pserver_str_t *line, pserver_str_t *rest);
static int pserver_note_word(pserver_str_t *word, pserver_str_t *rest);
static int pserver_note_number(uint64_t *number, pserver_str_t text);
static u_char *pserver_note_put(u_char *dst, pserver_str_t text);
static u_char *pserver_note_put_number(u_char *dst, uint64_t number);
static int pserver_checkpoint_epoch(pserver_note_epoch_t *epoch,
    pserver_str_t rest);


int
pserver_note_key(pserver_note_key_t *key, pserver_str_t name,
    const u_char public_key[32])
{
    crypto_hash_sha256_state  state;

    if (!pserver_note_name_valid(name)) {
        return PSERVER_INVALID;
    }

    key->name = name;
    memcpy(key->key, public_key, 32);

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, name.data, name.len);
    crypto_hash_sha256_update(&state, (const u_char *) "\n\x01", 2);
    crypto_hash_sha256_update(&state, key->key, 32);
    crypto_hash_sha256_final(&state, key->id);

    return PSERVER_OK;
}


int
pserver_note_key_parse(pserver_note_key_t *key, pserver_str_t text)
{
    u_char         *plus, bytes[1 + 32], id[4];
    pserver_str_t   name, part;

    plus = memchr(text.data, '+', text.len);

    if (plus == NULL) {
        return PSERVER_INVALID;
    }

    name.data = text.data;
    name.len = (size_t) (plus - text.data);

    if (text.len - name.len != 1 + 8 + 1 + PSERVER_NOTE_KEYTEXT
        || plus[9] != '+')
    {
        return PSERVER_INVALID;
    }

    part.data = plus + 1;
    part.len = 8;

    if (pserver_hex_decode(id, sizeof(id), part) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    part.data = plus + 10;
    part.len = PSERVER_NOTE_KEYTEXT;

    if (pserver_note_base64(bytes, sizeof(bytes), part) != PSERVER_OK
        || bytes[0] != PSERVER_NOTE_ED25519
        || pserver_note_key(key, name, bytes + 1) != PSERVER_OK
        || memcmp(key->id, id, sizeof(id)) != 0)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


u_char *
pserver_note_key_format(u_char *dst, const pserver_note_key_t *key)
{
    u_char  bytes[1 + 32];

    bytes[0] = PSERVER_NOTE_ED25519;
    memcpy(bytes + 1, key->key, 32);

    dst = pserver_note_put(dst, key->name);
    *dst++ = '+';
    dst = pserver_hex_encode(dst, key->id, 4);
    *dst++ = '+';

    return pserver_note_put_base64(dst, bytes, sizeof(bytes));
}


u_char *
pserver_note_sign(u_char *dst, size_t len, const pserver_note_key_t *key,
    const u_char secret[64])
{
    u_char  *p;
    u_char   signature[4 + crypto_sign_BYTES];

    if (len + 1 + PSERVER_NOTE_DASH_LEN + key->name.len + 1
        + PSERVER_NOTE_SIGTEXT + 1
        > PSERVER_NOTE_MAX)
    {
        return NULL;
    }

    memcpy(signature, key->id, 4);
    (void) crypto_sign_detached(signature + 4, NULL, dst, len, secret);

    p = dst + len;

    *p++ = '\n';
    memcpy(p, pserver_note_dash, PSERVER_NOTE_DASH_LEN);
    p = pserver_note_put(p + PSERVER_NOTE_DASH_LEN, key->name);
    *p++ = ' ';
    p = pserver_note_put_base64(p, signature, sizeof(signature));
    *p++ = '\n';

    return p;
}


int
pserver_note_text(pserver_str_t *text, pserver_str_t note)
{
    size_t  i;

    if (note.len < 3
        || note.len > PSERVER_NOTE_MAX
        || note.data[note.len - 1] != '\n')
    {
        return PSERVER_INVALID;
    }

    /* signatures follow the last empty line */

    for (i = note.len - 2; i > 0; i--) {

        if (note.data[i] == '\n' && note.data[i - 1] == '\n') {
            text->data = note.data;
            text->len = i;

            return PSERVER_OK;
        }
    }

    return PSERVER_INVALID;
}


int
pserver_note_open(pserver_str_t *text, pserver_str_t note,
    const pserver_note_key_t *key)
{
    int            rc;
    u_char         bytes[4 + crypto_sign_BYTES];
    pserver_str_t  rest, line, name;

    if (pserver_note_text(text, note) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    rest.data = note.data + text->len + 1;
    rest.len = note.len - text->len - 1;

    rc = PSERVER_DONE;

    while (rest.len) {

        if (pserver_note_line(&line, &rest) != PSERVER_OK
            || line.len < PSERVER_NOTE_DASH_LEN
            || memcmp(line.data, pserver_note_dash, PSERVER_NOTE_DASH_LEN)
               != 0)
        {
            return PSERVER_INVALID;
        }

        line.data += PSERVER_NOTE_DASH_LEN;
        line.len -= PSERVER_NOTE_DASH_LEN;

        if (pserver_note_word(&name, &line) != PSERVER_OK
            || !pserver_note_name_valid(name))
        {
            return PSERVER_INVALID;
        }

        if (name.len != key->name.len
            || memcmp(name.data, key->name.data, name.len) != 0
            || pserver_note_base64(bytes, sizeof(bytes), line) != PSERVER_OK
            || memcmp(bytes, key->id, 4) != 0)
        {
            continue;
        }

        if (crypto_sign_verify_detached(bytes + 4, text->data, text->len,
                                        key->key)
            != 0)
        {
            return PSERVER_DONE;
        }

        rc = PSERVER_OK;
    }

    return rc;
}


u_char *
pserver_checkpoint_write(u_char *dst, const pserver_checkpoint_t *checkpoint)
{
    size_t                       i;
    const pserver_note_epoch_t  *epoch;

    static const pserver_str_t  anchor = pserver_string("anchor ");

    dst = pserver_note_put(dst, checkpoint->name);
    *dst++ = '\n';

    dst = pserver_note_put_number(dst, checkpoint->size);
    *dst++ = '\n';

    dst = pserver_note_put_base64(dst, checkpoint->root, 32);
    *dst++ = '\n';

    for (i = 0; i < checkpoint->n; i++) {
        epoch = &checkpoint->epochs[i];

        dst = pserver_note_put(dst, anchor);
        dst = pserver_note_put_number(dst, epoch->size);
        *dst++ = ' ';
        dst = pserver_note_put_number(dst, epoch->chain_id);
        *dst++ = ' ';
        dst = pserver_address_format_lower(dst, &epoch->contract);
        *dst++ = ' ';
        dst = pserver_address_format_lower(dst, &epoch->sender);
        *dst++ = '\n';
    }

    return dst;
}


int
pserver_checkpoint_parse(pserver_checkpoint_t *checkpoint, pserver_str_t text)
{
    pserver_str_t          line, word;
    pserver_note_epoch_t  *epoch;

    if (pserver_note_line(&checkpoint->name, &text) != PSERVER_OK
        || !pserver_note_name_valid(checkpoint->name)
        || pserver_note_line(&line, &text) != PSERVER_OK
        || pserver_note_number(&checkpoint->size, line) != PSERVER_OK
        || pserver_note_line(&line, &text) != PSERVER_OK
        || pserver_note_base64(checkpoint->root, 32, line) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    checkpoint->n = 0;

    while (text.len) {

        if (pserver_note_line(&line, &text) != PSERVER_OK || line.len == 0) {
            return PSERVER_INVALID;
        }

        if (pserver_note_word(&word, &line) != PSERVER_OK
            || word.len != 6
            || memcmp(word.data, "anchor", 6) != 0)
        {
            continue;
        }

        if (checkpoint->n == PSERVER_NOTE_EPOCHS_MAX) {
            return PSERVER_INVALID;
        }

        epoch = &checkpoint->epochs[checkpoint->n];

        if (pserver_checkpoint_epoch(epoch, line) != PSERVER_OK
            || epoch->size > checkpoint->size
            || (checkpoint->n && epoch->size < epoch[-1].size))
        {
            return PSERVER_INVALID;
        }

        checkpoint->n++;
    }

    return PSERVER_OK;
}


int
pserver_checkpoint_open(pserver_checkpoint_t *checkpoint, pserver_str_t note,
    const pserver_note_key_t *key)
{
    int            rc;
    pserver_str_t  text;

    rc = pserver_note_open(&text, note, key);

    if (rc != PSERVER_OK) {
        return rc;
    }

    if (pserver_checkpoint_parse(checkpoint, text) != PSERVER_OK
        || checkpoint->name.len != key->name.len
        || memcmp(checkpoint->name.data, key->name.data, key->name.len) != 0)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
pserver_checkpoint_epoch(pserver_note_epoch_t *epoch, pserver_str_t rest)
{
    pserver_str_t  word;

    if (pserver_note_word(&word, &rest) != PSERVER_OK
        || pserver_note_number(&epoch->size, word) != PSERVER_OK
        || pserver_note_word(&word, &rest) != PSERVER_OK
        || pserver_note_number(&epoch->chain_id, word) != PSERVER_OK
        || pserver_note_word(&word, &rest) != PSERVER_OK
        || pserver_address_parse(&epoch->contract, word) != PSERVER_OK
        || pserver_address_parse(&epoch->sender, rest) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static int
pserver_note_name_valid(pserver_str_t name)
{
    size_t  i;

    if (name.len == 0 || name.len > PSERVER_NOTE_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '+')
        {
            return 0;
        }
    }

    return 1;
}


/* exactly len bytes, in the one form that stands for them */

static int
pserver_note_base64(u_char *dst, size_t len, pserver_str_t text)
{
    size_t  n;

    if (sodium_base642bin(dst, len, (char *) text.data, text.len, NULL, &n,
                          NULL, sodium_base64_VARIANT_ORIGINAL)
        != 0
        || n != len)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


static u_char *
pserver_note_put_base64(u_char *dst, const u_char *src, size_t len)
{
    char    text[PSERVER_NOTE_SIGTEXT + 1];
    size_t  n;

    n = (len + 2) / 3 * 4;

    sodium_bin2base64(text, sizeof(text), src, len,
                      sodium_base64_VARIANT_ORIGINAL);

    memcpy(dst, text, n);

    return dst + n;
}


/* cuts a line off, without its newline */

static int
pserver_note_line(pserver_str_t *line, pserver_str_t *rest)
{
    u_char  *end;

    end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;

    if (end == NULL) {
        return PSERVER_INVALID;
    }

    line->data = rest->data;
    line->len = (size_t) (end - rest->data);

    rest->data = end + 1;
    rest->len -= line->len + 1;

    return PSERVER_OK;
}


/* cuts off what is before a blank, which must be there */

static int
pserver_note_word(pserver_str_t *word, pserver_str_t *rest)
{
    u_char  *end;

    end = rest->len ? memchr(rest->data, ' ', rest->len) : NULL;

    if (end == NULL) {
        return PSERVER_INVALID;
    }

    word->data = rest->data;
    word->len = (size_t) (end - rest->data);

    rest->data = end + 1;
    rest->len -= word->len + 1;

    return PSERVER_OK;
}


static int
pserver_note_number(uint64_t *number, pserver_str_t text)
{
    pserver_word_t  word;

    if (text.len == 0
        || (text.len > 1 && text.data[1] == 'x')
        || pserver_word_parse(&word, text) != PSERVER_OK)
    {
        return PSERVER_INVALID;
    }

    return pserver_word_uint64(&word, number);
}


static u_char *
pserver_note_put(u_char *dst, pserver_str_t text)
{
    memcpy(dst, text.data, text.len);

    return dst + text.len;
}


static u_char *
pserver_note_put_number(u_char *dst, uint64_t number)
{
    pserver_word_t  word;

    pserver_word_from_uint64(&word, number);

    return pserver_word_decimal(dst, &word);
}
