/*
 * "pserver guard": a small nginx of its own, which may use the engine's
 * socket, lets only the calls of jobs through (core/guard), so that the
 * workers that face the Internet need not be able to be root.
 *
 * It looks in the preaccess phase: "satisfy" and "allow" can't pass it by.
 */

#ifndef _NGX_HTTP_PSERVER_GUARD_H_INCLUDED_
#define _NGX_HTTP_PSERVER_GUARD_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* of the directive, and after the merge */
char *ngx_http_pserver_guard(ngx_conf_t *cf);
char *ngx_http_pserver_guard_merge(ngx_conf_t *cf,
    ngx_http_pserver_loc_conf_t *plcf);

/* preaccess phase */
ngx_int_t ngx_http_pserver_guard_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_GUARD_H_INCLUDED_ */
