/* stands in, weakly, for what is not there yet; goes away piece by piece */

#include "ngx_http_pserver_auth.h"
#include "ngx_http_pserver_conf.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_health.h"
#include "ngx_http_pserver_permission.h"

#define STUB(name)                                                            \
    __attribute__((weak)) ngx_int_t name(ngx_http_request_t *r)               \
    { return NGX_HTTP_NOT_IMPLEMENTED; }

STUB(ngx_http_pserver_store_put)
STUB(ngx_http_pserver_store_get)
STUB(ngx_http_pserver_store_list)
STUB(ngx_http_pserver_store_versions)
STUB(ngx_http_pserver_store_delete)

__attribute__((weak)) uint64_t
ngx_http_pserver_chain_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
static void
ngx_http_pserver_unfinished_event(ngx_event_t *ev)
{
    ngx_http_pserver_permission_t  *p = ev->data;

    p->verdict.reason = PSERVER_UNAVAILABLE;
    p->handler(p);
}
__attribute__((weak)) void
ngx_http_pserver_permission_check(ngx_http_pserver_permission_t *p)
{
    p->ask.event.data = p;
    p->ask.event.log = ngx_cycle->log;
    p->ask.event.handler = ngx_http_pserver_unfinished_event;
    ngx_post_event(&p->ask.event, &ngx_posted_events);
}
__attribute__((weak)) void
ngx_http_pserver_permission_cancel(ngx_http_pserver_permission_t *p)
{
    if (p->ask.event.posted) {
        ngx_delete_posted_event(&p->ask.event);
    }
}
__attribute__((weak)) ngx_int_t
ngx_http_pserver_permission_refuse(ngx_http_request_t *r,
    ngx_http_pserver_permission_kind_e kind, pserver_reason_e reason)
{ return ngx_http_pserver_error_compute(r, 503, "BLOCKCHAIN_ERROR",
                                        "The chain can't be asked", NULL); }
