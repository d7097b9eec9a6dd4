/*
 * Signed notes (C2SP signed-note, Ed25519) and the checkpoints in them
 * (C2SP tlog-checkpoint): what a log says about itself.
 *
 *     <name of the log>
 *     <size of the tree, decimal>
 *     <root of the tree, base64>
 *     anchor <size> <chain id> <contract> <sender>      as often as needed
 *
 *     — <name of the key> <base64 of key id[4] ‖ signature[64]>
 *
 * The key is named as the log is.  A line "anchor" says from which size on
 * the account "sender" puts the log's roots into "contract" on that chain.
 * A new account gets a new line behind the others, which stay.
 */

#ifndef _PSERVER_NOTE_H_INCLUDED_
#define _PSERVER_NOTE_H_INCLUDED_


#include "core.h"


#define PSERVER_NOTE_MAX         8192    /* bytes of a note */
#define PSERVER_NOTE_NAME_MAX    64
#define PSERVER_NOTE_EPOCHS_MAX  32

/* of the text of a key: name+hex[8]+base64[44] */
#define PSERVER_NOTE_KEY_MAX     (PSERVER_NOTE_NAME_MAX + 1 + 8 + 1 + 44)


/*
 * A public key with its name, which points into the caller's memory.  The
 * id is SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key): its first four bytes stand in a
 * signature, all of it names the log on chain.
 */

typedef struct {
    pserver_str_t         name;
    u_char                key[32];
    u_char                id[32];
} pserver_note_key_t;


typedef struct {
    uint64_t              size;          /* of the tree, from which on */
    uint64_t              chain_id;
    pserver_address_t     contract;
    pserver_address_t     sender;
} pserver_note_epoch_t;


typedef struct {
    pserver_str_t         name;          /* of the log */
    uint64_t              size;
    u_char                root[32];
    size_t                n;             /* of epochs, sizes never fall */
    pserver_note_epoch_t  epochs[PSERVER_NOTE_EPOCHS_MAX];
} pserver_checkpoint_t;


/* from a name, 1 to NAME_MAX printable characters of ASCII but blank and
   "+", and a key.  PSERVER_INVALID: another name */
int pserver_note_key(pserver_note_key_t *key, pserver_str_t name,
    const u_char public_key[32]);

/* the text "name+id+key".  PSERVER_INVALID: it is none, or of no Ed25519 */
int pserver_note_key_parse(pserver_note_key_t *key, pserver_str_t text);

/* writes at most PSERVER_NOTE_KEY_MAX characters, no newline; returns the
   end */
u_char *pserver_note_key_format(u_char *dst, const pserver_note_key_t *key);


/*
 * Signs a text that ends with a newline and has no empty line: appends the
 * empty line and the signature to what is at dst already, the text of len
 * bytes, at most PSERVER_NOTE_MAX bytes in all.  secret is libsodium's, seed
 * and public key.  Returns the end; NULL if it does not fit.
 */
u_char *pserver_note_sign(u_char *dst, size_t len,
    const pserver_note_key_t *key, const u_char secret[64]);

/* the text of a note, whoever has signed it.  PSERVER_INVALID: no note */
int pserver_note_text(pserver_str_t *text, pserver_str_t note);

/*
 * The text of a note with a signature of this key; others' are not looked
 * at.  PSERVER_INVALID: no note; PSERVER_DONE: not signed by this key.
 */
int pserver_note_open(pserver_str_t *text, pserver_str_t note,
    const pserver_note_key_t *key);


/* writes the text of a checkpoint, at most PSERVER_NOTE_MAX - 256 bytes;
   returns the end */
u_char *pserver_checkpoint_write(u_char *dst,
    const pserver_checkpoint_t *checkpoint);

/*
 * Lines behind the root that are no "anchor" are passed over, as the
 * standard wants it.  PSERVER_INVALID.
 */
int pserver_checkpoint_parse(pserver_checkpoint_t *checkpoint,
    pserver_str_t text);

/* a note with a checkpoint of the log that has this key: both of the above,
   and the name must be the key's */
int pserver_checkpoint_open(pserver_checkpoint_t *checkpoint,
    pserver_str_t note, const pserver_note_key_t *key);


#endif /* _PSERVER_NOTE_H_INCLUDED_ */
