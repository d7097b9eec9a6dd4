/*
 * Requests to a server.
 */

#ifndef _PSERVERCTL_HTTP_H_INCLUDED_
#define _PSERVERCTL_HTTP_H_INCLUDED_


#include "signed.h"

#include <stdio.h>


typedef struct {
    const char           *server;        /* its URL, as the user gave it */
    const char           *method;
    const char           *path;          /* escaped, with its query */
    const char           *cacert;        /* file, or NULL: the system's */
    const char           *socket;        /* UNIX socket that it is behind, or
                                            NULL */

    const u_char         *key;           /* signs; NULL: it is not signed */
    pserverctl_issuer_t   issuer;        /* of the account, if not the key's */
    pserver_str_t         aud;           /* without data: the server's */
    pserver_str_t         grant_id;      /* optional */

    pserver_str_t         body;
    const char           *type;          /* of the body, NULL: none */
    const char           *filename;      /* X-Filename, or NULL */
} pserverctl_request_t;


typedef struct {
    long                  status;
    pserver_str_t         body;          /* freed with free() */
} pserverctl_answer_t;


#define PSERVERCTL_SERVER_OPTIONS                                             \
    { "cacert", "FILE", "certificates to trust instead of the system's" },    \
    { "aud", "ORIGIN", "what is signed, if SERVER is another name for it" }

#define PSERVERCTL_SERVER_TEXT                                                \
    "\n"                                                                      \
    "SERVER is the server's origin, as https://me.example.org.\n"


/*
 * Fills what comes from the options cacert, aud, key and issuer (if "sign" is
 * 1) and from the first argument, SERVER.  Else says why.
 * pserverctl_request_done() frees the key.
 */
int pserverctl_request_init(pserverctl_request_t *request,
    pserverctl_args_t *args, int sign);
void pserverctl_request_done(pserverctl_request_t *request);

/*
 * Sends it.  PSERVERCTL_OK: there is an answer, of any status.  Else says
 * why there is none.
 */
int pserverctl_send(const pserverctl_request_t *request,
    pserverctl_answer_t *answer);

/* the same, but a status that is not 2xx fails too, and is said */
int pserverctl_send_ok(const pserverctl_request_t *request,
    pserverctl_answer_t *answer);

/* says what the server answered */
void pserverctl_refused(const pserverctl_request_t *request,
    const pserverctl_answer_t *answer);

/* a JSON object from an answer; NULL: said.  Freed with
   pserver_json_free() */
pserver_json_doc_t *pserverctl_answer_json(
    const pserverctl_answer_t *answer);

/*
 * Writes into a buffer the path made of a beginning and a segment that is
 * escaped.  "end" is what follows.  Ends the program if it does not fit.
 */
void pserverctl_path(char *dst, size_t size, const char *start,
    const char *segment, const char *end);

/* adds "?name=value", or with "&"; not if value is NULL */
void pserverctl_query(char *dst, size_t size, const char *name,
    const char *value);

/* text from a server to a terminal: what is not printable becomes "?" */
void pserverctl_print_text(FILE *out, pserver_str_t text);


#endif /* _PSERVERCTL_HTTP_H_INCLUDED_ */
