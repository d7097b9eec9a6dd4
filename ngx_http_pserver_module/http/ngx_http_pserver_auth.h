/*
 * Who asks: "Authorization: Web3Signed" verified in the access phase, for
 * the data API, for the status routes of the compute API, and for any
 * location with "pserver_auth".
 */

#ifndef _NGX_HTTP_PSERVER_AUTH_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUTH_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/web3signed.h"


/* what a verified header said; in r->pool */

struct ngx_http_pserver_claims_s {
    pserver_address_t                address;    /* recovered */
    pserver_word_t                   digest;     /* EIP-191: the replay key */
    ngx_str_t                        grant_id;   /* empty: none */
    ngx_str_t                        nonce;      /* empty: none */
    uint64_t                         iat;
    uint64_t                         exp;

    pserver_web3signed_t             verified;   /* the pool frees it */
};


/*
 * What was found out about the header, once for each set of rules that the
 * request comes to: internal redirects keep it, subrequests share it.  In
 * r->pool, to its end.
 */

typedef struct ngx_http_pserver_auth_question_s
    ngx_http_pserver_auth_question_t;

typedef struct {
    ngx_http_pserver_claims_t        claims;     /* where reason is OK */
    ngx_uint_t                       reason;     /* pserver_web3signed_.. */

    ngx_http_pserver_loc_conf_t     *plcf;       /* the rules */

    ngx_int_t                        body;       /* of a gate: is it what was
                                                    signed? NGX_OK or a status,
                                                    NGX_CONF_UNSET: unread */
    ngx_http_pserver_auth_question_t
                                    *question;   /* to a contract; reason is
                                                    ASK until the answer */
} ngx_http_pserver_auth_t;


/* access phase; and precontent phase, for subrequests */
ngx_int_t ngx_http_pserver_auth_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_pserver_auth_subrequest(ngx_http_request_t *r);

/*
 * Verifies the header once per request; claims are in ctx->claims after
 * NGX_OK.  NGX_DECLINED: there is no header.  NGX_AGAIN: the account's
 * contract is being asked; the phase that called is run again then.  Else the
 * status of an error, which is set in the form of the location's API.
 */
ngx_int_t ngx_http_pserver_auth_verify(ngx_http_request_t *r);

/* what a content handler returns after NGX_AGAIN */
ngx_int_t ngx_http_pserver_auth_wait(ngx_http_request_t *r);

/* the same, where no header is an error as well */
ngx_int_t ngx_http_pserver_auth_require(ngx_http_request_t *r);

/*
 * What was found out, here or, where there is no "pserver_origin", where the
 * request was before; no error is set.  NULL: nothing, or no memory.
 */
ngx_http_pserver_auth_t *ngx_http_pserver_auth_peek(ngx_http_request_t *r);

/*
 * Where reason is ASK.  NGX_AGAIN: the phases of this request are run again
 * when there is another reason; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_auth_ask(ngx_http_request_t *r,
    ngx_http_pserver_auth_t *auth);

/* a reason that is final goes to the log and the counters */
void ngx_http_pserver_auth_count(ngx_http_request_t *r, ngx_uint_t reason);

/* sets the error in the form of the location's API, gives its status */
ngx_int_t ngx_http_pserver_auth_error(ngx_http_request_t *r,
    ngx_uint_t reason);

/*
 * NGX_OK where SHA-256 of the whole body is what was signed (or the method
 * is GET or HEAD); else the status of an error, which is set.
 */
ngx_int_t ngx_http_pserver_auth_body(ngx_http_request_t *r,
    const u_char sha256[32]);

/* the same for a body that is there, whole */
ngx_int_t ngx_http_pserver_auth_text(ngx_http_request_t *r,
    const ngx_str_t *body);


#endif /* _NGX_HTTP_PSERVER_AUTH_H_INCLUDED_ */
