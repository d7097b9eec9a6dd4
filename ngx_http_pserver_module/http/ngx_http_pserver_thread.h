/*
 * Work in the thread pool, and a hold on the worker's life: a worker that
 * quits waits for timers, not for threads, so whatever must be finished
 * holds one.
 */

#ifndef _NGX_HTTP_PSERVER_THREAD_H_INCLUDED_
#define _NGX_HTTP_PSERVER_THREAD_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* in the thread: system calls and core/ on data only; no pool, no request */
typedef void (*ngx_http_pserver_thread_run_pt)(void *data);

/* in the event loop, afterwards */
typedef void (*ngx_http_pserver_thread_done_pt)(void *data);

/*
 * Runs run(data) in a thread and then done(data).  data must live until
 * done() was called.  The worker is held until then.  NGX_ERROR: the queue
 * is full or there is no memory; neither is called.
 */
ngx_int_t ngx_http_pserver_thread_run(ngx_http_pserver_thread_run_pt run,
    ngx_http_pserver_thread_done_pt done, void *data);

/*
 * The same for a request: data may live in r->pool, since the request is
 * blocked meanwhile.  done() is not called if the request was terminated
 * (cleanups of r and r->pool run as always).  done() may finalize the
 * request; posted requests are run after it.
 */
typedef void (*ngx_http_pserver_request_done_pt)(ngx_http_request_t *r,
    void *data);

ngx_int_t ngx_http_pserver_thread_run_request(ngx_http_request_t *r,
    ngx_http_pserver_thread_run_pt run,
    ngx_http_pserver_request_done_pt done, void *data);


/* the worker does not quit between hold and release; they nest */
void ngx_http_pserver_hold(void);
void ngx_http_pserver_release(void);


#endif /* _NGX_HTTP_PSERVER_THREAD_H_INCLUDED_ */
