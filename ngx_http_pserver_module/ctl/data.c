/*
 * pserverctl data, and identity: what an owner does with a server, and an
 * app that reads.
 */

#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define PSERVERCTL_DATA_MAX  (1024 * 1024 * 1024)
#define PSERVERCTL_PATH_MAX  2048


static int pserverctl_data_put(pserverctl_args_t *args);
static int pserverctl_data_get(pserverctl_args_t *args);
static int pserverctl_data_write(const char *path, pserver_str_t data);
static int pserverctl_data_list(pserverctl_args_t *args);
static int pserverctl_data_delete(pserverctl_args_t *args);
static int pserverctl_identity(pserverctl_args_t *args);
static int pserverctl_identity_print(const pserverctl_answer_t *answer);
static int pserverctl_data_show(pserverctl_request_t *request);


static const pserverctl_option_t  pserverctl_put_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "type", "TYPE", "media type; else application/json" },
    { "filename", "NAME", "is kept with data of other types than JSON" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_get_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "grant-id", "ID", "the permission that an app reads under" },
    { "at", "TIME", "the version of that time" },
    { "file-id", "ID", "the version with this id" },
    { "raw", NULL, "the bytes themselves, of data that is not JSON" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_list_options[] = {
    PSERVERCTL_KEY_OPTION,
    { "prefix", "TEXT", "only scopes that begin so" },
    { "limit", "N", "at most so many; else 20" },
    { "offset", "N", "without the first N" },
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_delete_options[] = {
    PSERVERCTL_KEY_OPTION,
    PSERVERCTL_SERVER_OPTIONS,
    PSERVERCTL_ISSUER_OPTIONS,
    { NULL, NULL, NULL }
};


static const pserverctl_option_t  pserverctl_identity_options[] = {
    { "json", NULL, "the answer as it is" },
    { "cacert", "FILE", "certificates to trust instead of the system's" },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_data_commands[] = {
    {
        "data put", "--key KEY SERVER SCOPE [FILE]",
        "stores a file, or stdin, as a new version of a scope\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_put_options, 2, 3, pserverctl_data_put
    },
    {
        "data get", "--key KEY SERVER SCOPE [FILE]",
        "reads a scope, into a file or to stdout\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_get_options, 2, 3, pserverctl_data_get
    },
    {
        "data list", "--key KEY SERVER",
        "the scopes that there are, as JSON\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_list_options, 1, 1, pserverctl_data_list
    },
    {
        "data delete", "--key KEY SERVER SCOPE",
        "deletes every version of a scope\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_delete_options, 2, 2, pserverctl_data_delete
    },
    {
        "identity", "SERVER ADDRESS",
        "the address and public key that a server has for an owner\n"
        PSERVERCTL_SERVER_TEXT,
        pserverctl_identity_options, 2, 2, pserverctl_identity
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_data_put(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX];
    pserver_str_t         data;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_read((args->count == 3) ? args->rest[2] : "-",
                         PSERVERCTL_DATA_MAX, &data);

    if (rc == PSERVERCTL_OK) {
        pserverctl_path(path, sizeof(path), "/v1/data/", args->rest[1], "");

        request.method = "POST";
        request.path = path;
        request.body = data;
        request.filename = pserverctl_option(args, "filename");
        request.type = pserverctl_option(args, "type");

        if (request.type == NULL) {
            request.type = "application/json";
        }

        rc = pserverctl_data_show(&request);

        sodium_free(data.data);
    }

    pserverctl_request_done(&request);

    return rc;
}


static int
pserverctl_data_get(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX];
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_path(path, sizeof(path), "/v1/data/", args->rest[1], "");
    pserverctl_query(path, sizeof(path), "at",
                     pserverctl_option(args, "at"));
    pserverctl_query(path, sizeof(path), "fileId",
                     pserverctl_option(args, "file-id"));
    pserverctl_query(path, sizeof(path), "content",
                     pserverctl_option(args, "raw") ? "raw" : NULL);

    request.method = "GET";
    request.path = path;
    request.grant_id = pserverctl_value(args, "grant-id");

    rc = pserverctl_send_ok(&request, &answer);

    pserverctl_request_done(&request);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    if (args->count == 3) {
        rc = pserverctl_data_write(args->rest[2], answer.body);

    } else {
        rc = pserverctl_print(answer.body.data, answer.body.len);
    }

    free(answer.body.data);

    return rc;
}


static int
pserverctl_data_write(const char *path, pserver_str_t data)
{
    int       fd;
    size_t    sent;
    ssize_t   n;

    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);

    if (fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    for (sent = 0; sent < data.len; sent += (size_t) n) {
        n = write(fd, data.data + sent, data.len - sent);

        if (n == -1) {
            pserverctl_error("%s: %s", path, strerror(errno));
            close(fd);
            return PSERVERCTL_FAILED;
        }
    }

    if (close(fd) == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_data_list(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX] = "/v1/data";
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_query(path, sizeof(path), "scopePrefix",
                     pserverctl_option(args, "prefix"));
    pserverctl_query(path, sizeof(path), "limit",
                     pserverctl_option(args, "limit"));
    pserverctl_query(path, sizeof(path), "offset",
                     pserverctl_option(args, "offset"));

    request.method = "GET";
    request.path = path;

    rc = pserverctl_data_show(&request);

    pserverctl_request_done(&request);

    return rc;
}


static int
pserverctl_data_delete(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX];
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_path(path, sizeof(path), "/v1/data/", args->rest[1], "");

    request.method = "DELETE";
    request.path = path;

    rc = pserverctl_send_ok(&request, &answer);

    free(answer.body.data);
    pserverctl_request_done(&request);

    return rc;
}


static int
pserverctl_identity(pserverctl_args_t *args)
{
    int                   rc;
    char                  path[PSERVERCTL_PATH_MAX] = "/api/v1/identity";
    pserver_address_t     address;
    pserverctl_answer_t   answer;
    pserverctl_request_t  request;

    if (pserver_address_parse(&address, pserverctl_str(args->rest[1]))
        != PSERVER_OK)
    {
        return pserverctl_usage_error(args, "ADDRESS is 0x and 40 hex "
                                      "digits");
    }

    rc = pserverctl_request_init(&request, args, 0);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserverctl_query(path, sizeof(path), "address", args->rest[1]);

    request.method = "GET";
    request.path = path;

    if (pserverctl_option(args, "json")) {
        return pserverctl_data_show(&request);
    }

    rc = pserverctl_send_ok(&request, &answer);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_identity_print(&answer);
        free(answer.body.data);
    }

    return rc;
}


static int
pserverctl_identity_print(const pserverctl_answer_t *answer)
{
    pserver_json_doc_t    *doc;
    const pserver_json_t  *server, *address, *public_key;

    doc = pserverctl_answer_json(answer);
    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    server = pserver_json_get(pserver_json_root(doc), "personal_server");
    address = pserver_json_get(server, "address");
    public_key = pserver_json_get(server, "public_key");

    if (address == NULL || address->type != PSERVER_JSON_STRING
        || public_key == NULL || public_key->type != PSERVER_JSON_STRING)
    {
        pserverctl_error("the answer has no address and public_key");
        pserver_json_free(doc);
        return PSERVERCTL_FAILED;
    }

    printf("address     ");
    pserverctl_print_text(stdout, address->value);
    printf("\npublic key  ");
    pserverctl_print_text(stdout, public_key->value);
    printf("\n");

    pserver_json_free(doc);

    return PSERVERCTL_OK;
}


/* sends and prints the answer as it is, in a line */

static int
pserverctl_data_show(pserverctl_request_t *request)
{
    int                  rc;
    pserverctl_answer_t  answer;

    rc = pserverctl_send_ok(request, &answer);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_print_line(answer.body.data, answer.body.len);

    free(answer.body.data);

    return rc;
}
