/*
 * Headers that nginx does not parse or make itself.
 */


#include "ngx_http_pserver_header.h"


ngx_uint_t
ngx_http_pserver_header_find(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    len = ngx_strlen(name);
    ngx_str_null(value);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncmp(h[i].lowcase_key, name, len) == 0
            && n++ == 0)
        {
            *value = h[i].value;
        }
    }

    return n;
}


ngx_uint_t
ngx_http_pserver_header_is_json(ngx_str_t *type)
{
    size_t  len;

    static const u_char  json[] = "application/json";

    len = sizeof(json) - 1;

    if (type->len == 0) {
        return 1;
    }

    if (type->len < len
        || ngx_strncasecmp(type->data, (u_char *) json, len) != 0)
    {
        return 0;
    }

    return type->len == len || type->data[len] == ';'
           || type->data[len] == ' ' || type->data[len] == '\t';
}


ngx_int_t
ngx_http_pserver_header_add(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}
