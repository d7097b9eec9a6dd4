/*
 * POST /api/v1/operations: the job, written into the ledger and started.
 */


#include "ngx_http_pserver_operation_create.h"
#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"


/*
 * Writing the job down outlives the request: once it is in the ledger it
 * runs, whether or not the client is still there.
 */

struct ngx_http_pserver_accept_s {
    ngx_http_pserver_create_t       *create;     /* NULL: it is gone */
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_ledger_at_t     at;
    ngx_http_pserver_key_t           key;        /* its lock */
    pserver_ledger_row_t             row;
    ngx_http_pserver_ticket_t       *ticket;
    pserver_started_t                first;
    ngx_uint_t                       repeat;
    ngx_uint_t                       rc;
    u_char                           texts[1];
};


static void ngx_http_pserver_create_accept_run(void *data);
static void ngx_http_pserver_create_accept_done(void *data);


ngx_int_t
ngx_http_pserver_create_accept(ngx_http_pserver_create_t *create)
{
    u_char                     *p;
    pserver_ledger_row_t       *row;
    ngx_http_pserver_accept_t  *accept;

    row = &create->row;

    accept = ngx_calloc(sizeof(ngx_http_pserver_accept_t) + row->request.len,
                        create->request->connection->log);
    if (accept == NULL) {
        return NGX_ERROR;
    }

    accept->create = create;
    accept->plcf = create->plcf;
    accept->at = create->at;
    accept->key = create->key;
    accept->row = *row;

    p = accept->texts;
    accept->row.request.data = p;
    ngx_memcpy(p, row->request.data, row->request.len);

    if (ngx_http_pserver_thread_run(ngx_http_pserver_create_accept_run,
                                    ngx_http_pserver_create_accept_done,
                                    accept)
        != NGX_OK)
    {
        ngx_free(accept);
        return NGX_ERROR;
    }

    accept->ticket = create->ticket;
    create->ticket = NULL;
    create->accept = accept;
    create->key.lock = -1;

    return NGX_OK;
}


void
ngx_http_pserver_create_accept_leave(ngx_http_pserver_create_t *create)
{
    if (create->accept) {
        create->accept->create = NULL;
        create->accept = NULL;
    }
}


static void
ngx_http_pserver_create_accept_run(void *data)
{
    ngx_http_pserver_accept_t  *accept = data;

    accept->rc = ngx_http_pserver_ledger_accept(&accept->at, &accept->row,
                                              accept->plcf->repeat_window,
                                              &accept->first,
                                              &accept->repeat);
}


static void
ngx_http_pserver_create_accept_done(void *data)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_pserver_create_t  *create;
    ngx_http_pserver_accept_t  *accept = data;

    if (accept->rc == NGX_HTTP_PSERVER_STORE_OK && !accept->repeat) {

        ngx_http_pserver_count(jobs_accepted, 1);

        if (ngx_http_pserver_job_start(accept->plcf, &accept->row,
                                       accept->ticket)
            != NGX_OK)
        {
            accept->rc = NGX_HTTP_PSERVER_STORE_ERROR;
        }

    } else {
        ngx_http_pserver_queue_leave(accept->ticket);
    }

    ngx_http_pserver_key_release(&accept->key);

    create = accept->create;

    if (create == NULL) {
        ngx_free(accept);
        return;
    }

    create->accept = NULL;
    create->rc = accept->rc;
    create->at.err = accept->at.err;
    create->repeat = accept->repeat;
    create->first = accept->first;

    ngx_free(accept);

    c = create->request->connection;

    ngx_http_set_log_request(c->log, create->request);

    rc = ngx_http_pserver_create_data_error(create);

    if (rc != NGX_OK) {
        ngx_http_finalize_request(create->request, rc);

    } else {
        create->state = NGX_HTTP_PSERVER_CREATE_ANSWER;
        ngx_http_pserver_create_next(create);
    }

    ngx_http_run_posted_requests(c);
}
