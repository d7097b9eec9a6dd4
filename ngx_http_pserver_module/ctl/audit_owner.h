/*
 * Whether an owner sees all of the owner's entries: the public log is
 * searched for the owner's tags, and what is found is held against what the
 * server shows the owner, a page of it at a time.
 */

#ifndef _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_
#define _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_


#include "http.h"

#include "../core/entry.h"


#define PSERVERCTL_OWNER_PAGE   200
#define PSERVERCTL_OWNER_AHEAD  16       /* tags that are looked for */
#define PSERVERCTL_OWNER_WRONG  256


typedef struct {
    pserverctl_request_t  request;
    char                  origin[512];
    u_char                tag_key[32];

    uint64_t              n;             /* the owner's entries so far */
    uint64_t              sequence;      /* of the last one */
    u_char                last[32];      /* its leaf */
    u_char                tags[PSERVERCTL_OWNER_AHEAD][32];  /* of n + 1, .. */

    /* what the server showed last: of all, those with the numbers from high
       down, which count from the oldest */
    pserver_json_doc_t   *doc;
    const pserver_json_t *shown[PSERVERCTL_OWNER_PAGE];
    size_t                count;
    uint64_t              high;
    uint64_t              total;
} pserverctl_owner_t;


/* asks the server at the origin of this URL, with option "key", for the tag
   key.  PSERVERCTL_FAILED, PSERVERCTL_USAGE: said */
int pserverctl_owner_init(pserverctl_owner_t *owner, pserverctl_args_t *args,
    const char *url);
void pserverctl_owner_done(pserverctl_owner_t *owner);

/*
 * An entry of the public log, in their order, and what follows after all
 * "size" of them.  PSERVER_INVALID: wrong, of PSERVERCTL_OWNER_WRONG bytes,
 * says what is; PSERVER_ERROR: said, the server could not be asked.
 */
int pserverctl_owner_entry(pserverctl_owner_t *owner,
    const pserver_entry_view_t *view, const u_char leaf[32], char *wrong);
int pserverctl_owner_end(pserverctl_owner_t *owner, uint64_t size,
    char *wrong);


#endif /* _PSERVERCTL_AUDIT_OWNER_H_INCLUDED_ */
