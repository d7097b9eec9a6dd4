/*
 * The sweep: removes from the stores what can no longer matter, and seals
 * under the first storage root what is still under an older one.
 *
 * - markers of requests that no signature can repeat any more;
 * - rows of jobs that ended pserver_result_valid ago, with their results,
 *   markers and links, and rows of jobs that were never accepted;
 * - what a crash has left of deletions and of files in the making.
 *
 * Worker 0 does it, in a thread, a batch of directory entries at a time; a
 * lock on the store keeps others away.  Nothing is removed that a crash
 * between two steps would have to find again.
 */

#ifndef _NGX_HTTP_PSERVER_SWEEP_H_INCLUDED_
#define _NGX_HTTP_PSERVER_SWEEP_H_INCLUDED_


#include "ngx_http_pserver_module.h"


ngx_int_t ngx_http_pserver_sweep_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_PSERVER_SWEEP_H_INCLUDED_ */
