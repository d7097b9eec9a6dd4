/*
 * The driver of jobs: what a run came to, in the row and in the log.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_audit.h"
#include "ngx_http_pserver_wait.h"
#include "ngx_http_pserver_zone.h"

#include "../core/encode.h"


static pserver_job_event_e ngx_http_pserver_job_outcome(
    ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_locked(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_count(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_audit(ngx_http_pserver_job_t *job,
    pserver_entry_type_e type, const char *reason);


void
ngx_http_pserver_job_run(ngx_http_pserver_job_t *job)
{
    job->row.started = ngx_http_pserver_chain_now();

    ngx_http_pserver_job_audit(job, PSERVER_ENTRY_OPERATION_STARTED, NULL);
    ngx_http_pserver_job_save(job);

    /* a quick one has said all before the engine says that it runs */

    ngx_post_event(&job->wake, &ngx_posted_events);
}


/* the tunnel has noted something */

void
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

void
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
        row->artifacts = job->output.artifacts;
    }

    ngx_http_pserver_job_save(job);
}


/* what a thread made of the row */

void
ngx_http_pserver_job_saved(ngx_http_pserver_job_t *job, ngx_uint_t rc)
{
    if (job->machine.step == PSERVER_JOB_STEP_LOAD
        && !job->remote && !job->retry.timer_set)
    {
        ngx_http_pserver_job_open(job);
        return;
    }

    if (job->machine.step != PSERVER_JOB_STEP_RECORD) {
        return;
    }

    if (job->row.state != job->machine.end) {

        /* that was the row of an earlier step */

        ngx_http_pserver_job_record(job);
        return;
    }

    if (rc == NGX_HTTP_PSERVER_STORE_LOCKED) {
        ngx_http_pserver_job_locked(job);
    }

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_job_retry(job);
        return;
    }

    ngx_http_pserver_job_count(job);
    ngx_http_pserver_wait_ended(job->place.name);
    ngx_http_pserver_output_free(&job->output);
    ngx_http_pserver_job_release(job);
    ngx_http_pserver_job_event(job, PSERVER_JOB_RECORDED, 0);
}


/*
 * The end can be written when the owner unlocks, who knows when.  No result
 * waits here in the open until then, no place is taken, and no worker is kept
 * from quitting: who adopts the job starts it again.
 */

static void
ngx_http_pserver_job_locked(ngx_http_pserver_job_t *job)
{
    if (pserver_job_event(&job->machine, PSERVER_JOB_LOCK, 0) == PSERVER_OK) {
        job->row.finished = 0;
        job->row.artifacts = 0;
        job->row.result.len = 0;
        job->row.result.data = NULL;
    }

    ngx_http_pserver_output_free(&job->output);
    ngx_http_pserver_job_release(job);
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
