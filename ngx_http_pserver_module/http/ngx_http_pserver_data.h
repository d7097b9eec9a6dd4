/*
 * The data API: its routes.
 */

#ifndef _NGX_HTTP_PSERVER_DATA_H_INCLUDED_
#define _NGX_HTTP_PSERVER_DATA_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/*
 * Who asks for what: NGX_OK where the route is open to the signer, else the
 * status of an error, which is set.  Runs in the access phase; the content
 * handler asks again where "satisfy any" has passed it by.
 */
ngx_int_t ngx_http_pserver_data_access(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PSERVER_DATA_H_INCLUDED_ */
