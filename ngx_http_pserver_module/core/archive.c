/*
 * The list of an archive, text and back.
 */

#include "archive.h"
#include "encode.h"

#include <stdio.h>
#include <string.h>


#define PSERVER_ARCHIVE_FIRST  "pserver archive 1"


/* "@n" are n hex digits, "#n" decimal ones; all else stands for itself */

typedef struct {
    pserver_archive_kind_e    kind;
    const char               *form;
} pserver_archive_form_t;


static int pserver_archive_matches(const char *form, pserver_str_t path);
static int pserver_archive_line(pserver_archive_t *archive,
    pserver_str_t *line);
static int pserver_archive_word(pserver_str_t *line, const char *word);
static int pserver_archive_hex(pserver_str_t *line, u_char *dst, size_t len);
static int pserver_archive_number(pserver_str_t *line, uint64_t *number);
static int pserver_archive_file(pserver_archive_entry_t *entry,
    pserver_str_t line);
static int pserver_archive_link(pserver_archive_entry_t *entry,
    pserver_str_t line);
static int pserver_archive_after(pserver_str_t path, pserver_str_t last);


static const pserver_archive_form_t  pserver_archive_forms[] = {
    { PSERVER_ARCHIVE_KEY, "key" },
    { PSERVER_ARCHIVE_OWNER_KEY, "owner.key" },
    { PSERVER_ARCHIVE_MANIFEST, "manifest" },
    { PSERVER_ARCHIVE_OBJECT, "objects/@64/#8" },
    { PSERVER_ARCHIVE_ROW, "jobs/@64" },
    { PSERVER_ARCHIVE_ARTIFACT, "jobs/@64.out/#8" },
    { PSERVER_ARCHIVE_PROOF, "logs/@16/key" },
    { PSERVER_ARCHIVE_PROOF, "logs/@16/checkpoint" },
    { PSERVER_ARCHIVE_PROOF, "logs/@16/proofs" },
    { PSERVER_ARCHIVE_LINK, "seen/@16-@64" },
    { PSERVER_ARCHIVE_LINK, "seen/pending" },
    { PSERVER_ARCHIVE_LINK, "jobs/repeats/@16-@64" },
    { PSERVER_ARCHIVE_NONE, NULL }
};


pserver_archive_kind_e
pserver_archive_kind(pserver_str_t path)
{
    const pserver_archive_form_t  *form;

    for (form = pserver_archive_forms; form->form; form++) {
        if (pserver_archive_matches(form->form, path)) {
            return form->kind;
        }
    }

    return PSERVER_ARCHIVE_NONE;
}


static int
pserver_archive_matches(const char *form, pserver_str_t path)
{
    int     hex;
    u_char  c;
    size_t  n, at;

    at = 0;

    while (*form) {

        if (*form != '@' && *form != '#') {
            if (at == path.len || path.data[at++] != (u_char) *form++) {
                return 0;
            }

            continue;
        }

        hex = (*form++ == '@');

        for (n = 0; *form >= '0' && *form <= '9'; form++) {
            n = 10 * n + (size_t) (*form - '0');
        }

        for ( /* void */ ; n; n--) {

            if (at == path.len) {
                return 0;
            }

            c = path.data[at++];

            if (!(c >= '0' && c <= '9') && !(hex && c >= 'a' && c <= 'f')) {
                return 0;
            }
        }
    }

    return at == path.len;
}


int
pserver_archive_init(pserver_archive_t *archive, pserver_archive_head_t *head,
    pserver_str_t text)
{
    pserver_str_t  line;

    memset(archive, 0, sizeof(pserver_archive_t));

    archive->rest = text;

    if (pserver_archive_line(archive, &line) != PSERVER_OK
        || line.len != sizeof(PSERVER_ARCHIVE_FIRST) - 1
        || memcmp(line.data, PSERVER_ARCHIVE_FIRST, line.len) != 0)
    {
        return PSERVER_INVALID;
    }

    if (pserver_archive_line(archive, &line) != PSERVER_OK
        || !pserver_archive_word(&line, "owner ")
        || !pserver_archive_hex(&line, head->owner.bytes, 20)
        || line.len)
    {
        return PSERVER_INVALID;
    }

    if (pserver_archive_line(archive, &line) != PSERVER_OK
        || !pserver_archive_word(&line, "chain ")
        || !pserver_archive_number(&line, &head->chain_id)
        || line.len)
    {
        return PSERVER_INVALID;
    }

    if (pserver_archive_line(archive, &line) != PSERVER_OK
        || !pserver_archive_word(&line, "recipient ")
        || !pserver_archive_hex(&line, head->recipient, 32)
        || line.len)
    {
        return PSERVER_INVALID;
    }

    return PSERVER_OK;
}


int
pserver_archive_next(pserver_archive_t *archive,
    pserver_archive_entry_t *entry)
{
    int            rc;
    uint64_t       count;
    pserver_str_t  line;

    memset(entry, 0, sizeof(pserver_archive_entry_t));

    if (pserver_archive_line(archive, &line) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    if (pserver_archive_word(&line, "end ")) {
        return (pserver_archive_number(&line, &count)
                && line.len == 0
                && count == archive->count
                && archive->rest.len == 0)
               ? PSERVER_DONE : PSERVER_INVALID;
    }

    if (pserver_archive_word(&line, "file ")) {
        rc = pserver_archive_file(entry, line);

    } else if (pserver_archive_word(&line, "link ")) {
        rc = pserver_archive_link(entry, line);

    } else {
        return PSERVER_INVALID;
    }

    if (rc != PSERVER_OK
        || !pserver_archive_after(entry->path, archive->last))
    {
        return PSERVER_INVALID;
    }

    archive->last = entry->path;
    archive->count++;

    return PSERVER_OK;
}


static int
pserver_archive_file(pserver_archive_entry_t *entry, pserver_str_t line)
{
    if (!pserver_archive_hex(&line, entry->sha256, 32)
        || !pserver_archive_word(&line, " ")
        || !pserver_archive_number(&line, &entry->size)
        || !pserver_archive_word(&line, " "))
    {
        return PSERVER_INVALID;
    }

    entry->path = line;
    entry->kind = pserver_archive_kind(line);

    return (entry->kind != PSERVER_ARCHIVE_NONE
            && entry->kind != PSERVER_ARCHIVE_LINK)
           ? PSERVER_OK : PSERVER_INVALID;
}


static int
pserver_archive_link(pserver_archive_entry_t *entry, pserver_str_t line)
{
    size_t   i;
    u_char  *blank;

    blank = memchr(line.data, ' ', line.len);

    if (blank == NULL) {
        return PSERVER_INVALID;
    }

    entry->path.data = line.data;
    entry->path.len = (size_t) (blank - line.data);

    entry->text.data = blank + 1;
    entry->text.len = line.len - entry->path.len - 1;

    entry->kind = pserver_archive_kind(entry->path);

    if (entry->kind != PSERVER_ARCHIVE_LINK
        || entry->text.len == 0
        || entry->text.len > PSERVER_ARCHIVE_TEXT_MAX)
    {
        return PSERVER_INVALID;
    }

    for (i = 0; i < entry->text.len; i++) {
        if (memchr("0123456789abcdef", entry->text.data[i], 16) == NULL) {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


static int
pserver_archive_after(pserver_str_t path, pserver_str_t last)
{
    int     rc;
    size_t  len;

    len = (path.len < last.len) ? path.len : last.len;
    rc = len ? memcmp(path.data, last.data, len) : 0;

    return rc > 0 || (rc == 0 && path.len > last.len);
}


static int
pserver_archive_line(pserver_archive_t *archive, pserver_str_t *line)
{
    size_t   len;
    u_char  *end;

    archive->line++;

    len = archive->rest.len;

    if (len > PSERVER_ARCHIVE_LINE_MAX) {
        len = PSERVER_ARCHIVE_LINE_MAX;
    }

    end = len ? memchr(archive->rest.data, '\n', len) : NULL;

    if (end == NULL) {
        return PSERVER_INVALID;
    }

    line->data = archive->rest.data;
    line->len = (size_t) (end - line->data);

    archive->rest.data += line->len + 1;
    archive->rest.len -= line->len + 1;

    return PSERVER_OK;
}


/* each of these takes what it reads away from the line */

static int
pserver_archive_word(pserver_str_t *line, const char *word)
{
    size_t  len;

    len = strlen(word);

    if (line->len < len || memcmp(line->data, word, len) != 0) {
        return 0;
    }

    line->data += len;
    line->len -= len;

    return 1;
}


static int
pserver_archive_hex(pserver_str_t *line, u_char *dst, size_t len)
{
    size_t         i;
    pserver_str_t  hex;

    if (line->len < 2 * len) {
        return 0;
    }

    hex.data = line->data;
    hex.len = 2 * len;

    for (i = 0; i < hex.len; i++) {
        if (hex.data[i] >= 'A' && hex.data[i] <= 'F') {
            return 0;
        }
    }

    if (pserver_hex_decode(dst, len, hex) != PSERVER_OK) {
        return 0;
    }

    line->data += hex.len;
    line->len -= hex.len;

    return 1;
}


static int
pserver_archive_number(pserver_str_t *line, uint64_t *number)
{
    u_char    c;
    size_t    n;
    uint64_t  value;

    value = 0;

    for (n = 0; n < line->len; n++) {
        c = line->data[n];

        if (c < '0' || c > '9') {
            break;
        }

        /* 19 digits are less than 2^64 */

        if (n == 19 || (n == 1 && line->data[0] == '0')) {
            return 0;
        }

        value = 10 * value + (uint64_t) (c - '0');
    }

    line->data += n;
    line->len -= n;
    *number = value;

    return n != 0;
}


u_char *
pserver_archive_write_head(u_char *dst, const pserver_archive_head_t *head)
{
    dst += sprintf((char *) dst, PSERVER_ARCHIVE_FIRST "\nowner ");
    dst = pserver_hex_encode(dst, head->owner.bytes, 20);
    dst += sprintf((char *) dst, "\nchain %llu\nrecipient ",
                   (unsigned long long) head->chain_id);
    dst = pserver_hex_encode(dst, head->recipient, 32);
    *dst++ = '\n';

    return dst;
}


u_char *
pserver_archive_write_entry(u_char *dst,
    const pserver_archive_entry_t *entry)
{
    if (entry->kind == PSERVER_ARCHIVE_LINK) {
        dst += sprintf((char *) dst, "link %.*s %.*s\n",
                       (int) entry->path.len, (char *) entry->path.data,
                       (int) entry->text.len, (char *) entry->text.data);
        return dst;
    }

    dst += sprintf((char *) dst, "file ");
    dst = pserver_hex_encode(dst, entry->sha256, 32);
    dst += sprintf((char *) dst, " %llu %.*s\n",
                   (unsigned long long) entry->size,
                   (int) entry->path.len, (char *) entry->path.data);

    return dst;
}


u_char *
pserver_archive_write_end(u_char *dst, uint64_t count)
{
    return dst + sprintf((char *) dst, "end %llu\n",
                         (unsigned long long) count);
}
