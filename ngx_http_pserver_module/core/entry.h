/*
 * An entry of the audit log, to the byte as docs/audit-log.md has it, and
 * its opening.
 *
 * An entry is what anybody may see: a statement (what happened) and then a
 * place (where in the log, and in its owner's own chain of entries).  What
 * concerns a person stands in it as a commitment, HMAC-SHA256 with a random
 * key of its own.  The opening holds these keys and the values, in a box
 * (box.h) that only the owner's key opens; without that key the entry still
 * verifies and says nothing.
 *
 * The statement and the box are made when something happens; the place is
 * filled in when the entry is appended, under the lock of the log.
 */

#ifndef _PSERVER_ENTRY_H_INCLUDED_
#define _PSERVER_ENTRY_H_INCLUDED_


#include "core.h"
#include "random.h"


#define PSERVER_ENTRY_VERSION      1

#define PSERVER_ENTRY_FIELDS_MAX   16
#define PSERVER_ENTRY_REASON_MAX   40
#define PSERVER_ENTRY_VALUE_MAX    512

#define PSERVER_ENTRY_HEAD_LEN     20
#define PSERVER_ENTRY_PLACE_LEN    80

#define PSERVER_ENTRY_MAX                                                     \
    (PSERVER_ENTRY_HEAD_LEN + PSERVER_ENTRY_REASON_MAX                        \
     + PSERVER_ENTRY_FIELDS_MAX * (1 + 32) + PSERVER_ENTRY_PLACE_LEN)

/* of the plain opening */
#define PSERVER_ENTRY_OPENING_MAX                                             \
    (32 + PSERVER_ENTRY_FIELDS_MAX * (1 + 32 + 2 + PSERVER_ENTRY_VALUE_MAX))


typedef enum {
    PSERVER_ENTRY_START = 1,
    PSERVER_ENTRY_STOP = 2,
    PSERVER_ENTRY_KEY_ROTATED = 3,
    PSERVER_ENTRY_ANCHORED = 4,

    PSERVER_ENTRY_REQUEST_ACCEPTED = 16,
    PSERVER_ENTRY_REQUEST_REFUSED = 17,
    PSERVER_ENTRY_REFUSALS = 18,           /* a number of them */

    PSERVER_ENTRY_OPERATION_ACCEPTED = 32,
    PSERVER_ENTRY_OPERATION_STARTED = 33,
    PSERVER_ENTRY_OPERATION_FINISHED = 34,
    PSERVER_ENTRY_OPERATION_RELEASED = 35,
    PSERVER_ENTRY_OPERATION_CANCELED = 36,

    PSERVER_ENTRY_DATA_READ = 48,
    PSERVER_ENTRY_DATA_WRITTEN = 49,
    PSERVER_ENTRY_DATA_DELETED = 50,
    PSERVER_ENTRY_DATA_LISTED = 51,

    PSERVER_ENTRY_UNLOCKED = 64,
    PSERVER_ENTRY_REVOCATION_SEEN = 65,
    PSERVER_ENTRY_LOCKED = 66,
    PSERVER_ENTRY_CUSTODY = 67,            /* the owner has set a key */
    PSERVER_ENTRY_KEYS_DESTROYED = 68      /* the owner's older data keys */
} pserver_entry_type_e;


typedef enum {
    PSERVER_FIELD_OWNER = 1,               /* 20 bytes */
    PSERVER_FIELD_APP = 2,                 /* 20 bytes */
    PSERVER_FIELD_PERMISSION = 3,          /* 32 bytes, big-endian */
    PSERVER_FIELD_OPERATION = 4,           /* its name */
    PSERVER_FIELD_OPERATION_ID = 5,        /* text, as in the API */
    PSERVER_FIELD_SCOPE = 6,
    PSERVER_FIELD_IP = 7,                  /* text */
    PSERVER_FIELD_USER_AGENT = 8,
    PSERVER_FIELD_REQUEST = 9,             /* digests, 32 bytes */
    PSERVER_FIELD_GRANT = 10,
    PSERVER_FIELD_INPUT = 11,
    PSERVER_FIELD_OUTPUT = 12,
    PSERVER_FIELD_OBJECT = 13,
    PSERVER_FIELD_COUNT = 14,              /* decimal */
    PSERVER_FIELD_MANIFEST = 15            /* head of the owner's, before:
                                              counter and digest, 40 bytes */
} pserver_entry_field_e;


typedef struct {
    u_char                id;              /* not 0 */
    pserver_str_t         value;           /* up to VALUE_MAX bytes */
} pserver_entry_field_t;


/* a statement, for writing */

typedef struct {
    u_char                type;            /* not 0 */
    pserver_str_t         reason;          /* public, [A-Za-z0-9_.-]* */
    uint64_t              chain_id;        /* 0: none */
    uint64_t              block;           /* 0: none */
    pserver_entry_field_t fields[PSERVER_ENTRY_FIELDS_MAX];
    size_t                n;               /* ids are rising */
} pserver_entry_t;


/* the place; of the owner's chain the counter is 0 if there is no owner */

typedef struct {
    uint64_t              sequence;        /* index of the leaf */
    uint64_t              time;            /* msec since 1970 */
    uint64_t              counter;         /* 1 for an owner's first */
    u_char                previous[32];    /* leaf hash; zeros for the first */
} pserver_entry_place_t;


/* an entry that was read; points into its bytes */

typedef struct {
    pserver_str_t         statement;       /* the bytes before the place */
    u_char                type;
    pserver_str_t         reason;
    uint64_t              chain_id;
    uint64_t              block;
    size_t                n;
    const u_char         *commitments;     /* n times id[1] ‖ hash[32] */
    uint64_t              sequence;
    uint64_t              time;
    const u_char         *tag;             /* 32 bytes; zeros: no owner */
    const u_char         *link;            /* 32 bytes */
} pserver_entry_view_t;


/* an opening that was read; points into its bytes */

typedef struct {
    const u_char         *link_key;        /* 32 bytes */
    pserver_entry_field_t fields[PSERVER_ENTRY_FIELDS_MAX];
    const u_char         *keys[PSERVER_ENTRY_FIELDS_MAX];
    size_t                n;
} pserver_entry_opening_t;


/* what the log needs of an owner's ledger key; wipe when done */

typedef struct {
    u_char                id[32];          /* the owner to this node alone */
    u_char                tag[32];         /* finds the owner's entries */
    u_char                seal[32];        /* opens them */
} pserver_entry_keys_t;


/* from a ledger key, or from the key of the log for entries of no owner */
void pserver_entry_keys(pserver_entry_keys_t *keys, const u_char ledger[32]);

/*
 * Lengths of the whole entry and of its box.  PSERVER_INVALID: a rule of the
 * form is broken; PSERVER_NOSPACE: a reason, a value or their number is over
 * its limit.
 */
int pserver_entry_lengths(const pserver_entry_t *statement, size_t *entry_len,
    size_t *box_len);

/*
 * Writes the entry with an empty place, the box under the seal key, and the
 * key of the link, which pserver_entry_place() needs.  Both outputs have the
 * lengths of pserver_entry_lengths(), which returned PSERVER_OK.
 */
void pserver_entry_write(u_char *entry, u_char *box, u_char link_key[32],
    const pserver_entry_t *statement, const u_char seal[32],
    pserver_random_t *random);

/*
 * Fills in the place of an entry of len bytes.  tag is the owner's tag key,
 * not used if the counter is 0.
 */
void pserver_entry_place(u_char *entry, size_t len, const u_char tag[32],
    const u_char link_key[32], const pserver_entry_place_t *place);

/* PSERVER_INVALID: not the one form of an entry of this version */
int pserver_entry_parse(pserver_entry_view_t *view, const u_char *entry,
    size_t len);

/*
 * Opens the box of this entry into plain, which has len -
 * PSERVER_BOX_OVERHEAD bytes and is wiped by the caller; opening points into
 * it.  PSERVER_INVALID: another key or entry, or it does not open every
 * commitment.
 */
int pserver_entry_open(pserver_entry_opening_t *opening, u_char *plain,
    const pserver_entry_view_t *view, const u_char *box, size_t len,
    const u_char seal[32]);

/*
 * Reads a plain opening of len bytes and checks it against the entry;
 * opening points into it.  PSERVER_INVALID.
 */
int pserver_entry_opening(pserver_entry_opening_t *opening,
    const u_char *plain, size_t len, const pserver_entry_view_t *view);

/*
 * PSERVER_OK: the entry commits to this value of this field, by the key that
 * its opening has for it
 */
int pserver_entry_field_opens(const pserver_entry_view_t *view, u_char id,
    const u_char key[32], pserver_str_t value);

/* the tag of an owner's entry of this number */
void pserver_entry_tag(u_char out[32], const u_char tag[32],
    uint64_t counter);

/*
 * PSERVER_OK if this is the owner's entry of that number and follows the
 * entry of this leaf hash
 */
int pserver_entry_follows(const pserver_entry_view_t *view,
    const u_char tag[32], const u_char link_key[32], uint64_t counter,
    const u_char previous[32]);

/* of a field that was read; NULL: it is not there */
const pserver_str_t *pserver_entry_field(
    const pserver_entry_opening_t *opening, u_char id);

/* the name of a type, as access logs show it; NULL: not known */
const char *pserver_entry_type_name(u_char type);


#endif /* _PSERVER_ENTRY_H_INCLUDED_ */
