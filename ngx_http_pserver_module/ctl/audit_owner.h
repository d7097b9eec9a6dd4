/*
 * Whether an owner sees all of the owner's entries: the public log is
 * searched for the owner's tags, and what is found is held against what the
 * server shows the owner.
 */

#ifndef _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_
#define _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_


#include "http.h"

#include "../core/entry.h"


typedef struct {
    uint64_t              sequence;
    u_char                leaf[32];
} pserverctl_found_t;


typedef struct {
    pserverctl_request_t  request;
    char                  origin[512];
    u_char                tag_key[32];
    u_char                next[32];      /* the tag to come */

    pserverctl_found_t   *found;         /* oldest first */
    size_t                n;
    size_t                allocated;
} pserverctl_owner_t;


/* asks the server at the origin of this URL, with option "key", for the tag
   key.  PSERVERCTL_FAILED: said */
int pserverctl_owner_init(pserverctl_owner_t *owner, pserverctl_args_t *args,
    const char *url);
void pserverctl_owner_done(pserverctl_owner_t *owner);

/* an entry of the public log, in their order.  PSERVERCTL_FAILED: said */
int pserverctl_owner_entry(pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32]);

/* after all "size" of them; wrong is what to say, of 256 bytes.
   PSERVER_INVALID: that; PSERVER_ERROR: said */
int pserverctl_owner_check(pserverctl_owner_t *owner, uint64_t size,
    char *wrong);


#endif /* _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_ */
