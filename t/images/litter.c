/*
 * What a hostile command may leave in /job/out beside a result that is
 * good, for pserver-run to pack: the app's parameter "litter" says what.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>


static char  text[65536];


static void
put(const char *path, const char *content)
{
    FILE  *f;

    f = fopen(path, "w");

    if (f == NULL || fputs(content, f) == EOF || fclose(f) != 0) {
        perror(path);
        exit(9);
    }
}


static void
check(int rc)
{
    if (rc == -1) {
        perror("litter");
        exit(9);
    }
}


/* a file that is a link at times, until pserver-run has looked and read */

static void
swap(void)
{
    if (fork() != 0) {
        return;
    }

    (void) setsid();

    if (fork() != 0) {
        _exit(0);
    }

    for (int i = 1; i < 65; i++) {
        (void) signal(i, SIG_IGN);
    }

    for ( ;; ) {
        (void) symlink("/pserver-run", "/job/tmp/link");
        (void) rename("/job/tmp/link", "/job/out/a");
        (void) rename("/job/in/operation.json", "/job/out/a");
        (void) link("/job/out/a", "/job/in/operation.json");
    }
}


/* as many as the kernel gives, and so all of the memory that it takes */

static void
attributes(void)
{
    int   i;
    char  name[32];

    put("/job/out/a", "a");

    for (i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "user.%d", i);

        if (setxattr("/job/out/a", name, text, sizeof(text), 0) == -1) {
            return;
        }
    }
}


static void
listen_at(const char *path)
{
    struct sockaddr_un  sun;

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    strcpy(sun.sun_path, path);

    check(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *) &sun,
               sizeof(sun)));
}


int
main(void)
{
    FILE  *in;
    char   name[256];

    in = fopen("/job/in/operation.json", "r");

    if (in == NULL || fread(text, 1, sizeof(text) - 1, in) == 0) {
        return 9;
    }

#define IS(what)  (strstr(text, "\"litter\":\"" what "\"") != NULL)

    if (IS("symlink")) {
        check(symlink("/pserver-run", "/job/out/a"));

    } else if (IS("folder_link")) {
        check(symlink("/proc/1", "/job/out/a"));

    } else if (IS("dangling")) {
        check(symlink("/nowhere", "/job/out/a"));

    } else if (IS("result_link")) {
        check(symlink("/etc/passwd", "/job/out/result.json"));
        return 0;

    } else if (IS("out_link")) {
        check(rmdir("/job/out"));
        check(symlink("/proc/1", "/job/out"));
        return 0;

    } else if (IS("out_gone")) {
        check(rmdir("/job/out"));
        return 0;

    } else if (IS("out_file")) {
        check(rmdir("/job/out"));
        put("/job/out", "{}");
        return 0;

    } else if (IS("out_closed")) {
        check(chmod("/job/out", 0));
        return 0;

    } else if (IS("result_folder")) {
        check(mkdir("/job/out/result.json", 0700));
        return 0;

    } else if (IS("swap")) {
        put("/job/out/a", "a");
        swap();

    } else if (IS("hard_link")) {

        /* what it has anyway; what it has not is another file system */

        if (link("/pserver-run", "/job/out/b") == 0
            || link("/proc/1/exe", "/job/out/c") == 0)
        {
            return 9;
        }

        check(link("/job/in/operation.json", "/job/out/a"));

    } else if (IS("fifo")) {
        check(mkfifo("/job/out/a", 0666));

    } else if (IS("socket")) {
        listen_at("/job/out/a");

    } else if (IS("sparse")) {
        put("/job/out/a", "");
        check(truncate("/job/out/a", (off_t) 1 << 40));

    } else if (IS("largest")) {

        /* as large as a file may be: sums of it are negative, or small */

        put("/job/out/a", "");
        put("/job/out/b", "");

        if (truncate("/job/out/a", ((off_t) 1 << 62) - 1 + ((off_t) 1 << 62))
            == -1
            || truncate("/job/out/b", ((off_t) 1 << 62) - 1
                                      + ((off_t) 1 << 62))
               == -1)
        {
            check(truncate("/job/out/a", (off_t) 1 << 43));
        }

    } else if (IS("newline")) {
        put("/job/out/a\nb", "a");

    } else if (IS("control")) {
        put("/job/out/a\033[2Jb", "a");

    } else if (IS("not_utf8")) {
        put("/job/out/a\xff\xfe", "a");

    } else if (IS("overlong")) {
        put("/job/out/\xc0\xae\xc0\xae", "a");

    } else if (IS("backslash")) {
        put("/job/out/..\\a", "a");

    } else if (IS("quote")) {
        put("/job/out/\",\"x\":\"", "a");

    } else if (IS("long")) {
        memset(name, 'a', 255);
        memcpy(name, "/job/out/", 9);
        name[255] = '\0';
        put(name, "a");

    } else if (IS("deep")) {
        strcpy(name, "/job/out");

        for (int i = 0; i < 20; i++) {
            strcat(name, "/a");
            check(mkdir(name, 0700));
        }

    } else if (IS("many")) {

        for (int i = 0; i < 2000; i++) {
            snprintf(name, sizeof(name), "/job/out/%d", i);
            put(name, "");
        }

    } else if (IS("folders")) {

        for (int i = 0; i < 2000; i++) {
            snprintf(name, sizeof(name), "/job/out/%d", i);
            check(mkdir(name, 0700));
        }

    } else if (IS("closed")) {
        put("/job/out/a", "a");
        check(chmod("/job/out/a", 0));

    } else if (IS("setuid")) {
        put("/job/out/a", "a");
        check(chmod("/job/out/a", 06755));

    } else if (IS("attributes")) {
        attributes();
    }

    put("/job/out/result.json", "{\"is\":\"good\"}");

    return 0;
}
