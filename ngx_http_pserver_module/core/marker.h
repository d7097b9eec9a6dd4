/*
 * Markers: by what a repeat of a signed request is known, and what the
 * first one came to.
 *
 * A marker is a symbolic link that is read and never followed: its name and
 * its text come to be in one step, or not at all.  The name is
 * "<exp>-<hash>": 16 hex digits of the request's exp in seconds, by which a
 * sweep knows that no signature can repeat it any more, and 64 of a keyed
 * hash of what makes it one request.  The text is hex of a box (box.h)
 * under the owner's ledger key; in the box, numbers big-endian:
 *
 *   a change of data                     an operation
 *     0   8  exp                           0   8  exp, 0: none
 *     8  32  hash                          8  32  hash
 *    40   8  value, for the answer        40  32  id
 *    48   8  number of the version        72   8  created
 *    56  32  name of the object
 *    88  16  id of the version
 *
 * A text opens only as what it was sealed as.
 */

#ifndef _PSERVER_MARKER_H_INCLUDED_
#define _PSERVER_MARKER_H_INCLUDED_


#include "box.h"


#define PSERVER_MARKER_HASH_LEN   32
#define PSERVER_MARKER_NAME_LEN   (16 + 1 + 2 * PSERVER_MARKER_HASH_LEN)

#define PSERVER_CHANGE_LEN        (8 + 32 + 8 + 8 + 32 + 16)
#define PSERVER_CHANGE_TEXT_LEN   (2 * (PSERVER_CHANGE_LEN                    \
                                        + PSERVER_BOX_OVERHEAD))

#define PSERVER_STARTED_LEN       (8 + 32 + 32 + 8)
#define PSERVER_STARTED_TEXT_LEN  (2 * (PSERVER_STARTED_LEN                   \
                                        + PSERVER_BOX_OVERHEAD))


/* a version was made (number), or the object deleted (number is 0) */

typedef struct {
    uint64_t              exp;
    u_char                hash[PSERVER_MARKER_HASH_LEN];
    uint64_t              value;
    uint64_t              number;
    u_char                name[32];
    u_char                id[16];
} pserver_change_t;


/* an operation was accepted */

typedef struct {
    uint64_t              exp;
    u_char                hash[PSERVER_MARKER_HASH_LEN];
    u_char                id[32];
    uint64_t              created;      /* milliseconds of Unix time */
} pserver_started_t;


/* the name, with a zero behind it */
void pserver_marker_name(char name[PSERVER_MARKER_NAME_LEN + 1],
    uint64_t exp, const u_char hash[PSERVER_MARKER_HASH_LEN]);

/* exp of a name; PSERVER_INVALID: not the name of a marker */
int pserver_marker_exp(uint64_t *exp, const char *name);

/* writes PSERVER_CHANGE_TEXT_LEN characters and a zero */
void pserver_change_seal(u_char *text, const pserver_change_t *change,
    const u_char key[PSERVER_BOX_KEY_LEN]);

/* PSERVER_INVALID: not the text of a change, or of another key */
int pserver_change_open(pserver_change_t *change, pserver_str_t text,
    const u_char key[PSERVER_BOX_KEY_LEN]);

/* the same, PSERVER_STARTED_TEXT_LEN characters */
void pserver_started_seal(u_char *text, const pserver_started_t *started,
    const u_char key[PSERVER_BOX_KEY_LEN]);
int pserver_started_open(pserver_started_t *started, pserver_str_t text,
    const u_char key[PSERVER_BOX_KEY_LEN]);


#endif /* _PSERVER_MARKER_H_INCLUDED_ */
