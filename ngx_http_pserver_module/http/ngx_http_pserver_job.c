/*
 * The driver of jobs.
 */


#include "ngx_http_pserver_job.h"
#include "ngx_http_pserver_custody.h"
#include "ngx_http_pserver_thread.h"
#include "ngx_http_pserver_zone.h"

#include "../core/encode.h"


/* before there is a container; from then on it is the operation's */
#define NGX_HTTP_PSERVER_JOB_TIMEOUT  60000

#define NGX_HTTP_PSERVER_JOB_WATCH    1000

/* of those that wait so many are looked at in a second */
#define NGX_HTTP_PSERVER_JOB_WAITING  250

/* msec between two looks at the queue, while jobs wait there */
#define NGX_HTTP_PSERVER_JOB_CALLED   20

#define NGX_HTTP_PSERVER_JOB_BACKOFF  6          /* doublings of RETRY */


static ngx_http_pserver_job_t *ngx_http_pserver_job_new(
    ngx_http_pserver_loc_conf_t *plcf, const pserver_ledger_row_t *row);
static ngx_int_t ngx_http_pserver_job_copy(ngx_http_pserver_job_t *job,
    const pserver_ledger_row_t *row);
static void ngx_http_pserver_job_timer(ngx_http_pserver_job_t *job,
    ngx_event_t *ev, ngx_event_handler_pt handler);
static void ngx_http_pserver_job_step(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_leave(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_queue(ngx_http_pserver_job_t *job);
static void ngx_http_pserver_job_next(void);
static void ngx_http_pserver_job_call(ngx_http_pserver_job_t *job,
    ngx_uint_t slot);
static void ngx_http_pserver_job_called(ngx_event_t *ev);
static void ngx_http_pserver_job_again(ngx_event_t *ev);
static void ngx_http_pserver_job_time_up(ngx_event_t *ev);
static void ngx_http_pserver_job_watch(ngx_event_t *ev);


/* of this process */

static ngx_queue_t       ngx_http_pserver_jobs;
static ngx_uint_t        ngx_http_pserver_jobs_waiting; /* in step QUEUE */
static ngx_event_t       ngx_http_pserver_jobs_timer;
static ngx_connection_t  ngx_http_pserver_jobs_dummy;


ngx_int_t
ngx_http_pserver_job_start(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row, ngx_http_pserver_ticket_t *ticket)
{
    ngx_http_pserver_job_t  *job;

    job = ngx_http_pserver_job_new(plcf, row);

    if (job == NULL) {
        ngx_http_pserver_queue_leave(ticket);
        return NGX_ERROR;
    }

    job->ticket = ticket;

    pserver_job_init(&job->machine);

    ngx_add_timer(&job->watch, NGX_HTTP_PSERVER_JOB_WATCH);

    ngx_http_pserver_job_step(job);

    return NGX_OK;
}


ngx_int_t
ngx_http_pserver_job_adopt(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row)
{
    ngx_http_pserver_job_t  *job;

    job = ngx_http_pserver_job_new(plcf, row);

    if (job == NULL) {
        return NGX_ERROR;
    }

    job->engine = ngx_http_pserver_engine_find(plcf, row->engine);

    job->machine.state = row->state;
    job->machine.reason = row->reason;
    job->machine.status = row->status;
    job->machine.attempts = row->attempts;

    pserver_job_adopt(&job->machine, ngx_http_pserver_job_attempts(job));

    if (job->machine.step == PSERVER_JOB_STEP_SWEEP) {
        ngx_http_pserver_job_release(job);

    } else {
        ngx_add_timer(&job->watch, NGX_HTTP_PSERVER_JOB_WATCH);
    }

    ngx_http_pserver_job_step(job);

    return NGX_OK;
}


/* a job of this worker, which it holds */

static ngx_http_pserver_job_t *
ngx_http_pserver_job_new(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row)
{
    ngx_pool_t              *pool;
    ngx_http_pserver_job_t  *job;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    job = ngx_pcalloc(pool, sizeof(ngx_http_pserver_job_t));
    if (job == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    job->pool = pool;
    job->log = ngx_cycle->log;
    job->plcf = plcf;

    if (ngx_http_pserver_job_copy(job, row) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_http_pserver_ledger_place(&job->place, &job->row);

    (void) pserver_hex_encode(job->hex, job->place.name,
                              PSERVER_LEDGER_NAME_LEN);

    ngx_http_pserver_job_timer(job, &job->timer,
                               ngx_http_pserver_job_time_up);
    ngx_http_pserver_job_timer(job, &job->watch, ngx_http_pserver_job_watch);
    ngx_http_pserver_job_timer(job, &job->retry, ngx_http_pserver_job_again);
    ngx_http_pserver_job_timer(job, &job->wake, ngx_http_pserver_job_wake);

    if (ngx_http_pserver_jobs.next == NULL) {
        ngx_queue_init(&ngx_http_pserver_jobs);

        ngx_http_pserver_jobs_dummy.fd = (ngx_socket_t) -1;
        ngx_http_pserver_jobs_timer.handler = ngx_http_pserver_job_called;
        ngx_http_pserver_jobs_timer.data = &ngx_http_pserver_jobs_dummy;
        ngx_http_pserver_jobs_timer.log = ngx_cycle->log;
    }

    ngx_queue_insert_tail(&ngx_http_pserver_jobs, &job->queue);

    ngx_http_pserver_hold();
    job->held = 1;

    return job;
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

    ngx_memzero(&job->row.result, sizeof(pserver_str_t));
    ngx_memzero(&job->row.inputs, sizeof(pserver_str_t));
    ngx_memzero(&job->row.outputs, sizeof(pserver_str_t));

    return NGX_OK;
}


/* an operation that is not offered any more is refused when it starts */

ngx_uint_t
ngx_http_pserver_job_attempts(ngx_http_pserver_job_t *job)
{
    ngx_http_pserver_operation_t  *op;

    op = ngx_http_pserver_operation_find(job->plcf, &job->row.operation);

    return op ? op->attempts : NGX_HTTP_PSERVER_OPERATION_ATTEMPTS;
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


void
ngx_http_pserver_job_cancel(const ngx_http_pserver_row_place_t *place)
{
    ngx_queue_t             *q;
    ngx_http_pserver_job_t  *job;

    if (ngx_http_pserver_jobs.next) {

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

    ngx_http_pserver_queue_cancel(place->name);
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

        if (step == PSERVER_JOB_STEP_QUEUE && job->waiting) {
            job->waiting = 0;
            ngx_http_pserver_jobs_waiting--;
        }

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
        ngx_http_pserver_job_queue(job);
        break;

    case PSERVER_JOB_STEP_CHECK:
        ngx_http_pserver_job_check(job, PSERVER_DECIDE_RUN,
                                   ngx_http_pserver_chain_moment());
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

    if (job->remote) {
        ngx_http_pserver_remote_cancel(job->remote);
        job->remote = NULL;
    }

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

        /* one that is to be tried again can still be canceled */

        if (job->watch.timer_set && job->machine.end) {
            ngx_del_timer(&job->watch);
        }
    }
}


/* it waits, and its worker for it to be called */

static void
ngx_http_pserver_job_queue(ngx_http_pserver_job_t *job)
{
    /* one that was adopted, or that comes back: from the beginning */

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    ngx_http_pserver_input_free(&job->input);
    ngx_http_pserver_output_free(&job->output);
    job->sent = 0;
    job->opened = 0;
    job->cleared = 0;
    job->machine.early = 0;

    /* while it waits it is not tried, whatever becomes of its worker */

    if (job->row.state != PSERVER_JOB_QUEUED) {
        job->row.attempts = job->machine.attempts;
        ngx_http_pserver_job_save(job);
    }

    if (job->ticket == NULL
        && ngx_http_pserver_queue_enter(job->plcf, &job->row, 1,
                                        &job->ticket)
           != NGX_OK)
    {
        ngx_http_pserver_job_retry(job);
        return;
    }

    job->waiting = 1;
    ngx_http_pserver_jobs_waiting++;

    ngx_http_pserver_queue_wait(job->ticket);

    if (!ngx_http_pserver_jobs_timer.timer_set) {
        ngx_add_timer(&ngx_http_pserver_jobs_timer,
                      NGX_HTTP_PSERVER_JOB_CALLED);
    }

    ngx_http_pserver_job_next();
}


/* those that are called */

static void
ngx_http_pserver_job_next(void)
{
    ngx_uint_t                  slot;
    ngx_queue_t                *q;
    ngx_http_pserver_job_t     *job;
    ngx_http_pserver_ticket_t  *ticket;

    while (ngx_http_pserver_jobs_waiting) {

        ticket = ngx_http_pserver_queue_called(&slot);

        if (ticket == NULL) {
            return;
        }

        for (q = ngx_queue_head(&ngx_http_pserver_jobs);
             q != ngx_queue_sentinel(&ngx_http_pserver_jobs);
             q = ngx_queue_next(q))
        {
            job = ngx_queue_data(q, ngx_http_pserver_job_t, queue);

            if (job->ticket == ticket) {
                ngx_http_pserver_job_call(job, slot);
                break;
            }
        }
    }
}


static void
ngx_http_pserver_job_call(ngx_http_pserver_job_t *job, ngx_uint_t slot)
{
    ngx_uint_t                  i;
    ngx_http_pserver_engine_t  *engine;

    if (slot == NGX_HTTP_PSERVER_QUEUE_CANCELED) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_CANCEL, 0);
        return;
    }

    /* its end is being recorded */

    if (!job->waiting) {
        ngx_http_pserver_queue_leave(job->ticket);
        job->ticket = NULL;
        return;
    }

    engine = job->plcf->engines->elts;

    for (i = 0; i < job->plcf->engines->nelts; i++) {
        if (engine[i].slot == slot) {
            job->engine = &engine[i];
            break;
        }
    }

    ngx_add_timer(&job->timer, NGX_HTTP_PSERVER_JOB_TIMEOUT);

    ngx_http_pserver_job_event(job, PSERVER_JOB_SLOT, 0);
}


static void
ngx_http_pserver_job_called(ngx_event_t *ev)
{
    ngx_http_pserver_job_next();

    if (ngx_http_pserver_jobs_waiting) {
        ngx_add_timer(ev, NGX_HTTP_PSERVER_JOB_CALLED);
    }
}


/* its place goes to the next one */

void
ngx_http_pserver_job_release(ngx_http_pserver_job_t *job)
{
    job->tries = 0;

    if (job->ticket) {
        ngx_http_pserver_queue_leave(job->ticket);
        job->ticket = NULL;

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


/* has a client canceled it by way of another worker, has the owner locked the
   keys; is it still allowed? */

static void
ngx_http_pserver_job_watch(ngx_event_t *ev)
{
    ngx_msec_t                      interval;
    ngx_connection_t               *dummy;
    ngx_http_pserver_job_t         *job;
    ngx_http_pserver_custody_at_t   at;

    dummy = ev->data;
    job = dummy->data;

    interval = NGX_HTTP_PSERVER_JOB_WATCH;

    /* however many wait, it is not they who keep the disk busy */

    if (job->waiting) {
        interval = ngx_max(interval, 1000 * ngx_http_pserver_jobs_waiting
                                     / NGX_HTTP_PSERVER_JOB_WAITING);
    }

    ngx_add_timer(ev, interval);

    ngx_http_pserver_job_look(job);

    at.root = job->plcf->store.data;
    at.chain_id = job->plcf->chain_id;
    at.owner = job->row.owner;

    if (ngx_http_pserver_custody_locked(&at)) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_LOCK, 0);
    }

    /* CHECK asks for itself, and looks closer */

    if (job->machine.step != PSERVER_JOB_STEP_CHECK
        && job->machine.step < PSERVER_JOB_STEP_REMOVE
        && !job->checking)
    {
        ngx_http_pserver_job_check(job, PSERVER_DECIDE_AGAIN, 0);
    }

    if (job->waiting && ngx_http_pserver_job_lost(job)) {
        ngx_http_pserver_job_event(job, PSERVER_JOB_TROUBLE, 0);
    }
}
