/*
 * What the commands of pserverctl custody share.
 */

#ifndef _PSERVERCTL_CUSTODY_H_INCLUDED_
#define _PSERVERCTL_CUSTODY_H_INCLUDED_


#include "http.h"
#include "../core/custody.h"
#include "../core/phrase.h"


/* one command, in memory of sodium_malloc() */

typedef struct {
    pserverctl_request_t     request;
    pserver_custody_place_t  place;        /* origin, owner, server */
    u_char                   public_key[PSERVER_PUBLIC_KEY_LEN];
    u_char                   wrap[PSERVER_CUSTODY_WRAP_LEN];
    int                      has_wrap;
    int                      offered;
    u_char                   key[PSERVER_CUSTODY_KEY_LEN];
    u_char                   next[PSERVER_CUSTODY_KEY_LEN];
    u_char                   recovery[32];
    u_char                   phrase[PSERVER_PHRASE_MAX];
    size_t                   phrase_len;
} pserverctl_custody_t;


/* in memory of sodium_malloc(), with the request of these arguments and
   whose key signs it, until pserverctl_custody_end().  Else: said */
int pserverctl_custody_begin(pserverctl_args_t *args,
    pserverctl_custody_t **custody);
void pserverctl_custody_end(pserverctl_custody_t *custody);

/* asks for the server's key for us, and for what it has of ours.
   PSERVERCTL_FAILED: said */
int pserverctl_custody_ask(pserverctl_custody_t *custody);

/* writes a member of a body: name, and a key that is sealed to the server.
   PSERVERCTL_FAILED: said */
int pserverctl_custody_seal(pserverctl_custody_t *custody, FILE *out,
    const char *name, const u_char key[PSERVER_CUSTODY_KEY_LEN]);

/* sends it.  What became of it goes to stderr: stdout is for what is to be
   kept.  PSERVERCTL_FAILED: said */
int pserverctl_custody_send(pserverctl_custody_t *custody,
    const char *method, const char *path, char *body, size_t len);

/* the wallet's signature under which the key of this epoch is wrapped.
   PSERVERCTL_FAILED: said */
int pserverctl_custody_sign(pserverctl_custody_t *custody, uint32_t epoch,
    pserver_signature_t *signature);

/*
 * Opens the owner's key, with the option "recovery" by the phrase, else by
 * the wallet; the wrap is the server's or, with "wrap", a saved one.
 * PSERVERCTL_FAILED: said.
 */
int pserverctl_custody_open(pserverctl_args_t *args,
    pserverctl_custody_t *custody);


#endif /* _PSERVERCTL_CUSTODY_H_INCLUDED_ */
