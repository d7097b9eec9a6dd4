/*
 * The file that holds the key of a log, with which its checkpoints are
 * signed: the seed of an Ed25519 key, sealed under the storage root.
 * docs/audit-log.md has the bytes.
 */

#ifndef _PSERVER_LOGKEY_H_INCLUDED_
#define _PSERVER_LOGKEY_H_INCLUDED_


#include "keys.h"


#define PSERVER_LOGKEY_FILE_LEN  124
#define PSERVER_LOGKEY_NAME_LEN  24      /* "pserver/" and 16 digits */


/* seals the seed for the log of this id */
void pserver_logkey_wrap(u_char file[PSERVER_LOGKEY_FILE_LEN],
    const u_char seed[32], const pserver_root_t *root,
    const u_char log_id[32]);

/*
 * Opens the file with that one of the n roots that it names; *used is its
 * index: not 0 means that the file should be wrapped again.
 * PSERVER_INVALID: no such file, of another log, or changed; PSERVER_DONE:
 * its root is not among them.  The caller wipes the seed.
 */
int pserver_logkey_unwrap(u_char seed[32], size_t *used, pserver_str_t file,
    const pserver_root_t *roots, size_t n, const u_char log_id[32]);

/* the name of the log with this id */
void pserver_logkey_name(u_char name[PSERVER_LOGKEY_NAME_LEN],
    const u_char log_id[32]);


#endif /* _PSERVER_LOGKEY_H_INCLUDED_ */
