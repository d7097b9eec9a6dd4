/*
 * Clients that wait for the end of a job (RFC 7240, "Prefer: wait=10").  A
 * waiter costs no thread, no timer and no look at the disk: which jobs have
 * ended is noted in the shared zone, and a worker that has waiters looks
 * there now and then.
 */

#ifndef _NGX_HTTP_PSERVER_WAIT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_WAIT_H_INCLUDED_


#include "ngx_http_pserver_module.h"

#include "../core/ledger.h"


#define NGX_HTTP_PSERVER_WAIT_MAX  60            /* seconds */


typedef struct ngx_http_pserver_wait_s  ngx_http_pserver_wait_t;

/* ended: 1: it may have; 0: the time is over, or the worker quits */
typedef void (*ngx_http_pserver_wait_pt)(ngx_http_pserver_wait_t *wait,
    ngx_uint_t ended);


/* memory of the caller, zeroed, until the handler was called or it was left */

struct ngx_http_pserver_wait_s {
    ngx_http_pserver_wait_pt         handler;
    void                            *data;
    u_char                           name[PSERVER_LEDGER_NAME_LEN];
    ngx_msec_t                       deadline;   /* ngx_current_msec */

    /* private */
    ngx_queue_t                      queue;
    uint64_t                         since;
    unsigned                         waiting:1;
};


/* how long the client prefers to wait, in seconds, up to MAX; 0: not */
ngx_uint_t ngx_http_pserver_wait_preferred(ngx_http_request_t *r);

/* adds Preference-Applied */
ngx_int_t ngx_http_pserver_wait_applied(ngx_http_request_t *r,
    ngx_uint_t seconds);

/*
 * note: before the row is read; start: once it was, and its job had not
 * ended.  What ends in between is not missed.
 */
void ngx_http_pserver_wait_note(ngx_http_pserver_wait_t *wait);
void ngx_http_pserver_wait_start(ngx_http_pserver_wait_t *wait);
void ngx_http_pserver_wait_leave(ngx_http_pserver_wait_t *wait);

/* a job's end is in its row: for the waiters of all workers */
void ngx_http_pserver_wait_ended(const u_char name[PSERVER_LEDGER_NAME_LEN]);


#endif /* _NGX_HTTP_PSERVER_WAIT_H_INCLUDED_ */
