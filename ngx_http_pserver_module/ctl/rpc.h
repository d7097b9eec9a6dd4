/*
 * What the commands about the log read: files below a URL or a folder, and
 * what a chain node says.
 */

#ifndef _PSERVERCTL_RPC_H_INCLUDED_
#define _PSERVERCTL_RPC_H_INCLUDED_


#include "ctl.h"

#include <curl/curl.h>


/* one place, asked many times over one connection */

typedef struct {
    const char           *base;      /* http(s)://.. or a folder */
    const char           *cacert;    /* file, or NULL: the system's */

    CURL                 *curl;
    pserver_str_t         body;      /* of the last answer */
    size_t                allocated;
    char                  error[256];
} pserverctl_place_t;


int pserverctl_place_init(pserverctl_place_t *place, const char *base,
    const char *cacert);
void pserverctl_place_done(pserverctl_place_t *place);

/*
 * What is at base + "/" + path, in place->body until the next call.
 * PSERVER_DONE: there is nothing there; PSERVER_ERROR: place->error says
 * why.
 */
int pserverctl_get(pserverctl_place_t *place, const char *path);

/*
 * Asks a node; params is JSON, an array.  The result is below *doc, which
 * is freed with pserver_json_free() if it is not NULL.  PSERVER_INVALID:
 * the node says an error; PSERVER_ERROR: it could not be asked.  In both
 * cases place->error has the words.
 */
int pserverctl_rpc(pserverctl_place_t *node, const char *method,
    const char *params, pserver_json_doc_t **doc,
    const pserver_json_t **result);

/* the same where the result is a quantity below 2^64, or bytes: exactly len
   of them */
int pserverctl_rpc_quantity(pserverctl_place_t *node, const char *method,
    const char *params, uint64_t *value);
int pserverctl_rpc_bytes(pserverctl_place_t *node, const char *method,
    const char *params, u_char *data, size_t len);


#endif /* _PSERVERCTL_RPC_H_INCLUDED_ */
