/*
 * core/container: the create body byte for byte, the limits of a
 * configuration, the engine's real answers.
 */

#include <stdio.h>

#include "test.h"
#include "core/container.h"
#include "core/container_calls.h"


#define str(s)  ((pserver_str_t) { sizeof(s) - 1, (u_char *) (s) })

#define ID  "9fb444b06936c372bf38fb568a93634b62aaaebe25c9f34f61bd940d474db60e"
#define JOB "0123456789abcdef0123456789abcdef"                                \
            "0123456789abcdef0123456789abcdef"


static const char  body_default[] =
    "{\"Image\":\"sha256:"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
    ",\"Entrypoint\":[\"/pserver-run\"],\"Cmd\":[\"/operation\"]"
    ",\"WorkingDir\":\"/job\",\"User\":\"65534:65534\""
    ",\"Hostname\":\"operation\""
    ",\"Env\":[\"PATH=/usr/local/bin:/usr/bin:/bin\"]"
    ",\"Healthcheck\":{\"Test\":[\"NONE\"]}"
    ",\"Tty\":false,\"OpenStdin\":true,\"StdinOnce\":true"
    ",\"AttachStdin\":true,\"AttachStdout\":true,\"AttachStderr\":true"
    ",\"Labels\":{\"org.pserver.instance\":\"node-1\""
    ",\"org.pserver.job\":\"0a1b\",\"org.pserver.operation\":\"word_count\"}"
    ",\"HostConfig\":{\"NetworkMode\":\"none\",\"IpcMode\":\"none\""
    ",\"Privileged\":false,\"CapDrop\":[\"ALL\"]"
    ",\"SecurityOpt\":[\"no-new-privileges\",\"seccomp=";

/* the profile stands between, which t/unit/container_calls_test.c looks at */

static const char  body_rest[] =
    "\"],\"ReadonlyRootfs\":true"
    ",\"Tmpfs\":{\"/job\":\"rw,nosuid,nodev,noexec,mode=0700"
    ",uid=65534,gid=65534,size=134217728\"}"
    ",\"Memory\":268435456,\"MemorySwap\":268435456"
    ",\"NanoCpus\":1000000000,\"PidsLimit\":64,\"OomScoreAdj\":500"
    ",\"Ulimits\":[{\"Name\":\"core\",\"Soft\":0,\"Hard\":0}"
    ",{\"Name\":\"nofile\",\"Soft\":256,\"Hard\":256}]"
    ",\"LogConfig\":{\"Type\":\"none\",\"Config\":{}}"
    ",\"RestartPolicy\":{\"Name\":\"no\"},\"AutoRemove\":false"
    ",\"Init\":false}}";


static pserver_container_labels_t  labels = {
    pserver_string("node-1"), pserver_string("0a1b")
};


static void
config(pserver_container_t *c)
{
    pserver_container_defaults(c);

    c->name = str("word_count");
    c->image = str("sha256:0123456789abcdef0123456789abcdef"
                   "0123456789abcdef0123456789abcdef");
}


/* as a string, so that its parts can be looked for */

static int
make(const pserver_container_t *c, char body[PSERVER_CONTAINER_BODY_MAX + 1])
{
    int     rc;
    size_t  len;

    rc = pserver_container_body(c, &labels, (u_char *) body,
                                PSERVER_CONTAINER_BODY_MAX, &len);
    if (rc == PSERVER_OK) {
        body[len] = '\0';
    }

    return rc;
}


/* all of it, and its length */

static size_t
expected(char text[PSERVER_CONTAINER_BODY_MAX + 1])
{
    size_t  n, len;

    n = sizeof(body_default) - 1;
    memcpy(text, body_default, n);

    CHECK_INT(pserver_container_calls((u_char *) text + n,
                                      PSERVER_CONTAINER_BODY_MAX - n, &len),
              PSERVER_OK);
    n += len;

    memcpy(text + n, body_rest, sizeof(body_rest));

    return n + sizeof(body_rest) - 1;
}


TEST(body)
{
    char                 body[PSERVER_CONTAINER_BODY_MAX + 1];
    char                 right[PSERVER_CONTAINER_BODY_MAX + 1];
    pserver_container_t  c;

    config(&c);

    CHECK_INT(make(&c, body), PSERVER_OK);
    CHECK_INT(strlen(body), expected(right));
    CHECK(strcmp(body, right) == 0);
}


TEST(body_options)
{
    char                 body[PSERVER_CONTAINER_BODY_MAX + 1];
    pserver_str_t        argv[] = {
        pserver_string("/bin/sh"), pserver_string("-c"),
        pserver_string("echo \"a\\b\"")
    };
    pserver_container_t  c;

    config(&c);

    c.argv = argv;
    c.argc = 3;
    c.runtime = str("runsc");
    c.memory = 8 << 20;
    c.work = 1 << 20;
    c.cpus = 250;
    c.pids = 2;
    c.nofile = 16;

    CHECK_INT(make(&c, body), PSERVER_OK);
    CHECK(strstr(body, ",\"Cmd\":[\"/bin/sh\",\"-c\","
                 "\"echo \\\"a\\\\b\\\"\"],") != NULL);
    CHECK(strstr(body, ",\"Runtime\":\"runsc\"}}") != NULL);
    CHECK(strstr(body, ",size=1048576\"},\"Memory\":8388608"
                 ",\"MemorySwap\":8388608,\"NanoCpus\":250000000"
                 ",\"PidsLimit\":2,") != NULL);
    CHECK(strstr(body, "{\"Name\":\"nofile\",\"Soft\":16,\"Hard\":16}")
          != NULL);
}


TEST(body_space)
{
    char                 right[PSERVER_CONTAINER_BODY_MAX + 1];
    size_t               len, cap, all;
    u_char               body[PSERVER_CONTAINER_BODY_MAX];
    pserver_container_t  c;

    config(&c);

    all = expected(right);

    for (cap = 0; cap < all; cap++) {
        body[cap] = 0xaa;
        CHECK_INT(pserver_container_body(&c, &labels, body, cap, &len),
                  PSERVER_NOSPACE);
        CHECK_INT(body[cap], 0xaa);
    }

    CHECK_INT(pserver_container_body(&c, &labels, body, cap, &len),
              PSERVER_OK);
    CHECK_INT(len, cap);
}


/* the largest of everything fits into PSERVER_CONTAINER_BODY_MAX */

TEST(body_max)
{
    char                 body[PSERVER_CONTAINER_BODY_MAX + 1];
    char                 text[2048];
    size_t               i;
    pserver_str_t        argv[32];
    pserver_container_t  c;

    config(&c);

    memset(text, '"', sizeof(text));
    text[0] = '/';

    for (i = 0; i < 32; i++) {
        argv[i].data = (u_char *) text + i * 64;
        argv[i].len = 64;
    }

    c.argv = argv;
    c.argc = 32;
    c.memory = 1ULL << 40;
    c.work = 1ULL << 40;
    c.cpus = 1024000;
    c.pids = 32768;
    c.nofile = 20000;

    CHECK_INT(make(&c, body), PSERVER_OK);
}


TEST(limits)
{
    size_t               i;
    const char          *what;
    pserver_str_t        argv[33];
    pserver_container_t  c;

#define BAD(member, value, name)                                              \
    config(&c);                                                               \
    c.member = value;                                                         \
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_INVALID);           \
    CHECK(what != NULL && strcmp(what, name) == 0);

#define GOOD(member, value)                                                   \
    config(&c);                                                               \
    c.member = value;                                                         \
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_OK);

    BAD(name, str(""), "name");
    BAD(name, str("a b"), "name");
    BAD(name, str("a\"b"), "name");
    BAD(image, str(""), "image");
    BAD(image, str("busybox:latest"), "image");
    BAD(image, str("sha256:0123456789ABCDEF0123456789abcdef"
                   "0123456789abcdef0123456789abcdef"), "image");
    BAD(image, str("sha256:0123456789abcdef0123456789abcdef"
                   "0123456789abcdef0123456789abcde"), "image");
    BAD(runtime, str("run/sc"), "runtime");
    GOOD(network, str("models"));
    BAD(network, str("host"), "network");
    BAD(network, str("default"), "network");
    BAD(network, str("container:web"), "network");
    BAD(network, str("a b"), "network");
    BAD(memory, (8 << 20) - 1, "memory");
    BAD(memory, (1ULL << 40) + 1, "memory");
    BAD(work, (1 << 20) - 1, "work");
    BAD(work, (256 << 20) + 1, "work");
    GOOD(work, 256 << 20);
    BAD(cpus, 9, "cpus");
    GOOD(cpus, 10);
    BAD(cpus, 1024001, "cpus");
    BAD(pids, 1, "pids");
    BAD(pids, 32769, "pids");
    BAD(nofile, 15, "nofile");
    BAD(nofile, 20001, "nofile");

    for (i = 0; i < 33; i++) {
        argv[i] = str("/x");
    }

    config(&c);
    c.argv = argv;
    c.argc = 33;
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_INVALID);
    CHECK(what != NULL && strcmp(what, "command") == 0);

    c.argc = 32;
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_OK);

    argv[0] = str("x");
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_INVALID);

    argv[0] = str("/x");
    argv[1] = str("a\nb");
    CHECK_INT(pserver_container_check(&c, &what), PSERVER_INVALID);
}


TEST(bad_labels)
{
    size_t                      len;
    u_char                      body[PSERVER_CONTAINER_BODY_MAX];
    pserver_container_t         c;
    pserver_container_labels_t  bad;

    config(&c);

    bad = labels;
    bad.instance = str("a\",\"x\":\"");
    CHECK_INT(pserver_container_body(&c, &bad, body, sizeof(body), &len),
              PSERVER_INVALID);

    bad = labels;
    bad.job = str("");
    CHECK_INT(pserver_container_body(&c, &bad, body, sizeof(body), &len),
              PSERVER_INVALID);
}


#define answer(name)  ((u_char *) test_file("t/vectors/engine/" name, &len))
#define text(s)       (const u_char *) (s), sizeof(s) - 1


TEST(created)
{
    size_t   len;
    u_char   id[PSERVER_CONTAINER_ID_LEN], *data;

    data = answer("create.json");
    CHECK_INT(pserver_container_created(data, len, id), PSERVER_OK);
    CHECK_MEM(id, ID, sizeof(id));

    /* half an answer */

    CHECK_INT(pserver_container_created(data, len / 2, id), PSERVER_INVALID);
    CHECK_INT(pserver_container_created(data, 0, id), PSERVER_INVALID);

    free(data);

    CHECK_INT(pserver_container_created(text("{\"Warnings\":[]}"), id),
              PSERVER_INVALID);
    CHECK_INT(pserver_container_created(text("{\"Id\":\"9fb444b0\"}"), id),
              PSERVER_INVALID);
    CHECK_INT(pserver_container_created(text("[\"" ID "\"]"), id),
              PSERVER_INVALID);
    CHECK_INT(pserver_container_created(text("{\"Id\":\"../../images/"
              "936c372bf38fb568a93634b62aaaebe25c9f34f61bd940d474db60e"
              "\"}"), id), PSERVER_INVALID);
}


TEST(waited)
{
    size_t     len;
    u_char    *data;
    uint32_t   status;

    data = answer("wait-exit.json");
    CHECK_INT(pserver_container_waited(data, len, &status), PSERVER_OK);
    CHECK_INT(status, 3);
    free(data);

    data = answer("wait-oom.json");
    CHECK_INT(pserver_container_waited(data, len, &status), PSERVER_OK);
    CHECK_INT(status, 137);
    free(data);

    /* newer engines */

    CHECK_INT(pserver_container_waited(text("{\"StatusCode\":0}"), &status),
              PSERVER_OK);
    CHECK_INT(status, 0);

    CHECK_INT(pserver_container_waited(text(
              "{\"Error\":{\"Message\":\"x\"},\"StatusCode\":0}"), &status),
              PSERVER_ERROR);
    CHECK_INT(pserver_container_waited(text("{\"StatusCode\":256}"),
              &status), PSERVER_INVALID);
    CHECK_INT(pserver_container_waited(text("{\"StatusCode\":-1}"),
              &status), PSERVER_INVALID);
    CHECK_INT(pserver_container_waited(text("{\"StatusCode\":\"0\"}"),
              &status), PSERVER_INVALID);
    CHECK_INT(pserver_container_waited(text("{\"Error\":null}"), &status),
              PSERVER_INVALID);
}


TEST(inspected)
{
    size_t                      i, len;
    u_char                     *data;
    pserver_container_state_t   s;
    static const struct {
        const char                 *file;
        pserver_container_state_t   state;
    } known[] = {
        { "t/vectors/engine/inspect-running.json", { 0, 1, 0, 0 } },
        { "t/vectors/engine/inspect-exit.json", { 3, 0, 0, 0 } },
        { "t/vectors/engine/inspect-oom.json", { 137, 0, 1, 0 } },
        { "t/vectors/engine/inspect-volume.json", { 0, 0, 0, 1 } },
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        data = (u_char *) test_file(known[i].file, &len);

        CHECK_INT(pserver_container_inspected(data, len, &s), PSERVER_OK);
        CHECK_INT(s.status, known[i].state.status);
        CHECK_INT(s.running, known[i].state.running);
        CHECK_INT(s.oom, known[i].state.oom);
        CHECK_INT(s.volumes, known[i].state.volumes);
        CHECK_INT(pserver_container_inspected(data, len - 2, &s),
                  PSERVER_INVALID);

        free(data);
    }

    CHECK_INT(pserver_container_inspected(text("{\"State\":{\"Running\":0,"
              "\"OOMKilled\":false,\"ExitCode\":0},\"Mounts\":[]}"), &s),
              PSERVER_INVALID);
    CHECK_INT(pserver_container_inspected(text("{\"State\":{\"Running\":"
              "false,\"OOMKilled\":false,\"ExitCode\":0}}"), &s),
              PSERVER_INVALID);
    CHECK_INT(pserver_container_inspected(text("{\"State\":[]}"), &s),
              PSERVER_INVALID);
}


TEST(listed)
{
    size_t                      len, count;
    char                        entry[512];
    size_t                      i;
    u_char                     *data;
    pserver_container_entry_t   e[2];

    static const struct {
        const char             *text;
        size_t                  count;
    } names[] = {
        { "[\"/pserver-" JOB "\"]", 1 },
        { "[\"/other\",\"/pserver-" JOB "\"]", 1 },
        { "[\"/other/pserver-" JOB "\"]", 0 },
        { "[\"pserver-" JOB "\"]", 0 },
        { "[\"/pserver-" JOB "0\"]", 0 },
        { "[\"/pserver-..\"]", 0 },
        { "[\"/pserver-0123456789ABCDEF0123456789abcdef"
          "0123456789abcdef0123456789abcdef\"]", 0 },
        { "[7,null]", 0 }, { "[]", 0 }, { "{}", 0 }, { "null", 0 }
    };

    data = answer("list.json");

    CHECK_INT(pserver_container_listed(data, len, str("run"), e, 2, &count),
              PSERVER_OK);
    CHECK_INT(count, 1);
    CHECK_MEM(e[0].job, JOB, sizeof(e[0].job));
    CHECK_INT(e[0].created, 1795502538);
    CHECK_INT(e[0].running, 1);

    /* of another instance, none at all, no room */

    CHECK_INT(pserver_container_listed(data, len, str("ru"), e, 2, &count),
              PSERVER_OK);
    CHECK_INT(count, 0);
    CHECK_INT(pserver_container_listed(text("[]\n"), str("run"), e, 2,
              &count), PSERVER_OK);
    CHECK_INT(count, 0);
    CHECK_INT(pserver_container_listed(data, len, str("run"), e, 0, &count),
              PSERVER_OK);
    CHECK_INT(count, 0);

    CHECK_INT(pserver_container_listed(data, len - 2, str("run"), e, 2,
              &count), PSERVER_INVALID);
    CHECK_INT(pserver_container_listed(text("{\"message\":\"x\"}"),
              str("run"), e, 2, &count), PSERVER_INVALID);

    free(data);

    /* the name is one of ours, or it is left alone */

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        len = snprintf(entry, sizeof(entry), "[{\"Names\":%s,\"Created\":7,"
                       "\"Labels\":{\"org.pserver.instance\":\"run\"}}]",
                       names[i].text);

        CHECK_INT(pserver_container_listed((u_char *) entry, len, str("run"),
                  e, 2, &count), PSERVER_OK);
        CHECK_INT(count, names[i].count);
    }
}


TEST(message)
{
    size_t   len;
    u_char   dst[128], *data;

#define MESSAGE(data, len, cap, expected)                                     \
    CHECK_STR(((pserver_str_t) { pserver_container_message(data, len, dst,    \
                                 cap), dst }), expected)

    data = answer("no-such-image.json");
    MESSAGE(data, len, 32, "No such image: sha256:0000000000");
    free(data);

    /* not JSON: where the API version is too old */

    MESSAGE((u_char *) "client is newer\r\n", 17, 128, "client is newer");
    MESSAGE((u_char *) "{\"message\":\"a\\u0000\\nb\\u00e9\"}", 30, 128,
            "a??b??");
    MESSAGE((u_char *) "{\"message\":7}", 13, 128, "{\"message\":7}");
    MESSAGE((u_char *) "", 0, 128, "");
    MESSAGE((u_char *) "x", 1, 0, "");
}
