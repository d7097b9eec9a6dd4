/*
 * pserverctl operation: what an app does with a server.
 */

#include "http.h"
#include "url.h"
#include "../core/json_write.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>


#define PSERVERCTL_PATH_MAX    1024
#define PSERVERCTL_ID_MAX      256
#define PSERVERCTL_POLL        100000000      /* nanoseconds, at first */
#define PSERVERCTL_POLL_MAX    1000000000


static int pserverctl_operation_run(pserverctl_args_t *args);
static int pserverctl_operation_create(pserverctl_args_t *args,
    pserverctl_request_t *request, char id[PSERVERCTL_ID_MAX]);
static int pserverctl_operation_wait(pserverctl_request_t *request,
    const char *id, uint64_t timeout);
static int pserverctl_operation_ended(const pserver_json_t *root);
static int pserverctl_operation_failed(const pserver_json_t *root);
static int pserverctl_operation_print(const pserver_json_t *value);
static int pserverctl_operation_status(pserverctl_args_t *args);
static int pserverctl_operation_list(pserverctl_args_t *args);
static int pserverctl_operation_get(pserverctl_args_t *args,
    const char *path);
static int pserverctl_operation_proof(pserverctl_args_t *args);
static int pserverctl_operation_cancel(pserverctl_args_t *args);


static const pserverctl_option_t  pserverctl_run_options[] = {
    PSERVERCTL_KEY_OPTION,
    PSERVERCTL_OPTEXT_OPTIONS,
    { "wait", NULL, "until it has ended, and print its result" },
    { "timeout", "SECONDS", "how long to wait; else 300" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_status_options[] = {
    PSERVERCTL_KEY_OPTION,
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_proof_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "entry", "N", "of this entry; else of the operation's acceptance" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_list_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "status", "STATUS", "starting, processing, succeeded, failed, canceled" },
    { "limit", "N", "so many at most; else 20" },
    { "offset", "N", "without the N newest" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_operation_commands[] = {
    {
        "operation run", "--key KEY --permission-id N [--wait] SERVER",
        "starts an operation under a permission\n"
        "\n"
        "Prints its id, or with --wait its result. The text that is signed\n"
        "is for this server and this once: --aud, --nonce and --exp have\n"
        "such defaults. Without --chain-id it is valid on any chain.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_run_options, 1, 1, pserverctl_operation_run
    },
    {
        "operation status", "--key KEY SERVER ID",
        "how an operation is, and its result, as JSON\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_status_options, 2, 2, pserverctl_operation_status
    },
    {
        "operation list", "--key KEY SERVER",
        "the operations of an app, or of an owner, as JSON\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_list_options, 1, 1, pserverctl_operation_list
    },
    {
        "operation proof", "--key KEY SERVER ID",
        "that the log has an entry of an operation, as JSON\n"
        "\n"
        "For its app and its owner: \"pserverctl audit proof\" looks at it.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_proof_options, 2, 2, pserverctl_operation_proof
    },
    {
        "operation cancel", "--key KEY SERVER ID",
        "stops an operation\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_status_options, 2, 2, pserverctl_operation_cancel
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_operation_run(pserverctl_args_t *args)
{
    int                   rc;
    char                  id[PSERVERCTL_ID_MAX];
    uint64_t              timeout;
    pserverctl_request_t  request;

    if (pserverctl_number(args, "timeout", 300, &timeout) != PSERVERCTL_OK) {
        return PSERVERCTL_USAGE;
    }

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_operation_create(args, &request, id);

    if (rc == PSERVERCTL_OK) {

        if (pserverctl_option(args, "wait")) {
            rc = pserverctl_operation_wait(&request, id, timeout);

        } else {
            rc = pserverctl_print_line((u_char *) id, strlen(id));
        }
    }

    pserverctl_request_done(&request);

    return rc;
}


static int
pserverctl_operation_create(pserverctl_args_t *args,
    pserverctl_request_t *request, char id[PSERVERCTL_ID_MAX])
{
    int                    rc;
    pserver_str_t          text;
    pserverctl_url_t       url;
    pserver_json_doc_t    *doc;
    pserverctl_answer_t    answer;
    const pserver_json_t  *value;
    pserverctl_request_t   create;

    (void) pserverctl_url_parse(&url, request->server);

    rc = pserverctl_optext(args, url.origin, &text);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    /* this request has its signature in the body */

    create = *request;

    rc = pserverctl_optext_body(args, request->key, text, &create.body);

    free(text.data);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    create.method = "POST";
    create.path = "/api/v1/operations";
    create.type = "application/json";
    create.key = NULL;

    rc = pserverctl_send_ok(&create, &answer);

    free(create.body.data);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    value = pserver_json_get(pserver_json_root(doc), "id");

    if (value == NULL
        || value->type != PSERVER_JSON_STRING
        || value->value.len == 0
        || value->value.len >= PSERVERCTL_ID_MAX
        || memchr(value->value.data, '\0', value->value.len))
    {
        pserverctl_error("the answer has no id");
        rc = PSERVERCTL_FAILED;

    } else {
        memcpy(id, value->value.data, value->value.len);
        id[value->value.len] = '\0';
    }

    pserver_json_free(doc);

    return rc;
}


/* asks until it has ended; what may pass (503) does not end it */

static int
pserverctl_operation_wait(pserverctl_request_t *request, const char *id,
    uint64_t timeout)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX];
    time_t                end;
    struct timespec       pause;
    pserver_json_doc_t   *doc;
    pserverctl_answer_t   answer;

    pserverctl_path(path, sizeof(path), "/api/v1/operations/", id, "");

    request->method = "GET";
    request->path = path;

    end = time(NULL) + (time_t) timeout;

    pause.tv_sec = 0;
    pause.tv_nsec = PSERVERCTL_POLL;

    for ( ;; ) {
        rc = pserverctl_send(request, &answer);

        if (rc != PSERVERCTL_OK) {
            break;
        }

        if (answer.status == 200) {
            doc = pserverctl_answer_json(&answer);
            free(answer.body.data);

            if (doc == NULL) {
                return PSERVERCTL_FAILED;
            }

            if (pserverctl_operation_ended(pserver_json_root(doc))) {
                rc = pserverctl_operation_failed(pserver_json_root(doc));
                pserver_json_free(doc);
                return rc;
            }

            pserver_json_free(doc);

        } else if (answer.status == 503 || answer.status == 429) {
            free(answer.body.data);

        } else {
            pserverctl_refused(request, &answer);
            free(answer.body.data);
            rc = PSERVERCTL_FAILED;
            break;
        }

        if (time(NULL) >= end) {
            pserverctl_error("it has not ended within %llu s, and goes on",
                             (unsigned long long) timeout);
            rc = PSERVERCTL_FAILED;
            break;
        }

        nanosleep(&pause, NULL);

        pause.tv_nsec += pause.tv_nsec / 2;

        if (pause.tv_nsec >= PSERVERCTL_POLL_MAX) {
            pause.tv_sec = 1;
            pause.tv_nsec = 0;
        }
    }

    pserverctl_error("ask again with: pserverctl operation status --key KEY "
                     "%s %s", request->server, id);

    return rc;
}


static int
pserverctl_operation_ended(const pserver_json_t *root)
{
    const pserver_json_t  *status;

    status = pserver_json_get(root, "status");

    return pserver_json_is(status, "succeeded")
           || pserver_json_is(status, "failed")
           || pserver_json_is(status, "canceled");
}


/* prints the result, or says why there is none */

static int
pserverctl_operation_failed(const pserver_json_t *root)
{
    const pserver_json_t  *error, *text;

    if (pserver_json_is(pserver_json_get(root, "status"), "succeeded")
        && pserver_json_get(root, "result"))
    {
        return pserverctl_operation_print(pserver_json_get(root, "result"));
    }

    fprintf(stderr, "pserverctl: the operation ");
    pserverctl_print_text(stderr, pserver_json_get(root, "status")->value);

    error = pserver_json_get(pserver_json_get(root, "result"), "error");

    text = pserver_json_get(error, "reason");

    if (text && text->type == PSERVER_JSON_STRING) {
        fprintf(stderr, ": ");
        pserverctl_print_text(stderr, text->value);
    }

    text = pserver_json_get(error, "message");

    if (text && text->type == PSERVER_JSON_STRING) {
        fprintf(stderr, ", ");
        pserverctl_print_text(stderr, text->value);
    }

    fprintf(stderr, "\n");

    return PSERVERCTL_FAILED;
}


static int
pserverctl_operation_print(const pserver_json_t *value)
{
    int      rc;
    size_t   len;
    u_char  *text;

    len = pserver_json_write(NULL, value);
    text = malloc(len);

    if (text == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    pserver_json_write(text, value);

    rc = pserverctl_print_line(text, len);

    free(text);

    return rc;
}


static int
pserverctl_operation_status(pserverctl_args_t *args)
{
    char  path[PSERVERCTL_PATH_MAX];

    pserverctl_path(path, sizeof(path), "/api/v1/operations/", args->rest[1],
                    "");

    return pserverctl_operation_get(args, path);
}


static int
pserverctl_operation_proof(pserverctl_args_t *args)
{
    char  path[PSERVERCTL_PATH_MAX];

    pserverctl_path(path, sizeof(path), "/api/v1/operations/", args->rest[1],
                    "/proof");
    pserverctl_query(path, sizeof(path), "entry",
                     pserverctl_option(args, "entry"));

    return pserverctl_operation_get(args, path);
}


static int
pserverctl_operation_list(pserverctl_args_t *args)
{
    char         path[PSERVERCTL_PATH_MAX] = "/api/v1/operations";
    size_t       i;
    const char  *names[] = { "status", "limit", "offset" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        pserverctl_query(path, sizeof(path), names[i],
                         pserverctl_option(args, names[i]));
    }

    return pserverctl_operation_get(args, path);
}


/* asks, and prints the answer as it is */

static int
pserverctl_operation_get(pserverctl_args_t *args, const char *path)
{
    int                   rc;
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    request.method = "GET";
    request.path = path;

    rc = pserverctl_send_ok(&request, &answer);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_print_line(answer.body.data, answer.body.len);
        free(answer.body.data);
    }

    pserverctl_request_done(&request);

    return rc;
}


static int
pserverctl_operation_cancel(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX];
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_path(path, sizeof(path), "/api/v1/operations/", args->rest[1],
                    "/cancel");

    request.method = "POST";
    request.path = path;

    rc = pserverctl_send_ok(&request, &answer);

    free(answer.body.data);
    pserverctl_request_done(&request);

    return rc;
}
