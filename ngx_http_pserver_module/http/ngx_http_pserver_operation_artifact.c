/*
 * POST /api/v1/artifacts/{id}/list and POST /api/v1/artifacts/download: who
 * asks is who signed {"operation_id":"<id>"} (EIP-191), the operation's app
 * or its owner.  One that is a contract is named beside its signature, which
 * binds the account.
 */


#include "ngx_http_pserver_artifact.h"
#include "ngx_http_pserver_body.h"
#include "ngx_http_pserver_error.h"
#include "ngx_http_pserver_header.h"
#include "ngx_http_pserver_lookup.h"
#include "ngx_http_pserver_signer.h"
#include "ngx_http_pserver_store_answer.h"
#include "ngx_http_pserver_store_get.h"

#include "../core/encode.h"
#include "../core/eth.h"
#include "../core/json.h"


#define NGX_HTTP_PSERVER_ARTIFACT_BODY   16384

#define NGX_HTTP_PSERVER_ARTIFACT_HEAD                                        \
    "{\"kind\":\"ArtifactList\",\"operation_id\":\""

#define NGX_HTTP_PSERVER_ARTIFACT_ENTRY                                       \
    (sizeof(",{\"path\":\"\",\"size\":,\"content_type\":\"\"}")               \
     + PSERVER_TAR_NAME_MAX + NGX_OFF_T_LEN + NGX_HTTP_PSERVER_ARTIFACT_TYPE)


typedef struct {
    ngx_http_pserver_lookup_t        lookup;
    pserver_json_doc_t              *doc;        /* of the body */
    pserver_str_t                    id;
    pserver_address_t                iss;
    ngx_http_pserver_signer_t        signer;

    pserver_str_t                    path;       /* download */
    ngx_http_pserver_get_t           get;

    ngx_http_core_loc_conf_t        *clcf;       /* list */
    ngx_str_t                        text;       /* malloc'd */
} ngx_http_pserver_artifact_t;


static ngx_int_t ngx_http_pserver_artifact_read(ngx_http_request_t *r,
    ngx_http_pserver_body_handler_pt handler);
static void ngx_http_pserver_artifact_list_body(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_artifact_download_body(ngx_http_request_t *r,
    ngx_str_t *body);
static void ngx_http_pserver_artifact_start(ngx_http_request_t *r,
    ngx_str_t *body, ngx_uint_t download);
static ngx_int_t ngx_http_pserver_artifact_parse(ngx_http_request_t *r,
    ngx_http_pserver_artifact_t *artifact, ngx_str_t *body,
    ngx_uint_t download);
static ngx_int_t ngx_http_pserver_artifact_signer(ngx_http_request_t *r,
    ngx_http_pserver_artifact_t *artifact, pserver_str_t signature);
static void ngx_http_pserver_artifact_signed(void *data, ngx_int_t rc);
static void ngx_http_pserver_artifact_cleanup(void *data);
static void ngx_http_pserver_artifact_list_run(
    ngx_http_pserver_lookup_t *lookup);
static ngx_int_t ngx_http_pserver_artifact_list_write(
    ngx_http_pserver_artifact_t *artifact,
    ngx_http_pserver_artifacts_t *artifacts);
static void ngx_http_pserver_artifact_list_found(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_artifact_list_released(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_artifact_download_run(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_artifact_download_found(
    ngx_http_pserver_lookup_t *lookup);
static void ngx_http_pserver_artifact_download_released(
    ngx_http_pserver_lookup_t *lookup);


ngx_int_t
ngx_http_pserver_artifact_list(ngx_http_request_t *r)
{
    return ngx_http_pserver_artifact_read(r,
                                      ngx_http_pserver_artifact_list_body);
}


ngx_int_t
ngx_http_pserver_artifact_download(ngx_http_request_t *r)
{
    return ngx_http_pserver_artifact_read(r,
                                  ngx_http_pserver_artifact_download_body);
}


static ngx_int_t
ngx_http_pserver_artifact_read(ngx_http_request_t *r,
    ngx_http_pserver_body_handler_pt handler)
{
    ngx_http_pserver_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    ctx->error.bare = 1;

    return ngx_http_pserver_body_read(r, NGX_HTTP_PSERVER_ARTIFACT_BODY,
                                      handler);
}


static void
ngx_http_pserver_artifact_list_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_http_pserver_artifact_start(r, body, 0);
}


static void
ngx_http_pserver_artifact_download_body(ngx_http_request_t *r,
    ngx_str_t *body)
{
    ngx_http_pserver_artifact_start(r, body, 1);
}


static void
ngx_http_pserver_artifact_start(ngx_http_request_t *r, ngx_str_t *body,
    ngx_uint_t download)
{
    ngx_int_t                     rc;
    ngx_pool_cleanup_t           *cln;
    ngx_http_pserver_lookup_t    *lookup;
    ngx_http_pserver_artifact_t  *artifact;

    artifact = ngx_pcalloc(r->pool, sizeof(ngx_http_pserver_artifact_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (artifact == NULL || cln == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cln->handler = ngx_http_pserver_artifact_cleanup;
    cln->data = artifact;

    artifact->clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    artifact->get.raw = 1;
    artifact->get.ahead = 1;
    artifact->get.count = NGX_HTTP_PSERVER_BATCH_CHUNKS;

    ngx_http_pserver_envelope_range(r, &artifact->get.range);

    lookup = &artifact->lookup;

    lookup->signer = &artifact->signer.address;

    if (download) {
        lookup->run = ngx_http_pserver_artifact_download_run;
        lookup->found = ngx_http_pserver_artifact_download_found;
        lookup->released = ngx_http_pserver_artifact_download_released;

    } else {
        lookup->run = ngx_http_pserver_artifact_list_run;
        lookup->found = ngx_http_pserver_artifact_list_found;
        lookup->released = ngx_http_pserver_artifact_list_released;
    }

    rc = ngx_http_pserver_artifact_parse(r, artifact, body, download);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_pserver_artifact_parse(ngx_http_request_t *r,
    ngx_http_pserver_artifact_t *artifact, ngx_str_t *body,
    ngx_uint_t download)
{
    ngx_int_t                rc;
    ngx_http_pserver_ctx_t  *ctx;
    const pserver_json_t    *root, *id, *signature, *path, *iss;

    static const pserver_json_limits_t  limits = { 4, 64 };

    if (pserver_json_parse(body->data, body->len, &limits, &artifact->doc)
        != PSERVER_OK)
    {
        return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "The body is not a JSON object",
                                       NULL);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);

    root = pserver_json_root(artifact->doc);

    id = pserver_json_get(root, "operation_id");
    signature = pserver_json_get(root, "signature");
    path = pserver_json_get(root, "artifact_path");
    iss = pserver_json_get(root, "iss");

    if (id == NULL || id->type != PSERVER_JSON_STRING
        || id->value.len != 2 * PSERVER_LEDGER_ID_LEN)
    {
        return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "operation_id is not an id", NULL);
    }

    if (signature == NULL || signature->type != PSERVER_JSON_STRING) {
        return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "signature is not a string", NULL);
    }

    if (iss && iss->type != PSERVER_JSON_NULL) {

        if (iss->type != PSERVER_JSON_STRING
            || pserver_address_parse(&artifact->iss, iss->value)
               != PSERVER_OK)
        {
            return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "iss is not an address", NULL);
        }

        artifact->signer.iss = &artifact->iss;
    }

    if (download) {

        if (path == NULL || path->type != PSERVER_JSON_STRING) {
            return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "artifact_path is not a string", NULL);
        }

        artifact->path = path->value;

    } else if (ngx_memcmp(id->value.data, ctx->id.data, id->value.len) != 0) {
        return ngx_http_pserver_error_compute(r, 422, "VALIDATION_ERROR",
                                       "operation_id is another one", NULL);
    }

    artifact->id = id->value;

    rc = ngx_http_pserver_artifact_signer(r, artifact, signature->value);

    if (rc != NGX_OK) {
        return (rc == NGX_AGAIN) ? NGX_OK : rc;
    }

    return ngx_http_pserver_lookup(r, &artifact->lookup, id->value);
}


static ngx_int_t
ngx_http_pserver_artifact_signer(ngx_http_request_t *r,
    ngx_http_pserver_artifact_t *artifact, pserver_str_t signature)
{
    u_char                     *p;
    ngx_http_pserver_signer_t  *signer;

    p = ngx_pnalloc(r->pool, sizeof("{\"operation_id\":\"\"}")
                             + artifact->id.len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    signer = &artifact->signer;

    signer->text.data = p;

    p = ngx_cpymem(p, "{\"operation_id\":\"",
                   sizeof("{\"operation_id\":\"") - 1);
    p = ngx_cpymem(p, artifact->id.data, artifact->id.len);
    p = ngx_cpymem(p, "\"}", 2);

    signer->text.len = p - signer->text.data;
    signer->signature = signature;
    signer->handler = ngx_http_pserver_artifact_signed;
    signer->data = artifact;

    return ngx_http_pserver_signer(r, signer);
}


static void
ngx_http_pserver_artifact_signed(void *data, ngx_int_t rc)
{
    ngx_http_request_t           *r;
    ngx_http_pserver_artifact_t  *artifact = data;

    r = artifact->signer.account.request;

    if (rc == NGX_OK) {
        rc = ngx_http_pserver_lookup(r, &artifact->lookup, artifact->id);
    }

    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_http_pserver_artifact_cleanup(void *data)
{
    ngx_http_pserver_artifact_t  *artifact = data;

    pserver_json_free(artifact->doc);
    free(artifact->text.data);

    ngx_http_pserver_get_cleanup(&artifact->get);
}


/* in a thread */

static void
ngx_http_pserver_artifact_list_run(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_artifacts_t   artifacts;
    ngx_http_pserver_artifact_t   *artifact;

    artifact = (ngx_http_pserver_artifact_t *) lookup;

    lookup->rc = ngx_http_pserver_artifacts_open(&lookup->at,
                                                 &lookup->ledger.row,
                                                 &artifacts);

    if (lookup->rc == NGX_HTTP_PSERVER_STORE_OK) {
        lookup->rc = ngx_http_pserver_artifact_list_write(artifact,
                                                          &artifacts);
    }

    ngx_http_pserver_artifacts_close(&artifacts);
}


/* a path needs no escapes, see core/tar, and neither does a type */

static ngx_int_t
ngx_http_pserver_artifact_list_write(ngx_http_pserver_artifact_t *artifact,
    ngx_http_pserver_artifacts_t *artifacts)
{
    u_char                     *p;
    ngx_uint_t                  i, rc;
    pserver_str_t               type;
    pserver_seal_meta_t        *meta;
    ngx_http_pserver_object_t   object;

    artifact->text.data = malloc(sizeof(NGX_HTTP_PSERVER_ARTIFACT_HEAD)
                                 + 2 * PSERVER_LEDGER_ID_LEN
                                 + sizeof("\",\"artifacts\":[]}")
                                 + artifacts->n
                                   * NGX_HTTP_PSERVER_ARTIFACT_ENTRY);
    if (artifact->text.data == NULL) {
        return NGX_HTTP_PSERVER_STORE_ERROR;
    }

    p = ngx_cpymem(artifact->text.data, NGX_HTTP_PSERVER_ARTIFACT_HEAD,
                   sizeof(NGX_HTTP_PSERVER_ARTIFACT_HEAD) - 1);
    p = pserver_hex_encode(p, artifact->lookup.id, PSERVER_LEDGER_ID_LEN);
    p = ngx_sprintf(p, "\",\"artifacts\":[");

    for (i = 1; i <= artifacts->n; i++) {

        ngx_memzero(&object, sizeof(ngx_http_pserver_object_t));

        rc = ngx_http_pserver_artifact_open(artifacts, i, &object);

        if (rc == NGX_HTTP_PSERVER_STORE_OK) {
            meta = &object.open.meta;

            ngx_http_pserver_artifact_type(artifact->clcf, meta->filename,
                                           &type);

            p = ngx_sprintf(p, "%s{\"path\":\"%*s\",\"size\":%uL,"
                               "\"content_type\":\"%*s\"}",
                            (i == 1) ? "" : ",",
                            meta->filename.len, meta->filename.data,
                            meta->length, type.len, type.data);
        }

        ngx_http_pserver_object_close(&object);

        if (rc != NGX_HTTP_PSERVER_STORE_OK) {
            return rc;
        }
    }

    p = ngx_cpymem(p, "]}", 2);

    artifact->text.len = p - artifact->text.data;

    return NGX_HTTP_PSERVER_STORE_OK;
}


static void
ngx_http_pserver_artifact_list_found(ngx_http_pserver_lookup_t *lookup)
{
    if (lookup->ledger.row.state == PSERVER_JOB_SUCCEEDED) {
        ngx_http_pserver_lookup_release(lookup);
        return;
    }

    /* there are none, and that is what its status says as well */

    ngx_http_pserver_artifact_list_released(lookup);
}


static void
ngx_http_pserver_artifact_list_released(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_request_t           *r;
    ngx_http_pserver_artifact_t  *artifact;

    static ngx_str_t  no_store = ngx_string("private, no-store");

    r = lookup->request;
    artifact = (ngx_http_pserver_artifact_t *) lookup;

    if (ngx_http_pserver_header_add(r, "Cache-Control", &no_store) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_pserver_send_json(r, NGX_HTTP_OK,
                                                          &artifact->text));
}


/* in a thread */

static void
ngx_http_pserver_artifact_download_run(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_pserver_get_t        *get;
    ngx_http_pserver_artifact_t   *artifact;
    ngx_http_pserver_artifacts_t   artifacts;

    artifact = (ngx_http_pserver_artifact_t *) lookup;
    get = &artifact->get;

    lookup->rc = ngx_http_pserver_artifacts_open(&lookup->at,
                                                 &lookup->ledger.row,
                                                 &artifacts);

    if (lookup->rc == NGX_HTTP_PSERVER_STORE_OK) {

        get->opened = 1;
        get->rc = ngx_http_pserver_artifact_find(&artifacts, artifact->path,
                                                 &get->object);
        get->found = 1;

        get->owner = artifacts.owner.address;
        ngx_memcpy(get->file, artifacts.owner.file,
                   NGX_HTTP_PSERVER_OBJECT_FILE);

        ngx_http_pserver_get_open(get);

        /* an operation there is */

        if (get->rc != NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
            lookup->rc = get->rc;
        }
    }

    ngx_http_pserver_artifacts_close(&artifacts);
}


static void
ngx_http_pserver_artifact_download_found(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_request_t           *r;
    ngx_http_pserver_artifact_t  *artifact;

    r = lookup->request;
    artifact = (ngx_http_pserver_artifact_t *) lookup;

    if (artifact->get.rc == NGX_HTTP_PSERVER_STORE_NOT_FOUND) {
        ngx_http_finalize_request(r,
                       ngx_http_pserver_error_compute(r, NGX_HTTP_NOT_FOUND,
                                       "NOT_FOUND_ERROR",
                                       "There is no such artifact", NULL));
        return;
    }

    lookup->object = artifact->get.object.open.meta.sha256;

    ngx_http_pserver_lookup_release(lookup);
}


static void
ngx_http_pserver_artifact_download_released(ngx_http_pserver_lookup_t *lookup)
{
    ngx_http_request_t           *r;
    pserver_seal_meta_t          *meta;
    ngx_http_pserver_ctx_t       *ctx;
    ngx_http_pserver_artifact_t  *artifact;

    r = lookup->request;
    artifact = (ngx_http_pserver_artifact_t *) lookup;
    meta = &artifact->get.object.open.meta;

    ngx_http_pserver_artifact_type(artifact->clcf, meta->filename,
                                   &meta->type);

    if (ngx_http_pserver_artifact_disposition(r, meta->filename) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_pserver_module);
    ctx->state = &artifact->get;

    ngx_http_pserver_get_answer(r, &artifact->get);
}
