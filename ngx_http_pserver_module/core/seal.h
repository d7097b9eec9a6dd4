/*
 * Sealed objects: one version of one object in one file.
 *
 * A header of 4096 bytes, then chunks of 64 KiB, each sealed with
 * AES-256-GCM under a key that belongs to this file alone, with the nonce
 * counter ‖ last flag (STREAM, Hoang et al. 2015).  The last chunk is
 * always shorter than a full one, if need be empty, so that the size of
 * the file says the length of the object and truncation shows.  The header
 * carries the sealed metadata, among them length and SHA-256, and is
 * therefore made last and written in front.  docs/sealed-format.md has
 * the bytes.
 *
 * Contexts start zeroed, allocate at first use, can be used again for
 * another object, and are used by one thread at a time.
 */

#ifndef _PSERVER_SEAL_H_INCLUDED_
#define _PSERVER_SEAL_H_INCLUDED_


#include "core.h"
#include "gcm.h"
#include "keys.h"


#define PSERVER_SEAL_HEADER_LEN  4096
#define PSERVER_SEAL_CHUNK       65536
#define PSERVER_SEAL_TAG_LEN     PSERVER_GCM_TAG_LEN
#define PSERVER_SEAL_BLOCK       (PSERVER_SEAL_CHUNK + PSERVER_SEAL_TAG_LEN)
#define PSERVER_SEAL_ID_LEN      16

/* the highest number of a version: that of a file's name, 8 digits */
#define PSERVER_VERSION_MAX      99999999

/* the longest object, so that the counter does not exceed 2^32 - 1 */
#define PSERVER_SEAL_MAX         ((uint64_t) 1 << 47)

/* scope, type, filename and note take at most this many bytes together */
#define PSERVER_SEAL_TEXT_MAX    3791


/* where an object belongs; what is opened must have been sealed for it */

typedef struct {
    pserver_address_t     owner;
    u_char                name[PSERVER_NAME_LEN];   /* pserver_keys_name() */
} pserver_seal_place_t;


typedef enum {
    PSERVER_SEAL_JSON = 1,
    PSERVER_SEAL_BINARY = 2
} pserver_seal_kind_e;


typedef struct {
    pserver_seal_kind_e   kind;
    uint64_t              collected_at;   /* milliseconds of Unix time */
    uint64_t              length;         /* of the plaintext */
    u_char                sha256[32];     /* of the plaintext */
    pserver_str_t         scope;
    pserver_str_t         type;           /* Content-Type, binary only */
    pserver_str_t         filename;       /* may be empty */
    pserver_str_t         note;           /* may be empty */
    uint64_t              recorded;       /* counter of its record in the
                                             manifest; 0: it has none */
} pserver_seal_meta_t;


typedef struct {
    pserver_gcm_t         stream;
    pserver_gcm_t         seal;           /* of the header */
    void                 *hash;
    u_char                key[PSERVER_KEY_LEN];         /* of the object */
    u_char                header[PSERVER_SEAL_HEADER_LEN];
    u_char                sha256[32];
    uint64_t              length;
    uint64_t              chunk;
    uint64_t              number;
    uint32_t              generation;     /* of the data key */
    unsigned              last:1;
} pserver_seal_t;


typedef struct {
    pserver_gcm_t         gcm;
    pserver_seal_meta_t   meta;           /* texts point into "text" */
    u_char                key[PSERVER_GCM_KEY_LEN];     /* of the stream */
    u_char                id[PSERVER_SEAL_ID_LEN];
    uint64_t              number;
    uint32_t              generation;     /* of the data key */
    uint64_t              chunks;         /* with the last one, >= 1 */
    u_char                text[PSERVER_SEAL_HEADER_LEN];
} pserver_open_t;


/*
 * What it takes to open the chunks of a file whose header was opened before.
 * There is a key in it, so it belongs into secret memory; it is not copied,
 * it points into itself.
 */

#define PSERVER_SEAL_KEPT_TEXT    512

typedef struct {
    pserver_seal_meta_t   meta;           /* texts point into "text" */
    u_char                key[PSERVER_GCM_KEY_LEN];
    u_char                id[PSERVER_SEAL_ID_LEN];
    uint64_t              number;
    uint32_t              generation;
    uint64_t              chunks;
    u_char                text[PSERVER_SEAL_KEPT_TEXT];
} pserver_kept_t;


/*
 * Sealing.  init draws a fresh object key; then chunks in order, full ones
 * with last = 0 and then exactly one shorter with last = 1; then the
 * header.
 */

/* PSERVER_NOMEM, PSERVER_ERROR */
int pserver_seal_init(pserver_seal_t *seal, const pserver_keys_t *keys,
    const pserver_seal_place_t *place);

/* the same for an object that keeps its id: nothing else is the same */
int pserver_seal_init_again(pserver_seal_t *seal, const pserver_keys_t *keys,
    const pserver_seal_place_t *place, const u_char id[PSERVER_SEAL_ID_LEN]);

/*
 * Before the header: it is to be under the newest data key of these, whatever
 * init was called with, which may be gone by now
 */
void pserver_seal_rekey(pserver_seal_t *seal, const pserver_keys_t *keys);

/* the length of a file with an object of len bytes, up to SEAL_MAX */
uint64_t pserver_seal_file_len(uint64_t len);

/* the random id of the version, PSERVER_SEAL_ID_LEN bytes, after init */
const u_char *pserver_seal_id(const pserver_seal_t *seal);

/*
 * Writes len + PSERVER_SEAL_TAG_LEN bytes to dst, which may be src.
 * PSERVER_INVALID: len is not the full size, or not shorter in the last
 * chunk, or the last one was there; PSERVER_NOSPACE: over PSERVER_SEAL_MAX.
 */
int pserver_seal_chunk(pserver_seal_t *seal, u_char *dst,
    const u_char *src, size_t len, int last);

/*
 * The header of version "number" >= 1.  length and sha256 of meta are not
 * read: the sealer knows them.  It can be called again, if the number was
 * taken, with a higher number.  PSERVER_INVALID before the last chunk, for a
 * number not higher or over PSERVER_VERSION_MAX; PSERVER_NOSPACE: the texts
 * are too long.
 */
int pserver_seal_header(pserver_seal_t *seal,
    u_char header[PSERVER_SEAL_HEADER_LEN], uint64_t number,
    const pserver_seal_meta_t *meta);

/* frees what init allocated and wipes all; the structure is zeroed */
void pserver_seal_free(pserver_seal_t *seal);


/*
 * The generation of the data key that a header says it is under, of which the
 * first len bytes are at hand.  PSERVER_INVALID: it is none.
 */
#define PSERVER_SEAL_TELLS_LEN    224
int pserver_seal_generation(const u_char *header, size_t len,
    uint32_t *generation);

/* and the name that such a header says its object has */
void pserver_seal_name(u_char name[PSERVER_NAME_LEN], const u_char *header);


/*
 * Opening.  size is that of the whole file, in bytes.  PSERVER_INVALID: not
 * a sealed object, not of this place or number, changed, truncated or grown,
 * or sealed under other keys; PSERVER_NOMEM; PSERVER_ERROR.
 */
int pserver_open_init(pserver_open_t *open,
    const u_char header[PSERVER_SEAL_HEADER_LEN], uint64_t size,
    const pserver_keys_t *keys, const pserver_seal_place_t *place,
    uint64_t number);

/*
 * Opens chunk i of open->chunks into dst, which may be src.  src has the
 * pserver_open_block_len() bytes that stand at pserver_open_offset() in
 * the file; what is written is 16 bytes less.  PSERVER_INVALID: changed.
 */
int pserver_open_chunk(pserver_open_t *open, u_char *dst,
    const u_char *src, uint64_t i);
uint64_t pserver_open_offset(uint64_t i);
size_t pserver_open_block_len(const pserver_open_t *open, uint64_t i);

void pserver_open_free(pserver_open_t *open);

/*
 * Keeps what is open, and opens it again, into what starts zeroed.
 * PSERVER_NOSPACE: the texts are too long to be kept.  PSERVER_NOMEM,
 * PSERVER_ERROR.
 */
int pserver_open_keep(pserver_kept_t *kept, const pserver_open_t *open);
int pserver_open_again(pserver_open_t *open, const pserver_kept_t *kept);


#endif /* _PSERVER_SEAL_H_INCLUDED_ */
