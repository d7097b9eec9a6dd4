/*
 * Artifacts: the files that a job left beside its result.
 *
 *   <pserver_store>/owners/<addr>/jobs/<row>.out/<number>
 *
 * Each is a sealed object (core/seal), numbered from 00000001 in the order
 * of pserver_tar_compare(); its path is the sealed filename.  Its name is
 * the keyed hash of the row's, so it opens as this artifact of this job and
 * as no other.  They are written before the row says how many there are,
 * and go with the row: one that is missing shows.
 *
 * All functions do system calls and are called from a thread; they return
 * ngx_http_pserver_store_rc_e.
 */

#ifndef _NGX_HTTP_PSERVER_ARTIFACT_H_INCLUDED_
#define _NGX_HTTP_PSERVER_ARTIFACT_H_INCLUDED_


#include "ngx_http_pserver_job.h"


/* the folder's name, with a zero */

#define NGX_HTTP_PSERVER_ARTIFACTS_NAME                                       \
    (2 * PSERVER_LEDGER_NAME_LEN + sizeof(".out"))

void ngx_http_pserver_artifacts_name(
    char file[NGX_HTTP_PSERVER_ARTIFACTS_NAME],
    const u_char name[PSERVER_LEDGER_NAME_LEN]);


/* those of one job, open */

typedef struct {
    ngx_http_pserver_owner_t         owner;
    ngx_fd_t                         folder;     /* -1: there are none */
    pserver_seal_place_t             place;
    ngx_uint_t                       n;
} ngx_http_pserver_artifacts_t;


/* all that the output has, durable; what an earlier attempt left goes */
ngx_uint_t ngx_http_pserver_artifacts_save(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, const ngx_http_pserver_output_t *output);

/* close them in any case */
ngx_uint_t ngx_http_pserver_artifacts_open(ngx_http_pserver_ledger_at_t *at,
    const pserver_ledger_row_t *row, ngx_http_pserver_artifacts_t *artifacts);
void ngx_http_pserver_artifacts_close(
    ngx_http_pserver_artifacts_t *artifacts);

/*
 * One of them, 1 to n; object starts zeroed, close it in any case.  BAD: it
 * is not there or does not open.
 */
ngx_uint_t ngx_http_pserver_artifact_open(
    ngx_http_pserver_artifacts_t *artifacts, ngx_uint_t number,
    ngx_http_pserver_object_t *object);

/* the one of this path, or NOT_FOUND */
ngx_uint_t ngx_http_pserver_artifact_find(
    ngx_http_pserver_artifacts_t *artifacts, pserver_str_t path,
    ngx_http_pserver_object_t *object);


/* http/operation_artifact_name */

#define NGX_HTTP_PSERVER_ARTIFACT_TYPE  128      /* of a content type */

ngx_int_t ngx_http_pserver_artifact_disposition(ngx_http_request_t *r,
    pserver_str_t path);

/* by the "types" of the location; needs no escapes in JSON */
void ngx_http_pserver_artifact_type(ngx_http_core_loc_conf_t *clcf,
    pserver_str_t path, pserver_str_t *type);


#endif /* _NGX_HTTP_PSERVER_ARTIFACT_H_INCLUDED_ */
