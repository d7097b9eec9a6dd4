/*
 * The filter: takes the answers of exchanges, puts an API's error in the
 * place of nginx's own page, and keeps answers from being compressed.
 */


#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_exchange.h"


static ngx_int_t ngx_http_pserver_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_pserver_filter_cors(ngx_http_request_t *r);
static ngx_int_t ngx_http_pserver_filter_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_pserver_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_pserver_filter_init,          /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_pserver_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_pserver_filter_module_ctx,   /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_str_t  ngx_http_pserver_cors[] = {
    ngx_string("Access-Control-Allow-Origin"), ngx_string("*"),
    ngx_string("Access-Control-Allow-Headers"),
        ngx_string("Content-Type, Authorization"),
    ngx_string("Access-Control-Allow-Methods"),
        ngx_string("GET, POST, PUT, DELETE, OPTIONS"),
    ngx_string("Access-Control-Max-Age"), ngx_string("86400"),
    ngx_null_string
};


static ngx_int_t
ngx_http_pserver_header_filter(ngx_http_request_t *r)
{
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_loc_conf_t  *plcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx && ctx->exchange) {
        return ngx_http_pserver_exchange_header(r, ctx->exchange);
    }

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pserver_module);

    if (plcf->api == NGX_HTTP_PSERVER_DATA && r == r->main
        && ngx_http_pserver_filter_cors(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_GZIP)

    /*
     * What is secret is not compressed beside what a client may choose
     * (BREACH), and ranges and strong tags are of the bytes as they are.
     */

    if (plcf->api == NGX_HTTP_PSERVER_DATA
        || plcf->api == NGX_HTTP_PSERVER_COMPUTE)
    {
        r->gzip_tested = 1;
        r->gzip_ok = 0;
    }

#endif

    if (ngx_http_pserver_error_authenticate(r) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * An internal redirect (error_page) has cleared the context: what an
     * operator sends in our place stays.  So does what an application behind
     * "satisfy any" answers: err_status says that the page is nginx's own.
     */

    if (ctx && ctx->error.body.len
        && ctx->error.status == r->headers_out.status
        && ctx->error.status == r->err_status)
    {
        ngx_str_set(&r->headers_out.content_type, "application/json");
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = NULL;
        r->headers_out.charset.len = 0;

        ngx_http_clear_content_length(r);
        r->headers_out.content_length_n = ctx->error.body.len;

        ctx->replaced = 1;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_pserver_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t               *b;
    ngx_chain_t              out, *cl;
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    if (ctx == NULL || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ctx->exchange) {
        return ngx_http_pserver_exchange_body(r, ctx->exchange, in);
    }

    if (!ctx->replaced || ctx->error.body.len == 0) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = ctx->error.body.data;
    b->last = b->pos + ctx->error.body.len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    ctx->error.body.len = 0;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


/* nginx's range filter sends a second header instead of the first: 416 */

static ngx_int_t
ngx_http_pserver_filter_cors(ngx_http_request_t *r)
{
    ngx_str_t        *s;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.data == ngx_http_pserver_cors[0].data) {
                return NGX_OK;
            }
        }
    }

    for (s = ngx_http_pserver_cors; s->len; s += 2) {

        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        h->hash = 1;
        h->key = s[0];
        h->value = s[1];

#if (nginx_version >= 1023000)
        h->next = NULL;
#endif
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_pserver_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_pserver_body_filter;

    return NGX_OK;
}
