/*
 * What is signed: requests of the data API, texts of operations.
 */

#ifndef _PSERVERCTL_SIGNED_H_INCLUDED_
#define _PSERVERCTL_SIGNED_H_INCLUDED_


#include "ctl.h"
#include "../core/web3signed.h"


#define PSERVERCTL_TTL  300     /* seconds that a signature lives */


/* the account that signs, where it is not just that of the key */

typedef struct {
    pserver_str_t      iss;              /* as given, without data: none */
    pserver_address_t  address;
    uint64_t           chain_id;         /* 0, or iss is a contract there */
} pserverctl_issuer_t;

#define PSERVERCTL_ISSUER_OPTIONS                                             \
    { "iss", "ADDRESS", "the account that signs" },                           \
    { "chain-id", "N", "of its chain: ADDRESS is a contract of this key" }

/* from these options, where the command has them.  PSERVERCTL_USAGE: said */
int pserverctl_issuer(const pserverctl_args_t *args,
    pserverctl_issuer_t *issuer);


/*
 * Adds bodyHash to the claims and signs them: the value of the header
 * Authorization, to be freed with free().  PSERVERCTL_FAILED: said why.
 */
int pserverctl_sign_request(const u_char key[32],
    pserver_web3signed_t *claims, pserver_str_t body, pserver_str_t *value);

/*
 * The 132 characters of a signature over a text: EIP-191, or of a contract
 * as core/account.h has it; or over a digest.  PSERVERCTL_FAILED: said why.
 */
int pserverctl_sign_text(const u_char key[32],
    const pserverctl_issuer_t *issuer, pserver_str_t text,
    u_char out[PSERVER_SIGNATURE_LEN]);
int pserverctl_sign_digest(const u_char key[32],
    const pserver_word_t *digest, u_char out[PSERVER_SIGNATURE_LEN]);


/* for commands that make the text of an operation */

#define PSERVERCTL_OPTEXT_OPTIONS                                             \
    { "permission-id", "N", "the permission on chain" },                      \
    { "operation", "NAME", "has to be the grant's" },                         \
    { "parameters", "JSON", "an object; the grant's values win" },            \
    { "aud", "ORIGIN", "valid only at the server of this origin" },           \
    { "chain-id", "N", "valid only on this chain" },                          \
    { "nonce", "TEXT", "accepted once" },                                     \
    { "exp", "TIME", "valid until then, in seconds since 1970" },             \
    { "iss", "ADDRESS", "the account that signs; with chain-id a contract" }, \
    { "text", "TEXT", "the whole text as it is, in place of these" }

/*
 * The text from these options, to be freed with free().  Where aud has data
 * it is the origin of the server that the text is for: aud, a random nonce
 * and exp are added where they are not given.
 */
int pserverctl_optext(const pserverctl_args_t *args, pserver_str_t aud,
    pserver_str_t *text);

/*
 * The body of POST /api/v1/operations with this text, to be freed with
 * free().  If there is no --text, what a server would not take is refused.
 */
int pserverctl_optext_body(const pserverctl_args_t *args,
    const u_char key[32], pserver_str_t text, pserver_str_t *body);


#endif /* _PSERVERCTL_SIGNED_H_INCLUDED_ */
