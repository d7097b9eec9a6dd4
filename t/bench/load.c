/*
 * load PORT CONNECTIONS SECONDS PATH FILE [again [p99]]: GETs of PATH over
 * that many connections of 127.0.0.1, each with the next line of FILE as its
 * Authorization header; "again": from the first one after the last.  Prints
 * answers a second, or with "p99" within how many msec 99 of 100 are there.
 * Anything but a whole 200, or a FILE that is too short, is an error.  With
 * RANGE in the environment it is that of each request, and answered by 206.
 *
 * It does next to nothing of its own: what is measured is the server.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>


#define LOAD_CONNECTIONS_MAX  512
#define LOAD_TIMES_MAX        1000000


typedef struct {
    char    *data;
    char    *next;
    char    *end;
    int      again;
} load_lines_t;


typedef struct {
    int      fd;
    size_t   len;                          /* of what is in buf */
    size_t   rest;                         /* of the body, past buf */
    double   since;
    char     buf[4096];
} load_connection_t;


static char               load_request[512];
static const char        *load_status = "HTTP/1.1 200 ";
static load_lines_t       load_lines;
static load_connection_t  load_connections[LOAD_CONNECTIONS_MAX];
static double             load_times[LOAD_TIMES_MAX];


static void
fail(const char *what)
{
    (void) fprintf(stderr, "load: %s\n", what);
    exit(1);
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static void
read_lines(const char *name)
{
    long   len;
    FILE  *f;

    f = fopen(name, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) <= 0) {
        fail("no headers");
    }

    rewind(f);

    load_lines.data = malloc(len);

    if (load_lines.data == NULL
        || fread(load_lines.data, 1, len, f) != (size_t) len)
    {
        fail("no headers");
    }

    load_lines.next = load_lines.data;
    load_lines.end = load_lines.data + len;

    (void) fclose(f);
}


static void
next_line(struct iovec *iov)
{
    char  *end;

    if (load_lines.next == load_lines.end) {

        if (!load_lines.again) {
            fail("too few headers");
        }

        load_lines.next = load_lines.data;
    }

    end = memchr(load_lines.next, '\n', load_lines.end - load_lines.next);

    if (end == NULL) {
        fail("a header without an end");
    }

    iov->iov_base = load_lines.next;
    iov->iov_len = end - load_lines.next;

    load_lines.next = end + 1;
}


static void
ask(load_connection_t *c)
{
    size_t        len;
    struct iovec  iov[3];

    static char  end[] = "\r\n\r\n";

    iov[0].iov_base = load_request;
    iov[0].iov_len = strlen(load_request);

    next_line(&iov[1]);

    iov[2].iov_base = end;
    iov[2].iov_len = sizeof(end) - 1;

    c->len = 0;
    c->rest = 0;
    c->since = now();

    len = iov[0].iov_len + iov[1].iov_len + iov[2].iov_len;

    if (writev(c->fd, iov, 3) != (ssize_t) len) {
        fail("writev() failed");
    }
}


/* 1: the answer is whole */

static int
answered(load_connection_t *c)
{
    char    *end, *length;
    size_t   head, body;

    static char  sink[65536];
    ssize_t      n;

    if (c->rest) {
        n = recv(c->fd, sink, c->rest < sizeof(sink) ? c->rest : sizeof(sink),
                 0);
        if (n <= 0) {
            fail("a body was cut");
        }

        c->rest -= n;

        return c->rest == 0;
    }

    n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len, 0);

    if (n <= 0) {
        fail("a connection was closed");
    }

    c->len += n;
    c->buf[c->len] = '\0';

    end = strstr(c->buf, "\r\n\r\n");

    if (end == NULL) {
        if (c->len == sizeof(c->buf) - 1) {
            fail("a header is too long");
        }

        return 0;
    }

    length = strstr(c->buf, "\r\nContent-Length: ");

    if (strncmp(c->buf, load_status, strlen(load_status)) != 0
        || length == NULL || length > end)
    {
        c->buf[strcspn(c->buf, "\r")] = '\0';
        fail(c->buf);
    }

    head = end + 4 - c->buf;
    body = strtoul(length + 18, NULL, 10);

    if (c->len > head + body) {
        fail("more than was asked for");
    }

    c->rest = head + body - c->len;

    return c->rest == 0;
}


static void
start(int epoll, int port, size_t n)
{
    size_t              i;
    struct sockaddr_in  sin;
    struct epoll_event  event;
    load_connection_t  *c;

    memset(&sin, 0, sizeof(sin));

    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    for (i = 0; i < n; i++) {
        c = &load_connections[i];

        c->fd = socket(AF_INET, SOCK_STREAM, 0);

        event.events = EPOLLIN;
        event.data.ptr = c;

        if (c->fd == -1
            || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
            || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
        {
            fail("no connection");
        }

        ask(c);
    }
}


static int
ascending(const void *a, const void *b)
{
    double  x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}


int
main(int argc, char **argv)
{
    int                  epoll, i, n;
    char                *range;
    long                 count;
    double               since, seconds;
    size_t               connections;
    struct epoll_event   events[LOAD_CONNECTIONS_MAX];
    load_connection_t   *c;

    if (argc < 6 || argc > 8) {
        return 2;
    }

    connections = strtoul(argv[2], NULL, 10);
    seconds = atof(argv[3]);

    if (connections < 1 || connections > LOAD_CONNECTIONS_MAX) {
        return 2;
    }

    range = getenv("RANGE");

    if (range) {
        load_status = "HTTP/1.1 206 ";
    }

    (void) snprintf(load_request, sizeof(load_request),
                    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
                    "%s%s%sAuthorization: ", argv[4], argv[1],
                    range ? "Range: " : "", range ? range : "",
                    range ? "\r\n" : "");

    read_lines(argv[5]);
    load_lines.again = (argc > 6);

    epoll = epoll_create1(0);
    if (epoll == -1) {
        fail("epoll_create1() failed");
    }

    since = now();
    count = 0;

    start(epoll, atoi(argv[1]), connections);

    while (now() - since < seconds) {

        n = epoll_wait(epoll, events, LOAD_CONNECTIONS_MAX, 1000);

        if (n == -1 && errno != EINTR) {
            fail("epoll_wait() failed");
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (answered(c)) {
                load_times[count++ % LOAD_TIMES_MAX] = now() - c->since;
                ask(c);
            }
        }
    }

    if (argc < 8) {
        printf("%.0f\n", count / (now() - since));
        return 0;
    }

    count = count < LOAD_TIMES_MAX ? count : LOAD_TIMES_MAX;

    qsort(load_times, count, sizeof(double), ascending);
    printf("%.3f\n", load_times[count * 99 / 100] * 1000);

    return 0;
}
