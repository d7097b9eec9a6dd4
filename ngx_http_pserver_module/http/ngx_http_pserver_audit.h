/*
 * The audit log: an entry is durable before what it records is released.
 *
 *     ngx_memzero(&entry, sizeof(entry));
 *     entry.type = PSERVER_ENTRY_DATA_READ;
 *     entry.owner = &ctx->owner;
 *     entry.app = &ctx->claims->address;
 *     entry.scope = ctx->scope;
 *     entry.r = r;
 *
 *     return ngx_http_pserver_audit_request(r, &entry, release_handler);
 *
 * Entries of a worker that come within pserver_audit_commit of each other,
 * or while a commit runs, are made durable together.  Everything but the
 * copy of the values happens in a thread.
 */

#ifndef _NGX_HTTP_PSERVER_AUDIT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_AUDIT_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/entry.h"
#include "../core/facts.h"
#include "../core/logkey.h"
#include "../core/manifest.h"


/* where an entry stands in the log */

typedef struct {
    uint64_t                         sequence;
    u_char                           leaf[32];   /* its hash */
} ngx_http_pserver_audit_place_t;


/*
 * What happened; zero what is not known.  Everything is copied.  A value is
 * cut to PSERVER_ENTRY_VALUE_MAX bytes, a reason must be one of the codes of
 * the API or of a job.
 */

typedef struct {
    pserver_entry_type_e             type;
    ngx_str_t                        reason;     /* public */
    uint64_t                         block;      /* public */

    const pserver_address_t         *owner;      /* a served one */
    const pserver_address_t         *app;
    const pserver_word_t            *permission;
    ngx_str_t                        operation;
    ngx_str_t                        operation_id;
    ngx_str_t                        scope;
    ngx_str_t                        count;      /* decimal */

    const u_char                    *request;    /* digests, 32 bytes */
    const u_char                    *grant;
    const u_char                    *input;
    const u_char                    *output;
    const u_char                    *object;
    const u_char                    *manifest;   /* its head, 40 bytes */

    ngx_http_request_t              *r;          /* ip, user agent */

    ngx_http_pserver_audit_place_t  *place;      /* set by _audit_request()
                                                    before the handler is
                                                    called with NGX_OK, if
                                                    there is a log */
} ngx_http_pserver_audit_entry_t;


/*
 * For who waits: handler, data and nothing else are set by the caller, whose
 * memory it is until the handler was called or it was cancelled.  rc is
 * NGX_OK: the entry is durable, and place is its own; NGX_ERROR: it is not in
 * the log, nothing may be released (503).
 */

typedef struct ngx_http_pserver_audit_wait_s  ngx_http_pserver_audit_wait_t;

struct ngx_http_pserver_audit_wait_s {
    void                           (*handler)(
                                       ngx_http_pserver_audit_wait_t *wait);
    void                            *data;

    ngx_int_t                        rc;
    ngx_http_pserver_audit_place_t   place;

    void                            *item;       /* private */
};


/*
 * Appends an entry to plcf->audit.  NGX_AGAIN: wait->handler will be called,
 * from the event loop; NGX_OK: there is no log here, it is not called;
 * NGX_ERROR: too many entries wait, or no memory: as rc NGX_ERROR.  wait is
 * NULL where nobody waits, as for refusals, which are counted if they come
 * too often.
 */
ngx_int_t ngx_http_pserver_audit_append(ngx_http_pserver_loc_conf_t *plcf,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_wait_t *wait);

/* the entry is written all the same, the handler is not called */
void ngx_http_pserver_audit_cancel(ngx_http_pserver_audit_wait_t *wait);


/*
 * The same for a request, which the caller holds (r->main->count) until the
 * handler finalizes it; posted requests are run after it.  If the request
 * is terminated meanwhile, the handler is not called.  Where there is no
 * log the handler is called at once, with NGX_OK.  NGX_DONE, or NGX_ERROR
 * without a call: as rc NGX_ERROR.
 */
typedef void (*ngx_http_pserver_audit_request_pt)(ngx_http_request_t *r,
    ngx_int_t rc);

ngx_int_t ngx_http_pserver_audit_request(ngx_http_request_t *r,
    const ngx_http_pserver_audit_entry_t *entry,
    ngx_http_pserver_audit_request_pt handler);


/* the name of a log that has an entry of this process */
void ngx_http_pserver_audit_log_name(ngx_http_pserver_audit_t *audit,
    u_char name[PSERVER_LOGKEY_NAME_LEN]);


/*
 * Whether the log of this location goes on from its last anchor, and no
 * operator has stopped it.  NGX_OK, or a status with its reason.
 */
ngx_int_t ngx_http_pserver_audit_open(ngx_http_request_t *r);


/* the directive "pserver_audit" */
char *ngx_http_pserver_audit_conf(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* a location that has a log and a chain, at its merge: through it the log's
   last anchor is asked for, if it is of that chain */
void ngx_http_pserver_audit_chain(ngx_http_pserver_loc_conf_t *plcf);

ngx_int_t ngx_http_pserver_audit_init_process(ngx_cycle_t *cycle);
void ngx_http_pserver_audit_exit_process(ngx_cycle_t *cycle);

/* facts of a permission whose end is past, and was not known to be here */
void ngx_http_pserver_audit_revoked(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_address_t *named, const pserver_facts_t *facts);


#endif /* _NGX_HTTP_PSERVER_AUDIT_H_INCLUDED_ */
