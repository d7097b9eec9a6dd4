/*
 * The command: from its start to the end of all that it has left behind,
 * see run.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"


typedef struct {
    int                   signals;   /* signalfd: a child has ended */
    int                   output;    /* what the command says */
    int                   started;   /* EOF at exec, or the errno of it */
    pid_t                 pid;
    size_t                said;
    int                   status;    /* as of waitpid() */
    unsigned              ended:1;
} command_t;


static int command_start(command_t *c, char **argv);
static void command_exec(char **argv, int output, int started)
    __attribute__((noreturn));
static void command_watch(command_t *c);
static void command_relay(command_t *c);
static void command_reap(command_t *c, int options);


static char  *command_env[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=" RUN_WORK,
    "TMPDIR=" RUN_TMP,
    "LANG=C.UTF-8",
    NULL
};


int
run_command(char **argv, uint32_t *status, int *error)
{
    command_t  c;

    memset(&c, 0, sizeof(command_t));

    *error = command_start(&c, argv);

    if (*error == 0) {
        command_watch(&c);
    }

    /* all processes but this one; they become our children and are reaped */

    (void) kill(-1, SIGKILL);
    command_reap(&c, 0);

    if (*error) {
        return PSERVER_ERROR;
    }

    command_relay(&c);

    *status = (uint32_t) (WIFEXITED(c.status) ? WEXITSTATUS(c.status)
                                              : 128 + WTERMSIG(c.status));

    return PSERVER_OK;
}


/* 0 or an errno */

static int
command_start(command_t *c, char **argv)
{
    int       output[2], started[2], error;
    ssize_t   n;
    sigset_t  set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);

    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1
        || pipe2(output, O_CLOEXEC) == -1
        || pipe2(started, O_CLOEXEC) == -1)
    {
        return errno;
    }

    c->output = output[0];
    c->started = started[0];
    c->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);

    if (c->signals == -1 || fcntl(c->output, F_SETFL, O_NONBLOCK) == -1) {
        return errno;
    }

    c->pid = fork();

    if (c->pid == -1) {
        return errno;
    }

    if (c->pid == 0) {
        command_exec(argv, output[1], started[1]);
    }

    (void) close(output[1]);
    (void) close(started[1]);

    do {
        n = read(c->started, &error, sizeof(error));
    } while (n == -1 && errno == EINTR);

    return (n == 0) ? 0 : (n == sizeof(error)) ? error : EIO;
}


static void
command_exec(char **argv, int output, int started)
{
    int       fd, error;
    sigset_t  set;

    /* the first to go when memory runs out, before pserver-run does */

    (void) prctl(PR_SET_DUMPABLE, 1);

    fd = open("/proc/self/oom_score_adj", O_WRONLY|O_CLOEXEC);

    if (fd != -1) {
        (void) run_write(fd, (const u_char *) "1000", 4);
    }

    sigemptyset(&set);

    fd = open("/dev/null", O_RDONLY|O_CLOEXEC);

    if (fd != -1
        && dup2(fd, STDIN_FILENO) != -1
        && dup2(output, STDOUT_FILENO) != -1
        && dup2(output, STDERR_FILENO) != -1
        && setsid() != -1
        && sigprocmask(SIG_SETMASK, &set, NULL) != -1
        && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
    {
        (void) execve(argv[0], argv, command_env);
    }

    error = errno;

    (void) run_write(started, (const u_char *) &error, sizeof(error));

    _exit(RUN_EXIT);
}


/* until the command itself ends, whoever else still holds its output */

static void
command_watch(command_t *c)
{
    struct pollfd            fds[2];
    struct signalfd_siginfo  info;

    fds[0].fd = c->signals;
    fds[0].events = POLLIN;
    fds[1].fd = c->output;
    fds[1].events = POLLIN;

    while (!c->ended) {

        fds[1].revents = 0;

        if (poll(fds, 2, -1) == -1) {
            if (errno == EINTR) {
                continue;
            }

            break;
        }

        if (fds[1].revents & POLLIN) {
            command_relay(c);

        } else if (fds[1].revents) {
            /* all have closed it: nothing more to wait for here */
            fds[1].fd = -1;
        }

        if (fds[0].revents) {
            (void) !read(c->signals, &info, sizeof(info));
            command_reap(c, WNOHANG);
        }
    }
}


/* what is there now, of which the beginning is passed on */

static void
command_relay(command_t *c)
{
    int      turn;
    size_t   pass;
    ssize_t  n;

    for (turn = 0; turn < 64; turn++) {
        n = read(c->output, run_buf, RUN_BUF_LEN);

        if (n <= 0) {
            return;
        }

        pass = PSERVER_PAYLOAD_STDERR_MAX - c->said;

        if (pass > (size_t) n) {
            pass = (size_t) n;
        }

        (void) run_write(STDERR_FILENO, run_buf, pass);
        c->said += pass;
    }
}


static void
command_reap(command_t *c, int options)
{
    int    status;
    pid_t  pid;

    for ( ;; ) {
        pid = waitpid(-1, &status, options);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid <= 0) {
            return;
        }

        if (pid == c->pid && !c->ended) {
            c->status = status;
            c->ended = 1;
        }
    }
}
