/*
 * What a log of another place has of an owner who has moved, and its proofs:
 * a folder with the files key, checkpoint and proofs (docs/move.md).
 */

#ifndef _PSERVERCTL_MOVED_H_INCLUDED_
#define _PSERVERCTL_MOVED_H_INCLUDED_


#include "../core/logproof.h"


typedef struct {
    u_char                key_text[PSERVER_NOTE_KEY_MAX + 1];
    u_char                note[PSERVER_NOTE_MAX];
    pserver_note_key_t    key;
    pserver_checkpoint_t  checkpoint;
    uint64_t              entries;       /* that were looked at */
} pserverctl_moved_t;


/*
 * NULL, or what is wrong.  That each entry is in the log, by the checkpoint,
 * which is signed by the key; with keys, the owner's, also that each opens
 * and none is missing before the last.  Whether it is the right log is for
 * the caller to say, by its key.
 */
const char *pserverctl_moved(pserverctl_moved_t *moved, int dir,
    const char *folder, const pserver_entry_keys_t *keys);


#endif /* _PSERVERCTL_MOVED_H_INCLUDED_ */
