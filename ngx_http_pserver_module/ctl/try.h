/*
 * pserverctl try: an operation's image, run once on this machine.
 */

#ifndef _PSERVERCTL_TRY_H_INCLUDED_
#define _PSERVERCTL_TRY_H_INCLUDED_


#include "ctl.h"
#include "../core/payload.h"


typedef struct {
    pserver_str_t         operation;     /* its name */
    pserver_str_t         parameters;    /* a JSON object */
    char                **files;         /* paths on this machine */
    size_t                count;
    uint64_t              limit;         /* bytes of the result's archive */
} pserverctl_try_t;


/*
 * try_input.c: what is fed to the container (core/payload.h), as a server
 * would make it of the files: the first has the id 1, the second 2, ..
 * Freed with free().  PSERVERCTL_FAILED: said.
 */
int pserverctl_try_input(const pserverctl_try_t *try, pserver_str_t *payload);


/*
 * try_output.c: what comes out of it.  Zeroed but for "folder" before the
 * first call.  "result" is freed with free().
 */

typedef struct {
    const char           *folder;        /* where files go to, or NULL */
    pserver_str_t         result;        /* result.json */
    size_t                files;         /* besides it */

    int                   fd;            /* of the file that comes now */
    unsigned              writing:1;
    unsigned              in_result:1;
} pserverctl_try_output_t;

/* one event of the reader.  PSERVERCTL_FAILED: said */
int pserverctl_try_event(pserverctl_try_output_t *output,
    const pserver_tar_event_t *event);

/* says how the command ended.  PSERVERCTL_OK: there is a result */
int pserverctl_try_ended(const pserverctl_try_output_t *output,
    const pserver_payload_output_t *head);


#endif /* _PSERVERCTL_TRY_H_INCLUDED_ */
