/*
 * An object as it lies on the disk.
 */


#include "ngx_http_pserver_store_sealed.h"
#include "ngx_http_pserver_header.h"


static ngx_uint_t ngx_http_pserver_sealed_is(u_char *p, u_char *last);
static ngx_int_t ngx_http_pserver_sealed_send(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get);


/* RFC 9110, section 12.5.1; what is named is meant, whatever its weight */

ngx_uint_t
ngx_http_pserver_sealed_accepted(ngx_http_request_t *r)
{
    u_char     *p, *end, *last;
    ngx_str_t   value;

    (void) ngx_http_pserver_header_find(r, "accept", &value);

    last = value.data + value.len;

    for (p = value.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        if (ngx_http_pserver_sealed_is(p, end)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_pserver_sealed_is(u_char *p, u_char *last)
{
    size_t  len;

    len = sizeof(NGX_HTTP_PSERVER_SEALED_TYPE) - 1;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    if ((size_t) (last - p) < len
        || ngx_strncasecmp(p, (u_char *) NGX_HTTP_PSERVER_SEALED_TYPE, len)
           != 0)
    {
        return 0;
    }

    p += len;

    return p == last || *p == ' ' || *p == '\t' || *p == ';';
}


void
ngx_http_pserver_sealed_answer(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get)
{
    ngx_int_t  rc;

    rc = ngx_http_send_header(r);

    if (rc == NGX_OK && !r->header_only) {
        rc = ngx_http_pserver_sealed_send(r, get);
    }

    ngx_http_finalize_request(r, rc);
}


/* the file stays open with the object, until the request ends */

static ngx_int_t
ngx_http_pserver_sealed_send(ngx_http_request_t *r,
    ngx_http_pserver_get_t *get)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_ERROR;
    }

    b->file->fd = get->object.fd;
    b->file->log = r->connection->log;
    ngx_str_set(&b->file->name, "a sealed object");

    b->file_last = get->size;
    b->in_file = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
