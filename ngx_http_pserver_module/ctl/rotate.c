/*
 * pserverctl rotate: another data key for one owner, by the owner over HTTP,
 * or by the operator, who leaves a demand in the store that nginx finds.
 */

#include "http.h"
#include "../core/encode.h"
#include "../core/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>


static int pserverctl_rotate(pserverctl_args_t *args);
static int pserverctl_rotate_next(pserverctl_request_t *request,
    uint64_t *generation);
static int pserverctl_rotate_ask(pserverctl_request_t *request,
    const char *method, const char *path, uint64_t *generation);
static int pserverctl_rotate_owner(pserverctl_args_t *args);
static int pserverctl_rotate_demand(int folder, const char *name);


static const pserverctl_option_t  pserverctl_rotate_options[] = {
    PSERVERCTL_KEY_OPTION,
    PSERVERCTL_SERVER_OPTIONS,
    { NULL, NULL, NULL }
};

static const pserverctl_option_t  pserverctl_rotate_owner_options[] = {
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_rotate_commands[] = {
    {
        "rotate", "--key KEY SERVER",
        "a new data key for all that an owner has\n"
        "\n"
        "What is stored from now on is sealed under it. What is there is\n"
        "sealed again in the background, and then the older key is\n"
        "destroyed. Prints the number of the new key.\n"
        PSERVERCTL_SERVER_TEXT
        PSERVERCTL_KEY_TEXT,
        pserverctl_rotate_options, 1, 1, pserverctl_rotate
    },
    {
        "rotate-owner", "STORE ADDRESS",
        "the same by the operator, in pserver_store\n"
        "\n"
        "nginx finds the demand within a minute. To be run by who may write\n"
        "there. Prints the number of the key that there will be.",
        pserverctl_rotate_owner_options, 2, 2, pserverctl_rotate_owner
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_rotate(pserverctl_args_t *args)
{
    int                   rc;
    uint64_t              generation;
    pserverctl_request_t  request;

    rc = pserverctl_request_init(&request, args, 1);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    rc = pserverctl_rotate_next(&request, &generation);

    pserverctl_request_done(&request);

    if (rc == PSERVERCTL_OK) {
        printf("%llu\n", (unsigned long long) generation);
    }

    return rc;
}


static int
pserverctl_rotate_next(pserverctl_request_t *request, uint64_t *generation)
{
    int   rc;
    char  path[64];

    rc = pserverctl_rotate_ask(request, "GET", "/v1/keys", generation);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    snprintf(path, sizeof(path), "/v1/keys/%llu",
             (unsigned long long) *generation + 1);

    return pserverctl_rotate_ask(request, "PUT", path, generation);
}


static int
pserverctl_rotate_ask(pserverctl_request_t *request, const char *method,
    const char *path, uint64_t *generation)
{
    int                    rc;
    pserver_json_doc_t    *doc;
    pserverctl_answer_t    answer;
    const pserver_json_t  *member;

    request->method = method;
    request->path = path;

    rc = pserverctl_send_ok(request, &answer);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    doc = pserverctl_answer_json(&answer);

    free(answer.body.data);

    if (doc == NULL) {
        return PSERVERCTL_FAILED;
    }

    member = pserver_json_get(pserver_json_root(doc), "generation");

    if (member == NULL
        || pserver_json_uint(member, UINT32_MAX, generation) != PSERVER_OK)
    {
        pserverctl_error("the server's answer has no generation of keys");
        rc = PSERVERCTL_FAILED;
    }

    pserver_json_free(doc);

    return rc;
}


static int
pserverctl_rotate_owner(pserverctl_args_t *args)
{
    int                 fd, rc;
    char                path[PATH_MAX], hex[41];
    pserver_address_t   owner;

    if (pserver_address_parse(&owner, pserverctl_str(args->rest[1]))
        != PSERVER_OK)
    {
        return pserverctl_usage_error(args, "\"%s\" is no address",
                                      args->rest[1]);
    }

    *pserver_hex_encode((u_char *) hex, owner.bytes, 20) = '\0';

    snprintf(path, sizeof(path), "%s/owners/%s", args->rest[0], hex);

    fd = open(path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    rc = pserverctl_rotate_demand(fd, path);

    close(fd);

    return rc;
}


/* takes the place of one that is still being carried out: what is left of
   that is done with it */

static int
pserverctl_rotate_demand(int folder, const char *name)
{
    int             fd;
    char            text[16];
    u_char          buf[PSERVER_KEYS_FILE_MAX + 1];
    ssize_t         n;
    uint32_t        newest, oldest;
    pserver_str_t   file;

    /* nginx removes a demand that it has carried out, not one of meanwhile */

    if (flock(folder, LOCK_EX) == -1) {
        pserverctl_error("%s: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    fd = openat(folder, "owner.key", O_RDONLY|O_NOFOLLOW|O_CLOEXEC);
    n = (fd == -1) ? -1 : read(fd, buf, sizeof(buf));

    if (fd != -1) {
        close(fd);
    }

    file.data = buf;
    file.len = (n == -1) ? 0 : (size_t) n;

    if (pserver_keys_generations(file, &newest, &oldest) != PSERVER_OK) {
        pserverctl_error("%s/owner.key is not there, or no file of keys",
                         name);
        return PSERVERCTL_FAILED;
    }

    snprintf(text, sizeof(text), "%lu", (unsigned long) newest + 1);

    if ((unlinkat(folder, "rotate.order", 0) == -1 && errno != ENOENT)
        || symlinkat(text, folder, "rotate.order") == -1
        || renameat(folder, "rotate.order", folder, "rotate") == -1
        || fsync(folder) == -1)
    {
        pserverctl_error("%s/rotate: %s", name, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    printf("%s\n", text);

    return PSERVERCTL_OK;
}
