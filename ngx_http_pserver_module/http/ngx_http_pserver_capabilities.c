/*
 * GET /api/v1/capabilities: what apps can have done here, and in what an
 * owner's data would be.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_operation.h"

#include "../core/json_write.h"


#define NGX_HTTP_PSERVER_CAPABILITIES_HEAD                                    \
    "{\"kind\":\"Capabilities\",\"version\":\""                               \
    NGX_HTTP_PSERVER_VERSION "\",\"chain_id\":%ui,"                           \
    "\"operation_access\":\"%s\",\"require_nonce\":%s,"                       \
    "\"repeat_window\":%T,\"result_valid\":%T,\"operations\":["

#define NGX_HTTP_PSERVER_CAPABILITIES_LIMITS                                  \
    "\"limits\":{\"memory\":%uL,\"tmpfs\":%uL,\"cpus\":%uD.%03uD,"            \
    "\"pids\":%uD,\"nofile\":%uD,\"timeout\":%M.%03M,"                       \
    "\"input\":%uz,\"output\":%uz}}"

/* what is the same in each operation, and its numbers, are less than 512 */
#define NGX_HTTP_PSERVER_CAPABILITIES_ITEM  512


static size_t ngx_http_pserver_capabilities_len(
    ngx_http_pserver_operation_t *op);
static u_char *ngx_http_pserver_capabilities_item(u_char *p,
    ngx_http_pserver_operation_t *op);
static u_char *ngx_http_pserver_capabilities_name(u_char *p,
    const char *member, const pserver_str_t *name);


/*
 * For anyone: what it says decides whether somebody becomes an app's user
 * or gives a permission, and that comes before any signature.  Commands are
 * left out, since an operator may have put a secret there.
 */

ngx_int_t
ngx_http_pserver_capabilities(ngx_http_request_t *r)
{
    u_char                         *p;
    size_t                          len;
    ngx_int_t                       rc;
    ngx_str_t                       body;
    ngx_uint_t                      i;
    ngx_http_pserver_loc_conf_t    *plcf;
    ngx_http_pserver_operation_t  **op;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    op = plcf->operations->elts;
    len = sizeof(NGX_HTTP_PSERVER_CAPABILITIES_HEAD "]}")
          + 3 * NGX_INT64_LEN + sizeof("capability") + sizeof("false");

    for (i = 0; i < plcf->operations->nelts; i++) {
        len += ngx_http_pserver_capabilities_len(op[i]);
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;

    p = ngx_sprintf(p, NGX_HTTP_PSERVER_CAPABILITIES_HEAD, plcf->chain_id,
                    plcf->operation_access
                    == NGX_HTTP_PSERVER_ACCESS_CAPABILITY ? "capability"
                                                          : "signed",
                    plcf->require_nonce ? "true" : "false",
                    plcf->repeat_window, plcf->result_valid);

    for (i = 0; i < plcf->operations->nelts; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_http_pserver_capabilities_item(p, op[i]);
    }

    p = ngx_cpymem(p, "]}", 2);

    body.len = p - body.data;

    return ngx_http_pserver_send_json(r, NGX_HTTP_OK, &body);
}


static size_t
ngx_http_pserver_capabilities_len(ngx_http_pserver_operation_t *op)
{
    size_t      len;
    ngx_uint_t  i;

    len = NGX_HTTP_PSERVER_CAPABILITIES_ITEM + op->container.name.len
          + op->container.image.len + op->container.network.len
          + op->container.runtime.len;

    for (i = 0; i < op->offer.n; i++) {
        len += 1 + pserver_json_quote(NULL, op->offer.parameters[i]);
    }

    return len;
}


static u_char *
ngx_http_pserver_capabilities_item(u_char *p,
    ngx_http_pserver_operation_t *op)
{
    ngx_uint_t                  i;
    const pserver_container_t  *c;

    c = &op->container;

    p = ngx_sprintf(p, "{\"name\":\"%*s\",\"image\":\"%*s\","
                    "\"parameters\":[", c->name.len, c->name.data,
                    c->image.len, c->image.data);

    for (i = 0; i < op->offer.n; i++) {

        if (i) {
            *p++ = ',';
        }

        p += pserver_json_quote(p, op->offer.parameters[i]);
    }

    p = ngx_sprintf(p, "],");
    p = ngx_http_pserver_capabilities_name(p, "network", &c->network);
    p = ngx_http_pserver_capabilities_name(p, "runtime", &c->runtime);

    return ngx_sprintf(p, NGX_HTTP_PSERVER_CAPABILITIES_LIMITS, c->memory,
                       c->work, c->cpus / 1000, c->cpus % 1000, c->pids,
                       c->nofile, op->timeout / 1000,
                       op->timeout % 1000, op->input, op->output);
}


/* a member and its comma; null where there is no name */

static u_char *
ngx_http_pserver_capabilities_name(u_char *p, const char *member,
    const pserver_str_t *name)
{
    return name->len ? ngx_sprintf(p, "\"%s\":\"%*s\",", member, name->len,
                                   name->data)
                     : ngx_sprintf(p, "\"%s\":null,", member);
}
