/*
 * The keys below the storage root.
 *
 * A storage root is 32 random bytes with an id.  Each owner has random
 * 256-bit keys of its own, kept in one small file that is sealed under a
 * key derived from the root; to rotate the root is to seal these files
 * again, no object changes.  docs/sealed-format.md has the bytes.
 *
 * Everything here that holds a key is memory of the caller, who keeps it
 * in secret memory and wipes it.
 */

#ifndef _PSERVER_KEYS_H_INCLUDED_
#define _PSERVER_KEYS_H_INCLUDED_


#include "core.h"
#include "custody.h"


#define PSERVER_KEY_LEN         32
#define PSERVER_ROOTS_MAX       16
#define PSERVER_KEYS_OF_DATA    8       /* that one file can hold */
#define PSERVER_KEYS_FILE_MAX   624
#define PSERVER_NAME_LEN        32
#define PSERVER_HKDF_MAX        (255 * 32)


typedef struct {
    uint32_t              id;
    u_char                key[PSERVER_KEY_LEN];
} pserver_root_t;


/*
 * What is new is sealed under the newest data key.  Those before it, with the
 * one of the generation before first, stay as long as something is sealed
 * under them.
 */

typedef struct {
    u_char                data[PSERVER_KEY_LEN];    /* wraps object keys */
    u_char                names[PSERVER_KEY_LEN];   /* names on disk */
    u_char                ledger[PSERVER_KEY_LEN];  /* boxes of jobs */
    uint32_t              generation;               /* of data, from 1 */
    uint32_t              nolder;
    u_char                older[PSERVER_KEYS_OF_DATA - 1][PSERVER_KEY_LEN];
} pserver_keys_t;


/*
 * HKDF-SHA256 (RFC 5869), whole or in its two steps.  Salt and info may be
 * empty.  PSERVER_NOSPACE if len > PSERVER_HKDF_MAX; out is then not
 * touched.
 */
int pserver_hkdf(u_char *out, size_t len, pserver_str_t key,
    pserver_str_t salt, pserver_str_t info);
void pserver_hkdf_extract(u_char prk[32], pserver_str_t key,
    pserver_str_t salt);
int pserver_hkdf_expand(u_char *out, size_t len, const u_char prk[32],
    pserver_str_t info);

/*
 * The root file: a line "<id> <64 hex digits>" per root, newest first, the
 * id decimal from 1 to 2^32-1 without leading zeros, each id once.  On
 * PSERVER_OK *n is the number of roots written, 1 to PSERVER_ROOTS_MAX.
 * PSERVER_INVALID with the number of the bad line, from 1, in *n;
 * PSERVER_NOSPACE for more roots than that.  On an error roots is wiped.
 */
int pserver_roots_parse(pserver_root_t roots[PSERVER_ROOTS_MAX], size_t *n,
    pserver_str_t text);

/* the key of the audit log: HKDF(root, "pserver/v1/log") */
void pserver_keys_log(u_char out[PSERVER_KEY_LEN],
    const pserver_root_t *root);

/* new random keys of an owner */
void pserver_keys_generate(pserver_keys_t *keys);

/*
 * A new generation: the data key becomes an older one, and a random one takes
 * its place.  PSERVER_NOSPACE: there are PSERVER_KEYS_OF_DATA already.
 */
int pserver_keys_renew(pserver_keys_t *keys);

/* wipes the older data keys: what was sealed under them is lost */
void pserver_keys_shed(pserver_keys_t *keys);

/* the data key of a generation, or NULL */
const u_char *pserver_keys_data(const pserver_keys_t *keys,
    uint64_t generation);

/* tells data keys apart and nothing else: HKDF(key, "pserver/v1/data/id") */
void pserver_keys_data_id(u_char id[PSERVER_KEY_LEN],
    const u_char key[PSERVER_KEY_LEN]);

/*
 * The owner's key file: written under this root, for this chain and
 * address.  Returns its length, up to PSERVER_KEYS_FILE_MAX.
 */
size_t pserver_keys_wrap(u_char file[PSERVER_KEYS_FILE_MAX],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner);

/*
 * Opens the file with that one of the n roots that it names.
 * PSERVER_INVALID: not a key file, of another chain or address, or changed;
 * PSERVER_DONE: its root is not among them.  *used, if not NULL, becomes
 * the index of the root: not 0 means that the file should be wrapped
 * again.
 */
int pserver_keys_unwrap(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner);

/*
 * The same for an owner who holds a key of its own (custody.h): the file
 * opens with the root and that key together, and with neither alone.  It
 * carries the owner's wrap of that key, which is not looked at here.
 */
size_t pserver_keys_wrap_owned(u_char file[PSERVER_KEYS_FILE_MAX],
    const pserver_keys_t *keys, const pserver_root_t *root,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN],
    const u_char wrap[PSERVER_CUSTODY_WRAP_LEN]);

/*
 * As pserver_keys_unwrap().  Whether it is the right key of the owner is to
 * be seen before, by its id.
 */
int pserver_keys_unwrap_owned(pserver_keys_t *keys, size_t *used,
    pserver_str_t file, const pserver_root_t *roots, size_t n,
    uint64_t chain_id, const pserver_address_t *owner,
    const u_char custody[PSERVER_CUSTODY_KEY_LEN]);

/*
 * Points to the id of the owner's own key and to the wrap in such a file;
 * both may be NULL.  PSERVER_INVALID: it is none, or of the other kind.
 */
int pserver_keys_owned(pserver_str_t file, const u_char **id,
    const u_char **wrap);

/* the id of the root that a file of either kind is sealed under.
   PSERVER_INVALID: it is neither */
int pserver_keys_root(pserver_str_t file, uint32_t *id);

/* the newest generation that such a file says it has, and the oldest.
   PSERVER_INVALID: it is neither */
int pserver_keys_generations(pserver_str_t file, uint32_t *newest,
    uint32_t *oldest);

/*
 * The name on disk of what is called "name" to its owner:
 * HMAC-SHA256(names key, kind ‖ 0x00 ‖ name).  The kind keeps scopes and
 * other names apart; it is text without a zero.
 */
void pserver_keys_name(u_char out[PSERVER_NAME_LEN],
    const pserver_keys_t *keys, const char *kind, pserver_str_t name);

/*
 * The same for what belongs to no owner, under
 * HKDF(root, "pserver/v1/names").
 */
void pserver_keys_node_name(u_char out[PSERVER_NAME_LEN],
    const pserver_root_t *root, const char *kind, pserver_str_t name);


#endif /* _PSERVER_KEYS_H_INCLUDED_ */
