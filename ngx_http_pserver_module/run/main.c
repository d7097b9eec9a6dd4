/*
 * pserver-run [COMMAND [ARGUMENT...]], see run.h.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"


u_char  run_buf[RUN_BUF_LEN];


int
main(int argc, char **argv)
{
    int                        rc, error;
    char                      *command[] = { "/operation", NULL };
    u_char                     head[PSERVER_PAYLOAD_HEAD_LEN];
    pserver_payload_input_t    in;
    pserver_payload_output_t   out;

    /* kill(-1) must mean this container */

    if (getpid() != 1) {
        return RUN_EXIT;
    }

    if (prctl(PR_SET_DUMPABLE, 0) == -1
        || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
    {
        return RUN_EXIT;
    }

    umask(077);

    out.outcome = PSERVER_PAYLOAD_RAN;
    out.status = 0;
    out.length = 0;
    error = 0;

    rc = run_unpack(STDIN_FILENO, &in, &error);

    if (rc == PSERVER_DONE) {
        return RUN_EXIT;
    }

    if (rc != PSERVER_OK) {
        out.outcome = PSERVER_PAYLOAD_INPUT;

    } else if (run_command((argc > 1) ? &argv[1] : command, &out.status,
                           &error)
               != PSERVER_OK)
    {
        out.outcome = PSERVER_PAYLOAD_COMMAND;

    } else if (out.status == 0) {
        out.outcome = run_list(in.limit, &out.length, &error);

    } else {
        out.length = PSERVER_TAR_END_LEN;
    }

    if (out.outcome != PSERVER_PAYLOAD_RAN) {
        out.status = (uint32_t) error & 0xff;
        out.length = 0;
    }

    pserver_payload_output_encode(head, &out);

    if (run_write(STDOUT_FILENO, head, sizeof(head)) != PSERVER_OK) {
        return RUN_EXIT;
    }

    if (out.outcome != PSERVER_PAYLOAD_RAN
        || run_pack(STDOUT_FILENO) != PSERVER_OK)
    {
        return RUN_EXIT;
    }

    return (int) out.status;
}


int
run_write(int fd, const u_char *data, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(fd, data, len);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return PSERVER_ERROR;
        }

        data += n;
        len -= (size_t) n;
    }

    return PSERVER_OK;
}
