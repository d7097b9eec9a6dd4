/*
 * What a process knows of the log's file, kept in a file of its own, so that
 * the next process need not read all of the log:
 *
 *   <pserver_audit>/state
 *
 * It may be removed at any time.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_STATE_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_STATE_H_INCLUDED_


#include "ngx_http_pserver_audit_file.h"


/*
 * Writes it if the log has grown enough since.  Called by whoever publishes.
 * PSERVER_ERROR, PSERVER_NOMEM.
 */
int ngx_http_pserver_audit_state_save(ngx_http_pserver_audit_file_t *file);

/*
 * Takes it over into a view that is as new, if it is there, whole, of this
 * log and not beyond its end.  Called with the mutex held.
 */
void ngx_http_pserver_audit_state_load(ngx_http_pserver_audit_file_t *file,
    uint64_t end);


#endif /* _NGX_HTTP_PSERVER_AUDIT_STATE_H_INCLUDED_ */
