/*
 * What the chain says about one permission, all of it at one block, with
 * its grant file: what a decision is made of.  A set of facts is kept in
 * shared memory as one piece of bytes.
 */

#ifndef _PSERVER_FACTS_H_INCLUDED_
#define _PSERVER_FACTS_H_INCLUDED_


#include "anchored.h"
#include "core.h"
#include "grant.h"


#define PSERVER_FACTS_FILES    64    /* that a permission may have here */
#define PSERVER_FACTS_URL_MAX  4096
#define PSERVER_FACTS_BOX_MAX  4096  /* of a file's key */


typedef enum {
    PSERVER_FACTS_NO_GRANT = 0,      /* it could not be had */
    PSERVER_FACTS_OTHER_GRANT,       /* not what it was at first sight */
    PSERVER_FACTS_BAD_GRANT,         /* it is there and breaks its rules */
    PSERVER_FACTS_GRANT
} pserver_facts_grant_e;


/* of an owner in this server: userServers() at the block */

typedef enum {
    PSERVER_FACTS_UNASKED = 0,       /* the owner is one without it, or none */
    PSERVER_FACTS_NOT_TRUSTED,
    PSERVER_FACTS_TRUSTED
} pserver_facts_trust_e;


/* of a block, in a life that the chain gives by two numbers */

typedef enum {
    PSERVER_FACTS_BEFORE = 0,
    PSERVER_FACTS_DURING,
    PSERVER_FACTS_AFTER
} pserver_facts_when_e;


typedef struct {
    pserver_word_t         id;
    pserver_address_t      owner;    /* zero: there is no such file */
    pserver_str_t          url;
} pserver_facts_file_t;


typedef struct {
    uint64_t               chain_id;
    uint64_t               block;    /* number */
    pserver_word_t         block_hash;
    uint64_t               observed; /* the head was asked for then: usec of
                                        a clock of the caller's */
    /* permissions(id) */
    pserver_word_t         id;
    pserver_address_t      grantor;  /* zero: there is no such permission */
    pserver_word_t         grantee_id;
    pserver_word_t         start_block;
    pserver_word_t         end_block;
    pserver_str_t          url;      /* of the grant file */
    uint64_t               files;    /* its number of files; over
                                        PSERVER_FACTS_FILES none is read */
    /* granteesV2(grantee_id).granteeAddress */
    pserver_address_t      grantee;  /* zero: there is no such grantee */

    /* of a question to an account: pserver_account_answer_e; else 0 */
    uint64_t               account;

    /* of a question for a file's key: filePermissions(id, account), cut off
       behind PSERVER_FACTS_BOX_MAX bytes; else empty */
    pserver_str_t          box;

    /* in this server, of the grantor or of who was asked about */
    uint64_t               trust;    /* pserver_facts_trust_e */

    /* of a question about a log: its last anchor; else zeros */
    pserver_anchored_t     anchored;

    /* files(fileIds[i]) */
    pserver_facts_file_t   file[PSERVER_FACTS_FILES];

    /* the grant file's bytes, which have been verified against its URL */
    pserver_str_t          text;     /* empty: it could not be had, or */
    uint64_t               other;    /* 1: it is not what it was at first
                                        sight, behind an https:// URL */
    uint64_t               fetched;  /* when it was: msec of unix time */

    /* not kept but made of "text" */
    pserver_facts_grant_e  state;
    pserver_grant_fault_e  fault;    /* of a BAD_GRANT */
    pserver_grant_t        grant;    /* of a GRANT */
} pserver_facts_t;


/* the number of file[] that are set */
#define pserver_facts_read(facts)                                             \
    ((facts)->files > PSERVER_FACTS_FILES ? 0 : (size_t) (facts)->files)


/*
 * Sets state, fault and grant from text and other.  PSERVER_NOMEM.  What it
 * took is given back by pserver_facts_free(), which also sets state to
 * NO_GRANT.
 */
int pserver_facts_grant(pserver_facts_t *facts);
void pserver_facts_free(pserver_facts_t *facts);

/* 1 for an address of zeros: what the chain says of what is not there */
int pserver_facts_none(const pserver_address_t *address);

/* DURING: start <= block, and block < end or the end is 2^256-1, never */
pserver_facts_when_e pserver_facts_when(const pserver_word_t *start,
    const pserver_word_t *end, uint64_t block);


/* how many bytes a set takes, and writes them; returns the end */
size_t pserver_facts_len(const pserver_facts_t *facts);
u_char *pserver_facts_pack(u_char *dst, const pserver_facts_t *facts);

/*
 * The set that these bytes, and all of them, are; its strings point into
 * them; pserver_facts_grant() was called.  PSERVER_INVALID, PSERVER_NOMEM.
 */
int pserver_facts_unpack(const u_char *data, size_t len,
    pserver_facts_t *facts);


#endif /* _PSERVER_FACTS_H_INCLUDED_ */
