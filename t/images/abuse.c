/*
 * What a hostile command may take of the machine, try over a network or look
 * for of others, below the real pserver-run: the app's parameter "attack"
 * says what.  The result says what went through.
 */

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>


static FILE         *result;
static const char   *comma = "{";


static void
say(const char *name, int got)
{
    fprintf(result, "%s\"%s\":%d", comma, name, got);
    comma = ",";
}


static int
can_open(const char *path, int flags)
{
    int  fd;

    fd = open(path, flags, 0600);

    if (fd == -1) {
        return 0;
    }

    close(fd);

    return 1;
}


static int
can_connect(int type, const char *address, int port)
{
    int                 fd, rc;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, type, 0);

    if (fd == -1) {
        return 0;
    }

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    inet_pton(AF_INET, address, &sin.sin_addr);

    rc = connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == 0
         && send(fd, "x", 1, MSG_NOSIGNAL) == 1;
    close(fd);

    return rc;
}


static int
can_connect_unix(const char *path)
{
    int                 fd, rc;
    struct sockaddr_un  sun;

    fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == -1) {
        return 0;
    }

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    strcpy(sun.sun_path, path);

    rc = connect(fd, (struct sockaddr *) &sun, sizeof(sun)) == 0;
    close(fd);

    return rc;
}


static void
forks(void)
{
    int  n;

    for (n = 0; n < 10000; n++) {
        switch (fork()) {

        case -1:
            say("forks", n >= 100);
            return;

        case 0:
            pause();
            _exit(0);
        }
    }

    say("forks", n);
}


static void
fill(const char *name, const char *folder)
{
    int          fd;
    char         path[64];
    long         n;
    static char  block[1 << 16];

    snprintf(path, sizeof(path), "%s/fill", folder);

    fd = open(path, O_WRONLY|O_CREAT, 0600);

    for (n = 0; fd != -1 && write(fd, block, sizeof(block)) > 0; n++) {
        /* void */
    }

    unlink(path);

    /* all of the container's memory, and no more */

    say(name, n * sizeof(block) > (64 << 20));
}


static void
files(const char *folder, int keep)
{
    int   fd, n;
    char  path[64];

    for (n = 0; n < 1000000; n++) {
        snprintf(path, sizeof(path), "%s/%07d", folder, n);
        fd = open(path, O_WRONLY|O_CREAT, 0600);

        if (fd == -1) {
            break;
        }

        close(fd);
    }

    say("million", n == 1000000);

    while (!keep && n--) {
        snprintf(path, sizeof(path), "%s/%07d", folder, n);
        unlink(path);
    }
}


static void
network(void)
{
    int                 fd;
    struct sockaddr_in  sin;

    say("internet", can_connect(SOCK_STREAM, "1.1.1.1", 443));
    say("dns", can_connect(SOCK_DGRAM, "8.8.8.8", 53));
    say("metadata", can_connect(SOCK_STREAM, "169.254.169.254", 80));
    say("bridge", can_connect(SOCK_STREAM, "172.17.0.1", 80));
    say("private", can_connect(SOCK_STREAM, "10.0.0.1", 80));
    say("host", can_connect(SOCK_STREAM, "127.0.0.1", 22));
    say("docker", can_connect_unix("/var/run/docker.sock"));
    say("podman", can_connect_unix("/run/podman/podman.sock"));
    say("containerd", can_connect_unix("/run/containerd/containerd.sock"));

    fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(80);
    inet_pton(AF_INET, "10.1.2.3", &sin.sin_addr);
    say("bind", bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == 0);
}


/* what is there of another job; and then the same is left for the next */

static void
traces(void)
{
    int             n;
    DIR            *dir;
    struct dirent  *de;

    say("file", can_open("/job/tmp/trace", O_RDONLY));
    say("folder", can_open("/job/trace", O_RDONLY));
    say("root", can_open("/tmp/trace", O_RDONLY));
    say("device", can_open("/dev/shm/trace", O_RDONLY));
    say("segment", shmget(4711, 4096, 0600) != -1);
    say("queue", msgget(4711, 0600) != -1);

    dir = opendir("/job/in");

    for (n = 0; dir && (de = readdir(dir)) != NULL; ) {
        n += strncmp(de->d_name, "trace", 5) == 0;
    }

    say("input", n != 0);

    say("left", !can_open("/job/tmp/trace", O_WRONLY|O_CREAT)
                || !can_open("/job/trace", O_WRONLY|O_CREAT));

    (void) can_open("/job/in/trace", O_WRONLY|O_CREAT);
    (void) can_open("/tmp/trace", O_WRONLY|O_CREAT);
    (void) can_open("/dev/shm/trace", O_WRONLY|O_CREAT);
    (void) shmget(4711, 4096, IPC_CREAT|0600);
    (void) msgget(4711, IPC_CREAT|0600);

    /* and one who stays, if the container does */

    if (fork() == 0) {
        setsid();
        sleep(3600);
    }
}


/* no attack, but a file that is larger than a few chunks */

static void
large(void)
{
    int    i;
    FILE  *f;

    f = fopen("/job/out/large.txt", "w");

    for (i = 0; f && i < 131072; i++) {
        fprintf(f, "%07d\n", i);
    }

    say("large", f && fclose(f) == 0);
}


int
main(void)
{
    int             i;
    FILE           *in;
    static char     text[65536];
    volatile char  *p;

    in = fopen("/job/in/operation.json", "r");
    result = fopen("/job/out/result.json", "w");

    if (in == NULL || result == NULL
        || fread(text, 1, sizeof(text) - 1, in) == 0)
    {
        return 9;
    }

#define IS(name)  (strstr(text, "\"attack\":\"" name "\"") != NULL)

    if (IS("forks")) {
        forks();

    } else if (IS("fills")) {
        fill("job", "/job/tmp");
        fill("shm", "/dev/shm");
        fill("tmp", "/tmp");

    } else if (IS("files")) {
        files("/job/tmp", 0);

    } else if (IS("artifacts")) {
        files("/job/out", 1);

    } else if (IS("network")) {
        network();

    } else if (IS("traces")) {
        traces();

    } else if (IS("kill")) {

        /* of process 1, by those that can't be ignored */

        say("kill", kill(1, SIGKILL) && kill(1, SIGSTOP));

    } else if (IS("memory")) {

        /* each has its own, and together it is too much */

        for (i = 0; i < 8; i++) {
            if (fork() == 0) {
                break;
            }
        }

        do {
            p = malloc(1 << 20);

            if (p) {
                memset((char *) p, 1, 1 << 20);
            }

        } while (p);

        return 7;

    } else if (IS("deaf")) {

        for (i = 1; i < 65; i++) {
            signal(i, SIG_IGN);
        }

        for ( ;; ) {
            pause();
        }

    } else if (IS("flood")) {

        for ( ;; ) {
            if (write(STDOUT_FILENO, text, sizeof(text)) < 0) {
                break;
            }
        }

    } else if (IS("large")) {
        large();

    } else if (IS("frames")) {

        /* cut off, for nobody, and taken for nothing else */

        for (i = 0; i < 100; i++) {
            (void) !write(i & 1 ? STDOUT_FILENO : STDERR_FILENO,
                          "\1\0\0\0\0\0\0\30PSRV-OUT\0\0\0\0\0\0\0\0"
                          "\0\0\0\0\0\0\0\0", 32);
        }

        say("frames", 0);
    }

    fprintf(result, "%s\"over\":1}\n", comma);

    return fclose(result) == 0 ? 0 : 9;
}
