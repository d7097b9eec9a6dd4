/*
 * A file that has no name until it is complete.
 *
 * Where the file system can (O_TMPFILE), it is never seen and is gone with
 * the process; else it has a random name that begins with a dot.
 */

#ifndef _NGX_HTTP_PSERVER_TEMP_H_INCLUDED_
#define _NGX_HTTP_PSERVER_TEMP_H_INCLUDED_


#include "ngx_http_pserver_module.h"


typedef struct {
    ngx_fd_t                         fd;
    ngx_fd_t                         folder;
    char                             name[1 + 32 + 1];   /* "": none */
} ngx_http_pserver_temp_t;


/*
 * For threads.  NGX_ERROR leaves errno.  The folder, which is open, must
 * stay so until close; temp is set in any case.
 */

ngx_int_t ngx_http_pserver_temp_open(ngx_http_pserver_temp_t *temp,
    ngx_fd_t folder);

/* all of len bytes */
ngx_int_t ngx_http_pserver_temp_write(ngx_http_pserver_temp_t *temp,
    const u_char *data, size_t len, off_t offset);

/* gives it a name in a folder; EEXIST if there is one, which stays */
ngx_int_t ngx_http_pserver_temp_link(ngx_http_pserver_temp_t *temp,
    ngx_fd_t folder, const char *name);

/* what has no name by now is gone; can be called again */
void ngx_http_pserver_temp_close(ngx_http_pserver_temp_t *temp);


#endif /* _NGX_HTTP_PSERVER_TEMP_H_INCLUDED_ */
