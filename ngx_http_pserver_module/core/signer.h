/*
 * Who has signed a text: a key, or the account that the text names, by its
 * key or through its contract.
 */

#ifndef _PSERVER_SIGNER_H_INCLUDED_
#define _PSERVER_SIGNER_H_INCLUDED_


#include "account.h"
#include "core.h"
#include "eth.h"


typedef enum {
    PSERVER_SIGNER_OK = 0,
    PSERVER_SIGNER_ASK,                  /* OK if the account's contract says
                                            so */
    PSERVER_SIGNER_NONE,                 /* no signature of anybody */
    PSERVER_SIGNER_OTHER                 /* not one of the account named */
} pserver_signer_e;


typedef struct {
    pserver_str_t             signature; /* digits, 0x in front */
    const pserver_word_t     *digest;    /* that a key signs */
    const pserver_address_t  *iss;       /* the account named, or NULL */

    /* what pserver_signer_find() found, with OK and ASK */
    pserver_address_t         address;
    int                       by_key;    /* address's key has signed */
} pserver_signer_t;


/*
 * Looks at the signature by the rules for accounts.  The caller sets the
 * first part; "secp": see eth.h.
 */
pserver_signer_e pserver_signer_find(const secp256k1_context *secp,
    pserver_accounts_e accounts, pserver_signer_t *signer);

/* after ASK, with what the account said: OK, or OTHER */
pserver_signer_e pserver_signer_answered(pserver_accounts_e accounts,
    int by_key, pserver_account_answer_e answer);


#endif /* _PSERVER_SIGNER_H_INCLUDED_ */
