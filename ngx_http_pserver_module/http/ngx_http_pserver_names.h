/*
 * The names of a server{}: whether a host is one that "server_name" lists.
 * nginx itself keeps no such answer: a Host that no server lists goes to the
 * default server as if it were one of its own.
 */

#ifndef _NGX_HTTP_PSERVER_NAMES_H_INCLUDED_
#define _NGX_HTTP_PSERVER_NAMES_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/* of the server{} that is being merged; NULL: an error, which is logged */
ngx_http_pserver_names_t *ngx_http_pserver_names(ngx_conf_t *cf);

/* 1 if the host, in lower case and without port, is one of the names */
ngx_uint_t ngx_http_pserver_names_have(ngx_http_pserver_names_t *names,
    ngx_str_t *host);


#endif /* _NGX_HTTP_PSERVER_NAMES_H_INCLUDED_ */
