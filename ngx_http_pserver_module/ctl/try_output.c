/*
 * What an operation that is tried has left, see try.h.
 */

#include "try.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PSERVERCTL_TRY_RESULT  "result.json"


static int pserverctl_try_open(pserverctl_try_output_t *output,
    const pserver_tar_event_t *event);
static int pserverctl_try_data(pserverctl_try_output_t *output,
    pserver_str_t data);
static int pserverctl_try_path(const pserverctl_try_output_t *output,
    pserver_str_t name, char *path, size_t size);
static int pserverctl_try_is_object(pserver_str_t text);


int
pserverctl_try_event(pserverctl_try_output_t *output,
    const pserver_tar_event_t *event)
{
    char  path[4096];

    switch (event->type) {

    case PSERVER_TAR_DIRECTORY:

        if (output->folder == NULL) {
            return PSERVERCTL_OK;
        }

        if (pserverctl_try_path(output, event->name, path, sizeof(path))
            != PSERVERCTL_OK)
        {
            return PSERVERCTL_FAILED;
        }

        if (mkdir(path, 0777) == -1 && errno != EEXIST) {
            pserverctl_error("%s: %s", path, strerror(errno));
            return PSERVERCTL_FAILED;
        }

        return PSERVERCTL_OK;

    case PSERVER_TAR_FILE:
        return pserverctl_try_open(output, event);

    case PSERVER_TAR_DATA:
        return pserverctl_try_data(output, event->data);

    default: /* PSERVER_TAR_FILE_END */

        if (output->writing && close(output->fd) == -1) {
            pserverctl_error("%s: %s", output->folder, strerror(errno));
            return PSERVERCTL_FAILED;
        }

        output->writing = 0;
        output->in_result = 0;

        return PSERVERCTL_OK;
    }
}


int
pserverctl_try_ended(const pserverctl_try_output_t *output,
    const pserver_payload_output_t *head)
{
    switch (head->outcome) {

    case PSERVER_PAYLOAD_RAN:
        break;

    case PSERVER_PAYLOAD_INPUT:
        pserverctl_error("the input does not fit into /job: more memory?");
        return PSERVERCTL_FAILED;

    case PSERVER_PAYLOAD_COMMAND:
        pserverctl_error("the command could not be started: %s",
                         strerror((int) head->status));
        return PSERVERCTL_FAILED;

    case PSERVER_PAYLOAD_OUTPUT:
        pserverctl_error("there is something in /job/out that may not be "
                         "there: only plain files and folders may");
        return PSERVERCTL_FAILED;

    default: /* PSERVER_PAYLOAD_LIMIT */
        pserverctl_error("what is in /job/out is more than allowed");
        return PSERVERCTL_FAILED;
    }

    if (head->status != 0) {
        pserverctl_error("the command ended with %u%s",
                         (unsigned) head->status,
                         head->status == 137 ? ": killed, for memory?" : "");
        return PSERVERCTL_FAILED;
    }

    if (output->result.data == NULL) {
        pserverctl_error("there is no /job/out/" PSERVERCTL_TRY_RESULT);
        return PSERVERCTL_FAILED;
    }

    if (!pserverctl_try_is_object(output->result)) {
        pserverctl_error("/job/out/" PSERVERCTL_TRY_RESULT
                         " is no JSON object");
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_try_open(pserverctl_try_output_t *output,
    const pserver_tar_event_t *event)
{
    char  path[4096];

    if (event->name.len == sizeof(PSERVERCTL_TRY_RESULT) - 1
        && memcmp(event->name.data, PSERVERCTL_TRY_RESULT, event->name.len)
           == 0)
    {
        output->result.data = malloc(event->size + 1);

        if (output->result.data == NULL) {
            pserverctl_error("not enough memory");
            return PSERVERCTL_FAILED;
        }

        output->result.len = 0;
        output->in_result = 1;

        return PSERVERCTL_OK;
    }

    output->files++;

    if (output->folder == NULL) {
        return PSERVERCTL_OK;
    }

    if (pserverctl_try_path(output, event->name, path, sizeof(path))
        != PSERVERCTL_OK)
    {
        return PSERVERCTL_FAILED;
    }

    output->fd = open(path, O_WRONLY|O_CREAT|O_TRUNC|O_NOFOLLOW|O_CLOEXEC,
                      0666);

    if (output->fd == -1) {
        pserverctl_error("%s: %s", path, strerror(errno));
        return PSERVERCTL_FAILED;
    }

    output->writing = 1;

    return PSERVERCTL_OK;
}


static int
pserverctl_try_data(pserverctl_try_output_t *output, pserver_str_t data)
{
    ssize_t  n;

    if (output->in_result) {
        memcpy(output->result.data + output->result.len, data.data,
               data.len);
        output->result.len += data.len;

        return PSERVERCTL_OK;
    }

    while (output->writing && data.len) {
        n = write(output->fd, data.data, data.len);

        if (n == -1) {
            pserverctl_error("%s: %s", output->folder, strerror(errno));
            return PSERVERCTL_FAILED;
        }

        data.data += n;
        data.len -= (size_t) n;
    }

    return PSERVERCTL_OK;
}


/* names are relative and have no "..": tar.h */

static int
pserverctl_try_path(const pserverctl_try_output_t *output,
    pserver_str_t name, char *path, size_t size)
{
    if (snprintf(path, size, "%s/%.*s", output->folder, (int) name.len,
                 (char *) name.data)
        >= (int) size)
    {
        pserverctl_error("%s: the name is too long", output->folder);
        return PSERVERCTL_FAILED;
    }

    return PSERVERCTL_OK;
}


static int
pserverctl_try_is_object(pserver_str_t text)
{
    int                  object;
    pserver_json_doc_t  *doc;

    static const pserver_json_limits_t  limits = { 64, 1000000 };

    if (pserver_json_parse(text.data, text.len, &limits, &doc)
        != PSERVER_OK)
    {
        return 0;
    }

    object = (pserver_json_root(doc)->type == PSERVER_JSON_OBJECT);

    pserver_json_free(doc);

    return object;
}
