/*
 * The list of an archive: one owner's folder on its way to another server.
 * docs/move.md has the bytes.
 *
 *     pserver archive 1
 *     owner <40 hex digits>
 *     chain <decimal>
 *     recipient <64 hex digits>
 *     file <SHA-256, 64 hex digits> <size, decimal> <path>
 *     link <path> <text, hex digits>
 *     end <number of files and links, decimal>
 *
 * Files and links stand in the order of their paths (strcmp), each once.  A
 * path is one of a few forms, so none leads out of the owner's folder.  Hex
 * digits are lower-case, decimals without leading zeros: there is one text
 * for what it says.
 */

#ifndef _PSERVER_ARCHIVE_H_INCLUDED_
#define _PSERVER_ARCHIVE_H_INCLUDED_


#include "core.h"


#define PSERVER_ARCHIVE_PATH_MAX  96
#define PSERVER_ARCHIVE_TEXT_MAX  512
#define PSERVER_ARCHIVE_LINE_MAX  640     /* with its newline */


typedef enum {
    PSERVER_ARCHIVE_NONE = 0,
    PSERVER_ARCHIVE_KEY,           /* key: what opens owner.key, boxed */
    PSERVER_ARCHIVE_OWNER_KEY,
    PSERVER_ARCHIVE_MANIFEST,
    PSERVER_ARCHIVE_OBJECT,
    PSERVER_ARCHIVE_ROW,
    PSERVER_ARCHIVE_ARTIFACT,
    PSERVER_ARCHIVE_PROOF,         /* what a log has of the owner */
    PSERVER_ARCHIVE_LINK           /* and not a file */
} pserver_archive_kind_e;


typedef struct {
    pserver_address_t         owner;
    uint64_t                  chain_id;
    u_char                    recipient[32];
} pserver_archive_head_t;


typedef struct {
    pserver_archive_kind_e    kind;
    pserver_str_t             path;
    uint64_t                  size;
    u_char                    sha256[32];
    pserver_str_t             text;        /* of a link */
} pserver_archive_entry_t;


/* a list that is read */

typedef struct {
    pserver_str_t             rest;
    pserver_str_t             last;        /* path */
    uint64_t                  count;
    size_t                    line;        /* from 1: the one last read */
} pserver_archive_t;


/* NONE: no path of an archive */
pserver_archive_kind_e pserver_archive_kind(pserver_str_t path);

/* begins to read: PSERVER_INVALID, or the text stays where it is as long as
   it is read */
int pserver_archive_init(pserver_archive_t *archive,
    pserver_archive_head_t *head, pserver_str_t text);

/*
 * The next file or link.  PSERVER_DONE: there was the last one, and nothing
 * stands behind the end; PSERVER_INVALID: at archive->line, or the list is
 * cut off.
 */
int pserver_archive_next(pserver_archive_t *archive,
    pserver_archive_entry_t *entry);

/* the lines, of at most PSERVER_ARCHIVE_LINE_MAX bytes (head: four of them);
   return the end */
u_char *pserver_archive_write_head(u_char *dst,
    const pserver_archive_head_t *head);
u_char *pserver_archive_write_entry(u_char *dst,
    const pserver_archive_entry_t *entry);
u_char *pserver_archive_write_end(u_char *dst, uint64_t count);


#endif /* _PSERVER_ARCHIVE_H_INCLUDED_ */
