/*
 * What the path of an artifact makes of its headers.
 */


#include "ngx_http_pserver_artifact.h"
#include "ngx_http_pserver_header.h"

#include "../core/tar.h"


static pserver_str_t ngx_http_pserver_artifact_file(pserver_str_t path);


ngx_int_t
ngx_http_pserver_artifact_disposition(ngx_http_request_t *r,
    pserver_str_t path)
{
    ngx_str_t  value;

    path = ngx_http_pserver_artifact_file(path);

    value.data = ngx_pnalloc(r->pool,
                             sizeof("attachment; filename=\"\"") + path.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "attachment; filename=\"%*s\"",
                            path.len, path.data)
                - value.data;

    return ngx_http_pserver_header_add(r, "Content-Disposition", &value);
}


void
ngx_http_pserver_artifact_type(ngx_http_core_loc_conf_t *clcf,
    pserver_str_t path, pserver_str_t *type)
{
    size_t          i;
    u_char          low[PSERVER_TAR_NAME_MAX], ch;
    ngx_str_t      *found;
    ngx_uint_t      key;
    pserver_str_t   file;

    static const pserver_str_t  binary
                                 = pserver_string("application/octet-stream");

    *type = binary;

    file = ngx_http_pserver_artifact_file(path);

    for (i = file.len; i && file.data[i - 1] != '.'; i--) {
        /* void */
    }

    if (i == 0) {
        return;
    }

    key = ngx_hash_strlow(low, file.data + i, file.len - i);
    found = ngx_hash_find(&clcf->types_hash, key, low, file.len - i);

    if (found == NULL || found->len > NGX_HTTP_PSERVER_ARTIFACT_TYPE) {
        return;
    }

    for (i = 0; i < found->len; i++) {
        ch = found->data[i];

        if (ch < 0x20 || ch > 0x7e || ch == '"' || ch == '\\') {
            return;
        }
    }

    type->data = found->data;
    type->len = found->len;
}


/* its last component */

static pserver_str_t
ngx_http_pserver_artifact_file(pserver_str_t path)
{
    size_t  i;

    for (i = path.len; i && path.data[i - 1] != '/'; i--) {
        /* void */
    }

    path.data += i;
    path.len -= i;

    return path;
}
