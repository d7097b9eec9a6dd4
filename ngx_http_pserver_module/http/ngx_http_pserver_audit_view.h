/*
 * What a process knows of the log's file, in memory: the tree, the end of
 * each owner's chain, where bundles begin.  Called between
 * ngx_http_pserver_audit_file_enter() and _leave().
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_VIEW_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_VIEW_H_INCLUDED_


#include "ngx_http_pserver_audit_file.h"

#include "../core/note.h"


/* as if nothing of an open file had been read */
void ngx_http_pserver_audit_view_reset(ngx_http_pserver_audit_file_t *file);
void ngx_http_pserver_audit_view_free(ngx_http_pserver_audit_file_t *file);

/*
 * Reads what others have appended.  With cut, under the exclusive lock, an
 * unfinished batch at the end is cut off; else it is left alone.
 */
int ngx_http_pserver_audit_view_follow(ngx_http_pserver_audit_file_t *file,
    int cut);

/* what was published must be found while the file is read */
void ngx_http_pserver_audit_view_claim(ngx_http_pserver_audit_file_t *file,
    const pserver_checkpoint_t *checkpoint);

/* room for more entries, of so many more owners; PSERVER_NOMEM */
int ngx_http_pserver_audit_view_reserve(ngx_http_pserver_audit_file_t *file,
    uint64_t entries, size_t owners);

/*
 * The end of an owner's chain; NULL if there is none.  With add, for which
 * there must be room, an empty one is made.  Valid until more room is made.
 */
ngx_http_pserver_audit_head_t *ngx_http_pserver_audit_view_head(
    ngx_http_pserver_audit_file_t *file, const u_char id[32], int add);

/* an entry, for which there must be room */
void ngx_http_pserver_audit_view_add(ngx_http_pserver_audit_file_t *file,
    uint64_t offset, const u_char leaf[32]);

/* PSERVER_ERROR with errno, PSERVER_INVALID; noted in file */
int ngx_http_pserver_audit_view_fail(ngx_http_pserver_audit_file_t *file,
    const char *what, uint64_t where);
int ngx_http_pserver_audit_view_damaged(ngx_http_pserver_audit_file_t *file,
    const char *what, uint64_t where);


#endif /* _NGX_HTTP_PSERVER_AUDIT_VIEW_H_INCLUDED_ */
