/*
 * pserverctl try: how an image of one's own is tried without a chain, a
 * server and a signature.  The container is the one that a server makes:
 * the create body comes from the same function.
 */

#include "engine.h"
#include "try.h"
#include "../core/encode.h"
#include "../core/frames.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>


#define PSERVERCTL_TRY_FILES    256
#define PSERVERCTL_TRY_LIMIT    (64 * 1024 * 1024)
#define PSERVERCTL_TRY_TIMEOUT  60
#define PSERVERCTL_TRY_MIB      1048576


static int pserverctl_try(pserverctl_args_t *args);
static int pserverctl_try_init(pserverctl_args_t *args,
    pserverctl_try_t *try, pserver_container_t *container,
    uint64_t *timeout);
static int pserverctl_try_run(const pserverctl_try_t *try,
    const pserver_container_t *container, uint64_t timeout,
    pserverctl_engine_t *engine, pserverctl_try_output_t *output);
static int pserverctl_try_create(const pserver_container_t *container,
    pserverctl_engine_t *engine);
static int pserverctl_try_collect(pserverctl_engine_t *engine,
    uint64_t timeout, pserver_payload_reader_t *reader,
    pserverctl_try_output_t *output);
static int pserverctl_try_stdout(pserver_payload_reader_t *reader,
    pserver_str_t data, pserverctl_try_output_t *output);


static const pserverctl_option_t  pserverctl_try_options[] = {
    { "parameters", "FILE", "a JSON object; else {}" },
    { "command", "PATH", "of the image, instead of /operation" },
    { "memory", "MIB", "else 256" },
    { "timeout", "SECONDS", "without a byte of output; else 60" },
    { "output", "FOLDER", "takes the artifacts; else they are only counted" },
    { "engine", "SOCKET", "of the engine; else " PSERVERCTL_ENGINE_SOCKET },
    { NULL, NULL, NULL }
};


const pserverctl_command_t  pserverctl_try_commands[] = {
    {
        "try", "[--parameters FILE] [--output FOLDER] IMAGE FILE...",
        "runs an operation's image over files of this machine\n"
        "\n"
        "Prints the result; what the command writes to stdout and stderr\n"
        "goes to stderr. IMAGE is a name or an id that the engine has. The\n"
        "container is the one that a server would make: no network, no\n"
        "capability, a read-only root, /job in memory. A FILE whose name\n"
        "ends with .json is given as such, every other as binary.",
        pserverctl_try_options, 1, PSERVERCTL_TRY_FILES + 1, pserverctl_try
    },
    { NULL, NULL, NULL, NULL, 0, 0, NULL }
};


static int
pserverctl_try(pserverctl_args_t *args)
{
    int                      rc;
    char                     image[PSERVERCTL_ENGINE_IMAGE + 1];
    uint64_t                 timeout;
    pserverctl_try_t         try;
    pserver_container_t      container;
    pserverctl_engine_t      engine;
    pserverctl_try_output_t  output;

    memset(&engine, 0, sizeof(pserverctl_engine_t));
    memset(&output, 0, sizeof(pserverctl_try_output_t));

    rc = pserverctl_try_init(args, &try, &container, &timeout);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    output.folder = pserverctl_option(args, "output");
    engine.socket = pserverctl_option(args, "engine");

    if (engine.socket == NULL) {
        engine.socket = PSERVERCTL_ENGINE_SOCKET;
    }

    rc = pserverctl_engine_image(&engine, args->rest[0], image);

    if (rc == PSERVERCTL_OK) {
        container.image = pserverctl_str(image);

        rc = pserverctl_try_run(&try, &container, timeout, &engine, &output);

        pserverctl_engine_remove(&engine);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_print(output.result.data, output.result.len);
    }

    if (rc == PSERVERCTL_OK && output.files) {
        fprintf(stderr, "pserverctl: and %zu files%s%s\n", output.files,
                output.folder ? " in " : "; --output FOLDER takes them",
                output.folder ? output.folder : "");
    }

    free(output.result.data);
    sodium_free(try.parameters.data);

    return rc;
}


static int
pserverctl_try_init(pserverctl_args_t *args, pserverctl_try_t *try,
    pserver_container_t *container, uint64_t *timeout)
{
    char        *path;
    uint64_t     memory;
    struct stat  sb;

    static pserver_str_t  command;

    pserver_container_defaults(container);

    container->name = pserverctl_str("try");

    if (pserverctl_number(args, "timeout", PSERVERCTL_TRY_TIMEOUT, timeout)
        != PSERVERCTL_OK
        || pserverctl_number(args, "memory",
                             container->memory / PSERVERCTL_TRY_MIB, &memory)
           != PSERVERCTL_OK)
    {
        return PSERVERCTL_USAGE;
    }

    if (*timeout == 0 || *timeout > 86400) {
        return pserverctl_usage_error(args, "--timeout is 1 to 86400");
    }

    if (memory < 8 || memory > 1048576) {
        return pserverctl_usage_error(args, "--memory is 8 to 1048576");
    }

    container->memory = memory * PSERVERCTL_TRY_MIB;
    container->work = container->memory / 2;

    path = pserverctl_option(args, "command");

    if (path) {
        command = pserverctl_str(path);
        container->argv = &command;
        container->argc = 1;
    }

    path = pserverctl_option(args, "output");

    if (path && (stat(path, &sb) == -1 || !S_ISDIR(sb.st_mode))) {
        return pserverctl_usage_error(args, "%s is no folder", path);
    }

    try->operation = container->name;
    try->files = args->rest + 1;
    try->count = (size_t) args->count - 1;
    try->limit = PSERVERCTL_TRY_LIMIT;
    try->parameters.data = NULL;

    path = pserverctl_option(args, "parameters");

    if (path) {
        return pserverctl_read(path, 65536, &try->parameters);
    }

    try->parameters.data = sodium_malloc(2);

    if (try->parameters.data == NULL) {
        pserverctl_error("not enough memory");
        return PSERVERCTL_FAILED;
    }

    memcpy(try->parameters.data, "{}", 2);
    try->parameters.len = 2;

    return PSERVERCTL_OK;
}


static int
pserverctl_try_run(const pserverctl_try_t *try,
    const pserver_container_t *container, uint64_t timeout,
    pserverctl_engine_t *engine, pserverctl_try_output_t *output)
{
    int                        rc;
    pserver_str_t              payload;
    pserver_payload_reader_t   reader;

    rc = pserverctl_try_input(try, &payload);

    if (rc != PSERVERCTL_OK) {
        return rc;
    }

    pserver_payload_reader_init(&reader, try->limit);

    rc = pserverctl_try_create(container, engine);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_engine_attach(engine);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_engine_start(engine);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_engine_feed(engine, payload);
    }

    free(payload.data);

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_try_collect(engine, timeout, &reader, output);
    }

    if (rc == PSERVERCTL_OK) {
        rc = pserverctl_try_ended(output, &reader.head);
    }

    return rc;
}


static int
pserverctl_try_create(const pserver_container_t *container,
    pserverctl_engine_t *engine)
{
    char                         name[sizeof(PSERVER_CONTAINER_PREFIX) + 64];
    u_char                       random[32], text[PSERVER_CONTAINER_BODY_MAX];
    const char                  *what;
    pserver_str_t                body;
    pserver_container_labels_t   labels;

    if (pserver_container_check(container, &what) != PSERVER_OK) {
        pserverctl_error("\"%s\" is not what an operation may have", what);
        return PSERVERCTL_FAILED;
    }

    randombytes_buf(random, sizeof(random));

    memcpy(name, PSERVER_CONTAINER_PREFIX,
           sizeof(PSERVER_CONTAINER_PREFIX) - 1);

    labels.instance = pserverctl_str("pserverctl-try");
    labels.job.data = (u_char *) name + sizeof(PSERVER_CONTAINER_PREFIX) - 1;
    labels.job.len = 64;

    *pserver_hex_encode(labels.job.data, random, sizeof(random)) = '\0';

    body.data = text;

    if (pserver_container_body(container, &labels, text, sizeof(text),
                               &body.len)
        != PSERVER_OK)
    {
        pserverctl_error("the command is too long");
        return PSERVERCTL_FAILED;
    }

    return pserverctl_engine_create(engine, name, body);
}


/*
 * Until the output is whole, and then to the end: the engine reads the two
 * streams apart, so what the command has said may come behind it.
 */

static int
pserverctl_try_collect(pserverctl_engine_t *engine, uint64_t timeout,
    pserver_payload_reader_t *reader, pserverctl_try_output_t *output)
{
    int               rc, whole;
    u_char            buf[16384];
    size_t            len;
    unsigned          stream;
    const u_char     *pos;
    pserver_str_t     data;
    pserver_frames_t  frames;

    memset(&frames, 0, sizeof(pserver_frames_t));
    whole = 0;

    for ( ;; ) {
        rc = pserverctl_engine_receive(engine, buf, sizeof(buf), &len,
                                       timeout);

        if (rc != PSERVERCTL_OK) {
            return rc;
        }

        if (len == 0 && whole) {
            return PSERVERCTL_OK;
        }

        if (len == 0) {
            pserverctl_error("the container ended without a result; is its "
                             "/pserver-run ours, and was there enough "
                             "memory?");
            return PSERVERCTL_FAILED;
        }

        pos = buf;

        while (pserver_frames_next(&frames, &pos, buf + len, &stream, &data)
               == PSERVER_OK)
        {
            if (stream == PSERVER_FRAMES_STDERR) {
                fwrite(data.data, 1, data.len, stderr);
                continue;
            }

            if (whole) {
                continue;
            }

            rc = pserverctl_try_stdout(reader, data, output);

            if (rc == PSERVERCTL_OK) {
                whole = 1;

            } else if (rc != PSERVER_AGAIN) {
                return rc;
            }
        }
    }
}


/* PSERVER_AGAIN: there is more to come; else a status of pserverctl */

static int
pserverctl_try_stdout(pserver_payload_reader_t *reader, pserver_str_t data,
    pserverctl_try_output_t *output)
{
    int                   rc;
    const u_char         *pos;
    pserver_tar_event_t   event;

    pos = data.data;

    for ( ;; ) {
        rc = pserver_payload_next(reader, &pos, data.data + data.len,
                                  &event);

        switch (rc) {

        case PSERVER_OK:

            if (pserverctl_try_event(output, &event) != PSERVERCTL_OK) {
                return PSERVERCTL_FAILED;
            }

            break;

        case PSERVER_AGAIN:
            return PSERVER_AGAIN;

        case PSERVER_DONE:
            return PSERVERCTL_OK;

        case PSERVER_NOSPACE:
            pserverctl_error("the result is more than %d bytes",
                             PSERVERCTL_TRY_LIMIT);
            return PSERVERCTL_FAILED;

        default:
            pserverctl_error("what came is no result; is the image's "
                             "/pserver-run ours?");
            return PSERVERCTL_FAILED;
        }
    }
}
