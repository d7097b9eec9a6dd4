/*
 * The input of a container as the archive that pserver-run unpacks.
 */


#include "ngx_http_pserver_input.h"
#include "../core/payload.h"
#include "../core/receipt.h"
#include "../core/sha256.h"

#include <sodium.h>


#define NGX_HTTP_PSERVER_INPUT_TYPE  128

/* of the manifest: the longest names a file by its id */
#define NGX_HTTP_PSERVER_INPUT_LINE                                           \
    PSERVER_RECEIPT_LINE_LEN(sizeof("data/.json") + PSERVER_WORD_DEC_LEN)

#define NGX_HTTP_PSERVER_INPUT_DOCUMENT                                       \
    "{\"operation\":\"%V\",\"parameters\":%V,\"files\":["

/* of a file in it */
#define NGX_HTTP_PSERVER_INPUT_ITEM                                           \
    "{\"id\":\"%*s\",\"path\":\"%V\",\"mime\":\"%V\"}"


static ngx_int_t ngx_http_pserver_input_document(
    ngx_http_pserver_input_t *input, ngx_http_pserver_input_open_t *open,
    ngx_str_t *document);
static void ngx_http_pserver_input_line(ngx_http_pserver_input_t *input,
    ngx_str_t *name, const u_char *data, size_t len);
static uint64_t ngx_http_pserver_input_size(
    ngx_http_pserver_input_part_t *part);
static ngx_uint_t ngx_http_pserver_input_content(
    ngx_http_pserver_input_part_t *part, u_char *p, size_t *len);
static ngx_uint_t ngx_http_pserver_input_is_json(
    ngx_http_pserver_input_part_t *part);
static u_char *ngx_http_pserver_input_entry(u_char *p, ngx_str_t *name,
    uint64_t size);
static u_char *ngx_http_pserver_input_zeros(u_char *p, size_t size);
static void ngx_http_pserver_input_name(ngx_str_t *name, u_char *buf,
    ngx_http_pserver_input_file_t *file, ngx_http_pserver_input_part_t *part);
static void ngx_http_pserver_input_type(ngx_str_t *type,
    ngx_http_pserver_input_part_t *part);


/*
 * One piece of memory: the head, an entry for each file, operation.json,
 * the end of the archive.  There is room behind each file for the tag of
 * its last chunk, since zeros come there.
 */

void
ngx_http_pserver_input_archive(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    size_t                          size, len;
    u_char                         *p, buf[PSERVER_TAR_NAME_MAX];
    ngx_str_t                       name, document;
    ngx_uint_t                      i;
    pserver_payload_input_t         head;
    ngx_http_pserver_input_part_t  *part;

    if (ngx_http_pserver_input_document(input, open, &document) != NGX_OK) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        return;
    }

    size = PSERVER_PAYLOAD_HEAD_LEN + pserver_tar_entry_len(document.len)
           + PSERVER_TAR_END_LEN;

    for (i = 0; i < input->nfiles; i++) {
        size += pserver_tar_entry_len(
                                 ngx_http_pserver_input_size(&open->parts[i]));
    }

    p = malloc(size);
    if (p == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        free(document.data);
        return;
    }

    input->payload.data = p;
    input->payload.len = size;

    input->manifest.data = malloc((input->nfiles + 1)
                                  * NGX_HTTP_PSERVER_INPUT_LINE);
    if (input->manifest.data == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        goto done;
    }

    head.length = size - PSERVER_PAYLOAD_HEAD_LEN;
    head.limit = input->output;

    pserver_payload_input_encode(p, &head);
    p += PSERVER_PAYLOAD_HEAD_LEN;

    for (i = 0; i < input->nfiles; i++) {
        part = &open->parts[i];

        ngx_http_pserver_input_name(&name, buf, &input->files[i], part);

        p = ngx_http_pserver_input_entry(p, &name,
                                         ngx_http_pserver_input_size(part));
        if (p == NULL) {
            input->rc = NGX_HTTP_PSERVER_INPUT_TOO_LARGE;
            goto done;
        }

        input->rc = ngx_http_pserver_input_content(part, p, &len);

        if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
            goto done;
        }

        ngx_http_pserver_input_line(input, &name, p, len);

        p = ngx_http_pserver_input_zeros(p + len, pserver_tar_padding(len));
    }

    ngx_str_set(&name, "operation.json");

    p = ngx_http_pserver_input_entry(p, &name, document.len);
    if (p == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        goto done;
    }

    ngx_http_pserver_input_line(input, &name, document.data, document.len);

    p = ngx_cpymem(p, document.data, document.len);

    (void) ngx_http_pserver_input_zeros(p, pserver_tar_padding(document.len)
                                           + PSERVER_TAR_END_LEN);

done:

    sodium_memzero(document.data, document.len);
    free(document.data);
}


/* of the manifest */

static void
ngx_http_pserver_input_line(ngx_http_pserver_input_t *input, ngx_str_t *name,
    const u_char *data, size_t len)
{
    u_char            *p, digest[32];
    pserver_str_t      path;
    pserver_sha256_t   sha;

    pserver_sha256_init(&sha);
    pserver_sha256_update(&sha, data, len);
    pserver_sha256_final(&sha, digest);

    path.len = name->len;
    path.data = name->data;

    p = pserver_receipt_line(input->manifest.data + input->manifest.len,
                             digest, path);

    input->manifest.len = p - input->manifest.data;
}


/* of what goes in: the file, or what its filter has left */

static uint64_t
ngx_http_pserver_input_size(ngx_http_pserver_input_part_t *part)
{
    return part->cut.data ? part->cut.len : part->object.open.meta.length;
}


static ngx_uint_t
ngx_http_pserver_input_content(ngx_http_pserver_input_part_t *part, u_char *p,
    size_t *len)
{
    if (part->cut.data) {
        ngx_memcpy(p, part->cut.data, part->cut.len);
        *len = part->cut.len;
        return NGX_HTTP_PSERVER_INPUT_OK;
    }

    return ngx_http_pserver_input_rc(
                        ngx_http_pserver_object_read(&part->object, p, 0,
                                                     part->object.open.chunks,
                                                     len));
}


static ngx_uint_t
ngx_http_pserver_input_is_json(ngx_http_pserver_input_part_t *part)
{
    return part->cut.data != NULL
           || part->object.open.meta.kind == PSERVER_SEAL_JSON;
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
    ngx_http_pserver_input_file_t  *file;
    ngx_http_pserver_input_part_t  *part;

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
        part = &open->parts[i];

        ngx_http_pserver_input_name(&name, buf, file, part);
        ngx_http_pserver_input_type(&type, part);

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
    ngx_http_pserver_input_file_t *file, ngx_http_pserver_input_part_t *part)
{
    name->data = buf;
    name->len = ngx_sprintf(buf, "data/%*s.%s", file->id_len, file->id,
                            ngx_http_pserver_input_is_json(part) ? "json"
                                                                 : "bin")
                - buf;
}


/* what the owner said it is, where that is plain text */

static void
ngx_http_pserver_input_type(ngx_str_t *type,
    ngx_http_pserver_input_part_t *part)
{
    size_t                i;
    pserver_seal_meta_t  *meta;

    if (ngx_http_pserver_input_is_json(part)) {
        ngx_str_set(type, "application/json");
        return;
    }

    meta = &part->object.open.meta;

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
