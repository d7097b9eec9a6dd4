/*
 * The input of a container.
 */


#include "ngx_http_pserver_input.h"
#include "../core/payload.h"
#include "../core/scope.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_INPUT_TYPE  128

#define NGX_HTTP_PSERVER_INPUT_DOCUMENT                                       \
    "{\"operation\":\"%V\",\"parameters\":%V,\"files\":["

/* of a file in it */
#define NGX_HTTP_PSERVER_INPUT_ITEM                                           \
    "{\"id\":\"%*s\",\"path\":\"%V\",\"mime\":\"%V\"}"


/* the owner's folder and the files, open */

typedef struct {
    ngx_http_pserver_owner_t         owner;
    ngx_http_pserver_object_t       *objects;
    uint64_t                         total;      /* bytes of all of them */
} ngx_http_pserver_input_open_t;


static ngx_int_t ngx_http_pserver_input_file(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_facts_file_t *fact);
static void ngx_http_pserver_input_open(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static void ngx_http_pserver_input_close(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static void ngx_http_pserver_input_archive(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static ngx_int_t ngx_http_pserver_input_document(
    ngx_http_pserver_input_t *input, ngx_http_pserver_input_open_t *open,
    ngx_str_t *document);
static u_char *ngx_http_pserver_input_entry(u_char *p, ngx_str_t *name,
    uint64_t size);
static u_char *ngx_http_pserver_input_zeros(u_char *p, size_t size);
static void ngx_http_pserver_input_name(ngx_str_t *name, u_char *buf,
    ngx_http_pserver_input_file_t *file, const pserver_seal_meta_t *meta);
static void ngx_http_pserver_input_type(ngx_str_t *type,
    const pserver_seal_meta_t *meta);
static ngx_uint_t ngx_http_pserver_input_rc(ngx_uint_t rc);


ngx_int_t
ngx_http_pserver_input_init(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    ngx_http_pserver_operation_t *op, const pserver_facts_t *facts,
    const pserver_json_t *parameters)
{
    size_t         i, n;
    pserver_str_t  merged;

    ngx_memzero(input, sizeof(ngx_http_pserver_input_t));

    input->root = plcf->store.data;
    input->chain_id = plcf->chain_id;
    input->owner = facts->grantor;
    input->operation = op->container.name;
    input->limit = op->input;
    input->output = op->output;

    if (pserver_grant_merge(&facts->grant, parameters, &merged)
        != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    input->parameters.len = merged.len;
    input->parameters.data = ngx_pnalloc(pool, merged.len);

    if (input->parameters.data) {
        ngx_memcpy(input->parameters.data, merged.data, merged.len);
    }

    free(merged.data);

    n = pserver_facts_read(facts);

    input->files = ngx_pcalloc(pool,
                               n * sizeof(ngx_http_pserver_input_file_t));

    if (input->parameters.data == NULL || input->files == NULL) {
        return NGX_ERROR;
    }

    /* never the whole of what was to be cut down */

    if (facts->grant.filters) {
        input->rc = NGX_HTTP_PSERVER_INPUT_FILTERS;
        return NGX_OK;
    }

    for (i = 0; i < n && input->rc == NGX_HTTP_PSERVER_INPUT_OK; i++) {

        if (ngx_http_pserver_input_file(input, pool, plcf, &facts->file[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Only what stands under this server's own origin is looked up, and nowhere
 * but in the grantor's folder.
 */

static ngx_int_t
ngx_http_pserver_input_file(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_facts_file_t *fact)
{
    ngx_int_t                       version;
    ngx_uint_t                      i;
    pserver_str_t                   origin;
    pserver_scope_url_t             url;
    ngx_http_pserver_input_file_t  *file;

    file = &input->files[input->nfiles];

    file->id_len = pserver_word_decimal(file->id, &fact->id) - file->id;

    for (i = 0; i < input->nfiles; i++) {
        if (input->files[i].id_len == file->id_len
            && ngx_memcmp(input->files[i].id, file->id, file->id_len) == 0)
        {
            return NGX_OK;
        }
    }

    origin.len = plcf->origin.len;
    origin.data = plcf->origin.data;

    if (pserver_scope_url(fact->url, origin, &url) != PSERVER_OK) {
        input->rc = NGX_HTTP_PSERVER_INPUT_NOT_FOUND;
        return NGX_OK;
    }

    if (url.file_id.len) {
        version = ngx_atoi(url.file_id.data, url.file_id.len);

        if (version <= 0) {
            input->rc = NGX_HTTP_PSERVER_INPUT_NOT_FOUND;
            return NGX_OK;
        }

        file->version = version;
    }

    file->scope.len = url.scope.len;
    file->scope.data = ngx_pnalloc(pool, url.scope.len);

    if (file->scope.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(file->scope.data, url.scope.data, url.scope.len);

    input->nfiles++;

    return NGX_OK;
}


void
ngx_http_pserver_input_check(void *data)
{
    ngx_http_pserver_input_t *input = data;

    ngx_http_pserver_input_open_t  open;

    if (input->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        ngx_http_pserver_input_open(input, &open);
        ngx_http_pserver_input_close(input, &open);
    }
}


void
ngx_http_pserver_input_load(void *data)
{
    ngx_http_pserver_input_t *input = data;

    ngx_http_pserver_input_open_t  open;

    if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
        return;
    }

    ngx_http_pserver_input_open(input, &open);

    if (input->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        ngx_http_pserver_input_archive(input, &open);

        if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
            ngx_http_pserver_input_free(input);
        }
    }

    ngx_http_pserver_input_close(input, &open);
}


void
ngx_http_pserver_input_free(ngx_http_pserver_input_t *input)
{
    if (input->payload.data) {
        sodium_memzero(input->payload.data, input->payload.len);
        free(input->payload.data);
    }

    ngx_str_null(&input->payload);
}


static void
ngx_http_pserver_input_open(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    ngx_uint_t                      i;
    ngx_http_pserver_object_t      *object;
    ngx_http_pserver_input_file_t  *file;

    open->total = 0;

    open->objects = calloc(input->nfiles, sizeof(ngx_http_pserver_object_t));

    input->rc = ngx_http_pserver_input_rc(
                    ngx_http_pserver_owner_open(&open->owner, input->root,
                                                input->chain_id,
                                                &input->owner, 0));

    if (open->objects == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        return;
    }

    for (i = 0; i < input->nfiles; i++) {
        open->objects[i].fd = -1;
    }

    for (i = 0;
         i < input->nfiles && input->rc == NGX_HTTP_PSERVER_INPUT_OK;
         i++)
    {
        file = &input->files[i];
        object = &open->objects[i];

        input->rc = ngx_http_pserver_input_rc(
                        ngx_http_pserver_object_open(&open->owner, object,
                                                     file->scope,
                                                     file->version));

        if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
            break;
        }

        if (object->open.meta.length > input->limit - open->total) {
            input->rc = NGX_HTTP_PSERVER_INPUT_TOO_LARGE;
            break;
        }

        open->total += object->open.meta.length;
    }
}


static void
ngx_http_pserver_input_close(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    ngx_uint_t  i;

    if (open->objects) {
        for (i = 0; i < input->nfiles; i++) {
            ngx_http_pserver_object_close(&open->objects[i]);
        }

        free(open->objects);
    }

    ngx_http_pserver_owner_close(&open->owner);
}


/*
 * One piece of memory: the head, an entry for each file, operation.json,
 * the end of the archive.  There is room behind each file for the tag of
 * its last chunk, since zeros come there.
 */

static void
ngx_http_pserver_input_archive(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    size_t                      size, len;
    u_char                     *p, buf[PSERVER_TAR_NAME_MAX];
    ngx_str_t                   name, document;
    ngx_uint_t                  i;
    pserver_seal_meta_t        *meta;
    pserver_payload_input_t     head;

    if (ngx_http_pserver_input_document(input, open, &document) != NGX_OK) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        return;
    }

    size = PSERVER_PAYLOAD_HEAD_LEN + pserver_tar_entry_len(document.len)
           + PSERVER_TAR_END_LEN;

    for (i = 0; i < input->nfiles; i++) {
        size += pserver_tar_entry_len(open->objects[i].open.meta.length);
    }

    p = malloc(size);
    if (p == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        free(document.data);
        return;
    }

    input->payload.data = p;
    input->payload.len = size;

    head.length = size - PSERVER_PAYLOAD_HEAD_LEN;
    head.limit = input->output;

    pserver_payload_input_encode(p, &head);
    p += PSERVER_PAYLOAD_HEAD_LEN;

    for (i = 0; i < input->nfiles; i++) {
        meta = &open->objects[i].open.meta;

        ngx_http_pserver_input_name(&name, buf, &input->files[i], meta);

        p = ngx_http_pserver_input_entry(p, &name, meta->length);
        if (p == NULL) {
            input->rc = NGX_HTTP_PSERVER_INPUT_TOO_LARGE;
            goto done;
        }

        input->rc = ngx_http_pserver_input_rc(
                        ngx_http_pserver_object_read(&open->objects[i], p, 0,
                                        open->objects[i].open.chunks, &len));

        if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
            goto done;
        }

        p = ngx_http_pserver_input_zeros(p + len, pserver_tar_padding(len));
    }

    ngx_str_set(&name, "operation.json");

    p = ngx_http_pserver_input_entry(p, &name, document.len);
    if (p == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        goto done;
    }

    p = ngx_cpymem(p, document.data, document.len);

    (void) ngx_http_pserver_input_zeros(p, pserver_tar_padding(document.len)
                                           + PSERVER_TAR_END_LEN);

done:

    sodium_memzero(document.data, document.len);
    free(document.data);
}


/* operation.json, malloc'd */

static ngx_int_t
ngx_http_pserver_input_document(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open, ngx_str_t *document)
{
    size_t                          size;
    u_char                         *p, buf[PSERVER_TAR_NAME_MAX];
    ngx_str_t                       name, type;
    ngx_uint_t                      i;
    pserver_seal_meta_t            *meta;
    ngx_http_pserver_input_file_t  *file;

    size = sizeof(NGX_HTTP_PSERVER_INPUT_DOCUMENT "]}")
           + input->operation.len + input->parameters.len
           + input->nfiles * (sizeof("," NGX_HTTP_PSERVER_INPUT_ITEM)
                              + sizeof("data/.json")
                              + 2 * PSERVER_WORD_DEC_LEN
                              + NGX_HTTP_PSERVER_INPUT_TYPE);

    document->data = malloc(size);
    if (document->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(document->data, NGX_HTTP_PSERVER_INPUT_DOCUMENT,
                    &input->operation, &input->parameters);

    for (i = 0; i < input->nfiles; i++) {
        file = &input->files[i];
        meta = &open->objects[i].open.meta;

        ngx_http_pserver_input_name(&name, buf, file, meta);
        ngx_http_pserver_input_type(&type, meta);

        if (i) {
            *p++ = ',';
        }

        p = ngx_sprintf(p, NGX_HTTP_PSERVER_INPUT_ITEM, file->id_len,
                        file->id, &name, &type);
    }

    p = ngx_cpymem(p, "]}", 2);

    document->len = p - document->data;

    return NGX_OK;
}


static u_char *
ngx_http_pserver_input_entry(u_char *p, ngx_str_t *name, uint64_t size)
{
    pserver_str_t  str;

    str.len = name->len;
    str.data = name->data;

    return pserver_tar_header(p, str, size) == PSERVER_OK
           ? p + PSERVER_TAR_BLOCK : NULL;
}


static u_char *
ngx_http_pserver_input_zeros(u_char *p, size_t size)
{
    ngx_memzero(p, size);

    return p + size;
}


static void
ngx_http_pserver_input_name(ngx_str_t *name, u_char *buf,
    ngx_http_pserver_input_file_t *file, const pserver_seal_meta_t *meta)
{
    name->data = buf;
    name->len = ngx_sprintf(buf, "data/%*s.%s", file->id_len, file->id,
                            meta->kind == PSERVER_SEAL_JSON ? "json" : "bin")
                - buf;
}


/* what the owner said it is, where that is plain text */

static void
ngx_http_pserver_input_type(ngx_str_t *type, const pserver_seal_meta_t *meta)
{
    size_t  i;

    if (meta->kind == PSERVER_SEAL_JSON) {
        ngx_str_set(type, "application/json");
        return;
    }

    type->len = meta->type.len;
    type->data = meta->type.data;

    for (i = 0; i < type->len; i++) {
        if (type->data[i] < ' ' || type->data[i] > '~'
            || type->data[i] == '"' || type->data[i] == '\\')
        {
            break;
        }
    }

    if (i == 0 || i < type->len || i > NGX_HTTP_PSERVER_INPUT_TYPE) {
        ngx_str_set(type, "application/octet-stream");
    }
}


static ngx_uint_t
ngx_http_pserver_input_rc(ngx_uint_t rc)
{
    switch (rc) {

    case NGX_HTTP_PSERVER_STORE_OK:
        return NGX_HTTP_PSERVER_INPUT_OK;

    case NGX_HTTP_PSERVER_STORE_NOT_FOUND:
        return NGX_HTTP_PSERVER_INPUT_NOT_FOUND;

    case NGX_HTTP_PSERVER_STORE_BAD:
        return NGX_HTTP_PSERVER_INPUT_BAD;

    case NGX_HTTP_PSERVER_STORE_TOO_LARGE:
        return NGX_HTTP_PSERVER_INPUT_TOO_LARGE;

    default:
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }
}
