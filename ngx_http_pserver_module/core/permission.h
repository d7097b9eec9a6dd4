/*
 * The decision: may this app do this?  Facts and a question in, a verdict
 * out.  No clock, no memory, no I/O: what it was told decides.
 */

#ifndef _PSERVER_PERMISSION_H_INCLUDED_
#define _PSERVER_PERMISSION_H_INCLUDED_


#include "core.h"
#include "facts.h"


/* every way to say no, and the one to say yes */

typedef enum {
    PSERVER_ALLOWED = 0,

    /* the chain could not be asked: neither a yes nor a no */
    PSERVER_UNAVAILABLE,

    PSERVER_NO_PERMISSION,           /* there is none with this id */
    PSERVER_NOT_SERVED,              /* its grantor is no owner here */
    PSERVER_NO_GRANTEE,              /* its grantee is not registered */
    PSERVER_NOT_GRANTEE,             /* its grantee is not this app */
    PSERVER_NOT_STARTED,             /* its first block is to come */
    PSERVER_ENDED,                   /* its last block is over: revoked */
    PSERVER_NO_FILES,                /* it is for no file */
    PSERVER_TOO_MANY_FILES,          /* it is for more than we look at */
    PSERVER_FOREIGN_FILE,            /* a file is not the grantor's */
    PSERVER_GRANT_UNREADABLE,        /* its grant file can't be had */
    PSERVER_GRANT_CHANGED,           /* it is not what it was at first */
    PSERVER_GRANT_INVALID,           /* its grant file breaks the rules */
    PSERVER_GRANT_OTHER_APP,         /* its grant file names another app */
    PSERVER_GRANT_EXPIRED,           /* its grant file is out of date */
    PSERVER_OTHER_OPERATION,         /* the app named another operation */
    PSERVER_NOT_OFFERED,             /* this server does not do that */
    PSERVER_OTHER_IMAGE,             /* it does, with another image */
    PSERVER_BAD_PARAMETERS,          /* the app may not set one of them */

    /* of reads only */
    PSERVER_NOT_REGISTERED,          /* the app is no grantee at all */
    PSERVER_GRANT_REQUIRED,          /* the app named no permission */
    PSERVER_NO_SCOPES,               /* its grant file is not for reads */
    PSERVER_SCOPE_NOT_COVERED        /* this scope is not in it */
} pserver_reason_e;

#define PSERVER_REASONS  (PSERVER_SCOPE_NOT_COVERED + 1)


/* an operation that this server offers */

typedef struct {
    pserver_str_t          name;
    pserver_str_t          image;    /* "sha256:<hex>" */
    const pserver_str_t   *parameters;  /* names that an app may set */
    size_t                 n;
} pserver_offer_t;


typedef enum {
    PSERVER_DECIDE_RUN = 0,          /* an operation is asked for */
    PSERVER_DECIDE_AGAIN,            /* it starts, its result is handed out:
                                        what concerns the permission alone */
    PSERVER_DECIDE_READ              /* an app reads a scope */
} pserver_decision_e;


typedef struct {
    pserver_address_t      app;      /* whose signature was verified */
    uint64_t               now;      /* unix seconds */
    unsigned               served:1; /* facts->grantor is an owner here */

    /* RUN */
    pserver_str_t          operation;   /* as the app named it, or empty */
    const pserver_json_t  *parameters;  /* the app's, or NULL */
    const pserver_offer_t *offers;
    size_t                 n;

    /* READ */
    unsigned               registered:1;  /* the app is some grantee */
    unsigned               list:1;   /* of what is covered, not one scope */
    pserver_str_t          scope;
} pserver_question_t;


typedef struct {
    pserver_reason_e       reason;
    size_t                 rule;     /* which did not hold; ALLOWED: how many
                                        there are */
    size_t                 file;     /* FOREIGN_FILE: which of facts->file */
    const pserver_offer_t *offer;    /* RUN: what is to be run */
} pserver_verdict_t;


/*
 * The rules of a decision, in order; the first that does not hold is the
 * verdict.  facts == NULL: the chain could not be asked; of READ: the app
 * named no permission.
 */
void pserver_permission_decide(pserver_decision_e decision,
    const pserver_facts_t *facts, const pserver_question_t *question,
    pserver_verdict_t *verdict);

/* what rule i of a decision says, in words; NULL behind the last */
const char *pserver_permission_rule(pserver_decision_e decision, size_t i);


/* what a client is told */

typedef struct {
    unsigned               status;
    const char            *code;     /* error_code, errorCode */
    const char            *text;
    const char            *field;    /* compute API; NULL: none */
} pserver_refusal_t;

/* not for ALLOWED */
const pserver_refusal_t *pserver_permission_refusal(pserver_reason_e reason);
const pserver_refusal_t *pserver_permission_refusal_read(
    pserver_reason_e reason);

/* a constant of [a-z_] for logs and the audit entry */
const char *pserver_permission_reason(pserver_reason_e reason);


#endif /* _PSERVER_PERMISSION_H_INCLUDED_ */
