/*
 * How far a command is: a bar where stderr is a terminal, else a line for
 * each tenth.
 */

#ifndef _PSERVERCTL_PROGRESS_H_INCLUDED_
#define _PSERVERCTL_PROGRESS_H_INCLUDED_


#include "ctl.h"


typedef struct {
    const char           *what;          /* is done: "copying" */
    uint64_t              total;         /* bytes; may turn out to be more */
    uint64_t              done;
    uint64_t              tenth;         /* that was said last */
    int64_t               shown;         /* milliseconds */
    int                   terminal;
} pserverctl_progress_t;


void pserverctl_progress_init(pserverctl_progress_t *progress,
    const char *what, uint64_t total);

/* so many bytes more */
void pserverctl_progress(pserverctl_progress_t *progress, uint64_t bytes);

/* before anything else is said on a terminal */
void pserverctl_progress_clear(const pserverctl_progress_t *progress);


#endif /* _PSERVERCTL_PROGRESS_H_INCLUDED_ */
