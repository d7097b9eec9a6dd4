/*
 * The states of a job: each edge, and every event in every step.
 */

#include "core/job.h"
#include "test.h"

TEST_MAIN


#define AT(j, s, t)                                                           \
    CHECK_INT((j)->step, PSERVER_JOB_STEP_##s);                               \
    CHECK_INT((j)->state, PSERVER_JOB_##t)

#define TAKES(j, e, v)                                                        \
    CHECK_INT(pserver_job_event((j), PSERVER_JOB_##e, v), PSERVER_OK)

#define ENDS(j, e, r)                                                         \
    CHECK_INT((j)->end, PSERVER_JOB_##e);                                     \
    CHECK_INT((j)->reason, PSERVER_JOB_##r)


/* a job that went the straight way up to a step */

static pserver_job_t *
job_at(pserver_job_step_e step)
{
    unsigned              i;
    static pserver_job_t  job;

    static const pserver_job_event_e  way[] = {
        PSERVER_JOB_SLOT, PSERVER_JOB_ALLOWED, PSERVER_JOB_LOADED,
        PSERVER_JOB_CREATED, PSERVER_JOB_ATTACHED, PSERVER_JOB_STARTED,
        PSERVER_JOB_CUT, PSERVER_JOB_EXITED, PSERVER_JOB_WAS_NOT_OOM,
        PSERVER_JOB_REMOVED, PSERVER_JOB_RECORDED
    };

    pserver_job_init(&job);

    for (i = 0; i < sizeof(way) / sizeof(way[0]) && job.step < step; i++) {
        CHECK_INT(pserver_job_event(&job, way[i], 0), PSERVER_OK);
    }

    if (step != PSERVER_JOB_STEP_SWEEP) {
        CHECK_INT(job.step, step);
    }

    return &job;
}


TEST(straight)
{
    pserver_job_t  job;

    pserver_job_init(&job);
    AT(&job, QUEUE, QUEUED);

    TAKES(&job, SLOT, 0);
    AT(&job, CHECK, STARTING);
    CHECK_INT(job.attempts, 1);

    TAKES(&job, ALLOWED, 0);
    AT(&job, LOAD, STARTING);
    CHECK(!job.container);

    TAKES(&job, LOADED, 0);
    AT(&job, CREATE, STARTING);
    CHECK(job.container);

    TAKES(&job, CREATED, 0);
    AT(&job, ATTACH, STARTING);

    TAKES(&job, ATTACHED, 0);
    AT(&job, START, STARTING);

    TAKES(&job, STARTED, 0);
    AT(&job, RUN, PROCESSING);

    TAKES(&job, RESULT, 0);
    AT(&job, REMOVE, COLLECTING);
    ENDS(&job, SUCCEEDED, NONE);

    TAKES(&job, REMOVED, 0);
    AT(&job, RECORD, COLLECTING);
    CHECK(!job.container);

    TAKES(&job, RECORDED, 0);
    AT(&job, END, SUCCEEDED);
}


TEST(exit_status)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);

    TAKES(job, STATUS, 3);
    AT(job, WAIT, COLLECTING);
    TAKES(job, EXITED, 3);
    AT(job, INSPECT, COLLECTING);
    TAKES(job, WAS_NOT_OOM, 0);
    AT(job, REMOVE, COLLECTING);
    ENDS(job, FAILED, EXIT);
    CHECK_INT(job->status, 3);
    TAKES(job, REMOVED, 0);
    TAKES(job, RECORDED, 0);
    AT(job, END, FAILED);
    CHECK_INT(job->status, 3);
}


TEST(out_of_memory)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);

    TAKES(job, CUT, 0);
    AT(job, WAIT, COLLECTING);
    TAKES(job, EXITED, 137);
    TAKES(job, WAS_OOM, 0);
    AT(job, REMOVE, COLLECTING);
    ENDS(job, FAILED, OOM);
    CHECK_INT(job->status, 137);
}


TEST(bad_output)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);
    TAKES(job, NO_RESULT, 0);
    AT(job, REMOVE, COLLECTING);
    ENDS(job, FAILED, EXIT);
    CHECK_INT(job->status, 0);

    job = job_at(PSERVER_JOB_STEP_RUN);
    TAKES(job, OVERFLOW, 0);
    AT(job, REMOVE, COLLECTING);
    ENDS(job, FAILED, OUTPUT_LIMIT);
}


TEST(bad_input)
{
    pserver_job_t  *job;

    /* nothing was created, so there is nothing to remove */

    job = job_at(PSERVER_JOB_STEP_LOAD);
    TAKES(job, BAD_INPUT, 0);
    AT(job, RECORD, STARTING);
    ENDS(job, FAILED, INPUT);
    TAKES(job, RECORDED, 0);
    AT(job, END, FAILED);

    /* the container says that it does not fit */

    job = job_at(PSERVER_JOB_STEP_RUN);
    TAKES(job, BAD_INPUT, 0);
    AT(job, REMOVE, COLLECTING);
    ENDS(job, FAILED, INPUT);
}


TEST(not_created)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, NOT_CREATED, 0);
    AT(job, RECORD, STARTING);
    ENDS(job, FAILED, ENGINE);
    CHECK(!job->container);
}


/* nobody knows whether it is there: it has to be removed */

TEST(create_unanswered)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, TROUBLE, 0);
    AT(job, REMOVE, STARTING);
    ENDS(job, FAILED, ENGINE);
    CHECK(job->container);
}


/* a result at once, all else after the container */

TEST(early)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);
    job->early = 1;
    TAKES(job, RESULT, 0);
    AT(job, RECORD, COLLECTING);
    ENDS(job, SUCCEEDED, NONE);
    TAKES(job, RECORDED, 0);
    AT(job, SWEEP, SUCCEEDED);
    TAKES(job, REMOVED, 0);
    AT(job, END, SUCCEEDED);

    job = job_at(PSERVER_JOB_STEP_RUN);
    job->early = 1;
    TAKES(job, CANCEL, 0);
    AT(job, REMOVE, COLLECTING);

    job = job_at(PSERVER_JOB_STEP_RUN);
    job->early = 1;
    TAKES(job, NO_RESULT, 0);
    AT(job, REMOVE, COLLECTING);
}


/* the engine is away: back to the queue, for another one */

TEST(elsewhere)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, ELSEWHERE, 0);
    AT(job, QUEUE, QUEUED);
    CHECK(!job->container);
    CHECK_INT(job->attempts, 1);
    TAKES(job, SLOT, 0);
    AT(job, CHECK, STARTING);

    /* not if it is over */

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, CANCEL, 0);
    TAKES(job, ELSEWHERE, 0);
    AT(job, REMOVE, STARTING);
    ENDS(job, CANCELED, NONE);
    CHECK(job->container);
}


/* the engine goes away with the container: again, while there are attempts,
   and once the container is gone */

TEST(lost)
{
    pserver_job_t      *job;
    pserver_job_step_e  step;

    for (step = PSERVER_JOB_STEP_ATTACH;
         step <= PSERVER_JOB_STEP_INSPECT;
         step++)
    {
        job = job_at(step);
        TAKES(job, LOST, 2);
        CHECK_INT(job->step, PSERVER_JOB_STEP_REMOVE);
        CHECK(!job->end);
        CHECK(job->container);
        CHECK_INT(job->attempts, 2);
        TAKES(job, REMOVED, 0);
        AT(job, QUEUE, QUEUED);
        CHECK_INT(job->status, 0);

        job = job_at(step);
        TAKES(job, LOST, 1);
        CHECK_INT(job->step, PSERVER_JOB_STEP_REMOVE);
        ENDS(job, FAILED, ENGINE);
        CHECK_INT(job->attempts, 1);
        TAKES(job, REMOVED, 0);
        CHECK_INT(job->step, PSERVER_JOB_STEP_RECORD);
    }

    /* never beside the old container */

    job = job_at(PSERVER_JOB_STEP_WAIT);
    TAKES(job, LOST, 2);
    TAKES(job, TROUBLE, 0);
    AT(job, RECORD, COLLECTING);
    ENDS(job, FAILED, ENGINE);
    CHECK(job->container);

    /* until then it can be canceled */

    job = job_at(PSERVER_JOB_STEP_WAIT);
    TAKES(job, LOST, 2);
    TAKES(job, CANCEL, 0);
    AT(job, REMOVE, COLLECTING);
    TAKES(job, REMOVED, 0);
    AT(job, RECORD, COLLECTING);
    ENDS(job, CANCELED, NONE);
}


/* an interrupt while it is created waits for the answer */

TEST(create_interrupted)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, CANCEL, 0);
    AT(job, CREATE, STARTING);
    TAKES(job, CREATED, 0);
    AT(job, REMOVE, STARTING);
    ENDS(job, CANCELED, NONE);

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, TIME_UP, 0);
    AT(job, CREATE, STARTING);
    TAKES(job, NOT_CREATED, 0);
    AT(job, RECORD, STARTING);
    ENDS(job, FAILED, TIMEOUT);

    job = job_at(PSERVER_JOB_STEP_CREATE);
    TAKES(job, DENIED, 0);
    TAKES(job, TROUBLE, 0);
    AT(job, REMOVE, STARTING);
    ENDS(job, FAILED, REVOKED);
}


TEST(interrupts)
{
    int                 i;
    pserver_job_t      *job;
    pserver_job_step_e  step;

    static const struct {
        pserver_job_event_e   event;
        pserver_job_state_e   end;
        pserver_job_reason_e  reason;
    } interrupts[] = {
        { PSERVER_JOB_TROUBLE, PSERVER_JOB_FAILED, PSERVER_JOB_ENGINE },
        { PSERVER_JOB_TIME_UP, PSERVER_JOB_FAILED, PSERVER_JOB_TIMEOUT },
        { PSERVER_JOB_OVERFLOW, PSERVER_JOB_FAILED,
          PSERVER_JOB_OUTPUT_LIMIT },
        { PSERVER_JOB_DENIED, PSERVER_JOB_FAILED, PSERVER_JOB_REVOKED },
        { PSERVER_JOB_LOCK, PSERVER_JOB_FAILED, PSERVER_JOB_LOCKED },
        { PSERVER_JOB_CANCEL, PSERVER_JOB_CANCELED, PSERVER_JOB_NONE },
    };

    for (i = 0; i < 6; i++) {

        for (step = PSERVER_JOB_STEP_QUEUE;
             step < PSERVER_JOB_STEP_REMOVE;
             step++)
        {
            if (step == PSERVER_JOB_STEP_CREATE) {
                continue;
            }

            job = job_at(step);
            CHECK_INT(pserver_job_event(job, interrupts[i].event, 0),
                      PSERVER_OK);
            CHECK_INT(job->step, step < PSERVER_JOB_STEP_CREATE
                                 ? PSERVER_JOB_STEP_RECORD
                                 : PSERVER_JOB_STEP_REMOVE);
            CHECK_INT(job->end, interrupts[i].end);
            CHECK_INT(job->reason, interrupts[i].reason);
            CHECK_INT(job->status, 0);
            CHECK(!pserver_job_terminal(job->state));
        }

        /* settled: too late */

        job = job_at(PSERVER_JOB_STEP_REMOVE);

        if (interrupts[i].event != PSERVER_JOB_TROUBLE) {
            CHECK_INT(pserver_job_event(job, interrupts[i].event, 0),
                      PSERVER_DONE);
            ENDS(job, FAILED, EXIT);
        }

        for (step = PSERVER_JOB_STEP_RECORD;
             step <= PSERVER_JOB_STEP_END;
             step++)
        {
            job = job_at(step);
            CHECK_INT(pserver_job_event(job, interrupts[i].event, 0),
                      PSERVER_DONE);
            ENDS(job, FAILED, EXIT);
        }
    }
}


/* the end is recorded, whatever the engine does; it is swept later */

TEST(not_removed)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);
    TAKES(job, RESULT, 0);
    TAKES(job, TROUBLE, 0);
    AT(job, RECORD, COLLECTING);
    ENDS(job, SUCCEEDED, NONE);
    TAKES(job, RECORDED, 0);
    AT(job, SWEEP, SUCCEEDED);
    CHECK_INT(pserver_job_event(job, PSERVER_JOB_TROUBLE, 0), PSERVER_DONE);
    AT(job, SWEEP, SUCCEEDED);
    TAKES(job, REMOVED, 0);
    AT(job, END, SUCCEEDED);
}


TEST(adopted)
{
    pserver_job_t  job;

    /* again from the beginning, without the old container */

    pserver_job_init(&job);
    job.state = PSERVER_JOB_PROCESSING;
    CHECK_INT(job.attempts, 1);
    pserver_job_adopt(&job, 2);
    CHECK_INT(job.attempts, 2);
    AT(&job, REMOVE, PROCESSING);
    TAKES(&job, REMOVED, 0);
    AT(&job, QUEUE, QUEUED);
    TAKES(&job, SLOT, 0);
    AT(&job, CHECK, STARTING);

    /* once too often */

    pserver_job_adopt(&job, 2);
    AT(&job, REMOVE, STARTING);
    TAKES(&job, REMOVED, 0);
    AT(&job, RECORD, STARTING);
    ENDS(&job, FAILED, ENGINE);

    /* that it has waited is no attempt */

    pserver_job_init(&job);
    pserver_job_adopt(&job, 2);
    pserver_job_adopt(&job, 2);
    CHECK_INT(job.attempts, 1);
    CHECK(!job.end);
    TAKES(&job, REMOVED, 0);
    AT(&job, QUEUE, QUEUED);

    /* never two at a time */

    pserver_job_init(&job);
    pserver_job_adopt(&job, 2);
    TAKES(&job, TROUBLE, 0);
    AT(&job, RECORD, QUEUED);
    ENDS(&job, FAILED, ENGINE);
    TAKES(&job, RECORDED, 0);
    AT(&job, SWEEP, FAILED);

    /* cancelled while it had no driver */

    pserver_job_init(&job);
    pserver_job_adopt(&job, 2);
    TAKES(&job, CANCEL, 0);
    AT(&job, REMOVE, QUEUED);
    TAKES(&job, REMOVED, 0);
    AT(&job, RECORD, QUEUED);
    ENDS(&job, CANCELED, NONE);

    /* over, but perhaps not cleaned up */

    pserver_job_init(&job);
    job.state = PSERVER_JOB_FAILED;
    job.reason = PSERVER_JOB_OOM;
    job.status = 137;
    pserver_job_adopt(&job, 2);
    AT(&job, SWEEP, FAILED);
    TAKES(&job, REMOVED, 0);
    AT(&job, END, FAILED);
    ENDS(&job, FAILED, OOM);
    CHECK_INT(job.status, 137);
}


/* every other pair of step and event is refused and changes nothing */

TEST(refused)
{
    unsigned             step, event, taken;
    pserver_job_t        before;
    pserver_job_t       *job;

    static const unsigned  edges[PSERVER_JOB_STEP_END + 1] = {
        1 << PSERVER_JOB_SLOT,
        1 << PSERVER_JOB_ALLOWED,
        1 << PSERVER_JOB_LOADED | 1 << PSERVER_JOB_BAD_INPUT,
        1 << PSERVER_JOB_CREATED | 1 << PSERVER_JOB_NOT_CREATED
            | 1 << PSERVER_JOB_ELSEWHERE,
        1 << PSERVER_JOB_ATTACHED | 1 << PSERVER_JOB_LOST,
        1 << PSERVER_JOB_STARTED | 1 << PSERVER_JOB_LOST,
        1 << PSERVER_JOB_RESULT | 1 << PSERVER_JOB_NO_RESULT
            | 1 << PSERVER_JOB_STATUS | 1 << PSERVER_JOB_CUT
            | 1 << PSERVER_JOB_BAD_INPUT | 1 << PSERVER_JOB_LOST,
        1 << PSERVER_JOB_EXITED | 1 << PSERVER_JOB_LOST,
        1 << PSERVER_JOB_WAS_OOM | 1 << PSERVER_JOB_WAS_NOT_OOM
            | 1 << PSERVER_JOB_LOST,
        1 << PSERVER_JOB_REMOVED,
        1 << PSERVER_JOB_RECORDED,
        1 << PSERVER_JOB_REMOVED,
        0
    };

    for (step = 0; step <= PSERVER_JOB_STEP_END; step++) {

        for (event = 0; event < PSERVER_JOB_TROUBLE; event++) {

            job = job_at(step);
            job->step = step;
            before = *job;

            taken = edges[step] >> event & 1;

            CHECK_INT(pserver_job_event(job, event, 1),
                      taken ? PSERVER_OK : PSERVER_INVALID);

            if (!taken) {
                CHECK_MEM(job, &before, sizeof(before));
            }
        }
    }
}


/* a result that can't be written any more is none */

TEST(locked_with_a_result)
{
    pserver_job_t  *job;

    job = job_at(PSERVER_JOB_STEP_RUN);
    TAKES(job, RESULT, 0);
    ENDS(job, SUCCEEDED, NONE);

    CHECK_INT(pserver_job_event(job, PSERVER_JOB_LOCK, 0), PSERVER_DONE);
    ENDS(job, SUCCEEDED, NONE);

    TAKES(job, REMOVED, 0);
    CHECK_INT(job->step, PSERVER_JOB_STEP_RECORD);

    TAKES(job, LOCK, 0);
    CHECK_INT(job->step, PSERVER_JOB_STEP_RECORD);
    ENDS(job, FAILED, LOCKED);

    CHECK_INT(pserver_job_event(job, PSERVER_JOB_LOCK, 0), PSERVER_DONE);

    TAKES(job, RECORDED, 0);
    CHECK_INT(job->state, PSERVER_JOB_FAILED);
    CHECK_INT(job->step, PSERVER_JOB_STEP_END);
    CHECK_INT(pserver_job_event(job, PSERVER_JOB_LOCK, 0), PSERVER_DONE);
    ENDS(job, FAILED, LOCKED);
}


TEST(names)
{
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_QUEUED), "starting") == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_STARTING), "starting") == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_PROCESSING), "processing")
          == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_COLLECTING), "processing")
          == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_SUCCEEDED), "succeeded")
          == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_FAILED), "failed") == 0);
    CHECK(strcmp(pserver_job_status(PSERVER_JOB_CANCELED), "canceled") == 0);

    CHECK(pserver_job_reason(PSERVER_JOB_NONE) == NULL);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_EXIT), "exit") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_OOM), "oom") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_TIMEOUT), "timeout") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_REVOKED), "revoked") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_OUTPUT_LIMIT),
                 "output_limit") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_INPUT), "input") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_ENGINE), "engine") == 0);
    CHECK(strcmp(pserver_job_reason(PSERVER_JOB_LOCKED), "locked") == 0);
}
