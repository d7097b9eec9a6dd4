/*
 * The body of POST /api/v1/operations: an envelope
 *
 *     {"app_signature":"0x..","operation_request_json":"<text>"}
 *
 * and in it the text that the app signed (EIP-191), JSON again: what is to
 * run under which permission.  Members that are not known are ignored, and
 * an optional one that is null is as if it were not there.  iss names the
 * account that signs: a contract signs as account.h has it.
 */

#ifndef _PSERVER_OPTEXT_H_INCLUDED_
#define _PSERVER_OPTEXT_H_INCLUDED_


#include "account.h"
#include "core.h"
#include "eth.h"
#include "json.h"
#include "origin.h"


#define PSERVER_OPTEXT_MIN        2         /* characters of the text */
#define PSERVER_OPTEXT_MAX        100000
#define PSERVER_OPTEXT_BODY_MAX   1048576   /* bytes; 100000 characters may
                                               take 600000 as \u escapes */
#define PSERVER_OPTEXT_NONCE_MAX  128       /* bytes */
#define PSERVER_OPTEXT_SKEW       60        /* seconds after exp */


typedef enum {
    PSERVER_OPTEXT_OK = 0,

    /* the envelope */
    PSERVER_OPTEXT_BODY_JSON,
    PSERVER_OPTEXT_BODY_DUPLICATE,
    PSERVER_OPTEXT_BODY_OBJECT,
    PSERVER_OPTEXT_SIGNATURE_MISSING,
    PSERVER_OPTEXT_SIGNATURE_STRING,
    PSERVER_OPTEXT_SIGNATURE_PATTERN,
    PSERVER_OPTEXT_TEXT_MISSING,
    PSERVER_OPTEXT_TEXT_STRING,
    PSERVER_OPTEXT_TEXT_SHORT,
    PSERVER_OPTEXT_TEXT_LONG,

    /* the text */
    PSERVER_OPTEXT_TEXT_JSON,
    PSERVER_OPTEXT_TEXT_DUPLICATE,
    PSERVER_OPTEXT_TEXT_OBJECT,
    PSERVER_OPTEXT_PERMISSION_MISSING,
    PSERVER_OPTEXT_PERMISSION_TYPE,      /* not an integer, or too great */
    PSERVER_OPTEXT_PERMISSION_ZERO,      /* not greater than zero: 400 */
    PSERVER_OPTEXT_OPERATION,            /* not a string, or empty */
    PSERVER_OPTEXT_PARAMETERS,           /* not an object */
    PSERVER_OPTEXT_AUD,                  /* not a string */
    PSERVER_OPTEXT_CHAIN_ID,             /* not an integer */
    PSERVER_OPTEXT_NONCE,                /* not a string of 1..128 bytes */
    PSERVER_OPTEXT_EXP,                  /* not an integer */
    PSERVER_OPTEXT_ISS,                  /* not an address */

    /* pserver_optext_check() */
    PSERVER_OPTEXT_REQUIRED,             /* aud, chain_id, nonce or exp */
    PSERVER_OPTEXT_OTHER_AUD,
    PSERVER_OPTEXT_OTHER_CHAIN,
    PSERVER_OPTEXT_EXPIRED,

    /* pserver_optext_signer() */
    PSERVER_OPTEXT_SIGNER,               /* not a signature of anybody */
    PSERVER_OPTEXT_ISSUER,               /* not one of iss */
    PSERVER_OPTEXT_ASK,                  /* it is, if iss's contract says so */
    PSERVER_OPTEXT_UNAVAILABLE,          /* which could not be asked, */
    PSERVER_OPTEXT_BUSY,                 /* as so many others are */

    PSERVER_OPTEXT_NOMEM                 /* malloc() failed */
} pserver_optext_reason_e;


/*
 * How the answer names it.  With status 422 the form is {"detail":[{"loc":
 * ["body",loc],"msg","type"}]}, loc may be NULL; with others "code" is the
 * error_code, "loc" the field (may be NULL), "message" the detail.
 */

typedef struct {
    unsigned              status;
    const char           *loc;
    const char           *message;
    const char           *type;          /* 422 */
    const char           *code;          /* not 422 */
} pserver_optext_error_t;


/* strings and trees point into the two documents; an optional string that is
   not there has no data */

typedef struct {
    pserver_word_t        digest;        /* EIP-191, of the text: with the
                                            signer the key of a repeat */
    pserver_str_t         signature;     /* "0x" and 130 hex digits; with iss
                                            as account.h has it */
    pserver_str_t         text;

    pserver_word_t        permission_id;
    pserver_str_t         operation;     /* optional */
    const pserver_json_t *parameters;    /* optional: NULL or an object */
    pserver_str_t         aud;           /* optional */
    pserver_str_t         nonce;         /* optional */
    uint64_t              chain_id;
    uint64_t              exp;           /* seconds since 1970 */
    pserver_address_t     iss;           /* optional */

    pserver_address_t     address;       /* who signed it, once that is known:
                                            iss, or the one of the key */
    unsigned              by_key:1;      /* address's key has */

    unsigned              has_chain_id:1;
    unsigned              has_exp:1;
    unsigned              has_iss:1;

    pserver_json_doc_t   *envelope;
    pserver_json_doc_t   *doc;
} pserver_optext_t;


/* what the text is held against */

typedef struct {
    pserver_origins_t     aud;           /* of this server */
    uint64_t              chain_id;
    uint64_t              now;           /* seconds since 1970 */
    int                   require;       /* all of aud, chain_id, nonce, exp
                                            must be there */
} pserver_optext_request_t;


/*
 * Parses a body.  On PSERVER_OPTEXT_OK *optext is filled and freed with
 * pserver_optext_free(); else it is zeros and needs no free.
 */
pserver_optext_reason_e pserver_optext_parse(pserver_optext_t *optext,
    const u_char *body, size_t len);
void pserver_optext_free(pserver_optext_t *optext);

/*
 * Who signed the text, by the rules for accounts: PSERVER_OPTEXT_OK or _ASK
 * with address and by_key, or _SIGNER or _ISSUER.  "secp": see eth.h.
 */
pserver_optext_reason_e pserver_optext_signer(const secp256k1_context *secp,
    pserver_accounts_e accounts, pserver_optext_t *optext);

/* after _ASK, with what the account said: _OK, or _ISSUER */
pserver_optext_reason_e pserver_optext_answered(
    const pserver_optext_t *optext, pserver_accounts_e accounts,
    pserver_account_answer_e answer);

/* aud, chain_id and exp, where they are there: for this server, this chain,
   not yet over */
pserver_optext_reason_e pserver_optext_check(const pserver_optext_t *optext,
    const pserver_optext_request_t *request);

/* never NULL; for _OK, too, there is a row: 202 */
const pserver_optext_error_t *pserver_optext_error(
    pserver_optext_reason_e reason);


#endif /* _PSERVER_OPTEXT_H_INCLUDED_ */
