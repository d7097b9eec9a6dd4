/*
 * Whether a log goes on from its last anchor, and the file "stopped", which
 * says that nothing may be appended.  Nothing here knows nginx; on
 * PSERVER_ERROR there is errno.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_ANCHORED_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_ANCHORED_H_INCLUDED_


#include "../core/anchored.h"


/* of a reason, with the zero behind it */
#define NGX_HTTP_PSERVER_AUDIT_REASON  256


/* the last anchor that is known, from the file "anchored"; PSERVER_DONE:
   none is, PSERVER_INVALID: the file is none */
int ngx_http_pserver_audit_anchored_read(const char *dir,
    pserver_anchored_t *anchor);

/* keeps it there, if it is another one; takes the lock of who publishes */
int ngx_http_pserver_audit_anchored_write(const char *dir,
    const pserver_anchored_t *anchor);

/* the same of the last anchor that has an entry in the log: "noted" */
int ngx_http_pserver_audit_anchored_noted(const char *dir,
    pserver_anchored_t *anchor);
int ngx_http_pserver_audit_anchored_note(const char *dir,
    const pserver_anchored_t *anchor);

/* 1 if there are public entries behind those that it has */
int ngx_http_pserver_audit_anchored_behind(const char *dir,
    const pserver_anchored_t *anchor);

/*
 * Compares what is published with the last anchor that is known, but for
 * one that an operator has accepted as it is.  PSERVER_OK: it goes on from
 * there, or there is none; *what is "accepted" if it is now, and by an
 * operator.  PSERVER_INVALID: it does not, *what says why.  known is the last
 * one for which that was OK, zeroed at first.
 */
int ngx_http_pserver_audit_anchored_check(const char *dir,
    pserver_anchored_t *known, const char **what);

/* the first line of "stopped", printable, cut; PSERVER_DONE: it is not
   there, PSERVER_OK also where it can't be read */
int ngx_http_pserver_audit_stopped(const char *dir,
    char reason[NGX_HTTP_PSERVER_AUDIT_REASON]);

/*
 * After a check that said PSERVER_INVALID: the same under the lock of who
 * publishes, which an operator who accepts has as well, and if it still is,
 * the file is left there, unless it is already.
 */
int ngx_http_pserver_audit_stop(const char *dir, pserver_anchored_t *known,
    const char **what);


#endif /* _NGX_HTTP_PSERVER_AUDIT_ANCHORED_H_INCLUDED_ */
