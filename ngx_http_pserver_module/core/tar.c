/*
 * A strict, small ustar, see tar.h.
 */

#include <string.h>

#include "tar.h"


/* where the fields of a header begin, and the length of some */

#define TAR_NAME           0
#define TAR_MODE           100
#define TAR_UID            108
#define TAR_GID            116
#define TAR_SIZE           124
#define TAR_MTIME          136
#define TAR_CHECKSUM       148
#define TAR_TYPE           156
#define TAR_LINKNAME       157
#define TAR_MAGIC          257
#define TAR_DEVMAJOR       329
#define TAR_DEVMINOR       337
#define TAR_PREFIX         345

#define TAR_NAME_LEN       100
#define TAR_CHECKSUM_LEN   8
#define TAR_PREFIX_LEN     155
#define TAR_COMPONENT_MAX  100


/* states of the reader */

enum {
    TAR_HEADER = 0,
    TAR_CONTENT,
    TAR_PADDING,
    TAR_END,          /* the first of the two blocks of zeros is behind us */
    TAR_DONE,
    TAR_INVALID,
    TAR_LIMIT
};


static int tar_parse(pserver_tar_t *t, pserver_tar_event_t *event);
static size_t tar_field(const u_char *p, size_t len, u_char *dst);
static int tar_octal(const u_char *p, size_t len, uint64_t *out);
static void tar_put_octal(u_char *p, size_t digits, uint64_t value);
static uint32_t tar_checksum(const u_char *block);
static int tar_is_zero(const u_char *p, size_t len);
static uint32_t tar_depth(pserver_str_t name);
static int tar_is_below(pserver_str_t name, pserver_str_t other);


int
pserver_tar_name(pserver_str_t name)
{
    size_t  i, start;
    u_char  ch;

    if (name.len == 0 || name.len > PSERVER_TAR_NAME_MAX) {
        return PSERVER_INVALID;
    }

    start = 0;

    for (i = 0; i <= name.len; i++) {
        ch = (i < name.len) ? name.data[i] : '/';

        if (ch == '/') {
            if (i == start || i - start > TAR_COMPONENT_MAX) {
                return PSERVER_INVALID;
            }

            if (name.data[start] == '.'
                && (i - start == 1
                    || (i - start == 2 && name.data[start + 1] == '.')))
            {
                return PSERVER_INVALID;
            }

            start = i + 1;
            continue;
        }

        if (ch < 0x20 || ch > 0x7e || ch == '\\' || ch == '"') {
            return PSERVER_INVALID;
        }
    }

    return PSERVER_OK;
}


int
pserver_tar_compare(pserver_str_t a, pserver_str_t b)
{
    int     ca, cb;
    size_t  i;

    for (i = 0; i < a.len && i < b.len; i++) {
        if (a.data[i] == b.data[i]) {
            continue;
        }

        ca = (a.data[i] == '/') ? 0 : a.data[i];
        cb = (b.data[i] == '/') ? 0 : b.data[i];

        return (ca < cb) ? -1 : 1;
    }

    return (a.len > b.len) - (a.len < b.len);
}


int
pserver_tar_header(u_char block[PSERVER_TAR_BLOCK], pserver_str_t name,
    uint64_t size)
{
    size_t  i, split;

    if (pserver_tar_name(name) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    if (size > PSERVER_TAR_FILE_MAX) {
        return PSERVER_NOSPACE;
    }

    split = 0;

    if (name.len > TAR_NAME_LEN) {

        /* as tar(1) does: the last '/' whose left side fits */

        i = (name.len <= TAR_PREFIX_LEN) ? name.len - 1 : TAR_PREFIX_LEN;

        while (name.data[i] != '/') {
            /* a component fits into the name, so there is one */
            i--;
        }

        if (name.len - i - 1 > TAR_NAME_LEN) {
            return PSERVER_NOSPACE;
        }

        split = i + 1;
    }

    memset(block, 0, PSERVER_TAR_BLOCK);
    memcpy(block, name.data + split, name.len - split);

    if (split) {
        memcpy(block + TAR_PREFIX, name.data, split - 1);
    }

    tar_put_octal(block + TAR_MODE, 7, 0444);
    tar_put_octal(block + TAR_UID, 7, 0);
    tar_put_octal(block + TAR_GID, 7, 0);
    tar_put_octal(block + TAR_SIZE, 11, size);
    tar_put_octal(block + TAR_MTIME, 11, 0);
    block[TAR_TYPE] = '0';
    memcpy(block + TAR_MAGIC, "ustar\0" "00", 8);
    tar_put_octal(block + TAR_DEVMAJOR, 7, 0);
    tar_put_octal(block + TAR_DEVMINOR, 7, 0);

    tar_put_octal(block + TAR_CHECKSUM, 6, tar_checksum(block));
    block[TAR_CHECKSUM + 7] = ' ';

    return PSERVER_OK;
}


void
pserver_tar_init(pserver_tar_t *t, const pserver_tar_limits_t *limits)
{
    memset(t, 0, sizeof(pserver_tar_t));
    t->limits = *limits;
}


int
pserver_tar_next(pserver_tar_t *t, const u_char **pos, const u_char *last,
    pserver_tar_event_t *event)
{
    int     rc;
    size_t  n;

    for ( ;; ) {
        n = (size_t) (last - *pos);

        switch (t->state) {

        case TAR_CONTENT:

            if (t->left == 0) {
                event->type = PSERVER_TAR_FILE_END;
                t->state = TAR_PADDING;
                return PSERVER_OK;
            }

            if (n == 0) {
                return PSERVER_AGAIN;
            }

            if (n > t->left) {
                n = (size_t) t->left;
            }

            event->type = PSERVER_TAR_DATA;
            event->data.data = (u_char *) *pos;
            event->data.len = n;

            *pos += n;
            t->left -= n;

            return PSERVER_OK;

        case TAR_PADDING:

            if (n > t->padding) {
                n = t->padding;
            }

            if (!tar_is_zero(*pos, n)) {
                t->state = TAR_INVALID;
                break;
            }

            *pos += n;
            t->padding -= n;

            if (t->padding) {
                return PSERVER_AGAIN;
            }

            t->state = TAR_HEADER;
            break;

        case TAR_HEADER:
        case TAR_END:

            if (n == 0) {
                return PSERVER_AGAIN;
            }

            if (n > PSERVER_TAR_BLOCK - t->have) {
                n = PSERVER_TAR_BLOCK - t->have;
            }

            memcpy(t->block + t->have, *pos, n);

            *pos += n;
            t->have += n;

            if (t->have < PSERVER_TAR_BLOCK) {
                return PSERVER_AGAIN;
            }

            t->have = 0;

            if (tar_is_zero(t->block, PSERVER_TAR_BLOCK)) {
                t->state = (t->state == TAR_END) ? TAR_DONE : TAR_END;
                break;
            }

            rc = (t->state == TAR_END) ? PSERVER_INVALID
                                       : tar_parse(t, event);

            if (rc == PSERVER_OK) {
                return PSERVER_OK;
            }

            t->state = (rc == PSERVER_NOSPACE) ? TAR_LIMIT : TAR_INVALID;
            break;

        case TAR_DONE:

            if (n == 0) {
                return PSERVER_DONE;
            }

            t->state = TAR_INVALID;
            break;

        case TAR_LIMIT:
            return PSERVER_NOSPACE;

        default: /* TAR_INVALID */
            return PSERVER_INVALID;
        }
    }
}


/* a header that is not zeros: checks all of it, then changes the state */

static int
tar_parse(pserver_tar_t *t, pserver_tar_event_t *event)
{
    u_char         name[TAR_PREFIX_LEN + 1 + TAR_NAME_LEN];
    size_t         len;
    uint64_t       size, sum;
    pserver_str_t  now, before;

    if (memcmp(t->block + TAR_MAGIC, "ustar\0" "00", 8) != 0
        || tar_octal(t->block + TAR_CHECKSUM, TAR_CHECKSUM_LEN, &sum)
           != PSERVER_OK
        || sum != tar_checksum(t->block)
        || tar_octal(t->block + TAR_SIZE, 12, &size) != PSERVER_OK
        || t->block[TAR_LINKNAME] != '\0')
    {
        return PSERVER_INVALID;
    }

    len = tar_field(t->block + TAR_PREFIX, TAR_PREFIX_LEN, name);

    if (len) {
        name[len++] = '/';
    }

    len += tar_field(t->block + TAR_NAME, TAR_NAME_LEN, name + len);

    if (t->block[TAR_TYPE] == '5') {

        if (size != 0) {
            return PSERVER_INVALID;
        }

        if (len && name[len - 1] == '/') {
            len--;
        }

    } else if (t->block[TAR_TYPE] != '0') {
        return PSERVER_INVALID;
    }

    now.data = name;
    now.len = len;

    if (pserver_tar_name(now) != PSERVER_OK) {
        return PSERVER_INVALID;
    }

    before.data = t->name;
    before.len = t->name_len;

    if (t->limits.sorted && t->entries
        && (pserver_tar_compare(before, now) >= 0
            || (t->file && tar_is_below(now, before))))
    {
        return PSERVER_INVALID;
    }

    if (t->entries == t->limits.entries
        || tar_depth(now) > t->limits.depth
        || size > t->limits.file
        || size > t->limits.total - t->total)
    {
        return PSERVER_NOSPACE;
    }

    t->entries++;
    t->total += size;

    memcpy(t->name, name, len);
    t->name[len] = '\0';
    t->name_len = len;

    event->name.data = t->name;
    event->name.len = len;
    event->size = size;

    t->file = (t->block[TAR_TYPE] == '0');

    if (!t->file) {
        event->type = PSERVER_TAR_DIRECTORY;
        return PSERVER_OK;
    }

    event->type = PSERVER_TAR_FILE;

    t->left = size;
    t->padding = pserver_tar_padding(size);
    t->state = TAR_CONTENT;

    return PSERVER_OK;
}


/* copies a text field up to its first zero, returns its length */

static size_t
tar_field(const u_char *p, size_t len, u_char *dst)
{
    size_t  n;

    for (n = 0; n < len && p[n]; n++) {
        dst[n] = p[n];
    }

    return n;
}


/* octal digits up to the first zero or space, at least one */

static int
tar_octal(const u_char *p, size_t len, uint64_t *out)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < len && p[i] >= '0' && p[i] <= '7'; i++) {
        value = value << 3 | (uint64_t) (p[i] - '0');
    }

    if (i == 0 || i == len || (p[i] != '\0' && p[i] != ' ')) {
        return PSERVER_INVALID;
    }

    *out = value;

    return PSERVER_OK;
}


static void
tar_put_octal(u_char *p, size_t digits, uint64_t value)
{
    while (digits) {
        p[--digits] = (u_char) ('0' + (value & 7));
        value >>= 3;
    }
}


/* the sum of all bytes, those of the checksum itself taken as spaces */

static uint32_t
tar_checksum(const u_char *block)
{
    size_t    i;
    uint32_t  sum;

    sum = 0;

    for (i = 0; i < PSERVER_TAR_BLOCK; i++) {
        if (i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_CHECKSUM_LEN) {
            sum += ' ';

        } else {
            sum += block[i];
        }
    }

    return sum;
}


static int
tar_is_zero(const u_char *p, size_t len)
{
    while (len) {
        if (p[--len]) {
            return 0;
        }
    }

    return 1;
}


static uint32_t
tar_depth(pserver_str_t name)
{
    size_t    i;
    uint32_t  depth;

    depth = 1;

    for (i = 0; i < name.len; i++) {
        depth += (name.data[i] == '/');
    }

    return depth;
}


/* what is below a name comes right after it */

static int
tar_is_below(pserver_str_t name, pserver_str_t other)
{
    return name.len > other.len
           && name.data[other.len] == '/'
           && memcmp(name.data, other.data, other.len) == 0;
}
