/*
 * The connection of an exchange.
 */

#ifndef _NGX_HTTP_PSERVER_EXCHANGE_CONNECTION_H_INCLUDED_
#define _NGX_HTTP_PSERVER_EXCHANGE_CONNECTION_H_INCLUDED_


#include "ngx_http_pserver_module.h"


/*
 * A connection for a detached request in this server, ready for
 * ngx_http_create_request(): c->data is its ngx_http_connection_t.  Its two
 * directions are the tunnel's source and sink.  NULL: logged.
 */
ngx_connection_t *ngx_http_pserver_exchange_connection(
    ngx_http_conf_ctx_t *conf_ctx);


#endif /* _NGX_HTTP_PSERVER_EXCHANGE_CONNECTION_H_INCLUDED_ */
