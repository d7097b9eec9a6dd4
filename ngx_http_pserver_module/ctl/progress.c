/*
 * How far a command is, see progress.h.
 */

#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define PSERVERCTL_PROGRESS_WIDTH     40
#define PSERVERCTL_PROGRESS_INTERVAL  200         /* milliseconds */


void
pserverctl_progress_init(pserverctl_progress_t *progress, const char *what,
    uint64_t total)
{
    memset(progress, 0, sizeof(pserverctl_progress_t));

    progress->what = what;
    progress->total = total;
    progress->terminal = isatty(STDERR_FILENO);

    pserverctl_progress(progress, 0);
}


void
pserverctl_progress(pserverctl_progress_t *progress, uint64_t bytes)
{
    int              n;
    int64_t          now;
    uint64_t         part;
    struct timespec  ts;

    static const char  full[] = "########################################";

    progress->done += bytes;

    if (progress->total < progress->done) {
        progress->total = progress->done;
    }

    part = progress->total ? (uint64_t) (100 * ((double) progress->done
                                                / (double) progress->total))
                           : 0;

    if (!progress->terminal) {

        if (part / 10 != progress->tenth) {
            progress->tenth = part / 10;
            fprintf(stderr, "%s: %u%% of %llu MB\n", progress->what,
                    (unsigned) (10 * progress->tenth),
                    (unsigned long long) (progress->total / 1000000));
        }

        return;
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    now = (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;

    if (now - progress->shown < PSERVERCTL_PROGRESS_INTERVAL
        && progress->done != progress->total)
    {
        return;
    }

    progress->shown = now;

    n = (int) (part * PSERVERCTL_PROGRESS_WIDTH / 100);

    fprintf(stderr, "\r\033[K%s [%.*s%*s] %3u%%  %llu of %llu MB",
            progress->what, n, full, PSERVERCTL_PROGRESS_WIDTH - n, "",
            (unsigned) part,
            (unsigned long long) (progress->done / 1000000),
            (unsigned long long) (progress->total / 1000000));
}


void
pserverctl_progress_clear(const pserverctl_progress_t *progress)
{
    if (progress->terminal) {
        fprintf(stderr, "\r\033[K");
    }
}
