/*
 * pserverctl log: who did what with an owner's data.
 */

#include "http.h"

#include <stdlib.h>


static int pserverctl_log(pserverctl_args_t *args);
static int pserverctl_log_print(const pserverctl_answer_t *answer);
static void pserverctl_log_field(const pserver_json_t *entry,
    const char *name, int width);


static const pserverctl_option_t  pserverctl_log_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "limit", "N", "at most so many; else 50" },
    { "offset", "N", "without the latest N" },
    { "json", NULL, "the answer as it is" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_log_commands[] = {
    {
        "log", "--key KEY SERVER",
        "who did what with an owner's data, latest first\n"
        "\n"
        "One line each: time, action, scope, who, under which permission.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_log_options, 1, 1, pserverctl_log
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_log(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[512] = "/v1/access-logs";
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_query(path, sizeof(path), "limit",
                     pserverctl_option(args, "limit"));
    pserverctl_query(path, sizeof(path), "offset",
                     pserverctl_option(args, "offset"));

    request.method = "GET";
    request.path = path;

    rc = pserverctl_send_ok(&request, &answer);

    pserverctl_request_done(&request);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (pserverctl_option(args, "json")) {
        rc = pserverctl_print_line(answer.body.data, answer.body.len);

    } else {
        rc = pserverctl_log_print(&answer);
    }

    free(answer.body.data);

    return rc;
}


static int
pserverctl_log_print(const pserverctl_answer_t *answer)
{
    pserver_json_doc_t    *doc;
    const pserver_json_t  *logs, *entry;

    doc = pserverctl_answer_json(answer);
    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    logs = pserver_json_get(pserver_json_root(doc), "logs");

    if (logs == NULL || logs->type != PSERVER_JSON_ARRAY) {
        pserverctl_error("the answer has no logs");
        pserver_json_free(doc);
        return PSERVERCTL_FAILED;
    }

    for (entry = logs->child; entry; entry = entry->next) {
        pserverctl_log_field(entry, "timestamp", 24);
        pserverctl_log_field(entry, "action", 10);
        pserverctl_log_field(entry, "scope", 24);
        pserverctl_log_field(entry, "builder", PSERVER_ADDRESS_LEN);
        pserverctl_log_field(entry, "grantId", 0);
        printf("\n");
    }

    pserver_json_free(doc);

    return PSERVERCTL_OK;
}


/* "-" for what is not there; padded, with two blanks behind, if there is a
   width */

static void
pserverctl_log_field(const pserver_json_t *entry, const char *name, int width)
{
    int                    n;
    pserver_str_t          text;
    const pserver_json_t  *value;

    static const pserver_str_t  none = pserver_string("-");

    value = pserver_json_get(entry, name);

    text = (value && value->value.len) ? value->value : none;

    pserverctl_print_text(stdout, text);

    for (n = (int) text.len; n < width; n++) {
        fputc(' ', stdout);
    }

    if (width) {
        printf("  ");
    }
}
