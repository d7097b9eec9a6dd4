/*
 * core/guard: the calls of a job pass; every other call, and a create body
 * that differs in any byte, does not.
 */

#include <stdlib.h>

#include "core/guard.h"
#include "test.h"


#define str(s)  ((pserver_str_t) { sizeof(s) - 1, (u_char *) (s) })

#define JOB    "0123456789abcdef0123456789abcdef"                             \
               "0123456789abcdef0123456789abcdef"
#define NAME   "pserver-" JOB
#define ATTACH "/attach?stream=1&stdin=1&stdout=1&stderr=1"
#define LIST(instance)                                                        \
    "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22"                  \
    "org.pserver.instance%3D" instance "%22%5D%7D"


static pserver_container_t        one, two;
static const pserver_container_t *offered[] = { &one, &two };


static void
offer(void)
{
    pserver_container_defaults(&one);
    one.name = str("word_count");
    one.image = str("sha256:0123456789abcdef0123456789abcdef"
                    "0123456789abcdef0123456789abcdef");

    two = one;
    two.name = str("search");
    two.memory *= 2;
}


static pserver_guard_verdict_e
check(const char *method, const char *uri, const char *upgrade,
    const u_char *body, size_t len)
{
    pserver_guard_call_t  call;

    call.method.data = (u_char *) method;
    call.method.len = strlen(method);
    call.uri.data = (u_char *) uri;
    call.uri.len = strlen(uri);
    call.upgrade.data = (u_char *) upgrade;
    call.upgrade.len = strlen(upgrade);
    call.body.data = (u_char *) body;
    call.body.len = len;

    return pserver_guard_check(&call, offered, 2);
}


static size_t
body_of(const pserver_container_t *c, const char *job, u_char *dst)
{
    size_t                      len;
    pserver_container_labels_t  labels;

    labels.instance = str("5a5a");
    labels.job.data = (u_char *) job;
    labels.job.len = strlen(job);

    CHECK_INT(pserver_container_body(c, &labels, dst,
                                     PSERVER_CONTAINER_BODY_MAX, &len),
              PSERVER_OK);

    return len;
}


TEST(calls)
{
    size_t  i;

    static const struct {
        const char               *method;
        const char               *uri;
        const char               *upgrade;
        pserver_guard_verdict_e   verdict;
    } rows[] = {
        { "GET", "/containers/" NAME "/json", "", PSERVER_GUARD_PASS },
        { "POST", "/containers/" NAME ATTACH, "tcp", PSERVER_GUARD_PASS },
        { "POST", "/containers/" NAME "/start", "", PSERVER_GUARD_PASS },
        { "POST", "/containers/" NAME "/wait", "", PSERVER_GUARD_PASS },
        { "POST", "/containers/" NAME "/rename?name=" NAME, "",
          PSERVER_GUARD_PASS },
        { "DELETE", "/containers/" NAME "?force=1&v=1", "",
          PSERVER_GUARD_PASS },
        { "GET", LIST("0123456789abcdef0123456789abcdef"), "",
          PSERVER_GUARD_PASS },

        { "POST", "/containers/" NAME ATTACH, "", PSERVER_GUARD_UPGRADE },
        { "POST", "/containers/" NAME ATTACH, "TCP", PSERVER_GUARD_UPGRADE },
        { "POST", "/containers/" NAME "/start", "tcp",
          PSERVER_GUARD_UPGRADE },
        { "GET", "/containers/" NAME "/json", "h2c", PSERVER_GUARD_UPGRADE },

        { "POST", "/containers/create?name=" NAME, "", PSERVER_GUARD_BODY },

        /* of another container */

        { "GET", "/containers/web/json", "", PSERVER_GUARD_CALL },
        { "GET", "/containers/" JOB "/json", "", PSERVER_GUARD_CALL },
        { "GET", "/containers/pserver-/json", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/pserver-0123/start", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "0/start", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/Pserver-" JOB "/start", "",
          PSERVER_GUARD_CALL },
        { "POST", "/containers/pserver-0123456789ABCDEF0123456789abcdef"
          "0123456789abcdef0123456789abcdef/start", "", PSERVER_GUARD_CALL },

        /* another call */

        { "GET", "/containers/" NAME "/start", "", PSERVER_GUARD_CALL },
        { "get", "/containers/" NAME "/json", "", PSERVER_GUARD_CALL },
        { "HEAD", "/containers/" NAME "/json", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/exec", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/update", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/rename?name=web", "",
          PSERVER_GUARD_CALL },
        { "POST", "/containers/web/rename?name=" NAME, "",
          PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/rename?name=" NAME "0", "",
          PSERVER_GUARD_CALL },
        { "PUT", "/containers/" NAME "/archive?path=/", "",
          PSERVER_GUARD_CALL },
        { "GET", "/containers/" NAME "/export", "", PSERVER_GUARD_CALL },
        { "DELETE", "/containers/" NAME, "", PSERVER_GUARD_CALL },
        { "DELETE", "/containers/" NAME "?force=1&v=1&link=1", "",
          PSERVER_GUARD_CALL },
        { "GET", "/containers/json", "", PSERVER_GUARD_CALL },
        { "GET", "/containers/json?all=1", "", PSERVER_GUARD_CALL },
        { "GET", LIST(""), "", PSERVER_GUARD_CALL },
        { "GET", LIST("5a5a"), "", PSERVER_GUARD_CALL },
        { "GET", LIST("0123456789abcdef0123456789abcdefX"), "",
          PSERVER_GUARD_CALL },
        { "GET", LIST("0123456789abcdef0123456789abcde%22"), "",
          PSERVER_GUARD_CALL },
        { "GET", LIST("0123456789abcdef0123456789abcdef") "&size=1", "",
          PSERVER_GUARD_CALL },
        { "POST", LIST("0123456789abcdef0123456789abcdef"), "",
          PSERVER_GUARD_CALL },
        { "GET", "/images/json", "", PSERVER_GUARD_CALL },
        { "GET", "/info", "", PSERVER_GUARD_CALL },
        { "POST", "/build", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/create", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/create?name=web", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/create?name=" NAME "&platform=x", "",
          PSERVER_GUARD_CALL },
        { "", "", "", PSERVER_GUARD_CALL },

        /* the same in another form */

        { "POST", "/v1.41/containers/" NAME "/start", "",
          PSERVER_GUARD_CALL },
        { "POST", "//containers/" NAME "/start", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/../web/start", "",
          PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/start/", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/start?", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/start?detachKeys=a", "",
          PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "%2fstart", "", PSERVER_GUARD_CALL },
        { "POST", "/containers/" NAME "/start#", "", PSERVER_GUARD_CALL },
        { "POST", "http://engine/containers/" NAME "/start", "",
          PSERVER_GUARD_CALL }
    };

    offer();

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!CHECK_INT(check(rows[i].method, rows[i].uri, rows[i].upgrade,
                             NULL, 0),
                       rows[i].verdict))
        {
            fprintf(stderr, "    %s %s\n", rows[i].method, rows[i].uri);
        }
    }

    CHECK_INT(check("POST", "/containers/" NAME "/start", "",
                    (u_char *) "{}", 2),
              PSERVER_GUARD_BODY);
}


TEST(body)
{
    size_t  i, len, passed;
    u_char  body[PSERVER_CONTAINER_BODY_MAX + 1];

    static const char  create[] = "/containers/create?name=" NAME;
    static const char  other[] =
                           "1123456789abcdef0123456789abcdef"
                           "0123456789abcdef0123456789abcdef";

    offer();

    len = body_of(&one, JOB, body);
    CHECK_INT(check("POST", create, "", body, len), PSERVER_GUARD_PASS);

    /* each byte; only the four of the instance are the caller's */

    passed = 0;

    for (i = 0; i < len; i++) {
        body[i] ^= 0x04;
        passed += (check("POST", create, "", body, len)
                   == PSERVER_GUARD_PASS);
        body[i] ^= 0x04;
    }

    CHECK_INT(passed, 4);

    /* cut short, and with more behind it */

    for (i = 0; i < len; i++) {
        CHECK_INT(check("POST", create, "", body, i), PSERVER_GUARD_BODY);
    }

    body[len] = ' ';
    CHECK_INT(check("POST", create, "", body, len + 1), PSERVER_GUARD_BODY);

    /* of another job, of what is not offered, with another limit */

    len = body_of(&one, other, body);
    CHECK_INT(check("POST", create, "", body, len), PSERVER_GUARD_BODY);

    len = body_of(&two, JOB, body);
    CHECK_INT(check("POST", create, "", body, len), PSERVER_GUARD_PASS);

    one.memory++;
    len = body_of(&one, JOB, body);
    one.memory--;
    CHECK_INT(check("POST", create, "", body, len), PSERVER_GUARD_BODY);

    one.name = str("other");
    len = body_of(&one, JOB, body);
    one.name = str("word_count");
    CHECK_INT(check("POST", create, "", body, len), PSERVER_GUARD_BODY);
}


TEST_MAIN
