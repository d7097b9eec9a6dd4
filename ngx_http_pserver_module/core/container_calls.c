/*
 * The seccomp profile of a container, see container_calls.h.
 */

#include <string.h>

#include "container_calls.h"


/* one set of arguments under which a call passes, or another answer */

#define ALLOW(name, args)                                                     \
    ",{'names':['" name "'],'action':'SCMP_ACT_ALLOW','args':[" args "]}"

#define IS(index, value)                                                      \
    "{'index':" #index ",'value':" #value ",'op':'SCMP_CMP_EQ'}"

#define HAS_NONE_OF(index, mask)                                              \
    "{'index':" #index ",'value':" #mask ",'valueTwo':0"                      \
    ",'op':'SCMP_CMP_MASKED_EQ'}"


typedef struct {
    u_char               *pos;
    u_char               *last;
    unsigned              full:1;
} calls_buf_t;


static void calls_put(calls_buf_t *b, const char *text);


/* the same call has other names on other machines; unknown ones are skipped */

static const char *const  calls_allowed[] = {

    /* memory */
    "brk", "madvise", "membarrier", "memfd_create", "mincore", "mlock",
    "mlock2", "mlockall", "mmap", "mprotect", "mremap", "msync", "munlock",
    "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect",

    /* files and folders */
    "access", "chdir", "chmod", "chown", "close", "close_range",
    "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat",
    "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat",
    "fchmodat2", "fchown", "fchownat", "fcntl", "fdatasync", "flock", "fstat",
    "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents",
    "getdents64", "ioctl", "lchown", "link", "linkat", "lseek", "lstat",
    "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat", "open", "openat",
    "openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64",
    "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat",
    "readv", "rename", "renameat", "renameat2", "rmdir", "sendfile", "splice",
    "stat", "statfs", "statx", "symlink", "symlinkat", "sync",
    "sync_file_range", "syncfs", "tee", "truncate", "umask", "unlink",
    "unlinkat", "utime", "utimensat", "utimes", "write", "writev",
    "fgetxattr", "flistxattr", "fremovexattr", "fsetxattr", "getxattr",
    "lgetxattr", "listxattr", "llistxattr", "lremovexattr", "lsetxattr",
    "removexattr", "setxattr", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch",

    /* to wait for several */
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait",
    "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "poll", "ppoll",
    "pselect6", "select",

    /* processes and threads */
    "arch_prctl", "capget", "capset", "execve", "execveat", "exit",
    "exit_group", "fork", "futex", "futex_waitv", "get_robust_list",
    "get_thread_area", "getcpu", "getegid", "geteuid", "getgid", "getgroups",
    "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid",
    "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self",
    "pidfd_open", "pidfd_send_signal", "prctl", "restart_syscall",
    "riscv_flush_icache", "riscv_hwprobe", "rseq", "sched_get_priority_max",
    "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
    "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
    "sched_setaffinity", "sched_setattr", "sched_setparam",
    "sched_setscheduler", "sched_yield", "seccomp", "set_robust_list",
    "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid",
    "setgroups", "setpgid", "setpriority", "setregid", "setresgid",
    "setresuid", "setreuid", "setrlimit", "setsid", "setuid", "sysinfo",
    "uname", "vfork", "wait4", "waitid",

    /* signals and time */
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer",
    "gettimeofday", "kill", "nanosleep", "pause", "rt_sigaction",
    "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "setitimer",
    "sigaltstack", "signalfd", "signalfd4", "tgkill", "time",
    "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
    "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    "times", "tkill",

    /* what processes have in common, and sockets that are there */
    "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive",
    "mq_timedsend", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd",
    "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
    "shmget", "accept", "accept4", "bind", "connect", "getpeername",
    "getrandom", "getsockname", "getsockopt", "listen", "recvfrom",
    "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
    "shutdown",

    NULL
};


/*
 * Sockets: AF_UNIX, AF_INET, AF_INET6, and of AF_NETLINK the routes, which
 * getaddrinfo() asks for.  Limits: one's own.  Threads and processes: none
 * in a namespace of its own; clone3() has its flags where no filter sees
 * them, and the C libraries take ENOSYS as a reason for clone().
 * Personality: Linux, and what it is now.
 */

static const char  calls_rules[] =
    ALLOW("socket", IS(0, 1))
    ALLOW("socket", IS(0, 2))
    ALLOW("socket", IS(0, 10))
    ALLOW("socket", IS(0, 16) "," IS(2, 0))
    ALLOW("socketpair", IS(0, 1))
    ALLOW("prlimit64", IS(0, 0))
    ALLOW("clone", HAS_NONE_OF(0, 2114060288))
    ALLOW("personality", IS(0, 0))
    ALLOW("personality", IS(0, 4294967295))
    ",{'names':['clone3'],'action':'SCMP_ACT_ERRNO','errnoRet':38}";


int
pserver_container_calls(u_char *dst, size_t cap, size_t *len)
{
    size_t       i;
    calls_buf_t  b;

    b.pos = dst;
    b.last = dst + cap;
    b.full = 0;

    calls_put(&b, "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':"
                  "[{'action':'SCMP_ACT_ALLOW','names':[");

    for (i = 0; calls_allowed[i]; i++) {
        calls_put(&b, i ? ",'" : "'");
        calls_put(&b, calls_allowed[i]);
        calls_put(&b, "'");
    }

    calls_put(&b, "]}");
    calls_put(&b, calls_rules);
    calls_put(&b, "]}");

    *len = (size_t) (b.pos - dst);

    return b.full ? PSERVER_NOSPACE : PSERVER_OK;
}


/* ' is a quote of the profile, which is itself within a string */

static void
calls_put(calls_buf_t *b, const char *text)
{
    for ( /* void */ ; *text; text++) {

        if (b->last - b->pos < 2) {
            b->full = 1;
            return;
        }

        if (*text == '\'') {
            *b->pos++ = '\\';
            *b->pos++ = '"';

        } else {
            *b->pos++ = (u_char) *text;
        }
    }
}
