/*
 * The states of a job.
 */

#include "job.h"

#include <string.h>


static int pserver_job_to(pserver_job_t *job, pserver_job_step_e step);
static int pserver_job_settle(pserver_job_t *job, pserver_job_state_e end,
    pserver_job_reason_e reason);
static int pserver_job_failed(pserver_job_t *job, pserver_job_reason_e reason);
static int pserver_job_lost(pserver_job_t *job, uint32_t max);
static int pserver_job_removed(pserver_job_t *job);
static int pserver_job_interrupt(pserver_job_t *job,
    pserver_job_event_e event);


void
pserver_job_init(pserver_job_t *job)
{
    memset(job, 0, sizeof(pserver_job_t));

    job->attempts = 1;
}


void
pserver_job_adopt(pserver_job_t *job, uint32_t max)
{
    job->container = 1;
    job->end = PSERVER_JOB_QUEUED;

    if (pserver_job_terminal(job->state)) {
        job->end = job->state;
        job->step = PSERVER_JOB_STEP_SWEEP;
        return;
    }

    job->reason = PSERVER_JOB_NONE;
    job->status = 0;
    job->step = PSERVER_JOB_STEP_REMOVE;

    if (job->state != PSERVER_JOB_QUEUED) {
        job->attempts++;
    }

    if (job->attempts > max) {
        job->end = PSERVER_JOB_FAILED;
        job->reason = PSERVER_JOB_ENGINE;
    }
}


int
pserver_job_event(pserver_job_t *job, pserver_job_event_e event,
    uint32_t value)
{
    if (event >= PSERVER_JOB_TROUBLE) {
        return pserver_job_interrupt(job, event);
    }

    if (event == PSERVER_JOB_LOST) {
        return pserver_job_lost(job, value);
    }

    switch (job->step) {

    case PSERVER_JOB_STEP_QUEUE:

        if (event == PSERVER_JOB_SLOT) {
            job->state = PSERVER_JOB_STARTING;
            return pserver_job_to(job, PSERVER_JOB_STEP_CHECK);
        }

        break;

    case PSERVER_JOB_STEP_CHECK:

        if (event == PSERVER_JOB_ALLOWED) {
            return pserver_job_to(job, PSERVER_JOB_STEP_LOAD);
        }

        break;

    case PSERVER_JOB_STEP_LOAD:

        if (event == PSERVER_JOB_LOADED) {
            job->container = 1;
            return pserver_job_to(job, PSERVER_JOB_STEP_CREATE);
        }

        if (event == PSERVER_JOB_BAD_INPUT) {
            return pserver_job_failed(job, PSERVER_JOB_INPUT);
        }

        break;

    case PSERVER_JOB_STEP_CREATE:

        if (event == PSERVER_JOB_CREATED) {
            return pserver_job_to(job, job->end ? PSERVER_JOB_STEP_REMOVE
                                                : PSERVER_JOB_STEP_ATTACH);
        }

        if (event == PSERVER_JOB_NOT_CREATED) {
            job->container = 0;
            job->step = PSERVER_JOB_STEP_RECORD;

            return job->end ? PSERVER_OK
                            : pserver_job_failed(job, PSERVER_JOB_ENGINE);
        }

        if (event == PSERVER_JOB_ELSEWHERE) {

            if (job->end) {
                return pserver_job_to(job, PSERVER_JOB_STEP_REMOVE);
            }

            job->container = 0;
            job->state = PSERVER_JOB_QUEUED;
            return pserver_job_to(job, PSERVER_JOB_STEP_QUEUE);
        }

        break;

    case PSERVER_JOB_STEP_ATTACH:

        if (event == PSERVER_JOB_ATTACHED) {
            return pserver_job_to(job, PSERVER_JOB_STEP_START);
        }

        break;

    case PSERVER_JOB_STEP_START:

        if (event == PSERVER_JOB_STARTED) {
            job->state = PSERVER_JOB_PROCESSING;
            return pserver_job_to(job, PSERVER_JOB_STEP_RUN);
        }

        break;

    case PSERVER_JOB_STEP_RUN:

        if (event == PSERVER_JOB_RESULT) {
            return pserver_job_settle(job, PSERVER_JOB_SUCCEEDED,
                                      PSERVER_JOB_NONE);
        }

        if (event == PSERVER_JOB_NO_RESULT) {
            return pserver_job_failed(job, PSERVER_JOB_EXIT);
        }

        if (event == PSERVER_JOB_BAD_INPUT) {
            return pserver_job_failed(job, PSERVER_JOB_INPUT);
        }

        if (event == PSERVER_JOB_STATUS) {
            job->status = value;
            job->state = PSERVER_JOB_COLLECTING;
            return pserver_job_to(job, PSERVER_JOB_STEP_WAIT);
        }

        if (event == PSERVER_JOB_CUT) {
            job->state = PSERVER_JOB_COLLECTING;
            return pserver_job_to(job, PSERVER_JOB_STEP_WAIT);
        }

        break;

    case PSERVER_JOB_STEP_WAIT:

        if (event == PSERVER_JOB_EXITED) {
            job->status = value;
            return pserver_job_to(job, PSERVER_JOB_STEP_INSPECT);
        }

        break;

    case PSERVER_JOB_STEP_INSPECT:

        if (event == PSERVER_JOB_WAS_OOM) {
            return pserver_job_failed(job, PSERVER_JOB_OOM);
        }

        if (event == PSERVER_JOB_WAS_NOT_OOM) {
            return pserver_job_failed(job, PSERVER_JOB_EXIT);
        }

        break;

    case PSERVER_JOB_STEP_REMOVE:

        if (event == PSERVER_JOB_REMOVED) {
            job->container = 0;
            return pserver_job_removed(job);
        }

        break;

    case PSERVER_JOB_STEP_RECORD:

        if (event == PSERVER_JOB_RECORDED) {
            job->state = job->end;
            return pserver_job_to(job, job->container
                                       ? PSERVER_JOB_STEP_SWEEP
                                       : PSERVER_JOB_STEP_END);
        }

        break;

    case PSERVER_JOB_STEP_SWEEP:

        if (event == PSERVER_JOB_REMOVED) {
            job->container = 0;
            return pserver_job_to(job, PSERVER_JOB_STEP_END);
        }

        break;

    case PSERVER_JOB_STEP_END:
        break;
    }

    return PSERVER_INVALID;
}


static int
pserver_job_interrupt(pserver_job_t *job, pserver_job_event_e event)
{
    /* the engine's trouble in removing is not the job's */

    if (event == PSERVER_JOB_TROUBLE) {

        if (job->step == PSERVER_JOB_STEP_REMOVE) {
            return pserver_job_removed(job);
        }

        if (job->step == PSERVER_JOB_STEP_CREATE) {
            job->step = PSERVER_JOB_STEP_REMOVE;

            return job->end ? PSERVER_OK
                            : pserver_job_failed(job, PSERVER_JOB_ENGINE);
        }
    }

    if (event == PSERVER_JOB_LOCK
        && job->end == PSERVER_JOB_SUCCEEDED
        && job->step == PSERVER_JOB_STEP_RECORD)
    {
        job->end = PSERVER_JOB_FAILED;
        job->reason = PSERVER_JOB_LOCKED;
        return PSERVER_OK;
    }

    if (job->end || job->step >= PSERVER_JOB_STEP_RECORD) {
        return PSERVER_DONE;
    }

    switch (event) {

    case PSERVER_JOB_TIME_UP:
        return pserver_job_failed(job, PSERVER_JOB_TIMEOUT);

    case PSERVER_JOB_OVERFLOW:
        return pserver_job_failed(job, PSERVER_JOB_OUTPUT_LIMIT);

    case PSERVER_JOB_DENIED:
        return pserver_job_failed(job, PSERVER_JOB_REVOKED);

    case PSERVER_JOB_LOCK:
        return pserver_job_failed(job, PSERVER_JOB_LOCKED);

    case PSERVER_JOB_CANCEL:
        return pserver_job_settle(job, PSERVER_JOB_CANCELED,
                                  PSERVER_JOB_NONE);

    default: /* PSERVER_JOB_TROUBLE */
        return pserver_job_failed(job, PSERVER_JOB_ENGINE);
    }
}


static int
pserver_job_failed(pserver_job_t *job, pserver_job_reason_e reason)
{
    return pserver_job_settle(job, PSERVER_JOB_FAILED, reason);
}


static int
pserver_job_settle(pserver_job_t *job, pserver_job_state_e end,
    pserver_job_reason_e reason)
{
    job->end = end;
    job->reason = reason;

    if (reason != PSERVER_JOB_EXIT && reason != PSERVER_JOB_OOM) {
        job->status = 0;
    }

    switch (job->step) {

    case PSERVER_JOB_STEP_CREATE:
    case PSERVER_JOB_STEP_REMOVE:
        return PSERVER_OK;

    default:

        if (job->state == PSERVER_JOB_PROCESSING) {
            job->state = PSERVER_JOB_COLLECTING;
        }

        if (job->container
            && !(job->early && end == PSERVER_JOB_SUCCEEDED))
        {
            return pserver_job_to(job, PSERVER_JOB_STEP_REMOVE);
        }

        return pserver_job_to(job, PSERVER_JOB_STEP_RECORD);
    }
}


/* the engine is away, and with it the container */

static int
pserver_job_lost(pserver_job_t *job, uint32_t max)
{
    if (job->step < PSERVER_JOB_STEP_ATTACH
        || job->step > PSERVER_JOB_STEP_INSPECT)
    {
        return PSERVER_INVALID;
    }

    if (job->attempts >= max) {
        return pserver_job_failed(job, PSERVER_JOB_ENGINE);
    }

    job->attempts++;
    job->status = 0;

    return pserver_job_to(job, PSERVER_JOB_STEP_REMOVE);
}


/* or not removed, which container says */

static int
pserver_job_removed(pserver_job_t *job)
{
    if (job->end) {
        return pserver_job_to(job, PSERVER_JOB_STEP_RECORD);
    }

    /* from the beginning, but never beside the old container */

    if (job->container) {
        job->end = PSERVER_JOB_FAILED;
        job->reason = PSERVER_JOB_ENGINE;
        return pserver_job_to(job, PSERVER_JOB_STEP_RECORD);
    }

    job->state = PSERVER_JOB_QUEUED;

    return pserver_job_to(job, PSERVER_JOB_STEP_QUEUE);
}


static int
pserver_job_to(pserver_job_t *job, pserver_job_step_e step)
{
    job->step = step;

    return PSERVER_OK;
}


const char *
pserver_job_status(pserver_job_state_e state)
{
    switch (state) {

    case PSERVER_JOB_QUEUED:
    case PSERVER_JOB_STARTING:
        return "starting";

    case PSERVER_JOB_PROCESSING:
    case PSERVER_JOB_COLLECTING:
        return "processing";

    case PSERVER_JOB_SUCCEEDED:
        return "succeeded";

    case PSERVER_JOB_FAILED:
        return "failed";

    case PSERVER_JOB_CANCELED:
        return "canceled";
    }

    return NULL;
}


const char *
pserver_job_reason(pserver_job_reason_e reason)
{
    switch (reason) {

    case PSERVER_JOB_NONE:
        return NULL;

    case PSERVER_JOB_EXIT:
        return "exit";

    case PSERVER_JOB_OOM:
        return "oom";

    case PSERVER_JOB_TIMEOUT:
        return "timeout";

    case PSERVER_JOB_REVOKED:
        return "revoked";

    case PSERVER_JOB_OUTPUT_LIMIT:
        return "output_limit";

    case PSERVER_JOB_INPUT:
        return "input";

    case PSERVER_JOB_ENGINE:
        return "engine";

    case PSERVER_JOB_LOCKED:
        return "locked";
    }

    return NULL;
}


const char *
pserver_job_message(pserver_job_reason_e reason)
{
    switch (reason) {

    case PSERVER_JOB_NONE:
        return NULL;

    case PSERVER_JOB_EXIT:
        return "the operation ended without a result";

    case PSERVER_JOB_OOM:
        return "the operation was out of memory";

    case PSERVER_JOB_TIMEOUT:
        return "the operation ran out of time";

    case PSERVER_JOB_REVOKED:
        return "the permission does not hold any more";

    case PSERVER_JOB_OUTPUT_LIMIT:
        return "the operation's output is over its limit";

    case PSERVER_JOB_INPUT:
        return "the data could not be used as input";

    case PSERVER_JOB_ENGINE:
        return "the engine could not run the operation";

    case PSERVER_JOB_LOCKED:
        return "the owner's keys were locked before there was a result";
    }

    return NULL;
}
