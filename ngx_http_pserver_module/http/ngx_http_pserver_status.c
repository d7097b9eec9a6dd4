/*
 * GET of a "pserver status" location: counters, for the operator.
 */


#include "ngx_http_pserver_chain_nodes.h"
#include "ngx_http_pserver_zone.h"


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   offset;
} ngx_http_pserver_status_counter_t;


#define ngx_http_pserver_status_counter(name)                                 \
    { ngx_string(#name), offsetof(ngx_http_pserver_counters_t, name) }


static ngx_http_pserver_status_counter_t  ngx_http_pserver_status[] = {
    ngx_http_pserver_status_counter(auth_ok),
    ngx_http_pserver_status_counter(auth_failed),
    ngx_http_pserver_status_counter(auth_remembered),
    ngx_http_pserver_status_counter(exchanges),
    ngx_http_pserver_status_counter(exchanges_failed),
    ngx_http_pserver_status_counter(chain_hits),
    ngx_http_pserver_status_counter(chain_misses),
    ngx_http_pserver_status_counter(chain_errors),
    ngx_http_pserver_status_counter(jobs_accepted),
    ngx_http_pserver_status_counter(jobs_running),
    ngx_http_pserver_status_counter(jobs_succeeded),
    ngx_http_pserver_status_counter(jobs_failed),
    ngx_http_pserver_status_counter(jobs_canceled),
    ngx_http_pserver_status_counter(audit_entries),
    ngx_http_pserver_status_counter(audit_commits),
    ngx_http_pserver_status_counter(audit_errors),
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_http_pserver_status_handler(ngx_http_request_t *r)
{
    u_char                             *p;
    size_t                              len;
    ngx_int_t                           rc;
    ngx_str_t                           body;
    ngx_atomic_t                       *value;
    ngx_http_pserver_zone_t            *zone;
    ngx_http_pserver_main_conf_t       *pmcf;
    ngx_http_pserver_status_counter_t  *c;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    zone = ngx_http_pserver_zone(NULL);
    pmcf = ngx_http_get_module_main_conf(r, ngx_http_pserver_module);

    len = sizeof("{\"version\":\"" NGX_HTTP_PSERVER_VERSION "\","
                 "\"head\":,\"nodes\":,\"counters\":{}}") + NGX_INT64_LEN
          + ngx_http_pserver_node_status_len(pmcf);

    for (c = ngx_http_pserver_status; c->name.len; c++) {
        len += sizeof(",\"\":") + c->name.len + NGX_ATOMIC_T_LEN;
    }

    body.data = ngx_pnalloc(r->pool, len);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(body.data, "{\"version\":\"" NGX_HTTP_PSERVER_VERSION
                    "\",\"head\":%uL,\"nodes\":", zone->head_number);

    p = ngx_http_pserver_node_status(pmcf, p);
    p = ngx_sprintf(p, ",\"counters\":{");

    for (c = ngx_http_pserver_status; c->name.len; c++) {
        value = (ngx_atomic_t *) ((u_char *) &zone->counters + c->offset);

        p = ngx_sprintf(p, "%s\"%V\":%uA",
                        c == ngx_http_pserver_status ? "" : ",",
                        &c->name, *value);
    }

    *p++ = '}';
    *p++ = '}';

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}
