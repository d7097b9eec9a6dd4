/*
 * pserver-run: the entry point of an operation's container.  The wire is
 * described in core/payload.h, what an image has to bring and what the
 * command may expect in docker/operations/README.md.
 *
 * It shares a user and a file system with a command that it does not trust.
 * What keeps them apart:
 *
 *   - it is process 1: no signal from inside ends or stops it, orphans
 *     become its children, and kill(-1) reaches all processes but itself;
 *   - it is not dumpable: /proc/1/mem, /proc/1/fd and ptrace are closed to
 *     the command, so nothing but pserver-run can write to its stdout;
 *   - the command has a stdin, stdout and stderr of its own;
 *   - the output is looked at when no other process is left to change it,
 *     and no symbolic link is followed on the way.
 */

#ifndef _PSERVER_RUN_H_INCLUDED_
#define _PSERVER_RUN_H_INCLUDED_


#include "core/payload.h"


#define RUN_WORK      "/job"
#define RUN_IN        "/job/in"
#define RUN_OUT       "/job/out"
#define RUN_TMP       "/job/tmp"

#define RUN_BUF_LEN   65536

#define RUN_EXIT      125    /* no result: see payload.h */


/* one buffer serves all copying: nothing here runs at the same time */

extern u_char  run_buf[RUN_BUF_LEN];


/*
 * Reads the head and the archive from fd and writes the files below
 * /job/in.  PSERVER_OK, or PSERVER_INVALID with *error = errno or 0;
 * PSERVER_DONE: the stream has ended before its first byte.
 */
int run_unpack(int fd, pserver_payload_input_t *in, int *error);

/*
 * Runs argv with a clean environment, passes on the beginning of what it
 * says, ends all that it has left behind.  PSERVER_OK and the exit status,
 * or PSERVER_ERROR and *error if it could not be started.
 */
int run_command(char **argv, uint32_t *status, int *error);

/*
 * Lists the files of /job/out, whose archive may have "limit" bytes.  RAN
 * and its length, or OUTPUT or LIMIT with *error = errno or 0.
 */
pserver_payload_outcome_e run_list(uint64_t limit, uint64_t *length,
    int *error);

/* writes the archive of the files that run_list() has found, or an empty one */
int run_pack(int fd);

/* all of it, or PSERVER_ERROR */
int run_write(int fd, const u_char *data, size_t len);


#endif /* _PSERVER_RUN_H_INCLUDED_ */
