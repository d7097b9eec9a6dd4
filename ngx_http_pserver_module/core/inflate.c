/*
 * Bounded decompression with zlib.
 */

#include "inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <zlib.h>


/* for the first part of the output, which then doubles */
#define INFLATE_FIRST  65536

/* what is in front of memory that zlib has: its size, and it stays aligned */
#define INFLATE_HEAD   16


static void *inflate_alloc(void *data, uInt items, uInt size);
static void inflate_free(void *data, void *p);
static int inflate_run(z_stream *z, pserver_str_t *out, size_t max);
static int inflate_grow(pserver_str_t *out, size_t *size, size_t max);


int
pserver_inflate(pserver_str_t *out, pserver_str_t in,
    pserver_inflate_form_e form, size_t max)
{
    int       rc;
    z_stream  z;

    memset(&z, 0, sizeof(z));

    out->data = NULL;
    out->len = 0;

    if (in.len > UINT_MAX) {
        return PSERVER_NOSPACE;
    }

    z.zalloc = inflate_alloc;
    z.zfree = inflate_free;
    z.next_in = in.data;
    z.avail_in = (uInt) in.len;

    if (inflateInit2(&z, form == PSERVER_INFLATE_RAW ? -MAX_WBITS
                                                     : MAX_WBITS)
        != Z_OK)
    {
        return PSERVER_NOMEM;
    }

    rc = inflate_run(&z, out, max);

    inflateEnd(&z);

    if (rc == PSERVER_OK && z.avail_in) {
        rc = PSERVER_INVALID;
    }

    if (rc != PSERVER_OK && out->data) {
        sodium_memzero(out->data, out->len);
        free(out->data);
        out->data = NULL;
        out->len = 0;
    }

    return rc;
}


static int
inflate_run(z_stream *z, pserver_str_t *out, size_t max)
{
    int     rc;
    size_t  size, room;

    size = 0;

    for ( ;; ) {

        /* one byte more than may be, so that it shows when there is one */

        if (out->len == size) {

            if (size > max) {
                return PSERVER_NOSPACE;
            }

            rc = inflate_grow(out, &size, max + 1);

            if (rc != PSERVER_OK) {
                return rc;
            }
        }

        room = size - out->len;

        if (room > UINT_MAX) {
            room = UINT_MAX;
        }

        z->next_out = out->data + out->len;
        z->avail_out = (uInt) room;

        rc = inflate(z, Z_NO_FLUSH);

        out->len += room - z->avail_out;

        switch (rc) {

        case Z_STREAM_END:
            return (out->len > max) ? PSERVER_NOSPACE : PSERVER_OK;

        case Z_OK:

            /* there is room left, so it wants input */

            if (z->avail_out) {
                return PSERVER_INVALID;
            }

            break;

        case Z_MEM_ERROR:
            return PSERVER_NOMEM;

        default:
            return PSERVER_INVALID;
        }
    }
}


static int
inflate_grow(pserver_str_t *out, size_t *size, size_t max)
{
    size_t   more;
    u_char  *p;

    more = (*size == 0) ? INFLATE_FIRST : *size * 2;

    if (more > max || more < *size) {
        more = max;
    }

    p = malloc(more);
    if (p == NULL) {
        return PSERVER_NOMEM;
    }

    if (out->data) {
        memcpy(p, out->data, out->len);
        sodium_memzero(out->data, out->len);
        free(out->data);
    }

    out->data = p;
    *size = more;

    return PSERVER_OK;
}


/* zlib keeps the last 32 KiB that it wrote */

static void *
inflate_alloc(void *data, uInt items, uInt size)
{
    size_t   len;
    u_char  *p;

    (void) data;

    len = (size_t) items * size + INFLATE_HEAD;

    p = calloc(1, len);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, &len, sizeof(len));

    return p + INFLATE_HEAD;
}


static void
inflate_free(void *data, void *p)
{
    size_t   len;
    u_char  *start;

    (void) data;

    start = (u_char *) p - INFLATE_HEAD;

    memcpy(&len, start, sizeof(len));

    sodium_memzero(start, len);
    free(start);
}
