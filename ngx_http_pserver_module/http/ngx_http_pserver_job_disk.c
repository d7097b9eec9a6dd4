/*
 * The steps of a job that touch the disk, each in a thread.
 *
 * A thread works on a copy of what it needs of the job; of the job itself
 * only the input, while the step is LOAD, and the output, in RECORD.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_artifact.h"
#include "ngx_http_pserver_receipt.h"
#include "ngx_http_pserver_thread.h"


typedef struct {
    ngx_http_pserver_job_t          *job;
    ngx_http_pserver_ledger_at_t     at;
    ngx_http_pserver_row_place_t     place;
    pserver_ledger_row_t             row;
    ngx_uint_t                       durable;
    ngx_uint_t                       drop;       /* the lease, too */
    ngx_uint_t                       rc;
    u_char                           instance[NGX_HTTP_PSERVER_INSTANCE_LEN];
} ngx_http_pserver_job_task_t;


static ngx_http_pserver_job_task_t *ngx_http_pserver_job_task(
    ngx_http_pserver_job_t *job);
static ngx_int_t ngx_http_pserver_job_post(ngx_http_pserver_job_task_t *task,
    ngx_http_pserver_thread_run_pt run, ngx_http_pserver_thread_done_pt done);
static ngx_http_pserver_job_t *ngx_http_pserver_job_done(
    ngx_http_pserver_job_task_t *task);
static void ngx_http_pserver_job_open_run(void *data);
static void ngx_http_pserver_job_open_done(void *data);
static ngx_int_t ngx_http_pserver_job_inputs(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_save_run(void *data);
static void ngx_http_pserver_job_save_done(void *data);
static void ngx_http_pserver_job_look_run(void *data);
static void ngx_http_pserver_job_look_done(void *data);
static void ngx_http_pserver_job_forget_run(void *data);
static void ngx_http_pserver_job_forget_done(void *data);


void
ngx_http_pserver_job_open(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_task_t  *task;

    /* it comes back, and an earlier row is not written yet: after that */

    if (job->saving) {
        return;
    }

    job->row.state = PSERVER_JOB_STARTING;
    job->row.attempts = job->machine.attempts;
    job->row.engine = job->engine->id;

    task = ngx_http_pserver_job_task(job);

    /* where it runs must not be lost if it could run elsewhere */

    if (task) {
        task->durable = (job->plcf->engines->nelts > 1);
    }

    if (task == NULL
        || ngx_http_pserver_job_post(task, ngx_http_pserver_job_open_run,
                                     ngx_http_pserver_job_open_done)
           != NGX_OK)
    {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
        return;
    }

    job->saving = 1;
    job->loading = 1;
}


static void
ngx_http_pserver_job_open_run(void *data)
{
    ngx_http_pserver_job_task_t  *task = data;

    task->rc = ngx_http_pserver_ledger_save(&task->at, &task->row,
                                            task->durable);

    if (task->rc == NGX_HTTP_PSERVER_STORE_OK
        && ngx_http_pserver_instance(task->at.root, task->instance,
                                     &task->at.err)
           != NGX_OK)
    {
        task->rc = NGX_HTTP_PSERVER_STORE_ERROR;
    }

    if (task->rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_input_load(&task->job->input);
    }
}


static void
ngx_http_pserver_job_open_done(void *data)
{
    ngx_uint_t                    rc;
    ngx_http_pserver_job_t       *job;
    ngx_http_pserver_job_task_t  *task = data;

    rc = task->rc;
    ngx_memcpy(task->job->instance, task->instance,
               NGX_HTTP_PSERVER_INSTANCE_LEN);

    job = ngx_http_pserver_job_done(task);
    if (job == NULL) {
        return;
    }

    job->saving = 0;
    job->loading = 0;

    if (job->machine.step != PSERVER_JOB_STEP_LOAD) {
        ngx_http_pserver_input_free(&job->input);
        ngx_http_pserver_job_saved(job, rc);
        return;
    }

    /* without its row it has no input */

    if (rc != NGX_HTTP_PSERVER_STORE_OK) {
        job->input.rc = (rc == NGX_HTTP_PSERVER_STORE_LOCKED)
                        ? NGX_HTTP_PSERVER_INPUT_LOCKED
                        : NGX_HTTP_PSERVER_INPUT_ERROR;

    } else if (ngx_http_pserver_job_inputs(job) != NGX_OK) {
        job->input.rc = NGX_HTTP_PSERVER_INPUT_ERROR;
    }

    ngx_http_pserver_job_loaded(job);
}


/* the input goes when it is fed, its manifest stays in the row */

static ngx_int_t
ngx_http_pserver_job_inputs(ngx_http_pserver_job_t *job)
{
    pserver_str_t  *from, *inputs;

    from = &job->input.manifest;
    inputs = &job->row.inputs;

    inputs->data = ngx_pnalloc(job->pool, from->len);
    if (inputs->data == NULL) {
        return NGX_ERROR;
    }

    if (from->len) {
        ngx_memcpy(inputs->data, from->data, from->len);
    }

    inputs->len = from->len;

    return NGX_OK;
}


/*
 * The row as it is now.  Only the end has to be durable: what a client sees
 * in between may be lost with the power.
 */

void
ngx_http_pserver_job_save(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_task_t  *task;

    if (job->saving) {
        return;
    }

    job->row.state = (job->machine.step == PSERVER_JOB_STEP_RECORD)
                     ? job->machine.end : job->machine.state;

    task = ngx_http_pserver_job_task(job);

    if (task) {
        task->durable = pserver_job_terminal(job->row.state);
        task->drop = task->durable && !job->machine.container;

        if (ngx_http_pserver_job_post(task, ngx_http_pserver_job_save_run,
                                      ngx_http_pserver_job_save_done)
            == NGX_OK)
        {
            job->saving = 1;
            return;
        }
    }

    if (job->machine.step == PSERVER_JOB_STEP_RECORD) {
        ngx_http_pserver_job_retry(job);
    }
}


static void
ngx_http_pserver_job_save_run(void *data)
{
    ngx_http_pserver_job_task_t  *task = data;

    /* what the row counts is there before the row */

    task->rc = NGX_HTTP_PSERVER_STORE_OK;

    if (task->row.artifacts) {
        task->rc = ngx_http_pserver_artifacts_save(&task->at, &task->row,
                                                   &task->job->output);
    }

    if (task->rc == NGX_HTTP_PSERVER_STORE_OK
        && task->row.state == PSERVER_JOB_SUCCEEDED
        && ngx_http_pserver_receipt_outputs(&task->job->output,
                                            &task->row.outputs)
           != NGX_OK)
    {
        task->at.err = ENOMEM;
        task->rc = NGX_HTTP_PSERVER_STORE_ERROR;
    }

    if (task->rc == NGX_HTTP_PSERVER_STORE_OK) {
        task->rc = ngx_http_pserver_ledger_save(&task->at, &task->row,
                                                task->durable);
    }

    free(task->row.outputs.data);

    if (task->rc == NGX_HTTP_PSERVER_STORE_OK && task->drop) {
        ngx_http_pserver_lease_drop(task->at.root, &task->place);
    }
}


static void
ngx_http_pserver_job_save_done(void *data)
{
    ngx_uint_t                    rc;
    ngx_http_pserver_job_t       *job;
    ngx_http_pserver_job_task_t  *task = data;

    rc = task->rc;

    if (rc != NGX_HTTP_PSERVER_STORE_OK
        && rc != NGX_HTTP_PSERVER_STORE_LOCKED)
    {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, task->at.err,
                      "pserver: a row of the ledger could not be written");
    }

    job = ngx_http_pserver_job_done(task);

    if (job) {
        job->saving = 0;
        ngx_http_pserver_job_saved(job, rc);
    }
}


void
ngx_http_pserver_job_look(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_task_t  *task;

    task = ngx_http_pserver_job_task(job);

    if (task) {
        (void) ngx_http_pserver_job_post(task, ngx_http_pserver_job_look_run,
                                         ngx_http_pserver_job_look_done);
    }
}


static void
ngx_http_pserver_job_look_run(void *data)
{
    ngx_http_pserver_job_task_t  *task = data;

    task->rc = ngx_http_pserver_ledger_canceled(&task->at, &task->place);
}


static void
ngx_http_pserver_job_look_done(void *data)
{
    ngx_uint_t                    rc;
    ngx_http_pserver_job_t       *job;
    ngx_http_pserver_job_task_t  *task = data;

    rc = task->rc;
    job = ngx_http_pserver_job_done(task);

    if (job && rc == NGX_HTTP_PSERVER_STORE_OK) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_CANCEL, 0);
    }
}


/* END: the lease was dropped with the row, unless a sweep came between */

void
ngx_http_pserver_job_forget(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_task_t  *task;

    task = ngx_http_pserver_job_task(job);

    if (task == NULL
        || ngx_http_pserver_job_post(task, ngx_http_pserver_job_forget_run,
                                     ngx_http_pserver_job_forget_done)
           != NGX_OK)
    {
        /* the next one to adopt it finds nothing to do */

        if (job->threads == 0) {
            ngx_http_pserver_job_free(job);
        }
    }
}


static void
ngx_http_pserver_job_forget_run(void *data)
{
    ngx_http_pserver_job_task_t  *task = data;

    ngx_http_pserver_lease_drop(task->at.root, &task->place);
}


static void
ngx_http_pserver_job_forget_done(void *data)
{
    (void) ngx_http_pserver_job_done(data);
}


static ngx_http_pserver_job_task_t *
ngx_http_pserver_job_task(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_job_task_t  *task;

    task = ngx_calloc(sizeof(ngx_http_pserver_job_task_t), job->log);
    if (task == NULL) {
        return NULL;
    }

    task->job = job;
    task->at.root = job->plcf->store.data;
    task->at.chain_id = job->plcf->chain_id;
    task->place = job->place;
    task->row = job->row;

    return task;
}


/* frees the task if it can't be posted */

static ngx_int_t
ngx_http_pserver_job_post(ngx_http_pserver_job_task_t *task,
    ngx_http_pserver_thread_run_pt run, ngx_http_pserver_thread_done_pt done)
{
    if (ngx_http_pserver_thread_run(run, done, task) != NGX_OK) {
        ngx_free(task);
        return NGX_ERROR;
    }

    task->job->threads++;

    return NGX_OK;
}


/* NULL: the job is over and this was the last that knew of it */

static ngx_http_pserver_job_t *
ngx_http_pserver_job_done(ngx_http_pserver_job_task_t *task)
{
    ngx_http_pserver_job_t  *job;

    job = task->job;

    ngx_free(task);

    job->threads--;

    if (job->machine.step == PSERVER_JOB_STEP_END && job->threads == 0) {
        ngx_http_pserver_job_free(job);
        return NULL;
    }

    return job;
}
