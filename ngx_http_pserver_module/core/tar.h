/*
 * Archives between the server and a container: POSIX.1-1988 ustar, cut down
 * to regular files and directories with plain relative names.  Writer and
 * reader work in pieces and allocate nothing.
 *
 * A name is 1 to 255 bytes of printable ASCII without backslash and double
 * quote; its components, separated by one '/', are not empty, "." or "..",
 * and have at most 100 bytes.
 */

#ifndef _PSERVER_TAR_H_INCLUDED_
#define _PSERVER_TAR_H_INCLUDED_


#include "core.h"


#define PSERVER_TAR_BLOCK     512
#define PSERVER_TAR_END_LEN   (2 * PSERVER_TAR_BLOCK)
#define PSERVER_TAR_NAME_MAX  255
#define PSERVER_TAR_FILE_MAX  0x1ffffffffULL   /* 11 octal digits: 8 GiB - 1 */


/* zeros that follow the content of a file of this size */
#define pserver_tar_padding(size)                                             \
    ((size_t) (-(uint64_t) (size) & (PSERVER_TAR_BLOCK - 1)))

/* header, content and padding */
#define pserver_tar_entry_len(size)                                           \
    (PSERVER_TAR_BLOCK + (uint64_t) (size) + pserver_tar_padding(size))


/* PSERVER_OK or PSERVER_INVALID by the rules above */
int pserver_tar_name(pserver_str_t name);

/*
 * -1, 0, 1: the order in which a walk that sorts each directory meets two
 * names: by bytes, with '/' before every other character.
 */
int pserver_tar_compare(pserver_str_t a, pserver_str_t b);

/*
 * Writes the header of a regular file (mode 0444, owner 0, time 0: the same
 * input gives the same bytes).  The caller adds size bytes of content and
 * pserver_tar_padding(size) zeros, and PSERVER_TAR_END_LEN zeros after the
 * last file.  PSERVER_INVALID: bad name; PSERVER_NOSPACE: the size, or a
 * name that can't be split into the two fields of ustar.
 */
int pserver_tar_header(u_char block[PSERVER_TAR_BLOCK], pserver_str_t name,
    uint64_t size);


typedef struct {
    uint32_t              entries;   /* files and directories */
    uint32_t              depth;     /* components of a name */
    uint64_t              file;      /* bytes of one file */
    uint64_t              total;     /* bytes of all files */
    unsigned              sorted:1;  /* names must strictly ascend in the order
                                        of pserver_tar_compare(): so none
                                        comes twice, and none stands below a
                                        file */
} pserver_tar_limits_t;


typedef enum {
    PSERVER_TAR_DIRECTORY = 1,       /* name */
    PSERVER_TAR_FILE,                /* name, size: a file begins */
    PSERVER_TAR_DATA,                /* data: a piece of it, never empty */
    PSERVER_TAR_FILE_END             /* all of its bytes have come */
} pserver_tar_event_e;


typedef struct {
    pserver_tar_event_e   type;
    pserver_str_t         name;      /* valid until the next DIRECTORY/FILE */
    uint64_t              size;
    pserver_str_t         data;      /* a slice of the input */
} pserver_tar_event_t;


typedef struct {
    pserver_tar_limits_t  limits;
    u_char                block[PSERVER_TAR_BLOCK];
    size_t                have;      /* bytes of block */
    unsigned              state;
    uint64_t              left;      /* bytes of the file to come */
    uint64_t              total;
    size_t                padding;
    uint32_t              entries;
    unsigned              file:1;    /* the last entry was one */
    size_t                name_len;
    u_char                name[PSERVER_TAR_NAME_MAX + 1];  /* zero-terminated */
} pserver_tar_t;


void pserver_tar_init(pserver_tar_t *t, const pserver_tar_limits_t *limits);

/*
 * Takes what it can from *pos up to last, moves *pos behind it.
 * PSERVER_OK: *event is set, call again; PSERVER_AGAIN: all input is taken;
 * PSERVER_DONE: the end of the archive, with nothing behind it so far;
 * PSERVER_INVALID: not such an archive, or bytes behind its end, and so for
 * ever after; PSERVER_NOSPACE: over a limit, likewise.
 *
 * An archive is whole only if the last call returned PSERVER_DONE.
 */
int pserver_tar_next(pserver_tar_t *t, const u_char **pos,
    const u_char *last, pserver_tar_event_t *event);


#endif /* _PSERVER_TAR_H_INCLUDED_ */
