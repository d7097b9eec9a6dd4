/*
 * Handlers of directives, and what they share.
 */

#ifndef _NGX_HTTP_PSERVER_CONF_H_INCLUDED_
#define _NGX_HTTP_PSERVER_CONF_H_INCLUDED_


#include "ngx_http_pserver_module.h"


char *ngx_http_pserver_conf_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pserver_conf_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pserver_conf_quota(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pserver_conf_contracts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_conf_post_handler_pt */

/* a file or folder: full name, no slash at the end, ends with a zero */
char *ngx_http_pserver_conf_path(ngx_conf_t *cf, void *post, void *data);

/*
 * Reads a whole file of at most 256 MiB into cf->temp_pool.  secret: of at
 * most 1 MiB, and one that others than its owner may read or write is
 * refused; the caller wipes it.  NGX_ERROR: logged.
 */
ngx_int_t ngx_http_pserver_conf_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text, ngx_uint_t secret);


#endif /* _NGX_HTTP_PSERVER_CONF_H_INCLUDED_ */
