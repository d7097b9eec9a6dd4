/*
 * Entity tags, see etag.h.
 */

#include <string.h>

#include "encode.h"
#include "etag.h"


static int etag_any(pserver_str_t header);
static int etag_next(const u_char **pos, const u_char *last,
    pserver_str_t *tag, int *weak);
static int etag_is(pserver_str_t tag, const u_char id[PSERVER_ETAG_ID_LEN]);
static void etag_blank(const u_char **pos, const u_char *last);


int
pserver_etag_valid(pserver_str_t header)
{
    int            rc, weak, n;
    pserver_str_t  tag;
    const u_char  *pos, *last;

    if (etag_any(header)) {
        return PSERVER_OK;
    }

    pos = header.data;
    last = header.data + header.len;

    for (n = 0; (rc = etag_next(&pos, last, &tag, &weak)) == PSERVER_OK; n++)
    {
        /* void */
    }

    return (rc == PSERVER_DONE && n) ? PSERVER_OK : PSERVER_INVALID;
}


int
pserver_etag_names(pserver_str_t header, const u_char *id, int strong)
{
    int            weak;
    pserver_str_t  tag;
    const u_char  *pos, *last;

    if (id == NULL) {
        return 0;
    }

    if (etag_any(header)) {
        return 1;
    }

    pos = header.data;
    last = header.data + header.len;

    while (etag_next(&pos, last, &tag, &weak) == PSERVER_OK) {
        if (etag_is(tag, id) && !(strong && weak)) {
            return 1;
        }
    }

    return 0;
}


static int
etag_any(pserver_str_t header)
{
    return header.len == 1 && header.data[0] == '*';
}


/* #entity-tag: empty elements of a list are skipped.  PSERVER_DONE */

static int
etag_next(const u_char **pos, const u_char *last, pserver_str_t *tag,
    int *weak)
{
    const u_char  *p;

    p = *pos;

    etag_blank(&p, last);

    while (p != last && *p == ',') {
        p++;
        etag_blank(&p, last);
    }

    if (p == last) {
        return PSERVER_DONE;
    }

    *weak = (last - p >= 2 && p[0] == 'W' && p[1] == '/');

    if (*weak) {
        p += 2;
    }

    if (p == last || *p++ != '"') {
        return PSERVER_INVALID;
    }

    tag->data = (u_char *) p;

    while (p != last && *p != '"') {

        if (*p < 0x21 || *p == 0x7f) {
            return PSERVER_INVALID;
        }

        p++;
    }

    if (p == last) {
        return PSERVER_INVALID;
    }

    tag->len = p++ - tag->data;

    etag_blank(&p, last);

    if (p != last && *p != ',') {
        return PSERVER_INVALID;
    }

    *pos = p;

    return PSERVER_OK;
}


static int
etag_is(pserver_str_t tag, const u_char id[PSERVER_ETAG_ID_LEN])
{
    u_char  hex[2 * PSERVER_ETAG_ID_LEN];
    size_t  i;

    (void) pserver_hex_encode(hex, id, PSERVER_ETAG_ID_LEN);

    if (tag.len < sizeof(hex) + 2
        || memcmp(tag.data, hex, sizeof(hex)) != 0
        || tag.data[sizeof(hex)] != '-')
    {
        return 0;
    }

    for (i = sizeof(hex) + 2; i < tag.len; i++) {
        if (tag.data[i] < '0' || tag.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


static void
etag_blank(const u_char **pos, const u_char *last)
{
    while (*pos != last && (**pos == ' ' || **pos == '\t')) {
        (*pos)++;
    }
}
