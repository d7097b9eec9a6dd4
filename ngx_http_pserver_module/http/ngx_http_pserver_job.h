/*
 * The driver of jobs: carries out, in the worker that accepted it, the steps
 * that core/job says.  A job holds the worker until its end is recorded; a
 * worker that quits finishes its own.  What a dead worker leaves behind is
 * adopted by another (http/lease).
 *
 * When and at which engine a job runs says the queue (http/queue).
 */

#ifndef _NGX_HTTP_PSERVER_JOB_H_INCLUDED_
#define _NGX_HTTP_PSERVER_JOB_H_INCLUDED_


#include "ngx_http_pserver_module.h"
#include "ngx_http_pserver_engine.h"
#include "ngx_http_pserver_input.h"
#include "ngx_http_pserver_ledger.h"
#include "ngx_http_pserver_operation.h"
#include "ngx_http_pserver_permission.h"
#include "ngx_http_pserver_queue.h"
#include "ngx_http_pserver_remote.h"
#include "ngx_http_pserver_warm.h"

#include "../core/container.h"
#include "../core/frames.h"
#include "../core/job.h"
#include "../core/json_stream.h"
#include "../core/payload.h"


#define NGX_HTTP_PSERVER_JOB_RETRY  1000


typedef struct ngx_http_pserver_job_s  ngx_http_pserver_job_t;


/* malloc'd, and wiped where it is left */

typedef struct {
    size_t                           len;
    u_char                          *data;
    size_t                           size;
} ngx_http_pserver_output_text_t;


/* what came out of the container so far */

typedef struct {
    pserver_frames_t                 frames;
    pserver_payload_reader_t         reader;
    pserver_json_stream_t            json;       /* of the result */
    ngx_http_pserver_output_text_t   result;
    ngx_http_pserver_output_text_t   files;      /* the others, see _file() */
    ngx_uint_t                       artifacts;  /* how many */
    size_t                           noise;      /* bytes of stderr */
    unsigned                         inside:1;   /* result.json */
    unsigned                         valid:1;    /* it is a JSON object */
    unsigned                         whole:1;
    unsigned                         broken:1;
    unsigned                         overflow:1;
} ngx_http_pserver_output_t;


struct ngx_http_pserver_job_s {
    ngx_queue_t                      queue;      /* of the worker */
    ngx_pool_t                      *pool;
    ngx_log_t                       *log;
    ngx_http_pserver_loc_conf_t     *plcf;
    ngx_http_pserver_operation_t    *operation;  /* after CHECK */

    ngx_http_pserver_ticket_t       *ticket;
    ngx_http_pserver_engine_t       *engine;     /* NULL: none yet */

    pserver_job_t                    machine;
    pserver_ledger_row_t             row;
    ngx_http_pserver_row_place_t     place;

    ngx_http_pserver_permission_t    check;      /* CHECK, then watching */
    ngx_http_pserver_input_t         input;
    ngx_http_pserver_remote_t       *remote;     /* LOAD: it is brought */
    ngx_http_pserver_output_t        output;
    size_t                           sent;       /* of the input */

    ngx_http_pserver_warm_t         *warm;       /* that it takes over */
    ngx_http_pserver_exchange_t     *ex;         /* of this step */
    ngx_http_pserver_exchange_t     *tunnel;

    u_char                           hex[PSERVER_CONTAINER_JOB_LEN];
    u_char                           instance[NGX_HTTP_PSERVER_INSTANCE_LEN];

    ngx_connection_t                 connection; /* a dummy, for events */
    ngx_event_t                      timer;      /* time is up */
    ngx_event_t                      watch;
    ngx_event_t                      retry;      /* the step again */
    ngx_event_t                      wake;       /* posted by the tunnel */

    ngx_uint_t                       threads;    /* under way */
    ngx_uint_t                       tries;      /* of LOAD, SWEEP, RECORD */
    ngx_msec_t                       away;       /* since when no engine
                                                    creates its container */

    unsigned                         waiting:1;  /* in the queue */
    unsigned                         held:1;     /* holds the worker */
    unsigned                         opened:1;   /* the tunnel */
    unsigned                         cleared:1;  /* its name, once */
    unsigned                         checking:1;
    unsigned                         saving:1;   /* the row, in a thread */
    unsigned                         loading:1;  /* the input, in a thread */
};


/*
 * Drives a job whose row is on disk and under this worker's lease; copies
 * the row, and takes the ticket in any case.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_pserver_job_start(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row, ngx_http_pserver_ticket_t *ticket);

/* the same with one that had another driver */
ngx_int_t ngx_http_pserver_job_adopt(ngx_http_pserver_loc_conf_t *plcf,
    const pserver_ledger_row_t *row);

/* a client cancels: whoever drives it looks for that now and then, and is
   told at once if it waits */
void ngx_http_pserver_job_cancel(const ngx_http_pserver_row_place_t *place);

/* looks for what dead workers have left */
ngx_int_t ngx_http_pserver_job_init_process(ngx_cycle_t *cycle);

/* http/job_reap: removes containers of jobs that are over */
ngx_int_t ngx_http_pserver_reap_init_process(ngx_cycle_t *cycle);


/* within the driver */

void ngx_http_pserver_job_event(ngx_http_pserver_job_t *job,
    pserver_job_event_e event, uint32_t value);

/* how often its operation is started */
ngx_uint_t ngx_http_pserver_job_attempts(ngx_http_pserver_job_t *job);

void ngx_http_pserver_job_retry(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_release(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_free(ngx_http_pserver_job_t *job);

/* http/job_check: CHECK, and the same again in the steps around it */
void ngx_http_pserver_job_check(ngx_http_pserver_job_t *job,
    pserver_decision_e kind, uint64_t not_before);

/* http/job_record: RUN, what the tunnel brings, and the end */
void ngx_http_pserver_job_run(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_wake(ngx_event_t *ev);
void ngx_http_pserver_job_record(ngx_http_pserver_job_t *job);

/* what a thread made of the row */
void ngx_http_pserver_job_saved(ngx_http_pserver_job_t *job, ngx_uint_t rc);

/* http/job_load: what is elsewhere is brought, then all is opened */
void ngx_http_pserver_job_load(ngx_http_pserver_job_t *job);

/* LOAD is over: what job->input.rc says of it */
void ngx_http_pserver_job_loaded(ngx_http_pserver_job_t *job);

/* http/job_disk: the steps in a thread */
void ngx_http_pserver_job_open(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_save(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_look(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_forget(ngx_http_pserver_job_t *job);

/* http/job_engine: the steps that ask the engine */
void ngx_http_pserver_job_create(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_attach(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_launch(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_wait(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_inspect(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_remove(ngx_http_pserver_job_t *job);

/* 1: no engine is there, nor is one to be expected */
ngx_uint_t ngx_http_pserver_job_lost(ngx_http_pserver_job_t *job);

/* the parts of CREATE: without the warm pool; the call has failed; room for
   a new container is made, once, and then it is created */
void ngx_http_pserver_job_cold(ngx_http_pserver_job_t *job);
void ngx_http_pserver_job_uncreated(ngx_http_pserver_job_t *job,
    ngx_http_pserver_exchange_t *ex, const char *action);
void ngx_http_pserver_job_clear(ngx_http_pserver_job_t *job);

/* asks about the job's container; TROUBLE, if that can't be sent */
void ngx_http_pserver_job_ask(ngx_http_pserver_job_t *job, ngx_uint_t method,
    const char *action, ngx_http_pserver_exchange_handler_pt handler);

/* http/job_warm: a container of the warm pool; NGX_DECLINED: there is none */
ngx_int_t ngx_http_pserver_job_warm(ngx_http_pserver_job_t *job);

/* drops what is under way; the tunnel too, if "all" */
void ngx_http_pserver_job_drop(ngx_http_pserver_job_t *job, ngx_uint_t all);

/* http/job_output: what the container says, within the limit */
void ngx_http_pserver_output_init(ngx_http_pserver_output_t *output,
    size_t limit);
void ngx_http_pserver_output_take(ngx_http_pserver_output_t *output,
    const u_char *data, size_t len);
void ngx_http_pserver_output_free(ngx_http_pserver_output_t *output);

/*
 * The files beside the result, in the order of their paths: *pos is 0 at
 * first.  0: there is none any more.
 */
ngx_uint_t ngx_http_pserver_output_file(
    const ngx_http_pserver_output_t *output, size_t *pos,
    pserver_str_t *path, pserver_str_t *data);

/* 1: nothing that may come is of interest any more */
#define ngx_http_pserver_output_over(output)                                  \
    ((output)->whole || (output)->broken || (output)->overflow)


#endif /* _NGX_HTTP_PSERVER_JOB_H_INCLUDED_ */
