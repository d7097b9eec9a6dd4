/* stands in, weakly, for what is not there yet; goes away piece by piece */

#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_health.h"

#define STUB(name)                                                            \
    __attribute__((weak)) ngx_int_t name(ngx_http_request_t *r)               \
    { return NGX_HTTP_NOT_IMPLEMENTED; }

STUB(ngx_http_pserver_store_list)
STUB(ngx_http_pserver_store_versions)
