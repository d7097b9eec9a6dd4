/*
 * The driver of jobs.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include "../core/encode.h"


/* before there is a container; from then on it is the operation's */
#define NGX_HTTP_PSERVER_JOB_TIMEOUT  60000

#define NGX_HTTP_PSERVER_JOB_WATCH    1000
#define NGX_HTTP_PSERVER_JOB_RETRY    1000
#define NGX_HTTP_PSERVER_JOB_BACKOFF  6          /* doublings of RETRY */


static ngx_int_t ngx_http_pserver_job_copy(ngx_http_pserver_job_t *job,
    const pserver_ledger_row_t *row);
static void ngx_http_pserver_job_timer(ngx_http_pserver_job_t *job,
    ngx_event_t *ev, ngx_event_handler_pt handler);
static void ngx_http_pserver_job_step(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_leave(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_next(void);
static void ngx_http_pserver_job_check(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_kind_e kind, uint64_t not_before);
static void ngx_http_pserver_job_checked(ngx_http_pserver_permission_t *p);
static ngx_int_t ngx_http_pserver_job_prepare(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_t *p);
static void ngx_http_pserver_job_run(ngx_http_pserver_job_t *job);
static pserver_job_event_e ngx_http_pserver_job_outcome(
    ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_record(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_count(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_release(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_audit(ngx_http_pserver_job_t *job,
    pserver_entry_type_e type, const char *reason);
static void ngx_http_pserver_job_time_up(ngx_event_t *ev);
static void ngx_http_pserver_job_watch(ngx_event_t *ev);
static void ngx_http_pserver_job_again(ngx_event_t *ev);
static void ngx_http_pserver_job_wake(ngx_event_t *ev);


/* of this process */

static ngx_queue_t       ngx_http_pserver_jobs;
static ngx_uint_t        ngx_http_pserver_jobs_running;
static ngx_uint_t        ngx_http_pserver_jobs_n;       /* in the queue */


ngx_int_t
ngx_http_pserver_job_start(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row, ngx_uint_t adopted)
{
    u_char                  *p;
    ngx_pool_t              *pool;
    ngx_http_pserver_job_t  *job;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    job = ngx_pcalloc(pool, sizeof(ngx_http_pserver_job_t));
    if (job == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    job->pool = pool;
    job->log = ngx_cycle->log;
    job->plcf = plcf;

    if (ngx_http_pserver_job_copy(job, row) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    ngx_http_pserver_ledger_place(&job->place, &job->row);

    p = ngx_cpymem(job->name, "pserver-", sizeof("pserver-") - 1);
    (void) pserver_hex_encode(p, job->place.name, PSERVER_LEDGER_NAME_LEN);

    ngx_http_pserver_job_timer(job, &job->timer,
                               ngx_http_pserver_job_time_up);
    ngx_http_pserver_job_timer(job, &job->watch, ngx_http_pserver_job_watch);
    ngx_http_pserver_job_timer(job, &job->retry, ngx_http_pserver_job_again);
    ngx_http_pserver_job_timer(job, &job->wake, ngx_http_pserver_job_wake);

    if (ngx_http_pserver_jobs.next == NULL) {
        ngx_queue_init(&ngx_http_pserver_jobs);
    }

    ngx_queue_insert_tail(&ngx_http_pserver_jobs, &job->queue);
    ngx_http_pserver_jobs_n++;

    ngx_http_pserver_hold();
    job->held = 1;

    pserver_job_init(&job->machine);

    if (adopted) {
        job->machine.state = row->state;
        job->machine.reason = row->reason;
        job->machine.status = row->status;
        job->machine.attempts = row->attempts;

        pserver_job_adopt(&job->machine, NGX_HTTP_PSERVER_JOB_ATTEMPTS);
    }

    if (job->machine.step == PSERVER_JOB_STEP_SWEEP) {
        ngx_http_pserver_job_release(job);

    } else {
        ngx_add_timer(&job->watch, NGX_HTTP_PSERVER_JOB_WATCH);
    }

    ngx_http_pserver_job_step(job);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pserver_job_copy(ngx_http_pserver_job_t *job,
    const pserver_ledger_row_t *row)
{
    u_char  *p;

    p = ngx_pnalloc(job->pool, row->operation.len + row->request.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    job->row = *row;

    job->row.operation.data = p;
    p = ngx_cpymem(p, row->operation.data, row->operation.len);

    job->row.request.data = p;
    ngx_memcpy(p, row->request.data, row->request.len);

    job->row.result.len = 0;
    job->row.result.data = NULL;

    return NGX_OK;
}


static void
ngx_http_pserver_job_timer(ngx_http_pserver_job_t *job, ngx_event_t *ev,
    ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = &job->connection;
    ev->log = job->log;

    job->connection.fd = (ngx_socket_t) -1;
    job->connection.data = job;
}


ngx_uint_t
ngx_http_pserver_job_full(ngx_http_pserver_loc_conf_t *plcf)
{
    return ngx_http_pserver_jobs_n
           >= plcf->engine_jobs + plcf->engine_queue;
}


void
ngx_http_pserver_job_cancel(const ngx_http_pserver_row_place_t *place)
{
    ngx_queue_t             *q;
    ngx_http_pserver_job_t  *job;

    if (ngx_http_pserver_jobs.next == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_http_pserver_jobs);
         q != ngx_queue_sentinel(&ngx_http_pserver_jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_http_pserver_job_t, queue);

        if (ngx_memcmp(&job->place, place, sizeof(job->place)) == 0) {
            ngx_http_pserver_job_event(job, PSERVER_JOB_CANCEL, 0);
            return;
        }
    }
}


void
ngx_http_pserver_job_event(ngx_http_pserver_job_t *job,
    pserver_job_event_e event, uint32_t value)
{
    int                 rc;
    pserver_job_step_e  step;

    step = job->machine.step;

    rc = pserver_job_event(&job->machine, event, value);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, job->log, 0,
                   "http pserver job: event:%d step:%d:%d rc:%d",
                   event, step, job->machine.step, rc);

    if (rc == PSERVER_INVALID) {
        ngx_log_error(NGX_LOG_ALERT, job->log, 0,
                      "pserver: event %d of a job in step %d", event, step);
        return;
    }

    if (rc == PSERVER_OK && job->machine.step != step) {
        ngx_http_pserver_job_leave(job);
        ngx_http_pserver_job_step(job);
    }
}


/* carries out the step that the job has come to */

static void
ngx_http_pserver_job_step(ngx_http_pserver_job_t *job)
{
    switch (job->machine.step) {

    case PSERVER_JOB_STEP_QUEUE:
        ngx_http_pserver_job_next();
        break;

    case PSERVER_JOB_STEP_CHECK:
        ngx_http_pserver_job_check(job, NGX_HTTP_PSERVER_PERMISSION_RUN,
                                   ngx_http_pserver_chain_now());
        break;

    case PSERVER_JOB_STEP_LOAD:
        ngx_http_pserver_job_load(job);
        break;

    case PSERVER_JOB_STEP_CREATE:
        ngx_add_timer(&job->timer, job->operation->timeout);
        ngx_http_pserver_job_create(job);
        break;

    case PSERVER_JOB_STEP_ATTACH:
        ngx_http_pserver_job_attach(job);
        break;

    case PSERVER_JOB_STEP_START:
        ngx_http_pserver_job_launch(job);
        break;

    case PSERVER_JOB_STEP_RUN:
        ngx_http_pserver_job_run(job);
        break;

    case PSERVER_JOB_STEP_WAIT:
        ngx_http_pserver_job_wait(job);
        break;

    case PSERVER_JOB_STEP_INSPECT:
        ngx_http_pserver_job_inspect(job);
        break;

    case PSERVER_JOB_STEP_REMOVE:
    case PSERVER_JOB_STEP_SWEEP:
        ngx_http_pserver_job_remove(job);
        break;

    case PSERVER_JOB_STEP_RECORD:
        ngx_http_pserver_job_record(job);
        break;

    case PSERVER_JOB_STEP_END:
        ngx_http_pserver_job_forget(job);
        break;
    }
}


/* nothing of the old step goes on, but the tunnel while it is needed */

static void
ngx_http_pserver_job_leave(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_drop(job,
                             job->machine.step > PSERVER_JOB_STEP_RUN);

    if (job->checking) {
        job->checking = 0;
        ngx_http_pserver_permission_cancel(&job->check);
    }

    if (job->retry.timer_set) {
        ngx_del_timer(&job->retry);
    }

    /* who loads it frees it */

    if (job->machine.step > PSERVER_JOB_STEP_RUN && !job->loading) {
        ngx_http_pserver_input_free(&job->input);
    }

    if (job->machine.step >= PSERVER_JOB_STEP_REMOVE) {

        if (job->timer.timer_set) {
            ngx_del_timer(&job->timer);
        }

        if (job->watch.timer_set) {
            ngx_del_timer(&job->watch);
        }
    }
}


/* as many as there are places for, in order */

static void
ngx_http_pserver_job_next(void)
{
    ngx_queue_t             *q, *next;
    ngx_http_pserver_job_t  *job;

    for (q = ngx_queue_head(&ngx_http_pserver_jobs);
         q != ngx_queue_sentinel(&ngx_http_pserver_jobs);
         q = next)
    {
        next = ngx_queue_next(q);
        job = ngx_queue_data(q, ngx_http_pserver_job_t, queue);

        if (job->machine.step == PSERVER_JOB_STEP_QUEUE
            && ngx_http_pserver_jobs_running < job->plcf->engine_jobs)
        {
            ngx_http_pserver_jobs_running++;
            ngx_http_pserver_count(jobs_running, 1);

            job->slot = 1;

            ngx_add_timer(&job->timer, NGX_HTTP_PSERVER_JOB_TIMEOUT);

            ngx_http_pserver_job_event(job, PSERVER_JOB_SLOT, 0);
        }
    }
}


static void
ngx_http_pserver_job_check(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_kind_e kind, uint64_t not_before)
{
    ngx_http_pserver_permission_t  *p;

    p = &job->check;

    ngx_memzero(p, sizeof(ngx_http_pserver_permission_t));

    p->kind = kind;
    p->plcf = job->plcf;
    p->id = job->row.permission;
    p->app = job->row.app;
    p->not_before = not_before;
    p->handler = ngx_http_pserver_job_checked;
    p->data = job;

    if (kind == NGX_HTTP_PSERVER_PERMISSION_RUN) {
        p->operation = job->row.operation;
        p->n = job->plcf->operations->nelts;
        p->offers = ngx_http_pserver_operation_offers(job->plcf, job->pool);

        if (p->offers == NULL) {
            ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
            return;
        }
    }

    job->checking = 1;

    ngx_http_pserver_permission_check(p);
}


/* before it starts, and again and again while it runs */

static void
ngx_http_pserver_job_checked(ngx_http_pserver_permission_t *p)
{
    ngx_http_pserver_job_t  *job = p->data;

    job->checking = 0;

    if (p->verdict.reason == PSERVER_UNAVAILABLE
        || p->verdict.reason == PSERVER_GRANT_UNREADABLE)
    {
        /* neither yes nor no: the job's time decides */

        if (job->machine.step == PSERVER_JOB_STEP_CHECK) {
            ngx_add_timer(&job->retry, NGX_HTTP_PSERVER_JOB_RETRY);
        }

        return;
    }

    if (p->verdict.reason != PSERVER_ALLOWED
        || ngx_memcmp(p->facts->grantor.bytes, job->row.owner.bytes, 20) != 0)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_DENIED, 0);
        return;
    }

    if (job->machine.step != PSERVER_JOB_STEP_CHECK) {
        return;
    }

    if (ngx_http_pserver_job_prepare(job, p) != NGX_OK) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    ngx_http_pserver_job_event(job, PSERVER_JOB_ALLOWED, 0);
}


static ngx_int_t
ngx_http_pserver_job_prepare(ngx_http_pserver_job_t *job,
    ngx_http_pserver_permission_t *p)
{
    ngx_int_t               rc;
    pserver_json_doc_t     *doc;
    const pserver_json_t   *parameters;

    static const pserver_json_limits_t  limits = { 32, 20000 };

    job->operation = ngx_http_pserver_operation_find(job->plcf,
                                                     &job->row.operation);
    if (job->operation == NULL) {
        return NGX_ERROR;
    }

    /* the text was looked at closely when it was accepted */

    if (pserver_json_parse(job->row.request.data, job->row.request.len,
                           &limits, &doc)
        != PSERVER_OK)
    {
        return NGX_ERROR;
    }

    parameters = pserver_json_get(pserver_json_root(doc), "parameters");

    rc = ngx_http_pserver_input_init(&job->input, job->pool, job->plcf,
                                     job->operation, p->facts, parameters);

    pserver_json_free(doc);

    return rc;
}


static void
ngx_http_pserver_job_run(ngx_http_pserver_job_t *job)
{
    job->row.started = ngx_http_pserver_chain_now();

    ngx_http_pserver_job_audit(job, PSERVER_ENTRY_OPERATION_STARTED, NULL);
    ngx_http_pserver_job_save(job);

    /* a quick one has said all before the engine says that it runs */

    ngx_post_event(&job->wake, &ngx_posted_events);
}


/* the tunnel has noted something */

static void
ngx_http_pserver_job_wake(ngx_event_t *ev)
{
    uint32_t                 status;
    ngx_connection_t        *dummy;
    ngx_http_pserver_job_t  *job;

    dummy = ev->data;
    job = dummy->data;

    if (job->machine.step == PSERVER_JOB_STEP_ATTACH && job->opened) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_ATTACHED, 0);
        return;
    }

    if (job->machine.step != PSERVER_JOB_STEP_RUN
        || (job->tunnel && !ngx_http_pserver_output_over(&job->output)))
    {
        return;
    }

    status = job->output.reader.head.status;

    ngx_http_pserver_job_event(job, ngx_http_pserver_job_outcome(job),
                               status);
}


static pserver_job_event_e
ngx_http_pserver_job_outcome(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_output_t  *output;

    output = &job->output;

    if (output->overflow) {
        return PSERVER_JOB_OVERFLOW;
    }

    if (output->broken) {
        ngx_log_error(NGX_LOG_ERR, job->log, 0,
                      "pserver: the output of operation \"%*s\" is broken",
                      job->row.operation.len, job->row.operation.data);
        return PSERVER_JOB_TROUBLE;
    }

    if (!output->whole) {
        return PSERVER_JOB_CUT;
    }

    switch (output->reader.head.outcome) {

    case PSERVER_PAYLOAD_RAN:

        if (output->reader.head.status) {
            return PSERVER_JOB_STATUS;
        }

        return output->valid ? PSERVER_JOB_RESULT : PSERVER_JOB_NO_RESULT;

    case PSERVER_PAYLOAD_INPUT:
        return PSERVER_JOB_BAD_INPUT;

    case PSERVER_PAYLOAD_COMMAND:
        return PSERVER_JOB_STATUS;

    case PSERVER_PAYLOAD_LIMIT:
        return PSERVER_JOB_OVERFLOW;

    default: /* PSERVER_PAYLOAD_OUTPUT */
        return PSERVER_JOB_NO_RESULT;
    }
}


/* the end of it, in the row and in the log */

static void
ngx_http_pserver_job_record(ngx_http_pserver_job_t *job)
{
    const char            *reason;
    pserver_ledger_row_t  *row;

    row = &job->row;

    if (job->saving) {
        return;
    }

    row->reason = job->machine.reason;
    row->status = job->machine.status;

    if (row->finished == 0) {
        row->finished = ngx_http_pserver_chain_now();

        reason = pserver_job_reason(row->reason);

        ngx_http_pserver_job_audit(job,
                           job->machine.end == PSERVER_JOB_CANCELED
                           ? PSERVER_ENTRY_OPERATION_CANCELED
                           : PSERVER_ENTRY_OPERATION_FINISHED,
                           reason ? reason
                                  : pserver_job_status(job->machine.end));
    }

    if (job->machine.end == PSERVER_JOB_SUCCEEDED) {
        row->result.len = job->output.result.len;
        row->result.data = job->output.result.data;
    }

    ngx_http_pserver_job_save(job);
}


/* what a thread made of the row */

void
ngx_http_pserver_job_saved(ngx_http_pserver_job_t *job, ngx_uint_t rc)
{
    if (job->machine.step != PSERVER_JOB_STEP_RECORD) {
        return;
    }

    if (job->row.state != job->machine.end) {

        /* that was the row of an earlier step */

        ngx_http_pserver_job_record(job);
        return;
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_job_retry(job);
        return;
    }

    ngx_http_pserver_job_count(job);
    ngx_http_pserver_output_free(&job->output);
    ngx_http_pserver_job_release(job);
    ngx_http_pserver_job_event(job, PSERVER_JOB_RECORDED, 0);
}


static void
ngx_http_pserver_job_count(ngx_http_pserver_job_t *job)
{
    switch (job->machine.end) {

    case PSERVER_JOB_SUCCEEDED:
        ngx_http_pserver_count(jobs_succeeded, 1);
        break;

    case PSERVER_JOB_CANCELED:
        ngx_http_pserver_count(jobs_canceled, 1);
        break;

    default: /* PSERVER_JOB_FAILED */
        ngx_http_pserver_count(jobs_failed, 1);
        break;
    }
}


/* its place goes to the next one */

static void
ngx_http_pserver_job_release(ngx_http_pserver_job_t *job)
{
    job->tries = 0;

    if (job->slot) {
        job->slot = 0;

        ngx_http_pserver_jobs_running--;
        ngx_http_pserver_count(jobs_running, -1);

        ngx_http_pserver_job_next();
    }

    /* a container that can't be removed is left to who adopts the job */

    if (job->held) {
        job->held = 0;
        job->retry.cancelable = 1;
        ngx_http_pserver_release();
    }
}


/* once no thread knows it any more */

void
ngx_http_pserver_job_free(ngx_http_pserver_job_t *job)
{
    if (job->wake.posted) {
        ngx_delete_posted_event(&job->wake);
    }

    ngx_queue_remove(&job->queue);
    ngx_http_pserver_jobs_n--;

    ngx_http_pserver_input_free(&job->input);
    ngx_http_pserver_output_free(&job->output);
    ngx_http_pserver_job_release(job);

    ngx_destroy_pool(job->pool);
}


void
ngx_http_pserver_job_retry(ngx_http_pserver_job_t *job)
{
    ngx_uint_t  n;

    n = ngx_min(job->tries, NGX_HTTP_PSERVER_JOB_BACKOFF);
    job->tries++;

    ngx_add_timer(&job->retry, NGX_HTTP_PSERVER_JOB_RETRY << n);
}


static void
ngx_http_pserver_job_again(ngx_event_t *ev)
{
    ngx_connection_t  *dummy;

    dummy = ev->data;

    ngx_http_pserver_job_step(dummy->data);
}


static void
ngx_http_pserver_job_time_up(ngx_event_t *ev)
{
    ngx_connection_t  *dummy;

    dummy = ev->data;

    ngx_http_pserver_job_event(dummy->data, PSERVER_JOB_TIME_UP, 0);
}


/* has a client canceled it by way of another worker; may it still run? */

static void
ngx_http_pserver_job_watch(ngx_event_t *ev)
{
    ngx_connection_t        *dummy;
    ngx_http_pserver_job_t  *job;

    dummy = ev->data;
    job = dummy->data;

    ngx_add_timer(ev, NGX_HTTP_PSERVER_JOB_WATCH);

    ngx_http_pserver_job_look(job);

    if (job->machine.step == PSERVER_JOB_STEP_RUN && !job->checking) {
        ngx_http_pserver_job_check(job, NGX_HTTP_PSERVER_PERMISSION_AGAIN, 0);
    }
}


static void
ngx_http_pserver_job_audit(ngx_http_pserver_job_t *job,
    pserver_entry_type_e type, const char *reason)
{
    u_char                           id[2 * PSERVER_LEDGER_ID_LEN];
    pserver_ledger_row_t            *row;
    ngx_http_pserver_audit_entry_t   entry;

    row = &job->row;

    ngx_memzero(&entry, sizeof(ngx_http_pserver_audit_entry_t));

    (void) pserver_hex_encode(id, row->id, PSERVER_LEDGER_ID_LEN);

    entry.type = type;
    entry.owner = &row->owner;
    entry.app = &row->app;
    entry.permission = &row->permission;
    entry.operation.len = row->operation.len;
    entry.operation.data = row->operation.data;
    entry.operation_id.len = sizeof(id);
    entry.operation_id.data = id;
    entry.request = row->digest.bytes;

    if (reason) {
        entry.reason.len = ngx_strlen(reason);
        entry.reason.data = (u_char *) reason;
    }

    if (ngx_http_pserver_audit_append(job->plcf, &entry, NULL) == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, job->log, 0,
                      "pserver: an entry of a job is not in the log");
    }
}
