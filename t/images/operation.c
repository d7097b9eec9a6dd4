/*
 * Operations for the tests, one a program, by TEST_OPERATION: how a command
 * ends badly, what it can do to pserver-run, and what it gets to see.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>


#define TEST_IS(name)  (strcmp(TEST_OPERATION, name) == 0)


static void
put(const char *path, const char *text)
{
    FILE  *f;

    f = fopen(path, "w");

    if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0) {
        perror(path);
        exit(9);
    }
}


/* ends with 3 and says so on both streams */

static int
test_exit(void)
{
    puts("out of exit");
    fflush(stdout);
    fputs("err of exit\n", stderr);
    put("/job/out/result.json", "{\"never\":\"seen\"}");

    return 3;
}


static int
test_sleep(void)
{
    sleep(3600);
    put("/job/out/result.json", "{\"slept\":true}");

    return 0;
}


/* long enough for something to happen meanwhile */

static int
test_nap(void)
{
    sleep(2);
    put("/job/out/result.json", "{\"slept\":2}");

    return 0;
}


/* 1 MiB of talk and as much of a result as fits into /job */

static int
test_flood(void)
{
    int          fd, i;
    static char  block[65536];

    memset(block, 'f', sizeof(block));

    for (i = 0; i < 16; i++) {
        (void) !write(STDOUT_FILENO, block, sizeof(block));
    }

    fd = open("/job/out/result.json", O_WRONLY|O_CREAT, 0600);

    while (write(fd, block, sizeof(block)) > 0) {
        /* void */
    }

    return 0;
}


/* talks for ever */

static int
test_chatter(void)
{
    while (write(STDERR_FILENO, "and so on\n", 10) > 0) {
        /* void */
    }

    return 0;
}


static int
test_oom(void)
{
    volatile char  *p;

    do {
        p = malloc(1 << 20);

        if (p) {
            memset((char *) p, 1, 1 << 20);
        }

    } while (p);

    return 7;
}


/* a result that points to somewhere else */

static int
test_badout(void)
{
    (void) !symlink("/job/in/operation.json", "/job/out/result.json");

    return 0;
}


/* a result that nobody may read */

static int
test_unread(void)
{
    put("/job/out/result.json", "{}");

    return chmod("/job/out/result.json", 0);
}


/* an object without end */

static int
test_notjson(void)
{
    put("/job/out/result.json", "{\"half\":");

    return 0;
}


static int
test_noresult(void)
{
    put("/job/out/other.txt", "other\n");

    return 0;
}


/* in an image with a volume: a file on the engine's disk */

static int
test_volume(void)
{
    put("/data/leak.txt", "leak\n");
    put("/job/out/result.json", "{\"leaked\":true}");

    return 0;
}


/*
 * Tries to get hold of pserver-run, to leave something running that changes
 * the result later, to get out; the result says what went through.
 */

static int
test_attack(void)
{
    int      fd, fds[2];
    FILE    *f;
    pid_t    pid;
    char     byte;

    f = fopen("/job/out/result.json", "w");

    if (f == NULL) {
        return 9;
    }

    fprintf(f, "{\"mem\":%d", open("/proc/1/mem", O_RDWR) != -1);
    fprintf(f, ",\"stdout\":%d", open("/proc/1/fd/1", O_WRONLY) != -1);
    fprintf(f, ",\"environ\":%d", open("/proc/1/environ", O_RDONLY) != -1);
    fprintf(f, ",\"ptrace\":%d", ptrace(PTRACE_ATTACH, 1, 0, 0) != -1);

    /* the calls succeed; that pserver-run lives on shows in the result */

    fprintf(f, ",\"kill\":%d", kill(1, SIGKILL) && kill(1, SIGSTOP));
    fprintf(f, ",\"root\":%d", open("/planted", O_CREAT|O_RDWR, 0600) != -1);
    fprintf(f, ",\"setuid\":%d", setuid(0) != -1);
    fprintf(f, ",\"exec\":%d", chmod("/job/out/result.json", 0700) == 0
            && access("/job/out/result.json", X_OK) == 0);
    fprintf(f, ",\"inet\":%d", socket(AF_INET, SOCK_RAW, 1) != -1);

    fd = open("/proc/net/route", O_RDONLY);
    byte = 0;

    while (fd != -1 && read(fd, &byte, 1) == 1 && byte != '\n') {
        /* void */
    }

    fprintf(f, ",\"route\":%d}\n", fd != -1 && read(fd, &byte, 1) == 1);

    if (fclose(f) != 0 || pipe(fds) == -1) {
        return 9;
    }

    /* daemons that outlive the command and write when it is gone */

    pid = fork();

    if (pid == 0) {
        setsid();
        signal(SIGTERM, SIG_IGN);

        if (fork() == 0) {
            (void) !write(fds[1], "x", 1);

            for ( ;; ) {
                f = fopen("/job/out/late.txt", "a");

                if (f) {
                    fputs("late\n", f);
                    fclose(f);
                }

                usleep(1000);
            }
        }

        _exit(0);
    }

    if (read(fds[0], &byte, 1) != 1) {
        return 9;
    }

    return 0;
}


/* a number of /proc/self/status in hexadecimal digits */

static void
status(FILE *out, const char *name)
{
    char    line[256];
    FILE   *f;
    size_t  len;

    len = strlen(name);
    f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            line[strcspn(line, "\n")] = '\0';
            fprintf(out, ",\"%s\":\"%s\"", name, line + len + 2);
        }
    }

    if (f) {
        fclose(f);
    }
}


/* the command's view: its input as it came, its environment, its user */

static int
test_echo(void)
{
    int           ch;
    char        **e;
    FILE         *in, *out;
    extern char **environ;

    in = fopen("/job/in/operation.json", "r");
    out = fopen("/job/out/result.json", "w");

    if (in == NULL || out == NULL) {
        return 9;
    }

    fprintf(out, "{\"uid\":%u,\"gid\":%u,\"pid\":%s,\"stdin\":%d",
            getuid(), getgid(), getpid() == 1 ? "1" : "\"other\"",
            getchar());
    status(out, "NoNewPrivs");
    status(out, "Seccomp");
    status(out, "CapPrm");
    status(out, "CapBnd");
    fprintf(out, ",\"env\":[");

    for (e = environ; *e; e++) {
        fprintf(out, "%s\"%s\"", e == environ ? "" : ",", *e);
    }

    fprintf(out, "],\"input\":");

    while ((ch = getc(in)) != EOF) {
        putc(ch, out);
    }

    fprintf(out, "}\n");

    if (fclose(out) != 0
        || mkdir("/job/out/more", 0700) == -1
        || mkdir("/job/out/more/deep", 0700) == -1
        || mkdir("/job/out/more/empty", 0700) == -1)
    {
        return 9;
    }

    put("/job/out/more/deep/b.txt", "b\n");
    put("/job/out/more/a.txt", "");
    put("/job/out/more.txt", "more\n");

    return 0;
}


/* the data that it got: {"data/5.json":"<hex>",..} */

static int
test_data(void)
{
    int             ch;
    DIR            *dir;
    FILE           *in, *out;
    char            path[512];
    const char     *comma;
    struct dirent  *entry;

    dir = opendir("/job/in/data");
    out = fopen("/job/out/result.json", "w");

    if (dir == NULL || out == NULL) {
        return 9;
    }

    comma = "{";

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "/job/in/data/%s", entry->d_name);

        in = fopen(path, "r");

        if (in == NULL) {
            return 9;
        }

        fprintf(out, "%s\"data/%s\":\"", comma, entry->d_name);
        comma = ",";

        while ((ch = getc(in)) != EOF) {
            fprintf(out, "%02x", ch);
        }

        fclose(in);
        fprintf(out, "\"");
    }

    closedir(dir);
    fprintf(out, "}\n");

    return fclose(out) == 0 ? 0 : 9;
}


int
main(void)
{
    return TEST_IS("exit") ? test_exit()
           : TEST_IS("sleep") ? test_sleep()
           : TEST_IS("nap") ? test_nap()
           : TEST_IS("flood") ? test_flood()
           : TEST_IS("chatter") ? test_chatter()
           : TEST_IS("oom") ? test_oom()
           : TEST_IS("badout") ? test_badout()
           : TEST_IS("unread") ? test_unread()
           : TEST_IS("notjson") ? test_notjson()
           : TEST_IS("noresult") ? test_noresult()
           : TEST_IS("volume") ? test_volume()
           : TEST_IS("attack") ? test_attack()
           : TEST_IS("echo") ? test_echo()
           : TEST_IS("data") ? test_data()
           : 127;
}
