/*
 * The create body of an operation's container, see container.h.
 */

#include <stdio.h>
#include <string.h>

#include "container.h"
#include "container_calls.h"


#define CONTAINER_USER   "65534:65534"
#define CONTAINER_MIB    1048576ULL
#define CONTAINER_WORK   "/job"

#define CONTAINER_ARGC_MAX  32
#define CONTAINER_ARGV_MAX  2048


/* appends to dst; once something does not fit, nothing more is written */

typedef struct {
    u_char               *pos;
    u_char               *last;
    unsigned              full:1;
} container_buf_t;


static int container_is_token(pserver_str_t s);
static int container_is_image(pserver_str_t s);
static int container_is_network(pserver_str_t s);
static int container_is_command(const pserver_container_t *c);
static void container_put(container_buf_t *b, const char *text);
static void container_put_uint(container_buf_t *b, uint64_t value);
static void container_put_string(container_buf_t *b, pserver_str_t s);
static void container_put_calls(container_buf_t *b);


void
pserver_container_defaults(pserver_container_t *c)
{
    memset(c, 0, sizeof(pserver_container_t));

    c->memory = 256 * CONTAINER_MIB;
    c->work = 128 * CONTAINER_MIB;
    c->cpus = 1000;
    c->pids = 64;
    c->nofile = 256;
}


int
pserver_container_check(const pserver_container_t *c, const char **what)
{
    *what = NULL;

    if (!container_is_token(c->name)) {
        *what = "name";

    } else if (!container_is_image(c->image)) {
        *what = "image";

    } else if (!container_is_command(c)) {
        *what = "command";

    } else if (c->runtime.len && !container_is_token(c->runtime)) {
        *what = "runtime";

    } else if (c->network.len && !container_is_network(c->network)) {
        *what = "network";

    } else if (c->memory < 8 * CONTAINER_MIB
               || c->memory > 1024 * 1024 * CONTAINER_MIB)
    {
        *what = "memory";

    } else if (c->work < CONTAINER_MIB || c->work > c->memory) {
        *what = "work";

    } else if (c->cpus < 10 || c->cpus > 1024000) {
        *what = "cpus";

    } else if (c->pids < 2 || c->pids > 32768) {
        *what = "pids";

    } else if (c->nofile < 16 || c->nofile > 20000) {
        *what = "nofile";
    }

    return (*what == NULL) ? PSERVER_OK : PSERVER_INVALID;
}


int
pserver_container_body(const pserver_container_t *c,
    const pserver_container_labels_t *labels, u_char *dst, size_t cap,
    size_t *len)
{
    size_t           i;
    const char      *what;
    container_buf_t  b;

    static const pserver_str_t  none = pserver_string("none");

    if (pserver_container_check(c, &what) != PSERVER_OK
        || !container_is_token(labels->instance)
        || !container_is_token(labels->job))
    {
        return PSERVER_INVALID;
    }

    b.pos = dst;
    b.last = dst + cap;
    b.full = 0;

    container_put(&b, "{\"Image\":");
    container_put_string(&b, c->image);

    container_put(&b, ",\"Entrypoint\":[\"" PSERVER_CONTAINER_ENTRYPOINT
                      "\"],\"Cmd\":[");

    for (i = 0; i < c->argc; i++) {
        container_put(&b, i ? "," : "");
        container_put_string(&b, c->argv[i]);
    }

    if (c->argc == 0) {
        container_put(&b, "\"" PSERVER_CONTAINER_COMMAND "\"");
    }

    /* an image's health check would be a process that we did not start */

    container_put(&b, "],\"WorkingDir\":\"" CONTAINER_WORK "\""
                      ",\"User\":\"" CONTAINER_USER "\""
                      ",\"Hostname\":\"operation\""
                      ",\"Env\":[\"PATH=/usr/local/bin:/usr/bin:/bin\"]"
                      ",\"Healthcheck\":{\"Test\":[\"NONE\"]}"
                      ",\"Tty\":false,\"OpenStdin\":true,\"StdinOnce\":true"
                      ",\"AttachStdin\":true,\"AttachStdout\":true"
                      ",\"AttachStderr\":true"
                      ",\"Labels\":{\"org.pserver.instance\":");
    container_put_string(&b, labels->instance);
    container_put(&b, ",\"org.pserver.job\":");
    container_put_string(&b, labels->job);
    container_put(&b, ",\"org.pserver.operation\":");
    container_put_string(&b, c->name);

    container_put(&b, "},\"HostConfig\":{\"NetworkMode\":");
    container_put_string(&b, c->network.len ? c->network : none);

    container_put(&b, ",\"IpcMode\":\"none\",\"Privileged\":false"
                      ",\"CapDrop\":[\"ALL\"]"
                      ",\"SecurityOpt\":[\"no-new-privileges\""
                      ",\"seccomp=");
    container_put_calls(&b);

    container_put(&b, "\"],\"ReadonlyRootfs\":true"
                      ",\"Tmpfs\":{\"" CONTAINER_WORK "\":"
                      "\"rw,nosuid,nodev,noexec,mode=0700"
                      ",uid=65534,gid=65534,size=");
    container_put_uint(&b, c->work);
    container_put(&b, "\"},\"Memory\":");
    container_put_uint(&b, c->memory);
    container_put(&b, ",\"MemorySwap\":");
    container_put_uint(&b, c->memory);
    container_put(&b, ",\"NanoCpus\":");
    container_put_uint(&b, (uint64_t) c->cpus * 1000000);
    container_put(&b, ",\"PidsLimit\":");
    container_put_uint(&b, c->pids);
    container_put(&b, ",\"OomScoreAdj\":500,\"Ulimits\":"
                      "[{\"Name\":\"core\",\"Soft\":0,\"Hard\":0}"
                      ",{\"Name\":\"nofile\",\"Soft\":");
    container_put_uint(&b, c->nofile);
    container_put(&b, ",\"Hard\":");
    container_put_uint(&b, c->nofile);
    container_put(&b, "}],\"LogConfig\":{\"Type\":\"none\",\"Config\":{}}"
                      ",\"RestartPolicy\":{\"Name\":\"no\"}"
                      ",\"AutoRemove\":false,\"Init\":false");

    if (c->runtime.len) {
        container_put(&b, ",\"Runtime\":");
        container_put_string(&b, c->runtime);
    }

    container_put(&b, "}}");

    if (b.full) {
        return PSERVER_NOSPACE;
    }

    *len = (size_t) (b.pos - dst);

    return PSERVER_OK;
}


static int
container_is_token(pserver_str_t s)
{
    size_t  i;
    u_char  ch;

    if (s.len == 0 || s.len > 64) {
        return 0;
    }

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9')
              || ch == '_' || ch == '.' || ch == '-'))
        {
            return 0;
        }
    }

    return 1;
}


static int
container_is_image(pserver_str_t s)
{
    size_t  i;

    if (s.len != sizeof("sha256:") - 1 + 64
        || memcmp(s.data, "sha256:", sizeof("sha256:") - 1) != 0)
    {
        return 0;
    }

    for (i = sizeof("sha256:") - 1; i < s.len; i++) {
        if (!((s.data[i] >= '0' && s.data[i] <= '9')
              || (s.data[i] >= 'a' && s.data[i] <= 'f')))
        {
            return 0;
        }
    }

    return 1;
}


/* what would be the host's own network, or another container's, is no name */

static int
container_is_network(pserver_str_t s)
{
    return container_is_token(s)
           && !(s.len == 4 && memcmp(s.data, "host", 4) == 0)
           && !(s.len == 7 && memcmp(s.data, "default", 7) == 0);
}


static int
container_is_command(const pserver_container_t *c)
{
    size_t  i, j, total;
    u_char  ch;

    if (c->argc == 0) {
        return 1;
    }

    if (c->argc > CONTAINER_ARGC_MAX
        || c->argv[0].len == 0 || c->argv[0].data[0] != '/')
    {
        return 0;
    }

    total = 0;

    for (i = 0; i < c->argc; i++) {
        if (c->argv[i].len > CONTAINER_ARGV_MAX - total) {
            return 0;
        }

        total += c->argv[i].len;

        for (j = 0; j < c->argv[i].len; j++) {
            ch = c->argv[i].data[j];

            if (ch < 0x20 || ch > 0x7e) {
                return 0;
            }
        }
    }

    return 1;
}


static void
container_put(container_buf_t *b, const char *text)
{
    size_t  n;

    n = strlen(text);

    if (b->full || n > (size_t) (b->last - b->pos)) {
        b->full = 1;
        return;
    }

    memcpy(b->pos, text, n);
    b->pos += n;
}


static void
container_put_uint(container_buf_t *b, uint64_t value)
{
    char  text[sizeof("18446744073709551615")];

    (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) value);
    container_put(b, text);
}


/* printable ASCII only: the checks have seen to that */

static void
container_put_string(container_buf_t *b, pserver_str_t s)
{
    char    text[3];
    size_t  i;

    container_put(b, "\"");

    for (i = 0; i < s.len; i++) {
        text[0] = (char) s.data[i];
        text[1] = '\0';

        if (text[0] == '"' || text[0] == '\\') {
            text[1] = text[0];
            text[0] = '\\';
            text[2] = '\0';
        }

        container_put(b, text);
    }

    container_put(b, "\"");
}


static void
container_put_calls(container_buf_t *b)
{
    size_t  len;

    if (b->full
        || pserver_container_calls(b->pos, (size_t) (b->last - b->pos), &len)
           != PSERVER_OK)
    {
        b->full = 1;
        return;
    }

    b->pos += len;
}
