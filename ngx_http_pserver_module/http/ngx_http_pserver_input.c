/*
 * The input of a container: which files, opened, and cut down to what the
 * grant's filters leave of them.
 */


#include "ngx_http_pserver_input.h"
#include "ngx_http_pserver_origin.h"
#include "ngx_http_pserver_remote.h"
#include "../core/filter.h"
#include "../core/scope.h"

#include <sodium.h>



static ngx_int_t ngx_http_pserver_input_file(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_facts_file_t *fact);
static ngx_int_t ngx_http_pserver_input_copy(ngx_pool_t *pool,
    pserver_str_t *dst, pserver_str_t src);
static ngx_uint_t ngx_http_pserver_input_object(
    ngx_http_pserver_input_file_t *file, ngx_http_pserver_owner_t *owner,
    ngx_http_pserver_object_t *object);
static void ngx_http_pserver_input_open(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static void ngx_http_pserver_input_close(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static ngx_int_t ngx_http_pserver_input_filters(
    ngx_http_pserver_input_t *input, ngx_pool_t *pool,
    const pserver_json_t *filters);
static void ngx_http_pserver_input_cut(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open);
static ngx_uint_t ngx_http_pserver_input_apply(
    ngx_http_pserver_input_file_t *file, ngx_http_pserver_input_part_t *part,
    size_t limit);


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

    for (i = 0; i < n && input->rc == NGX_HTTP_PSERVER_INPUT_OK; i++) {

        if (ngx_http_pserver_input_file(input, pool, plcf, &facts->file[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (input->rc != NGX_HTTP_PSERVER_INPUT_OK
        || facts->grant.filters == NULL)
    {
        return NGX_OK;
    }

    return ngx_http_pserver_input_filters(input, pool, facts->grant.filters);
}


/* each is for one of the files, and can be applied */

static ngx_int_t
ngx_http_pserver_input_filters(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, const pserver_json_t *filters)
{
    ngx_uint_t                      i;
    const pserver_json_t           *filter;
    ngx_http_pserver_input_file_t  *file;

    for (filter = filters->child; filter; filter = filter->next) {

        for (i = 0; i < input->nfiles; i++) {
            file = &input->files[i];

            if (file->id_len == filter->name.len
                && ngx_memcmp(file->id, filter->name.data, file->id_len)
                   == 0)
            {
                break;
            }
        }

        if (i == input->nfiles) {
            input->rc = NGX_HTTP_PSERVER_INPUT_FILTERS;
            return NGX_OK;
        }

        switch (pserver_filter_check(filter->value)) {

        case PSERVER_OK:
            break;

        case PSERVER_NOMEM:
            return NGX_ERROR;

        default:
            input->rc = NGX_HTTP_PSERVER_INPUT_FILTERS;
            return NGX_OK;
        }

        if (ngx_http_pserver_input_copy(pool, &file->filter, filter->value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * What stands under this server's own origin is looked up in the grantor's
 * folder, and nowhere else; another URL is only asked for where the operator
 * has listed its host, or a CID says what comes back.
 */

static ngx_int_t
ngx_http_pserver_input_file(ngx_http_pserver_input_t *input,
    ngx_pool_t *pool, ngx_http_pserver_loc_conf_t *plcf,
    const pserver_facts_file_t *fact)
{
    ngx_int_t                       version;
    ngx_uint_t                      i;
    pserver_scope_url_t             url;
    ngx_http_pserver_input_file_t  *file;

    file = &input->files[input->nfiles];

    file->id_len = pserver_word_decimal(file->id, &fact->id) - file->id;
    file->word = fact->id;
    file->fd = -1;

    for (i = 0; i < input->nfiles; i++) {
        if (input->files[i].id_len == file->id_len
            && ngx_memcmp(input->files[i].id, file->id, file->id_len) == 0)
        {
            return NGX_OK;
        }
    }

    if (pserver_scope_url(fact->url, &url) != PSERVER_OK
        || !ngx_http_pserver_origin_own(plcf, &url.origin))
    {
        if (!ngx_http_pserver_remote_takes(plcf, fact->url)) {
            input->rc = NGX_HTTP_PSERVER_INPUT_NOT_FOUND;
            return NGX_OK;
        }

        input->nfiles++;

        return ngx_http_pserver_input_copy(pool, &file->url, fact->url);
    }

    if (url.file_id.len) {
        version = ngx_atoi(url.file_id.data, url.file_id.len);

        if (version <= 0) {
            input->rc = NGX_HTTP_PSERVER_INPUT_NOT_FOUND;
            return NGX_OK;
        }

        file->version = version;
    }

    if (ngx_http_pserver_input_copy(pool, &file->scope, url.scope) != NGX_OK)
    {
        return NGX_ERROR;
    }

    input->nfiles++;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_input_copy(ngx_pool_t *pool, pserver_str_t *dst,
    pserver_str_t src)
{
    dst->data = ngx_pnalloc(pool, src.len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src.data, src.len);
    dst->len = src.len;

    return NGX_OK;
}


ngx_uint_t
ngx_http_pserver_input_remote(const ngx_http_pserver_input_t *input)
{
    ngx_uint_t  i;

    if (input->rc != NGX_HTTP_PSERVER_INPUT_OK) {
        return 0;
    }

    for (i = 0; i < input->nfiles; i++) {
        if (input->files[i].url.len && input->files[i].fd == -1) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_pserver_input_check(void *data)
{
    ngx_http_pserver_input_t *input = data;

    ngx_http_pserver_input_open_t  open;

    if (input->rc == NGX_HTTP_PSERVER_INPUT_OK) {
        ngx_http_pserver_input_open(input, &open);
        ngx_http_pserver_input_cut(input, &open);
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
    ngx_http_pserver_input_cut(input, &open);

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
    ngx_uint_t                      i;
    ngx_http_pserver_input_file_t  *file;

    if (input->payload.data) {
        sodium_memzero(input->payload.data, input->payload.len);
        free(input->payload.data);
    }

    ngx_str_null(&input->payload);

    free(input->manifest.data);
    ngx_str_null(&input->manifest);

    for (i = 0; i < input->nfiles; i++) {
        file = &input->files[i];

        if (file->fd != -1) {
            (void) close(file->fd);
            file->fd = -1;
        }
    }
}


static void
ngx_http_pserver_input_open(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    ngx_uint_t                      i;
    ngx_http_pserver_object_t      *object;
    ngx_http_pserver_input_file_t  *file;

    open->total = 0;

    open->parts = calloc(input->nfiles,
                         sizeof(ngx_http_pserver_input_part_t));

    input->rc = ngx_http_pserver_input_rc(
                    ngx_http_pserver_owner_open(&open->owner, input->root,
                                                input->chain_id,
                                                &input->owner, 0));

    if (open->parts == NULL) {
        input->rc = NGX_HTTP_PSERVER_INPUT_ERROR;
        return;
    }

    for (i = 0; i < input->nfiles; i++) {
        open->parts[i].object.fd = -1;
    }

    for (i = 0;
         i < input->nfiles && input->rc == NGX_HTTP_PSERVER_INPUT_OK;
         i++)
    {
        file = &input->files[i];
        object = &open->parts[i].object;

        input->rc = ngx_http_pserver_input_rc(
                        ngx_http_pserver_input_object(file, &open->owner,
                                                      object));

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


static ngx_uint_t
ngx_http_pserver_input_object(ngx_http_pserver_input_file_t *file,
    ngx_http_pserver_owner_t *owner, ngx_http_pserver_object_t *object)
{
    pserver_seal_place_t  place;

    if (file->url.len == 0) {
        return ngx_http_pserver_object_open(owner, object, file->scope,
                                            file->version);
    }

    object->fd = file->fd;
    file->fd = -1;

    place.owner = owner->address;
    ngx_memcpy(place.name, file->name, PSERVER_NAME_LEN);

    return ngx_http_pserver_object_open_fd(owner, object, &place,
                                           NGX_HTTP_PSERVER_REMOTE_NUMBER);
}


static void
ngx_http_pserver_input_close(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    ngx_uint_t                      i;
    ngx_http_pserver_input_part_t  *part;

    if (open->parts) {
        for (i = 0; i < input->nfiles; i++) {
            part = &open->parts[i];

            ngx_http_pserver_object_close(&part->object);

            if (part->cut.data) {
                sodium_memzero(part->cut.data, part->cut.len);
                free(part->cut.data);
            }
        }

        free(open->parts);
    }

    ngx_http_pserver_owner_close(&open->owner);
}


static void
ngx_http_pserver_input_cut(ngx_http_pserver_input_t *input,
    ngx_http_pserver_input_open_t *open)
{
    ngx_uint_t                      i;
    ngx_http_pserver_input_file_t  *file;
    ngx_http_pserver_input_part_t  *part;

    for (i = 0;
         i < input->nfiles && input->rc == NGX_HTTP_PSERVER_INPUT_OK;
         i++)
    {
        file = &input->files[i];
        part = &open->parts[i];

        if (file->filter.len == 0) {
            continue;
        }

        /* a filter may also make more of a file */

        open->total -= part->object.open.meta.length;

        input->rc = ngx_http_pserver_input_apply(file, part,
                                                 input->limit - open->total);
        open->total += part->cut.len;
    }
}


static ngx_uint_t
ngx_http_pserver_input_apply(ngx_http_pserver_input_file_t *file,
    ngx_http_pserver_input_part_t *part, size_t limit)
{
    int              rc;
    size_t           len, size;
    u_char          *whole;
    pserver_open_t  *from;
    ngx_uint_t       read;

    from = &part->object.open;
    size = from->chunks * PSERVER_SEAL_CHUNK + PSERVER_SEAL_TAG_LEN;

    whole = malloc(size);
    if (whole == NULL) {
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    read = ngx_http_pserver_input_rc(
                        ngx_http_pserver_object_read(&part->object, whole, 0,
                                                     from->chunks, &len));
    rc = PSERVER_OK;

    if (read == NGX_HTTP_PSERVER_INPUT_OK) {
        rc = pserver_filter_apply(file->filter, whole, len, limit,
                                  &part->cut.data, &part->cut.len);
    }

    sodium_memzero(whole, size);
    free(whole);

    switch (rc) {

    case PSERVER_OK:
        return read;

    case PSERVER_NOMEM:
        return NGX_HTTP_PSERVER_INPUT_ERROR;

    default:
        return NGX_HTTP_PSERVER_INPUT_FILTERS;
    }
}


ngx_uint_t
ngx_http_pserver_input_rc(ngx_uint_t rc)
{
    switch (rc) {

    case NGX_HTTP_PSERVER_STORE_OK:
        return NGX_HTTP_PSERVER_INPUT_OK;

    case NGX_HTTP_PSERVER_STORE_NOT_FOUND:
        return NGX_HTTP_PSERVER_INPUT_NOT_FOUND;

    case NGX_HTTP_PSERVER_STORE_BAD:
    case NGX_HTTP_PSERVER_STORE_MISSING:
    case NGX_HTTP_PSERVER_STORE_REPLACED:
    case NGX_HTTP_PSERVER_STORE_MANIFEST:
    case NGX_HTTP_PSERVER_STORE_OLDER:
        return NGX_HTTP_PSERVER_INPUT_BAD;

    case NGX_HTTP_PSERVER_STORE_TOO_LARGE:
        return NGX_HTTP_PSERVER_INPUT_TOO_LARGE;

    case NGX_HTTP_PSERVER_STORE_LOCKED:
        return NGX_HTTP_PSERVER_INPUT_LOCKED;

    default:
        return NGX_HTTP_PSERVER_INPUT_ERROR;
    }
}
