/*
 * A job: one operation, from its acceptance to its one terminal state.
 *
 * The machine is pure.  The driver carries out the step that it is in and
 * tells it, as an event, how that went; what comes from elsewhere (the
 * client cancels, the time is up, the permission is gone) is an event too.
 * The step says what is under way, the state says what is shown and kept:
 *
 *   queued       QUEUE ── SLOT ──►
 *   starting     CHECK ── ALLOWED ──► LOAD ── LOADED ──► CREATE ── CREATED
 *                ──► ATTACH ── ATTACHED ──► START ── STARTED ──►
 *   processing   RUN ── RESULT (it is whole) ──► REMOVE
 *                 └──── STATUS (not zero), CUT ──►
 *   collecting   WAIT ── EXITED ──► INSPECT ── OOM, NO_OOM ──►
 *                REMOVE ── REMOVED ──► RECORD ── RECORDED ──► END
 *   succeeded, failed, canceled: from RECORDED on
 *
 * The first event that settles how the job ends decides; nothing that comes
 * later changes it, but that a result which can't be recorded any more, since
 * the owner's keys are locked, is none.  From there it is REMOVE if a
 * container may exist, else RECORD.  While a container is being created nobody
 * can know whether it exists, so CREATE is waited for in any case.  If the
 * engine does not remove the container, the end is recorded nevertheless and
 * SWEEP goes on trying.
 *
 * A container of a warm pool is removed after a result was recorded ("early"):
 * the removal takes longer than all the rest, and its command has ended.
 *
 * An engine that can't be asked to create gives the job back (ELSEWHERE):
 * it goes to the QUEUE again, for another one, or the same when it is back.
 * What that engine may have made of the call was never started.  One that
 * goes away later (LOST) has cost the job an attempt: if there are more, its
 * container is removed, for which the engine has to be back, and it is queued
 * again.
 */

#ifndef _PSERVER_JOB_H_INCLUDED_
#define _PSERVER_JOB_H_INCLUDED_


#include "core.h"


typedef enum {
    PSERVER_JOB_QUEUED = 0,
    PSERVER_JOB_STARTING,
    PSERVER_JOB_PROCESSING,
    PSERVER_JOB_COLLECTING,
    PSERVER_JOB_SUCCEEDED,
    PSERVER_JOB_FAILED,
    PSERVER_JOB_CANCELED
} pserver_job_state_e;

#define pserver_job_terminal(state)  ((state) >= PSERVER_JOB_SUCCEEDED)


/* why a job failed */

typedef enum {
    PSERVER_JOB_NONE = 0,
    PSERVER_JOB_EXIT,                /* the command ended without a result */
    PSERVER_JOB_OOM,
    PSERVER_JOB_TIMEOUT,
    PSERVER_JOB_REVOKED,             /* the permission does not hold */
    PSERVER_JOB_OUTPUT_LIMIT,
    PSERVER_JOB_INPUT,               /* the data is not there or too much */
    PSERVER_JOB_ENGINE,
    PSERVER_JOB_LOCKED               /* the owner's keys are */
} pserver_job_reason_e;


typedef enum {
    PSERVER_JOB_STEP_QUEUE = 0,      /* wait for a free place */
    PSERVER_JOB_STEP_CHECK,          /* may it, now? */
    PSERVER_JOB_STEP_LOAD,           /* open the input */
    PSERVER_JOB_STEP_CREATE,         /* the container */
    PSERVER_JOB_STEP_ATTACH,
    PSERVER_JOB_STEP_START,
    PSERVER_JOB_STEP_RUN,            /* feed it and read from it */
    PSERVER_JOB_STEP_WAIT,           /* until it has ended */
    PSERVER_JOB_STEP_INSPECT,        /* was it out of memory? */
    PSERVER_JOB_STEP_REMOVE,         /* the container */
    PSERVER_JOB_STEP_RECORD,         /* the end, durably */
    PSERVER_JOB_STEP_SWEEP,          /* remove, again and again */
    PSERVER_JOB_STEP_END             /* nothing more to do */
} pserver_job_step_e;


typedef enum {
    PSERVER_JOB_SLOT = 0,
    PSERVER_JOB_ALLOWED,
    PSERVER_JOB_LOADED,
    PSERVER_JOB_BAD_INPUT,
    PSERVER_JOB_CREATED,
    PSERVER_JOB_NOT_CREATED,         /* the engine says that it did not */
    PSERVER_JOB_ELSEWHERE,           /* it can't be asked, another one may */
    PSERVER_JOB_LOST,                /* value: attempts there may be */
    PSERVER_JOB_ATTACHED,
    PSERVER_JOB_STARTED,
    PSERVER_JOB_RESULT,              /* whole, and the status is 0 */
    PSERVER_JOB_NO_RESULT,           /* whole, but it is none */
    PSERVER_JOB_STATUS,              /* value: exit status, not 0 */
    PSERVER_JOB_CUT,                 /* the output ended early */
    PSERVER_JOB_EXITED,              /* value: exit status */
    PSERVER_JOB_WAS_OOM,
    PSERVER_JOB_WAS_NOT_OOM,
    PSERVER_JOB_REMOVED,             /* or there was none */
    PSERVER_JOB_RECORDED,

    /* from here on: in any step */
    PSERVER_JOB_TROUBLE,             /* the engine could not be asked */
    PSERVER_JOB_TIME_UP,
    PSERVER_JOB_OVERFLOW,            /* the output is over its limit */
    PSERVER_JOB_DENIED,
    PSERVER_JOB_LOCK,                /* the owner's keys are locked */
    PSERVER_JOB_CANCEL
} pserver_job_event_e;


typedef struct {
    pserver_job_state_e   state;
    pserver_job_step_e    step;
    pserver_job_state_e   end;       /* the terminal state to come, if it is
                                        settled; else QUEUED */
    pserver_job_reason_e  reason;    /* if end is FAILED */
    uint32_t              status;    /* exit status, if reason is EXIT/OOM */
    uint32_t              attempts;  /* drivers that have tried it */
    unsigned              container:1;  /* there may be one */
    unsigned              early:1;   /* a result is recorded before the
                                        container is removed */
} pserver_job_t;


/* a new job */
void pserver_job_init(pserver_job_t *job);

/*
 * A job whose driver is gone, as its row says: state, reason, status,
 * attempts.  A terminal one is swept; another loses its container and is
 * queued again, or fails (ENGINE) if this would be more than max attempts.
 * One that has only waited was not tried yet.
 */
void pserver_job_adopt(pserver_job_t *job, uint32_t max);

/*
 * PSERVER_OK: the event is taken; where step is not what it was, the driver
 * drops what is under way and carries out the new one.  PSERVER_DONE: it
 * came too late to matter.  PSERVER_INVALID: it can't come in this step.
 */
int pserver_job_event(pserver_job_t *job, pserver_job_event_e event,
    uint32_t value);


/* what clients see: starting, processing, succeeded, failed, canceled */
const char *pserver_job_status(pserver_job_state_e state);

/* exit, oom, timeout, revoked, output_limit, input, engine, locked; NONE:
   NULL */
const char *pserver_job_reason(pserver_job_reason_e reason);

/* one sentence for the app, the same for each reason */
const char *pserver_job_message(pserver_job_reason_e reason);


#endif /* _PSERVER_JOB_H_INCLUDED_ */
