/*
 * What a test does to an nginx that was started with this library preloaded:
 * its clock goes wrong, or it is killed at the n-th call by which a thread
 * changes the disk.
 *
 * The control file, $PSERVER_FAULT, is mapped by all processes of that
 * nginx: 8 bytes of seconds that are added to the clock, or at which it
 * stands still if they are a time of our days; then 4 each of the call at
 * which to die (0: none), of the calls so far, and of whether it does not die
 * but waits, until there is none; then a text that, if it is not empty, tells
 * by fnmatch(3) on which one to die.  Each call is a line in
 * $PSERVER_FAULT.log.
 * A call that is to die is not made: the disk is as the calls before it have
 * left it.
 *
 * Calls that only read are left out, since the disk is the same before and
 * after them; so is the main thread, which writes nothing but error logs.  Of
 * another program, $PSERVER_FAULT_PROGRAM, all calls count.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


typedef struct {
    int64_t   clock;
    uint32_t  stop;
    uint32_t  count;
    uint32_t  hold;
    char      name[1004];
} fault_t;


#define FAULT_STOPPED  1000000000


static fault_t  *fault;
static int       fault_log = -1;
static int       fault_main;        /* the main thread counts as well */


#define real(name, ...)                                                       \
    (((__typeof__(&name)) fault_real(#name))(__VA_ARGS__))


static void *
fault_real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}


static void __attribute__((constructor))
fault_init(void)
{
    int          fd;
    char         log[4096];
    const char  *path, *program;

    path = getenv("PSERVER_FAULT");
    program = getenv("PSERVER_FAULT_PROGRAM");

    if (path == NULL
        || strcmp(program_invocation_short_name, program ? program : "nginx")
           != 0)
    {
        return;
    }

    fault_main = (program != NULL);

    fd = open(path, O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        abort();
    }

    fault = mmap(NULL, sizeof(fault_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd,
                 0);

    if (fault == MAP_FAILED) {
        abort();
    }

    (void) close(fd);

    (void) snprintf(log, sizeof(log), "%s.log", path);
    fault_log = open(log, O_WRONLY|O_APPEND|O_CREAT|O_CLOEXEC, 0666);
}


/* fd or path may be missing: -1, NULL */

static void
fault_point(const char *call, int fd, const char *path)
{
    int          len, error, here;
    char         link[64], target[4096], line[8192];
    ssize_t      n;
    uint32_t     point;
    struct stat  st;
    const char  *folder;

    if (fault == NULL || fault->stop == 0
        || (!fault_main && syscall(SYS_gettid) == getpid()))
    {
        return;
    }

    error = errno;
    target[0] = '\0';

    if (fd >= 0) {
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
    }

    point = __atomic_add_fetch(&fault->count, 1, __ATOMIC_SEQ_CST);

    folder = (fd >= 0 && path == NULL && fstat(fd, &st) == 0
              && S_ISDIR(st.st_mode)) ? "(folder)" : "";

    len = snprintf(line, sizeof(line), "%u %s%s %s%s%s\n", point, call,
                   folder, target, path ? "/" : "", path ? path : "");

    (void) !syscall(SYS_write, fault_log, line, (size_t) len);

    here = (point == fault->stop);

    if (fault->name[0]) {
        (void) snprintf(line, sizeof(line), "%s%s %s%s%s", call,
                        folder, target, path ? "/" : "", path ? path : "");
        here = (fnmatch(fault->name, line, FNM_PATHNAME) == 0);
    }

    if (here && fault->hold) {
        while (__atomic_load_n(&fault->stop, __ATOMIC_SEQ_CST) == point) {
            (void) usleep(2000);
        }

    } else if (here) {
        fault->stop = 0;
        (void) syscall(SYS_kill, getpid(), SIGKILL);
        for ( ;; ) {
            (void) pause();
        }
    }

    errno = error;
}


int
openat64(int fd, const char *path, int flags, ...)
{
    int      make;
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    make = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    mode = make ? va_arg(args, mode_t) : 0;
    va_end(args);

    if (make) {
        fault_point("openat", fd, path);
    }

    return syscall(SYS_openat, fd, path, flags, mode);
}


int openat(int fd, const char *path, int flags, ...)
    __attribute__((alias("openat64")));


ssize_t
write(int fd, const void *data, size_t len)
{
    fault_point("write", fd, NULL);

    return real(write, fd, data, len);
}


ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    fault_point("pwrite", fd, NULL);

    return real(pwrite64, fd, data, len, offset);
}


ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
    __attribute__((alias("pwrite64")));


int
ftruncate64(int fd, off64_t len)
{
    fault_point("ftruncate", fd, NULL);

    return real(ftruncate64, fd, len);
}


int ftruncate(int fd, off_t len) __attribute__((alias("ftruncate64")));


int
fsync(int fd)
{
    fault_point("fsync", fd, NULL);

    return real(fsync, fd);
}


int
fdatasync(int fd)
{
    fault_point("fdatasync", fd, NULL);

    return real(fdatasync, fd);
}


int
flock(int fd, int operation)
{
    fault_point("flock", fd, NULL);

    return real(flock, fd, operation);
}


int
mkdirat(int fd, const char *path, mode_t mode)
{
    fault_point("mkdirat", fd, path);

    return real(mkdirat, fd, path, mode);
}


int
linkat(int from, const char *path, int to, const char *name, int flags)
{
    fault_point("linkat", to, name);

    return real(linkat, from, path, to, name, flags);
}


int
symlinkat(const char *text, int to, const char *name)
{
    fault_point("symlinkat", to, name);

    return real(symlinkat, text, to, name);
}


int
renameat(int from, const char *path, int to, const char *name)
{
    fault_point("renameat", to, name);

    return real(renameat, from, path, to, name);
}


int
renameat2(int from, const char *path, int to, const char *name,
    unsigned flags)
{
    fault_point("renameat2", to, name);

    return real(renameat2, from, path, to, name, flags);
}


int
syncfs(int fd)
{
    fault_point("syncfs", fd, NULL);

    return real(syncfs, fd);
}


int
unlinkat(int fd, const char *path, int flags)
{
    fault_point("unlinkat", fd, path);

    return real(unlinkat, fd, path, flags);
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int  rc;

    rc = real(clock_gettime, id, ts);

    if (fault == NULL
        || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
    {
        return rc;
    }

    if (fault->clock < FAULT_STOPPED) {
        ts->tv_sec += fault->clock;

    } else {
        ts->tv_sec = fault->clock;
        ts->tv_nsec = 0;
    }

    return rc;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec  ts;

    (void) tz;
    (void) clock_gettime(CLOCK_REALTIME, &ts);

    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *out)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    if (out) {
        *out = ts.tv_sec;
    }

    return ts.tv_sec;
}
