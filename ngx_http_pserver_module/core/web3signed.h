/*
 * "Authorization: Web3Signed <payload>.<signature>", by which a wallet signs
 * one HTTP request: the payload is base64url (RFC 4648, section 5, without
 * padding) of a JSON object with aud, bodyHash, exp, iat, method, uri and
 * optionally grantId, iss and nonce; the signature is EIP-191 over the
 * base64url text as it was received.  iss names the account that signs: a
 * contract signs as account.h has it.
 */

#ifndef _PSERVER_WEB3SIGNED_H_INCLUDED_
#define _PSERVER_WEB3SIGNED_H_INCLUDED_


#include "account.h"
#include "core.h"
#include "eth.h"
#include "json.h"
#include "origin.h"


#define PSERVER_WEB3SIGNED_SKEW  60      /* seconds, to both sides */


/* which rule a header breaks, in the order in which they are checked; but
   PSERVER_WEB3SIGNED_BODY, which comes when the body has been read */

typedef enum {
    PSERVER_WEB3SIGNED_OK = 0,
    PSERVER_WEB3SIGNED_MISSING,          /* no header, or empty */
    PSERVER_WEB3SIGNED_PREFIX,
    PSERVER_WEB3SIGNED_FORM,             /* no dot, or nothing at a side */
    PSERVER_WEB3SIGNED_SIGNATURE_FORM,   /* no 0x */
    PSERVER_WEB3SIGNED_ENCODING,         /* not base64url of JSON */
    PSERVER_WEB3SIGNED_SHAPE,            /* not an object */
    PSERVER_WEB3SIGNED_CLAIMS,           /* missing, twice, of wrong type */
    PSERVER_WEB3SIGNED_GRANT_ID,         /* not a string */
    PSERVER_WEB3SIGNED_RECOVERY,         /* see pserver_signature_reason_e */
    PSERVER_WEB3SIGNED_ISSUER,           /* not a signature of this account */
    PSERVER_WEB3SIGNED_AUDIENCE,
    PSERVER_WEB3SIGNED_METHOD,
    PSERVER_WEB3SIGNED_URI,
    PSERVER_WEB3SIGNED_BODY,
    PSERVER_WEB3SIGNED_EXPIRED,
    PSERVER_WEB3SIGNED_FUTURE,
    PSERVER_WEB3SIGNED_LIFETIME,
    PSERVER_WEB3SIGNED_ASK,              /* all is well if the account's
                                            contract says so */
    PSERVER_WEB3SIGNED_UNAVAILABLE,      /* it could not be asked */
    PSERVER_WEB3SIGNED_BUSY,             /* nor is it: so many others are */
    PSERVER_WEB3SIGNED_NOMEM             /* malloc() failed: never the
                                            header's fault */
} pserver_web3signed_reason_e;


/* how the answer names it */

typedef struct {
    unsigned              status;        /* of HTTP */
    const char           *code;          /* "errorCode" */
    const char           *message;
    const char           *reason;        /* "details.reason", or NULL */
} pserver_web3signed_error_t;


/* what the request really is */

typedef struct {
    pserver_origins_t     aud;           /* of this server */
    pserver_str_t         method;        /* as sent */
    pserver_str_t         uri;           /* path as sent, without query */
    uint64_t              now;           /* seconds since 1970 */
    uint64_t              max_lifetime;  /* seconds, of exp - iat */
    pserver_accounts_e    accounts;      /* that are taken */
} pserver_web3signed_request_t;


/* what the signer said.  Strings point into doc; a claim may hold any
   character, zeros too; an optional one that is not there has no data. */

typedef struct {
    pserver_address_t     address;       /* of the signer: iss, or the one of
                                            the key */
    pserver_word_t        digest;        /* EIP-191, of the payload: with
                                            address the key of a replay */
    pserver_str_t         aud;
    pserver_str_t         body_hash;
    pserver_str_t         method;
    pserver_str_t         uri;
    pserver_str_t         grant_id;      /* optional */
    pserver_str_t         iss;           /* optional */
    pserver_str_t         nonce;         /* optional */
    uint64_t              iat;           /* seconds since 1970 */
    uint64_t              exp;

    int                   by_key;        /* address's key has signed */
    pserver_str_t         payload;       /* in the header: what was signed, */
    pserver_str_t         signature;     /* and the digits, 0x in front */

    uint64_t              chain_id;      /* of those to be signed: 0, or that of
                                            the chain where iss is a contract */
    pserver_json_doc_t   *doc;
} pserver_web3signed_t;


/*
 * Verifies the value of the header, all but the body.  value.len is 0
 * where the request has none.  On PSERVER_WEB3SIGNED_OK and _ASK *claims is
 * filled and freed with pserver_web3signed_free(); else it is zeros and needs
 * no free.  "secp": see eth.h.
 *
 * _ASK: everything else has been looked at, so that nobody has a contract
 * asked by a header that is no good anyway.
 */
pserver_web3signed_reason_e pserver_web3signed_verify(
    const secp256k1_context *secp, pserver_str_t value,
    const pserver_web3signed_request_t *request,
    pserver_web3signed_t *claims);
void pserver_web3signed_free(pserver_web3signed_t *claims);

/* after _ASK, with what the account said: _OK, or _ISSUER */
pserver_web3signed_reason_e pserver_web3signed_answered(
    const pserver_web3signed_t *claims, pserver_accounts_e accounts,
    pserver_account_answer_e answer);

/*
 * The last part of it: what verified claims have to do with this request,
 * PSERVER_WEB3SIGNED_AUDIENCE to _LIFETIME but for the body.
 */
pserver_web3signed_reason_e pserver_web3signed_match(
    const pserver_web3signed_t *claims,
    const pserver_web3signed_request_t *request);

/*
 * PSERVER_WEB3SIGNED_OK if bodyHash is "sha256:" and the 64 lower-case
 * digits of this digest of the whole body, or if the method is GET or HEAD,
 * where it is not looked at; else PSERVER_WEB3SIGNED_BODY.
 */
pserver_web3signed_reason_e pserver_web3signed_body(
    const pserver_web3signed_t *claims, const u_char sha256[32]);

/* 1 if the method is GET or HEAD: of a body nothing is signed */
int pserver_web3signed_bodiless(const pserver_web3signed_t *claims);

/* never NULL; for _OK, too, there is a row: 200 */
const pserver_web3signed_error_t *pserver_web3signed_error(
    pserver_web3signed_reason_e reason);


/*
 * For clients: the JSON object of these claims (aud to exp; grant_id, iss and
 * nonce only where they have data), with its members in alphabetical order as
 * the protocol's other clients write it, signed: for the account of the key,
 * or with chain_id for iss, of which the key is an owner.  PSERVER_INVALID:
 * the key is none, a string is not UTF-8, or iss with chain_id no address;
 * PSERVER_NOMEM.  *value is freed with free().
 */
int pserver_web3signed_sign(const secp256k1_context *secp,
    const pserver_web3signed_t *claims, const u_char key[32],
    pserver_str_t *value);


#endif /* _PSERVER_WEB3SIGNED_H_INCLUDED_ */
